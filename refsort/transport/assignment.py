"""Equally many points of equal weights: an optimal coupling is a permutation (Birkhoff), its potentials shortest paths.

    W_1 = min over permutations s of  (1/n) sum_i c(x_i, y_s(i)).

SciPy finds the permutation (Crouse 2016) and keeps its potentials to itself. They are a solution of

    f_i <= f_k - c(k, s(k)) + c(i, s(k))  for all i, k:

with g_s(k) = f_k - c(k, s(k)) this says that f_i - g_j <= c_ij everywhere, with equality on the permutation. It is the
system of shortest paths in the residual graph, which has no negative cycle if and only if s is optimal.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from scipy.optimize import linear_sum_assignment

from refsort.ops.arrays import Array
from refsort.transport.memory import BLOCK_BYTES
from refsort.transport.solution import Solution


def assign(matrix: Array, exact: bool = False) -> Solution:
    """An optimal permutation of a cost matrix (n, n) whose rows belong to y, and a potential on x.

    `exact` says that sums of costs are not rounded.
    """
    columns, rows = linear_sum_assignment(matrix)  # columns = 0, ..., n - 1: the points of y
    partner = np.empty(len(rows), dtype=np.intp)
    partner[rows] = columns
    x = np.arange(len(rows))
    f = shortest_path_potential(matrix, partner, exact)
    return Solution(x, partner, np.ones(len(x)), Fraction(1, len(x)), f, missing=Fraction(0))


def shortest_path_potential(matrix: Array, partner: Array, exact: bool = False) -> Array:
    """The potential on x that makes an optimal permutation tight: Bellman-Ford from all points at once.

    Parameters
    ----------
    matrix : ndarray of float64, (n, n)
        Costs, a row for each point of y.
    partner : ndarray of int, (n,)
        s.
    exact : bool
        Whether sums of costs are not rounded. Where they are, rounding may leave a cycle of negative length: then
        steps below four units of the largest cost are not taken, and the inequalities hold up to those.

    Returns
    -------
    ndarray of float64, (n,)

    Notes
    -----
    A sweep relaxes only what follows from the potentials that the last one lowered: O(n) for each of them. n sweeps
    suffice without negative cycles. On 2,000 points in many dimensions there are some 100, and the work is that of 10
    full ones; where many costs are nearly equal (`refsort.data.sample_cones`) there can be ten times as many.

    Examples
    --------
    >>> c = np.array([[2.0, 1.0], [4.0, 2.0]])  # y x x; the permutation x_0 - y_0, x_1 - y_1 costs 4, the other 5
    >>> f = shortest_path_potential(c, np.array([0, 1]))
    >>> g = f - c.diagonal()
    >>> bool(np.all(f - g[:, None] <= c))
    True
    """
    n = len(partner)
    diagonal = matrix[partner, np.arange(n)]
    least = 0.0 if exact else 4 * float(np.finfo(np.float64).eps) * float(np.max(matrix))
    f: Array = np.min(matrix, axis=0)
    changed = np.arange(n)
    for _ in range(n + 1):
        if not len(changed):
            break
        reached = np.full(n, np.inf)
        for some in np.array_split(changed, 1 + 8 * n * len(changed) // BLOCK_BYTES):
            ways = matrix[partner[some]] + (f - diagonal)[some, None]
            reached = np.minimum(reached, np.min(ways, axis=0))
        changed = np.flatnonzero(reached < f - least)
        f[changed] = reached[changed]
    return f
