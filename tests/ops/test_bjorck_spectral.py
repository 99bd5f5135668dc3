"""Bjorck by eigenvectors: against the iteration, and its divided differences against exact rationals."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refsort.ops import bjorck, bjorck_coefficients, bjorck_forward, bjorck_spectral, bjorck_spectral_forward
from refsort.ops.bjorck_spectral import differences

SHAPES = st.sampled_from([(5, 3), (3, 5), (4, 4), (1, 6), (6, 1), (1, 1)])
EPS = 2.0**-52


def with_singular_values(shape, s, rng):
    m, n = shape
    u = np.linalg.qr(rng.standard_normal((m, m)))[0][:, : len(s)]
    v = np.linalg.qr(rng.standard_normal((n, n)))[0][:, : len(s)]
    return (u * s) @ v.T


# zero, coincident and nearly coincident ones among them
SINGULAR = st.one_of(st.sampled_from([0.0, 1.0, 1.0 + 1e-13, 0.5, 1e-9, 1.3]), st.floats(0, 1.4))


@st.composite
def problems(draw):
    shape, order, iterations = draw(SHAPES), draw(st.integers(1, 4)), draw(st.integers(0, 6))
    s = np.array(draw(st.lists(SINGULAR, min_size=min(shape), max_size=min(shape))))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    w_dot, a_bar = rng.standard_normal((2, *shape))
    return with_singular_values(shape, s, rng), order, iterations, w_dot, a_bar


@given(problems())
def test_the_iterate_and_its_derivative_are_those_of_the_iteration(problem):
    w, order, iterations, w_dot, a_bar = problem
    a, at = bjorck_spectral_forward(w, iterations, order)
    b, bt = bjorck_forward(w, iterations, order)
    # a step's slope is at most sum_j c_j < 2.3 for these orders, within the basin; so K steps amplify an error by at
    # most 2.3^K = 148, and their derivative changes by at most some ten times as much; 6 (m + n) roundings a step
    bound = 10 * 6 * 7 * 2.3**iterations * (iterations + 1) * EPS
    assert np.max(np.abs(a - b)) <= bound
    assert np.max(np.abs(at.tangent(w_dot) - bt.tangent(w_dot))) <= bound * np.linalg.norm(w_dot)
    assert np.max(np.abs(at.backward(a_bar) - bt.backward(a_bar))) <= bound * np.linalg.norm(a_bar)
    assert np.array_equal(a, bjorck_spectral(w, iterations, order))


@given(problems())
def test_backward_is_the_transpose_of_tangent(problem):
    w, order, iterations, w_dot, a_bar = problem
    at = bjorck_spectral_forward(w, iterations, order)[1]
    bound = 100 * 2.3**iterations * EPS * np.linalg.norm(w_dot) * np.linalg.norm(a_bar)
    assert abs(np.sum(at.tangent(w_dot) * a_bar) - np.sum(w_dot * at.backward(a_bar))) <= bound


def step(x, phi, c):
    """One step of an eigenvalue, and of phi, each with its derivative in the first eigenvalue: dual numbers."""
    q, power, slope = 1 - x[0], Fraction(1), Fraction(0)
    r, r_dot = Fraction(1), Fraction(0)
    for c_j in c:
        slope = slope * q + power  # j q^(j - 1)
        power *= q
        r += c_j * power
        r_dot -= c_j * slope * x[1]
    return (x[0] * r * r, x[1] * r * r + 2 * x[0] * r * r_dot), (phi[0] * r, phi[1] * r + phi[0] * r_dot)


def phi_and_slope(x, c, iterations):
    x, phi = (x, Fraction(1)), (Fraction(1), Fraction(0))
    for _ in range(iterations):
        x, phi = step(x, phi, c)
    return phi


@given(st.lists(SINGULAR, min_size=1, max_size=4), st.integers(1, 3), st.integers(0, 2))
def test_divided_differences_are_exact_quotients(values, order, iterations):
    c = bjorck_coefficients(order)[1:]
    phi, table = differences(np.array(values), iterations, [float(v) for v in c])
    exact = [Fraction(v) for v in values]
    ends = [phi_and_slope(v, c, iterations) for v in exact]
    # some 20 order roundings a step, on terms that two steps of slope 2.3 and factors up to 3 keep below 100
    bound = 20 * order * (iterations + 1) * 100 * EPS
    for i, x in enumerate(exact):
        assert abs(Fraction(phi[i]) - ends[i][0]) <= bound
        for j, y in enumerate(exact):
            quotient = ends[i][1] if x == y else (ends[i][0] - ends[j][0]) / (x - y)
            assert abs(Fraction(table[i, j]) - quotient) <= bound


def test_near_coincidence_costs_no_digits():
    """The quotient of differences has few left where eigenvalues agree to half of theirs."""
    x = 0.81 + 1e-9 * np.arange(3)
    phi, table = differences(x, 5, [0.5])
    exact = float(phi_and_slope(Fraction(0.81), [Fraction(1, 2)], 5)[1])
    assert np.max(np.abs(table - exact)) <= 1e-8  # the second derivative times the distance
    quotient = np.diff(phi) / np.diff(x)
    assert np.max(np.abs(quotient - exact)) > 3e-8


def test_several_blocks_of_the_table():
    x = np.linspace(0.04, 1.7, 300)  # 109 rows a block
    _, table = differences(x, 3, [0.5, 0.375])
    assert np.max(np.abs(table - table.T)) <= 1000 * EPS
    for i, j in ((0, 299), (150, 151), (299, 108), (220, 3)):
        pair = differences(x[[i, j]], 3, [0.5, 0.375])[1]
        assert abs(pair[0, 1] - table[i, j]) <= 1000 * EPS * abs(pair[0, 1])


def test_float32_loses_no_digits_to_the_square():
    """A singular value of 1e-3: float32 would have its square, 1e-6, to a tenth of itself, and float64 has it."""
    w = with_singular_values((6, 3), [1.0, 0.9, 1e-3], np.random.default_rng(3)).astype(np.float32)
    exact = bjorck(w.astype(float), 20)  # for the w that there is
    # 24 bits of the singular vectors: what they add to W v is that far below 1, a thousand times as much of 1e-3
    assert np.max(np.abs(bjorck_spectral(w, 20) - exact)) <= 10 * 2.0**-24 / 1e-3


@pytest.mark.parametrize(("dtype", "iterations"), [(np.float32, 20), (np.float64, 45)])
@pytest.mark.parametrize("least", [0.0, 1e-20])
def test_a_singular_value_whose_direction_would_be_lost_is_refused(dtype, iterations, least):
    w = with_singular_values((6, 3), [1.0, 0.9, least], np.random.default_rng(3)).astype(dtype)
    # 1.5^K passes 1 / sqrt(eps), 2896 and 6.7e7, at 20 and 45 steps
    assert np.linalg.norm(bjorck_spectral(w, iterations - 1), 2) <= 1 + 20 * np.sqrt(np.finfo(dtype).eps)
    with pytest.raises(ValueError, match=rf"{iterations} steps multiply the least singular value"):
        bjorck_spectral(w, iterations)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_and_inputs_are_left_alone(dtype):
    w = with_singular_values((5, 3), [0.4, 0.9, 1.1], np.random.default_rng(0)).astype(dtype)
    before = w.copy()
    w.setflags(write=False)
    for x in (w, w[::-1], w.T, np.asfortranarray(w)):
        a, at = bjorck_spectral_forward(x, 4, beta=0.5)
        assert a.dtype == at.backward(a).dtype == at.tangent(a).dtype == dtype
        np.testing.assert_allclose(a, bjorck(x, 4), rtol=0, atol=200 * np.finfo(dtype).eps)
    assert np.array_equal(w, before)


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0)])
def test_empty_matrices(shape):
    a, at = bjorck_spectral_forward(np.zeros(shape), 2)
    assert a.shape == at.backward(np.zeros(shape)).shape == shape


def test_outside_of_the_basin_it_is_not_finite_either():
    w = with_singular_values((4, 3), [2.3, 1.0, 0.5], np.random.default_rng(0))
    a, at = bjorck_spectral_forward(w, 40)
    assert not np.all(np.isfinite(a))
    assert not np.all(np.isfinite(at.backward(w)))
    minus = bjorck_spectral(with_singular_values((4, 3), [1.9] * 3, np.random.default_rng(0)), 40)
    np.testing.assert_allclose(minus.T @ minus, np.eye(3), rtol=0, atol=1e-13)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"w": np.ones(3)}, ValueError, r"2 dimensions, got shape \(3,\)"),
        ({"w": np.ones((2, 2), int)}, TypeError, "int64"),
        ({"w": np.ones((2, 2), np.float16)}, TypeError, "float16"),
        ({"w": np.array([[Fraction(1)]], object)}, TypeError, "object"),
        ({"w": np.array([[np.nan, 1.0], [np.inf, 1.0]])}, ValueError, "holds 2 non-finite entries"),
        ({"iterations": -1}, ValueError, "at least 0, got -1"),
        ({"iterations": 2.0}, TypeError, "must be an integer, got 2.0"),
        ({"order": 0}, ValueError, "at least 1, got 0"),
        ({"order": 2, "beta": 0.5}, ValueError, "the order is 2"),
        ({"beta": float("inf")}, ValueError, "positive and finite"),
    ],
)
def test_bad_input(arguments, error, words):
    for function in (bjorck_spectral, bjorck_spectral_forward):
        with pytest.raises(error, match=words):
            function(**{"w": np.eye(2), **arguments})


def test_bad_cotangents():
    at = bjorck_spectral_forward(np.ones((3, 2)), 1)[1]
    with pytest.raises(ValueError, match=r"a_bar must have shape \(3, 2\), got \(2, 3\)"):
        at.backward(np.ones((2, 3)))
    with pytest.raises(TypeError, match="one dtype"):
        at.tangent(np.ones((3, 2), np.float32))
