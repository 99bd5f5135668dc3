"""The potential of a permutation: tight on it, feasible beside it, whatever the costs are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from refsort.transport.assignment import assign, shortest_path_potential


@given(st.integers(1, 9), st.integers(0, 2**31))
def test_integer_costs(n, seed):
    c = np.random.default_rng(seed).integers(-5, 30, (n, n)).astype(float)  # no metric, and negative too
    found = assign(c, exact=True)
    g = np.empty(n)
    g[found.columns] = (found.f - c[found.columns, found.rows])[found.rows]
    assert np.all(found.f - g[:, None] <= c)  # integers: nothing is rounded
    y, x = linear_sum_assignment(c)
    assert found.f.sum() - g.sum() == c[y, x].sum()


@pytest.mark.parametrize("n", [1, 5, 70])
def test_real_costs(n):
    c = np.random.default_rng(n).random((n, n))
    y, x = linear_sum_assignment(c)
    partner = np.argsort(x)
    f = shortest_path_potential(c, partner)
    g = f[x] - c[y, x]
    # steps below 4 eps are not taken, and a difference of numbers below 2 is rounded twice
    assert np.max(f - g[:, None] - c) <= 6 * np.finfo(float).eps


def test_a_permutation_that_is_not_optimal_does_not_run_for_ever():
    c = np.array([[2.0, 0.0], [0.0, 2.0]])
    assert np.all(np.isfinite(shortest_path_potential(c, np.array([0, 1]))))
