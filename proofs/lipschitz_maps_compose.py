"""Lipschitz constants multiply along a network, and back through a 1-Lipschitz network no gradient grows in norm.

Statement
---------
(1) If g is K-Lipschitz from the norm a to the norm b, and f is L-Lipschitz from b to c, then f(g(x)) is KL-Lipschitz
from a to c. So a network with ||W_l||_p <= 1 and activations that are 1-Lipschitz in the p-norm is 1-Lipschitz in the
p-norm.
(2) Count activations as layers of their own. At an x where every layer has a derivative J_l at the value that enters
it, the gradients g_L = y_bar, g_(l-1) = J_l^T g_l of such a network satisfy |g_0|_q <= |g_1|_q <= ... <= |g_L|_q with
1/p + 1/q = 1. So if |g_0|_q = |g_L|_q, then every layer keeps the norm of its gradient.
(3) The product of the norms is a bound and not the Lipschitz constant: the quotient of the two can be any number above
1.

Our reading
-----------
Anil, Lucas, Grosse (2019) start from (1), and from the consequence of (2): a 1-Lipschitz network whose gradient has
norm 1 must have layers that keep it. ||W||_p is the operator norm from p to p, p is 1, 2 or inf, and the norm between
two layers is one and the same. Depth, widths and biases are free.

Argument
--------
(1) |f(g(x)) - f(g(y))|_c <= L |g(x) - g(y)|_b <= K L |x - y|_a. An affine map is ||W||_p-Lipschitz.
(2) A derivative of a 1-Lipschitz map has |J v|_p <= |v|_p, as a limit of difference quotients. And |J^T g|_q = max of g
. J v over |v|_p <= 1, which is at most |g|_q |J v|_p <= |g|_q (Hoelder). A chain of "<=" with equal ends is one of "=".
By the chain rule g_0 is the gradient of y_bar . f.
(3) diag(c, 1/c) diag(1/c, c) = I: the norms multiply to c^2, and the constant is 1.

Construction
------------
Networks R^4 -> R^4 -> R^4 -> R^2. For p = 2: a rational orthogonal matrix, an orthogonal times a diagonal one with
entries in [0, 1], two rows of an orthogonal one. For p = inf and 1: rows, or columns, divided by the sum of their
absolute values. Activations: MaxMin, FullSort, ReLU, leaky ReLU, |.|.

What is checked
---------------
In rationals: ||W||_p <= 1, for p = 2 by elimination on I - W^T W; (1) for all pairs of points from a list, with 2-norms
squared; (2) at the points where dual numbers meet no kink, for J_l^T g_l layer by layer, and that their product is the
gradient of the whole network; (3) for c = 2, ..., 9.

What is not shown
-----------------
By the check: other networks; these rest on the argument. By either: what the Lipschitz constant of a given network is.

Uses
----
- `group_sort_is_a_permutation`
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import combinations
from typing import Any

from proofs.certificate import Certificate, require
from proofs.layers import Activation, Layer, Vector, layer, text, value
from proofs.matrices import diagonal, difference, is_semidefinite, orthogonal
from proofs.networks import INF
from refsort import spec
from refsort.spec.exact import Matrix, identity, product, transpose

GRADE = "EXACT"
ACTIVATIONS: dict[str, Activation] = {
    "MaxMin": spec.max_min,
    "FullSort": spec.full_sort,
    "ReLU": spec.relu,
    "leaky ReLU": lambda z: spec.leaky_relu(z, Fraction(1, 3)),
    "|.|": spec.absolute,
}
POINTS = ([0, 0, 0, 0], [1, -2, 3, 1], [-1, 2, 2, -3], [4, 1, -1, 1])
Y_BAR = [Fraction(3), Fraction(-4)]


def construct() -> dict[Any, list[Layer]]:
    """A network for each p: whole numbers, brought to norm 1."""
    first, second, third = orthogonal([1, 2, 3, 1], [1, 0, -1, 2]), orthogonal([2, 1, -1, 3]), orthogonal([1, 1, 2, 5])
    second = product(second, diagonal([1, Fraction(1, 2), Fraction(2, 3), 1], 4, 4))
    whole: list[Matrix] = [
        spec.matrix([[1, 2, -3, 0], [0, 1, 1, 4], [-2, 1, 0, 1], [5, -1, 1, 2]]),
        spec.matrix([[2, -1, 1, 1], [1, 1, 0, -3], [0, 2, 1, 1], [-1, 0, 4, 1]]),
        spec.matrix([[1, 2, 1, -1], [3, 0, -2, 1]]),
    ]
    by_rows = [[[a * Fraction(1, sum(map(abs, row))) for a in row] for row in w] for w in whole]
    by_columns = [
        transpose([[a * Fraction(1, sum(map(abs, column))) for a in column] for column in transpose(w)]) for w in whole
    ]
    return {
        p: [layer(w, [i - k for i in range(len(w))]) for k, w in enumerate(weights)]
        for p, weights in ((2, [first, second, third[:2]]), (INF, by_rows), (1, by_columns))
    }


def verify() -> Certificate:
    """Check the three parts."""
    pairs = steps = kinks = 0
    for p, layers in construct().items():
        for w, _ in layers:
            require(_norm_at_most_one(w, p), f"p = {p}: the norm of {w} exceeds 1")
        for name, activation in ACTIVATIONS.items():
            results = [value(layers, activation, x) for x in POINTS]
            for i, j in combinations(range(len(POINTS)), 2):
                moved, apart = (_size(_minus(v[i], v[j]), p) for v in (results, POINTS))
                require(moved <= apart, f"p = {p}, {name}: {POINTS[i]} and {POINTS[j]} are moved apart")
                pairs += 1
            for x in POINTS:
                try:
                    gradients = backpropagated(layers, activation, x)
                    whole = spec.pullback(lambda v, n=layers, s=activation: value(n, s, v), x, Y_BAR)
                except spec.KinkError:
                    kinks += 1
                    continue
                sizes = [_size(g, _DUAL[p]) for g in gradients]
                require(sizes == sorted(sizes, reverse=True), f"p = {p}, {name} at {x}: norms grow, {sizes}")
                require(gradients[-1] == whole, f"p = {p}, {name} at {x}: {gradients[-1]} is not the gradient {whole}")
                steps += len(sizes) - 1
    require(steps > 0, "every point has a kink")
    for c in range(2, 10):
        scaled = [diagonal([Fraction(a), Fraction(1, a)], 2, 2) for a in (c, Fraction(1, c))]
        require(product(*scaled) == identity(2), f"the two maps for c = {c} do not cancel")
        require(all(spec.operator_norm(w, INF, INF).lo == c for w in scaled), f"the norms are not {c}")
    shown = construct()[INF]
    return Certificate(
        GRADE,
        (
            f"(1): {pairs} pairs of points through {3 * len(ACTIVATIONS)} networks, p = 1, 2 and inf",
            f"(2): {steps} steps back, a layer or an activation each; {kinks} points lie on a kink",
            "(3): for c = 2, ..., 9 two maps of norm c compose to the identity",
        ),
        f"p = inf: {text(shown)}",
    )


def backpropagated(layers: list[Layer], activation: Activation, x: Any) -> list[Vector]:
    """g_L, ..., g_0, activations being layers of their own; each from the derivative of one layer by dual numbers."""
    maps: list[Callable[[Any], Vector]] = []
    for w, b in layers:
        maps += [lambda v, w=w, b=b: spec.affine(v, w, b), activation]
    maps.pop()  # none after the last layer
    entering = [x]
    for step in maps:
        entering.append(step(entering[-1]))
    gradients = [Y_BAR]
    for step, v in zip(reversed(maps), reversed(entering[:-1]), strict=True):
        gradients.append(spec.pullback(step, v, gradients[-1]))
    return gradients


def sabotage() -> dict[str, str]:
    """Each hypothesis dropped, with the counterexample that it excludes."""
    wide = [layer([[1, 0], [0, 2]]), layer([[1, 0], [0, 1]])]
    grown = backpropagated(wide, spec.max_min, [Fraction(3), Fraction(1)])
    sizes = [_size(g, 2) for g in grown]
    require(sizes != sorted(sizes, reverse=True), f"with a weight of norm 2 the squared norms are {sizes}")
    steep = value([layer([[1]]), layer([[1]])], lambda z: [2 * a for a in spec.relu(z)], [Fraction(3)])
    require(steep == [6], "2 relu is 1-Lipschitz")
    spread, summed = spec.matrix([[1], [1]]), spec.matrix([[1, 1]])
    norms = (spec.operator_norm(spread, INF, INF).lo, spec.operator_norm(summed, 1, 1).lo)
    both = product(summed, spread)[0][0]
    require(norms == (1, 1) and both == 2, f"norms {norms} compose to {both}")
    kinked = [layer([[Fraction(3, 5)], [Fraction(-4, 5)]]), layer([[Fraction(3, 5), Fraction(-4, 5)]])]
    slopes = [value(kinked, spec.relu, [Fraction(x)])[0] * x for x in (1, -1)]
    passed = sum(a[0] * b for a, b in zip(kinked[0][0], kinked[1][0][0], strict=True))  # with relu'(0) = 1
    require(passed == 1 and max(slopes) < 1, f"slopes {slopes}, backpropagated {passed}")
    return {
        "||W_l||_p <= 1": f"through diag(1, 2), norm 2, the squared norms of the gradients go {_listed(sizes)}",
        "1-Lipschitz activations": f"weights 1 and the activation 2 relu take 0 and 3 to 0 and {steep[0]}",
        "one norm between two layers": f"(1; 1) has norm {norms[0]} in the inf-norm and (1, 1) norm {norms[1]} in the "
        f"1-norm; one after the other they multiply by {both}",
        "a derivative of every layer": f"W = [3/5; -4/5], relu, W = [3/5 -4/5] has the slopes {_listed(slopes)} on the "
        f"two sides of 0; at 0, backpropagation with relu'(0) = 1 gives {passed}: no slope, and none between the two",
    }


_DUAL = {1: INF, 2: 2, INF: 1}


def _norm_at_most_one(w: Matrix, p: Any) -> bool:
    if p == 2:
        return is_semidefinite(difference(identity(len(w[0])), product(transpose(w), w)))
    return spec.operator_norm(w, p, p).hi <= 1


def _size(x: Vector, p: Any) -> Fraction:
    """The p-norm, for p = 2 its square."""
    if p == 2:
        return sum((a * a for a in x), Fraction(0))
    return max(map(abs, x)) if p == INF else sum(map(abs, x), Fraction(0))


def _minus(x: Vector, y: Vector) -> Vector:
    return [Fraction(a - b) for a, b in zip(x, y, strict=True)]


def _listed(found: Vector) -> str:
    return f"({', '.join(map(str, found))})"
