"""Evaluation errors: bounds hold against exact rationals in every format and order, and are not far off."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refsort.certify import evaluation_error
from refsort.nets import Bjorck, Identity, Layer, MaxMin, Network, Selection
from refsort.rounding import NoBoundError
from tests.certify.small_networks import ACTIVATIONS, backwards, draw, exact_value, forwards, value_in_order

DTYPES = [np.float16, np.float32, np.float64]


@settings(max_examples=60)
@given(
    st.integers(0, 10**6),
    st.sampled_from(ACTIVATIONS),
    st.sampled_from(DTYPES),
    st.booleans(),
    st.sampled_from([Identity(), MaxMin()]),
    st.sampled_from([0.25, 1.0, 3.0]),
    st.sampled_from([-9, 0, 4]),
)
def test_every_order_of_summation_is_within_the_bounds(seed, activation, dtype, select, last, scale, k):
    rng = np.random.default_rng(seed)
    network, params = draw(rng, dtype, activation, 5, 4, last, select, scale, bias=2.0**k)
    x = np.ldexp(rng.standard_normal((2, 5)), k).astype(dtype)  # 2^-9: subnormal products in float16
    found = evaluation_error(network, params, x)
    assert np.array_equal(found.logits, network.value(params, x))
    assert found.logits.dtype == dtype
    computed = [found.logits, *(value_in_order(network, params, x, order) for order in (forwards, backwards))]
    for i, row in enumerate(x):
        exact = exact_value(network, params, row)
        for logits in computed:
            off = [abs(Fraction(float(v)) - e) for v, e in zip(logits[i], exact, strict=True)]
            assert all(o <= Fraction(b) for o, b in zip(off, found.entrywise[i].tolist(), strict=True))
            assert sum(o * o for o in off) <= Fraction(found.euclidean[i].item()) ** 2
    assert np.all(found.entrywise <= found.euclidean[:, None])


def test_the_bound_is_attained_up_to_a_small_factor():
    # (1 + u) (1 + u) rounds by u in the product and the sum with 1 by up to u more: the bound has 3 u and more terms
    network = Network((Layer(1, 1),))
    worst = 0.0
    for v in np.random.default_rng(0).uniform(1, 2, (200, 2)).astype(np.float32):
        params = [(v[:1, None], np.zeros(1, np.float32))]
        found = evaluation_error(network, params, v[None, 1:])
        off = abs(Fraction(found.logits.item()) - Fraction(float(v[0])) * Fraction(float(v[1])))
        worst = max(worst, float(off / Fraction(found.entrywise.item())))
    assert 0.2 < worst <= 1  # one rounding, of the three that are counted


def test_underflow_alone():
    # 2^-14 * 2^-11 is half the smallest float16 and rounds to 0; the relative terms are 2^-11 of it
    network = Network((Layer(1, 1),))
    params = [(np.array([[2.0**-14]], np.float16), np.zeros(1, np.float16))]
    found = evaluation_error(network, params, np.array([[2.0**-11]], np.float16))
    assert found.logits.item() == 0
    assert 2.0**-25 <= found.entrywise.item() <= 2.0**-24 * 1.01  # one product: the bound takes a whole subnormal


def test_selections_round_only_their_bias():
    network = Network((Selection(2, 2, MaxMin()), Selection(2, 2)))
    rng = np.random.default_rng(0)
    for _ in range(20):
        params = [(np.array([1, 0]), rng.uniform(0, 1, 2)), (np.array([0, 0]), rng.uniform(0, 1, 2))]
        x = rng.uniform(0, 1, (1, 2)) * [1, 2.0**-4]
        found = evaluation_error(network, params, x)
        off = [
            abs(Fraction(v) - e)
            for v, e in zip(found.logits[0].tolist(), exact_value(network, params, x[0]), strict=True)
        ]
        assert all(o <= Fraction(b) for o, b in zip(off, found.entrywise[0].tolist(), strict=True))
        assert found.entrywise.max() <= 6 * 2.0**-53  # u of sums up to 2, then of sums up to 3, and steps up


@pytest.mark.parametrize("dtype", DTYPES)
def test_errors_of_the_first_layer_reach_the_last(dtype):
    # y -> 4 y - 1 keeps 1/3, so that sizes stay and errors grow: 4^5 times the rounding of x / 3
    network = Network(tuple([Layer(1, 1)] * 6))
    third = (np.array([[1 / 3]], dtype), np.zeros(1, dtype))
    params = [third, *[(np.array([[4]], dtype), np.array([-1], dtype))] * 5]
    x = np.linspace(1, 1 + 2.0**-6, 20).astype(dtype)[:, None]
    found = evaluation_error(network, params, x)
    errors = [
        abs(Fraction(float(y)) - exact_value(network, params, v)[0]) for y, v in zip(found.logits[:, 0], x, strict=True)
    ]
    assert all(e <= Fraction(b) for e, b in zip(errors, found.entrywise[:, 0].tolist(), strict=True))
    # some input loses more than all layers' own terms together, with 3 roundings of sizes below 3 each
    assert max(errors) > 6 * 3 * 3 * Fraction(float(np.finfo(dtype).eps)) / 2


def test_parameters_far_out():
    # 1e308 squared has no double; the bound says so, and nothing warns
    network = Network((Layer(1, 2), Layer(2, 1)))
    params = [(np.array([[1e200], [1e200]]), np.zeros(2)), (np.array([[1e-300, 1e100]]), np.zeros(1))]
    assert np.isfinite(evaluation_error(network, params, np.array([[1e-200]])).entrywise).all()
    with pytest.raises(ValueError, match="what layer 1 computes holds 1 non-finite"):
        evaluation_error(network, params, np.array([[1e100]]))


def test_no_inputs():
    network, params = draw(np.random.default_rng(0), np.float64, MaxMin())
    found = evaluation_error(network, params, np.zeros((0, 3)))
    assert (found.logits.shape, found.entrywise.shape, found.euclidean.shape) == ((0, 3), (0, 3), (0,))


def test_bad_input():
    network, params = draw(np.random.default_rng(0), np.float64, MaxMin())
    x = np.zeros((1, 3))
    for bad, words in ((np.nan, "x holds 1 non-finite"), (np.inf, "x holds 1")):
        with pytest.raises(ValueError, match=words):
            evaluation_error(network, params, np.array([[0.0, bad, 0.0]]))
    with pytest.raises(TypeError, match="x has dtype int64"):
        evaluation_error(network, params, np.zeros((1, 3), int))
    with pytest.raises(TypeError, match="share one dtype"):
        evaluation_error(network, params, x.astype(np.float32))
    with pytest.raises(ValueError, match=r"x must be \(n, 3\), got shape \(3,\)"):
        evaluation_error(network, params, np.zeros(3))
    with pytest.raises(ValueError, match="x has 2 features"):
        evaluation_error(network, params, np.zeros((1, 2)))
    for i, words in ((0, "the weight of layer 1"), (1, "the bias of layer 1")):
        broken = [(w.copy(), b.copy()) for w, b in params]
        broken[1][i][0] = np.nan
        with pytest.raises(ValueError, match=words):
            evaluation_error(network, broken, x)
    with pytest.raises(ValueError, match=r"network\.fold"):
        evaluation_error(network.constrained(Bjorck(3)), params, x)
    wide = Network((Layer(2046, 1),))
    with pytest.raises(NoBoundError, match="no error bound"):
        evaluation_error(wide, wide.init(np.random.default_rng(0), dtype=np.float16), np.zeros((1, 2046), np.float16))
