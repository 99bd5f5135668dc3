"""Scalings: safe by the exact spectral norm, scale-invariant, and differentiated through the scale."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from refsort import spec
from refsort.ops.bjorck_scaling import RULES, bjorck_scaling, bjorck_scaling_forward

weights = (
    st.sampled_from([(1, 1), (2, 3), (5, 4), (1, 6)])
    .flatmap(lambda shape: arrays(np.float64, shape, elements=st.integers(-64, 64).map(lambda k: k / 64)))
    .filter(np.any)
)


@given(weights, st.sampled_from(RULES))
def test_the_result_is_no_longer_than_one(w, rule):
    y = bjorck_scaling(w, rule)
    # ||w / s|| <= 1 exactly; s carries at most m + n + 4 roundings and the quotient one: relative error (m + n + 5) u
    assert np.linalg.norm(y, 2) <= 1 + (sum(w.shape) + 5) * 2.0**-53 + 8 * min(w.shape) * 2.0**-53  # + the SVD's own


@given(weights)
def test_schur_is_the_geometric_mean_of_the_exact_norms(w):
    scale_squared = (
        spec.operator_norm(w.tolist(), 1, 1).lo * spec.operator_norm(w.tolist(), float("inf"), float("inf")).lo
    )
    i, j = np.unravel_index(np.argmax(np.abs(w)), w.shape)
    ratio = Fraction(float(bjorck_scaling(w)[i, j])) / Fraction(float(w[i, j]))
    # squared: twice the roundings of two sums, two roots, one product and one quotient
    assert abs(ratio**2 * scale_squared - 1) <= Fraction(2 * (sum(w.shape) + 6), 2**53)


@given(weights, st.integers(-900, 900))
def test_scale_invariance_to_the_bit_under_powers_of_two(w, k):
    for rule in ("schur", "frobenius"):
        assert np.array_equal(bjorck_scaling(np.ldexp(w, k), rule), bjorck_scaling(w, rule))


@pytest.mark.parametrize(
    ("rule", "scale"),
    [(rule, scale) for rule in RULES for scale in (1e-200, 0.25, 1e200) if rule != "size" or scale <= 1],
)
def test_tangent_against_a_difference_quotient_in_higher_precision(rule, scale):
    rng = np.random.default_rng(3)
    w, v = rng.uniform(-1, 1, (3, 4)), rng.standard_normal((3, 4))
    w, v = np.longdouble(scale) * w, np.longdouble(scale) * v
    at = bjorck_scaling_forward(w, rule)[1]
    h = np.longdouble(2) ** -20
    quotient = (bjorck_scaling(w + h * v, rule) - bjorck_scaling(w - h * v, rule)) / (2 * h)
    # the error of a central difference is h^2 / 6 times a third derivative of size some 10 |v|^3: below 1e-9
    np.testing.assert_allclose(at.tangent(v), quotient, rtol=0, atol=1e-9 * (scale if rule == "size" else 1))


@given(weights, st.sampled_from(RULES), st.integers(0, 10**6))
def test_backward_is_the_transpose_of_tangent(w, rule, seed):
    at = bjorck_scaling_forward(w, rule)[1]
    u, v = np.random.default_rng(seed).integers(-8, 9, (2, *w.shape)).astype(float)
    left, right = np.sum(at.tangent(u) * v), np.sum(u * at.backward(v))
    # both are sums of fewer than 4 w.size products, of this absolute size before cancellation
    size = np.sum(np.abs(u * v)) + np.sum(np.abs(at.y * v)) * np.sum(np.abs(at.gradient * u))
    assert abs(left - right) <= 8 * w.size * 2.0**-53 * size / at.scale


def test_the_derivative_along_the_weight_itself_vanishes():
    w = np.array([[3.0, -4.0, 0.5], [1.0, 5.0, -2.0]])
    for rule in ("schur", "frobenius"):
        assert np.max(np.abs(bjorck_scaling_forward(w, rule)[1].tangent(w))) <= 1e-15


@pytest.mark.parametrize(
    ("w", "rule", "error", "words"),
    [
        (np.zeros((2, 3)), "schur", ValueError, "other than zero"),
        (np.zeros((0, 3)), "frobenius", ValueError, "other than zero"),
        (np.array([[np.nan, 1.0]]), "schur", ValueError, "finite"),
        (np.array([[np.inf, 1.0]]), "frobenius", ValueError, "inf"),
        (2 * np.ones((4, 4)), "size", ValueError, r"largest is 2\.0; use rule='schur'"),
        (np.ones((2, 2)), "safe", ValueError, "'safe'"),
        (np.ones(2), "schur", ValueError, "2 dimensions"),
        (np.ones((2, 2), int), "schur", TypeError, "int64"),
    ],
)
def test_bad_input(w, rule, error, words):
    for function in (bjorck_scaling, bjorck_scaling_forward):
        with pytest.raises(error, match=words):
            function(w, rule)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_dtype_in_is_dtype_out(dtype):
    w = np.array([[0.5, 0.25], [0.0, -0.75], [0.5, 0.125]], dtype)
    y, at = bjorck_scaling_forward(w[::-1])
    assert y.dtype == at.backward(y).dtype == at.tangent(y).dtype == dtype
