"""Sums of doubles to twice their precision, as a rational with a bound of its error.

`math.fsum` rounds the exact sum once. What it rounded off is the exact sum of the same numbers and minus the result: a
second `fsum` gives it, again rounded once. So the two results together are within 2^-53 of the second one, 2^-106 of
the sum.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from refsort.ops.arrays import Array

_U = Fraction(1, 2**53)
_SPLIT = 2.0**27 + 1  # halves of 26 bits, whose products are exact (Veltkamp, Dekker)


class Sum(NamedTuple):
    """An exact sum lies within `error` of `value`."""

    value: Fraction
    error: Fraction

    def times(self, factor: Fraction) -> Sum:
        """The sum times a rational."""
        return Sum(self.value * factor, self.error * abs(factor))

    def minus(self, other: Sum) -> Sum:
        """The difference of two sums."""
        return Sum(self.value - other.value, self.error + other.error)


def total(values: Array) -> Sum:
    """The sum of finite doubles whose partial sums do not overflow.

    Examples
    --------
    >>> value, error = total(np.array([1.0, 2.0**-80, -1.0]))
    >>> value == Fraction(1, 2**80), error
    (True, Fraction(0, 1))
    """
    terms = values.tolist()
    first = math.fsum(terms)
    terms.append(-first)
    second = math.fsum(terms)
    third = math.fsum([*terms, -second])
    return Sum(Fraction(first) + Fraction(second), abs(Fraction(third)) * (1 + 2 * _U))


def dot(u: Array, v: Array) -> Sum:
    """The inner product of doubles below 2^900 whose products are, too.

    A product is the sum of two doubles, which Dekker's algorithm finds where nothing underflows; an underflow loses at
    most 2^-1072.

    Examples
    --------
    >>> value, error = dot(np.array([0.1, -0.1]), np.array([0.3, 0.2]))
    >>> value == Fraction(0.1) * (Fraction(0.3) - Fraction(0.2)), error < Fraction(1, 2**1000)
    (True, True)
    """
    if np.all(u == u[0]):
        return total(v).times(Fraction(float(u[0])))
    high = u * v
    (a, b), (c, d) = _halves(u), _halves(v)
    low = ((a * c - high) + a * d + b * c) + b * d
    value, error = total(np.concatenate([high, low]))
    whole = not np.any(u % 1) and not np.any(v % 1)  # integers underflow nowhere
    return Sum(value, error if whole else error + len(u) * Fraction(1, 2**1072))


def _halves(x: Array) -> tuple[Array, Array]:
    big = _SPLIT * x
    high = big - (big - x)
    return high, x - high
