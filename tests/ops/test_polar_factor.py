"""The polar factor: weights whose factors are known in rationals, Newton's iteration in long double, Bjorck's limit."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refsort.ops import bjorck, bjorck_forward
from refsort.ops.polar_factor import polar_factor, polar_factor_forward

EPS = {np.dtype(np.float32): 2.0**-23, np.dtype(np.float64): 2.0**-52}
quarters = st.integers(-6, 6).map(lambda k: Fraction(k, 4))


def exact(rows):
    return np.vectorize(Fraction, otypes=[object])(np.array(rows, object))


def cayley(skew):
    """(I - S)^{-1} (I + S), orthogonal and rational for a rational skew S of side 3: the inverse by cofactors."""
    a, b, c = skew  # S v = s x v for s = (a, b, c); then the map is the rotation of the quaternion (1, a, b, c)
    n = 1 + a * a + b * b + c * c
    return (
        exact(
            [
                [1 + a * a - b * b - c * c, 2 * (a * b - c), 2 * (a * c + b)],
                [2 * (a * b + c), 1 - a * a + b * b - c * c, 2 * (b * c - a)],
                [2 * (a * c - b), 2 * (b * c + a), 1 - a * a - b * b + c * c],
            ]
        )
        / n
    )


@st.composite
def known_factors(draw, columns):
    """Q (3, columns) orthonormal, H positive definite, a direction of W = Q H and the one of Q that belongs to it."""
    whole = cayley([draw(quarters) for _ in range(3)])
    q, rest = whole[:, :columns], whole[:, columns:]
    a = exact([[draw(quarters) for _ in range(columns)] for _ in range(columns)])
    h = a @ a.T + exact(np.eye(columns, dtype=int).tolist())  # eigenvalues at least 1
    skew = exact([[draw(quarters) for _ in range(columns)] for _ in range(columns)])
    across = exact([[draw(quarters) for _ in range(columns)] for _ in range(3 - columns)]).reshape(3 - columns, columns)
    stretch = a + a.T
    q_dot = q @ (skew - skew.T) + rest @ across  # every direction that keeps Q^T Q = I
    return q, h, q_dot @ h + q @ stretch, q_dot


def condition(h):
    s = np.linalg.eigvalsh(h.astype(float))
    return s[-1] / s[0]


@pytest.mark.parametrize("columns", [1, 2, 3])
@pytest.mark.parametrize("transposed", [False, True])
@given(data=st.data())
def test_recovers_factors_that_are_known_in_rationals_and_their_derivative(columns, transposed, data):
    q, h, w_dot, q_dot = data.draw(known_factors(columns))
    w = (q @ h).astype(float)
    got, at = polar_factor_forward(w.T if transposed else w)
    tangent = at.tangent(w_dot.astype(float).T if transposed else w_dot.astype(float))
    got, tangent = (got.T, tangent.T) if transposed else (got, tangent)
    # LAPACK's decomposition is that of a matrix within some 9 eps ||w|| of w, and w is rounded once. The factor moves
    # by at most that over s_min, and s_min >= 1 here; its derivative by another factor of ||w_dot|| / s_min. 100 covers
    # the products of matrices of side 3.
    unit = 100 * 2.0**-52 * condition(h)
    np.testing.assert_allclose(got, q.astype(float), rtol=0, atol=unit)
    size = np.linalg.norm(w_dot.astype(float))
    np.testing.assert_allclose(tangent, q_dot.astype(float), rtol=0, atol=unit * (1 + size))


def spectrum(m, n, singular_values, seed):
    rng = np.random.default_rng(seed)
    u = np.linalg.qr(rng.standard_normal((m, m)))[0]
    v = np.linalg.qr(rng.standard_normal((n, n)))[0]
    k = min(m, n)
    return (u[:, :k] * np.asarray(singular_values)) @ v[:, :k].T, rng


SHAPES = [(5, 5), (6, 3), (3, 6), (4, 1), (1, 4), (1, 1)]


@pytest.mark.parametrize(("m", "n"), SHAPES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_backward_is_the_transpose_of_tangent_and_equal_to_it(m, n, dtype):
    w, rng = spectrum(m, n, np.linspace(0.5, 2, min(m, n)), seed=m)
    w, w_dot, q_bar = w.astype(dtype), *(rng.standard_normal((m, n)).astype(dtype) for _ in range(2))
    q, at = polar_factor_forward(w)
    assert q.dtype == at.tangent(w_dot).dtype == at.backward(q_bar).dtype == dtype
    # both sides are sums of m n products of numbers below some 4 / s_min = 8, themselves sums of up to 2 (m + n)
    bound = 64 * m * n * (m + n) * EPS[np.dtype(dtype)]
    assert abs(np.vdot(at.tangent(w_dot), q_bar) - np.vdot(w_dot, at.backward(q_bar))) <= bound
    assert np.array_equal(at.tangent(w_dot), at.backward(w_dot))


@pytest.mark.parametrize(("m", "n"), SHAPES)
def test_tangents_keep_the_columns_orthonormal_and_ignore_the_scale(m, n):
    w, rng = spectrum(m, n, np.linspace(0.5, 2, min(m, n)), seed=n)
    q, at = polar_factor_forward(w)
    q_dot = at.tangent(rng.standard_normal((m, n)))
    product = q @ q_dot.T if m < n else q.T @ q_dot
    np.testing.assert_allclose(product + product.T, 0, rtol=0, atol=100 * 2.0**-52)
    np.testing.assert_allclose(at.tangent(w), 0, rtol=0, atol=100 * 2.0**-52)  # Q(c W) = Q(W)
    for c in (2.0**-900, -3.0, 1e300):
        np.testing.assert_allclose(polar_factor(c * w), np.sign(c) * q, rtol=0, atol=100 * 2.0**-52)


def inverse(a):
    """Gauss-Jordan with pivots, in the dtype of a: `numpy.linalg` has no long double."""
    n = len(a)
    rows = np.hstack([a, np.eye(n, dtype=a.dtype)])
    for i in range(n):
        pivot = i + np.argmax(np.abs(rows[i:, i]))
        rows[[i, pivot]] = rows[[pivot, i]]
        rows[i] /= rows[i, i]
        for j in range(n):
            if j != i:
                rows[j] -= rows[j, i] * rows[i]
    return rows[:, n:]


def newton(w):
    """X <- (X + X (X^T X)^{-1}) / 2, which for square X is Newton's (X + X^{-T}) / 2, in long double."""
    x = w.T if w.shape[0] < w.shape[1] else w
    for _ in range(12):  # from singular values in [0.5, 2]: (s + 1/s) / 2, quadratic
        x = (x + x @ inverse(x.T @ x)) / 2
    return x.T if w.shape[0] < w.shape[1] else x


