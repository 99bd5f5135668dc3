"""Spectral norms: against exact enclosures; bounds from above and from below on their own side; derivatives."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from refsort import spec
from refsort.ops.spectral_norm import (
    power_iteration,
    spectral_norm,
    spectral_norm_forward,
    spectral_norm_schatten,
    spectral_normalize,
    spectral_normalize_forward,
)

U = Fraction(1, 2**53)
weights = st.sampled_from([(1, 1), (2, 3), (4, 3), (1, 5)]).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.integers(-16, 16).map(lambda k: k / 16))
)
nonzero_weights = weights.filter(np.any)


@settings(max_examples=40)
@given(weights)
def test_all_estimates_against_the_exact_norm(w):
    norm = spec.operator_norm(w.tolist(), 2, 2)
    # LAPACK's SVD is backward stable: a modest multiple of max(m, n) u relative to the norm
    assert abs(Fraction(float(spectral_norm(w))) - norm.lo) <= 20 * max(w.shape) * U * norm.hi + (norm.hi - norm.lo)
    for k in (0, 3, 12):
        bound = Fraction(float(spectral_norm_schatten(w, k)))
        rank = min(w.shape)
        slack = rank * (max(w.shape) + 4 * (k + 2)) * U * 2  # the rounding that the certificate accounts for
        assert norm.lo * (1 - slack) <= bound <= norm.hi * Fraction(rank ** (1 / (4 * 2**k)) * (1 + 1e-12)) + U
    estimate = Fraction(float(power_iteration(w, 5)[0]))
    assert estimate <= norm.hi * (1 + 10 * max(w.shape) * U)


@given(nonzero_weights)
def test_power_iteration_returns_the_vectors_of_its_estimate(w):
    sigma, u, v = power_iteration(w, 3)
    assert abs(np.linalg.norm(v) - 1) <= 8 * 2.0**-53 * v.size
    np.testing.assert_allclose(w @ v, sigma * u, rtol=0, atol=20 * 2.0**-53 * np.sum(np.abs(w)))
    assert sigma > 0  # the start is a row of w, and w v is not zero for it


def test_power_iteration_converges_from_below_and_can_be_blind():
    w = np.diag([3.0, 2.0])
    estimates = [power_iteration(w, k, v=[1.0, 1.0])[0] for k in range(12)]
    assert all(a < b for a, b in pairwise(estimates))
    assert estimates[-1] < 3
    assert power_iteration(w, 50, v=[0.0, 1.0])[0] == 2  # orthogonal to the leading vector: never sees it
    assert power_iteration(np.zeros((3, 2)), 4)[0] == 0


@pytest.mark.parametrize("scale", [1e-300, 1e-30, 1.0, 1e30, 1e150])
def test_scale_invariance(scale):
    w = np.array([[3.0, 0.5, 1.0], [4.0, -2.0, 0.25]])
    for function in (spectral_norm, lambda a: power_iteration(a, 9)[0], spectral_norm_schatten):
        assert function(scale * w) == pytest.approx(scale * function(w), rel=1e-14)  # some roundings
    np.testing.assert_allclose(spectral_normalize(scale * w), spectral_normalize(w), rtol=1e-14)


@given(nonzero_weights)
def test_normalized_weights_have_norm_one(w):
    assert abs(spectral_norm(spectral_normalize(w)) - 1) <= 40 * max(w.shape) * 2.0**-53


@pytest.mark.parametrize("shape", [(3, 5), (5, 3), (1, 4)])
def test_derivatives_against_difference_quotients(shape):
    rng = np.random.default_rng(shape[0])
    w, v = rng.standard_normal((2, *shape))
    h = 2.0**-17
    # central differences: truncation h^2 |third derivative| / 6 < 1e-9, rounding 2^-53 / h < 2e-11, norms about 1
    quotient = (spectral_norm(w + h * v) - spectral_norm(w - h * v)) / (2 * h)
    assert spectral_norm_forward(w)[1].tangent(v) == pytest.approx(quotient, abs=1e-8)
    quotient = (spectral_normalize(w + h * v) - spectral_normalize(w - h * v)) / (2 * h)
    np.testing.assert_allclose(spectral_normalize_forward(w)[1].tangent(v), quotient, rtol=0, atol=1e-8)


@given(nonzero_weights, st.integers(0, 10**6))
def test_backward_is_the_transpose_of_tangent(w, seed):
    u, v = np.random.default_rng(seed).integers(-8, 9, (2, *w.shape)).astype(float)
    at = spectral_norm_forward(w)[1]
    size = 8 * 2.0**-53 * w.size * np.sum(np.abs(u))
    assert abs(3.0 * at.tangent(u) - np.sum(u * at.backward(3.0))) <= 3 * size
    at = spectral_normalize_forward(w)[1]
    total = np.sum(np.abs(u)) * np.sum(np.abs(v)) * 2 / at.scale
    assert abs(np.sum(at.tangent(u) * v) - np.sum(u * at.backward(v))) <= 8 * w.size * 2.0**-53 * total


def test_a_multiple_largest_singular_value_gives_an_element_of_the_subdifferential():
    at = spectral_norm_forward(np.eye(3))[1]
    g = at.backward(1.0)
    # the subdifferential at the identity: the symmetric positive semi-definite matrices of trace 1
    np.testing.assert_allclose(g, g.T, rtol=0, atol=1e-15)
    assert np.trace(g) == pytest.approx(1, abs=1e-15)
    assert np.min(np.linalg.eigvalsh(g)) >= -1e-15


@pytest.mark.parametrize("function", [spectral_norm, spectral_normalize, power_iteration, spectral_norm_schatten])
@pytest.mark.parametrize(
    ("w", "error", "words"),
    [
        (np.ones(3), ValueError, "2 dimensions"),
        (np.ones((0, 3)), ValueError, "empty"),
        (np.array([[1.0, np.nan]]), ValueError, "1 non-finite"),
        (np.ones((2, 2), int), TypeError, "int64"),
        (np.ones((2, 2), complex), TypeError, "complex128"),
    ],
)
def test_bad_input(function, w, error, words):
    with pytest.raises(error, match=words):
        function(w)


def test_what_linalg_cannot_take_and_zero_are_refused():
    with pytest.raises(TypeError, match="pass float32 or float64"):
        spectral_norm(np.ones((2, 2), np.float16))
    with pytest.raises(ValueError, match="no direction to keep"):
        spectral_normalize(np.zeros((2, 2)))
    with pytest.raises(ValueError, match="v is zero"):
        power_iteration(np.eye(2), 3, v=[0.0, 0.0])
    with pytest.raises(ValueError, match=r"v must have shape \(2,\)"):
        power_iteration(np.eye(2), 3, v=[1.0, 0.0, 0.0])
