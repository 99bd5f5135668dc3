"""Where rounding cannot happen: questions that every correct algorithm answers exactly in a given format.

A sum of terms that are whole multiples of 2^q, whose absolute values add up to at most 2^(q + p), p the precision of
the format: every partial sum, in any order, is such a multiple and so a number of the format. A fused multiply-add or a
product with another association changes nothing about that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from refsort import spec
from refsort.oracle.vectors.numerals import is_dyadic, valuation
from refsort.strategies import FORMATS

Array = NDArray[Any]


def representable(x: Fraction, dtype: str) -> bool:
    """Whether x is a number of the format.

    Examples
    --------
    >>> representable(Fraction(2049), "float16"), representable(Fraction(1, 2**24), "float16")
    (False, True)
    """
    form = FORMATS[dtype]
    if x == 0:
        return True
    if not is_dyadic(x) or abs(x) >= 2**form.highest:
        return False
    e = valuation(x)
    return e >= form.lowest and abs(x) < Fraction(2) ** (e + form.precision)


def sums_exactly(terms: Iterable[Fraction], dtype: str, spare: int = 0) -> bool:
    """Whether the terms are added up without rounding in any order, with a factor 2^spare to spare."""
    form, numbers = FORMATS[dtype], [abs(x) for x in terms if x]
    if not numbers:
        return True
    q, total = min(valuation(x) for x in numbers), sum(numbers) * 2**spare
    return q >= form.lowest and total <= Fraction(2) ** (q + form.precision) and total < 2**form.highest


def on_one_lattice(x: Array, dtype: str) -> bool:
    """Whether a + b, a - b and the sum of one of these and an entry are numbers of the format."""
    form, sizes = FORMATS[dtype], [abs(value) for value in x.flat if value]
    if not sizes:
        return True
    unit = min(valuation(size) for size in sizes)
    largest: Fraction = 4 * max(sizes)
    return bool(largest <= min(Fraction(2) ** (unit + form.precision), 2 ** (form.highest - 1)))


def mean_is_exact(terms: Sequence[Fraction], divisor: int, dtype: str, spare: int = 0) -> bool:
    """Whether sums of the terms, and quotients of terms and sums by divisors of `divisor`, round nothing.

    So it is for a power of two: everything is a whole multiple of the terms' unit over `divisor`, and in size no more
    than the sum of the terms' sizes, with a factor 2^spare to spare.
    """
    if divisor & (divisor - 1):
        return False
    digits = divisor.bit_length() - 1
    return sums_exactly([x / divisor for x in terms], dtype, digits + spare)


def affine_is_exact(x: Array, w: Array, b: Array, y_bar: Array, dtype: str) -> bool:
    """Whether ``x W^T + b`` and the three gradients are computed without rounding."""
    sums = [
        *([*(row * line), offset] for row in x for line, offset in zip(w, b, strict=True)),
        *(row * column for row in y_bar for column in w.T),
        *(column * other for column in y_bar.T for other in x.T),
        *y_bar.T,
    ]
    return all(sums_exactly(terms, dtype) for terms in sums)


def bjorck_is_exact(
    iterates: Sequence[Array], cotangents: Sequence[Array], order: int, beta: Fraction, dtype: str
) -> bool:
    """Whether the steps and the reverse pass through them are computed without rounding.

    Everything that appears in a step of order p on a matrix of multiples of 2^a is a multiple of 2^((2 p + 1) a - c),
    2^-c that of the coefficients, and no larger than the same expression of absolute values, on either Gram side. In
    the reverse pass 2^h of the cotangent takes the place of one 2^a. Two bits are left for halves and doubles of
    intermediates (Q_bar + Q_bar^T, 3/2 A), and two more for sums of two.
    """
    c = [Fraction(1), beta] if order == 1 else spec.coefficients(order)
    digits = max(-valuation(x) for x in c)
    for a, h in zip(iterates[:-1], cotangents[1:], strict=True):
        unit, h_unit = _unit(a), min(_unit(h), 0)
        size, h_size = abs(a), abs(h)
        for side, h_side in ((size, h_size), (size.T, h_size.T)):
            step, gradient = _largest(side, h_side, c)
            if not _fits(step, (2 * order + 1) * unit - digits, dtype):
                return False
            if not _fits(gradient, 2 * order * unit + h_unit - digits, dtype):
                return False
    return True


def _unit(a: Array) -> int:
    """e <= 0 with all entries multiples of 2^e; the identity is a multiple of it too."""
    return min((valuation(x) for x in a.flat if x), default=0) if any(a.flat) else 0


def _fits(largest: Fraction, e: int, dtype: str) -> bool:
    form = FORMATS[dtype]
    return e - 1 >= form.lowest and 8 * largest <= Fraction(2) ** (e - 1 + form.precision)


def _largest(a: Array, h: Array, c: list[Fraction]) -> tuple[Fraction, Fraction]:
    """The largest entry of all that appears in a step, and in its reverse pass, all signs positive."""
    eye = np.array([[Fraction(i == j) for j in range(a.shape[1])] for i in range(a.shape[1])], dtype=object)
    r, r_dot = eye + a.T @ a, h.T @ a + a.T @ h
    power, power_dot, total, total_dot = eye, 0 * eye, c[0] * eye, 0 * eye
    seen: list[Array] = []
    seen_dot = [r_dot]
    for x in c[1:]:
        power, power_dot = r @ power, r_dot @ power + r @ power_dot
        total, total_dot = total + x * power, total_dot + x * power_dot
        seen, seen_dot = [*seen, power], [*seen_dot, power_dot]
    seen, seen_dot = [*seen, total, a @ total], [*seen_dot, total_dot, h @ total + a @ total_dot]
    return _max(seen), _max([*seen_dot, *(h @ array for array in seen[:-1])])


def _max(arrays: Iterable[Array]) -> Fraction:
    return max(chain.from_iterable(array.flat for array in arrays), default=Fraction(0))
