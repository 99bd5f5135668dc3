"""A network of monotone elementwise activations and 2-norm-bounded weights with gradient norm 1 a.e. is affine.

Statement
---------
Let f: R^d -> R be a network of affine maps with ||W_l||_2 <= 1, of any depth, width and biases, with monotone
1-Lipschitz activations that act on each coordinate. If |grad f|_2 = 1 almost everywhere, then f is affine.

Our reading
-----------
After Anil, Lucas, Grosse (2019), whose theorem on expressivity and gradient norms this is, worded by us. "Monotone" is
non-decreasing, units may have different activations; a non-increasing one is a non-decreasing one with its row of W_l
and its column of W_(l+1) negated. It excludes exact gradient norm 1 for ReLU networks that are not affine, and not
approximation: for p = 2 such networks come close to |x| as depth grows. Step (1) of the argument is quantitative: a
change of f by almost |y - x| leaves almost no room for the last activation.

Argument
--------
Write f = w . h + c with the last hidden layer h = phi(z), |w| <= 1, and f~ = w . z + c: the same network without its
last activation. Write D for a difference between two points x and y.
(1) For all x, y:
    (D f~ - D f)^2 <= |y - x|^2 - (D f)^2.
Proof. D h_i = a_i D z_i with a_i in [0, 1], as phi_i is monotone and 1-Lipschitz. (1 - a)^2 <= 1 - a^2 for such a, so
|D z - D h|^2 <= |D z|^2 - |D h|^2. Here |D z| <= |y - x|, the layers before being 1-Lipschitz
(`lipschitz_maps_compose`), |D h| >= |D f| and |D f~ - D f| = |w . (D z - D h)| <= |D z - D h|.
(2) Lipschitz functions have a gradient almost everywhere (Rademacher). Take an x where f and f~ both have one and
u = grad f(x) has norm 1; let y = x + t u. Then D f = t + o(t), so by (1) D f~ = t + o(t): f~ has the slope 1 along u.
But |grad f~| <= 1, so grad f~(x) = u.
(3) So f - f~ has gradient 0 almost everywhere and, being Lipschitz, is constant: on almost every line its derivative is
0 almost everywhere (Fubini).
(4) f~ is again such a network, with one hidden layer fewer, since |w W_l| <= 1, and |grad f~| = 1 almost everywhere. Go
on until no activation is left: f is affine.

Construction
------------
Networks R -> R^2 -> R^2 -> R from lists of rational weights of norm at most 1, biases, and monotone activations (ReLU,
leaky ReLU, and the identity beside a ReLU); and networks R^2 -> R^2 -> R^2 -> R of the same layers.

What is checked
---------------
In rationals, ||W||_2 <= 1 by elimination on I - W^T W. On the line, for every network: all its kinks are found, so all
its slopes; where all are +-1 they are equal, and f - f~ is constant. In the plane: the inequality (1) for all pairs of
five points, for f and for the network with one hidden layer that peeling leaves.

What is not shown
-----------------
By the check: other networks; these rest on the argument, which cites Rademacher's theorem. By either: other norms, and
how close to gradient norm 1 a network of given depth can come without being nearly affine.

Uses
----
- `lipschitz_maps_compose`
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations, pairwise, product

from proofs.certificate import Certificate, require
from proofs.layers import Activation, Layer, Vector, layer, text, value
from proofs.matrices import difference, is_semidefinite
from refsort import spec
from refsort.spec.exact import Matrix, identity, transpose
from refsort.spec.exact import product as matmul

GRADE = "EXACT"
_F = Fraction(1, 5)
IN = ([3 * _F, 4 * _F], [1, 0], [0, -1])  # columns
MIDDLE = ([[1, 0], [0, 1]], [[0, 1], [-1, 0]], [[3 * _F, -4 * _F], [4 * _F, 3 * _F]], [[1, 0], [0, Fraction(1, 2)]])
OUT = ([3 * _F, 4 * _F], [1, 0], [0, 1])
BIASES = (([0, 0], [0, 0]), ([1, -1], [0, Fraction(1, 2)]))  # of both hidden layers
ACTIVATIONS: dict[str, Activation] = {
    "relu": spec.relu,
    "leaky relu": lambda z: spec.leaky_relu(z, Fraction(1, 2)),
    "identity beside relu": lambda z: [z[0], *spec.relu(z[1:])],
}


def construct(plane: bool = False) -> list[list[Layer]]:
    """The networks from the line, or from the plane, without their activation."""
    first: Sequence[Matrix] = MIDDLE if plane else [transpose([column]) for column in IN]
    return [[layer(a, b), layer(w, c), layer([out])] for a, w, out, (b, c) in product(first, MIDDLE, OUT, BIASES)]


def verify() -> Certificate:
    """Check the theorem on the line and the inequality (1) in the plane."""
    line, plane = construct(), construct(plane=True)
    for w in {str(w): w for layers in line + plane for w, _ in layers}.values():
        require(is_semidefinite(difference(identity(len(w[0])), matmul(transpose(w), w))), f"the norm of {w} exceeds 1")
    keeping = 0
    for name, activation in ACTIVATIONS.items():
        for layers in line:
            found = slopes(layers, activation)
            if {abs(s) for s in found} != {1}:
                continue
            keeping += 1
            require(len(set(found)) == 1, f"{text(layers)} with {name} has gradient norm 1 and the slopes {set(found)}")
            gaps = {_at(layers, activation, x) - _at(peeled(layers), activation, x) for x in range(-4, 5)}
            require(len(gaps) == 1, f"{text(layers)} with {name}: f - f~ takes the values {gaps}")
    grid = [[Fraction(a), Fraction(b)] for a, b in ((0, 0), (2, 1), (-1, 1), (1, -2), (-2, -1))]
    checked = 0
    for name, activation in ACTIVATIONS.items():
        for layers in plane[::4]:
            for network in (layers, peeled(layers)):
                tables = [[value(n, activation, x)[0] for x in grid] for n in (network, peeled(network))]
                for i, j in combinations(range(len(grid)), 2):
                    change, without = (t[j] - t[i] for t in tables)
                    room = sum((a - b) ** 2 for a, b in zip(grid[i], grid[j], strict=True)) - change**2
                    require((without - change) ** 2 <= room, f"{text(network)} with {name} from {grid[i]} to {grid[j]}")
                    checked += 1
    require(keeping > 0, "no network has gradient norm 1 almost everywhere")
    example = [layer([[3 * _F], [4 * _F]]), layer([[3 * _F, 4 * _F]])]
    return Certificate(
        GRADE,
        (
            f"{keeping} of {len(line) * len(ACTIVATIONS)} networks on the line have gradient norm 1 almost everywhere; "
            "all of these are affine, and each peels to a network that differs by a constant",
            f"the inequality (1) for {checked} pairs of points and networks in the plane",
        ),
        f"{text(example)} with relu has the slopes {', '.join(map(str, slopes(example, spec.relu)))}: not affine, "
        "and the gradient norm is 0 on one side",
    )


def peeled(layers: list[Layer]) -> list[Layer]:
    """Without the last activation: the last two affine maps are multiplied out."""
    *before, (w, b), (last, c) = layers
    return [*before, (matmul(last, w), [sum(matmul(last, transpose([b]))[0], c[0])])]


def slopes(layers: list[Layer], activation: Activation) -> list[Fraction]:
    """Of a network from the line to the line, its activation having kinks at 0 alone: one slope between kinks."""
    kinks: list[Fraction] = []
    for depth in range(1, len(layers)):
        crossed = set(kinks)
        for lo, hi in _intervals(kinks):  # what enters the activation is affine between the kinks of earlier layers
            start, end = (value(layers[:depth], activation, [x]) for x in _inside(lo, hi))
            a, b = _inside(lo, hi)
            for z, y in zip(start, end, strict=True):
                zero = a - Fraction(z * (b - a), y - z) if y != z else None
                if zero is not None and (lo is None or lo < zero) and (hi is None or zero < hi):
                    crossed.add(zero)
        kinks = sorted(crossed)
    inner = [_inside(lo, hi) for lo, hi in _intervals(kinks)]
    return [Fraction(_at(layers, activation, b) - _at(layers, activation, a), b - a) for a, b in inner]


def sabotage() -> dict[str, str]:
    """Each hypothesis dropped, with the counterexample that it excludes."""
    one = [layer([[1]]), layer([[1]])]
    both = [layer([[1], [-1]]), layer([[1, 1]])]
    absolute, ramp, doubled = slopes(one, spec.absolute), slopes(one, spec.relu), slopes(both, spec.relu)
    steep: Activation = lambda z: [Fraction(25, 9) * z[0], *(Fraction(25, 8) * y for y in spec.relu(z[1:]))]  # noqa: E731
    bent = slopes([layer([[3 * _F], [4 * _F]]), layer([[-3 * _F, 4 * _F]])], steep)
    sort = [layer([[1, 0], [0, 1]]), layer([[0, 1]])]
    gradients = [
        spec.pullback(lambda v: value(sort, spec.max_min, v), x, [1]) for x in ([Fraction(2), 1], [1, Fraction(2)])
    ]
    for found in (absolute, doubled, bent):
        require(set(found) == {1, -1}, f"the slopes are {found}")
    require(set(ramp) == {0, 1}, f"the slopes are {ramp}")
    require(gradients == [[1, 0], [0, 1]], f"MaxMin has the gradients {gradients}")
    norm = spec.operator_norm(both[0][0], 1, 2).lo ** 2
    require(1 < norm < Fraction(201, 100), f"the squared norm is {norm}")
    return {
        "monotone": f"one unit |x| with weights 1 has the slopes {_listed(absolute)}",
        "elementwise": f"(x, y) -> MaxMin -> its second entry, the maximum, has the gradients {_listed(gradients[0])} "
        f"and {_listed(gradients[1])} of norm 1 on the two sides of x = y",
        "||W||_2 <= 1": f"{text(both)} with relu, both of norm sqrt 2, is |x|: slopes {_listed(doubled)}",
        "1-Lipschitz": f"W = [3/5; 4/5], then 25/9 z_1 and 25/8 relu(z_2), then W = [-3/5 4/5]: slopes {_listed(bent)}",
        "almost everywhere": f"one ReLU has gradient norm 1 on x > 0 alone: slopes {_listed(ramp)}",
    }


def _intervals(kinks: list[Fraction]) -> Iterator[tuple[Fraction | None, Fraction | None]]:
    return pairwise([None, *kinks, None])


def _inside(lo: Fraction | None, hi: Fraction | None) -> tuple[Fraction, Fraction]:
    """Two points of an interval whose ends may be infinite."""
    if lo is None or hi is None:
        end = hi - 2 if hi is not None else lo + 1 if lo is not None else Fraction(0)
        return end, end + 1
    return (2 * lo + hi) * Fraction(1, 3), (lo + 2 * hi) * Fraction(1, 3)


def _at(layers: list[Layer], activation: Activation, x: Fraction | int) -> Fraction:
    return value(layers, activation, [Fraction(x)])[0]


def _listed(found: Vector) -> str:
    return f"({', '.join(map(str, found))})"
