from __future__ import annotations

import math
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refsort.spec import Enclosure, operator_norm
from refsort.spec.operator_norm import _exceeds

Matrix = list[list[Fraction]]
INF = math.inf
TRACTABLE = [(1, 1), (1, 2), (1, INF), (2, INF), (INF, INF), (2, 2)]
numbers = st.integers(-3, 3) | st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def matrices(draw: st.DrawFn) -> Matrix:
    rows, columns = draw(st.sampled_from([(1, 1), (1, 3), (2, 2), (2, 3), (3, 2), (4, 2)]))
    line = st.lists(numbers.map(Fraction), min_size=columns, max_size=columns)
    return draw(st.lists(line, min_size=rows, max_size=rows))


def image(w: Matrix, x: list[Fraction]) -> list[Fraction]:
    return [sum((a * b for a, b in zip(row, x, strict=True)), Fraction(0)) for row in w]


def squared(x: list[Fraction], p: float) -> Fraction:
    if p == 2:
        return sum((t * t for t in x), Fraction(0))
    return (sum(map(abs, x)) if p == 1 else max(map(abs, x))) ** 2


def transposed(w: Matrix) -> Matrix:
    return [list(column) for column in zip(*w, strict=True)]


def vertices(p: float, d: int) -> list[list[Fraction]]:
    if p == 1:
        return [[Fraction(s * (i == j)) for i in range(d)] for j in range(d) for s in (1, -1)]
    return [[Fraction(t) for t in signs] for signs in product((1, -1), repeat=d)]


@pytest.mark.parametrize(("p", "q"), [(1, 1), (1, 2), (1, INF), (INF, INF)])
@given(w=matrices())
def test_polytope_balls_by_all_their_vertices(p: float, q: float, w: Matrix) -> None:
    """A convex function is largest at a vertex of the unit ball."""
    largest = max(squared(image(w, x), q) for x in vertices(p, len(w[0])))
    norm = operator_norm(w, p, q)
    assert norm.lo**2 <= largest <= norm.hi**2
    assert norm.width * 2**64 <= norm.lo
    assert norm.width == 0 or q == 2


@given(w=matrices(), x=st.lists(st.integers(-9, 9), min_size=3, max_size=3).filter(any))
def test_two_to_infinity_bounds_every_ratio_and_is_attained(w: Matrix, x: list[int]) -> None:
    norm = operator_norm(w, 2, INF)
    z = [Fraction(t) for t in x[: len(w[0])]]
    assert squared(image(w, z), INF) <= norm.hi**2 * squared(z, 2)
    ratios = [squared(image(w, row), INF) / squared(row, 2) for row in w if any(row)]  # Cauchy-Schwarz: x along a row
    assert norm.lo**2 <= max(ratios, default=0) <= norm.hi**2


@pytest.mark.parametrize(("p", "q", "p_dual", "q_dual"), [(1, 1, INF, INF), (1, 2, 2, INF), (1, INF, 1, INF)])
@given(w=matrices())
def test_the_transpose_has_the_same_norm_between_the_dual_spaces(
    p: float, q: float, p_dual: float, q_dual: float, w: Matrix
) -> None:
    assert operator_norm(w, p, q) == operator_norm(transposed(w), p_dual, q_dual)


@settings(max_examples=60)
@given(w=matrices())
def test_the_spectral_norm_by_the_characteristic_polynomial(w: Matrix) -> None:
    """No shape above has more than two non-zero singular values, so s^2 is the larger root of t^2 - trace t + minor."""
    gram = [[sum((a * b for a, b in zip(x, y, strict=True)), Fraction(0)) for y in w] for x in w]
    trace = sum(gram[i][i] for i in range(len(w)))
    minor = (trace**2 - sum(g * g for row in gram for g in row)) / 2  # sum of products of pairs of eigenvalues
    norm = operator_norm(w, 2, 2)
    discriminant = trace**2 - 4 * minor  # the larger root is (trace + its square root) / 2
    low, high = 2 * norm.lo**2 - trace, 2 * norm.hi**2 - trace
    assert norm.lo >= 0
    assert low <= 0 or low**2 <= discriminant
    assert high >= 0
    assert high**2 >= discriminant
    assert norm.width * 2**64 <= norm.lo


