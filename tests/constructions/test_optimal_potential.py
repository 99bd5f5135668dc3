"""Potentials as networks: the c-transform by its formula, and its dual value against exact optimal transport."""

from fractions import Fraction
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from refsort.constructions import optimal_potential
from tests.constructions.exactly import EXPONENT, INF, array, at, distance, product_of_norms, rationals, vectors

metrics = st.sampled_from(["linf", "l1"])


@given(st.data(), metrics, st.sampled_from("pq"))
@settings(max_examples=60)
def test_equals_the_c_transform_for_any_potential(data, metric, side):
    """Steep potentials too, which belong to no 1-Lipschitz function: the network is 1-Lipschitz all the same."""
    points = data.draw(st.lists(vectors(2, rationals(3)), min_size=1, max_size=5))
    phi, x = data.draw(vectors(len(points))), data.draw(vectors(2))
    network, params = optimal_potential(array(points), array(phi), metric, side=side)
    costs = [distance(metric, x, p) for p in points]
    if side == "p":
        assert at(network, params, x) == [max(v - c for v, c in zip(phi, costs, strict=True))]
        assert all(at(network, params, p)[0] >= v for p, v in zip(points, phi, strict=True))
    else:
        assert at(network, params, x) == [min(v + c for v, c in zip(phi, costs, strict=True))]
    assert product_of_norms(network, params, EXPONENT[metric], INF) == 1


def optimal_assignment(cost):
    """The least total cost over all permutations, and optimal potentials from its complementary slackness.

    Row i and column s(i) are matched. phi_i - phi_k <= cost[i][s(k)] - cost[k][s(k)] for all i, k is a system of
    differences; Bellman and Ford solve it, as an optimal assignment has no negative cycle.
    """
    n = range(len(cost))
    match = min(permutations(n), key=lambda s: sum(cost[i][s[i]] for i in n))
    phi = [Fraction(0) for _ in n]
    for _ in n:
        for i in n:
            phi[i] = min(phi[k] + cost[i][match[k]] - cost[k][match[k]] for k in n)
    return sum(cost[i][match[i]] for i in n), phi


@given(st.data(), metrics, st.integers(1, 4))
@settings(max_examples=40)
def test_the_dual_value_is_the_wasserstein_distance_exactly(data, metric, n):
    p_points, q_points = (data.draw(st.lists(vectors(2), min_size=n, max_size=n)) for _ in range(2))
    cost = [[distance(metric, x, z) for z in q_points] for x in p_points]
    total, phi = optimal_assignment(cost)
    network, params = optimal_potential(array(p_points), array(phi), metric)
    values = [at(network, params, x)[0] for x in p_points], [at(network, params, z)[0] for z in q_points]
    assert sum(values[0]) - sum(values[1]) == total
    upper, upper_params = optimal_potential(array(q_points), array(values[1]), metric, side="q")
    others = [at(upper, upper_params, x)[0] for x in p_points]
    assert sum(others) - sum(at(upper, upper_params, z)[0] for z in q_points) == total


@pytest.mark.parametrize("eps", [0.5, 0.05, 0.005])
def test_two_norm_within_eps(eps):
    """The dual value of a 1-Lipschitz function is at most W_1, and here at least W_1 - eps."""
    rng = np.random.default_rng(0)
    x, z = rng.standard_normal((7, 2)), rng.standard_normal((9, 2)) + 1
    cost = np.linalg.norm(x[:, None] - z[None], axis=2)
    rows, columns = np.kron(np.eye(7), np.ones((1, 9))), np.kron(np.ones((1, 7)), np.eye(9))
    marginals = np.concatenate([np.full(7, 1 / 7), np.full(9, 1 / 9)])
    solved = linprog(cost.ravel(), A_eq=np.concatenate([rows, columns]), b_eq=marginals, method="highs")
    phi = np.asarray(solved.eqlin.marginals)[:7]
    both = np.concatenate([x, z])
    box = np.stack([np.min(both, axis=0), np.max(both, axis=0)], axis=1)
    network, params = optimal_potential(x, phi, "l2", eps, box=box)
    value = np.mean(network.value(params, x)) - np.mean(network.value(params, z))
    slack = 1e-9  # the solver's own tolerance for feasibility is 1e-7 on costs that it meets far better
    assert solved.fun - eps - slack <= value <= solved.fun + slack


def test_gradient_norm_one_everywhere_and_along_a_ray():
    """f falls at slope 1 from a point of P to the point of Q that it is transported to, and |gradient| = 1."""
    x, z = np.array([[0.0, 0.0], [5.0, 1.0]]), np.array([[1.0, 0.5], [7.0, 0.5]])
    network, params = optimal_potential(x, np.array([1.0, 2.0]), "linf")
    for a, b in zip(x, z, strict=True):
        t = np.linspace(0.01, 0.99, 33)[:, None]
        y, j = network.forward(params, a + t * (b - a))
        gradient = j.jacobian()[:, 0]
        assert np.array_equal(np.sum(np.abs(gradient), axis=1), np.ones(33))
        assert np.allclose(gradient @ (b - a), -np.max(np.abs(b - a)), rtol=0, atol=1e-15)
    y = network.value(params, np.concatenate([x, z]))[:, 0]
    assert np.array_equal(y[:2] - y[2:], np.max(np.abs(x - z), axis=1))


def test_bad_input():
    points, phi = np.zeros((2, 2)), np.zeros(2)
    with pytest.raises(ValueError, match="pass eps"):
        optimal_potential(points, phi, "l2")
    with pytest.raises(ValueError, match="eps must be positive"):
        optimal_potential(points, phi, "l1", -1.0)
    with pytest.raises(ValueError, match="one of linf"):
        optimal_potential(points, phi, "euclidean")
    with pytest.raises(ValueError, match="side must be"):
        optimal_potential(points, phi, "l1", side="source")
    with pytest.raises(ValueError, match="one value a point"):
        optimal_potential(points, np.zeros((2, 2)), "l1")
    with pytest.raises(ValueError, match="potential holds 1"):
        optimal_potential(points, np.array([0.0, np.nan]), "l1")
