"""Shortened rows by other norms and quotients, with either end of the segment of Jacobians on the sphere."""

import math

import numpy as np

from tests.oracle.plain_norms import l2
from tests.oracle.variants import variant

OP, ALL = "project_l2_ball", ("float16", "bfloat16", "float32", "float64")


@variant(OP, ALL)
def the_inside_on_the_sphere(arrays, params, g):
    return l2(arrays, params, g)


@variant(OP, ALL)
def the_outside_on_the_sphere(arrays, params, g):
    return l2(arrays, params, g, sphere_is_inside=False)


@variant(OP, ALL)
def the_middle_of_the_segment_on_the_sphere(arrays, params, g):
    (y, (a,)), (_, (b,)) = (l2(arrays, params, g, closed) for closed in (True, False))
    return y, [a / 2 + b / 2]


@variant(OP)
def on_the_unit_ball_and_back(arrays, params, g):
    r = arrays[0].dtype.type(params["radius"])
    y, (x_bar,) = l2([arrays[0] / r], {"radius": 1.0}, g)
    return np.where(np.linalg.norm(arrays[0], axis=1, keepdims=True) <= r, arrays[0], y * r), [x_bar]


@variant(OP)
def by_scaled_norms(arrays, params, g):
    """The largest entry is taken out of the root, as BLAS's nrm2 does."""

    def norms(v):
        size = np.abs(v).max(axis=1, keepdims=True, initial=0)
        size = np.where(size == 0, 1, size).astype(v.dtype)
        return size * np.sqrt(((v / size) ** 2).sum(axis=1, keepdims=True, dtype=v.dtype))

    return l2(arrays, params, g, norms_of=norms)


@variant(OP, ("float16", "float32", "float64"))
def by_hypot_from_entry_to_entry(arrays, params, g):
    def norms(v):
        total = np.zeros((len(v), 1), v.dtype)
        for column in v.T:
            total = np.hypot(total, column[:, None])
        return total

    return l2(arrays, params, g, norms_of=norms)


@variant(OP, ("float16", "float32"))
def by_norms_rounded_once(arrays, params, g):
    def norms(v):
        return np.array([math.hypot(*row) for row in v.astype(float).tolist()]).reshape(-1, 1).astype(v.dtype)

    return l2(arrays, params, g, norms_of=norms)


@variant(OP)
def times_a_minimum(arrays, params, g):
    """``v min(1, r / |v|)``, as autograd differentiates it."""
    v, r = arrays[0], arrays[0].dtype.type(params["radius"])
    square = (v * v).sum(axis=1, keepdims=True)
    reciprocal = 1 / np.sqrt(np.where(square == 0, 1, square)).astype(v.dtype)
    factor = np.where(square == 0, 1, np.minimum(1, r * reciprocal)).astype(v.dtype)
    along = (g * v).sum(axis=1, keepdims=True)
    return v * factor, [np.where(factor < 1, factor * g - v * (r * reciprocal**3 * along), g)]


@variant(OP)
def over_a_maximum(arrays, params, g):
    """``v / max(1, |v| / r)``."""
    v, r = arrays[0], arrays[0].dtype.type(params["radius"])
    _, (x_bar,) = l2(arrays, params, g)
    return v / np.maximum(1, np.sqrt((v * v).sum(axis=1, keepdims=True)) / r), [x_bar]
