"""Exact W_1 against its definition: all permutations, couplings and potentials in rationals, and identities."""

from fractions import Fraction
from itertools import pairwise
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import wasserstein_distance

from refsort.transport import wasserstein1
from refsort.transport.programme import solve_programme
from tests.transport.rational import (
    cheapest_permutation,
    costs,
    distance,
    dual_value,
    euclidean_feasible,
    marginals,
    probabilities,
    square,
    worst_violation,
)

METRICS = ("l1", "l2", "linf")
RATIONAL = ("l1", "linf")  # whose distances between floats are rationals


def integers(rng, *shape):
    return rng.integers(-4, 5, shape).astype(float)


def weights(rng, n, zeros=0):
    w = rng.random(n)
    w[rng.permutation(n)[:zeros]] = 0
    return w / w.sum()


def encloses(found, value):
    return Fraction(found.lower) <= value <= Fraction(found.upper)


@pytest.mark.parametrize("metric", RATIONAL)
@pytest.mark.parametrize("d", [1, 2, 5])
@pytest.mark.parametrize("seed", range(6))
def test_equal_weights_against_all_permutations(metric, d, seed):
    rng = np.random.default_rng(seed)
    n = 2 + seed % 5
    x, y = integers(rng, n, d), integers(rng, n, d)
    c = costs(x, y, metric)
    best = cheapest_permutation(c)
    for method in ("line",) * (d == 1) + ("assignment", "programme"):
        found = wasserstein1(x, y, metric, method=method)
        assert found.method == method
        assert encloses(found, best)
        if method != "programme":  # HiGHS's masses are floats
            # nothing is rounded but the result, outward: at most one double on either side
            assert found.upper <= np.nextafter(found.lower, np.inf)
            assert dual_value(found, *[[Fraction(1, n)] * n] * 2) == best
        assert worst_violation(found, c) <= 0


