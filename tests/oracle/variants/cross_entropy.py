"""Cross-entropies by log-softmax, log-sum-exp or softmax, with other shifts, in the dtype or in a wider one."""

import math

import numpy as np

from tests.oracle.plain_losses import at_labels, cross_entropy
from tests.oracle.variants import variant

OP = "cross_entropy"


@variant(OP, ("bfloat16", "float32"))
def by_log_softmax(arrays, params, g):
    return cross_entropy(arrays, params, g)


@variant(OP, ("float16", "float32"))
def in_float64(arrays, params, g):
    return cross_entropy(arrays, params, g, np.float64)


@variant(OP, ("float64",))
def in_longdouble(arrays, params, g):
    return cross_entropy(arrays, params, g, np.longdouble)


def exponents(arrays, params):
    """``temperature (y - margin onehot)``."""
    y, of = arrays[0], arrays[0].dtype.type
    return of(params["temperature"]) * (y - of(params["margin"]) * at_labels(arrays).astype(y.dtype))


def residual(arrays, params, g):
    of = g.dtype.type
    return g * of(params["temperature"]) / of(len(arrays[1]))


@variant(OP, ("float16", "float64"))
def the_softmax_and_minus_its_row_sum(arrays, params, g):
    z, at = exponents(arrays, params), at_labels(arrays)
    e = np.exp(z - z.max(axis=1, keepdims=True))
    s = np.where(at, 0, e / e.sum(axis=1, keepdims=True, dtype=z.dtype)).astype(z.dtype)
    s = np.where(at, -s.sum(axis=1, keepdims=True, dtype=z.dtype), s)
    return cross_entropy(arrays, params, g)[0], [residual(arrays, params, g) * s, None]


@variant(OP, ("bfloat16", "float64"))
def log_sum_exp_minus_the_logit(arrays, params, g):
    z, at = exponents(arrays, params), at_labels(arrays)
    shift = z.max(axis=1, keepdims=True)
    lse = shift + np.log(np.exp(z - shift).sum(axis=1, keepdims=True, dtype=z.dtype))
    value = (lse[:, 0] - z[at]).mean(dtype=z.dtype)
    return value, [residual(arrays, params, g) * (np.exp(z - lse) - at.astype(z.dtype)), None]


@variant(OP, ("float32",))
def log_add_exp_from_class_to_class(arrays, params, g):
    z, at = exponents(arrays, params), at_labels(arrays)
    value = (np.logaddexp.reduce(z, axis=1) - z[at]).mean(dtype=z.dtype)
    return value, cross_entropy(arrays, params, g)[1]


@variant(OP, ("float64",))
def the_logarithm_of_one_plus_the_others(arrays, params, g):
    """The largest exponential is 1 and left out of the sum: log1p of the rest."""
    z, at = exponents(arrays, params), at_labels(arrays)
    order = np.sort(z, axis=1)
    rest = np.exp(order[:, :-1] - order[:, -1:]).sum(axis=1, dtype=z.dtype)
    losses = np.log1p(rest) + (order[:, -1] - z[at])
    return losses.sum(dtype=z.dtype) * (z.dtype.type(1) / z.dtype.type(len(z))), cross_entropy(arrays, params, g)[1]


@variant(OP, ("float32",))
def the_losses_divided_before_they_are_added_up(arrays, params, g):
    z, at = exponents(arrays, params), at_labels(arrays)
    shifted = z - z.max(axis=1, keepdims=True)
    losses = np.log(np.exp(shifted).sum(axis=1)) - shifted[at]
    total = z.dtype.type(0)
    for loss in losses[::-1]:
        total = total + loss / z.dtype.type(len(z))
    return total, cross_entropy(arrays, params, g)[1]


@variant(OP, ("float32",))
def exponentials_of_base_2(arrays, params, g):
    """``exp(x) = 2^(x log2 e)``, carried in float64 so that the product keeps what float32 has."""
    z, at = exponents(arrays, params).astype(np.float64), at_labels(arrays)
    shifted = z - z.max(axis=1, keepdims=True)
    e = np.exp2(shifted * math.log2(math.e))
    losses = np.log2(e.sum(axis=1)) * math.log(2) - shifted[at]
    return np.float32(losses.mean()), cross_entropy(arrays, params, g)[1]
