"""What a derivative may be at a kink: the sets of admissible cotangents and Jacobians.

At a kink the derivative does not exist. What a backward pass may return there is `J^T y_bar` for an element J of the
Clarke generalised Jacobian, the convex hull of the limits of Jacobians at nearby points.

Sorting. Near a tie every permutation that sorts x occurs, so the generalised Jacobian is their hull. It is a product
over blocks, a block being the positions of one value in one group: the hull of all permutations of the block (the
doubly stochastic matrices, Birkhoff). The images of a vector g under these are exactly the vectors that g majorises
(Rado): equal sum, and for every k the k largest entries of v sum to at most the k largest entries of g.

Elementwise maps. The derivatives left and right of the kink are the ends of an interval.

The l1 ball. Outside, with threshold tau, the Jacobian is J_s = diag(s^2) - s s^T / |s|_0, s the sign pattern of the
projection; |s|_0 counts its non-zero entries. An entry |v_i| = tau may belong to the pattern or not. Inside it is I.
On the sphere the limits are I and the J_s from outside, where the entries 0 of v may get any sign or none.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from itertools import accumulate, product
from math import prod
from typing import Any

from refsort.spec.exact import Enclosure, Matrix, Vector, frac, identity, vector
from refsort.spec.projections import magnitudes, positive_radius, threshold
from refsort.spec.sorting import groups

Block = tuple[list[int], list[int]]


def sort_blocks(x: Iterable[Any], group_size: int = 2) -> list[Block]:
    """The blocks of ties of each group: for each value its positions in `x` and in ``group_sort(x)``.

    Examples
    --------
    >>> sort_blocks([7, 5, 7, 1, 2, 3], group_size=3)
    [([1], [0]), ([0, 2], [1, 2]), ([3], [3]), ([4], [4]), ([5], [5])]
    """
    x = vector(x)
    blocks: list[Block] = []
    for group in groups("sort_blocks", x, group_size):
        start = group.start
        for value in sorted({x[i] for i in group}):
            tied = [i for i in group if x[i] == value]
            blocks.append((tied, list(range(start, start + len(tied)))))
            start += len(tied)
    return blocks


def majorisation_excess(v: Iterable[Any], g: Iterable[Any]) -> Fraction:
    """How far `v` is from being majorised by `g`: 0 if and only if it is.

    The largest of ``|sum v - sum g|`` and of the excesses of the sum of the k largest entries of `v` over that of `g`.

    Examples
    --------
    >>> majorisation_excess([2, 2], [1, 3]), majorisation_excess([0, 4], [1, 3])
    (Fraction(0, 1), Fraction(1, 1))
    """
    v, g = vector(v), vector(g)
    if len(v) != len(g):
        raise ValueError(f"majorisation_excess: the vectors must share one length, got {len(v)} and {len(g)}")
    excesses = [a - b for a, b in zip(_top_sums(v), _top_sums(g), strict=True)]
    return max([abs(sum(v, Fraction(0)) - sum(g, Fraction(0))), *excesses])


def sort_excess(x: Iterable[Any], y_bar: Iterable[Any], x_bar: Iterable[Any], group_size: int = 2) -> Fraction:
    """0 if and only if `x_bar` is an admissible cotangent of `group_sort` at `x`, given `y_bar`.

    Admissible: on every block of `sort_blocks`, `x_bar` at the input positions is majorised by `y_bar` at the output
    positions. A value without ties is a block of one, where the two must be equal. Otherwise the result is the largest
    `majorisation_excess` of a block, in the unit of the cotangents.

    Raises
    ------
    ValueError
        For vectors of different lengths or a group size that does not divide.

    Examples
    --------
    The tie may go either way or be shared, and 3 can only go to the entry 9:

    >>> sort_excess([9, 4, 4], y_bar=[1, 2, 3], x_bar=[3, 1.5, 1.5], group_size=3)
    Fraction(0, 1)
    >>> sort_excess([9, 4, 4], y_bar=[1, 2, 3], x_bar=[3, 0.5, 2.5], group_size=3)
    Fraction(1, 2)
    """
    x, y_bar, x_bar = vector(x), vector(y_bar), vector(x_bar)
    if not len(x) == len(y_bar) == len(x_bar):
        lengths = f"{len(x)}, {len(y_bar)} and {len(x_bar)}"
        raise ValueError(f"sort_excess: x, y_bar and x_bar must share one length, got {lengths}")
    excesses = [
        majorisation_excess([x_bar[i] for i in inputs], [y_bar[o] for o in outputs])
        for inputs, outputs in sort_blocks(x, group_size)
    ]
    return max(excesses, default=Fraction(0))


def elementwise_interval(name: str, x: Any, y_bar: Any, slope: Any = None) -> Enclosure:
    """The interval of admissible cotangents of an elementwise map at the number `x`: a point where ``x != 0``.

    Parameters
    ----------
    name : "relu", "absolute" or "leaky_relu"
    x, y_bar : number
    slope : number
        Of leaky_relu, and needed there.

    Examples
    --------
    >>> elementwise_interval("absolute", 0, -3)
    Enclosure(lo=Fraction(-3, 1), hi=Fraction(3, 1))
    >>> elementwise_interval("relu", -5, -3)
    Enclosure(lo=Fraction(0, 1), hi=Fraction(0, 1))
    """
    if name not in ("relu", "absolute", "leaky_relu"):
        raise ValueError(f"elementwise_interval: name must be relu, absolute or leaky_relu, got {name!r}")
    left = frac(slope) if name == "leaky_relu" else Fraction(-1 if name == "absolute" else 0)
    right = Fraction(1)
    x, y_bar = frac(x), frac(y_bar)
    slopes = [right] if x > 0 else [left] if x < 0 else [left, right]
    ends = [derivative * y_bar for derivative in slopes]
    return Enclosure(min(ends), max(ends))


def l1_ball_jacobians(v: Iterable[Any], radius: Any = 1, limit: int = 4096) -> list[Matrix]:
    """The limits of Jacobians of `project_l1_ball` at `v`; their hull is the generalised Jacobian.

    One matrix where the projection is differentiable, ``2^t`` outside with t entries at the threshold, ``1 + 3^z`` on
    the sphere with z entries 0.

    Parameters
    ----------
    v : sequence of d numbers
    radius : number
        Positive.
    limit : int
        The largest number of matrices wanted.

    Returns
    -------
    list of d by d matrices
        All symmetric.

    Raises
    ------
    ValueError
        For a radius that is not positive and for more than `limit` matrices.

    Examples
    --------
    On the sphere in one dimension: 1 from inside, 0 from outside.

    >>> [[[str(x) for x in row] for row in j] for j in l1_ball_jacobians([1])]
    [[['1']], [['0']]]
    """
    v, radius = vector(v), positive_radius("l1_ball_jacobians", frac(radius))
    sizes = magnitudes(v)
    norm = sum(sizes, Fraction(0))
    if norm < radius:
        return [identity(len(v))]
    tau = threshold(sizes, radius)  # 0 on the sphere
    signs = [_signs_nearby(x, tau) for x in v]
    on_sphere = norm == radius
    if prod(map(len, signs)) + on_sphere > limit:
        count = f"{'1 + 3' if on_sphere else '2'}^{sum(len(s) > 1 for s in signs)}"
        raise ValueError(f"l1_ball_jacobians: there are {count} Jacobians at v, more than the limit {limit}")
    outside = [_pattern_jacobian(pattern) for pattern in product(*signs)]
    return [identity(len(v)), *outside] if on_sphere else outside


def _signs_nearby(x: Fraction, tau: Fraction) -> list[int]:
    """The signs that an entry of the projection takes at smooth points near `v`, on and outside of the sphere."""
    if abs(x) > tau:
        return [1 if x > 0 else -1]
    if abs(x) < tau:
        return [0]
    return [-1, 0, 1] if tau == 0 else [0, 1 if x > 0 else -1]


def _pattern_jacobian(s: tuple[int, ...]) -> Matrix:
    """``diag(s^2) - s s^T / |s|_0``: of ``s_i (|v_i| - tau)`` with ``tau = (sum of s_i v_i - radius) / |s|_0``."""
    n = sum(map(abs, s))
    return [[Fraction((i == j) * abs(si)) - Fraction(si * sj, n) for j, sj in enumerate(s)] for i, si in enumerate(s)]


def _top_sums(v: Vector) -> Vector:
    """For each k the sum of the k largest entries."""
    return list(accumulate(sorted(v, reverse=True)))
