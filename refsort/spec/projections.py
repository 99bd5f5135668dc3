"""Projections: the nearest point, in the 2-norm, of a simplex or of an l1, l2 or linf ball.

    project(v) = argmin over x in C of |x - v|_2^2.

C is closed and convex, so there is exactly one such point. A point of C is its own projection: balls leave their
interior alone. Rows of a weight on the l1 ball give the operator norm ||W||_inf <= radius of Anil et al. (2019).

The simplex and the l1 ball are computed from their optimality (KKT) conditions: every possible number of non-zero
entries is tried, and the one whose threshold satisfies the conditions is taken. Dual numbers may be passed where a
result is rational; they are refused exactly where the projection has no derivative.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from refsort.spec.dual import scalar, value_of
from refsort.spec.exact import Enclosure, Vector, dot, frac, sqrt_enclosure, vector

_ZERO = Fraction(0)


def project_simplex(v: Iterable[Any], radius: Any = 1) -> Vector:
    """The point of ``{x : x_i >= 0, sum x_i = radius}`` nearest to `v`: ``x_i = max(v_i - tau, 0)``.

    `tau` is the multiplier of the sum constraint. The map is differentiable where no ``v_i`` equals `tau`.

    Raises
    ------
    ValueError
        For an empty `v` (its simplex is empty) and a radius that is not positive.

    Examples
    --------
    >>> [str(x) for x in project_simplex([1, 0.5, -3])]
    ['3/4', '1/4', '0']
    """
    v, radius = vector(v, scalar), positive_radius("project_simplex", radius)
    if not v:
        raise ValueError("project_simplex: v has no entries, and no empty sum equals the radius")
    tau = threshold(v, radius)
    return [max(x - tau, _ZERO) for x in v]


def threshold(v: Vector, radius: Fraction) -> Fraction:
    """The one number tau with ``sum max(v_i - tau, 0) = radius``, for non-empty `v` and positive radius.

    If the k largest entries are those above tau, then tau = (their sum - radius) / k. So each k is tried, and the
    right one is recognised by ``v_(k) > tau >= v_(k+1)``.
    """
    top = sorted(v, key=value_of, reverse=True)  # no k inside a block of ties can pass: their order is of no account
    for k in range(1, len(top) + 1):
        tau = (sum(top[:k], _ZERO) - radius) / k
        if top[k - 1] > tau and (k == len(top) or tau >= top[k]):
            return tau
    raise AssertionError(f"no support size fits v = {v}, radius = {radius}")  # the sum above takes every value >= 0


def project_l1_ball(v: Iterable[Any], radius: Any = 1) -> Vector:
    """The point of ``{x : sum |x_i| <= radius}`` nearest to `v`.

    `v` itself inside; else every entry moves towards 0 by tau, or to 0: ``x_i = sign(v_i) max(|v_i| - tau, 0)``. The
    map has no derivative where `v` lies on the sphere and where a ``|v_i|`` equals tau; see `l1_ball_jacobians`.

    Raises
    ------
    ValueError
        For a radius that is not positive.

    Examples
    --------
    >>> [str(x) for x in project_l1_ball([1, -0.5, 0.125])]
    ['3/4', '-1/4', '0']
    """
    v, radius = vector(v, scalar), positive_radius("project_l1_ball", radius)
    sizes = magnitudes(v)
    if sum(sizes, _ZERO) <= radius:
        return v
    tau = threshold(sizes, radius)
    return [x - tau if x > tau else x + tau if x < -tau else _ZERO for x in v]


def project_l2_ball(v: Iterable[Any], radius: Any = 1, bits: int = 128) -> list[Enclosure]:
    """The point of ``{x : sum x_i^2 <= radius^2}`` nearest to `v`: `v` itself inside, else ``radius v / |v|_2``.

    Returns
    -------
    list of Enclosure
        ``x_i = sign(v_i) sqrt(radius^2 v_i^2 / |v|^2)``, of relative width at most ``2**-bits``; exact where rational.

    Raises
    ------
    ValueError
        For a radius that is not positive.
    TypeError
        For dual numbers: the derivative is not rational either.

    Examples
    --------
    >>> [str(x.lo) for x in project_l2_ball([3, -4], radius=2)]
    ['6/5', '-8/5']
    """
    v, radius = vector(v), positive_radius("project_l2_ball", frac(radius))
    squared = dot(v, v)
    if squared <= radius * radius:
        return [Enclosure(x, x) for x in v]
    roots = [sqrt_enclosure(radius * radius * x * x / squared, bits) for x in v]
    return [root if x >= 0 else Enclosure(-root.hi, -root.lo) for x, root in zip(v, roots, strict=True)]


def project_linf_ball(v: Iterable[Any], radius: Any = 1) -> Vector:
    """The point of ``{x : |x_i| <= radius}`` nearest to `v`: each entry is clipped.

    No derivative exists where a ``|v_i|`` equals the radius.

    Raises
    ------
    ValueError
        For a radius that is not positive.

    Examples
    --------
    >>> [str(x) for x in project_linf_ball([3, -0.5, -7])]
    ['1', '-1/2', '-1']
    """
    v, radius = vector(v, scalar), positive_radius("project_linf_ball", radius)
    return [radius if x > radius else -radius if x < -radius else x for x in v]


def magnitudes(v: Vector) -> Vector:
    """``|v_i|``; the sign taken at 0 is of no account, as an entry 0 is never above a positive threshold."""
    return [-x if value_of(x) < 0 else x for x in v]


def positive_radius(op: str, radius: Any) -> Any:
    """`radius` as an exact number, or a ValueError unless it is positive."""
    radius = scalar(radius)
    if value_of(radius) <= 0:
        raise ValueError(f"{op}: the radius must be positive, got {value_of(radius)}")
    return radius
