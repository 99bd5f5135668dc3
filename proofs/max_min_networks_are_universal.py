"""MaxMin networks of norm 1 come within any eps of any 1-Lipschitz function on a box, with an explicit size.

Statement
---------
Let f be 1-Lipschitz in the p-norm, p = 1, 2 or inf, on a cube of side s in R^d, and eps > 0. There is a MaxMin network
with |network - f| <= eps on the cube whose first layer has norm at most 1 from the p-norm to the inf-norm, and whose
other layers select and have inf-norm 1. With n cells along each axis and M affine functions for each of the n^d cells
it has fewer than 8 M n^d units and at most d log2 n + log2 M + 2 layers of MaxMin, rounded up, where p = inf: n =
ceil(s/(2 eps)), M = 2 d;   p = 1: n = ceil(d s/(2 eps)), M = 2^d; p = 2, d > 1: n = ceil(sqrt(d) (3 d - 1) s/(4 d
eps)), M = (2 m + 1)^d - (2 m - 1)^d with m of the order eps^(-1/2).

Our reading
-----------
After Anil et al. (2019), who show density; the construction, by the lower McShane extension on a grid, and its size are
ours. So the size grows as eps^-d for p = 1 and inf, and as eps^(-(3 d - 1)/2) for p = 2. Nothing here is for 2-norms in
all layers, where universality is open.

Argument
--------
Let x_i be the centres of the cells, h the largest distance of a point of the cube from the nearest of them: h = s/(2 n)
for p = inf, d s/(2 n) for p = 1, sqrt(d) s/(2 n) for p = 2. Let c be a maximum of finitely many linear functions u . v
with |u|_p* <= 1, with (1 - r)|v|_p <= c(v) <= |v|_p, and g(x) = max_i (f(x_i) - c(x - x_i)). (1) g(x) >= f(x_i) - h >=
f(x) - 2 h for the nearest x_i. (2) f(x_i) - c(x - x_i) <= f(x_i) - |x - x_i| + r |x - x_i| <= f(x) + r D, D the
diameter of the cube. So g + h - r D/2 is within h + r D/2 of f. (3) For p = inf the vectors +-e_k, for p = 1 the sign
vectors have c = |.| and r = 0: then n as stated makes h <= eps. For p = 2 the integer points on the surface of [-m,
m]^d, scaled to length 1, have r of the order 1/m^2 (each direction is within sqrt(d - 1)/(2 m) of one of them, and 1 -
cos is half the square of the angle); with the share 2 d/(3 d - 1) of eps for h and the rest for r D/2, n is as stated.
(4) g is a maximum over n^d of minima over M affine functions: a tree of MaxMin on n^d M features, with fewer than twice
as many units if both are powers of two, and at most doubled by each of the two roundings up.

Construction
------------
`refsort.constructions.universal`, over the rationals.

What is checked
---------------
In rationals, on the unit cube, for p = 1, 2, inf and d = 1, 2, 3 and one or two eps each, for functions with kinks and
full slope: the norms of all layers, the stated error, the error at all points of a grid with five points an axis, three
for d = 3, and the units and the depth against the bounds. That the units are as `universal_size` says, and its growth.

What is not shown
-----------------
By the check: other functions, and the error between the points of the grid; these rest on the argument. By either: that
fewer units do not suffice.

Uses
----
- `mcshane_whitney_extensions`
- `maximum_needs_logarithmic_depth`
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import product
from typing import Any

from proofs.certificate import Certificate, refusal, require
from proofs.networks import INF, evaluate, norms, rational
from refsort import constructions

GRADE = "EXACT"
Vector = list[Fraction]
Function = Callable[[Vector], Fraction]

SIXTH = Fraction(1, 6)


def _zigzag(x: Vector) -> Fraction:
    """Slope 1 in the first coordinate, with kinks: 1-Lipschitz in every p-norm."""
    return abs(abs(x[0] - Fraction(1, 2)) - SIXTH)


def _largest(x: Vector) -> Fraction:
    """max(x_1, 1 - x_d): 1-Lipschitz in every p-norm."""
    return max(x[0], 1 - x[-1])


def _slanted(x: Vector) -> Fraction:
    """|3 x_1 - 4 x_2|/5, or what is left of it: a gradient of 2-norm 1, and of l1-norm above 1."""
    return abs(3 * x[0] - 4 * x[1]) * Fraction(1, 5)


def _spread(x: Vector) -> Fraction:
    """|x - c|_1: 1-Lipschitz in the 1-norm alone."""
    return sum((abs(v - Fraction(1, 3)) for v in x), Fraction(0))


CASES: list[tuple[Any, int, Fraction, Function]] = [
    (INF, 1, Fraction(1, 16), _zigzag),
    (INF, 2, Fraction(1, 4), _largest),
    (INF, 2, Fraction(1, 8), _zigzag),
    (INF, 3, Fraction(1, 4), _largest),
    (1, 2, Fraction(1, 4), _spread),
    (1, 3, Fraction(3, 4), _largest),
    (2, 2, Fraction(1, 4), _slanted),
    (2, 3, Fraction(1), _slanted),
]


def construct(p: Any, d: int, eps: Fraction, f: Function) -> Any:
    """The network for f on the unit cube, over the rationals, with its error."""
    box = [[Fraction(0), Fraction(1)]] * d
    return constructions.universal(lambda points: _mapped(f, points), box, eps, p)


def verify() -> Certificate:
    """Check norms, error and size of each case."""
    lines, points = [], 0
    for p, d, eps, f in CASES:
        network, params, error = construct(p, d, eps, f)
        name = f"p = {p}, d = {d}, eps = {eps}"
        first, *rest = norms(network, rational(params), p, INF)
        require(first.hi <= 1 and all(norm.hi == 1 for norm in rest), f"{name}: norms {first}, {rest}")
        require(error <= eps, f"{name}: the stated error is {error}")
        steps = 4 if d < 3 else 2
        for x in product([Fraction(i, steps) for i in range(steps + 1)], repeat=d):
            found = evaluate(network, params, list(x))[0]
            require(abs(found - f(list(x))) <= error, f"{name}: {found} at {x}, where f is {f(list(x))}")
            points += 1
        lines.append(_check_size(network, p, d, eps, name))
    growth = {eps: constructions.universal_size(_cube(2), Fraction(1, eps), INF).units for eps in (8, 16, 32, 64)}
    require(all(growth[2 * eps] <= 4 * growth[eps] + 3 for eps in (8, 16, 32)), f"{growth}")
    return Certificate(
        GRADE,
        (
            f"{len(CASES)} networks are within eps at {points} points, with norms at most 1; {'; '.join(lines)}",
            "p = inf, d = 2: " + ", ".join(f"{units} units for eps = 1/{eps}" for eps, units in growth.items()),
        ),
        f"p = inf, d = 2, eps = 1/4: widths {[layer.d_out for layer in construct(*CASES[1])[0].layers]}",
    )


def sabotage() -> dict[str, str]:
    """Each hypothesis dropped, with what then fails."""
    p, d, eps, f = CASES[1]
    network, params, _ = construct(p, d, eps, f)
    outside = [Fraction(5), Fraction(5)]
    beyond = abs(evaluate(network, rational(params), outside)[0] - f(outside))
    require(beyond > eps, f"{beyond}")
    refused = refusal(lambda: construct(INF, 2, Fraction(1, 4), lambda x: 2 * x[0]))
    steep = refusal(lambda: construct(INF, 2, Fraction(1, 4), _spread))
    coarse = construct(p, d, 2 * eps, f)
    worst = max(abs(evaluate(coarse[0], coarse[1], list(x))[0] - f(list(x))) for x in _corners(d))
    require(worst > eps, f"{worst}")
    return {
        "the cube": f"at (5, 5) the network for the unit cube is {beyond} away from f, and eps is {eps}",
        "f is 1-Lipschitz": f"2 x_1 is refused: {refused}",
        "in the p-norm": f"|x - c|_1 for p = inf is refused: {steep}",
        "so many cells": f"the network for eps = {2 * eps} is {worst} away from f at a corner, more than {eps}",
    }


def _check_size(network: Any, p: Any, d: int, eps: Fraction, name: str) -> str:
    """Against the bounds of the statement; for p = 2 with the m that was chosen."""
    size = constructions.universal_size(_cube(d), eps, p)
    units = sum(layer.d_out for layer in network.layers)
    depth = sum(type(layer.activation).__name__ == "GroupSort" for layer in network.layers)
    n, pieces = size.cells[0], size.directions
    require(units == size.units and depth == size.depth, f"{name}: {units} units, depth {depth}, announced {size}")
    require(units < 8 * pieces * n**d, f"{name}: {units} units for n = {n}, M = {pieces}")
    require(2**depth <= 4 * pieces * n**d, f"{name}: depth {depth} for n = {n}, M = {pieces}")
    if p == 2:
        bound = d * ((3 * d - 1) * Fraction(1, 4 * d * eps)) ** 2  # n^2, before it is rounded up
        require((n - 1) ** 2 < bound and pieces == (2 * size.m + 1) ** d - (2 * size.m - 1) ** d, f"{name}: {size}")
    else:
        stated = (Fraction(d if p == 1 else 1, 2 * eps)).__ceil__()
        require((n, pieces) == (stated, 2**d if p == 1 else 2 * d), f"{name}: n = {n}, M = {pieces}")
    return f"{name}: {units}"


def _mapped(f: Function, points: Any) -> Any:
    values = points[:, 0].copy()
    for i, x in enumerate(points.tolist()):
        values[i] = f(x)
    return values


def _cube(d: int) -> list[list[Fraction]]:
    return [[Fraction(0), Fraction(1)] for _ in range(d)]


def _corners(d: int) -> list[tuple[Fraction, ...]]:
    return list(product((Fraction(0), Fraction(1)), repeat=d))
