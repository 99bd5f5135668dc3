"""Bjorck: against the definition in exact rationals, its derivative against dual numbers, its limit against SciPy."""

import sys
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import polar

from refsort import spec
from refsort.ops.bjorck import bjorck, bjorck_coefficients, bjorck_forward
from refsort.ops.symmetric import gram

SHAPES = [(2, 3), (3, 2), (1, 2), (2, 1), (2, 2)]
eighths = st.integers(-12, 12).map(lambda k: Fraction(k, 8))


@st.composite
def rational_matrices(draw, shape=None, count=1):
    m, n = draw(st.sampled_from(SHAPES)) if shape is None else shape
    matrices = [[[draw(eighths) for _ in range(n)] for _ in range(m)] for _ in range(count)]
    return [np.array(rows, dtype=object) for rows in matrices]


def spectrum(m, n, singular_values, seed):
    rng = np.random.default_rng(seed)
    u = np.linalg.qr(rng.standard_normal((m, m)))[0]
    v = np.linalg.qr(rng.standard_normal((n, n)))[0]
    s = np.zeros((m, n))
    np.fill_diagonal(s, singular_values)
    return u @ s @ v.T, u[:, : min(m, n)] @ v[:, : min(m, n)].T


@given(rational_matrices(), st.integers(0, 2), st.integers(1, 3))
def test_equals_the_definition_exactly(w, iterations, order):
    (w,) = w
    assert bjorck(w, iterations, order).tolist() == spec.bjorck(w.tolist(), iterations, order)


@given(rational_matrices(), st.sampled_from([Fraction(1, 4), Fraction(1, 3), Fraction(1)]))
def test_beta_replaces_one_half(w, beta):
    (w,) = w
    assert bjorck(w, 2, beta=beta).tolist() == spec.bjorck(w.tolist(), 2, 1, beta)


@given(rational_matrices(count=2), st.integers(0, 2), st.integers(1, 3))
def test_tangent_equals_that_of_dual_numbers_exactly(matrices, iterations, order):
    w, w_dot = matrices
    value, at = bjorck_forward(w, iterations, order)
    exact = spec.derivative(lambda v: spec.bjorck(v, iterations, order), w.tolist(), w_dot.tolist())
    assert at.tangent(w_dot).tolist() == exact
    assert value.tolist() == spec.bjorck(w.tolist(), iterations, order)


@given(rational_matrices(count=3), st.integers(1, 2), st.integers(1, 3))
def test_backward_is_the_transpose_of_tangent_exactly(matrices, iterations, order):
    w, w_dot, a_bar = matrices
    at = bjorck_forward(w, iterations, order)[1]
    assert np.sum(at.tangent(w_dot) * a_bar) == np.sum(w_dot * at.backward(a_bar))


@given(rational_matrices(count=2), st.integers(1, 3))
def test_the_derivative_is_symmetric_exactly(matrices, order):
    w, v = matrices  # a Hessian: see BjorckJacobian
    at = bjorck_forward(w, 2, order)[1]
    assert at.tangent(v).tolist() == at.backward(v).tolist()


@pytest.mark.parametrize(("m", "n"), [(7, 4), (4, 7), (6, 6), (1, 5)])
@pytest.mark.parametrize(("order", "iterations"), [(1, 12), (2, 8), (3, 6), (4, 6), (7, 5)])
def test_converges_to_the_polar_factor(m, n, order, iterations):
    w, factor = spectrum(m, n, np.linspace(0.3, 1.3, min(m, n)), seed=m)
    a = bjorck(w, iterations, order)
    # A polar factor moves by at most ||dW|| / s_min for a change dW of the size of some rounding errors of w;
    # (m + n) roundings a product, p + 1 products a step, all of them on matrices of norm about 1
    bound = (m + n) * (order + 1) * iterations * 2.0**-52 / 0.3
    np.testing.assert_allclose(a, factor, rtol=0, atol=bound)
    np.testing.assert_allclose(a, polar(w)[0], rtol=0, atol=bound)


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_singular_values_follow_the_polynomial_and_never_exceed_one_from_below(order):
    s = np.array([1e-8, 1e-3, 0.2, 0.5, 0.9, 0.999, 1.0])
    coefficients = spec.coefficients(order)
    for iterations in (1, 2, 5, 30):
        exact = [Fraction(v) for v in s.tolist()]
        for _ in range(min(iterations, 2)):
            exact = [v * sum(c * (1 - v * v) ** j for j, c in enumerate(coefficients)) for v in exact]
        a = bjorck(np.diag(s), iterations, order)
        assert np.max(np.diag(a)) <= 1 + 4 * 2.0**-52  # two roundings of the last step, near 1
        if iterations <= 2:  # relative: a diagonal product has one term, so a handful of roundings
            np.testing.assert_allclose(np.diag(a), [float(v) for v in exact], rtol=40 * order * 2.0**-53, atol=0)
        assert np.count_nonzero(a - np.diag(np.diag(a))) == 0


def test_outside_of_the_basin_it_does_what_the_docstring_says():
    q = spectrum(4, 3, np.ones(3), seed=0)[0]
    np.testing.assert_allclose(bjorck(1.9 * q, 40), -q, rtol=0, atol=1e-13)  # orthonormal, and minus the factor
    with np.errstate(all="ignore"):
        assert not np.all(np.isfinite(bjorck(2.3 * q, 40)))


