"""Clipping by minima, hinges and signs, with any slope at the radius."""

import numpy as np

from tests.oracle.plain_norms import linf
from tests.oracle.variants import variant

OP, ALL = "project_linf_ball", ("float16", "bfloat16", "float32", "float64")


def with_slope(name, slope):
    """Register clipping with this slope at the radius."""

    def function(arrays, params, g):
        return linf(arrays, params, g, slope)

    function.__name__ = name
    variant(OP, ALL)(function)


with_slope("slope_0_at_the_radius", 0.0)
with_slope("slope_a_half_at_the_radius", 0.5)
with_slope("slope_0_7_at_the_radius", 0.7)
with_slope("slope_1_at_the_radius", 1.0)


@variant(OP, ALL)
def a_difference_of_hinges(arrays, params, g):
    """As exact as a comparison, for entries and a radius of one quantum."""
    v, r = arrays[0], arrays[0].dtype.type(params["radius"])
    return v - np.sign(v) * np.maximum(np.abs(v) - r, 0), linf(arrays, params, g)[1]


@variant(OP, ALL)
def a_minimum_of_sizes_with_the_sign_of_the_entry(arrays, params, g):
    v, r = arrays[0], arrays[0].dtype.type(params["radius"])
    return np.copysign(np.minimum(np.abs(v), r), v), linf(arrays, params, g)[1]


@variant(OP, ALL)
def another_slope_on_each_side(arrays, params, g):
    (y, (one,)), (_, (none,)) = (linf(arrays, params, g, slope) for slope in (1.0, 0.0))
    return y, [np.where(arrays[0] > 0, one, none)]
