"""The Kantorovich-Rubinstein losses against two means and a hinge in exact arithmetic."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refsort.ops.kantorovich_rubinstein import (
    hinge_kantorovich_rubinstein,
    hinge_kantorovich_rubinstein_forward,
    kantorovich_rubinstein,
    kantorovich_rubinstein_forward,
)

ROUNDOFF = {"float16": Fraction(1, 2**11), "float32": Fraction(1, 2**24), "float64": Fraction(1, 2**53)}


def kr(p, q):
    return sum(p, Fraction(0)) / len(p) - sum(q, Fraction(0)) / len(q)


def hkr(p, q, margin, alpha):
    lacking = [max(0, margin - v) for v in p] + [max(0, margin + v) for v in q]
    return -kr(p, q) + alpha * sum(lacking, Fraction(0)) / (len(p) + len(q))


def rationals(values):
    x = np.empty(len(values), object)
    x[:] = [Fraction(v, 6) for v in values]
    return x


@st.composite
def problems(draw):
    """p, q and tangents of them, of different lengths, on a grid that has values exactly at the margin."""
    n, m = draw(st.sampled_from([(1, 2), (3, 1), (2, 5), (4, 3)]))
    return [rationals(draw(st.lists(st.integers(-8, 8), min_size=k, max_size=k))) for k in (n, m, n, m)]


sixths = st.integers(-9, 9).map(lambda k: Fraction(k, 6))


@settings(max_examples=60)
@given(problems(), sixths, sixths)
def test_values_are_the_definitions_in_rationals(problem, margin, alpha):
    p, q, *_ = problem
    assert kantorovich_rubinstein(p, q) == kr(p, q) == kantorovich_rubinstein_forward(p, q)[0]
    expected = hkr(p, q, margin, alpha)
    assert hinge_kantorovich_rubinstein(p, q, margin, alpha) == expected
    assert hinge_kantorovich_rubinstein_forward(p, q, margin, alpha)[0] == expected
    assert type(kantorovich_rubinstein(p, q)) is type(hinge_kantorovich_rubinstein(p, q, 1, 2)) is Fraction


@settings(max_examples=60)
@given(problems(), sixths, sixths, sixths)
def test_adjoint_identities_in_rationals_at_the_margin_too(problem, margin, alpha, y_bar):
    p, q, p_dot, q_dot = problem
    for _, at in (kantorovich_rubinstein_forward(p, q), hinge_kantorovich_rubinstein_forward(p, q, margin, alpha)):
        p_bar, q_bar = at.backward(y_bar)
        assert (p_bar.shape, q_bar.shape) == (p.shape, q.shape)
        assert {type(v) for v in (*p_bar, *q_bar)} == {Fraction}
        assert np.sum(p_dot * p_bar) + np.sum(q_dot * q_bar) == y_bar * at.tangent(p_dot, q_dot)


@settings(max_examples=60)
@given(problems(), sixths, sixths)
def test_tangents_are_exact_difference_quotients_off_the_kinks(problem, margin, alpha):
    p, q, p_dot, q_dot = problem
    margin += Fraction(1, 12)  # off the grid of sixths
    step = Fraction(1, 100)  # |dot| <= 4/3: no value crosses its margin
    ahead = p + step * p_dot, q + step * q_dot
    _, at = kantorovich_rubinstein_forward(p, q)
    assert at.tangent(p_dot, q_dot) == (kr(*ahead) - kr(p, q)) / step
    _, at = hinge_kantorovich_rubinstein_forward(p, q, margin, alpha)
    difference = hkr(*ahead, margin, alpha) - hkr(p, q, margin, alpha)
    assert at.tangent(p_dot, q_dot) == difference / step


def test_gradient_entries_with_values_exactly_at_the_margin():
    p, q = np.array([2.0, 0.5, 1.0]), np.array([-1.0, 0.25])
    p_bar, q_bar = kantorovich_rubinstein_forward(p, q)[1].backward(6.0)
    assert np.array_equal(p_bar, [2.0, 2.0, 2.0])
    assert np.array_equal(q_bar, [-3.0, -3.0])
    p_bar, q_bar = hinge_kantorovich_rubinstein_forward(p, q, margin=1.0, alpha=10.0)[1].backward(6.0)
    assert np.array_equal(p_bar, [-2.0, -2.0 - 12.0, -2.0])  # only 0.5 lacks something; 1.0 is at the margin
    assert np.array_equal(q_bar, [3.0, 3.0 + 12.0])


@given(problems())
def test_swapping_the_samples_and_shifting_the_critic(problem):
    p, q, *_ = problem
    value = kantorovich_rubinstein(p, q)
    assert kantorovich_rubinstein(q, p) == -value
    assert kantorovich_rubinstein(p + Fraction(5, 7), q + Fraction(5, 7)) == value
    assert hinge_kantorovich_rubinstein(p, q, alpha=0, margin=1) == -value


@pytest.mark.parametrize("dtype", ROUNDOFF)
@pytest.mark.parametrize(("n", "m"), [(1, 2), (301, 77), (5000, 4000)])
def test_rounding_scales_with_the_values_not_with_their_difference(dtype, n, m):
    rng = np.random.default_rng(n)
    p, q = (rng.standard_normal(n) + 3).astype(dtype), (rng.standard_normal(m) + 3).astype(dtype)
    value, at = kantorovich_rubinstein_forward(p, q)
    assert value.dtype == dtype
    p_exact, q_exact = [Fraction(float(v)) for v in p], [Fraction(float(v)) for v in q]
    size = sum(map(abs, p_exact)) / n + sum(map(abs, q_exact)) / m
    # pairwise sums: blocks of 128 in 8 strands (16 + 3 additions), then log2 of the number of blocks (below 7 here), a
    # quotient, a difference; float16 does that in float32 and rounds the result once
    sums = 28 * ROUNDOFF["float32" if dtype == "float16" else dtype]
    assert abs(Fraction(float(value)) - kr(p_exact, q_exact)) <= sums * size + ROUNDOFF[dtype] * abs(
        kr(p_exact, q_exact)
    )
    p_bar, q_bar = at.backward(1)
    assert p_bar.dtype == q_bar.dtype == dtype
    assert np.all(p_bar == np.array(1 / n, dtype))
    assert np.all(q_bar == np.array(-1 / m, dtype))


def test_float16_means_do_not_overflow():
    p, q = np.full(2048, 60000.0, np.float16), np.full(5000, -3.0, np.float16)
    assert kantorovich_rubinstein(p, q) == np.float16(60003.0)
    assert hinge_kantorovich_rubinstein(q, -q, alpha=2.0) == np.float16(6.0 + 2 * 4.0)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "longdouble"])
def test_types_of_value_cotangent_and_tangent(dtype):
    p, q = np.array([0.5, -1.0, 2.0], dtype), np.array([0.25, 4.0], dtype)
    for value, at in (kantorovich_rubinstein_forward(p, q), hinge_kantorovich_rubinstein_forward(p, q)):
        assert value.dtype == dtype
        assert value.shape == ()
        for y_bar in (2, 2.0, np.float64(2.0), np.array(2.0)):
            assert {v.dtype for v in at.backward(y_bar)} == {np.dtype(dtype)}
        assert at.tangent(p, q).dtype == dtype


def test_strided_and_read_only_inputs_are_left_alone():
    v = np.arange(12.0) % 5
    v.flags.writeable = False
    before = v.copy()
    for loss in (kantorovich_rubinstein, hinge_kantorovich_rubinstein):
        assert loss(v[::-2], v[1::4]) == loss(v[::-2].copy(), v[1::4].copy())
    assert np.array_equal(v, before)


def test_what_is_kept_has_the_documented_fields():
    _, at = hinge_kantorovich_rubinstein_forward(np.zeros(3), np.zeros(2))
    assert at.kr == (3, 2, np.dtype(float))
    assert at.hinge.slopes.nbytes == 5
    assert at.alpha == 10.0


def test_nan_makes_the_values_nan():
    p, q = np.array([np.nan, 0.0]), np.array([0.0])
    assert np.isnan(kantorovich_rubinstein(p, q))
    value, at = hinge_kantorovich_rubinstein_forward(q, p)
    assert np.isnan(value)
    assert all(np.isfinite(v).all() for v in at.backward(1.0))


@pytest.mark.parametrize(
    "call",
    [
        kantorovich_rubinstein,
        kantorovich_rubinstein_forward,
        hinge_kantorovich_rubinstein,
        hinge_kantorovich_rubinstein_forward,
    ],
)
@pytest.mark.parametrize(
    ("p", "q", "error", "message"),
    [
        (np.zeros(0), np.zeros(2), ValueError, "p_values is empty, and an empty batch has no mean"),
        (np.zeros(2), np.zeros(0), ValueError, "q_values is empty"),
        (np.zeros((2, 1)), np.zeros(2), ValueError, r"p_values must have 1 dimensions, got shape \(2, 1\)"),
        (np.zeros(2), np.float64(1), ValueError, r"q_values must have 1 dimensions, got shape \(\)"),
        (np.zeros(2), np.zeros(2, np.float32), TypeError, "one dtype, got p_values float64, q_values float32"),
        (np.zeros(2, int), np.zeros(2, int), TypeError, "p_values has dtype int64"),
        (np.zeros(2), np.zeros(2, bool), TypeError, "q_values has dtype bool"),
    ],
)
def test_bad_samples(call, p, q, error, message):
    with pytest.raises(error, match="kantorovich_rubinstein: .*" + message):
        call(p, q)


@pytest.mark.parametrize(("name", "position"), [("margin", 0), ("alpha", 1)])
def test_bad_parameters(name, position):
    for value, error, message in (
        (np.inf, ValueError, "must be finite in float64, got inf"),
        ("1", TypeError, "must be a real number"),
        (False, TypeError, "must be a real number"),
    ):
        parameters = [1.0, 1.0]
        parameters[position] = value
        with pytest.raises(error, match=f"hinge_kantorovich_rubinstein: {name} {message}"):
            hinge_kantorovich_rubinstein(np.zeros(2), np.zeros(3), *parameters)


def test_rational_values_take_rational_numbers_only():
    p, q = rationals([1, 2]), rationals([3])
    with pytest.raises(TypeError, match=r"margin must be a Fraction or an int, got 1.0 \(float\)"):
        hinge_kantorovich_rubinstein(p, q, 1.0)
    assert hinge_kantorovich_rubinstein(p, q) == hkr(p, q, 1, 10)  # the defaults are ints
    _, at = kantorovich_rubinstein_forward(p, q)
    with pytest.raises(TypeError, match="y_bar must be a Fraction or an int"):
        at.backward(1.0)


def test_cotangents_and_tangents_that_are_refused():
    p, q = np.zeros(3), np.zeros(2)
    for _, at in (kantorovich_rubinstein_forward(p, q), hinge_kantorovich_rubinstein_forward(p, q)):
        with pytest.raises(TypeError, match="y_bar must be a real number"):
            at.backward(np.ones(1))
        with pytest.raises(ValueError, match=r"p_dot must have shape \(3,\), got \(2,\)"):
            at.tangent(q, p)
        with pytest.raises(ValueError, match=r"q_dot must have shape \(2,\), got \(3,\)"):
            at.tangent(p, p)
        with pytest.raises(TypeError, match="q_dot has dtype float32, the loss was taken in float64"):
            at.tangent(p, q.astype(np.float32))
