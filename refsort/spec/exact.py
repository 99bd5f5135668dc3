"""Exact numbers: the one gate into the rationals, a little matrix arithmetic, and rational enclosures of square roots.

Every finite float is a rational number. So a definition made of +, -, *, / and comparisons has one exact value on
floats as well, and everything in `refsort.spec` is computed on `fractions.Fraction`. A square root is given as an
`Enclosure`: two rationals with the root between them, as close together as the caller asks.
"""

from __future__ import annotations

import math
import numbers
import operator
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any, NamedTuple, cast

Vector = list[Fraction]
Matrix = list[list[Fraction]]


def frac(x: Any) -> Fraction:
    """`x` as the Fraction of Python ints that is exactly equal to it.

    Takes Python and NumPy integers, Fractions, Python and NumPy floats of any width (float16 and longdouble too).

    Raises
    ------
    TypeError
        For bool, str, complex, Decimal, None, arrays: for anything that is not a single real number.
    ValueError
        For NaN and infinities.

    Notes
    -----
    ``Fraction(np.int64(2**40)) ** 2`` is ``Fraction(0, 1)``: the constructor keeps the NumPy integer, which overflows.
    Here numerator and denominator are made Python ints, also those of such a Fraction.

    Examples
    --------
    >>> frac(0.1)
    Fraction(3602879701896397, 36028797018963968)
    >>> import numpy as np
    >>> frac(np.int64(2**40)) ** 2 == 2**80
    True
    """
    if isinstance(x, bool) or not isinstance(x, numbers.Real):  # NumPy registers its integers and floats as Real
        raise TypeError(f"frac: a real number is needed, got {x!r} ({type(x).__name__})")
    if isinstance(x, numbers.Rational):
        return Fraction(int(x.numerator), int(x.denominator))
    try:
        numerator, denominator = cast(Any, x).as_integer_ratio()
    except (ValueError, OverflowError):
        raise ValueError(f"frac: {x} is not a rational number; exact definitions need finite entries") from None
    return Fraction(int(numerator), int(denominator))


def vector(xs: Iterable[Any], entry: Callable[[Any], Any] = frac) -> Vector:
    """`xs` as a list of Fractions.

    `entry` lets a number in; `refsort.spec.dual.scalar` lets dual numbers pass as well.

    Raises
    ------
    TypeError, ValueError
        As `frac`, and for `xs` that is not a sequence.

    Examples
    --------
    >>> vector((1, 0.5))
    [Fraction(1, 1), Fraction(1, 2)]
    """
    try:
        entries = list(xs)
    except TypeError:
        raise TypeError(f"vector: a sequence of numbers is needed, got {xs!r} ({type(xs).__name__})") from None
    return [entry(x) for x in entries]


def matrix(rows: Iterable[Iterable[Any]], entry: Callable[[Any], Any] = frac) -> Matrix:
    """`rows` as a list of rows of Fractions, all of one length; a ValueError where they are not.

    Examples
    --------
    >>> matrix([[1, 2], [3, 4.5]])
    [[Fraction(1, 1), Fraction(2, 1)], [Fraction(3, 1), Fraction(9, 2)]]
    >>> matrix([[1, 2], [3]])
    Traceback (most recent call last):
    ...
    ValueError: matrix: the rows must share one length, got lengths [2, 1]
    """
    result = [vector(row, entry) for row in rows]
    lengths = [len(row) for row in result]
    if len(set(lengths)) > 1:
        raise ValueError(f"matrix: the rows must share one length, got lengths {lengths}")
    return result


def integer(op: str, name: str, value: Any, at_least: int) -> int:
    """`value` as a Python int that is at least `at_least`; a TypeError for bools and floats."""
    try:
        if isinstance(value, bool):
            raise TypeError
        result = operator.index(value)
    except TypeError:
        raise TypeError(f"{op}: {name} must be an integer, got {value!r} ({type(value).__name__})") from None
    if result < at_least:
        raise ValueError(f"{op}: {name} must be at least {at_least}, got {result}")
    return result


def dot(x: Vector, y: Vector) -> Fraction:
    """The sum of ``x_i y_i``, for vectors of one length."""
    return sum((a * b for a, b in zip(x, y, strict=True)), Fraction(0))


def transpose(a: Matrix) -> Matrix:
    """The rows of the result are the columns of `a`."""
    return [list(column) for column in zip(*a, strict=True)]


def product(a: Matrix, b: Matrix) -> Matrix:
    """The matrix product: entry (i, j) is row i of `a` times column j of `b`."""
    columns = transpose(b)
    return [[dot(row, column) for column in columns] for row in a]


def identity(n: int) -> Matrix:
    """The n by n identity matrix."""
    return [[Fraction(i == j) for j in range(n)] for i in range(n)]


class Enclosure(NamedTuple):
    """A real number known to lie in [lo, hi]; exactly known when ``lo == hi``.

    Examples
    --------
    >>> root = sqrt_enclosure(Fraction(2), bits=10)
    >>> root.lo**2 < 2 < root.hi**2, root.width < Fraction(1, 500)
    (True, True)
    """

    lo: Fraction
    hi: Fraction

    @property
    def width(self) -> Fraction:
        """``hi - lo``."""
        return self.hi - self.lo

    def contains(self, x: Any) -> bool:
        """Whether ``lo <= x <= hi``, for any number that `frac` takes."""
        return self.lo <= frac(x) <= self.hi


def sqrt_enclosure(x: Any, bits: int = 128) -> Enclosure:
    """The square root of `x`: exact where it is rational, else between two rationals.

    Parameters
    ----------
    x : number
        At least 0.
    bits : int
        The relative width wanted: ``hi - lo <= 2**-bits * lo``.

    Raises
    ------
    ValueError
        For negative `x`.

    Examples
    --------
    >>> sqrt_enclosure(Fraction(9, 4))
    Enclosure(lo=Fraction(3, 2), hi=Fraction(3, 2))
    >>> float(sqrt_enclosure(2).lo)
    1.4142135623730951
    """
    x, bits = frac(x), integer("sqrt_enclosure", "bits", bits, 0)
    if x < 0:
        raise ValueError(f"sqrt_enclosure: the square root of a negative number was asked for, x = {x}")
    root = Fraction(math.isqrt(x.numerator), math.isqrt(x.denominator))
    if root * root == x:  # a reduced fraction has a rational root only if both of its parts are squares
        return Enclosure(root, root)
    area = x.numerator * x.denominator  # sqrt(n / d) = sqrt(n d) / d
    shift = max(0, bits - (area.bit_length() - 1) // 2)  # then 2^shift sqrt(n d) >= 2^bits
    floor = math.isqrt(area << 2 * shift)
    unit = Fraction(1, x.denominator << shift)
    return Enclosure(floor * unit, (floor + 1) * unit)
