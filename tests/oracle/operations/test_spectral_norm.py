"""The exact norm and pair of vectors, the subgradients at simple and multiple values, and what the bounds say."""

from fractions import Fraction

import numpy as np
import pytest

from refsort.oracle.operations import spectral_norm as module
from refsort.oracle.operations.exactly import exact, fractions
from refsort.oracle.tolerances import Precision

DOUBLE = Precision.of("float64")


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
