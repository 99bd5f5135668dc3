"""Constraints: retractions end in their sets and leave alone what is there; the maps are judged through networks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import polar

from refsort.nets import Bjorck, Free, Parseval, RowsL1, Spectral, SquaresL1, Stiefel
from refsort.nets.constraints import ChainJacobian
from refsort.ops import polar_factor_forward
from refsort.ops.bjorck_spectral import BjorckSpectralJacobian


def weight(shape, scale, seed):
    return scale * np.random.default_rng(seed).standard_normal(shape)


shapes = st.sampled_from([(3, 5), (5, 3), (4, 4), (1, 7)])
seeds = st.integers(0, 10**6)


@given(shapes, st.floats(-12, 12), seeds)
def test_bjorck_retraction_ends_in_the_basin_and_keeps_the_polar_factor(shape, exponent, seed):
    w = weight(shape, 2.0**exponent, seed)
    r = Bjorck().retract(w)
    assert np.linalg.norm(r, 2) <= np.sqrt(2)
    np.testing.assert_allclose(polar(r)[0], polar(w)[0], rtol=0, atol=1e-10)  # conditioning of the draw, at most 1e5
    if np.linalg.norm(w, 2) <= 1.1:  # the bound is at most 7^(1/32) = 1.07 times the norm
        assert r is w


@given(seeds, st.sampled_from([1, 2, 3, 4]))
def test_from_the_retraction_every_order_converges(seed, order):
    w = Bjorck().retract(weight((4, 4), 50.0, seed))
    a = Bjorck(60, order).value(w)
    assert np.linalg.norm(a.T @ a - np.eye(4)) <= 1e-13
    np.testing.assert_allclose(a, polar(w)[0], rtol=0, atol=1e-9)  # conditioning of the draw, at most 1e4


@pytest.mark.parametrize("scaling", [None, "frobenius"])
def test_both_routes_of_bjorck_are_the_same_map(scaling):
    w = Bjorck().retract(weight((5, 3), 0.7, 1))
    values, gradients = zip(
        *(
            (a, at.backward(weight((5, 3), 1.0, 2)))
            for route in ("products", "spectral")
            for a, at in [Bjorck(6, 2, scaling, route).forward(w)]
        ),
        strict=True,
    )
    # some 50 roundings of numbers of size 1, amplified by slopes of at most 1.9 in each of six steps
    assert 0 < np.max(np.abs(values[0] - values[1])) <= 50 * 1.9**6 * 2.0**-52
    assert np.max(np.abs(gradients[0] - gradients[1])) <= 10 * 50 * 1.9**6 * 2.0**-52
    for route, value in zip(("products", "spectral"), values, strict=True):
        assert np.array_equal(Bjorck(6, 2, scaling, route).value(w), value)
    with pytest.raises(ValueError, match="route must be one of auto, products, spectral, got 'svd'"):
        Bjorck(route="svd")


@pytest.mark.parametrize(
    ("shape", "iterations", "order", "dtype", "spectral"),
    [
        ((128, 130), 9, 1, np.float32, True),
        ((128, 130), 8, 1, np.float32, False),
        ((130, 128), 5, 2, np.float64, True),
        ((130, 128), 4, 2, np.float64, False),
        ((127, 130), 20, 1, np.float32, False),
        ((128, 130), 20, 1, np.float16, False),
    ],
)
def test_the_rule_for_the_route(shape, iterations, order, dtype, spectral):
    w = (np.eye(*shape) / 2).astype(dtype)
    at = Bjorck(iterations, order).forward(w)[1]
    assert isinstance(at, BjorckSpectralJacobian) == spectral
    w[0, 0] = np.nan
    with np.errstate(invalid="ignore"):
        assert np.isnan(Bjorck(iterations, order).value(w)).any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_weight_of_lower_rank_stays_a_contraction(dtype):
    w = weight((128, 64), 1.0, 0) @ weight((64, 130), 1.0, 1)
    w = (w / np.linalg.norm(w, 2)).astype(dtype)
    for constraint in (Bjorck(60), Bjorck(60, scaling="frobenius")):
        a, at = constraint.forward(w)
        assert np.linalg.norm(a.astype(float), 2) <= 1 + 128 * np.finfo(dtype).eps  # some roundings of 128 terms
        assert np.array_equal(a, constraint.value(w))
        assert np.all(np.isfinite(at.backward(w)))
    assert not np.any(Bjorck(300).value(np.zeros((128, 130), dtype)))


def test_float32_weights_near_orthonormal_are_left_alone():
    q = np.linalg.qr(weight((64, 32), 1.0, 0))[0].astype(np.float32)
    assert Bjorck().retract(q) is q
    assert Bjorck().retract(q.T).shape == (32, 64)


@given(shapes, st.floats(-6, 6), seeds)
def test_rows_l1_retraction_bounds_the_infinity_norm(shape, exponent, seed):
    w = weight(shape, 2.0**exponent, seed)
    r = RowsL1().retract(w)
    assert np.max(np.sum(np.abs(r), axis=1)) <= 1 + 4 * shape[1] * 2.0**-53
    inside = np.sum(np.abs(w), axis=1) <= 1
    assert np.array_equal(r[inside], w[inside])


def test_parseval_moves_singular_values_towards_one():
    w = np.diag([0.5, 1.0, 1.2])
    # (1 + b) s - b s^3 with b = 1/2
    np.testing.assert_allclose(np.diag(Parseval(0.5).retract(w)), [0.6875, 1.0, 0.936], rtol=0, atol=1e-15)
    assert np.all(np.isfinite(Parseval(0.5).retract(100 * w)))


def test_maps_that_change_nothing_are_identities():
    w = weight((2, 3), 1.0, 0)
    for constraint in (Free(), Parseval(), RowsL1()):
        value, at = constraint.forward(w)
        assert value is w
        assert np.array_equal(at.tangent(w), w)
        assert np.array_equal(at.backward(w), w)
    for constraint in (Free(), Spectral(), Bjorck(scaling="schur")):
        assert constraint.retract(1e6 * w) is not None
        assert np.array_equal(constraint.retract(1e6 * w), 1e6 * w)


def test_chain_runs_forward_for_tangents_and_back_for_cotangents():
    class Matrix:
        def __init__(self, m):
            self.m = np.asarray(m, float)

        def backward(self, v):
            return self.m.T @ v

        def tangent(self, v):
            return self.m @ v

    chain = ChainJacobian((Matrix([[1, 2], [3, 4], [5, 6]]), Matrix([[0, 1, 0], [1, 0, 2]])))
    assert chain.tangent([1.0, 10.0]).tolist() == [43.0, 151.0]
    assert chain.backward([1.0, 10.0]).tolist() == [113.0, 144.0]


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_a_scaled_bjorck_layer_is_safe_for_any_weight(scale):
    w = weight((5, 4), scale, 1)
    a = Bjorck(30, scaling="schur").value(w)
    np.testing.assert_allclose(a, polar(w)[0], rtol=0, atol=1e-10)


@given(shapes, seeds)
def test_the_tangent_projection_is_the_polar_factors_derivative_at_orthonormal_weights(shape, seed):
    w = polar(weight(shape, 1.0, seed))[0]
    value, at = Stiefel().forward(w)
    assert value is w
    v = weight(shape, 1.0, seed + 1)
    for of_w in (at.backward, at.tangent):
        # by the singular vectors of w; both are off by some roundings of numbers below 10
        np.testing.assert_allclose(of_w(v), polar_factor_forward(w)[1].backward(v), rtol=0, atol=1e-13)
        np.testing.assert_allclose(of_w(of_w(v)), of_w(v), rtol=0, atol=1e-13)


@given(shapes, st.floats(-8, -1), seeds)
def test_after_an_update_along_a_tangent_the_residual_is_squared_twice(shape, exponent, seed):
    w = polar(weight(shape, 1.0, seed))[0]
    step = Stiefel().forward(w)[1].backward(weight(shape, 1.0, seed + 1))
    step *= 2.0**exponent / np.linalg.norm(step, 2) if np.any(step) else 0
    r = Stiefel().retract(w + step)
    assert r.shape == shape
    singular = np.linalg.svd(r, compute_uv=False)
    # singular values between sqrt(1 - d) and sqrt(1 + d^2) go to within 3/2 e^2 + 1/2 |e|^3 of 1, |e| <= d for the new
    # ones; along a tangent W^T W = I + V^T V, so e <= d^2 / 2
    assert np.max(np.abs(singular - 1)) <= 0.5 * 2.0 ** (4 * exponent) + 1e-14
    assert np.all(singular <= 1 + 1e-14)  # one step of order 1 ends below 1


@given(shapes, st.floats(-12, 12), seeds)
def test_stiefel_comes_back_from_outside_of_the_basin(shape, exponent, seed):
    w = weight(shape, 2.0**exponent, seed)
    r = w
    for _ in range(80):  # singular values of the draw down to 1e-5 of the largest double at each step, nearly
        r = Stiefel().retract(r)
    np.testing.assert_allclose(r, polar(w)[0], rtol=0, atol=1e-9)


def test_exact_weights_are_not_retracted():
    w = np.array([[2, 0]], dtype=object)
    assert Stiefel().retract(w) is w


@given(shapes, st.floats(-12, 12), seeds)
def test_squares_l1_has_rows_of_norm_one_and_its_retraction_does_not_move_them(shape, exponent, seed):
    w = weight(shape, 2.0**exponent, seed)
    a = SquaresL1().value(w)
    np.testing.assert_allclose(np.sum(np.abs(a), axis=1), 1, rtol=0, atol=(shape[1] + 8) * 2.0**-52)
    r = SquaresL1().retract(w)
    np.testing.assert_allclose(np.linalg.norm(r, axis=1), 1, rtol=0, atol=(shape[1] + 8) * 2.0**-52)
    np.testing.assert_allclose(SquaresL1().value(r), a, rtol=(4 * shape[1] + 32) * 2.0**-53, atol=0)
    assert SquaresL1().retract(w.astype(np.float32)).dtype == np.float32
