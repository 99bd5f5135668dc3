"""What the maps on rows share: rows and radii, and norms of rows without overflow, exact where it matters."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from numbers import Rational, Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from refsort.ops.arrays import Array, checked

_BLOCK = 2**16  # entries, 512 KB of float64: with a cache of 1 MB as fast as 2**17, and faster than 2**15 and 2**18


def rows(op: str, v: ArrayLike) -> Array:
    """v as an array of rows (n, d) or as one row (d,), or an error."""
    v = checked(op, "v", v)
    if v.ndim not in (1, 2):
        raise ValueError(f"{op}: v must be one vector (d,) or rows (n, d), got shape {v.shape}; reshape it")
    return v


def row_blocks(v: Array) -> Iterator[Any]:
    """Indices of consecutive rows, so few at a time that what is computed for them stays in the cache.

    A chain of NumPy calls passes over its arrays once a call. On arrays of many megabytes every pass goes through main
    memory, and every new array has to be mapped, page by page; on blocks of rows neither happens.

    Examples
    --------
    >>> list(row_blocks(np.empty((5, 2**14))))
    [slice(0, 4, None), slice(4, 8, None)]
    >>> list(row_blocks(np.empty(3)))
    [Ellipsis]
    """
    if v.ndim == 1:
        yield ...
        return
    step = max(1, _BLOCK // max(1, v.shape[1]))
    for start in range(0, v.shape[0], step):
        yield slice(start, start + step)


def rows_where(mask: Array) -> Any:
    """An index of the rows where `mask`, (n, 1) or (1,) for one row, is true; for all a slice, which copies nothing.

    Examples
    --------
    >>> rows_where(np.array([[True], [True]]))
    slice(None, None, None)
    >>> rows_where(np.array([[True], [False]]))
    array([ True, False])
    """
    return slice(None) if mask.all() else mask[..., 0]  # for a single row a 0-d mask: it selects one row or none


def radius_in(op: str, radius: Any, dtype: np.dtype[Any]) -> Any:
    """`radius` as a scalar of `dtype` (a Fraction for object arrays), positive and finite there, or an error."""
    if isinstance(radius, bool) or not isinstance(radius, Real):
        raise TypeError(f"{op}: radius must be a real number, got {radius!r} ({type(radius).__name__})")
    value: Any = radius
    if not 0 < value < float("inf"):  # NaN fails too
        raise ValueError(f"{op}: radius must be positive and finite, got {radius!r}")
    try:
        with np.errstate(over="ignore", under="ignore"):
            cast = _cast(value, dtype)
    except OverflowError:
        cast = float("inf")
    if not 0 < cast < float("inf"):
        raise ValueError(
            f"{op}: radius {radius!r} is {cast} in {dtype}; rescale v and the radius, or use a wider dtype"
        )
    return cast


def _cast(radius: Any, dtype: np.dtype[Any]) -> Any:
    if isinstance(radius, Rational):
        exact = Fraction(int(radius.numerator), int(radius.denominator))  # Python ints: NumPy's would overflow
        if dtype.type is np.longdouble:  # float(exact) would round to 53 bits
            return np.longdouble(exact.numerator) / np.longdouble(exact.denominator)
        return exact if dtype.kind == "O" else dtype.type(float(exact))
    return Fraction(*radius.as_integer_ratio()) if dtype.kind == "O" else dtype.type(radius)


def wide(v: Array) -> Array:
    """v in the precision that row sums are taken in: half and single as double, everything else as it is."""
    return v.astype(np.float64) if v.dtype.type in (np.float16, np.float32) else v


def sign_pattern(v: Array) -> Array:
    """The signs of v as int8, 0 at zeros and at NaN."""
    signs: Array = np.greater(v, 0).view(np.int8) - np.less(v, 0).view(np.int8)
    return signs


def norm_order(op: str, name: str, value: Any) -> float:
    """`value` if it is 1, 2 or infinity, or an error."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{op}: {name} must be 1, 2 or math.inf, got {value!r} ({type(value).__name__})")
    if value not in (1, 2, math.inf):
        raise ValueError(f"{op}: {name} must be 1, 2 or math.inf, got {value!r}")
    return float(value)


def dual_order(p: float) -> float:
    """p* with 1/p + 1/p* = 1, for p in {1, 2, inf}."""
    return {1.0: math.inf, 2.0: 2.0, math.inf: 1.0}[p]


