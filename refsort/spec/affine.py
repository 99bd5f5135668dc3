"""The affine map of one sample, y = W x + b, and the selection of features, whose W has a single 1 in each row."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from refsort.spec.dual import scalar
from refsort.spec.exact import Vector, dot, integer, matrix, vector


def affine(x: Iterable[Any], w: Iterable[Iterable[Any]], b: Iterable[Any]) -> Vector:
    """``y_i = sum_j w_ij x_j + b_i``.

    Parameters
    ----------
    x : sequence of d_in numbers
    w : d_out rows of d_in numbers
    b : sequence of d_out numbers

    Returns
    -------
    list of d_out Fractions
        Smooth everywhere: dual numbers may be passed in any of the three arguments.

    Raises
    ------
    ValueError
        For lengths that do not fit.

    Examples
    --------
    >>> [int(y) for y in affine([1, 10], [[1, 2], [3, 4], [5, 6]], [100, 200, 300])]
    [121, 243, 365]
    """
    x, w, b = vector(x, scalar), matrix(w, scalar), vector(b, scalar)
    if len(w) != len(b) or any(len(row) != len(x) for row in w):
        shape = (len(w), len(w[0]) if w else 0)
        raise ValueError(f"affine: w must have {len(b)} rows (b) of {len(x)} entries (x), got shape {shape}")
    return [dot(row, x) + offset for row, offset in zip(w, b, strict=True)]


def select(x: Iterable[Any], indices: Iterable[int]) -> Vector:
    """``y_i = x_{indices[i]}``.

    Raises
    ------
    TypeError, ValueError
        For indices that are no integers between 0 and the last feature's.

    Examples
    --------
    >>> [int(y) for y in select([10, 20, 30], [2, 0, 2, 1])]
    [30, 10, 30, 20]
    """
    x, chosen = vector(x, scalar), [integer("select", "an index", i, 0) for i in indices]
    for i in chosen:
        if i >= len(x):
            raise ValueError(f"select: index {i} is out of range for {len(x)} features")
    return [x[i] for i in chosen]