def test_the_spectral_norm_of_a_rotated_diagonal() -> None:
    u = [[Fraction(3, 5), Fraction(-4, 5), Fraction(0)], [Fraction(4, 5), Fraction(3, 5), Fraction(0)], [0, 0, 1]]
    v = [[Fraction(1), 0, 0], [0, Fraction(5, 13), Fraction(12, 13)], [0, Fraction(-12, 13), Fraction(5, 13)]]
    values = [Fraction(2), Fraction(-7, 2), Fraction(7, 2)]  # the largest one twice
    w = [[sum(u[i][k] * values[k] * v[k][j] for k in range(3)) for j in range(3)] for i in range(3)]
    for bits in (0, 10, 80):
        norm = operator_norm(w, 2, 2, bits)
        assert norm.contains(Fraction(7, 2))
        assert norm.width * 2**bits <= norm.lo


def test_a_number_exceeds_the_eigenvalues_strictly() -> None:
    gram = [[Fraction(t) for t in row] for row in ([5, 2, 0], [2, 2, 0], [0, 0, 3])]  # eigenvalues 6, 1 and 3
    assert not _exceeds(Fraction(6), gram)  # the second pivot is 0
    assert not _exceeds(Fraction(6), [gram[0][:2], gram[1][:2]])  # the last pivot is 0
    assert not _exceeds(Fraction(599, 100), gram)
    assert _exceeds(Fraction(601, 100), gram)


@given(w=matrices(), x=st.lists(st.integers(-9, 9), min_size=3, max_size=3))
def test_the_spectral_norm_bounds_every_ratio_of_wide_and_tall_matrices(w: Matrix, x: list[int]) -> None:
    z = [Fraction(t) for t in x[: len(w[0])]]
    norm = operator_norm(w, 2, 2)
    assert squared(image(w, z), 2) <= norm.hi**2 * squared(z, 2)
    assert operator_norm(w, 1, 2).lo <= norm.hi  # a column is the image of a unit vector
    assert norm.lo**2 <= operator_norm(w, 1, 1).lo * operator_norm(w, INF, INF).lo


@pytest.mark.parametrize(("p", "q"), TRACTABLE)
def test_zero_and_empty_matrices_have_norm_0(p: float, q: float) -> None:
    for w in ([[0, 0, 0], [0, 0, 0]], [], [[], []]):
        assert operator_norm(w, p, q) == Enclosure(Fraction(0), Fraction(0))


def test_one_row_or_column_is_exact_where_rational() -> None:
    assert operator_norm([[3, -4]], 2, 2) == operator_norm([[3], [4]], 2, 2) == (5, 5)


@pytest.mark.parametrize(("p", "q"), [(INF, 1), (INF, 2), (2, 1)])
def test_the_hard_pairs_say_so_and_why(p: float, q: float) -> None:
    with pytest.raises(ValueError, match=rf"from l_{p} to l_{q} is NP-hard .*maximum cut of a graph"):
        operator_norm([[1, 2], [3, 4]], p, q)


def test_the_hard_pairs_contain_the_maximum_cut() -> None:
    edges = [(0, 1), (1, 2), (2, 0), (2, 3), (3, 4), (4, 0)]
    incidence = [[Fraction((i == a) - (i == b)) for i in range(5)] for a, b in edges]
    cut = max(sum(side[a] != side[b] for a, b in edges) for side in product((0, 1), repeat=5))
    signs = vertices(INF, 5)
    assert max(squared(image(incidence, x), 2) for x in signs) == 4 * cut
    laplacian = [image(transposed(incidence), column) for column in transposed(incidence)]
    assert max(sum(map(abs, image(laplacian, x))) for x in signs) == 4 * cut


@pytest.mark.parametrize("exponent", [3, 0, True, "inf", "2", 1.5, -INF])
def test_other_exponents_are_refused(exponent: object) -> None:
    with pytest.raises(ValueError, match=r"p must be 1, 2 or math\.inf"):
        operator_norm([[1]], exponent, 2)
    with pytest.raises(ValueError, match=r"q must be 1, 2 or math\.inf"):
        operator_norm([[1]], 2, exponent)
