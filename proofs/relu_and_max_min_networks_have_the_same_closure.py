"""In the 2-norm, with depth unbounded and on compact sets, ReLU, abs, MaxMin and GroupSort networks have one closure.

Statement
---------
Let X be a compact set of R^n, and consider networks of affine maps with ||W_l||_2 <= 1, any depth, widths and biases.
(1) Every ReLU network is a MaxMin network on all of R^n. (2) A MaxMin network with L hidden layers, biases b_l and B =
max over X of |x|_2 + sum_l |b_l|_2 is uniformly within L (1 - c_N) B, at most L B pi^2/(4 N), of a ReLU network with L
N hidden layers, N even, on X; c_N as in `relu_networks_approach_the_absolute_value`. So the uniform closures in C(X,
R^k) of the networks of ReLU, the absolute value, MaxMin and GroupSort coincide.

Our reading
-----------
A closure over all depths: at a fixed depth it fails. Nothing follows about universality: whether this common closure
holds all 1-Lipschitz functions is open. The statement is ours; we have not found it elsewhere.

Argument
--------
(1) (z, 0) through MaxMin is (min(z, 0), max(z, 0)); [W; 0] has the norm of W, and zero columns in the next weight drop
the first half. (2) By `max_min_absolute_value_and_full_sort_are_equally_expressive` MaxMin is Q a Q with Q orthogonal
and a acting on each coordinate, as the identity or as |.|; Q is multiplied into the weights. Let a_N be a with c_N |z|
for |z|; on |z| <= B it is N layers of ReLU of norm 1: a fold of width 2 for each |.|, a bias B and ReLU for each
identity, side by side. No feature exceeds B: a and a_N do not lengthen a vector, so |h_l| <= |x| + |b_1| + ... + |b_l|.
Let h_l, g_l be the features with a and with a_N, z_l = W_l h_l + b_l. Then |g_(l+1) - h_(l+1)| <= |a_N(W_l g_l + b_l) -
a_N(z_l)| + |a_N(z_l) - a(z_l)| <= |g_l - h_l| + (1 - c_N) |z_l|, since a_N is 1-Lipschitz, and |z_l| <= B. The sum over
the layers is (2). GroupSort and |.| are in between by the same statement.

Construction
------------
A MaxMin network R^2 -> R^2 with two layers, rational orthogonal weights and biases; each |.| in it replaced by
`refsort.constructions.rotation_relu_absolute(N, B, "alternating")`.

What is checked
---------------
In rationals: (1) by `refsort.constructions.recover("relu", 3, 2)` against the definition at 27 points. (2) for N = 2,
4, 8 at 25 points of [-2, 2]^2: the distance between the two networks against 2 (1 - c) B, where the block is c |z| at
four points of [-B, B].

What is not shown
-----------------
By the check: other networks. By either: how many ReLU layers are needed at least, and universality.

Uses
----
- `relu_networks_approach_the_absolute_value`
- `max_min_absolute_value_and_full_sort_are_equally_expressive`
- `relu_networks_stay_away_from_the_absolute_value`
- `relu_networks_of_fixed_depth_miss_the_absolute_value`
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import product
from typing import Any

from proofs.certificate import Certificate, require
from proofs.layers import Layer, Vector, layer, norm_product, text, value
from proofs.matrices import has_orthonormal_columns, orthogonal
from proofs.networks import INF, evaluate, rational
from refsort import constructions, spec

GRADE = "EXACT"

GRID = [[Fraction(v) for v in x] for x in product(range(-2, 3), repeat=2)]
Scalar = Callable[[Fraction], Fraction]


def construct() -> list[Layer]:
    """The MaxMin network."""
    weights = [orthogonal([1, 2]), orthogonal([2, 1], [1, 3]), orthogonal([3, 1])]
    biases = [[Fraction(1, 4), Fraction(-1, 2)], [Fraction(-1, 3), Fraction(0)], [Fraction(0), Fraction(1)]]
    return [layer(w, b) for w, b in zip(weights, biases, strict=True)]


def verify() -> Certificate:
    """Check (1) on a grid, and the bound of (2) for three depths."""
    network, params = constructions.recover("relu", 3, 2, dtype=object)
    for x in product((Fraction(-2), Fraction(0), Fraction(3, 2)), repeat=3):
        found = evaluate(network, rational(params), list(x))
        require(found == spec.relu(list(x)), f"(1): {found} at {x}")
    layers, size = construct(), bound_of_features(construct())
    require(all(has_orthonormal_columns(w) for w, _ in layers), "a weight is not orthogonal")
    exact = {tuple(x): value(layers, spec.max_min, x) for x in GRID}
    require(all(exact[tuple(x)] == value(layers, _by(abs), x) for x in GRID), "MaxMin is not (s - |t|, s + |t|)")
    worst = {}
    for depth in (2, 4, 8):
        block, slope = fold(depth, size)
        for share in (Fraction(-1), Fraction(-2, 5), Fraction(0), Fraction(1, 3)):
            found = block(share * size)
            require(found == slope * abs(share) * size, f"N = {depth}: the block is {found} at {share} B, c = {slope}")
        allowed = 2 * (1 - slope) * size
        distances = [_distance(value(layers, _by(block), x), exact[tuple(x)]) for x in GRID]
        require(max(distances) <= allowed**2, f"N = {depth}: a squared distance of {max(distances)}")
        worst[depth] = (spec.sqrt_enclosure(max(distances)).hi * 100 * Fraction(1, allowed)).__ceil__()
    return Certificate(
        GRADE,
        (
            "(1): ReLU of 3 numbers is a MaxMin network with norms at most 1, at 27 points",
            "(2): at 25 points the networks differ by at most "
            + ", ".join(f"{share} % of the bound for N = {depth}" for depth, share in worst.items()),
        ),
        f"{text(layers)} with MaxMin",
    )


def sabotage() -> dict[str, str]:
    """Each hypothesis dropped, with the gap that then stays."""
    split = [layer([[1], [-1]]), layer([[0, 1]])]
    right, left, middle = (value(split, spec.max_min, [Fraction(x)])[0] for x in (1, -1, 0))
    norms = norm_product(split, INF)
    require(right + left - 2 * middle == 2 and norms == 1, f"{right}, {left}, {middle} with norms {norms}")
    doubled = [layer([[1], [-1]]), layer([[-1, 1]])]  # both 2-norms are sqrt 2
    bend = sum(value(doubled, spec.max_min, [Fraction(x)])[0] for x in (1, -1)) * Fraction(1, 4)
    depth = 3
    require(bend**2 * (depth + 1) > depth, f"V = {bend}")
    block, slope = fold(4, Fraction(1))
    far = block(Fraction(-20))
    require(far != 20 * slope, f"{far}")
    return {
        "the 2-norm": f"for p = inf MaxMin with norms {norms} has f(1) + f(-1) - 2 f(0) = 2, and ReLU networks have at "
        "most 1 at every depth",
        "unbounded depth": f"MaxMin has V = {bend} with one hidden layer, and ReLU networks with {depth} have V^2 at "
        f"most {Fraction(depth, depth + 1)}",
        "a compact set": f"the fold for |z| <= 1 gives {far.__floor__()} at -20, where c |z| is "
        f"{(20 * slope).__floor__()}",
    }


def fold(depth: int, radius: Fraction) -> tuple[Scalar, Fraction]:
    """The ReLU network that is c |z| for |z| <= `radius`, as a function, and c."""
    network, params = constructions.rotation_relu_absolute(depth, radius, "alternating")
    rational(params)
    return lambda z: evaluate(network, params, [z])[0], evaluate(network, params, [radius])[0] * Fraction(1, radius)


def bound_of_features(layers: list[Layer]) -> Fraction:
    """B, rounded up, for the grid."""
    largest = max(_squared(x) for x in GRID)
    lengths = [spec.sqrt_enclosure(v, bits=20).hi for v in (largest, *(_squared(b) for _, b in layers[:-1]))]
    return sum(lengths, Fraction(0))


def _by(absolute: Scalar) -> Callable[[Vector], Vector]:
    """MaxMin of two numbers with `absolute` for |.|; for t in place of sqrt(2) t, since c |.| is homogeneous."""

    def activation(z: Vector) -> Vector:
        s, t = (z[0] + z[1]) * Fraction(1, 2), absolute((z[0] - z[1]) * Fraction(1, 2))
        return [s - t, s + t]

    return activation


def _distance(a: Vector, b: Vector) -> Fraction:
    return _squared([x - y for x, y in zip(a, b, strict=True)])


def _squared(v: Any) -> Fraction:
    return sum((x * x for x in v), Fraction(0))
