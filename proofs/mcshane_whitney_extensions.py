"""The McShane-Whitney extensions enclose every Lipschitz function through given values, and are MaxMin networks.

Statement
---------
Let d be a metric on X, x_1, ..., x_n points of X with values y_i, L > 0, and lower(x) = max_i (y_i - L d(x, x_i)),
upper(x) = min_i (y_i + L d(x, x_i)). (1) Both are L-Lipschitz. (2) They meet the values if and only if |y_i - y_j| <= L
d(x_i, x_j) for all i, j. (3) Then every L-Lipschitz f that meets the values lies between them. (4) If each point of X
is within h of some x_i, then upper - lower <= 2 L h: each is within 2 L h of f, and their mean is within L h; both
constants are attained. (5) If d is the l1- or linf-distance of R^m, both extensions and their mean are MaxMin networks,
exactly and everywhere, of norm L from that norm to the inf-norm in the first layer and 1 after it.

Our reading
-----------
McShane (1934) and Whitney (1934) for (1) to (3). (5) is the step from which universality with an explicit size follows.

Argument
--------
(1) Each y_i - L d(x, x_i) is L-Lipschitz by the triangle inequality, and the maximum of L-Lipschitz functions is, since
|max u_i - max v_i| <= max |u_i - v_i|. (2) lower(x_j) >= y_j always, by the term i = j, with equality if and only if
y_i - L d(x_j, x_i) <= y_j for all i. (3) f(x) >= f(x_i) - L d(x, x_i) = y_i - L d(x, x_i) for each i. (4) With x_i
within h of x: lower(x) >= y_i - L h and upper(x) <= y_i + L h. On the line, with values 0 at 0 and at 2 h, upper and
lower are L h and -L h at h, and upper itself is such an f. (5) -|v|_inf = min over +-e_k of u . v, and -|v|_1 is the
minimum over all sign vectors. So lower is a maximum of minima of affine functions, whose gradients L u have dual norm
L: a tree of MaxMin with weights that select.

Construction
------------
`refsort.constructions.mcshane`, over the rationals.

What is checked
---------------
In rationals, for 5 points of the plane with values that L = 1 and L = 3/2 allow, both metrics: (5) the three networks
against the formulas at 49 points, and the norms of their layers; (1) for all pairs of these points; (2); (3) for the
extensions through one more value, at 10 further points and with three values between lower and upper each; (4) at all
of them, and the example where it is attained.

What is not shown
-----------------
By the check: other data. By either: anything for the l2-distance, whose cone is no maximum of finitely many affine
functions; `refsort.constructions.mcshane` comes within a stated eps of it.

Uses
----
Nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import combinations, product
from typing import Any

from proofs.certificate import Certificate, require
from proofs.networks import INF, evaluate, norms, rational
from refsort import constructions

GRADE = "EXACT"
Vector = list[Fraction]
Metric = Callable[[Vector, Vector], Fraction]

POINTS = [[Fraction(a), Fraction(b)] for a, b in ((0, 0), (2, 1), (-1, 2), (1, -2), (3, -3))]
VALUES = [Fraction(v) for v in (0, 1, Fraction(-3, 2), Fraction(1, 2), 0)]
GRID = [[Fraction(a), Fraction(b)] for a, b in product(range(-3, 4), repeat=2)]


def chebyshev(x: Vector, y: Vector) -> Fraction:
    """The linf-distance."""
    return max(abs(a - b) for a, b in zip(x, y, strict=True))


def manhattan(x: Vector, y: Vector) -> Fraction:
    """The l1-distance."""
    return sum((abs(a - b) for a, b in zip(x, y, strict=True)), Fraction(0))


METRICS: dict[str, tuple[Metric, Any]] = {"linf": (chebyshev, INF), "l1": (manhattan, 1)}


def construct(metric: str, steepness: Fraction, kind: str) -> tuple[Any, Any]:
    """The extension of the five values as a network."""
    network, params = constructions.mcshane(POINTS, VALUES, metric, steepness, kind)
    return network, rational(params)


def verify() -> Certificate:
    """Check the networks against the formulas, and the formulas against (1) to (4)."""
    compared = 0
    for (name, (distance, p)), steepness in product(METRICS.items(), (Fraction(1), Fraction(3, 2))):
        lower, upper = extensions(POINTS, VALUES, distance, steepness)
        formulas = {"lower": lower, "upper": upper, "midpoint": lambda x, a=lower, b=upper: _mean(a(x), b(x))}
        for kind, formula in formulas.items():
            network, params = construct(name, steepness, kind)
            first, *rest = norms(network, params, p, INF)
            require(first.hi == steepness and all(norm.hi == 1 for norm in rest), f"{name}, {kind}: {first}, {rest}")
            for x in GRID:
                found = evaluate(network, params, x)
                require(found == [formula(x)], f"{name}, {kind}: {found} at {x}, where {formula(x)} is due")
                compared += 1
        _check_bounds(lower, upper, distance, steepness, name)
    h = Fraction(5, 3)
    lower, upper = extensions([[Fraction(0)], [2 * h]], [Fraction(0)] * 2, chebyshev, Fraction(2))
    require(upper([h]) - lower([h]) == 4 * h, "2 L h is not attained")
    return Certificate(
        GRADE,
        (
            f"(5): networks and formulas agree {compared} times, for two metrics, two L and three kinds",
            f"(1) to (4): on {len(GRID)} points and all their pairs; 2 L h is attained between two points",
        ),
        f"lower, linf, L = 1: depth {len(construct('linf', Fraction(1), 'lower')[0].layers) - 1}, "
        f"widths {[layer.d_out for layer in construct('linf', Fraction(1), 'lower')[0].layers]}",
    )


def sabotage() -> dict[str, str]:
    """Each hypothesis dropped, with what then fails."""
    steep = [Fraction(0), Fraction(5)]
    lower, _ = extensions([[Fraction(0)], [Fraction(1)]], steep, chebyshev, Fraction(1))
    missed = lower([Fraction(0)])
    require(missed != 0, f"{missed}")

    def squared(x: Vector, y: Vector) -> Fraction:
        return sum(((a - b) ** 2 for a, b in zip(x, y, strict=True)), Fraction(0))

    bent, _ = extensions([[Fraction(0)]], [Fraction(0)], squared, Fraction(1))
    x, y = [Fraction(1)], [Fraction(2)]
    require(abs(bent(x) - bent(y)) > squared(x, y), "the square is a metric")
    low, high = extensions(POINTS, VALUES, chebyshev, Fraction(1))
    far = [Fraction(9), Fraction(9)]
    near = min(chebyshev(far, point) for point in POINTS)
    require(high(far) - low(far) > 2, f"{high(far) - low(far)} at {near}")
    left = [Fraction(-3), Fraction(0)]
    beyond, allowed = 2 * chebyshev(POINTS[0], left), high(left)
    require(beyond > allowed, f"{beyond} and {allowed}")
    return {
        "values that L allows": f"0 at 0 and 5 at 1 with L = 1: lower is {missed} at 0",
        "the triangle inequality": f"with |x - y|^2 for d, one value 0 at 0: lower moves by "
        f"{abs(bent(x) - bent(y))} between 1 and 2, and d is {squared(x, y)}",
        "a point within h": f"at (9, 9), {near} away from every point, upper - lower is {high(far) - low(far)}, not 2",
        "f is L-Lipschitz": f"2 |x|_inf, through the first value, is {beyond} at (-3, 0), above upper, {allowed}",
    }


def extensions(
    points: Sequence[Vector], values: Sequence[Fraction], distance: Metric, steepness: Fraction
) -> tuple[Callable[[Vector], Fraction], Callable[[Vector], Fraction]]:
    """lower and upper, as they are defined."""
    pairs = list(zip(points, values, strict=True))
    return (
        lambda x: max(y - steepness * distance(x, point) for point, y in pairs),
        lambda x: min(y + steepness * distance(x, point) for point, y in pairs),
    )


def _check_bounds(lower: Any, upper: Any, distance: Metric, steepness: Fraction, name: str) -> None:
    low, high = [lower(x) for x in GRID], [upper(x) for x in GRID]
    reach = [min(distance(x, point) for point in POINTS) for x in GRID]
    for point, y in zip(POINTS, VALUES, strict=True):
        require(lower(point) == upper(point) == y, f"{name}: (2) fails at {point}")
    for i, j in combinations(range(len(GRID)), 2):
        allowed = steepness * distance(GRID[i], GRID[j])
        require(abs(low[i] - low[j]) <= allowed and abs(high[i] - high[j]) <= allowed, f"{name}: (1) at {GRID[i]}")
    for a, b, h in zip(low, high, reach, strict=True):
        require(a <= b <= a + 2 * steepness * h, f"{name}: (4): {a} and {b}, {h} away from the points")
    for z, share in product(GRID[::5], (Fraction(0), Fraction(1, 3), Fraction(1))):  # other f: through one more value
        t = lower(z) + share * (upper(z) - lower(z))
        for f in extensions([*POINTS, z], [*VALUES, t], distance, steepness):
            require(f(z) == t, f"{name}: {t} at {z} is allowed, and f is {f(z)} there")
            inside = all(a <= f(x) <= b for x, a, b in zip(GRID, low, high, strict=True))
            require(inside, f"{name}: (3): the extension through {t} at {z} leaves the enclosure")


def _mean(a: Fraction, b: Fraction) -> Fraction:
    return (a + b) * Fraction(1, 2)
