"""Tolerances hold for what rounding does in float32, and not for formulas that are slightly wrong."""

import numpy as np
import pytest

from refsort.bench import orthonormalisation, projections, tolerances
from refsort.bench.agreement import difference
from refsort.bench.case import BOTH, FORWARD, UNIT_ROUNDOFF

U = UNIT_ROUNDOFF["float32"]
CASES = [
    *orthonormalisation.cases([(40, 24), (20, 30)], (1, 2, 3), (3, 15)),
    *projections.cases([(16, 50)]),
]


def in_float32_and_float64(case, which):
    """The inputs of the case in float32, its results there, and those of the same inputs in float64."""
    inputs = case.inputs(np.random.default_rng(7), "float32")
    wide = {name: array.astype(float) for name, array in inputs.items()}
    return inputs, case.ours(inputs, which).outputs(), case.ours(wide, which).outputs()


@pytest.mark.parametrize("which", [FORWARD, BOTH])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_one_side_errs_by_less_than_half_of_it(case, which):
    inputs, ours, exact = in_float32_and_float64(case, which)
    allowed = case.tolerance(inputs, ours) * U
    assert difference(exact, ours) <= allowed / 2
    assert allowed < 0.02, "a wrong term moves results by more"


@pytest.mark.parametrize("which", [FORWARD, BOTH])
@pytest.mark.parametrize("case", CASES[:2] + CASES[-3:-1], ids=lambda case: case.name)
def test_two_per_cent_more_are_too_much(case, which):
    inputs, ours, _ = in_float32_and_float64(case, which)
    allowed = case.tolerance(inputs, ours) * U
    for i in range(len(ours)):
        theirs = [np.array(array) for array in ours]
        theirs[i] *= 1.02
        assert difference(ours, theirs) > allowed


def test_rows_inside_of_the_ball_have_one_rounding():
    (case,) = [case for case in CASES if "inside" in case.name]
    inputs, ours, _ = in_float32_and_float64(case, FORWARD)
    assert case.tolerance(inputs, ours) == 2


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_a_step_stretches_and_bends_no_more_than_is_said(order):
    """The step, its derivative and its second derivative by differences, on matrices of known singular values."""
    from refsort.ops import bjorck, bjorck_forward

    rng = np.random.default_rng(order)
    u, v = (np.linalg.qr(rng.standard_normal((n, 5)))[0] for n in (7, 5))
    singular_values = np.array([0.6, 0.8, 0.9, 1.1, 1.2])
    w = u * singular_values @ v.T
    (step, after) = tolerances.bjorck_steps(singular_values, order, 2)
    moved = np.linalg.svd(bjorck(w, 1, order), compute_uv=False)
    again = tolerances.bjorck_steps(moved, order, 1)[0]
    assert again.grows <= after.grows * (1 + 1e-3)
    for _ in range(20):
        x, e = rng.standard_normal((2, 7, 5))
        slope = bjorck_forward(w, 1, order)[1].tangent
        assert np.linalg.norm(slope(x)) <= step.grows * np.linalg.norm(x)
        h = 1e-5
        ahead, behind = (bjorck_forward(w + sign * h * e, 1, order)[1].tangent(x) for sign in (1, -1))
        bent = np.linalg.norm(ahead - behind) / (2 * h)
        assert bent <= 1.001 * step.bends * min(np.linalg.norm(a) * np.linalg.norm(b, 2) for a, b in ((x, e), (e, x)))


def test_nothing_is_rounded_or_it_is_chosen():
    assert tolerances.exact({}, [np.ones(2)]) == 0
    assert tolerances.chosen(64.0)({}, [np.ones(2)]) == 64
