"""Whether a point of floats is within a distance of another one, in exact arithmetic.

A certificate of radius r is refuted by a point at a distance that is at most r, not at one that is r up to rounding. So
doubles decide only where their errors cannot matter, and whole numbers do where they can.
"""

from __future__ import annotations

import math

import numpy as np

from refsort.ops.arrays import Array


def within(moved: Array, x: Array, radius: Array, p: float) -> Array:
    """Whether ``||moved - x||_p <= radius`` in exact arithmetic, for each row.

    Parameters
    ----------
    moved, x : ndarray, (n, d)
        float16, float32 or float64, each entry the exact number that it is.
    radius : ndarray of float64, (n,)
        Between 1e-100 and 1e100.
    p : {2, inf}
        The norm.

    Returns
    -------
    ndarray of bool, (n,)
        False where an entry is not finite.

    Notes
    -----
    O(n d); half a microsecond an entry for the rows whose norm agrees with the radius to rounding, p = 2.

    Examples
    --------
    1 and 1e-30 are at a distance just below 1, which no double tells from 1:

    >>> within(np.array([[1.0]]), np.array([[1e-30]]), np.array([1.0]), 2)
    array([ True])
    >>> within(np.array([[1.0]]), np.array([[-1e-30]]), np.array([1.0]), 2)
    array([False])
    """
    a, b = moved.astype(np.float64), x.astype(np.float64)
    if p == math.inf:
        inside: Array = ~np.any(farther(a, b, radius[:, None]), axis=1)
        return inside
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        ratio = (a - b) / radius[:, None]
        squares = np.einsum("ij,ij->i", ratio, ratio)
    inside = squares <= 1
    # a difference, a quotient, a square and d - 1 sums: a relative error below (d + 6) u of what is compared with 1
    for i in np.flatnonzero(np.abs(squares - 1) <= 2 * (a.shape[1] + 8) * np.finfo(np.float64).eps):
        inside[i] = _within_exactly(a[i], b[i], float(radius[i]))
    return inside


def farther(a: Array, b: Array, limit: Array) -> Array:
    """Whether |a - b| > limit, exactly, entry by entry; True where a or b is not finite."""
    a = a.astype(np.float64, copy=False)
    with np.errstate(over="ignore", invalid="ignore"):
        difference = a - b
        size = np.abs(difference)
        # rounding is monotone: only where the rounded difference is the limit itself does its error (two-sum) decide
        back = a - difference
        error = (a - (difference + back)) + (back - b)
        result: Array = ~(size <= limit) | ((size == limit) & (error * np.sign(difference) > 0))
    return result


def _within_exactly(a: Array, b: Array, radius: float) -> bool:
    moved = a != b
    ratios = [number.as_integer_ratio() for number in (*a[moved].tolist(), *b[moved].tolist(), radius)]
    common = max(denominator for _, denominator in ratios)  # powers of two
    *whole, r = (numerator * (common // denominator) for numerator, denominator in ratios)
    half = len(whole) // 2
    return bool(sum((s - t) ** 2 for s, t in zip(whole[:half], whole[half:], strict=True)) <= r * r)
