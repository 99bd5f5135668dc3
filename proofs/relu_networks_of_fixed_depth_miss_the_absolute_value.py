"""In the 2-norm, D hidden layers of monotone activations bend by at most sqrt(D/(D + 1)), and one by at most 1/2.

Statement
---------
For f: R -> R let V(f) = (f(1) + f(-1))/2 - f(0), which is 1 for |x|. Let f be a network of affine maps with
||W_l||_2 <= 1, D hidden layers of any width, and monotone 1-Lipschitz activations that act on each coordinate. (1)
V(f) <= sqrt(D/(D + 1)), so f is at least (1 - sqrt(D/(D + 1)))/2 away from |x| somewhere on [-1, 1]. (2) For D = 1,
V(f) <= 1/2, and that is attained; the same holds in every p-norm, 1 <= p <= inf. (3) For D = 2, 3, 4 there are networks
of width 2 with V = 0.57735, 0.66666 and 0.70369: the best that are known to us, next to 1/sqrt 3, 2/3 and 0.703698.

Our reading
-----------
Biases are free. The bound (1) is ours; it is elementary and not sharp. The values of (3) were found by search and are
lower bounds for the best; nothing shows that they are optimal. V is half of what such a critic makes of the Wasserstein
task with masses at 0 and at -1, 1, so these are ceilings of ReLU critics.

Argument
--------
(1) For a layer's outputs z let a = z(1) - z(0) and b = z(-1) - z(0), vectors. At the input a = 1 and b = -1. A layer
first replaces them by W a and W b, no longer than they were; then the activation multiplies coordinate i by some s_i
and t_i in [0, 1], since it is monotone and 1-Lipschitz. The first shortens |a|^2 by at least A = sum_i (1 - s_i^2)
(W a)_i^2, the second |b|^2 by at least B = sum_i (1 - t_i^2)(W b)_i^2. As (1 - s)^2 <= 1 - s^2, the sum a + b moves
by at most sqrt(A) + sqrt(B) away from W (a + b), so |a + b| grows by at most that. It is 0 at the input; the A of all
layers add up to at most 1 - |a|^2, a the last one, so by Cauchy and Schwarz |a + b| <= sqrt(D)(sqrt(1 - |a|^2) +
sqrt(1 - |b|^2)) in the end. Let c = (|a| + |b|)/2. The root is concave, so this is at most 2 sqrt(D) sqrt(1 - c^2); and
|a + b| <= 2 c. With V(f) = w (a + b)/2 <= |a + b|/2 we get V <= c and V^2 <= D (1 - c^2) <= D (1 - V^2).
(2) V = sum_i v_i (s_i w_i - t_i w_i)/2, and |s_i - t_i| <= 1, so V <= sum_i |v_i| |w_i| / 2 <= |v|_q |w|_p / 2 with
1/p + 1/q = 1, and these are the norms of the two maps. |x|/2 = relu(x)/2 + relu(-x)/2 has V = 1/2. (3) is a
computation.

Construction
------------
Rotations of the plane by angles with a rational tangent of their half, so that all 2-norms are exactly 1. After each, a
unit is a ReLU at 0, or a ReLU with a bias of 1 that keeps it linear on [-1, 1]; the next layer takes the bias off.

What is checked
---------------
In rationals: that the rotations of (3) are orthogonal, V of their networks, and that V is within (1); the steps of (1),
(1 - s)^2 <= 1 - s^2 and |a + b| against the losses, on the layers of these networks. (2) for p = 1, 2 and inf with all
networks of two units with listed weights, ReLU and a leaky ReLU.

What is not shown
-----------------
By the check: other networks; these rest on the argument. By either: the largest V for any D above 1.

Uses
----
Nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import product

from proofs.certificate import Certificate, require
from proofs.layers import Activation, Layer, Vector, layer, text, value
from proofs.matrices import has_orthonormal_columns
from refsort import spec

GRADE = "EXACT"

TANGENTS = {  # of half of each angle, the last of the row that sums up; "L" is a linear unit, "R" a ReLU at 0
    2: ([(-1304, 675), (499, 964), (1644, 851)], ["LR", "LR"], Fraction(57735, 100000)),
    3: ([(1979, 629), (-294, 925), (-294, 925), (294, 925)], ["LR", "RR", "LR"], Fraction(66666, 100000)),
    4: (
        [(-834, 259), (-343, 652), (1474, 937), (-595, 936), (595, 936)],
        ["LR", "RR", "LR", "RR"],
        Fraction(70369, 100000),
    ),
}


def construct(depth: int) -> list[Layer]:
    """The network of (3) with so many hidden layers."""
    tangents, kinds, _ = TANGENTS[depth]
    turns = [_rotation(Fraction(*t)) for t in tangents]
    weights = [[[row[0]] for row in turns[0]], *turns[1:-1], [[turns[-1][0][0], turns[-1][1][0]]]]
    layers, shift = [], [Fraction(0), Fraction(0)]
    for i, w in enumerate(weights):
        taken_off = [-v for v in spec.affine(shift, w, [0] * len(w))] if i else [Fraction(0)] * len(w)
        shift = [Fraction(kind == "L") for kind in kinds[i]] if i < depth else [Fraction(0)]
        layers.append(layer(w, [a + b for a, b in zip(taken_off, shift, strict=True)]))
    return layers


def verify() -> Certificate:
    """Check the values of the constructed networks, the steps of the bound on them, and one hidden layer."""
    found = {}
    for depth, (_, _, least) in TANGENTS.items():
        layers = construct(depth)
        for w, _ in layers[:-1]:
            require(has_orthonormal_columns(w), f"depth {depth}: the columns of {w} are not orthonormal")
        require(_squared(layers[-1][0][0]) == 1, f"depth {depth}: the last row has another length than 1")
        found[depth] = bend(layers, spec.relu)
        require(found[depth] >= least, f"depth {depth}: V is only {found[depth]}")
        require(found[depth] ** 2 * (depth + 1) <= depth, f"depth {depth}: V = {found[depth]} exceeds the bound")
        _check_losses(layers, depth)
    shares = [Fraction(i, 8) for i in range(9)]
    require(all((1 - s) ** 2 <= 1 - s * s for s in shares), "(1 - s)^2 > 1 - s^2")
    networks = _check_one_layer()
    half = [layer([[1], [-1]]), layer([[Fraction(1, 2), Fraction(1, 2)]])]
    require(bend(half, spec.relu) == Fraction(1, 2), "relu(x)/2 + relu(-x)/2 has another V than 1/2")
    return Certificate(
        GRADE,
        (
            "(3): " + ", ".join(f"V >= {TANGENTS[d][2]} with {d} hidden layers" for d in found) + ", all 2-norms 1",
            "(1): V^2 <= D/(D + 1) and the steps of its argument on these networks",
            f"(2): V <= |v|_q |w|_p / 2 for {networks} networks, and 1/2 attained",
        ),
        f"2 hidden layers: {text(construct(2))}",
    )


def sabotage() -> dict[str, str]:
    """Each hypothesis dropped, with a network that bends by more than the bound for one hidden layer."""
    split, total, gap, one = layer([[1], [-1]]), layer([[1, 1]]), layer([[-1, 1]]), layer([[1]])
    broken: dict[str, tuple[list[Layer], str, Activation, int]] = {
        "monotone": ([one, one], "|z|", spec.absolute, 1),
        "1-Lipschitz": ([one, one], "2 relu(z)", lambda z: [2 * v for v in spec.relu(z)], 1),
        "on each coordinate": ([split, gap], "MaxMin", spec.max_min, 4),
    }
    texts = {}
    for what, (layers, name, activation, squared) in broken.items():
        found = bend(layers, activation)
        norms = _squared([row[0] for row in layers[0][0]]) * _squared(layers[1][0][0])
        require(norms == squared and 2 * found**2 > norms, f"without {what}: V = {found}, squared norms {norms}")
        beyond = f"above sqrt({squared}/2): its norms multiply to sqrt({squared})"
        texts[what] = f"{text(layers)} with {name} has V = {found}, {beyond}"
    found = bend([split, total], spec.relu)
    require(found == 1, f"relu(x) + relu(-x) has V = {found}")
    texts["norms at most 1"] = f"{text([split, total])} with ReLU has V = 1; its norms are sqrt 2 and sqrt 2"
    deeper = bend(construct(2), spec.relu)
    require(2 * deeper > 1, f"V = {deeper} with two hidden layers")
    return texts | {"one hidden layer, in (2)": f"two hidden layers have V > {TANGENTS[2][2]} > 1/2"}


def bend(layers: Sequence[Layer], activation: Activation) -> Fraction:
    """V(f)."""
    right, left, middle = (value(layers, activation, [Fraction(x)])[0] for x in (1, -1, 0))
    return (right + left - 2 * middle) * Fraction(1, 2)


def _check_losses(layers: Sequence[Layer], depth: int) -> None:
    """|a + b|^2 <= D (sqrt(1 - |a|^2) + sqrt(1 - |b|^2))^2 after every hidden layer, by enclosures of the roots."""
    hidden = {x: [Fraction(x)] for x in (1, -1, 0)}
    for i, (w, b) in enumerate(layers[:-1]):
        hidden = {x: spec.relu(spec.affine(h, w, b)) for x, h in hidden.items()}
        right, left = ([u - v for u, v in zip(hidden[x], hidden[0], strict=True)] for x in (1, -1))
        total = _squared([u + v for u, v in zip(right, left, strict=True)])
        roots = [spec.sqrt_enclosure(1 - _squared(v)).hi for v in (right, left)]
        require(total <= (i + 1) * sum(roots) ** 2, f"depth {depth}, layer {i + 1}: |a + b|^2 = {total}")


def _check_one_layer() -> int:
    """How many networks with one hidden layer of two units were compared with |v|_q |w|_p / 2."""
    entries = [Fraction(n, 3) for n in (-3, -1, 0, 2)]
    networks = 0
    for w, v in product(product(entries, repeat=2), repeat=2):
        for b1, activation in product((Fraction(0), Fraction(-1, 4)), (spec.relu, _leaky)):
            found = 2 * bend([layer([[w[0]], [w[1]]], [b1, 0]), layer([v])], activation)
            bounds = [sum(map(abs, w)) * max(map(abs, v)), max(map(abs, w)) * sum(map(abs, v))]  # p = 1 and inf
            require(found <= min(bounds) and found * abs(found) <= _squared(w) * _squared(v), f"w = {w}, v = {v}")
            networks += 1
    return networks


def _rotation(tangent: Fraction) -> list[Vector]:
    """The rotation by twice the angle with this tangent."""
    square = tangent * tangent
    cos, sin = Fraction(1 - square, 1 + square), Fraction(2 * tangent, 1 + square)
    return [[cos, -sin], [sin, cos]]


def _squared(v: Sequence[Fraction]) -> Fraction:
    return sum((x * x for x in v), Fraction(0))


def _leaky(z: Vector) -> Vector:
    return spec.leaky_relu(z, Fraction(1, 4))
