"""What critics prove: never more than W_1, in rationals as well, and all of it where the critic is optimal."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refsort.constructions import optimal_potential
from refsort.nets import Bjorck, Layer, MaxMin, Network
from refsort.transport import critic_lower_bound, wasserstein1
from tests.certify.small_networks import ACTIVATIONS, draw, exact_value

METRICS = ("l1", "l2", "linf")
SEEDS = st.integers(0, 2**31)


@given(
    SEEDS,
    st.sampled_from(METRICS),
    st.sampled_from(ACTIVATIONS),
    st.booleans(),
    st.sampled_from([np.float16, np.float32, np.float64]),
)
def test_never_above_the_exact_distance(seed, metric, activation, select, dtype):
    rng = np.random.default_rng(seed)
    network, params = draw(rng, dtype, activation, d_out=1, select=select)
    n, m = rng.integers(1, 8, 2)
    x, y = rng.standard_normal((n, 3)), rng.standard_normal((m, 3)) + rng.standard_normal(3)
    a, b = rng.random(n), rng.random(m)
    a, b = a / a.sum(), b / b.sum()
    found = critic_lower_bound(network, params, x, y, metric, a, b)
    assert 0 <= found.lower <= wasserstein1(x, y, metric, a, b).upper
    # a chord over its length is at most L, and so is a gradient
    assert np.all(found.gradients <= 1 + 1e-12)


@given(SEEDS, st.sampled_from(ACTIVATIONS))
def test_the_difference_is_within_its_error_of_the_one_in_rationals(seed, activation):
    rng = np.random.default_rng(seed)
    network, params = draw(rng, np.float64, activation, d_out=1, bias=100.0)
    x, y = rng.standard_normal((3, 3)), rng.standard_normal((2, 3))
    found = critic_lower_bound(network, params, x, y)
    on_x, on_y = (sum(exact_value(network, params, row)[0] for row in side.tolist()) / len(side) for side in (x, y))
    # `difference` is a double of its own
    assert abs(Fraction(found.difference) - (on_x - on_y)) <= Fraction(found.error) + Fraction(2.0**-50)
    assert Fraction(found.lower) * Fraction(found.lipschitz) <= abs(on_x - on_y)


@pytest.mark.parametrize("metric", ["l1", "linf"])
def test_an_optimal_potential_proves_nearly_all(metric):
    rng = np.random.default_rng(7)
    x, y = rng.integers(-9, 10, (8, 2)).astype(float), rng.integers(-9, 10, (11, 2)).astype(float)
    exact = wasserstein1(x, y, metric)
    network, params = optimal_potential(x, exact.f, metric)
    found = critic_lower_bound(network, params, x, y, metric)
    # the norms after the layers that make L = 1 are maxima (`optimal_potential`)
    assert found.norm == math.inf
    assert found.lipschitz == 1
    assert (1 - 1e-12) * exact.distance < found.lower <= exact.upper
    assert found.steep == 1


def test_the_sign_and_the_scale_of_a_critic_do_not_matter():
    rng = np.random.default_rng(0)
    network, params = draw(rng, np.float64, MaxMin(), d_out=1)
    x, y = rng.standard_normal((5, 3)), rng.standard_normal((4, 3))
    one = critic_lower_bound(network, params, x, y)
    other = critic_lower_bound(network, [*params[:-1], (-8 * params[-1][0], -8 * params[-1][1])], x, y)
    assert other.difference == -8 * one.difference
    assert other.lower == pytest.approx(one.lower, rel=1e-12)


def test_a_constant_critic_and_equal_samples_prove_nothing():
    x = np.random.default_rng(0).standard_normal((4, 2))
    flat = Network((Layer(2, 1),))
    found = critic_lower_bound(flat, [(np.zeros((1, 2)), np.ones(1))], x, x + 1)
    assert (found.lower, found.lipschitz, found.steep) == (0, 0, 0)
    steep = [(np.array([[3.0, 4.0]]), np.zeros(1))]
    assert critic_lower_bound(flat, steep, x, x).lower == 0


def test_more_points_than_are_evaluated_at_once():
    x = np.arange(5000.0)
    found = critic_lower_bound(Network((Layer(1, 1),)), [(np.array([[-1.0]]), np.zeros(1))], x, x + 3)
    assert found.gradients.shape == (10000,)
    assert 3 * (1 - 1e-9) < found.lower <= 3


FOLDED = Network.dense([2, 4, 1], MaxMin())
PARAMS = FOLDED.init(np.random.default_rng(0))


@pytest.mark.parametrize(
    ("network", "params", "x", "words"),
    [
        (FOLDED, PARAMS, np.zeros((3, 5)), "takes points of 2 dimensions, and the samples have 5"),
        (
            Network((Layer(2, 3),)),
            [(np.ones((3, 2)), np.zeros(3))],
            np.zeros((3, 2)),
            "one output, and the network has 3",
        ),
        (Network.dense([2, 4, 1], MaxMin(), Bjorck(3)), PARAMS, np.zeros((3, 2)), "weight maps; pass network.fold"),
        (FOLDED, [(w * np.inf, b) for w, b in PARAMS], np.zeros((3, 2)), "non-finite"),
        (FOLDED, [(np.full_like(w, 1e300), b) for w, b in PARAMS], np.ones((3, 2)), "nothing is certified"),
        (
            Network((Layer(2, 1),)),
            [(np.full((1, 2), 1e307), np.zeros(1))],
            np.ones((3, 2)),
            "has values up to 2e[+]307",
        ),
        (FOLDED, PARAMS, np.full((3, 2), np.nan), "x holds 6 numbers that are not finite"),
    ],
)
def test_critics_that_certify_nothing(network, params, x, words):
    with pytest.raises(ValueError, match=words):
        critic_lower_bound(network, params, x, np.zeros((2, x.shape[1])))