@pytest.mark.parametrize(("m", "n"), SHAPES)
def test_agrees_with_newtons_iteration_and_its_differences_in_long_double(m, n):
    w, rng = spectrum(m, n, np.linspace(0.5, 2, min(m, n)), seed=m + n)
    w_dot = rng.standard_normal((m, n))
    q, at = polar_factor_forward(w)
    wide, wide_dot = w.astype(np.longdouble), w_dot.astype(np.longdouble)
    np.testing.assert_allclose(q, newton(wide), rtol=0, atol=(m + n) * 8 * 2.0**-52)
    # central differences: an error of h^2 / 6 times a third derivative below 100 ||w_dot||^3 / s_min^3, and of the
    # rounding of long double, 2^-64, over h; where long double is double the second is 2^-53 / h
    h = np.longdouble(2.0**-18)
    slope = (newton(wide + h * wide_dot) - newton(wide - h * wide_dot)) / (2 * h)
    size = float(np.linalg.norm(w_dot) / 0.5)
    bound = 20 * float(h) ** 2 * size**3 + 1000 * float(np.finfo(np.longdouble).eps) / float(h)
    np.testing.assert_allclose(at.tangent(w_dot), slope.astype(float), rtol=0, atol=bound)


@pytest.mark.parametrize(("m", "n"), SHAPES)
def test_is_the_limit_of_bjorck_and_so_is_the_derivative(m, n):
    w, rng = spectrum(m, n, np.linspace(0.5, 1.2, min(m, n)), seed=m * n)
    v = rng.standard_normal((m, n))
    q, at = polar_factor_forward(w)
    np.testing.assert_allclose(bjorck(w, 9), q, rtol=0, atol=(m + n) * 100 * 2.0**-52)
    errors = []
    for iterations in (2, 4, 6, 9):
        iterate = bjorck_forward(w, iterations)[1]
        errors.append(np.linalg.norm(iterate.tangent(v) - at.tangent(v)))
        assert np.linalg.norm(iterate.backward(v) - at.backward(v)) == pytest.approx(errors[-1], rel=1e-6, abs=1e-12)
    assert errors[-1] <= 1e-12 * np.linalg.norm(v)
    # in the limit the derivative's error is a multiple of the residual's, which is squared at every step
    assert errors[0] == pytest.approx(0, abs=1e-12) or errors[1] < 0.5 * errors[0]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_ill_conditioned_and_extreme_weights_have_orthonormal_factors(dtype):
    eps = EPS[np.dtype(dtype)]
    for scale in (1.0, 1e-30, 1e30):
        w = (spectrum(7, 4, [1, 1, 1e-2, 1e-4], seed=0)[0] * scale).astype(dtype)
        w.setflags(write=False)
        for a in (w, w.T, np.asfortranarray(w), w[::-1]):
            q = polar_factor(a)
            gram = q.T @ q if a.shape[0] == 7 else q @ q.T
            np.testing.assert_allclose(gram, np.eye(4), rtol=0, atol=40 * eps)


