"""Norms of matrices and balls of rows as one would write them, right as they stand, whose parts may be replaced.

As in `plain`; no SVD is computed in float16, so there it is one of float32.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.oracle.plain import Answer, Array


def svd(w: Array) -> tuple[Array, Array, Array]:
    """The thin decomposition, in the dtype where LAPACK has it."""
    return np.linalg.svd(w.astype(np.float32) if w.dtype == np.float16 else w, full_matrices=False)


def top(w: Array) -> tuple[Any, Array]:
    """The largest singular value and the product of its vectors."""
    u, s, vt = svd(w)
    return s[0].astype(w.dtype), np.outer(u[:, 0], vt[0]).astype(w.dtype)


def spectral_norm(arrays: Any, params: Any, g: Array) -> Answer:
    """``sigma_1`` with the gradient ``u v^T``."""
    sigma, pair = top(arrays[0])
    return sigma, [g * pair]


def quotient(w: Array, g: Array, sigma: Any, of_sigma: Array) -> Array:
    """The gradient of ``W / sigma``, where the gradient of sigma is given."""
    c = (g * w).sum(dtype=w.dtype) / sigma
    result: Array = (g - c * of_sigma) / sigma
    return result


def spectral_normalize(arrays: Any, params: Any, g: Array) -> Answer:
    """``W / sigma_1``; half precision is that of single, rounded."""
    w, dtype = arrays[0], arrays[0].dtype
    w, g = (a.astype(np.float32) if dtype == np.float16 else a for a in (w, g))
    sigma, pair = top(w)
    return (w / sigma).astype(dtype), [quotient(w, g, sigma, pair).astype(dtype)]


def power_iteration(w: Array, steps: int, start: Array | None = None) -> tuple[Any, Array]:
    """``|W v|`` and ``u v^T`` after so many steps: never above the norm."""
    of = w.dtype.type

    def unit(x: Array) -> Array:
        return x / of(np.linalg.norm(x) or 1)

    v = unit(np.sqrt(np.array([2, 3, 5, 7, 11][: w.shape[1]])).astype(w.dtype) if start is None else start)
    for _ in range(steps):
        v = unit(w.T @ unit(w @ v))
    u = w @ v
    return of(np.linalg.norm(u)), np.outer(unit(u), v)


def operator_norm(arrays: Any, params: Any, g: Array, pick: str = "all", at_zero: float = 0.0) -> Answer:
    """The norm and a subgradient that goes to all largest vectors in equal shares, or to one of them alone."""
    (w,), of = arrays, arrays[0].dtype.type
    p, q = params["p"], params["q"]
    if p == q == 2:
        return spectral_norm(arrays, params, g)
    flip = p != 1
    a = w.T if flip else w
    order = q if not flip else {1: math.inf, 2: 2, math.inf: 1}[p]
    if (p, q) == (1, math.inf):
        a, order = w.reshape(1, -1), 1
    euclidean = order == 2
    norms = np.sqrt((a * a).sum(axis=0, dtype=w.dtype)) if euclidean else np.abs(a).sum(axis=0, dtype=w.dtype)
    largest = norms == norms.max()
    if pick != "all":
        largest &= np.arange(len(norms)) == np.flatnonzero(largest)[-1 if pick == "last" else 0]
    direction = a / np.where(norms == 0, of(1), norms) if euclidean else np.where(a == 0, of(at_zero), np.sign(a))
    gradient = g * direction.astype(w.dtype) * (largest.astype(w.dtype) / of(largest.sum()))
    return norms.max(), [np.ascontiguousarray((gradient.T if flip else gradient).reshape(w.shape))]


def row_norms(v: Array) -> Array:
    """2-norms, one a row."""
    norms: Array = np.sqrt((v * v).sum(axis=1, keepdims=True, dtype=v.dtype))
    return norms


def l2(
    arrays: Any, params: Any, g: Array, sphere_is_inside: bool = True, norms_of: Callable[[Array], Array] = row_norms
) -> Answer:
    """Rows outside divided by their norms."""
    v, r = arrays[0], arrays[0].dtype.type(params["radius"])
    norms = norms_of(v)
    inside = norms <= r if sphere_is_inside else norms < r
    safe = np.where(norms == 0, 1, norms).astype(v.dtype)
    unit = v / safe
    outside = (r / safe) * (g - unit * (unit * g).sum(axis=1, keepdims=True, dtype=v.dtype))
    return np.where(inside, v, v * (r / safe)), [np.where(inside, g, outside)]


def linf(arrays: Any, params: Any, g: Array, at_radius: float = 1.0) -> Answer:
    """Entries clipped; `at_radius` is the slope there."""
    v, r = arrays[0], arrays[0].dtype.type(params["radius"])
    slope = np.where(np.abs(v) < r, 1, np.where(np.abs(v) == r, at_radius, 0)).astype(v.dtype)
    return np.clip(v, -r, r), [slope * g]
