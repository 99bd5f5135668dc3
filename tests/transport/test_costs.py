"""Transforms of potentials, rounded outward: feasible in rationals for any potential, without a solver to choose it."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refsort.transport.costs import Costs, cost_matrix
from refsort.transport.line import LineCosts
from refsort.transport.samples import scaled
from tests.transport.rational import distance, square


def pairs(x, y, f, g):
    for i, p in enumerate(x.tolist()):
        for j, q in enumerate(y.tolist()):
            yield p, q, Fraction(f[i]) - Fraction(g[j])


@given(st.integers(0, 2**31).map(np.random.default_rng), st.sampled_from(["l1", "linf", "line"]))
def test_any_potential_becomes_feasible(rng, metric):
    n, m, d = rng.integers(1, 6, 3)
    d = 1 if metric == "line" else d
    size = 10.0 ** rng.integers(-12, 1)  # distances far below the potentials, whose differences are rounded then
    x, y = size * rng.uniform(-1, 1, (n, d)), size * rng.uniform(-1, 1, (m, d))
    f, g = rng.uniform(-1, 1, n), rng.uniform(-1, 1, m)
    if metric == "line":
        costs = LineCosts(scaled("test", x, y)._replace(x=x, y=y))
    else:
        costs = Costs(cost_matrix(x, y, metric), d, exact=False)
    for u, v in ((f, costs.transform_to_y(f)), (costs.transform_to_x(g), g)):
        differences = list(pairs(x, y, u, v))
        assert all(rise <= distance(p, q, "l1" if metric == "line" else metric) for p, q, rise in differences)
        assert all(distance(p, q, "l1") <= costs.longest * d for p, q, _ in differences)
        # the transform is the best potential there is: some pair of each point is tight, up to a few units
        assert np.max(v if v is not g else -u) <= 1 + 10 * 2.0**-53


def test_squares_that_underflow_count_as_nothing():
    # 0.6 2^-1074 rounds up to the smallest double: the computed distance is 2^-537, more than the exact one
    x, y = np.array([[1.0, np.sqrt(0.6) * 2.0**-537]]), np.array([[1.0, 0.0]])
    matrix = cost_matrix(x, y, "l2")
    assert Fraction(matrix.item()) ** 2 > square(x[0].tolist(), y[0].tolist())
    costs = Costs(matrix, 2, exact=False)
    g = costs.transform_to_y(np.zeros(1))
    assert Fraction(-g.item()) ** 2 <= square(x[0].tolist(), y[0].tolist()) or g.item() >= 0


@pytest.mark.parametrize("metric", ["l1", "l2", "linf"])
def test_costs_against_numpy(metric):
    x, y = np.random.default_rng(0).standard_normal((5, 3)), np.random.default_rng(1).standard_normal((4, 3))
    c = np.linalg.norm(y[:, None] - x, {"l1": 1, "l2": 2, "linf": np.inf}[metric], axis=2)
    np.testing.assert_allclose(cost_matrix(x, y, metric), c, rtol=14 * 2.0**-53)
