"""Symmetric matrices: products that are, and symmetric parts, where no two rows begin on the same lines of the cache.

A matrix of 1024 columns of float32 has rows 4096 bytes apart, and so all entries of one column compete for the same few
lines of the first-level cache. To go through it by rows and by columns at once, as everything symmetric does, takes
several times as long as the arithmetic. Here rows are further apart by a line of the cache: the result is the same, and
a view of an array that is a little wider.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from refsort.ops.arrays import Array

_LINE = 64  # bytes of a line of the cache


def square(n: int, dtype: np.dtype[Any]) -> Array:
    """An (n, n) matrix whose rows begin on different lines of the cache; its entries are not set."""
    lines = -(-n * dtype.itemsize // _LINE) | 1  # an odd number of them: no power of two divides the distance
    return np.empty((n, lines * _LINE // dtype.itemsize), dtype)[:, :n]


def gram(a: Array) -> Array:
    """``A^T A``; in float32 and float64 BLAS computes half of it, and the rest is a copy.

    Examples
    --------
    >>> gram(np.array([[1.0, 2.0], [0.0, 1.0], [1.0, 0.0]]))
    array([[2., 2.],
           [2., 5.]])
    """
    return np.matmul(a.T, a, out=square(a.shape[1], a.dtype))


def symmetric_product(a: Array, v: Array) -> Array:
    """``A^T V + V^T A``, by one product.

    Examples
    --------
    >>> symmetric_product(np.eye(2), np.array([[1.0, 2.0], [0.0, 1.0]]))
    array([[2., 2.],
           [2., 2.]])
    """
    m = np.matmul(a.T, v, out=square(a.shape[1], a.dtype))
    return np.add(m, m.T, out=square(a.shape[1], a.dtype))