def test_zero_and_deficient_weights_keep_their_rank():
    assert np.array_equal(bjorck(np.zeros((3, 2)), 5), np.zeros((3, 2)))
    w = np.outer([0.6, 0.8, 0.0], [0.0, 1.0])
    np.testing.assert_allclose(bjorck(w, 5), w, rtol=0, atol=1e-15)  # its one singular value is 1 already


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0)])
def test_empty_matrices(shape):
    a, at = bjorck_forward(np.zeros(shape), 2)
    assert a.shape == shape
    assert at.backward(np.zeros(shape)).shape == shape


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_dtype_in_is_dtype_out_and_inputs_are_left_alone(dtype):
    w = np.array([[0.5, 0.25], [0.0, 0.75], [-0.5, 0.125]], dtype)
    w.setflags(write=False)
    for x in (w, w[::-1], w.T, np.asfortranarray(w)):
        a, at = bjorck_forward(x, 3, 2)
        assert a.dtype == at.backward(a).dtype == at.tangent(x).dtype == dtype
        # one step on dyadic entries is exact in every format wide enough
        np.testing.assert_array_equal(bjorck(x, 1), bjorck(x.astype(np.longdouble), 1).astype(dtype))


@pytest.mark.parametrize("shape", [(5, 2), (2, 5)])
def test_the_gram_matrix_stands_on_the_smaller_side(shape, monkeypatch):
    found = []
    # the module, which the package hides behind the function of the same name
    monkeypatch.setattr(sys.modules["refsort.ops.bjorck"], "gram", lambda a: found.append(gram(a)) or found[-1])
    w = np.ones(shape) / 4
    at = bjorck_forward(w, 3)[1]
    at.backward(w)
    assert [q.shape for q in found] == [(2, 2)] * 6
    assert [a.shape for a in at.iterates] == [shape] * 3
    assert at.iterates[0] is w


@pytest.mark.parametrize("order", [1, 3])
def test_transposed_it_is_the_same(order):
    w, v = np.random.default_rng(order).standard_normal((2, 5, 3)) / 4
    a, at = bjorck_forward(w, 4, order)
    b, bt = bjorck_forward(w.T, 4, order)
    # the same products, summed in another order: some 8 roundings of numbers below 1, four steps of slope below 2.2
    bound = 4 * 8 * 2.2**4 * 2.0**-53
    np.testing.assert_allclose(a, b.T, rtol=0, atol=bound)
    np.testing.assert_allclose(at.backward(v), bt.backward(v.T).T, rtol=0, atol=10 * bound)


def test_no_iterations_give_a_copy():
    w = np.array([[0.5, 0.25, 1.0]])
    a, at = bjorck_forward(w, 0)
    for result in (a, bjorck(w, 0), at.backward(w), at.tangent(w)):
        assert np.array_equal(result, w)
        assert not np.shares_memory(result, w)


def test_tol_stops_early_and_says_where_it_could_not():
    w = spectrum(5, 3, [0.5, 0.9, 1.1], seed=1)[0]
    a, at = bjorck_forward(w, 50, tol=1e-10)
    assert np.linalg.norm(a.T @ a - np.eye(3)) <= 1e-10
    assert 3 < len(at.iterates) < 10
    assert np.array_equal(a, bjorck(w, len(at.iterates)))
    with pytest.raises(ValueError, match=r"after 3 iterations: the smallest singular value"):
        bjorck(w, 3, tol=1e-10)
    with pytest.raises(ValueError, match="> tol"):
        bjorck(np.zeros((2, 2)), 9, tol=1e-10)


def test_coefficients():
    assert bjorck_coefficients(4) == (1, Fraction(1, 2), Fraction(3, 8), Fraction(5, 16), Fraction(35, 128))


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"w": np.ones(3)}, ValueError, r"2 dimensions, got shape \(3,\)"),
        ({"w": np.ones((2, 2), int)}, TypeError, "int64"),
        ({"w": np.ones((2, 2), bool)}, TypeError, "bool"),
        ({"w": np.ones((2, 2), complex)}, TypeError, "complex128"),
        ({"w": np.array([[1, 2]], object)}, TypeError, r"fractions\.Fraction"),
        ({"iterations": -1}, ValueError, "at least 0, got -1"),
        ({"iterations": 2.0}, TypeError, "must be an integer, got 2.0"),
        ({"order": 0}, ValueError, "at least 1, got 0"),
        ({"order": 2, "beta": 0.5}, ValueError, "the order is 2"),
        ({"beta": -0.5}, ValueError, "positive and finite"),
        ({"beta": float("nan")}, ValueError, "positive and finite"),
    ],
)
def test_bad_input(arguments, error, words):
    for function in (bjorck, bjorck_forward):
        with pytest.raises(error, match=words):
            function(**{"w": np.eye(2), **arguments})


def test_bad_cotangents():
    at = bjorck_forward(np.ones((3, 2)), 1)[1]
    with pytest.raises(ValueError, match=r"a_bar must have shape \(3, 2\), got \(2, 3\)"):
        at.backward(np.ones((2, 3)))
    with pytest.raises(TypeError, match="w_dot has dtype int64"):
        at.tangent(np.ones((3, 2), int))


@pytest.mark.parametrize(("m", "n"), [(37, 20), (20, 37), (24, 24)])
@pytest.mark.parametrize("iterations", [3, 15, 25])
def test_backward_agrees_with_torch_differentiating_the_same_iteration(m, n, iterations):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(m + iterations)
    w = rng.standard_normal((m, n)) / (np.sqrt(m) + np.sqrt(n))
    g = rng.standard_normal((m, n))
    leaf = torch.from_numpy(w).requires_grad_()
    a = leaf
    for _ in range(iterations):
        a = 1.5 * a - 0.5 * a @ a.T @ a
    a.backward(torch.from_numpy(g))
    expected = leaf.grad.numpy()
    w_bar = bjorck_forward(w, iterations)[1].backward(g)
    assert np.linalg.norm(w_bar - expected) <= 1e-12 * np.linalg.norm(expected)
