"""Square orthonormal GroupSort networks have Jacobians with all singular values 1, at every depth.

Statement
---------
Let F: R^n -> R^n be a network of affine maps with orthogonal n by n weights, W_l^T W_l = I, and GroupSort with any
group sizes between them.
(1) R^n is a finite union of closed convex polyhedra, and on each of them F is x -> Q x + c with an orthogonal Q. In
their interiors, so almost everywhere, F has the derivative Q: all singular values of the Jacobian are 1, and vectors
keep their 2-norm on the way forward (J v) and back (J^T g).
(2) |F(x) - F(y)|_2 <= |x - y|_2, with equality on each polyhedron.
(3) If the first weight is n by m with orthonormal columns instead, J^T J = I almost everywhere; if the last one is k by
n with orthonormal rows instead, J J^T = I.

Our reading
-----------
"Dynamical isometry" is the term of Saxe, McClelland, Ganguli (2014) and Pennington, Schoenholz, Ganguli (2017) for
singular values close to 1; after Anil, Lucas, Grosse (2019), who note that orthonormal weights with GroupSort have it.
Here they are 1 exactly and for all depths and biases; the norm is the 2-norm.

Argument
--------
(1) By induction over the layers. On a polyhedron where z = Q x + c enters GroupSort, two entries of z are equal where
(q_i - q_j) . x = c_j - c_i; the rows q_i, q_j of an orthogonal matrix differ, so this is a hyperplane. Finitely many of
them cut the polyhedron into smaller ones, in each of which the order of the entries is fixed and GroupSort is one
permutation P (`group_sort_is_a_permutation`), so the result is P Q x + P c and P Q is orthogonal. Both sides being
continuous, it holds on the closed polyhedron. An affine map with orthogonal W takes Q to W Q. The boundaries lie in
finitely many hyperplanes, a null set. |Q v| = |v| = |Q^T v|.
(2) The layers are 1-Lipschitz (`lipschitz_maps_compose`); on one polyhedron F(x) - F(y) = Q (x - y).
(3) After its first affine map, F is as in (1). So F(x) = Q (W_1 x + b) + c on the preimages of finitely many polyhedra,
which are polyhedra and cover R^m; in their interiors J = Q W_1, and W_1^T W_1 = I. With a last weight, J = W_L Q and
W_L W_L^T = I.

Construction
------------
Networks of four layers on R^4 from rational orthogonal matrices (products of reflections), with groups of 2 and of 4;
the first weight cut to 2 columns, the last one cut to 3 rows.

What is checked
---------------
J by dual numbers at ten points, for each network: J^T J = I, in (3) J^T J = I or J J^T = I, exactly; that more than one
Jacobian occurs; (2) for all pairs of the points, and with equality for each point and one within 1/100000 of it.

What is not shown
-----------------
By the check: other networks; these rest on the argument. By either: that such networks are easy to train, or that they
are universal; and anything where first and last weight are both not square, see the sabotage.

Uses
----
- `group_sort_is_a_permutation`
- `lipschitz_maps_compose`
"""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, pairwise

from proofs.certificate import Certificate, require
from proofs.layers import Activation, Layer, Vector, layer, value
from proofs.matrices import diagonal, has_orthonormal_columns, orthogonal
from refsort import spec
from refsort.spec.exact import Matrix, dot, identity, product, transpose

GRADE = "EXACT"
ACTIVATIONS: dict[int, Activation] = {2: spec.max_min, 4: spec.full_sort}
DEPTH = 4


def construct() -> list[list[Layer]]:
    """A square network, one whose first weight is 4 by 2, and one whose last weight is 3 by 4."""
    normals = ([1, 2, 3, 1], [1, 0, -1, 2], [2, 1, -1, 3], [1, 1, 2, 5], [3, -1, 1, 1])
    weights = [orthogonal(*pair) for pair in pairwise(normals)]
    biases = [[Fraction((3 * i + 5 * k) % 7 - 3, 2) for i in range(4)] for k in range(DEPTH)]
    square = [layer(w, b) for w, b in zip(weights, biases, strict=True)]
    tall = [layer([row[:2] for row in weights[0]], biases[0]), *square[1:]]
    wide = [*square[:-1], layer(weights[-1][:3], biases[-1][:3])]
    return [square, tall, wide]


