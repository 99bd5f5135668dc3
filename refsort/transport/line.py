"""On the line: sort, and move mass in order.

    W_1 = int |F(t) - G(t)| dt,       F, G the distribution functions.

The monotone coupling matches quantiles and costs as much (Villani 2003, 2.2). A potential with slope -sign(F - G) is
1-Lipschitz and attains it: int h dF - int h dG = -int h' (F - G) by parts.

Masses and coordinates are counted in integers here, so that cumulative sums are exact.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import accumulate

import numpy as np

from refsort.certify.directed import up
from refsort.ops.arrays import Array
from refsort.transport.samples import Measure, Scaled
from refsort.transport.solution import Solution

_BITS = 60  # coordinates in [-1, 1] become integers of that many bits, potentials two more


def transport_in_order(p: Measure, q: Measure, scaled: Scaled) -> Solution:
    """The monotone coupling of two measures on the line, and a potential on x.

    O((n + m) log (n + m)). Uniform weights are exact; the distribution functions of others are rounded to
    multiples of 2^-60.
    """
    x, y = scaled.x[:, 0], scaled.y[:, 0]
    of_x, of_y = np.argsort(x, kind="stable"), np.argsort(y, kind="stable")
    n, m = len(x), len(y)
    uniform = p.uniform and q.uniform and n * m < 2**53
    f_cumulative, g_cumulative = (
        (np.arange(1, n + 1) * m, np.arange(1, m + 1) * n)
        if uniform
        else (_cumulative(p.weights[of_x]), _cumulative(q.weights[of_y]))
    )
    levels = np.union1d(f_cumulative, g_cumulative)
    levels = levels[levels > 0]
    starts = np.concatenate([[0], levels[:-1]])
    rows = of_x[np.searchsorted(f_cumulative, starts, side="right")]
    columns = of_y[np.searchsorted(g_cumulative, starts, side="right")]
    f = _potential(x, y, _steps(f_cumulative, of_x), _steps(g_cumulative, of_y))
    # F and G are off by less than 2^-60, and masses above 2^53 are rounded: W_1 is the integral of such a difference
    missing = Fraction(0) if uniform else Fraction(2, 2**60) + Fraction(1, 2**53)
    return Solution(rows, columns, (levels - starts).astype(np.float64), Fraction(1, int(levels[-1])), f, missing)


def _cumulative(weights: Array) -> Array:
    """Partial sums over the whole sum, as integers: multiples of 2^-60, rounded down from exact rationals."""
    mantissas, exponents = np.frexp(weights)
    exponents = np.where(weights > 0, exponents, np.max(exponents))
    shifts = (exponents - np.min(exponents)).tolist()
    whole = np.ldexp(mantissas, 53).astype(np.int64).tolist()
    sums = list(accumulate(w << k for w, k in zip(whole, shifts, strict=True)))
    return np.array([(s << 60) // sums[-1] for s in sums], dtype=np.int64)


def _steps(cumulative: Array, order: Array) -> Array:
    """The masses of the points, given the partial sums in some order."""
    counts = np.empty_like(cumulative)
    counts[order] = np.diff(cumulative, prepend=0)
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
