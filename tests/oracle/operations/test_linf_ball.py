"""Clipping rows: exact values, gradients that are exact but at the radius, and what is failed."""

import numpy as np
import pytest

from refsort.oracle import Case
from refsort.oracle.operations import linf_ball
from refsort.oracle.operations.exactly import exact
from refsort.oracle.tolerances import Precision

OP, ALL = "project_linf_ball", ("float16", "bfloat16", "float32", "float64")


def project(arrays, params, g, inside=1.0):
    v, radius = arrays[0], arrays[0].dtype.type(params["radius"])
    slope = np.where(np.abs(v) < radius, 1, np.where(np.abs(v) == radius, inside, 0)).astype(v.dtype)
    return np.clip(v, -radius, radius), [slope * g]


@pytest.mark.parametrize("inside", [0.0, 0.5, 0.7, 1.0])
def test_every_slope_at_the_radius_passes(passes, inside):
    passes(OP, lambda arrays, params, g: project(arrays, params, g, inside), dtypes=ALL[:1] + ALL[2:])


def test_a_difference_of_hinges_is_as_exact_as_a_comparison(passes):
    def function(arrays, params, g):
        v, radius = arrays[0], arrays[0].dtype.type(params["radius"])
        return v - np.sign(v) * np.maximum(np.abs(v) - radius, 0), project(arrays, params, g)[1]

    passes(OP, function, dtypes=ALL)


FAULTS = {
    "the_sphere_for_the_ball": lambda y, g, v, r: (np.where(v >= 0, r, -r).astype(v.dtype), g),
    "one_side_only": lambda y, g, v, r: (np.minimum(v, r), g),
    "the_gradient_passed_straight_through": lambda y, g, v, r: (y, np.ones_like(g)),
    "the_unit_ball_whatever_the_radius": lambda y, g, v, r: (np.clip(v, -1, 1), g),
    "the_sign_of_the_gradient": lambda y, g, v, r: (y, -g),
    "rows_scaled_instead_of_clipped": lambda y, g, v, r: (
        v / np.maximum(1, np.abs(v).max(axis=1, initial=0) / r)[:, None],
        g,
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_failed(fails, name):
    def function(arrays, params, g):
        y, (x_bar,) = project(arrays, params, g)
        y, x_bar = FAULTS[name](y, x_bar, arrays[0], arrays[0].dtype.type(params["radius"]))
        return y, [x_bar]

    fails(OP, function)


def test_outside_of_the_interval_at_the_radius_is_no_element():
    case = Case(OP, "float64", (np.array([[1.0, 3.0, -1.0]]),), {"radius": 1.0}, np.array([[2.0, 5.0, -4.0]]))

    def ratio(*x_bar):
        (claim,) = linf_ball.PROJECT_LINF_BALL.gradients(case, [exact(np.array([x_bar]))], Precision.of("float64"))
        assert claim.kind == "kink"
        return claim.ratio

    assert [ratio(2, 0, -4), ratio(0, 0, 0), ratio(1.5, 0, -0.1)] == [0, 0, 0]
    assert ratio(2.1, 0, 0) > 1
    assert ratio(2, 0, 0.1) > 1
    assert ratio(2, 0.1, 0) > 1
