"""Lipschitz bounds of networks: above every slope that can be found, equal to products that are known."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refsort.certify import lipschitz_bound
from refsort.nets import Absolute, Bjorck, FullSort, LeakyReLU, MaxMin, Network, ReLU, gaussian


@settings(max_examples=40)
@given(
    st.integers(0, 10**6),
    st.sampled_from([MaxMin(), FullSort(), ReLU(), Absolute(), LeakyReLU(-3.0)]),
    st.sampled_from([1, 2, math.inf]),
)
def test_no_pair_of_points_is_steeper(seed, activation, p):
    rng = np.random.default_rng(seed)
    network = Network.dense([3, 4, 6, 2], activation)
    params = network.init(rng, gaussian)
    bound = lipschitz_bound(network, params, p).constant
    x, y = rng.standard_normal((2, 50, 3))
    rise = np.linalg.norm(network.value(params, x) - network.value(params, y), p, axis=1)
    # the evaluation's own rounding: some 3 * 10 units of numbers below 100
    assert np.all(rise <= bound * np.linalg.norm(x - y, p, axis=1) * (1 + 1e-12) + 1e-12)


def test_known_products():
    network = Network.dense([2, 2, 1], LeakyReLU(-2.0))
    params = [(np.diag([3.0, 0.5]), np.ones(2)), (np.array([[0.25, -0.25]]), np.ones(1))]
    for p, last in ((1, 0.25), (math.inf, 0.5)):
        bound = lipschitz_bound(network, params, p)
        # 3 * 2 (the slope -2) * the last row's norm; each factor rounded up at most twice
        assert Fraction(6) * Fraction(last) <= bound.constant <= 6 * last * (1 + 8 * 2.0**-52)
        assert len(bound.layers) == 2


def test_folded_bjorck_networks_have_constant_one_up_to_rounding():
    network = Network.dense([20, 32, 32, 5], MaxMin(), Bjorck(30))
    folded, params = network.fold(network.init(np.random.default_rng(0)))
    assert abs(lipschitz_bound(folded, params).constant - 1) <= 1e-11


def test_what_cannot_be_bounded():
    network = Network.dense([3, 4, 2], MaxMin(), Bjorck(3))
    params = network.init(np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"network\.fold"):
        lipschitz_bound(network, params)
    folded, weights = network.fold(params)
    weights[1][0][0, 0] = np.nan
    with pytest.raises(ValueError, match="1 non-finite"):
        lipschitz_bound(folded, weights)
    with pytest.raises(ValueError, match="no bound for p = 3"):
        lipschitz_bound(*network.fold(params), p=3)
