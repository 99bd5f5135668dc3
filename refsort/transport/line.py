"""On the line: sort, and move mass in order.

    W_1 = int |F(t) - G(t)| dt,       F, G the distribution functions.

The monotone coupling matches quantiles and costs as much (Villani 2003, 2.2). A potential with slope -sign(F - G) is
1-Lipschitz and attains it: int h dF - int h dG = -int h' (F - G) by parts.

Masses and coordinates are counted in integers here, so that cumulative sums are exact.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from refsort.certify.directed import up
from refsort.ops.arrays import Array
from refsort.transport.samples import Measure, Scaled
from refsort.transport.solution import Solution

_BITS = 60  # coordinates in [-1, 1] become integers of that many bits, potentials two more


def transport_in_order(p: Measure, q: Measure, scaled: Scaled) -> Solution:
    """The monotone coupling of two measures on the line, and a potential on x.

    O((n + m) log (n + m)). Uniform weights are exact; others are rounded to multiples of 2^-60.
    """
    uniform = p.uniform and q.uniform and len(p.points) * len(q.points) < 2**53
    counts, others = (
        (np.full(len(p.points), len(q.points)), np.full(len(q.points), len(p.points)))
        if uniform
        else (_counts(p), _counts(q))
    )
    x, y = scaled.x[:, 0], scaled.y[:, 0]
    of_x, of_y = np.argsort(x, kind="stable"), np.argsort(y, kind="stable")
    f_cumulative, g_cumulative = np.cumsum(counts[of_x]), np.cumsum(others[of_y])
    levels = np.union1d(f_cumulative, g_cumulative)
    levels = levels[levels > 0]
    starts = np.concatenate([[0], levels[:-1]])
    rows = of_x[np.searchsorted(f_cumulative, starts, side="right")]
    columns = of_y[np.searchsorted(g_cumulative, starts, side="right")]
    mass = (levels - starts).astype(np.float64)  # exact below 2^53, as all are for uniform weights
    f = _potential(x, y, counts, others)
    return Solution(rows, columns, mass, Fraction(1, int(levels[-1])), f, exact=uniform)


def _counts(p: Measure) -> Array:
    """Probabilities as integers that add up to 2^60."""
    counts = np.rint(p.weights * float(p.scale * 2**60)).astype(np.int64)
    i = int(np.argmax(counts))  # at least 2^60 / n; the n roundings together are far smaller
    counts[i] += 2**60 - int(np.sum(counts))
    return counts


def _potential(x: Array, y: Array, counts: Array, others: Array) -> Array:
    """h at the points of x, with h' = -sign(F - G): sums of integers, up to one rounding of each coordinate."""
    t = np.rint(np.ldexp(np.concatenate([x, y]), _BITS)).astype(np.int64)
    order = np.argsort(t, kind="stable")
    ahead = np.cumsum(np.concatenate([counts, -others])[order])[:-1]  # F - G between neighbours
    h = np.empty(len(t), dtype=np.int64)
    h[order] = np.concatenate([[0], np.cumsum(-np.sign(ahead) * np.diff(t[order]))])
    return np.ldexp(h[: len(x)].astype(np.float64), -_BITS)


class LineCosts:
    """Transforms of potentials for the distances on the line, without a matrix: O((n + m) log (n + m)).

    Parameters
    ----------
    scaled : Scaled
        Points of one dimension.
    """

    def __init__(self, scaled: Scaled) -> None:
        self.x, self.y, self.exact, self.blur = scaled.x[:, 0], scaled.y[:, 0], scaled.exact, scaled.blur

    @property
    def longest(self) -> Fraction:
        """At least all exact distances, between points of [-1, 1]."""
        return Fraction(2)

    def transform_to_y(self, f: Array) -> Array:
        """``g_j = max_i (f_i - |x_i - y_j|)``, rounded up."""
        return self._upper(self.x, f, self.y)

    def transform_to_x(self, g: Array) -> Array:
        """``f_i = min_j (g_j + |x_i - y_j|)``, rounded down."""
        return -self._upper(self.y, -g, self.x)

    def _upper(self, x: Array, f: Array, y: Array) -> Array:
        """``max_i (f_i - |x_i - y_j|)``: the best point to the left of y_j, and the best to the right, with itself."""
        order = np.argsort(x, kind="stable")
        left, right = (f + x)[order], (f - x)[order]
        if not self.exact:
            left, right = up(left), up(right)
        best_left = np.concatenate([[-np.inf], np.maximum.accumulate(left)])
        best_right = np.concatenate([np.maximum.accumulate(right[::-1])[::-1], [-np.inf]])
        before = np.searchsorted(x[order], y, side="right")
        g = np.maximum(best_left[before] - y, best_right[before] + y)
        return g if self.exact else up(up(g) + self.blur)
