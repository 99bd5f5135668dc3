"""MaxMin networks of inf-norm 1 are closed under maximum and minimum, and such families are dense in C_1.

Statement
---------
(1) Let f, g: R^d -> R be MaxMin networks whose first layer has norm at most 1 from the p-norm to the inf-norm and whose
other layers have inf-norm at most 1. Then max(f, g) and min(f, g) are such networks. (2) Let (X, d) be a compact metric
space with at least two points and A a family of 1-Lipschitz functions on X that is closed under max and min, and such
that for any x != y in X and any a, b with |a - b| <= d(x, y) some u in A has u(x) = a and u(y) = b. Then every
1-Lipschitz function on X is a uniform limit of functions of A. On a finite X it is in A itself.

Our reading
-----------
(2) is the restricted Stone-Weierstrass theorem of Anil et al. (2019), as remembered. Its proof for a finite X is a
formula with |X|^2 functions; the general one cuts it down to a finite cover.

Argument
--------
(1) Give both networks the same depth: a feature that waits goes as a pair (z, z), which MaxMin leaves alone, and is
selected again; this has inf-norm 1. Put the weights in blocks: rows are unchanged, and the inf-norm is that of the
largest row. At the end MaxMin of (f, g) is (min, max), and a row selects one. The first layers stand below each other.
(2) Let f be 1-Lipschitz and eps > 0. For all x, y choose u_xy in A with the values f(x) and f(y) there (for x = y any
function with the value f(x)). Fix x. Near y, u_xy > f - eps; finitely many of these neighbourhoods cover X, and the
maximum v_x of their functions is in A, has v_x(x) = f(x), and v_x > f - eps on X. Near x, v_x < f + eps; finitely many
of these cover X, and the minimum of their v_x is in A and within eps of f. If X is finite, max over all y and then min
over all x is f itself: v_x >= f and v_x(x) = f(x).

Construction
------------
For (1) the depth of two networks made equal and put side by side, here, on the parameters. For (2) X of six points of
the plane, u_xy the affine functions of one coordinate through two values: they are networks with one layer.

What is checked
---------------
In rationals: (1) for two networks of depths 1 and 2 from `refsort.constructions.piecewise_linear`, p = 1 and inf: the
norms, and the values at 49 points. (2) for a 1-Lipschitz function on six points with the linf-distance: all u_xy are
1-Lipschitz and take the two values, and the minimum of maxima is f at every point.

What is not shown
-----------------
By the check: the compactness argument, which has no finite form. By either: (1) for p = 2 in all layers.

Uses
----
- `piecewise_linear_functions_are_max_min_networks`
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import product
from typing import Any

from proofs.certificate import Certificate, require
from proofs.layers import Layer, Vector, layer, text, value
from proofs.networks import INF, evaluate, rational
from refsort import constructions, spec

GRADE = "EXACT"
Network = tuple[Any, Any]

HALF = Fraction(1, 2)
GRID = [[Fraction(a), Fraction(b)] for a, b in product(range(-3, 4), repeat=2)]
POINTS = [[Fraction(a), Fraction(b)] for a, b in ((0, 0), (2, 0), (0, 3), (-1, -2), (3, 3), (1, -1))]
VALUES = [Fraction(v) for v in (0, 2, -1, 1, Fraction(1, 2), 1)]


def construct() -> tuple[Network, Network]:
    """Networks for min(x, 1 - y) and for max(min(x, y), min(-x, 2)), over the rationals."""
    one, zero = Fraction(1), Fraction(0)
    shallow = constructions.piecewise_linear([[[one, zero], [zero, -one]]], [[zero, one]])
    deep = constructions.piecewise_linear(
        [[[one, zero], [zero, one]], [[-one, zero], [zero, zero]]], [[zero, zero], [zero, Fraction(2)]]
    )
    return shallow, deep


def verify() -> Certificate:
    """Check (1) for the constructed networks, and (2) on six points."""
    networks = [plain(*network) for network in construct()]
    require(len({len(layers) for layers in networks}) == 2, "the depths are equal already")
    for name, choose, row in (("max", max, [0, 1]), ("min", min, [1, 0])):
        joined = side_by_side(*networks, row)
        for p in (1, INF):
            sizes = [spec.operator_norm(w, p if i == 0 else INF, INF).hi for i, (w, _) in enumerate(joined)]
            require(max(sizes) <= 1, f"{name}: norms {sizes} for p = {p}")
        for x in GRID:
            both = [evaluate(*network, x)[0] for network in construct()]
            found = value(joined, spec.max_min, x)
            require(found == [choose(both)], f"{name}: {found} at {x}, where {choose(both)} is due")
    n = len(POINTS)
    through = {(i, j): _through(i, j) for i, j in product(range(n), repeat=2)}
    for (i, j), u in through.items():
        rows, (constant,) = u
        require(sum(map(abs, rows[0])) <= 1, f"u through {i}, {j} is not 1-Lipschitz")
        ends = [spec.affine(POINTS[k], rows, [constant])[0] for k in (i, j)]
        require(ends == [VALUES[i], VALUES[j]], f"u through {i}, {j} has the values {ends}")
    found = [min(max(_at(through[i, j], x) for j in range(n)) for i in range(n)) for x in POINTS]
    require(found == VALUES, f"min max is {found}")
    return Certificate(
        GRADE,
        (
            f"(1): max and min of two networks of different depth are networks, at {len(GRID)} points, norms at most 1",
            f"(2): on {n} points the minimum of maxima of {n * n} functions is f",
        ),
        f"max(f, g): {text(side_by_side(*networks, [0, 1]))}",
    )


def sabotage() -> dict[str, str]:
    """Each hypothesis dropped, with what then fails."""
    stacked = [[Fraction(1)], [Fraction(1)]]
    norm = spec.operator_norm(stacked, 2, 2).lo
    require(norm > 1, f"{norm}")
    n = len(POINTS)
    maxima = [max(_at(_through(i, j), POINTS[0]) for j in range(n)) for i in range(n)]
    require(max(maxima) > VALUES[0], f"{maxima}")
    steep = [Fraction(0), Fraction(3)]  # at 0 and 1
    slopes = [steep[1] - steep[0], 1]
    require(slopes[0] > slopes[1], f"{slopes}")
    linear = [Fraction(x) * HALF for x in (0, 1)]
    require(linear[1] < 1, f"{linear}")
    return {
        "the inf-norm after the first layer": f"x and x below each other have squared 2-norm 2: norm at least "
        f"{(1000 * norm).__floor__()}/1000",
        "closed under min": f"without it the best that is left at the first point is a maximum, up to {max(maxima)}, "
        f"where f is {VALUES[0]}",
        "f is 1-Lipschitz": f"f = 0 and 3 at 0 and 1 would need a slope of {slopes[0]}",
        "all pairs of values": f"functions of slope at most 1/2 reach {linear[1]} at 1 from 0 at 0, and 1 is allowed",
    }


def plain(network: Any, params: Any) -> list[Layer]:
    """A network as rows of Fractions, selections written out."""
    layers = []
    for shape, (w, b) in zip(network.layers, rational(params), strict=True):
        rows = [[int(j == i) for j in range(shape.d_in)] for i in w.tolist()] if w.dtype.kind == "i" else w.tolist()
        layers.append(layer(rows, b.tolist()))
    return layers


def side_by_side(f: Sequence[Layer], g: Sequence[Layer], row: list[int]) -> list[Layer]:
    """MaxMin of both results, of which `row` selects one."""
    return [*stacked(f, g), layer([row])]


def stacked(f: Sequence[Layer], g: Sequence[Layer]) -> list[Layer]:
    """The results of f and then those of g, from one input; the shallower one waits."""
    f, g = _deepened(list(f), len(g)), _deepened(list(g), len(f))
    joined = [(f[0][0] + g[0][0], f[0][1] + g[0][1])]
    for (w1, b1), (w2, b2) in zip(f[1:], g[1:], strict=True):
        left = [r + [Fraction(0)] * len(w2[0]) for r in w1]
        right = [[Fraction(0)] * len(w1[0]) + r for r in w2]
        joined.append((left + right, b1 + b2))
    return joined


def _deepened(layers: list[Layer], depth: int) -> list[Layer]:
    """Each row of the last layer doubled, (z, z), and the first of each pair selected, as often as it takes."""
    while len(layers) < depth:
        w, b = layers[-1]
        twice = [row for row in w for _ in range(2)], [v for v in b for _ in range(2)]
        first = [[int(j == 2 * i) for j in range(2 * len(w))] for i in range(len(w))]
        layers = [*layers[:-1], twice, layer(first)]
    return layers


def _through(i: int, j: int) -> Layer:
    """An affine function of one coordinate through the values at the points i and j."""
    a, b = POINTS[i], POINTS[j]
    axis = max((0, 1), key=lambda k: abs(b[k] - a[k]))
    run = b[axis] - a[axis]
    slope = Fraction(VALUES[j] - VALUES[i], run) if run else Fraction(0)
    return [[slope * (k == axis) for k in range(2)]], [VALUES[i] - slope * a[axis]]


def _at(u: Layer, x: Vector) -> Fraction:
    return spec.affine(x, *u)[0]
