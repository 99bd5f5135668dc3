"""The numbers that constructions are made of: one gate for their data, and whole numbers in the dtype of that data.

Floats stay in their dtype. Fractions stay Fractions: a construction from rational data is a network over the rationals.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from refsort.ops.arrays import Array, checked, zero

Exponent = Any  # 1, 2 or math.inf: the exponent of a norm


def data(op: str, name: str, value: ArrayLike, ndim: int) -> Array:
    """`value` as an array of floats of one dtype or of Fractions, with `ndim` dimensions, not empty and finite.

    Raises
    ------
    TypeError
        For integers and bools, and for objects other than Fractions.
    ValueError
        For another number of dimensions, an empty array, NaN and infinities.

    Examples
    --------
    >>> data("mcshane", "points", [[Fraction(1, 3)]], 2)
    array([[Fraction(1, 3)]], dtype=object)
    """
    try:
        array = checked("affine", name, value)  # what an affine map can take is what a network can be made of
    except TypeError as error:
        raise TypeError(str(error).replace("affine:", f"{op}:", 1)) from None
    if array.ndim != ndim or array.size == 0:
        raise ValueError(f"{op}: {name} must be a non-empty array with {ndim} dimensions, got shape {array.shape}")
    if array.dtype.kind != "O" and not np.all(np.isfinite(array)):
        bad = np.argwhere(~np.isfinite(array))
        where = tuple(bad[0].tolist())
        raise ValueError(f"{op}: {name} holds {len(bad)} numbers that are not finite, the first is {name}{list(where)}")
    return array


def whole(values: ArrayLike, dtype: np.dtype[Any]) -> Array:
    """Integers as an array of `dtype`, as Fractions for object.

    Examples
    --------
    >>> whole([[1, 0]], np.dtype(object))
    array([[Fraction(1, 1), Fraction(0, 1)]], dtype=object)
    """
    integers = np.asarray(values)
    if dtype.kind != "O":
        return integers.astype(dtype)
    fractions = np.empty(integers.shape, object)
    fractions.ravel()[:] = [Fraction(int(v)) for v in integers.ravel()]
    return fractions


def number_type(op: str, dtype: Any) -> np.dtype[Any]:
    """A dtype that parameters can have, or a TypeError: floats, or object for Fractions."""
    result: np.dtype[Any] = np.dtype(dtype)
    if result.kind not in "fO":
        raise TypeError(f"{op}: dtype must be a floating type, or object for Fractions, got {result}")
    return result


def rational(x: Any) -> Fraction:
    """The Fraction that is exactly equal to a number: a float of any width, an int or a Fraction."""
    return Fraction(*x.as_integer_ratio())


def exact(x: Fraction, dtype: np.dtype[Any]) -> Any:
    """The Fraction x as a scalar of `dtype`: itself for object, else rounded."""
    return x if dtype.kind == "O" else dtype.type(x)


def zeros(length: int, dtype: np.dtype[Any]) -> Array:
    """A vector of zeros."""
    return np.full(length, zero(dtype), dtype)


def scalar(op: str, name: str, value: Any, dtype: np.dtype[Any]) -> Any:
    """A positive number that fits to data of `dtype`: a Fraction among Fractions.

    Raises
    ------
    TypeError
        For a float among Fractions, which would not be exact, and for anything that is no real number.
    ValueError
        For a number that is not positive and finite.
    """
    number = value.item() if isinstance(value, np.generic) else value
    allowed = (Fraction, int) if dtype.kind == "O" else (Fraction, int, float)
    if isinstance(number, bool) or not isinstance(number, allowed):
        wanted = "a Fraction or an int, as the data are Fractions" if dtype.kind == "O" else "a real number"
        raise TypeError(f"{op}: {name} must be {wanted}, got {value!r}")
    if not 0 < number < math.inf:
        raise ValueError(f"{op}: {name} must be positive and finite, got {value!r}")
    return exact(Fraction(number), dtype)


def exponent(op: str, p: Any, allowed: tuple[Any, ...] = (1, 2, math.inf)) -> Exponent:
    """p as 1, 2 or math.inf; a ValueError that lists what is allowed."""
    if isinstance(p, bool) or p not in allowed:
        raise ValueError(f"{op}: p must be one of {', '.join(map(str, allowed))}, got {p!r}")
    return p


def root_down(x: Fraction, bits: int = 64) -> Fraction:
    """A rational that is at most sqrt(x) and less than 2^-bits away from it; the root itself where that is rational.

    Examples
    --------
    >>> root_down(Fraction(4, 9)), 0 < 2 - root_down(Fraction(2)) ** 2 < Fraction(1, 2**60)
    (Fraction(2, 3), True)
    """
    root = Fraction(math.isqrt(x.numerator), math.isqrt(x.denominator))
    return root if root * root == x else Fraction(math.isqrt((x.numerator << 2 * bits) // x.denominator), 1 << bits)


def root_up(x: Fraction, bits: int = 64) -> Fraction:
    """As `root_down`, at least sqrt(x)."""
    down = root_down(x, bits)
    return down if down * down == x else down + Fraction(1, 1 << bits)


def squares(x: Fraction, limit: int = 10**5) -> list[Fraction] | None:
    """The fewest rationals whose squares add up to x >= 0, at most four by Lagrange's theorem.

    None where numerator times denominator exceeds `limit`: the search takes up to `limit` steps.

    Examples
    --------
    >>> [str(v) for v in squares(Fraction(7, 4))]
    ['5/4', '1/4', '1/4', '1/4']
    """
    n = x.numerator * x.denominator
    if n > limit:
        return None
    roots = next(found for terms in (1, 2, 3, 4) if (found := _whole_squares(n, terms)) is not None)
    return [Fraction(r, x.denominator) for r in roots]


def _whole_squares(n: int, terms: int) -> list[int] | None:
    root = math.isqrt(n)
    if terms == 1:
        return [root] if root * root == n else None
    for largest in range(root, -1, -1):
        rest = _whole_squares(n - largest * largest, terms - 1)
        if rest is not None:
            return [largest, *rest]
    return None
