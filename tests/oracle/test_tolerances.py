"""The bounds hold for the worst roundings that the model allows, and are not far above them."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refsort import spec
from refsort.oracle import Case, tolerances
from refsort.oracle.operations import bjorck, l1_ball, sorting
from refsort.oracle.operations.exactly import exact
from refsort.oracle.tolerances import Precision

COARSE = Precision(Fraction(1, 2**8), Fraction(0))
FRACTIONS = st.integers(-16, 16).map(lambda k: Fraction(k, 4))


def vectors(n):
    return st.lists(FRACTIONS, min_size=n, max_size=n)


def rounded(x, signs):
    """x times 1 + u or 1 - u, the worst that one rounding may do."""
    return x * (1 + next(signs) * COARSE.u)


@settings(max_examples=50)
@given(vectors(3), vectors(3), FRACTIONS, st.lists(st.sampled_from([1, -1]), min_size=6, max_size=6))
def test_an_affine_row_with_the_worst_roundings_stays_within_its_bound(x, w, b, signs):
    signs = iter(signs)
    products = [rounded(a * c, signs) for a, c in zip(x, w, strict=True)]
    computed = b
    for term in reversed(products):
        computed = rounded(computed + term, signs)
    arrays = np.array([x], dtype=object), np.array([w], dtype=object).T, np.array([b], dtype=object)
    bound = tolerances.product(*arrays[:2], COARSE, arrays[2])[0, 0]
    assert abs(computed - spec.affine(x, [w], [b])[0]) <= bound


def test_the_bound_of_a_product_is_attained_up_to_second_order():
    u, signs = COARSE.u, itertools.repeat(1)
    x = [Fraction(1, 2**20), Fraction(1, 2**20), Fraction(1)]
    computed = rounded(x[2], signs)
    for term in (rounded(x[1], signs), rounded(x[0], signs)):
        computed = rounded(computed + term, signs)
    arrays = np.array([x], dtype=object), np.array([[Fraction(1)]] * 3, dtype=object)
    bound = tolerances.product(*arrays, COARSE)[0, 0]
    assert (1 - 4 * u) * bound < computed - sum(x) <= bound


@given(st.lists(st.integers(-100, 100).map(Fraction), min_size=1, max_size=5))
def test_a_mean_in_float16_stays_within_the_bound_of_a_tie(block):
    precision = Precision.of("float16")
    g = np.array([float(x) for x in block], dtype=np.float16)
    mean = spec.frac((g * (np.float16(1) / np.float16(len(g)))).sum(dtype=np.float16))
    assert spec.majorisation_excess([mean] * len(g), block) <= sorting.shared_cotangent(block, precision)


@given(st.integers(1, 5).flatmap(vectors), st.integers(1, 16).map(lambda k: Fraction(k, 4)))
def test_the_threshold_is_that_of_the_definition(v, radius):
    threshold = l1_ball.threshold_of(v, radius, COARSE)
    projected = spec.project_l1_ball(v, radius)
    soft = [(1 if x > 0 else -1) * max(abs(x) - threshold.tau, Fraction(0)) for x in v]
    assert soft == projected
    assert threshold.excess == sum(map(abs, v)) - radius


@given(st.integers(1, 4).flatmap(vectors), st.integers(1, 16).map(lambda k: Fraction(k, 4)), st.data())
def test_a_threshold_from_sums_with_the_worst_roundings_stays_within_its_bound(v, radius, data):
    threshold = l1_ball.threshold_of(v, radius, COARSE)
    if threshold.excess <= threshold.doubt:
        return
    signs = iter(data.draw(st.lists(st.sampled_from([1, -1]), min_size=12, max_size=12)))
    sizes, total, tau = sorted(map(abs, v), reverse=True), Fraction(0), Fraction(0)
    for j, size in enumerate(sizes, 1):
        total = rounded(total + size, signs) if j > 1 else size
        theta = rounded(rounded(total - radius, signs) / j, signs)
        if size > theta:
            tau = theta
    assert abs(tau - threshold.tau) <= threshold.error


def steps(w, order, beta, iterations):
    case = Case("bjorck", "float32", (w,), {"iterations": iterations, "order": order, "beta": beta}, w[::-1] / 2)
    iterates = bjorck.iterates_of(case)
    return iterates, bjorck.cotangents_of(case, iterates)


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("shape", [(3, 2), (2, 4), (1, 3)])
def test_a_perturbed_bjorck_step_moves_by_no_more_than_the_stretch(order, shape):
    rng = np.random.default_rng(order)
    for _ in range(10):
        a = rng.integers(-64, 65, shape) / 64
        c = [1.0, 0.375] if order == 1 else [float(x) for x in spec.coefficients(order)]
        move = rng.standard_normal(shape) * 1e-6
        beta = Fraction(c[1]) if order == 1 else Fraction(1, 2)
        moved = [np.array(spec.bjorck(x.tolist(), 1, order, beta), dtype=float) for x in (a, a + move)]
        norm = bjorck._norm_above(exact(a))
        assert np.linalg.norm(a, 2) <= norm
        bound = bjorck._stretch(c, norm + 1e-5) * np.linalg.norm(move)
        assert np.linalg.norm(moved[1] - moved[0]) <= bound * (1 + 1e-9)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_the_curvature_bounds_the_change_of_the_derivative(order):
    rng = np.random.default_rng(order)
    c = [1.0, 0.5] if order == 1 else [float(x) for x in spec.coefficients(order)]
    for _ in range(10):
        a, h = rng.integers(-64, 65, (3, 2)) / 64, rng.standard_normal((3, 2))
        move = rng.standard_normal((3, 2)) * 1e-6

        def step(x, order=order):
            return spec.bjorck(x, 1, order)

        moved = [np.array(spec.derivative(step, x.tolist(), h.tolist()), dtype=float) for x in (a, a + move)]
        norm = np.linalg.norm(a, 2) + 1e-5
        bound = bjorck.curvature(c, norm) * np.linalg.norm(move) * np.linalg.norm(h)
        assert np.linalg.norm(moved[1] - moved[0]) <= bound * (1 + 1e-6)


def test_the_stretch_is_attained_at_zero_and_outside_of_the_basin():
    for order in (2, 3):
        c = [float(x) for x in spec.coefficients(order)]
        at_zero, at_two = (
            float(spec.derivative(lambda a, p=order: spec.bjorck(a, 1, p), [[s]], [[1]])[0][0]) for s in (0, 2)
        )
        assert bjorck._stretch(c, 0.5) == at_zero
        assert bjorck._stretch(c, 2.0) == abs(at_two)


def test_the_curvature_counts_the_second_derivatives_of_each_monomial():
    c = [float(x) for x in spec.coefficients(2)]  # a step makes (15 s - 10 s^3 + 3 s^5) / 8 of s
    assert bjorck.curvature(c, 2.0) == (10 * 6 * 2 + 3 * 20 * 8) / 8
    assert bjorck.curvature([1.0, 0.25], 2.0) == 0.25 * 6 * 2


@pytest.mark.parametrize("beta", [Fraction(1, 2), Fraction(1, 4)])
def test_scalar_steps_with_the_worst_roundings_stay_within_their_bounds_and_come_near_them(beta):
    # a small singular value is stretched by every step, as the bounds suppose of all of them
    w, g, iterations, rng = Fraction(1, 16), Fraction(5, 8), 3, np.random.default_rng(0)
    params = {"iterations": iterations, "order": 1, "beta": float(beta)}
    case = Case("bjorck", "float64", (np.array([[float(w)]]),), params, np.array([[float(g)]]))
    iterates = bjorck.iterates_of(case)
    cotangents = bjorck.cotangents_of(case, iterates)
    errors = bjorck.iterate_errors(iterates, 1, beta, COARSE)
    bounds = errors[-1], bjorck.gradient_error(iterates, errors, cotangents, 1, beta, COARSE)
    worst = [0.0, 0.0]
    for bias in [1.0, 0.0, *[0.5] * 50]:  # all roundings up, all down, and coins
        signs = iter(rng.random(20 * iterations) < bias)
        signs = (1 if up else -1 for up in signs)
        a, h, kept = w, g, []
        for _ in range(iterations):
            q = rounded(1 - rounded(a * a, signs), signs)
            kept.append((a, rounded(1 + rounded(beta * q, signs), signs)))
            a = rounded(a * kept[-1][1], signs)
        for a_k, t in reversed(kept):
            moved = rounded(2 * beta * rounded(a_k * rounded(a_k * h, signs), signs), signs)
            h = rounded(rounded(h * t, signs) - moved, signs)
        found = abs(a - iterates[-1][0, 0]), abs(h - cotangents[0][0, 0])
        worst = [max(old, float(new) / bound) for old, new, bound in zip(worst, found, bounds, strict=True)]
    # the bounds count every rounding that any association may have, and none of them cancels another
    assert all(1 / 10 < ratio <= 1 for ratio in worst), worst


def test_no_steps_leave_no_error():
    iterates, cotangents = steps(np.array([[0.5, 0.25]]), 1, 0.5, 0)
    precision = Precision.of("float32")
    assert bjorck.iterate_errors(iterates, 1, Fraction(1, 2), precision) == [0]
    assert bjorck.gradient_error(iterates, [0.0], cotangents, 1, Fraction(1, 2), precision) == 0


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_the_bounds_of_five_steps_say_something(dtype):
    """A bound above the size of the result would let everything pass."""
    iterates, cotangents = steps(np.array([[0.5, 0.25], [-0.125, 0.75], [0.0, 0.375]]), 1, 0.5, 5)
    precision = Precision.of(dtype)
    errors = bjorck.iterate_errors(iterates, 1, Fraction(1, 2), precision)
    gradient = bjorck.gradient_error(iterates, errors, cotangents, 1, Fraction(1, 2), precision)
    assert errors[-1] < 2000 * precision.u
    assert gradient < 20000 * precision.u