def scaled_norm(v: Array, p: float) -> tuple[Array, Array]:
    """``m, n`` with ``||v||_p = m n`` for each row: 1 <= n < 2 d^(1/p), and m = 1, n = 0 for zeros."""
    magnitude = np.abs(v)
    greatest = magnitude.max(axis=-1, keepdims=True, initial=0)
    # the power of two at or below the greatest entry: dividing by it does not round
    power = np.ldexp(np.ones_like(greatest), np.frexp(greatest)[1] - 1)
    scale = np.where(greatest == 0, 1, np.where(np.isinf(greatest), greatest, power)).astype(v.dtype, copy=False)
    with np.errstate(invalid="ignore"):
        ratios = magnitude / scale
    if p == math.inf:
        return scale, ratios.max(axis=-1, keepdims=True, initial=0)
    if p == 1:
        return scale, ratios.sum(axis=-1, keepdims=True)
    return scale, np.sqrt((ratios * ratios).sum(axis=-1, keepdims=True))


def beyond(v: Array, p: float, radius: Any) -> Array:
    """Whether ``||row||_p > radius``, decided exactly; True for NaN. Shape (n, 1), or (1,) for one row."""
    if v.dtype.kind == "O":  # Fractions: p = 1 only, there is no square root
        return np.asarray(np.abs(v).sum(axis=-1, keepdims=True) > radius, dtype=bool)
    scale, norm = scaled_norm(wide(v), p)
    with np.errstate(over="ignore"):  # a limit beyond all numbers is inf, and no norm exceeds it
        limit = radius / scale
    outside: Array = ~(norm <= limit)
    # both sides err by less than gamma_{d+4} relative: only within that of each other can rounding decide wrongly
    doubtful = np.abs(norm - limit) <= 2 * (v.shape[-1] + 4) * np.finfo(norm.dtype).eps * norm
    for *row, _ in np.argwhere(doubtful):
        outside[tuple(row)] = _beyond_exactly(v[tuple(row)], p, radius)
    return outside


def longer_than(v: Array, radius: Any) -> Array:
    """``beyond(v, 1, radius)`` at the price of one sum in the dtype of v, where that sum leaves no doubt.

    In d - 1 additions of numbers of one sign the sum n errs by at most ``gamma_{d-1} n``, gamma_k = k u / (1 - k u)
    with u the unit roundoff of v, half of its eps; sums of subnormals are exact. Rows with ``|n - radius|`` up to
    ``2 (d + 4) eps n``, more than four times that, are left to `beyond`; so are all rows where this is n or more, and
    those whose sum overflows: both sides are infinite. A row with NaN satisfies no comparison and is outside.
    """
    if v.dtype.kind == "O":
        return beyond(v, 1, radius)
    with np.errstate(over="ignore"):
        norm = np.abs(v).sum(axis=-1, keepdims=True)
        tolerance = 2 * (v.shape[-1] + 4) * float(np.finfo(v.dtype).eps) * norm
    outside: Array = ~(norm <= radius)
    doubtful = (np.abs(norm - radius) <= tolerance)[..., 0]
    if doubtful.any():
        outside[doubtful] = beyond(v[doubtful], 1, radius)
    return outside


def _beyond_exactly(row: Array, p: float, radius: Any) -> bool:
    # all denominators are powers of two: over the greatest of them, every number is whole
    ratios = [number.as_integer_ratio() for number in (*row[row != 0].tolist(), radius)]
    common = max(denominator for _, denominator in ratios)
    *magnitudes, bound = (abs(numerator) * (common // denominator) for numerator, denominator in ratios)
    if p == math.inf:
        return bool(max(magnitudes) > bound)
    return bool(sum(magnitude ** int(p) for magnitude in magnitudes) > bound ** int(p))


def norm_gradient(v: Array, p: float) -> Array:
    """A subgradient of the p-norm at each row: signs, the unit row, or the sign of its first greatest entry; 0 at 0."""
    if p == 1:
        return sign_pattern(v)
    if p == 2:
        scale, norm = scaled_norm(wide(v), 2)
        unit: Array = wide(v) / scale / np.where(norm == 0, 1, norm)
        return unit.astype(v.dtype, copy=False)
    gradient = np.zeros(v.shape, np.int8)
    if v.size:
        first = np.abs(v).argmax(axis=-1, keepdims=True)
        np.put_along_axis(gradient, first, sign_pattern(np.take_along_axis(v, first, axis=-1)), axis=-1)
    return gradient
