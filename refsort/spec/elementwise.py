"""The activations that GroupSort is compared with: ReLU, leaky ReLU, the absolute value and CReLU, entry by entry.

All are 1-Lipschitz (leaky ReLU for slopes in [-1, 1]) and have their one kink at 0, where dual numbers are refused and
`refsort.spec.admissible.elementwise_interval` says what is admissible.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from refsort.spec.dual import scalar
from refsort.spec.exact import Vector, vector

_ZERO = Fraction(0)


def relu(x: Iterable[Any]) -> Vector:
    """``max(x_i, 0)``.

    Examples
    --------
    >>> [int(y) for y in relu([-2, 0, 3])]
    [0, 0, 3]
    """
    return [max(t, _ZERO) for t in vector(x, scalar)]


def leaky_relu(x: Iterable[Any], slope: Any) -> Vector:
    """``x_i`` where it is positive, ``slope * x_i`` elsewhere.

    `slope` is taken as the exact number it is: the float 0.01 is not 1/100.

    Examples
    --------
    >>> leaky_relu([-2, 3], slope=0.25)
    [Fraction(-1, 2), Fraction(3, 1)]
    """
    return [t if t > 0 else scalar(slope) * t for t in vector(x, scalar)]


def absolute(x: Iterable[Any]) -> Vector:
    """``max(x_i, -x_i)``.

    Examples
    --------
    >>> [int(y) for y in absolute([-2, 0, 3])]
    [2, 0, 3]
    """
    return [max(t, -t) for t in vector(x, scalar)]


def crelu(x: Iterable[Any]) -> Vector:
    """``max(x_i, 0)`` of every entry, then ``max(-x_i, 0)`` of every entry.

    Examples
    --------
    >>> [int(y) for y in crelu([-2, 0, 3])]
    [0, 0, 3, 2, 0, 0]
    """
    x = vector(x, scalar)
    return relu(x) + relu([-t for t in x])
