"""The largest singular value by any decomposition passes, an estimate from below never; simple and multiple values."""

from fractions import Fraction

import numpy as np
import pytest

from refsort.oracle.operations import spectral_norm as module
from refsort.oracle.operations.exactly import exact, fractions
from refsort.oracle.tolerances import Precision

OP, ALL = "spectral_norm", ("float16", "bfloat16", "float32", "float64")
DOUBLE = Precision.of("float64")


def by_svd(arrays, params, g):
    u, s, vt = np.linalg.svd(arrays[0])
    return s[0], [g * np.outer(u[:, 0], vt[0])]


def by_the_gram_matrix(arrays, params, g):
    w = arrays[0]
    values, vectors = np.linalg.eigh(w.T @ w)
    v, sigma = vectors[:, -1], np.sqrt(np.maximum(values[-1], 0))
    return sigma.astype(w.dtype), [g * np.outer(w @ v / (sigma or 1), v)]


def by_jacobi(arrays, params, g):
    """One-sided Jacobi rotations until the columns are orthogonal."""
    w = arrays[0]
    a, v = w.copy(), np.eye(w.shape[1], dtype=w.dtype)
    for _ in range(12):
        for i in range(a.shape[1]):
            for j in range(i):
                x, y, z = a[:, i] @ a[:, i], a[:, j] @ a[:, j], a[:, i] @ a[:, j]
                if z != 0:
                    angle = np.arctan2(2 * z, x - y) / 2
                    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]], w.dtype)
                    a[:, [i, j]], v[:, [i, j]] = a[:, [i, j]] @ turn, v[:, [i, j]] @ turn
    norms = np.sqrt((a * a).sum(axis=0))
    top = norms.argmax()
    return norms[top], [g * np.outer(a[:, top] / (norms[top] or 1), v[:, top])]


def in_single_precision(arrays, params, g):
    value, (w_bar,) = by_svd([arrays[0].astype(np.float32)], params, np.float32(g))
    return value.astype(arrays[0].dtype), [w_bar.astype(arrays[0].dtype)]


@pytest.mark.parametrize("function", [by_svd, by_the_gram_matrix, by_jacobi])
def test_every_decomposition_passes(passes, function):
    passes(OP, function)


def test_half_precision_by_way_of_single_passes(passes):
    passes(OP, in_single_precision, dtypes=("float16",))


def test_all_leading_pairs_in_equal_shares_pass(passes):
    def function(arrays, params, g):
        u, s, vt = np.linalg.svd(arrays[0], full_matrices=False)
        tied = (s >= s[0] * (1 - 8 * np.finfo(s.dtype).eps)).astype(s.dtype)
        return s[0], [g * ((u * (tied / tied.sum(dtype=s.dtype))) @ vt)]

    passes(OP, function)


def power_iteration(steps):
    def function(arrays, params, g):
        w = arrays[0]
        v = np.ones(w.shape[1], w.dtype) / np.sqrt(w.dtype.type(w.shape[1]))
        for _ in range(steps):
            u = w @ v
            u = u / (np.linalg.norm(u) or 1)
            v = w.T @ u
            v = v / (np.linalg.norm(v) or 1)
        u = w @ v
        return np.linalg.norm(u).astype(w.dtype), [g * np.outer(u / (np.linalg.norm(u) or 1), v)]

    return function


@pytest.mark.parametrize("steps", [0, 1, 3, 10])
def test_an_estimate_from_below_is_failed(fails, steps):
    fails(OP, power_iteration(steps))


def changed(change):
    def function(arrays, params, g):
        u, s, vt = np.linalg.svd(arrays[0])
        value, w_bar = change(arrays[0], u, s, vt, g)
        return np.asarray(value, s.dtype), [np.asarray(w_bar, s.dtype)]

    return function


