"""Losses and certificates as one would write them, right as they stand, whose parts may be replaced by wrong ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.oracle.plain import Answer, Array


def at_labels(arrays: Any) -> Array:
    """Whether an entry is that of the label."""
    y, t = arrays
    result: Array = np.arange(y.shape[1]) == t[:, None]
    return result


def lacking(arrays: Any, params: Any) -> Array:
    """``margin - (y_t - y_j)``, and -1 at the label."""
    y, t = arrays
    rows = np.arange(len(t))
    result: Array = y.dtype.type(params["margin"]) - (y[rows, t][:, None] - y)
    result[rows, t] = -1
    return result


def hinge(arrays: Any, params: Any, g: Array, at_corner: float = 0.0) -> Answer:
    """``mean_i (1/k) sum_{j != t} max(0, margin - (y_t - y_j))``."""
    y, t = arrays
    n, k = y.shape
    rows, of = np.arange(n), y.dtype.type
    open_by = lacking(arrays, params)
    slopes = np.where(open_by > 0, 1, np.where(open_by == 0, at_corner, 0)).astype(y.dtype)
    slopes[rows, t] = -slopes.sum(axis=1, dtype=y.dtype)
    value = (np.maximum(open_by, 0).sum(axis=1, dtype=y.dtype) / of(k)).mean(dtype=y.dtype)
    return value, [g / of(n * k) * slopes, None]


def cross_entropy(arrays: Any, params: Any, g: Array, wide: Any = None) -> Answer:
    """By a log-softmax with a shift, in the dtype or in a wider one."""
    (y, t), dtype = arrays, arrays[0].dtype
    y, of = (y, dtype.type) if wide is None else (y.astype(wide), wide)
    rows, z = np.arange(len(t)), y.copy()
    z[rows, t] -= of(params["margin"])
    z = of(params["temperature"]) * z
    z = z - z.max(axis=1, keepdims=True)
    log_softmax = z - np.log(np.exp(z).sum(axis=1, keepdims=True, dtype=z.dtype))
    residual = np.exp(log_softmax)
    residual[rows, t] -= 1
    value = -log_softmax[rows, t].mean(dtype=z.dtype)
    return value.astype(dtype), [(of(g) * of(params["temperature"]) / of(len(t)) * residual).astype(dtype), None]


def total(x: Array) -> Any:
    """The sum, of float16 in float32: a thousand values may add up to more than float16 holds."""
    return x.sum(dtype=np.float32 if x.dtype == np.float16 else x.dtype)


def mean(x: Array) -> Any:
    """The mean, rounded to the dtype at the end."""
    return x.dtype.type(total(x) / total(np.ones_like(x)))


def kr(arrays: Any, params: Any, g: Array) -> Answer:
    """The mean on P minus the mean on Q."""
    (p, q), of = arrays, arrays[0].dtype.type
    value = mean(p) - mean(q)
    return value, [np.full_like(p, g / of(p.size)), np.full_like(q, -g / of(q.size))]


def hkr(
    arrays: Any,
    params: Any,
    g: Array,
    at_corner: float = 0.0,
    of_kr: Callable[[Any], Any] = lambda alpha: 1,
    of_hinge: Callable[[Any], Any] = lambda alpha: alpha,
    sizes: Callable[[int, int], tuple[float, float]] = lambda n, m: (n + m, n + m),
) -> Answer:
    """``-kr + alpha hinge`` and its gradient, with the weights and the divisors of the hinges to be replaced."""
    (p, q), of = arrays, arrays[0].dtype.type
    margin, alpha = of(params["margin"]), params["alpha"]
    kr_weight, weight, divisors = of(of_kr(alpha)), of(of_hinge(alpha)), [of(x) for x in sizes(p.size, q.size)]
    open_by = [margin - p, margin + q]
    hinges = [of(total(np.maximum(x, 0)) / size) for x, size in zip(open_by, divisors, strict=True)]
    slopes = [np.where(x > 0, 1, np.where(x == 0, at_corner, 0)).astype(p.dtype) for x in open_by]
    gradients = [
        -s * g * (kr_weight / of(a.size) + weight * o / size)
        for s, a, o, size in zip((1, -1), arrays, slopes, divisors, strict=True)
    ]
    value = kr_weight * (mean(q) - mean(p)) + weight * (hinges[0] + hinges[1])
    return value, gradients


def divisor(p: float) -> float:
    """``2^(1 - 1/p)``."""
    return float(2 ** (1 - 1 / p))


def certified_radius(
    arrays: Any,
    params: Any,
    g: Array,
    divisor: Callable[[float], float] = divisor,
    constant: Callable[[float], float] = lambda k: k,
    part: Callable[[Array], Array] = lambda margin: np.maximum(margin, 0),
) -> Answer:
    """The margin, or what `part` makes of it, over ``2^(1 - 1/p) K``."""
    (y, t), of = arrays, arrays[0].dtype.type
    rest = y.copy()
    rest[np.arange(len(t)), t] = -np.inf
    margins = y[np.arange(len(t)), t] - (np.max(rest, axis=1) if y.size else y[:, 0])
    return part(margins).astype(y.dtype) / (of(divisor(params["p"])) * of(constant(params["lipschitz"]))), None
