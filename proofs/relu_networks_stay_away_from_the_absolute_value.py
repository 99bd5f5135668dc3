"""In the 1- and inf-norm, K-bounded networks of monotone activations stay (2 - K)/4 from the absolute value.

Statement
---------
Let f: R -> R be a network of affine maps, of any depth and width, with monotone 1-Lipschitz activations that act on
each coordinate, and with prod_l ||W_l||_p <= K, where 0 <= K <= 2 and p is 1 or inf throughout. Then the largest
|f(x) - |x|| over [-1, 1] is at least (2 - K)/4, and for both p one hidden layer of two ReLUs attains that.

Our reading
-----------
Biases are free, activations may differ from unit to unit, "monotone" is non-decreasing. A sharp form, ours, of what
Huster, Chiang, Chadha (2018) and Anil et al. (2019) say: that ReLU networks under a norm constraint cannot be |x|. For
p = 2 it is false: there the gap closes as the depth grows.

Argument
--------
(1) For a unit with the pre- or post-activations z(x), let u = (a, b) = (z(1) - z(0), z(-1) - z(0)), and
G(u) = max(|a|, |b|, |a + b|), a norm of R^2. (2) At the input u = (1, -1) and G = 1. (3) A monotone 1-Lipschitz
activation replaces (a, b) by (s a, t b) with s, t in [0, 1], as its increments have the sign of the argument's and are
no longer. G(s a, t b) is convex in (s, t), so its largest value is at a corner of the square: 0, |a|, |b| or
G(a, b). So G does not grow. (4) Biases cancel in u. For p = inf, G(sum_j w_ij u_j) <= sum_j |w_ij| G(u_j) <=
||W||_inf max_j G(u_j): the largest G over the units of a layer grows by no more than ||W||_inf. For p = 1, sum_i
G(sum_j w_ij u_j) <= sum_j (sum_i |w_ij|) G(u_j) <= ||W||_1 sum_j G(u_j): the sum of G does so. (5) So the result has
|f(1) + f(-1) - 2 f(0)| <= G <= K. If |f - |x|| <= e at 1, -1 and 0, then f(1) + f(-1) - 2 f(0) >= 2 - 4 e, and so
e >= (2 - K)/4. (6) K|x|/2 + (2 - K)/4 is off by (2 - K)/4 |1 - 2|x||, at most (2 - K)/4 on [-1, 1].

Construction
------------
For (6): x -> (x, -x) -> relu -> K/2 (sum) for p = inf, whose norms are 1 and K; x -> (x/2, -x/2) -> relu -> K (sum) for
p = 1, with the same norms there.

What is checked
---------------
In rationals: (3) for integer u and s, t in {0, 1/2, 1}; (5) for two hidden layers of two units with all combinations
of the listed weights and biases, for ReLU and for a leaky ReLU; the norms and the error of the construction for five K,
the error at -1, 0, 1 and where its linear pieces meet: between those it is linear.

What is not shown
-----------------
By the check: other networks; these rest on the argument. By either: anything for K > 2, where |x| itself is possible,
and for other norms.

Uses
----
Nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import product

from proofs.certificate import Certificate, require
from proofs.layers import Activation, Layer, Vector, layer, norm_product, text, value
from proofs.networks import INF
from refsort import spec

GRADE = "EXACT"

HALF = Fraction(1, 2)
LISTED = {  # extreme rows of the l1 ball and a middle one; columns of these for p = 1
    INF: [[[1, 0], [0, -1]], [[HALF, -HALF], [HALF, HALF]], [[-1, 0], [1, 0]]],
    1: [[[1, 0], [0, -1]], [[HALF, HALF], [-HALF, HALF]], [[0, -1], [0, 0]]],
}


def construct(bound: Fraction, p: float) -> list[Layer]:
    """The network K|x|/2 + (2 - K)/4 with K = `bound`, whose norms are 1 and K in the p-norm."""
    first, last = (Fraction(1), bound * HALF) if p == INF else (HALF, bound)
    return [layer([[first], [-first]]), layer([[last, last]], [Fraction(2 - bound, 4)])]


def verify() -> Certificate:
    """Check that G does not grow, that the bound holds for a family, and that the construction attains it."""
    steps = [Fraction(0), HALF, Fraction(1)]
    for a, b, s, t in product(range(-3, 4), range(-3, 4), steps, steps):
        require(gauge(s * a, t * b) <= gauge(a, b), f"G({s} * {a}, {t} * {b}) is larger than G({a}, {b})")
    networks = 0
    for p, layers in family():
        for activation in (spec.relu, _leaky):
            bend, bound = second_difference(layers, activation), norm_product(layers, p)
            networks += 1
            require(abs(bend) <= bound, f"{layers} in the {p}-norm: |f(1) + f(-1) - 2 f(0)| = {bend} > {bound}")
    bounds = [Fraction(k, 2) for k in range(5)]
    for bound, p in product(bounds, (1, INF)):
        layers = construct(bound, p)
        require(norm_product(layers, p) == bound, f"K = {bound}: the norms multiply to {norm_product(layers, p)}")
        error = largest_error(layers, spec.relu)
        require(error == Fraction(2 - bound, 4), f"K = {bound}: the error is {error}")
    return Certificate(
        GRADE,
        (
            "(3): G does not grow for 49 integer u and 9 pairs (s, t)",
            f"(5): |f(1) + f(-1) - 2 f(0)| is at most the product of the norms for {networks} networks",
            f"(6): for {len(bounds)} values of K and both norms, one hidden layer attains exactly (2 - K)/4",
        ),
        "K = 1: " + "; ".join(f"p = {p}: {text(construct(Fraction(1), p))}" for p in (INF, 1)),
    )


def sabotage() -> dict[str, str]:
    """Each hypothesis dropped, with the network of norm at most 1 that is then too close."""
    split, identity = layer([[1], [-1]]), layer([[1]])
    larger, mean, total = layer([[0, 1]]), layer([[HALF, HALF]]), layer([[1, 1]])
    broken: dict[str, tuple[list[Layer], str, Activation]] = {
        "monotone": ([identity, identity], "|z|", spec.absolute),
        "1-Lipschitz": ([split, mean], "2 relu(z)", lambda z: [2 * v for v in spec.relu(z)]),
        "on each coordinate": ([split, larger], "MaxMin", spec.max_min),
        "K below 2": ([split, total], "relu(z)", spec.relu),
    }
    found = {}
    for what, (layers, name, activation) in broken.items():
        error, bound = largest_error(layers, activation), norm_product(layers, INF)
        require(error == 0, f"without {what} the error is {error}")
        require((bound == 1) == (what != "K below 2"), f"without {what} the norms multiply to {bound}")
        found[what] = f"{text(layers)} with {name} is |x| exactly, and its norms multiply to {bound}"
    return found | {"p is 1 or inf": _in_the_two_norm()}


def _in_the_two_norm() -> str:
    """Two hidden layers, with squared 2-norms 6, 1 and 2: f(1) + f(-1) - 2 f(0) = 4, and 4^2 > 6 * 1 * 2."""
    third, far = Fraction(1, 3), Fraction(2)  # `far` keeps the first unit linear on [-1, 1]
    second = [[2 * third, 2 * third, third], [-2 * third, third, 2 * third]]
    layers = [
        layer([[2], [1], [-1]], [far, 0, 0]),
        layer(second, [-far * row[0] for row in second]),
        layer([[1, 1]]),
    ]
    squares = [spec.operator_norm(w, 2, 2).hi ** 2 for w, _ in layers]
    bend = second_difference(layers, spec.relu)
    bound = squares[0] * squares[1] * squares[2] * (1 + Fraction(1, 10**9))
    require(bend**2 > bound, f"in the 2-norm: {bend}^2 is at most {bound}")
    found = f"{text(layers)} with ReLU has f(1) + f(-1) - 2 f(0) = {bend}"
    return f"{found}, and its norms multiply to K = sqrt(12) < {bend}"


def gauge(a: Fraction, b: Fraction) -> Fraction:
    """G."""
    return max(abs(a), abs(b), abs(a + b))


def family() -> Iterator[tuple[float, list[Layer]]]:
    """Two hidden layers with all combinations of listed weights and of biases -1/2 and 0."""
    for p, weights in LISTED.items():
        first = [[1], [-1]] if p == INF else [[HALF], [-HALF]]
        last = [[HALF, HALF]] if p == INF else [[1, -1]]
        biases = list(product((-HALF, 0), repeat=2))
        for middle, b1, b2 in product(weights, biases, biases):
            yield p, [layer(first, b1), layer(middle, b2), layer(last)]


def second_difference(layers: list[Layer], activation: Activation) -> Fraction:
    """f(1) + f(-1) - 2 f(0)."""
    right, left, middle = (value(layers, activation, [Fraction(x)])[0] for x in (1, -1, 0))
    return right + left - 2 * middle


def largest_error(layers: list[Layer], activation: Activation) -> Fraction:
    """max |f(x) - |x|| over [-1, 1] of one hidden layer without biases there: its only kink is at 0."""
    require(not any(layers[0][1]), "the kinks are elsewhere")
    return max(abs(value(layers, activation, [Fraction(x)])[0] - abs(x)) for x in (-1, 0, 1))


def _leaky(z: Vector) -> Vector:
    return spec.leaky_relu(z, Fraction(1, 4))