FAULTS = {
    "the_frobenius_norm": lambda w, u, s, vt, g: (np.linalg.norm(w), g * np.outer(u[:, 0], vt[0])),
    "the_squared_norm": lambda w, u, s, vt, g: (s[0] ** 2, g * np.outer(u[:, 0], vt[0])),
    "the_smallest_singular_value": lambda w, u, s, vt, g: (s[-1], g * np.outer(u[:, 0], vt[0])),
    "the_sum_of_singular_values": lambda w, u, s, vt, g: (s.sum(), g * np.outer(u[:, 0], vt[0])),
    "an_epsilon_added": lambda w, u, s, vt, g: (s[0] + 1e-3, g * np.outer(u[:, 0], vt[0])),
    "minus_the_gradient": lambda w, u, s, vt, g: (s[0], -g * np.outer(u[:, 0], vt[0])),
    "the_cotangent_forgotten": lambda w, u, s, vt, g: (s[0], np.outer(u[:, 0], vt[0])),
    "the_gradient_of_the_squared_norm": lambda w, u, s, vt, g: (s[0], 2 * s[0] * g * np.outer(u[:, 0], vt[0])),
    "rows_of_u_for_columns": lambda w, u, s, vt, g: (s[0], g * np.outer(u[0], vt[0])),
    "columns_of_v_transposed_for_rows": lambda w, u, s, vt, g: (s[0], g * np.outer(u[:, 0], vt[:, 0])),
    "the_gradient_of_the_frobenius_norm": lambda w, u, s, vt, g: (s[0], g * w / (np.linalg.norm(w) or 1)),
    "the_polar_factor": lambda w, u, s, vt, g: (s[0], g * u[:, : len(s)] @ vt[: len(s)]),
    "detached": lambda w, u, s, vt, g: (s[0], 0 * w),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_failed(fails, name):
    fails(OP, changed(FAULTS[name]))


def test_the_exact_pair_of_a_known_decomposition():
    """Rational orthogonal factors: U = a rotation by (3, 4, 5), V = one by (5, 12, 13)."""
    u = fractions([Fraction(3, 5), Fraction(-4, 5), Fraction(4, 5), Fraction(3, 5)], (2, 2))
    v = fractions([Fraction(5, 13), Fraction(-12, 13), Fraction(12, 13), Fraction(5, 13)], (2, 2))
    w = u @ np.diag([Fraction(2), Fraction(3, 2)]) @ v.T
    top = module.top_of(w, "float64", DOUBLE)
    pair, gap = module.leading_pair(top)
    assert abs(top.sigma - 2) < Fraction(1, 2**78)
    assert max(abs(pair - np.outer(u[:, 0], v[:, 0])).flat) < Fraction(1, 2**75)
    assert 0 < Fraction(1, 2) - gap < Fraction(1, 2**40)  # the two sides agree where only one value is left
    wide, _ = module.leading_pair(module.top_of(w.T[:, :1].T, "float64", DOUBLE))
    assert wide.shape == (1, 2)


@pytest.mark.parametrize("w", [np.eye(2), np.array([[0.0, -3.0], [3.0, 0.0]]), np.eye(3)[:2], np.diag([2.0, 2.0, 1.0])])
def test_at_multiple_values_every_subgradient_is_right_and_nothing_else(w):
    top = module.top_of(exact(w), "float64", DOUBLE)
    assert module.leading_pair(top) is None
    u, _, vt = np.linalg.svd(w)
    pairs = [np.outer(u[:, k], vt[k]) for k in range(2)]
    for mixture in (pairs[0], pairs[1], pairs[0] / 2 + pairs[1] / 2, (pairs[0] + 3 * pairs[1]) / 4):
        assert module.subgradient_ratio(exact(mixture), Fraction(1), top) <= 1
        assert module.subgradient_ratio(exact(-2 * mixture), Fraction(-2), top) <= 1
        assert module.subgradient_ratio(exact(mixture * (1 + 1e-9)), Fraction(1), top) > 1
        assert module.subgradient_ratio(exact(-mixture), Fraction(1), top) > 1
    assert module.subgradient_ratio(exact(pairs[0] + pairs[1]), Fraction(1), top) > 1
    assert module.subgradient_ratio(exact(np.outer(u[:, 0], vt[1])), Fraction(1), top) > 1


def test_at_zero_the_whole_ball_is_admissible():
    top = module.top_of(exact(np.zeros((2, 3))), "float64", DOUBLE)
    assert module.subgradient_ratio(exact(np.eye(2, 3) / 2), Fraction(1), top) <= 1
    assert module.subgradient_ratio(exact(np.zeros((2, 3))), Fraction(1), top) == 0
    assert module.subgradient_ratio(exact(np.eye(2, 3)), Fraction(1), top) > 1


def test_the_lower_bound_of_the_sum_of_singular_values_is_one_and_is_sharp():
    rng = np.random.default_rng(0)
    for shape in ((2, 3), (4, 2), (1, 3), (3, 3)):
        g = rng.integers(-64, 64, shape) / 16
        total = np.linalg.svd(g, compute_uv=False).sum()
        assert total * (1 - 1e-13) <= float(module._nuclear_below(exact(g))) <= total * (1 + 1e-13)


@pytest.mark.parametrize(
    ("dtype", "most"), [("float16", 2e-3), ("bfloat16", 1e-2), ("float32", 2e-3), ("float64", 4e-12)]
)
def test_the_bounds_say_something(dtype, most):
    w = np.array([[0.5, 0.25, -1.0], [0.125, 0.75, 0.5], [0.0, 0.375, 0.25], [1.0, 0.0, 0.5]])
    precision = Precision.of(dtype)
    top = module.top_of(exact(w), dtype, precision)
    assert 0 < module.value_error(top) / top.sigma < most + float(precision.u)
    _, gap = module.leading_pair(top)
    assert gap / top.sigma > Fraction(1, 10)
    assert module.pair_error(top, gap) < 50 * most


def test_a_perturbation_of_size_e_moves_norm_and_vectors_by_no_more_than_their_bounds():
    rng = np.random.default_rng(1)
    w = np.array([[0.5, 0.25, -1.0], [0.125, 0.75, 0.5]])
    top = module.top_of(exact(w), "float32", Precision.of("float32"))
    pair, gap = module.leading_pair(top)
    bound, worst = float(module.pair_error(top, gap)), 0.0
    for _ in range(200):
        e = rng.standard_normal(w.shape)
        e *= float(top.error) / np.linalg.norm(e)
        u, s, vt = np.linalg.svd(w + e)
        assert abs(s[0] - float(top.sigma)) <= float(top.error)
        worst = max(worst, np.linalg.norm(np.outer(u[:, 0], vt[0]) - pair.astype(float)) / bound)
    assert 0.1 < worst <= 1
