from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refsort.spec import Dual, bjorck, coefficients, derivative
from refsort.spec.exact import Matrix, Vector, identity, product, transpose

small = st.fractions(min_value=-2, max_value=2, max_denominator=5)


def rotation(n: int, parameters: list[Fraction]) -> Matrix:
    """An exactly orthogonal matrix: a product of plane rotations by Pythagorean angles."""
    result = identity(n)
    for k, t in enumerate(parameters):
        i, j = k % (n - 1), k % (n - 1) + 1
        plane = identity(n)
        c, s = (1 - t * t) / (1 + t * t), 2 * t / (1 + t * t)
        plane[i][i], plane[i][j], plane[j][i], plane[j][j] = c, -s, s, c
        result = product(result, plane)
    return result


def rectangular(rows: int, columns: int, diagonal: Vector) -> Matrix:
    return [[diagonal[i] if i == j else Fraction(0) for j in range(columns)] for i in range(rows)]


# s sum_j c_j (1 - s^2)^j multiplied out, as in the literature: the coefficients of s, s^3, s^5, ...
ODD = {
    1: [Fraction(3, 2), Fraction(-1, 2)],
    2: [Fraction(15, 8), Fraction(-10, 8), Fraction(3, 8)],
    3: [Fraction(35, 16), Fraction(-35, 16), Fraction(21, 16), Fraction(-5, 16)],
    4: [Fraction(n, 128) for n in (315, -420, 378, -180, 35)],
}


def scalar_step(s: Fraction, order: int) -> Fraction:
    return sum((c * s ** (2 * k + 1) for k, c in enumerate(ODD[order])), Fraction(0))


@pytest.mark.parametrize("order", range(1, 12))
def test_the_coefficients_are_those_of_the_inverse_square_root(order: int) -> None:
    c = coefficients(order)
    assert len(c) == order + 1
    for n in range(order + 1):  # (sum c_j t^j)^2 = 1 / (1 - t) = 1 + t + t^2 + ..., up to t^order
        assert sum(c[j] * c[n - j] for j in range(n + 1)) == 1
    assert all(x > 0 for x in c)


@pytest.mark.parametrize(("rows", "columns"), [(3, 3), (4, 2), (2, 4)])
@settings(max_examples=15)
@given(data=st.data())
def test_singular_values_follow_the_polynomial_and_singular_vectors_stay(
    rows: int, columns: int, data: st.DataObject
) -> None:
    order, iterations = data.draw(st.sampled_from([(1, 0), (1, 1), (1, 2), (2, 1), (2, 2), (3, 1), (4, 1)]))
    k = min(rows, columns)
    values = data.draw(st.lists(small, min_size=k, max_size=k))  # zeros, negative ones and repetitions too
    u = rotation(rows, data.draw(st.lists(small, min_size=3, max_size=3)))
    v = rotation(columns, data.draw(st.lists(small, min_size=3, max_size=3)))
    w = product(product(u, rectangular(rows, columns, values)), v)
    for _ in range(iterations):
        values = [scalar_step(s, order) for s in values]
    assert bjorck(w, iterations, order) == product(product(u, rectangular(rows, columns, values)), v)


@settings(max_examples=15)
@given(st.lists(st.lists(small, min_size=2, max_size=2), min_size=3, max_size=3), st.integers(1, 3))
def test_transposing_commutes_with_a_step(w: Matrix, order: int) -> None:
    assert bjorck(transpose(w), 1, order) == transpose(bjorck(w, 1, order))


@pytest.mark.parametrize("order", [1, 2, 3])
def test_orthogonal_matrices_and_zero_stay(order: int) -> None:
    u = rotation(3, [Fraction(1, 2), Fraction(-2, 3), Fraction(3)])
    assert product(transpose(u), u) == identity(3)
    assert bjorck(u, 3, order) == u
    assert bjorck([[0, 0, 0], [0, 0, 0]], 3, order) == [[0] * 3] * 2


