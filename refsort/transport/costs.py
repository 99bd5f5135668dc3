"""Distances between all points of two samples with a bound of their rounding error, and transforms of potentials.

An entry c of the computed matrix and the distance D of the two points satisfy |c - D| <= e D but where squares
underflow, which needs c below 2^-400 of the largest coordinate. A difference is one rounding; a square is one, and
doubles the one before; d terms add d - 1; a root halves, and adds one. So e = gamma_(d+4) covers all three norms.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
from scipy.spatial.distance import cdist

from refsort.certify.directed import down, up
from refsort.ops.arrays import Array
from refsort.rounding import UNIT_ROUNDOFF, gamma, round_down
from refsort.transport.memory import BLOCK_BYTES

_NAMES = {"l1": "cityblock", "l2": "euclidean", "linf": "chebyshev"}
TINY = 2.0**-400


def cost_matrix(x: Array, y: Array, metric: str) -> Array:
    """The distances, (m, n): a row for each point of y.

    Examples
    --------
    >>> cost_matrix(np.array([[0.0, 0.0], [3.0, 4.0]]), np.zeros((1, 2)), "l2").tolist()
    [[0.0, 5.0]]
    """
    c: Array = cdist(y, x, _NAMES[metric])
    return c


def cost_error(d: int, exact: bool) -> Fraction:
    """e: the relative error of an entry; 0 where the points are such that nothing is rounded."""
    return Fraction(0) if exact else gamma(d + 4, UNIT_ROUNDOFF["float64"])


class Costs:
    """A matrix of distances, and lower bounds of the exact ones.

    Parameters
    ----------
    matrix : ndarray of float64, (m, n)
        `cost_matrix` of samples with entries in [-1, 1]. It is kept, not copied.
    d : int
        The dimension of the points.
    exact : bool
        Whether no distance was rounded, and no potential will be.
    """

    def __init__(self, matrix: Array, d: int, exact: bool) -> None:
        self.matrix, self.error, self.exact = matrix, cost_error(d, exact), exact
        # c (1 - e) <= D (1 + e)(1 - e) <= D; two more units for the rounding of the factor and of the product with it
        self._shrink = round_down((1 - self.error) * (1 - Fraction(2, 2**53)))

    @property
    def longest(self) -> Fraction:
        """At least all exact distances."""
        return Fraction(max(float(np.max(self.matrix)), TINY)) / (1 - self.error)

    def transform_to_y(self, f: Array) -> Array:
        """``g_j = max_i (f_i - D_ij)`` rounded up, (m,): f_i - g_j <= D_ij for all pairs, in exact arithmetic.

        Rounding is monotone: the largest of the rounded differences is the largest difference rounded, and the next
        double is at least that difference.
        """
        g = np.concatenate([np.max(f - low, axis=1) for low in self._lower()])
        return g if self.exact else up(g)

    def transform_to_x(self, g: Array) -> Array:
        """``f_i = min_j (g_j + D_ij)`` rounded down, (n,): the greatest potential that is feasible beside g."""
        f = np.full(self.matrix.shape[1], np.inf)
        start = 0
        for low in self._lower():
            f = np.minimum(f, np.min(g[start : start + len(low), None] + low, axis=0))
            start += len(low)
        return f if self.exact else down(f)

    def _lower(self) -> Iterator[Array]:
        """Blocks of rows, at most the exact distances."""
        for rows in blocks(self.matrix):
            yield rows if self.exact else np.where(rows < TINY, 0.0, rows * self._shrink)


def blocks(matrix: Array) -> Iterator[Array]:
    """The rows of a matrix, as many at a time as keep a temporary of them small."""
    step = max(1, BLOCK_BYTES // (8 * matrix.shape[1]))
    for start in range(0, len(matrix), step):
        yield matrix[start : start + step]
