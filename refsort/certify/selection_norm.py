"""Norms of a selection of features, by counting: for all pairs of norms, those too that are NP-hard for a weight."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike

from refsort.certify.norms import sqrt_up
from refsort.ops.select import feature_indices
from refsort.rounding import round_up


def selection_norm_bound(indices: ArrayLike, p: float = 2, q: float = 2) -> float:
    """The norm of ``x -> x[indices]`` from the p-norm to the q-norm, rounded up to a double.

    With c_j the number of times that feature j is selected, ``||x[indices]||_q^q = sum_j c_j |x_j|^q``. On the unit
    ball of the p-norm this is greatest at a vertex for p <= q, where it is the greatest c_j; for p > q Hoelder's
    inequality is attained and gives ``(sum_j c_j^(r/q))^(1/r)`` with ``1/r = 1/q - 1/p``. For q = inf each result is an
    entry of x.

    Parameters
    ----------
    indices : array_like of int, (k,)
        At least 0.
    p, q : {1, 2, inf}
        All nine pairs.

    Returns
    -------
    float
        1 for q = inf, ``c_max^(1/q)`` for p <= q; exact where that is a double. 0 for no indices.

    Raises
    ------
    TypeError, ValueError
        For indices or norms that are not as above.

    Examples
    --------
    Each feature twice: sqrt(2) times as long, and twice as long in the 1-norm.

    >>> [selection_norm_bound([0, 1, 0, 1], p, p) for p in (1, 2, math.inf)]
    [2.0, 1.4142135623730951, 1.0]
    """
    for name, exponent in (("p", p), ("q", q)):
        if exponent not in (1, 2, math.inf):
            raise ValueError(f"selection_norm_bound: {name} must be 1, 2 or math.inf, got {exponent!r}")
    t = np.asarray(indices)
    counts = np.bincount(feature_indices(t, int(t.max()) + 1 if t.size else 0)).tolist()
    if q == math.inf or not counts:
        return float(bool(counts))
    if p <= q:  # (1, 1), (1, 2), (2, 2)
        most = Fraction(max(counts))
        return round_up(most) if q == 1 else sqrt_up(most)
    # (inf, 1): sum c; (inf, 2): its root; (2, 1): r = 2, the root of the sum of squares
    if p == math.inf:
        return round_up(Fraction(sum(counts))) if q == 1 else sqrt_up(Fraction(sum(counts)))
    return sqrt_up(Fraction(sum(c * c for c in counts)))
