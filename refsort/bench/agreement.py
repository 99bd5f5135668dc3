"""Whether two sides computed the same, and how far they lie apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from refsort.ops.arrays import Array


def mismatch(ours: Sequence[Array], theirs: Sequence[Array]) -> str | None:
    """What keeps two lists of arrays from being compared, or None: their number, shapes or dtypes.

    Examples
    --------
    >>> mismatch([np.zeros(2)], [np.zeros((2, 1))])
    'output 0 is float64 (2, 1) instead of float64 (2,)'
    """
    if len(ours) != len(theirs):
        return f"{len(theirs)} outputs instead of {len(ours)}"
    for i, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        if np.shape(a) != np.shape(b) or a.dtype != b.dtype:
            return f"output {i} is {b.dtype} {np.shape(b)} instead of {a.dtype} {np.shape(a)}"
    return None


def difference(ours: Sequence[Array], theirs: Sequence[Array]) -> float:
    """The largest ``||a - b|| / ||a||`` of two lists of arrays, in the Euclidean norm of all entries of an array.

    This norm, for it is what rounding analysis bounds: no maximum grows with the size of an array. Absolute where
    ``||a||`` is 0. NaN where there is one.

    Examples
    --------
    >>> difference([np.array([3.0, 4.0]), np.zeros(2)], [np.array([3.0, 3.0]), np.zeros(2)])
    0.2
    """
    apart = [_norm(np.subtract(a, b, dtype=float)) / (_norm(a) or 1.0) for a, b in zip(ours, theirs, strict=True)]
    return float(np.max(apart, initial=0.0))  # np.max, unlike max, passes NaN


def _norm(a: Array) -> float:
    return float(np.linalg.norm(np.ravel(np.asarray(a, dtype=float))))
