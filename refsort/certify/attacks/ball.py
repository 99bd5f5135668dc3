"""The ball that an attack may move in, cut by the box of the data: a projection whose every point lies inside exactly.

    project: argmin { ||z - v||_2 : ||z - x||_p <= r, lo <= z <= hi },   lo <= x <= hi,  p in {2, inf}.

With v = x + delta the point is x + clip(t delta, lo - x, hi - x). For p = inf, t = 1 and the bounds are those of both
boxes. For p = 2, t is 1 or the number for which the norm is r: the conditions of Karush, Kuhn and Tucker with the
multiplier 1 / t - 1 of the ball.

Points are drawn in by about a unit in the last place, tested exactly (`refsort.certify.attacks.distance`), and have
their entries rounded towards x where that does not do.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from refsort.certify.attacks.distance import farther, within
from refsort.ops.arrays import Array

Box = tuple[float, float]
_EPS, _TINY = float(np.finfo(np.float64).eps), float(np.finfo(np.float64).tiny)


class Ball(NamedTuple):
    """The points that each of n inputs may move to: a ball in the p-norm, cut by the box.

    Attributes
    ----------
    x : ndarray, (n, d)
        The centres: float16, float32 or float64, inside the box.
    radius : ndarray of float64, (n,)
        Between 1e-100 and 1e100.
    p : {2, inf}
        The norm.
    box : (lo, hi) or None
        Bounds of every entry, numbers of x's dtype.
    low, high : ndarray of float64, (n, d), or minus and plus infinity
        What bounds a single entry. For p = inf the least and the greatest float of the dtype in ball and box; for p = 2
        the way from x to the box, rounded.
    """

    x: Array
    radius: Array
    p: float
    box: Box | None
    low: Array | float
    high: Array | float

    @classmethod
    def around(cls, x: Array, radius: Array, p: float, box: Box | None) -> Ball:
        """The balls of these inputs."""
        centre = x.astype(np.float64)
        if p == math.inf:
            ends = [_farthest(x, centre, sign * radius[:, None]) for sign in (-1, 1)]
            low, high = ends if box is None else np.clip(ends, *box)
            return cls(x, radius, p, box, low, high)
        low, high = (-math.inf, math.inf) if box is None else (box[0] - centre, box[1] - centre)
        return cls(x, radius, p, box, low, high)

    def rows(self, rows: Array | slice) -> Ball:
        """Those of some inputs."""
        low, high = (bound if isinstance(bound, float) else bound[rows] for bound in (self.low, self.high))
        return self._replace(x=self.x[rows], radius=self.radius[rows], low=low, high=high)

    def project(self, delta: Array, inward: Sequence[float] = (1.0,)) -> Array:
        """The point nearest to x + delta in ball and box, but for rounding; it lies in both in exact arithmetic.

        Parameters
        ----------
        delta : ndarray of float64, (n, d)
            Finite; below 1e150.
        inward : sequence of float
            For p = 2: how far below the radius to aim, in units of eps (max |x_i| + r) plus 4 (d + 16) u r with
            the dtype's eps, in the order in which it is tried; the entries are rounded to nearest then. Points that
            all of them leave outside have their entries rounded towards x.

        Returns
        -------
        ndarray, (n, d), dtype of x

        Notes
        -----
        O(n d) for p = inf and without a box. With one and p = 2, t is found by an iteration that saturates at least
        one more entry in every pass; four passes for images of 784 pixels. Where 0 is in `inward`, half a microsecond
        an entry for the rows that the exact test has to decide.

        Examples
        --------
        >>> x, r = np.array([[0.0, 0.0]]), np.array([5.0])
        >>> Ball.around(x, r, math.inf, None).project(np.array([[30.0, 40.0]]))
        array([[5., 5.]])
        >>> np.round(Ball.around(x, r, 2, None).project(np.array([[30.0, 40.0]])), 12)
        array([[3., 4.]])
        >>> np.round(Ball.around(x, r, 2, (-3.0, 3.0)).project(np.array([[30.0, 40.0]])), 12)
        array([[3., 3.]])
        """
        if self.p == math.inf:
            clipped: Array = np.clip(self.x + delta, self.low, self.high).astype(self.x.dtype)
            return clipped
        delta = _in_two_balls(delta, self.low, self.high, self.radius)
        norm = np.sqrt(np.einsum("ij,ij->i", delta, delta))
        slack = 2 * (self.x.shape[1] + 16) * _EPS * self.radius
        greatest = np.max(np.abs(self.x), axis=1, initial=0) + self.radius  # no entry ends up beyond it
        unit = float(np.finfo(self.x.dtype).eps) * greatest + slack
        moved, todo = np.empty_like(self.x), np.arange(len(self.x))
        for units in inward:
            rows = todo if todo.size < len(self.x) else slice(None)
            aim = np.maximum(_TINY, self.radius - units * unit)[rows]
            scale = aim / np.maximum(norm[rows], aim)
            nearest = self._clip(_cast(self.x[rows] + scale[:, None] * delta[rows], self.x.dtype))
            inside = within(nearest, self.x[rows], self.radius[rows], 2)
            moved[todo[inside]] = nearest[inside]
            todo = todo[~inside]
            if not todo.size:
                return moved
        limit = self.radius[todo] - slack[todo]
        aim = delta[todo] * (limit / np.maximum(norm[todo], limit))[:, None]
        moved[todo] = self._clip(_towards(self.x[todo], aim))
        return moved

    def _clip(self, points: Array) -> Array:
        """To the box; x is in it, so this moves every entry towards x."""
        return points if self.box is None else np.clip(points, *map(points.dtype.type, self.box))


def _in_two_balls(v: Array, low: Array | float, high: Array | float, radius: Array) -> Array:
    """clip(t v, low, high) with the greatest t <= 1 for which its norm is at most the radius, up to rounding."""
    if isinstance(low, float) or isinstance(high, float):
        shrunk: Array = v * (radius / np.maximum(np.sqrt(np.einsum("ij,ij->i", v, v)), radius))[:, None]
        return shrunk
    clipped = np.clip(v, low, high)
    outside = np.flatnonzero(np.einsum("ij,ij->i", clipped, clipped) > radius**2)
    size, target = np.abs(v[outside]), radius[outside] ** 2
    room = np.where(v[outside] > 0, high[outside], -low[outside])
    squares = size * size
    saturated, t = np.zeros(size.shape, bool), np.zeros(len(outside))
    while True:
        # sum of min(t size, room)^2 <= target at every t of the iteration, so t grows, and so does the saturated set
        kept = target - np.einsum("ij,ij->i", room * saturated, room)
        free = np.einsum("ij,ij->i", squares, ~saturated)
        t = np.maximum(t, np.sqrt(np.maximum(kept, 0) / np.maximum(free, _TINY)))
        more = saturated | (t[:, None] * size >= room)
        if np.array_equal(more, saturated):
            break
        saturated = more
    clipped[outside] = np.clip(np.minimum(t, 1)[:, None] * v[outside], low[outside], high[outside])
    return clipped


def _farthest(x: Array, centre: Array, way: Array) -> Array:
    """The float of x's dtype that is farthest from x on the given way, as float64; exactly."""
    end = _cast(centre + way, x.dtype)
    far = farther(end, centre, np.abs(way))
    while np.any(far):
        end[far] = np.nextafter(end[far], x[far])
        far = farther(end, centre, np.abs(way))
    return end.astype(np.float64)


def _towards(x: Array, delta: Array) -> Array:
    """x + delta, each entry rounded towards x: no farther from x than delta says, but for a relative u."""
    moved = _cast(x + delta, x.dtype)
    far = np.abs(moved - x.astype(np.float64)) > np.abs(delta)
    while np.any(far):
        moved[far] = np.nextafter(moved[far], x[far])
        far = np.abs(moved - x.astype(np.float64)) > np.abs(delta)
    return moved


def _cast(points: Array, dtype: np.dtype[Any]) -> Array:
    """Rounded to nearest; infinite beyond the dtype's range, which no ball has inside."""
    with np.errstate(over="ignore"):
        return points.astype(dtype)