def verify() -> Certificate:
    """Check the three parts."""
    square, tall, wide = construct()
    found: set[str] = set()
    checked = kinks = pairs = 0
    for group_size, activation in ACTIVATIONS.items():
        for layers in (square, tall, wide):
            points = [
                [Fraction(5 * a * b % 11 - 5, 1 + a % 3) for b in range(1, 1 + _width(layers))] for a in range(1, 11)
            ]
            for x in points:
                try:
                    jacobian = derivative(layers, activation, x)
                except spec.KinkError:
                    kinks += 1
                    continue
                thin = jacobian if layers is not wide else transpose(jacobian)
                require(has_orthonormal_columns(thin), f"groups of {group_size}, x = {x}: the Jacobian is {jacobian}")
                found.add(str(jacobian))
                checked += 1
                y = [a + Fraction(i, 10**6) for i, a in enumerate(x, 1)]
                lengths = [
                    _squared_distance(*ends) for ends in ((x, y), [value(layers, activation, v) for v in (x, y)])
                ]
                require(layers is wide or lengths[0] == lengths[1], f"x = {x}: squared lengths {lengths} near by")
            results = [value(layers, activation, x) for x in points]
            for i, j in combinations(range(len(points)), 2):
                moved, apart = (_squared_distance(v[i], v[j]) for v in (results, points))
                require(moved <= apart, f"groups of {group_size}: {points[i]} and {points[j]} are moved apart")
                pairs += 1
    require(len(found) > 2 * 3, "each network has one Jacobian only")
    return Certificate(
        GRADE,
        (
            f"(1), (3): {checked} Jacobians, {len(found)} different ones, have singular values 1; {kinks} ties met",
            f"(2): {pairs} pairs of points",
        ),
        f"W_1 = {_text(square[0][0])}, and three more such weights",
    )


def derivative(layers: list[Layer], activation: Activation, x: Vector) -> Matrix:
    """The Jacobian by dual numbers, one column a unit vector."""
    return transpose([spec.derivative(lambda v: value(layers, activation, v), x, e) for e in identity(len(x))])


def sabotage() -> dict[str, str]:
    """Each hypothesis dropped, with the counterexample that it excludes."""
    up, down = layer([[Fraction(3, 5)], [Fraction(4, 5)]]), layer([[0, 1]])
    bent = [derivative([up, down], spec.max_min, [Fraction(x)])[0][0] for x in (-1, 1)]
    require(bent == [Fraction(3, 5), Fraction(4, 5)], f"both ends not square: slopes {bent}")
    half = [layer(diagonal([Fraction(1), Fraction(1, 2)], 2, 2)) for _ in range(10)]
    thin = derivative(half, spec.max_min, [Fraction(-1), Fraction(10000)])
    require(thin == diagonal([Fraction(1), Fraction(1, 1024)], 2, 2), f"the Jacobian is {thin}")
    plain = [layer(identity(2)), layer(identity(2))]
    cut = derivative(plain, spec.relu, [Fraction(1), Fraction(-1)])
    require(cut == diagonal([Fraction(1), Fraction(0)], 2, 2), f"ReLU has the Jacobian {cut}")
    sides = [derivative(plain, spec.max_min, x) for x in ([Fraction(0), Fraction(1)], [Fraction(1), Fraction(0)])]
    mean = [[(a + b) * Fraction(1, 2) for a, b in zip(*rows, strict=True)] for rows in zip(*sides, strict=True)]
    require(product(mean, spec.matrix([[1], [-1]])) == [[0], [0]], f"the mean Jacobian at a tie is {mean}")
    turned = value([layer(orthogonal([1, 2], [1, 0]))], spec.max_min, [Fraction(1), Fraction(1)])
    require(max(map(abs, turned)) > 1, f"(1, 1) goes to {turned}")
    return {
        "square weights": f"(3/5; 4/5), MaxMin, (0, 1): orthonormal columns, then orthonormal rows, and the slopes "
        f"{bent[0]} and {bent[1]}",
        "orthogonal weights": f"ten weights diag(1, 1/2), all of norm 1, have the singular value {thin[1][1]}",
        "GroupSort": f"one ReLU at (1, -1) has the singular value {cut[1][1]}",
        "no tie": "at x_1 = x_2, MaxMin has the two Jacobians of the sides; their mean, which lies between them, takes "
        "(1, -1) to (0, 0)",
        "the 2-norm": f"one rotation takes (1, 1) to {_text([turned])}: the inf-norm grows",
    }


def _width(layers: list[Layer]) -> int:
    return len(layers[0][0][0])


def _squared_distance(x: Vector, y: Vector) -> Fraction:
    apart = [a - b for a, b in zip(x, y, strict=True)]
    return dot(apart, apart)


def _text(rows: Matrix) -> str:
    return "(" + ", ".join(f"({', '.join(map(str, row))})" for row in rows) + ")"
