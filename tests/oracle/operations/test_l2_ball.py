"""Shortening rows: the bound holds for the worst roundings, says something, and faults are failed."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refsort import spec
from refsort.oracle import Case
from refsort.oracle.operations import l2_ball
from refsort.oracle.operations.exactly import exact
from refsort.oracle.tolerances import Precision

OP, ALL = "project_l2_ball", ("float16", "float32", "float64")
COARSE = Precision(Fraction(1, 2**10), Fraction(0))


def project(arrays, params, g, sphere_is_inside=True):
    v, r = arrays[0], arrays[0].dtype.type(params["radius"])
    norms = np.sqrt((v * v).sum(axis=1, keepdims=True, dtype=v.dtype))
    inside = norms <= r if sphere_is_inside else norms < r
    safe = np.where(norms == 0, 1, norms).astype(v.dtype)
    unit = v / safe
    outside = (r / safe) * (g - unit * (unit * g).sum(axis=1, keepdims=True, dtype=v.dtype))
    return np.where(inside, v, v * (r / safe)), [np.where(inside, g, outside)]


@pytest.mark.parametrize("closed", [True, False])
def test_either_end_on_the_sphere_passes(passes, closed):
    passes(OP, lambda arrays, params, g: project(arrays, params, g, closed), dtypes=ALL)


def test_the_middle_of_the_segment_passes_on_the_sphere(passes):
    def function(arrays, params, g):
        (y, (a,)), (_, (b,)) = (project(arrays, params, g, closed) for closed in (True, False))
        return y, [a / 2 + b / 2]

    passes(OP, function, dtypes=ALL)


def test_a_change_of_scale_passes(passes):
    def function(arrays, params, g):
        r = arrays[0].dtype.type(params["radius"])
        y, (x_bar,) = project([arrays[0] / r], {"radius": 1.0}, g)
        return np.where(np.linalg.norm(arrays[0], axis=1, keepdims=True) <= r, arrays[0], y * r), [x_bar]

    passes(OP, function)


FAULTS = {
    "the_sphere_for_the_ball": lambda v, r, y, x, g: (
        v * (r / np.maximum(np.linalg.norm(v, axis=1, keepdims=True), r / 9)),
        x,
    ),
    "the_whole_array_as_one_vector": lambda v, r, y, x, g: (v / np.maximum(1, np.sqrt((v * v).sum()) / r), x),
    "columns_for_rows": lambda v, r, y, x, g: (v / np.maximum(1, np.sqrt((v * v).sum(axis=0)) / r), x),
    "the_square_root_forgotten": lambda v, r, y, x, g: (v / np.maximum(1, (v * v).sum(axis=1, keepdims=True) / r), x),
    "the_radius_squared": lambda v, r, y, x, g: (v / np.maximum(1, np.linalg.norm(v, axis=1, keepdims=True) / r**2), x),
    "scaled_to_the_unit_sphere": lambda v, r, y, x, g: (y / r, x),
    "the_norm_detached_in_the_gradient": lambda v, r, y, x, g: (
        y,
        g / np.maximum(1, np.linalg.norm(v, axis=1, keepdims=True) / r).astype(v.dtype),
    ),
    "the_gradient_passed_straight_through": lambda v, r, y, x, g: (y, g),
    "half_of_the_gradient": lambda v, r, y, x, g: (y, x / 2),
    "minus_the_gradient": lambda v, r, y, x, g: (y, -x),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_failed(fails, name):
    def function(arrays, params, g):
        y, (x_bar,) = project(arrays, params, g)
        y, x_bar = FAULTS[name](arrays[0], arrays[0].dtype.type(params["radius"]), y, x_bar, g)
        return y.astype(arrays[0].dtype), [x_bar]

    fails(OP, function)


def test_eleven_bits_in_float32_are_failed(fails):
    def function(arrays, params, g):
        y, (x_bar,) = project([arrays[0].astype(np.float16)], params, g.astype(np.float16))
        return y.astype(np.float32), [x_bar.astype(np.float32)]

    fails(OP, function, dtypes=("float32",))


@settings(max_examples=60)
@given(st.lists(st.integers(-9, 9).map(Fraction), min_size=1, max_size=4).filter(any), st.integers(1, 5), st.data())
def test_the_worst_roundings_stay_within_the_bound_of_a_row_outside(v, radius, data):
    radius = Fraction(radius)
    row = l2_ball.row_of(v, radius, COARSE)
    if row.inside:
        return
    signs = itertools.cycle(data.draw(st.lists(st.sampled_from([1, -1]), min_size=9, max_size=20)))

    def rounded(x):
        return x * (1 + next(signs) * COARSE.u)

    square = Fraction(0)
    for x in v:
        square = rounded(square + rounded(x * x))
    factor = rounded(radius / rounded(spec.sqrt_enclosure(square).lo))
    case = Case(OP, "float64", (np.array([[float(x) for x in v]]),), {"radius": float(radius)}, np.zeros((1, len(v))))
    bounds = l2_ball.value_errors(row, COARSE)
    for x, expected, bound in zip(v, l2_ball.truth(case)[0], bounds, strict=True):
        assert abs(rounded(x * factor) - expected) <= bound <= 20 * COARSE.u * max(abs(expected), COARSE.u)


def test_the_gradient_is_the_limit_of_differences():
    v, g, h = np.array([3.0, -1.0, 2.0]), np.array([1.0, 2.0, -1.0]), 1e-6
    case = Case(OP, "float64", (v[None],), {"radius": 2.0}, g[None])
    (end,) = l2_ball.candidates(
        l2_ball.row_of(exact(v).tolist(), Fraction(2), Precision.of("float64")),
        exact(g).tolist(),
        Precision.of("float64"),
    )

    def value(x):
        return float(sum(l2_ball.truth(case._replace(arrays=(x[None],)))[0] * exact(g)))

    for i, found in enumerate(end.gradient):
        step = h * (np.arange(3) == i)
        assert abs((value(v + step) - value(v - step)) / (2 * h) - float(found)) < 1e-8
