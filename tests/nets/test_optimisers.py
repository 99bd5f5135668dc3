"""Optimisers against their recursions in exact rationals and closed forms; schedules at their ends."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refsort.nets import SGD, Adam, AggMo, Constant, Cosine, Exponential, Step

gradients = st.lists(st.integers(-8, 8), min_size=1, max_size=6)


def run(optimiser, gs, eta):
    """w and b after steps along g and 2 g, from 1 and 2."""
    params = [(np.array([[1.0, -1.0]]), np.array([2.0]))]
    state = optimiser.start(params)
    for t, g in enumerate(gs, start=1):
        optimiser.step(params, [(np.array([[g, 0.0]]), np.array([2.0 * g]))], state, eta, t)
    (w, b) = params[0]
    assert w[0, 1] == -1.0  # no gradient, no change
    return w[0, 0], b[0]


@given(gradients)
def test_plain_descent(gs):
    assert run(SGD(), gs, 0.25) == (1 - sum(gs) / 4, 2 - sum(gs) / 2)


@given(gradients, st.booleans())
def test_momentum_by_its_closed_form(gs, nesterov):
    mu = Fraction(1, 2)  # dyadic: every float operation below is exact
    velocity = [sum(mu ** (t - i) * gs[i] for i in range(t + 1)) for t in range(len(gs))]
    moves = [g + mu * v if nesterov else v for g, v in zip(gs, velocity, strict=True)]
    w, b = run(SGD(0.5, nesterov), gs, 0.25)
    assert (w, b) == (1 - sum(moves) / 4, 2 - sum(moves) / 2)


@given(gradients)
def test_aggregated_momentum_is_the_mean_of_its_momenta(gs):
    betas = (0.0, 0.5, 0.75, 0.25)
    moves = [run(SGD(beta), gs, 0.25)[0] - 1 for beta in betas]
    assert run(AggMo(betas), gs, 0.25)[0] == pytest.approx(1 + sum(moves) / 4, rel=1e-15, abs=1e-15)


@given(gradients)
def test_adam_by_its_definition(gs):
    beta1, beta2, eta, eps = 0.75, 0.875, 0.125, 0.5
    m = v = Fraction(0)
    w = 1.0
    for t, g in enumerate(gs, start=1):
        m = Fraction(beta1) * m + (1 - Fraction(beta1)) * g
        v = Fraction(beta2) * v + (1 - Fraction(beta2)) * g * g
        corrected = float(m / (1 - Fraction(beta1) ** t)), float(v / (1 - Fraction(beta2) ** t))
        w -= eta * corrected[0] / (corrected[1] ** 0.5 + eps)
    # some 10 roundings a step, on numbers below 2
    assert run(Adam(beta1, beta2, eps), gs, eta)[0] == pytest.approx(w, rel=0, abs=1e-14)


@pytest.mark.parametrize("g", [1e-3, -7.0, 1e4])
def test_adams_first_step_has_the_length_of_the_rate(g):
    assert run(Adam(eps=1e-20), [g], 0.01)[0] == pytest.approx(1 - 0.01 * np.sign(g), rel=1e-14)


@pytest.mark.parametrize(
    "make", [lambda: SGD(1.0), lambda: SGD(-0.1), lambda: Adam(beta2=1.0), lambda: AggMo((0.5, 1.5))]
)
def test_momenta_out_of_range(make):
    with pytest.raises(ValueError, match=r"must lie in \[0, 1\)"):
        make()


def test_aggmo_needs_a_momentum():
    with pytest.raises(ValueError, match="at least one beta"):
        AggMo(())


@given(st.integers(2, 1000), st.floats(1e-6, 1.0), st.floats(1e-6, 1.0))
def test_schedules_start_and_end_where_they_say(steps, rate, final):
    for schedule in (Cosine(rate, steps, final), Exponential(rate, steps, final)):
        assert schedule(1) == pytest.approx(rate, rel=1e-12)
        assert schedule(steps) == schedule(steps + 7) == pytest.approx(final, rel=1e-9)
        middle = schedule((steps + 1) // 2)
        assert min(rate, final) * (1 - 1e-9) <= middle <= max(rate, final) * (1 + 1e-9)
    assert Constant(rate)(steps) == rate
    assert Step(rate, 0.5, (1, steps))(steps) == (rate * 0.5 if steps > 1 else rate)


@pytest.mark.parametrize("optimiser", [SGD(), SGD(0.9), SGD(0.9, nesterov=True), Adam(), AggMo()])
def test_rows_at_a_time_are_all_rows_at_once(optimiser, monkeypatch):
    rng = np.random.default_rng(0)
    shapes = [((7, 5), (7,)), ((3, 7), (3,)), ((0, 3), (0,))]
    start = [(rng.standard_normal(w), rng.standard_normal(b)) for w, b in shapes]
    grads = [(rng.standard_normal(w[::-1]).T, rng.standard_normal(b)) for w, b in shapes]  # of another memory order
    results = []
    for block in (1, 11, 1 << 15):
        monkeypatch.setattr("refsort.nets.optimisers._BLOCK", block)
        params = [(w.copy(), b.copy()) for w, b in start]
        state = optimiser.start(params)
        for t in (1, 2, 3):
            optimiser.step(params, grads, state, 0.1, t)
        results.append(np.concatenate([array.ravel() for pair in params for array in pair]))
    assert np.array_equal(results[0], results[2])
    assert np.array_equal(results[1], results[2])
