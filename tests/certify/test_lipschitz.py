"""Lipschitz bounds of networks: above every slope that can be found, equal to products that are known."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refsort.certify import lipschitz_bound
from refsort.nets import (
    Absolute,
    Bjorck,
    CReLU,
    FullSort,
    Layer,
    LeakyReLU,
    MaxMin,
    Maxout,
    Network,
    ReLU,
    Selection,
    gaussian,
)


@settings(max_examples=40)
@given(
    st.integers(0, 10**6),
    st.sampled_from([MaxMin(), FullSort(), ReLU(), Absolute(), LeakyReLU(-3.0), CReLU(), Maxout(2)]),
    st.sampled_from([(1, 1), (2, 2), (math.inf, math.inf), (1, 2), (1, math.inf), (2, math.inf)]),
)
def test_no_pair_of_points_is_steeper(seed, activation, norms):
    p, q = norms
    rng = np.random.default_rng(seed)
    network = Network.dense([3, 4, 6, 2], activation)
    params = network.init(rng, gaussian)
    bound = lipschitz_bound(network, params, p, q).constant
    x, y = rng.standard_normal((2, 50, 3))
    rise = np.linalg.norm(network.value(params, x) - network.value(params, y), q, axis=1)
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


def test_the_first_layer_goes_from_p_to_q_and_the_others_from_q_to_q():
    network = Network((Layer(2, 2, MaxMin()), Layer(2, 2, MaxMin()), Layer(2, 1)))
    w = [np.array([[3.0, 4.0], [5.0, 0.0]]), np.array([[1.0, -2.0], [0.5, 0.5]]), np.array([[0.5, 1.0]])]
    params = [(a, np.zeros(len(a))) for a in w]
    # rows of the first: dual norms 7 (inf), 5 (2), 5 (1); its first column is the longer: 8 and sqrt 34
    assert lipschitz_bound(network, params, math.inf, math.inf).layers == (7.0, 3.0, 1.5)
    assert lipschitz_bound(network, params, 2, math.inf).layers == (5.0, 3.0, 1.5)
    assert lipschitz_bound(network, params, 1, math.inf).layers == (5.0, 3.0, 1.5)
    assert lipschitz_bound(network, params, 1, 1).layers == (8.0, 2.5, 1.0)
    assert lipschitz_bound(network, params, 2, math.inf).constant == 22.5
    first = lipschitz_bound(network, params, 1, 2).layers[0]
    assert 34 <= Fraction(first) ** 2 <= 34 * (1 + Fraction(4, 2**52))
    assert lipschitz_bound(network, params, 1, 2)[2:] == (1, 2)
    assert lipschitz_bound(network, params, 2)[2:] == (2, 2)


def test_selections_are_exact_in_every_norm():
    network = Network((Selection(3, 4, MaxMin()), Selection(4, 8, MaxMin()), Selection(8, 2), Layer(2, 1)))
    half = np.array([[0.5, -0.5]])
    params = [(np.array(i), np.zeros(len(i))) for i in ([0, 1, 1, 2], [0, 1, 2, 3] * 2, [7, 7])] + [(half, np.zeros(1))]
    assert lipschitz_bound(network, params, math.inf) == (1.0, (1.0, 1.0, 1.0, 1.0), math.inf, math.inf)
    assert lipschitz_bound(network, params, 1) == (4.0, (2.0, 2.0, 2.0, 0.5), 1, 1)
    for p in (1, 2):
        assert lipschitz_bound(network, params, p, math.inf).constant == 1.0
    root = lipschitz_bound(network, params, 2).layers
    assert [2 <= Fraction(r) ** 2 <= 2 + Fraction(1, 2**50) for r in root[:3]] == [True] * 3
    # a first selection from inf to 1 and to 2: as many times as there are indices, and the root of that
    assert lipschitz_bound(network, params, math.inf, 1).layers[0] == 4.0
    assert lipschitz_bound(network, params, math.inf, 2).layers[0] == 2.0


def test_networks_of_fractions():
    third = np.array([[Fraction(1, 3), Fraction(-2, 3)], [Fraction(2, 3), Fraction(1, 3)]], object)
    network = Network((Layer(2, 2, LeakyReLU(Fraction(-3, 2))), Selection(2, 2), Layer(2, 2)))
    zero = np.array([Fraction(0)] * 2, object)
    params = [(third, zero), (np.array([1, 0]), zero), (3 * third, zero)]
    assert lipschitz_bound(network, params, math.inf).layers == (1.5, 1.0, 3.0)
    assert lipschitz_bound(network, params, math.inf).constant == 4.5
    first = Fraction(lipschitz_bound(network, params, 1, math.inf).layers[0])  # 2/3 is no double, and is rounded up
    assert 1 <= first <= 1 + Fraction(1, 2**52)


def test_a_weight_that_is_too_large_for_a_bound_gives_infinity():
    network = Network((Layer(2, 1),))
    params = [(np.array([[1.7e308, 1.7e308]]), np.zeros(1))]
    assert lipschitz_bound(network, params, math.inf).constant == math.inf
    assert lipschitz_bound(network, params, 1).constant == 1.7e308


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