def test_outside_the_basin_order_1_can_reach_minus_one() -> None:
    s = bjorck([[2]], 6)[0][0]  # 2 lies in (sqrt 3, sqrt 5)
    assert abs(s + 1) < Fraction(1, 10**6)


@given(small, small)
def test_beta_replaces_the_first_coefficient(s: Fraction, beta: Fraction) -> None:
    assert bjorck([[s]], 1, order=1, beta=beta) == [[s * (1 + beta * (1 - s * s))]]


def interpolated_slope(f, degree: int) -> Matrix:
    """f'(0) of a polynomial matrix function of at most this degree, from its values at the nodes 1, ..., degree + 1.

    Lagrange: the derivative at 0 of the basis polynomial l_i is sum_{k != i} -1/(i - k) prod_{m != i, k} -m/(i - m).
    """
    nodes = range(1, degree + 2)
    total = None
    for i in nodes:
        weight = Fraction(0)
        for k in nodes:
            if k != i:
                term = Fraction(1, i - k)
                for m in nodes:
                    if m not in (i, k):
                        term *= Fraction(-m, i - m)
                weight += term
        value = [[weight * x for x in row] for row in f(i)]
        total = value if total is None else add(total, value)
    assert total is not None
    return total


def add(a: Matrix, b: Matrix, scale: Fraction | int = 1) -> Matrix:
    return [[x + scale * y for x, y in zip(*rows, strict=True)] for rows in zip(a, b, strict=True)]


W = [[Fraction(1, 2), Fraction(-1, 3)], [Fraction(2, 3), Fraction(1)], [Fraction(0), Fraction(3, 4)]]
W_DOT = [[Fraction(1), Fraction(2)], [Fraction(-1, 2), Fraction(1, 5)], [Fraction(3), Fraction(-1)]]


@pytest.mark.parametrize(("order", "iterations"), [(1, 1), (1, 2), (2, 1), (3, 1)])
def test_the_dual_derivative_is_that_of_the_interpolated_polynomial(order: int, iterations: int) -> None:
    degree = (2 * order + 1) ** iterations  # along a line every entry is a polynomial of this degree
    slope = interpolated_slope(lambda t: bjorck(add(W, W_DOT, Fraction(t, 4)), iterations, order), degree)
    expected = [[4 * x for x in row] for row in slope]
    assert derivative(lambda a: bjorck(a, iterations, order), W, W_DOT) == expected


def test_the_derivative_of_order_1_written_out() -> None:
    at, at_dot = transpose(W), transpose(W_DOT)
    cubic = add(
        add(product(W_DOT, product(at, W)), product(W, product(at_dot, W))),
        product(W, product(at, W_DOT)),
    )
    expected = [[3 * x / 2 - y / 2 for x, y in zip(*rows, strict=True)] for rows in zip(W_DOT, cubic, strict=True)]
    assert derivative(lambda a: bjorck(a, 1), W, W_DOT) == expected


def test_the_derivative_in_beta() -> None:
    s = Fraction(2, 3)
    (result,) = bjorck([[s]], 1, beta=Dual(Fraction(1, 2), 1))[0]
    assert result == Dual(s * (1 + (1 - s * s) / 2), s * (1 - s * s))


def test_bad_parameters_are_named() -> None:
    with pytest.raises(ValueError, match="order must be at least 1, got 0"):
        bjorck([[1]], 1, order=0)
    with pytest.raises(TypeError, match="order must be an integer"):
        bjorck([[1]], 1, order=1.0)
    with pytest.raises(ValueError, match="iterations must be at least 0, got -1"):
        bjorck([[1]], -1)
    with pytest.raises(ValueError, match=r"got beta 0\.25 beside order 2"):
        bjorck([[1]], 1, order=2, beta=0.25)
    assert bjorck([[1, 2]], 0, order=2, beta=0.5) == [[1, 2]]
    assert bjorck([], 2) == []
    assert bjorck([[], []], 2) == [[], []]
