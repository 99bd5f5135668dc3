"""Hinges added up in other orders and divided at other times, with any slope at their corners."""

import math

import numpy as np

from tests.oracle.plain_losses import hinge, lacking
from tests.oracle.variants import variant

OP = "hinge"


def with_slope(name, slope, dtypes):
    """Register the hinge with this slope at its corner."""

    def function(arrays, params, g):
        return hinge(arrays, params, g, slope)

    function.__name__ = name
    variant(OP, dtypes)(function)


with_slope("slope_0_at_the_corner", 0.0, ("bfloat16", "float64"))
with_slope("slope_a_half_at_the_corner", 0.5, ("float16", "float32"))
with_slope("slope_0_3_at_the_corner", 0.3, ("bfloat16", "float64"))
with_slope("slope_1_at_the_corner", 1.0, ("float16", "float32"))


@variant(OP, ("bfloat16", "float32"))
def the_margin_added_and_subtracted_again(arrays, params, g):
    y, t = arrays
    of, margin = y.dtype.type, y.dtype.type(params["margin"])
    every = np.maximum(margin - y[np.arange(len(t)), t][:, None] + y, 0).sum(axis=1, dtype=y.dtype)
    return ((every - margin) * (of(1) / of(y.shape[1]))).mean(dtype=y.dtype), hinge(arrays, params, g)[1]


@variant(OP)
def one_sum_over_rows_and_classes(arrays, params, g):
    y, t = arrays
    of = y.dtype.type
    hinges = np.maximum(lacking(arrays, params), 0)
    scale = g * (of(1) / of(y.size))
    x_bar = np.where(lacking(arrays, params) > 0, scale, of(0))
    for i, label in enumerate(t):
        for j in reversed(range(y.shape[1])):
            if j != label:
                x_bar[i, label] -= x_bar[i, j]
    total = of(0)
    for h in hinges.T.ravel()[::-1]:
        total = total + h
    return total / of(y.size), [x_bar, None]


@variant(OP, ("float16", "float32"))
def rounded_once(arrays, params, g):
    wide = [arrays[0].astype(np.float64), arrays[1]]
    hinges = np.maximum(lacking(wide, params), 0)
    value = math.fsum(hinges.ravel().tolist()) / hinges.size
    _, (x_bar, _) = hinge(wide, params, np.float64(g))
    return arrays[0].dtype.type(value), [x_bar.astype(g.dtype), None]
