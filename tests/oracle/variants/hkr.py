"""The two parts of hkr together or apart, in other orders, with any slope at the corners of the hinges."""

import math

import numpy as np

from tests.oracle.plain_losses import hkr, mean
from tests.oracle.variants import variant

OP = "hkr"


def with_slope(name, slope, dtypes):
    """Register the loss with this slope at the corners."""

    def function(arrays, params, g):
        return hkr(arrays, params, g, slope)

    function.__name__ = name
    variant(OP, dtypes)(function)


with_slope("slope_0_at_the_corner", 0.0, ("bfloat16", "float64"))
with_slope("slope_a_half_at_the_corner", 0.5, ("float16", "float32"))
with_slope("slope_0_3_at_the_corner", 0.3, ("bfloat16", "float64"))
with_slope("slope_1_at_the_corner", 1.0, ("float16", "float32"))


@variant(OP, ("bfloat16", "float32"))
def hinges_of_both_samples_in_one_array(arrays, params, g):
    p, q = arrays
    of = p.dtype.type
    signed = np.concatenate([p, -q])
    hinge = mean(np.maximum(of(params["margin"]) - signed, 0))
    value = mean(q) - mean(p) + of(params["alpha"]) * hinge
    return value, hkr(arrays, params, g)[1]


@variant(OP)
def every_value_with_its_weight(arrays, params, g):
    """``sum_i -p_i / n + alpha h_i / (n + m)``, and the same on Q, from the last to the first."""
    p, q = arrays
    of = p.dtype.type
    margin, share = of(params["margin"]), of(params["alpha"]) / of(p.size + q.size)
    total = of(0)
    for sample, sign in ((q, -1), (p, 1)):
        for v in sample[::-1]:
            total = total + (share * np.maximum(margin - sign * v, 0) - sign * v * (of(1) / of(sample.size)))
    return total, hkr(arrays, params, g)[1]


@variant(OP, ("float16", "float32"))
def rounded_once(arrays, params, g):
    p, q = (a.astype(np.float64) for a in arrays)
    hinges = np.maximum(params["margin"] - np.concatenate([p, -q]), 0)
    value = math.fsum(q) / q.size - math.fsum(p) / p.size + params["alpha"] * math.fsum(hinges) / hinges.size
    _, gradients = hkr([p, q], params, np.float64(g))
    return g.dtype.type(value), [x.astype(g.dtype) for x in gradients]