def test_the_sum_of_two_huge_singular_values_does_not_overflow():
    _, at = polar_factor_forward(np.diag([1.5e308, 1.5e308]))
    tangent = at.tangent(np.array([[0.0, -1.5e308], [1.5e308, 0.0]]) / 4)
    np.testing.assert_allclose(tangent, [[0, -0.25], [0.25, 0]], rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0)])
def test_empty_matrices(shape):
    q, at = polar_factor_forward(np.zeros(shape))
    assert q.shape == at.backward(np.zeros(shape)).shape == at.tangent(np.zeros(shape)).shape == shape


@pytest.mark.parametrize(
    ("w", "error", "words"),
    [
        (np.ones(3), ValueError, "polar_factor: w must have 2 dimensions"),
        (np.ones((2, 2), int), TypeError, "pass float32 or float64"),
        (np.ones((2, 2), np.float16), TypeError, "pass float32 or float64"),
        (np.ones((2, 2), np.longdouble), TypeError, "pass float32 or float64"),
        (exact([[1]]), TypeError, "pass float32 or float64"),
        (np.array([[np.nan, 1.0]]), ValueError, "1 non-finite"),
        (np.zeros((2, 3)), ValueError, r"w \(2, 3\) needs rank 2, and its singular values go from 0 down to 0"),
        (np.ones((3, 2)), ValueError, r"go from 2.45 down to .*leave out dependent rows or columns"),
        (np.diag([1.0, 4e-16]), ValueError, "down to 4e-16"),
    ],
)
def test_bad_input(w, error, words):
    for function in (polar_factor, polar_factor_forward):
        with pytest.raises(error, match=words):
            function(w)


def test_just_above_the_limit_of_the_rank():
    assert np.array_equal(polar_factor(np.diag([1.0, 2.0**-50])), np.eye(2))


def test_bad_cotangents():
    _, at = polar_factor_forward(np.eye(3)[:, :2])
    with pytest.raises(ValueError, match=r"q_bar must have shape \(3, 2\), got \(2, 3\)"):
        at.backward(np.ones((2, 3)))
    with pytest.raises(TypeError, match="must share one dtype, got w_dot float32, w float64"):
        at.tangent(np.ones((3, 2), np.float32))
