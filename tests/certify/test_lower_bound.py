"""Lower bounds of Lipschitz constants: below the upper bound, proved by their two points, and found where known."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refsort.certify import lipschitz_bound, lipschitz_lower_bound
from refsort.nets import Bjorck, Layer, MaxMin, Network
from tests.certify.small_networks import ACTIVATIONS, draw, exact_value

INF = math.inf


def power(v, p):
    """The p-norm of Fractions, squared for p = 2."""
    v = [abs(a) for a in v]
    return {1: sum(v), 2: sum(a * a for a in v), INF: max(v)}[p]


@settings(max_examples=40)
@given(
    st.integers(0, 10**6),
    st.sampled_from(ACTIVATIONS),
    st.sampled_from([(1, 1), (2, 2), (INF, INF), (2, INF), (1, 2)]),
    st.sampled_from([np.float32, np.float64]),
    st.sampled_from([1.0, 1e8]),
)
def test_the_two_points_prove_it_in_exact_arithmetic(seed, activation, norms, dtype, bias):
    p, q = norms
    rng = np.random.default_rng(seed)
    network, params = draw(rng, dtype, activation, 3, 3, bias=bias)  # large biases drown short steps
    found = lipschitz_lower_bound(network, params, rng.standard_normal((4, 3)), rng, p, q, steps=3)
    wide = [(w.astype(float), b.astype(float)) for w, b in params]
    fx, fy = (exact_value(network, wide, v) for v in (found.x, found.y))
    rise = power([b - a for a, b in zip(fx, fy, strict=True)], q) ** (1 if q == 2 else 2)
    run = power([Fraction(b) - Fraction(a) for a, b in zip(found.x, found.y, strict=True)], p) ** (1 if p == 2 else 2)
    assert Fraction(found.constant) ** 2 * run <= rise
    assert found.constant <= lipschitz_bound(network, wide, p, q).constant
    if bias == 1:  # a chord whose errors hide nothing but 1e-6 of it
        assert Fraction(found.constant) ** 2 * run >= rise * (1 - Fraction(1, 10**6))


def test_the_norm_of_a_linear_map_is_found():
    rng = np.random.default_rng(0)
    w = rng.standard_normal((4, 6))
    network = Network((Layer(6, 4),))
    x = rng.standard_normal((20, 6))
    norms = {(1, 1): np.linalg.norm(w, 1), (2, 2): np.linalg.norm(w, 2), (INF, INF): np.linalg.norm(w, INF)}
    norms[2, INF] = np.linalg.norm(w, axis=1).max()
    for (p, q), norm in norms.items():
        found = lipschitz_lower_bound(network, [(w, np.zeros(4))], x, rng, p, q, steps=60)
        assert norm * (1 - 1e-6) < found.constant <= norm * (1 + 1e-14)  # the slowest: (s_2 / s_1)^120, 1e-9


def test_an_orthonormal_network_attains_its_bound():
    network = Network.dense([6, 6, 6], MaxMin(), Bjorck(30))
    network, params = network.fold(network.init(np.random.default_rng(0)))
    found = lipschitz_lower_bound(network, params, np.zeros((3, 6)), np.random.default_rng(1))
    assert 1 - 1e-13 < found.constant <= lipschitz_bound(network, params).constant < 1 + 1e-12


def test_a_constant_network():
    network = Network((Layer(2, 2),))
    found = lipschitz_lower_bound(network, [(np.zeros((2, 2)), np.ones(2))], np.zeros((1, 2)), np.random.default_rng(0))
    assert found.constant == 0


def test_bad_input():
    network, params = draw(np.random.default_rng(0), np.float64, MaxMin())
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="needs points"):
        lipschitz_lower_bound(network, params, np.zeros((0, 3)), rng)
    with pytest.raises(ValueError, match=r"steps, got .* and 0"):
        lipschitz_lower_bound(network, params, np.zeros((1, 3)), rng, steps=0)
    with pytest.raises(ValueError, match="p and q must be"):
        lipschitz_lower_bound(network, params, np.zeros((1, 3)), rng, 3)
    with pytest.raises(ValueError, match="x holds 3 non-finite"):
        lipschitz_lower_bound(network, params, np.full((1, 3), np.nan), rng)
    with pytest.raises(ValueError, match=r"network\.fold"):
        lipschitz_lower_bound(network.constrained(Bjorck(3)), params, np.zeros((1, 3)), rng)
