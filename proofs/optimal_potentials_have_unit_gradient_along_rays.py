"""An optimal potential falls with slope 1 along every transport ray, and its gradient has dual norm 1 there.

Statement
---------
Let d(x, z) = |x - z| for a norm of R^k, m an optimal plan from P to Q, finite supports, and f: R^k -> R an optimal
potential: 1-Lipschitz, with sum p_i f(x_i) - sum q_j f(z_j) = W_1. Let mass be moved from x to z, x != z, and let y = x
+ t (z - x), 0 <= t <= 1. (1) f(y) = f(x) - t |x - z|. (2) If f is differentiable at y and 0 < t < 1, its gradient g has
g . (x - z) = |x - z| and dual norm |g|_* = 1. (3) For the 2-norm g = (x - z)/|x - z|_2. (4) The networks of
`kantorovich_rubinstein_duality` for the l1- and the linf-distance have a gradient of dual norm 1 wherever they have
one, on the rays and off them.

Our reading
-----------
The segments are called transport rays. After Gulrajani et al. (2017), who derive their gradient penalty from (3), and
Anil et al. (2019), who take it as the reason to keep gradient norms.

Argument
--------
(1) By `kantorovich_rubinstein_duality` f(x) - f(z) = |x - z|. As f is 1-Lipschitz, f(x) - f(y) <= t |x - z| and f(y) -
f(z) <= (1 - t)|x - z|. The sum of the two left sides is the sum of the right ones, so both are equalities. (2) By (1)
the derivative of f at y in the direction x - z is |x - z|, so |g|_* >= 1; and g . v <= |v| for every v, as f is
1-Lipschitz: |g|_* <= 1. (3) With u = (x - z)/|x - z|_2: |g - u|^2 = |g|^2 - 2 g . u + 1 <= 1 - 2 + 1 = 0. (4) They are
maxima of minima of affine functions whose gradients are sign vectors times unit vectors, +-e_k, or sign vectors, all of
dual norm 1; where such a function has a gradient, it is one of these.

Construction
------------
The plans, potentials and networks of `kantorovich_rubinstein_duality`, four points of equal mass on each side; for (3)
the potential itself.

What is checked
---------------
In rationals, for every pair between which mass is moved: (1) on the network at five points of the segment; (2) and (4)
by dual numbers at seven points inside the segment and at 25 points of the plane, where no comparison in the network is
a tie. (3) for f(y) = max over i of phi_i - |y - x_i|_2: at points of the rays the largest term is that of x alone, and
its gradient is by (3).

What is not shown
-----------------
By the check: other measures. By either: that a trained network has this gradient, or anything on gradients off the rays
for optimal potentials in general.

Uses
----
- `kantorovich_rubinstein_duality`
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from typing import Any

from proofs.certificate import Certificate, require
from proofs.kantorovich_rubinstein_duality import METRICS, PROBLEMS, Problem, Solution
from proofs.kantorovich_rubinstein_duality import construct as solved
from proofs.mcshane_whitney_extensions import Vector, chebyshev
from proofs.networks import INF, evaluate
from proofs.transport import first_plan
from refsort import constructions, spec

GRADE = "EXACT"
PROBLEM = Problem(
    "scattered",
    [[Fraction(a), Fraction(b)] for a, b in ((0, 0), (3, 1), (-2, 3), (1, -4))],
    [Fraction(1, 4)] * 4,
    [[Fraction(a), Fraction(b)] for a, b in ((1, 6), (-3, -2), (5, -3), (-6, 1))],
    [Fraction(1, 4)] * 4,
)
QUARTERS = [Fraction(i, 4) for i in range(5)]
INSIDE = [Fraction(n, 101) for n in (3, 17, 31, 48, 64, 82, 97)]
PLANE = [
    [Fraction(a, 3) + Fraction(1, 97), Fraction(b, 3) + Fraction(1, 61)] for a, b in product(range(-2, 3), repeat=2)
]
DUAL = {1: lambda g: max(map(abs, g)), INF: lambda g: sum(map(abs, g))}  # by the exponent of the metric's norm


def construct(metric: str) -> Solution:
    """An optimal plan and an optimal potential as a network."""
    return solved(PROBLEMS[0] if metric == "l2" else PROBLEM, metric)


def verify() -> Certificate:
    """Check (1), (2) and (4) on networks for two metrics, and (3) where the distances are rational."""
    total = {"rays": 0, "inside": 0, "plane": 0}
    for metric in ("linf", "l1"):
        counts = dict.fromkeys(total, 0)
        distance, p = METRICS[metric]
        found = construct(metric)
        for x, z in rays(found.plan):
            length, start = distance(x, z), value(found, x)
            for t in QUARTERS:
                there = value(found, between(x, z, t))
                require(there == start - t * length, f"{metric}: (1): {there} at t = {t} from {x} to {z}")
            for t in INSIDE:
                g = gradient(found, between(x, z, t))
                if g:
                    fall = sum(a * (b - c) for a, b, c in zip(g, x, z, strict=True))
                    require(
                        fall == length and DUAL[p](g) == 1, f"{metric}: (2): the gradient {g} at t = {t}, {x} to {z}"
                    )
                    counts["inside"] += 1
            counts["rays"] += 1
        for y in PLANE:
            g = gradient(found, y)
            require(not g or DUAL[p](g) == 1, f"{metric}: (4): the gradient {g} at {y}")
            counts["plane"] += bool(g)
        require(counts["inside"] and counts["plane"] >= len(PLANE) // 2, f"{metric}: too many ties: {counts}")
        total = {what: n + counts[what] for what, n in total.items()}
    return Certificate(
        GRADE,
        (
            f"(1): on {total['rays']} rays, two metrics, the network falls with slope 1",
            f"(2), (4): gradients at {total['inside']} points of rays and {total['plane']} of the plane have norm 1",
            f"(3): at {_check_euclidean()} points of rays the gradient is (x - z)/|x - z|",
        ),
        f"linf: from {_text(x)} to {_text(z)} f is {value(found, x)} and {value(found, z)}",
    )


def sabotage() -> dict[str, str]:
    """Each hypothesis dropped, with what then fails."""
    found = construct("linf")
    careless = rays(first_plan(PROBLEM.p, PROBLEM.q))
    falls = [(chebyshev(x, z), value(found, x) - value(found, z)) for x, z in careless]
    length, fall = next(pair for pair in falls if pair[0] > pair[1])
    poor, params = constructions.optimal_potential(PROBLEM.sources, [0 * v for v in found.at_sources], "linf")
    flat = found._replace(network=poor, params=params)
    slopes = [(chebyshev(x, z), value(flat, x) - value(flat, z)) for x, z in rays(found.plan)]
    slow = next(pair for pair in slopes if pair[0] > pair[1])
    # P at 0, Q at 3 on the line: the mean of -|y| and |y - 3| - 3 is optimal too, and constant beyond 3
    mean = [(-abs(y) + abs(y - 3) - 3) * Fraction(1, 2) for y in (0, 3, 4, 5)]
    require(mean[0] - mean[1] == 3 and mean[2] == mean[3], f"{mean}")
    # P at (0, 0), Q at (-1, -1) with the linf-distance: x and y are optimal, both fall by 1
    ends = [[Fraction(0)] * 2, [Fraction(-1)] * 2]
    falling = [ends[0][k] - ends[1][k] for k in (0, 1)]
    require(falling == [chebyshev(*ends)] * 2, f"{falling}")
    x, z = next(iter(rays(found.plan)))
    bent = [between(x, z, Fraction(1, 2))[0] + 1, between(x, z, Fraction(1, 2))[1] + 1]
    beside = value(found, x) - value(found, bent)
    require(beside != chebyshev(x, z) * Fraction(1, 2), f"{beside}")
    return {
        "an optimal plan": f"along a move of another plan, of length {length}, f falls by {fall}",
        "an optimal f": f"the network for phi = 0 falls by {slow[1]} along a ray of length {slow[0]}",
        "on the segment": f"at the middle of a ray moved by (1, 1) f has fallen by {beside}, and half of the ray is "
        f"{chebyshev(x, z) * Fraction(1, 2)} long",
        "on the rays, for (2)": f"P at 0, Q at 3: the mean of -|y| and |y - 3| - 3 is optimal, and {mean[2]} at 4 and "
        "at 5: its gradient is 0 there",
        "the 2-norm, for (3)": f"linf, P at (0, 0), Q at (-1, -1): x_1 and x_2 are optimal, as they fall by "
        f"{falling[0]} and {falling[1]}, and their gradients are (1, 0) and (0, 1)",
    }


def rays(plan: Any, problem: Problem = PROBLEM) -> Iterator[tuple[Vector, Vector]]:
    """The pairs (x, z), x != z, between which mass is moved."""
    for x, row in zip(problem.sources, plan, strict=True):
        yield from ((x, z) for z, mass in zip(problem.targets, row, strict=True) if mass and x != z)


def between(x: Vector, z: Vector, t: Fraction) -> Vector:
    """x + t (z - x)."""
    return [a + t * (b - a) for a, b in zip(x, z, strict=True)]


def value(found: Solution, y: Vector) -> Fraction:
    """The network at y."""
    return evaluate(found.network, found.params, y)[0]


def gradient(found: Solution, y: Vector) -> Vector:
    """By dual numbers, along both axes; empty where a comparison is a tie."""
    axes = ([Fraction(1), Fraction(0)], [Fraction(0), Fraction(1)])
    try:
        return [spec.derivative(lambda v: evaluate(found.network, found.params, v)[0], y, axis) for axis in axes]
    except spec.KinkError:
        return []


def _check_euclidean() -> int:
    """(3) as the first-order expansion of f at points of the rays; |y - x| has second derivatives up to 1/|y - x|."""
    found, points = construct("l2"), 0  # where the distances are rational
    terms = list(zip(PROBLEMS[0].sources, found.at_sources, strict=True))
    for x, z in rays(found.plan, PROBLEMS[0]):
        length = METRICS["l2"][0](x, z)
        g = [(a - b) * Fraction(1, length) for a, b in zip(x, z, strict=True)]
        phi = next(v for p, v in terms if p == x)
        for t in INSIDE[2:5]:
            y = between(x, z, t)
            others = [v - _distance(y, p).lo for p, v in terms if p != x]
            require(max(others) < phi - t * length, f"(3): another term than that of {x} is largest at t = {t}")
            for step in ([1, 0], [0, 1], [-1, 0], [0, -1]):
                h = [Fraction(s, 1000) for s in step]
                moved = [a + b for a, b in zip(y, h, strict=True)]
                highest = max(v - _distance(moved, p).lo for p, v in terms)
                lowest = max(v - _distance(moved, p).hi for p, v in terms)
                expected = phi - t * length + sum(a * b for a, b in zip(g, h, strict=True))
                allowed = Fraction(1, 10**6) * Fraction(1, t * length)  # |h|^2/(2 |y - x|), doubled as y moves
                require(
                    expected - allowed <= lowest and highest <= expected + allowed,
                    f"(3): at t = {t} from {x} to {z} the gradient is not {g}",
                )
            points += 1
    return points


def _distance(x: Vector, y: Vector) -> spec.Enclosure:
    return spec.sqrt_enclosure(sum((a - b) ** 2 for a, b in zip(x, y, strict=True)))


def _text(v: Vector) -> str:
    return f"({', '.join(map(str, v))})"