@pytest.mark.parametrize("metric", RATIONAL)
@pytest.mark.parametrize(("n", "m", "d"), [(5, 9, 3), (9, 5, 3), (7, 7, 2), (1, 6, 4), (6, 1, 4), (1, 1, 2), (8, 5, 1)])
@pytest.mark.parametrize("kind", ["integers", "floats", "mixed scales"])
@pytest.mark.parametrize("weighted", [False, True])
def test_bounds_and_potentials_in_rationals(metric, n, m, d, kind, weighted):
    rng = np.random.default_rng([n, m, d])
    x, y = (integers(rng, k, d) if kind == "integers" else rng.standard_normal((k, d)) for k in (n, m))
    if kind == "mixed scales":
        x, y = x * 10.0 ** rng.integers(-170, 170, x.shape), y * 10.0 ** rng.integers(-170, 170, y.shape)
    a, b = (weights(rng, n, n // 3), weights(rng, m, m // 4)) if weighted else (None, None)
    found = wasserstein1(x, y, metric, a, b)
    c = costs(x, y, metric)
    # feasible with zero tolerance, in the very floats that are returned
    assert worst_violation(found, c) <= 0
    p, q = probabilities(a, n), probabilities(b, m)
    assert Fraction(found.lower) <= dual_value(found, p, q) <= Fraction(found.upper)
    rows, columns = marginals(found, n, m)
    # a mass is rounded at most 4 times, HiGHS's some more: far below 1e-12
    assert max(abs(r - w) for r, w in zip(rows + columns, p + q, strict=True)) < Fraction(1, 10**12)
    assert np.all(found.mass > 0)
    assert len(found.mass) < n + m
    moved = list(zip(found.rows.tolist(), found.columns.tolist(), found.mass.tolist(), strict=True))
    price = sum(Fraction(mass) * c[i][j] for i, j, mass in moved)
    assert price <= Fraction(found.upper) * (1 + Fraction(1, 10**12))
    # complementary slackness: mass times slack adds up to primal minus dual; twice that, since masses are rounded
    for i, j, mass in moved:
        slack = c[i][j] - Fraction(found.f[i]) + Fraction(found.g[j])
        assert slack * Fraction(mass) <= Fraction(found.gap) * 2
    # rounding errors are relative to the longest distance, which mixed scales make much longer than W_1
    assert found.gap <= 1e-12 * (max(map(max, c)) if kind == "mixed scales" else found.upper)


@given(st.integers(0, 2**31).map(np.random.default_rng), st.sampled_from(METRICS), st.integers(1, 40))
def test_two_points_enclose_their_distance_in_rationals(rng, metric, d):
    x, y = rng.standard_normal((2, d)) * 10.0 ** rng.integers(-3, 4, (2, d))
    found = wasserstein1(x[None], y[None], metric)
    if metric == "l2":
        assert Fraction(found.lower) ** 2 <= square(x, y) <= Fraction(found.upper) ** 2
    else:
        assert encloses(found, distance(x.tolist(), y.tolist(), metric))
    assert found.relative_gap < 2 * (d + 12) * 2.0**-53  # e = gamma_(d+4) on either side, and some further roundings


@given(st.integers(0, 2**31).map(np.random.default_rng))
def test_euclidean_potentials_are_feasible_in_rationals(rng):
    n, m, d = rng.integers(1, 7, 3)
    spread = 10.0 ** rng.integers(-8, 1)  # small distances between large coordinates: differences are rounded more
    x, y = 1 + spread * rng.standard_normal((n, d)), 1 + spread * rng.standard_normal((m, d))
    assert euclidean_feasible(wasserstein1(x, y), x, y)


@given(st.integers(0, 2**31).map(np.random.default_rng), st.sampled_from(RATIONAL))
def test_whatever_the_solver_did_the_bounds_hold(rng, metric):
    n = 4
    x, y = rng.standard_normal((n, 2)), rng.standard_normal((n, 2))
    best = cheapest_permutation(costs(x, y, metric))

    def spoilt(*arguments):
        found = solve_programme(*arguments)
        kept = rng.random(len(found.mass)) < 0.7
        mass = found.mass[kept] * rng.uniform(0.5, 1.5, np.count_nonzero(kept))
        f = found.f + rng.standard_normal(n) * 10.0 ** rng.integers(-12, 2)
        return found._replace(rows=found.rows[kept], columns=found.columns[kept], mass=mass, f=f)

    with mock.patch("refsort.transport.exact.solve_programme", spoilt):
        found = wasserstein1(x, y, metric, method="programme")
    assert encloses(found, best)
    assert worst_violation(found, costs(x, y, metric)) <= 0


def test_costs_that_nearly_agree():
    # a cluster that looks like one point from the others: costs differ by 1e-10, and the gap must not
    rng = np.random.default_rng(1)
    x, y = 1e-10 * rng.standard_normal((40, 2)), rng.standard_normal((40, 2))
    assert wasserstein1(x, y).relative_gap < 1e-12


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("n", [2, 11, 60])
def test_three_routes_agree_on_the_line(metric, n):
    rng = np.random.default_rng(n)
    x, y = rng.standard_normal((n, 1)), rng.standard_normal((n, 1)) + 0.3
    found = [wasserstein1(x, y, metric, method=method) for method in ("line", "assignment", "programme")]
    for one in found:
        assert one.relative_gap < 1e-12
        assert all(one.lower <= other.upper for other in found)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("d", [2, 7])
def test_assignment_and_programme_agree(metric, d):
    rng = np.random.default_rng(d)
    x, y = rng.standard_normal((23, d)), rng.standard_normal((23, d))
    a, b = (wasserstein1(x, y, metric, method=method) for method in ("assignment", "programme"))
    assert max(a.lower, b.lower) <= min(a.upper, b.upper)
    assert max(a.relative_gap, b.relative_gap) < 1e-12


@pytest.mark.parametrize(("n", "m"), [(40, 40), (33, 57), (1, 9)])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_line_against_scipy(n, m, weighted):
    rng = np.random.default_rng(n)
    x, y = rng.standard_normal(n), rng.exponential(size=m)
    a, b = (weights(rng, n, n // 5), weights(rng, m, m // 5)) if weighted else (None, None)
    found = wasserstein1(x, y, a=a, b=b)
    # both sum some n + m terms of size 1 in doubles
    assert found.distance == pytest.approx(wasserstein_distance(x, y, a, b), rel=(n + m) * 2e-15)
    assert found.relative_gap < 1e-12


@given(st.lists(st.integers(-20, 20), min_size=1, max_size=8), st.lists(st.integers(-20, 20), min_size=1, max_size=6))
def test_the_line_is_the_integral_of_the_distribution_functions(x, y):
    ends = sorted({*x, *y})
    exact = sum(
        abs(Fraction(sum(v <= s for v in x), len(x)) - Fraction(sum(v <= s for v in y), len(y))) * (t - s)
        for s, t in pairwise(ends)
    )
    found = wasserstein1(x, y)
    assert encloses(found, exact)
    assert found.upper <= np.nextafter(found.lower, np.inf)


POINTS = st.integers(0, 2**31).map(lambda seed: np.random.default_rng(seed))


@given(POINTS, st.sampled_from(METRICS))
def test_translation_scaling_and_symmetry(rng, metric):
    n, m, d = rng.integers(1, 7, 3)
    x, y, v = rng.integers(-9, 10, (n, d)), rng.integers(-9, 10, (m, d)), rng.integers(-50, 50, d)
    found = wasserstein1(x, y, metric)
    # the same points moved, mirrored, or 4 times as large: integers, so that nothing is rounded before the distances
    for other, factor in (
        (wasserstein1(x + v, y + v, metric), 1),
        (wasserstein1(y, x, metric), 1),
        (wasserstein1(-4 * x, -4 * y, metric), 4),
    ):
        assert factor * found.lower <= other.upper
        assert other.lower <= factor * found.upper


@given(POINTS, st.sampled_from(METRICS))
def test_triangle_inequality(rng, metric):
    d = rng.integers(1, 4)
    x, y, z = (rng.standard_normal((k, d)) for k in rng.integers(1, 7, 3))
    through = Fraction(wasserstein1(x, y, metric).upper) + Fraction(wasserstein1(y, z, metric).upper)
    assert Fraction(wasserstein1(x, z, metric).lower) <= through


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("scale", [1e-310, 1e-150, 1e150, 2.0**1000])
@pytest.mark.parametrize(("n", "m", "d"), [(6, 6, 3), (6, 9, 3), (5, 8, 1)])
def test_huge_and_tiny_scales(metric, scale, n, m, d):
    rng = np.random.default_rng(d)
    x, y = rng.standard_normal((n, d)), rng.standard_normal((m, d))
    one, other = wasserstein1(x, y, metric), wasserstein1(x * scale, y * scale, metric)
    # 10^-310 keeps 13 digits; the others one rounding of each coordinate
    assert other.distance / scale == pytest.approx(one.distance, rel=1e-12 if scale < 1e-300 else 1e-14)
    assert other.lower <= other.distance <= other.upper
    if metric in RATIONAL:
        assert worst_violation(other, costs(x * scale, y * scale, metric)) <= 0
    else:
        assert euclidean_feasible(other, x * scale, y * scale)


def test_a_distance_that_is_lost_beside_huge_coordinates_is_enclosed():
    # squares of 1e-200 underflow beside 1: W_1 is 1e-200 / 2
    found = wasserstein1([[1.0, 0.0], [1e-200, 0.0]], [[1.0, 0.0], [0.0, 0.0]])
    assert found.lower <= 0.5e-200 <= found.upper < 1e-100


def test_the_same_sample_twice_and_in_another_order():
    x = np.random.default_rng(0).standard_normal((12, 3))
    for metric in METRICS:
        found = wasserstein1(x, x[::-1], metric)
        assert found.distance == found.lower == found.upper == found.gap == 0
        assert abs(found.dual) < 1e-300
        assert found.relative_gap == 0
        assert np.array_equal(found.columns[np.argsort(found.rows)], np.arange(12)[::-1])


def test_duplicates_are_points_of_greater_weight():
    x, y = np.array([[0, 0], [0, 0], [0, 0], [3, 1]]), np.array([[1, 1], [1, 1], [5, 0], [5, 0]])
    many = wasserstein1(x, y, "l1")
    few = wasserstein1(x[2:], y[1:3], "l1", [0.75, 0.25], [0.5, 0.5])
    assert many.method == "assignment"
    assert few.method == "programme"
    # by hand: 1/2 from 0 to (1, 1) at 2, 1/4 from 0 to (5, 0) at 5, 1/4 from (3, 1) to (5, 0) at 3
    for found in (many, few):
        assert encloses(found, Fraction(3))
        assert found.distance == pytest.approx(3, rel=1e-15)


def test_points_of_weight_zero_have_no_say():
    rng = np.random.default_rng(3)
    x, y = integers(rng, 5, 2), integers(rng, 4, 2)
    a = np.array([0.25, 0.0, 0.5, 0.0, 0.25])
    all_of_them, some = wasserstein1(x, y, "l1", a), wasserstein1(x[a > 0], y, "l1", a[a > 0])
    assert all_of_them.lower <= some.upper
    assert some.lower <= all_of_them.upper
    assert set(all_of_them.rows) == {0, 2, 4}
    assert worst_violation(all_of_them, costs(x, y, "l1")) <= 0


@pytest.mark.parametrize("dtype", [np.int8, np.uint16, np.int64, np.float16, np.float32, np.float64])
def test_dtypes_that_float64_holds(dtype):
    x, y = np.array([[1, 2], [3, 4], [5, 7]], dtype), np.array([[0, 1], [9, 9]], dtype)
    a, b = wasserstein1(x, y, "l1"), wasserstein1(x.astype(float), y.astype(float), "l1")
    assert a.distance == b.distance


def test_one_dimension_may_be_left_out_and_strides_do_not_matter():
    x, y = np.arange(12.0)[::3], np.array([5.0, 1.0, 2.0])
    assert wasserstein1(x, y).distance == wasserstein1(x[:, None].copy(), y[:, None]).distance
    x.flags.writeable = y.flags.writeable = False
    wasserstein1(x, y)


def test_the_mcshane_extension_of_the_potentials_is_a_critic_of_the_same_value():
    from refsort.constructions import optimal_potential

    rng = np.random.default_rng(5)
    x, y = integers(rng, 6, 2), integers(rng, 6, 2)
    found = wasserstein1(x, y, "linf")
    network, params = optimal_potential(x, found.f, "linf")
    value = network.value(params, x).mean() - network.value(params, y).mean()
    assert value == pytest.approx(found.distance, rel=1e-14)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([[0.0, 1.0]], [[0.0]]), "x has points of 2 dimensions and y of 1"),
        (([[0.0], [np.nan]], [[0.0]]), r"x holds 1 numbers that are not finite, the first is nan at \[1, 0\]"),
        (([[0.0]], [[np.inf]]), "y holds 1 numbers that are not finite, the first is inf"),
        ((np.zeros((0, 2)), [[0.0, 0.0]]), r"at least one point; got shape \(0, 2\)"),
        (([[0.0, 0.0]], np.zeros((3, 0))), r"got shape \(3, 0\)"),
        ((np.zeros((2, 2, 2)), [[0.0, 0.0]]), r"got shape \(2, 2, 2\)"),
        ((3.0, [1.0]), r"got shape \(\)"),
        (([0.0], [1.0], "l3"), "the metric must be one of l1, l2, linf, got 'l3'"),
        (([0.0, 1.0], [1.0], "l1", [1.5, -0.5]), "weight 1 of x is -0.5"),
        (([0.0, 1.0], [1.0], "l1", [0.5, 0.6]), "weights of x add up to 1.1, not to 1; divide them by their sum"),
        (([0.0, 1.0], [1.0], "l1", [0.0, 0.0]), "weights of x add up to 0.0"),
        (([1.0], [0.0, 1.0], "l1", None, [0.5, np.nan]), "1 weights of y are not finite"),
        (([0.0, 1.0], [1.0], "l1", [1.0]), r"the 2 points of x need as many weights, got shape \(1,\)"),
        (([2**60], [0]), r"x holds integers beyond 2\^53"),
        (([[1.7e308, 0.0]], [[0.0, 0.0]]), "an entry of 1.7e\\+308 in 2 dimensions"),
    ],
)
def test_values_that_are_wrong(arguments, words):
    with pytest.raises(ValueError, match=words):
        wasserstein1(*arguments)


@pytest.mark.parametrize("bad", [[True, False], [1j, 0], ["a", "b"], [Fraction(1), Fraction(2)]], ids=str)
def test_types_that_are_wrong(bad):
    with pytest.raises(TypeError, match="x has dtype"):
        wasserstein1(np.asarray(bad), [0.0])
    with pytest.raises(TypeError, match="weights of x have dtype"):
        wasserstein1([0.0, 1.0], [0.0], a=np.asarray(bad))


def test_weights_normalised_in_float32_are_taken():
    w = np.random.default_rng(0).random(1000).astype(np.float32)
    w /= w.sum()
    assert wasserstein1(np.arange(1000), [0], a=w).distance > 0


@pytest.mark.parametrize(
    ("method", "words"),
    [
        ("line", "does not fit 3 and 2 points in 2 dimensions; it may be 'programme'"),
        ("assignment", "does not fit"),
        ("sinkhorn", "'sinkhorn' does not fit"),
    ],
)
def test_methods_that_do_not_fit(method, words):
    with pytest.raises(ValueError, match=words):
        wasserstein1(np.eye(3)[:, :2], np.eye(2), method=method)


def test_distance_helper_is_the_norm():
    assert distance([0.0, 3.0], [4.0, 0.0], "l1") == 7
    assert distance([0.0, 3.0], [4.0, 0.0], "linf") == 4


def test_many_weighted_points_on_the_line():
    rng = np.random.default_rng(0)
    x, y, a = *rng.standard_normal((2, 20_000)), weights(rng, 20_000)
    # distribution functions are off by 2^-60, whatever the number of points
    assert wasserstein1(x, y, a=a).relative_gap < 1e-12
