"""In the inf-norm, networks of elementwise activations miss every order statistic by at least 1/2 - 1/(2d).

Statement
---------
Let f: R^d -> R be a network of affine maps with ||W_l||_inf <= 1, of any depth and width, with 1-Lipschitz activations
that act on each coordinate. Then for every k = 1, ..., d the largest |f(x) - x_(k)| over [0, 1]^d is at least
1/2 - 1/(2d), where x_(k) is the k-th largest entry. One affine map attains it: the mean plus (d - 2k + 1)/(2d).

Our reading
-----------
Biases are free and the activations need not be monotone: |z| is one. After Zhang et al. (2022, SortNet), whose theorem
has this bound; that the mean attains it for every k is ours.

Argument
--------
(1) Let an edge be a pair (S, i), S a set of k - 1 of the d indices and i none of them; there are E = C(d, k - 1)
(d - k + 1). For a function u on the corners of the cube let N(u) be the mean over the edges of |u(S + i) - u(S)|, where
u(S) is u at the corner with ones at S. (2) The input x_j changes on the edges with i = j alone, by 1: there are
C(d - 1, k - 1) of them, so N(x_j) = C(d - 1, k - 1)/E = 1/d. (3) N is a seminorm that constants do not change, so a
row with sum_j |w_ij| <= 1 gives N <= max_j N(u_j), and a 1-Lipschitz map of one coordinate shortens every difference:
the largest N over the units of a layer never grows, and N(f) <= 1/d. (4) x_(k) is 0 where fewer than k entries are 1,
and 1 where k are: it rises by 1 on every edge. If |f - x_(k)| <= e at the corners, f rises by at least 1 - 2e on every
edge, so 1 - 2e <= 1/d. (5) Where the order of the entries is fixed, x_(k) minus the mean is linear; these regions of
the cube are simplices with corners of the cube as corners. So its largest and smallest value are taken at corners, and
there they are 1 - k/d, with k ones, and -(k - 1)/d, with k - 1 ones: an interval of length 1 - 1/d.

Construction
------------
f(x) = mean(x) + (d - 2k + 1)/(2d), whose weight has inf-norm 1.

What is checked
---------------
In rationals, for d = 2, 3, 4, 5 and all k: (2) by counting edges; the error of the construction at all corners. (4) for
all networks of two hidden layers with the listed rows and biases and the activations relu and |z|, d = 2 and 3.

What is not shown
-----------------
By the check: other networks; these rest on the argument. By either: that a network with elementwise activations can do
no better at a given d for functions that are no order statistics; anything for other norms.

Uses
----
Nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import combinations, product

from proofs.certificate import Certificate, require
from proofs.layers import Activation, Layer, Vector, layer, norm_product, text, value
from proofs.networks import INF
from refsort import spec

GRADE = "EXACT"
Function = Callable[[Vector], Fraction]

HALF = Fraction(1, 2)


def construct(d: int, k: int) -> list[Layer]:
    """The mean, shifted: one affine map."""
    return [layer([[Fraction(1, d)] * d], [Fraction(d - 2 * k + 1, 2 * d)])]


def verify() -> Certificate:
    """Check the count of edges, the bound for a family of networks, and that the construction attains it."""
    cubes = [(d, k) for d in (2, 3, 4, 5) for k in range(1, d + 1)]
    for d, k in cubes:
        for j in range(d):
            found = mean_rise(lambda x, j=j: x[j], d, k)
            require(found == Fraction(1, d), f"d = {d}, k = {k}: N(x_{j}) = {found}")
        layers = construct(d, k)
        require(spec.operator_norm(layers[0][0], INF, INF).hi == 1, f"d = {d}: the mean has another norm than 1")
        error = largest_error(layers, spec.relu, d, k)
        require(error == HALF - Fraction(1, 2 * d), f"d = {d}, k = {k}: the mean is off by {error}")
    networks = 0
    for d, layers, activation in family():
        networks += 1
        for k in range(1, d + 1):
            rise = mean_rise(lambda x, f=layers, a=activation: value(f, a, x)[0], d, k)
            require(rise <= Fraction(1, d), f"{layers}, k = {k}: N(f) = {rise}")
    return Certificate(
        GRADE,
        (
            f"(2), (5): N(x_j) = 1/d, and the shifted mean is off by 1/2 - 1/(2d), for {len(cubes)} pairs (d, k)",
            f"(3): N(f) <= 1/d for {networks} networks with two hidden layers, and every k",
        ),
        f"d = 3, k = 1: x -> (x_1 + x_2 + x_3)/3 + {construct(3, 1)[0][1][0]}, off by at most 1/3",
    )


def sabotage() -> dict[str, str]:
    """Each hypothesis dropped, with a network that is the maximum of two numbers exactly."""
    eye, second, both = layer([[1, 0], [0, 1]]), layer([[0, 1]]), layer([[1, 1]])
    cross, steep, mean = layer([[HALF, -HALF], [HALF, HALF]]), layer([[1, -1], [0, 1]]), layer([[HALF, HALF]])
    broken: dict[str, tuple[list[Layer], str, Activation, int]] = {
        "on each coordinate": ([eye, second], "MaxMin", spec.max_min, 1),
        "1-Lipschitz": ([cross, mean], "(2 |z_1|, 2 z_2)", _absolute_of_first(2), 1),
        "norms at most 1": ([steep, both], "(relu(z_1), z_2)", _relu_of_first, 4),
    }
    found = {}
    for what, (layers, name, activation, norms) in broken.items():
        error, bound = largest_error(layers, activation, 2, 1), norm_product(layers, INF)
        require(error == 0 and bound == norms, f"without {what}: error {error}, norms that multiply to {bound}")
        found[what] = f"x -> {text(layers)} with {name} is max(x_1, x_2), and its inf-norms multiply to {bound}"
    return found | {"the inf-norm": _in_the_two_norm()}


def _in_the_two_norm() -> str:
    """max(a, b) = ((a + b) + |a - b|)/2, with orthogonal rows of equal length: the squared norms are 2 and 1/2."""
    layers = [layer([[1, -1], [1, 1]]), layer([[HALF, HALF]])]
    gram = [[spec.affine(row, [other], [0])[0] for other in layers[0][0]] for row in layers[0][0]]
    length = sum(v * v for v in layers[1][0][0])
    error = largest_error(layers, _absolute_of_first(1), 2, 1)
    require(gram == [[2, 0], [0, 2]] and 2 * length == 1 and error == 0, f"{gram}, {length}, error {error}")
    return f"x -> {text(layers)} with (|z_1|, z_2) is max(x_1, x_2), and its squared 2-norms are 2 and {length}"


def edges(d: int, k: int) -> Iterator[tuple[tuple[int, ...], int]]:
    """The pairs (S, i)."""
    for chosen in combinations(range(d), k - 1):
        yield from ((chosen, i) for i in range(d) if i not in chosen)


def mean_rise(u: Function, d: int, k: int) -> Fraction:
    """N(u)."""
    rises = [abs(u(_corner({*chosen, i}, d)) - u(_corner(set(chosen), d))) for chosen, i in edges(d, k)]
    return Fraction(sum(rises, Fraction(0)), len(rises))


def largest_error(layers: list[Layer], activation: Activation, d: int, k: int) -> Fraction:
    """max |f(x) - x_(k)| over the corners: all of the cube's, where f is affine on every region of fixed order."""
    corners = [[Fraction(v) for v in x] for x in product((0, 1), repeat=d)]
    return max(abs(value(layers, activation, x)[0] - sorted(x)[d - k]) for x in corners)


def family() -> Iterator[tuple[int, list[Layer], Activation]]:
    """Two hidden layers of two units with rows of l1-norm 1, all combinations."""
    for d in (2, 3):
        first = [[int(j == i) for j in range(d)] for i in (0, 1)]
        mixed = [[HALF] + [-HALF * (j == 1) for j in range(1, d)], [Fraction(1, d)] * d]
        middle = [[[HALF, -HALF], [HALF, HALF]], [[1, 0], [-HALF, HALF]]]
        biases = list(product((-HALF, 0), repeat=2))
        for w1, w2, b1, b2 in product((first, mixed), middle, biases, biases):
            for activation in (spec.relu, spec.absolute):
                yield d, [layer(w1, b1), layer(w2, b2), layer([[HALF, -HALF]])], activation


def _corner(ones: set[int], d: int) -> Vector:
    return [Fraction(i in ones) for i in range(d)]


def _absolute_of_first(slope: int) -> Activation:
    return lambda z: [slope * abs(z[0]), slope * z[1]]


def _relu_of_first(z: Vector) -> Vector:
    return [*spec.relu(z[:1]), z[1]]
