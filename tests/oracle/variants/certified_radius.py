"""Certified radii by several forms of the formula, and rounded downwards."""

import math

import numpy as np

from tests.oracle.plain_losses import certified_radius, divisor
from tests.oracle.variants import variant

OP = "certified_radius"


@variant(OP, ("bfloat16", "float32", "float64"))
def the_formula(arrays, params, g):
    return certified_radius(arrays, params, g)


@variant(OP, ("float16", "float64"))
def rounded_down(arrays, params, g):
    r, _ = certified_radius(arrays, params, g)
    return np.where(r > 0, np.nextafter(r, r.dtype.type(0)), r), None


@variant(OP, ("bfloat16", "float64"))
def times_the_power_of_a_half(arrays, params, g):
    of = arrays[0].dtype.type
    margins, _ = certified_radius(arrays, params | {"lipschitz": 1.0}, g, divisor=lambda p: 1)
    return margins * of(0.5 ** (1 - 1 / params["p"])) / of(params["lipschitz"]), None


@variant(OP, ("float16", "float32"))
def every_step_rounded_against_itself(arrays, params, g):
    def down(x):
        return np.where(x > 0, np.nextafter(x, x.dtype.type(0)), x)

    of = arrays[0].dtype.type
    margins, _ = certified_radius(arrays, params | {"lipschitz": 1.0}, g, divisor=lambda p: 1)
    above = np.nextafter(of(divisor(params["p"])), of(math.inf))
    return down(down(down(margins) / above) / of(params["lipschitz"])), None


@variant(OP, ("float16", "float32"))
def in_float64_and_rounded_once(arrays, params, g):
    r, _ = certified_radius([arrays[0].astype(np.float64), arrays[1]], params, g)
    return r.astype(arrays[0].dtype), None


@variant(OP, ("float32",))
def the_smallest_of_the_radii_of_pairs(arrays, params, g):
    """Every other class gives a radius; the smallest counts."""
    (y, t), of = arrays, arrays[0].dtype.type
    scale = of(divisor(params["p"]) * params["lipschitz"])
    pairs = np.maximum(y[np.arange(len(t)), t][:, None] - y, 0) / scale
    pairs[np.arange(len(t)), t] = np.inf
    return pairs.min(axis=1, initial=np.inf), None
