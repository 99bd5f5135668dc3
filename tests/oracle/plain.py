"""Implementations as one would write them, right as they stand, whose parts may be replaced by wrong ones.

Each takes `(arrays, params, cotangent)` and returns `(result, gradients)`; they compute in the dtype of the arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Answer = tuple[Any, Any]


# --- sorts ---


def grouped(a: Array, size: int, axis: int) -> Array:
    """One group a row."""
    if size < 1 or a.shape[axis] % size:
        raise ValueError(f"groups of {size} do not divide {a.shape[axis]} features")
    return np.moveaxis(a, axis, -1).reshape(-1, size)


def ungrouped(rows: Array, like: Array, axis: int) -> Array:
    """The inverse of `grouped`."""
    return np.ascontiguousarray(np.moveaxis(rows.reshape(np.moveaxis(like, axis, -1).shape), -1, axis))


def stable(groups: Array) -> Array:
    """The permutation that sorts each row and leaves ties in order."""
    return np.argsort(groups, axis=-1, kind="stable")


def as_scattered(g: Array, order: Array) -> Array:
    """The cotangents as they are to be scattered."""
    return g


def sorted_groups(
    x: Array,
    g: Array,
    size: int,
    axis: int,
    order: Callable[[Array], Array] = stable,
    rearranged: Callable[[Array, Array], Array] = as_scattered,
) -> Answer:
    """Groups of `size` neighbours along `axis`, sorted by the permutation `order`, and the gradient of that."""
    rows, cotangents = grouped(x, size, axis), grouped(g, size, axis)
    permutation, x_bar = order(rows), np.empty_like(cotangents)
    np.put_along_axis(x_bar, permutation, rearranged(cotangents, permutation).astype(x.dtype), -1)
    return ungrouped(np.take_along_axis(rows, permutation, -1), x, axis), [ungrouped(x_bar, x, axis)]


def sort(arrays: Any, params: Any, g: Array, **parts: Any) -> Answer:
    """Any of the three sorts: each is given its group size."""
    return sorted_groups(arrays[0], g, params["group_size"], params["axis"], **parts)


# --- affine ---


def affine(arrays: Any, params: Any, g: Array) -> Answer:
    """``x W^T + b``."""
    x, w, b = arrays
    return x @ w.T + b, [g @ w, g.T @ x, g.sum(axis=0)]


# --- Bjorck ---

COEFFICIENTS = (1 / 2, 3 / 8, 5 / 16)


def bjorck(
    arrays: Any,
    params: Any,
    g: Array,
    steps: Callable[[int], int] = lambda k: k,
    order: int | None = None,
    beta: float | None = None,
    c: Any = COEFFICIENTS,
    scale: Callable[[Array], float] = lambda w: 1.0,
    symmetric: bool = True,
    gram: float = 1.0,
    last: int | None = None,
) -> Answer:
    """``A (I + c_1 Q + c_2 Q^2 + ...)`` with Q = I - A^T A, step by step, and its reverse pass."""
    w = arrays[0]
    a, of = (w / np.float64(scale(w))).astype(w.dtype), w.dtype.type
    order = params["order"] if order is None else order
    first = params["beta"] if beta is None else beta
    c = [of(x) for x in ((first, *c[1:]) if order == 1 and c[0] == 1 / 2 else c)[:order]]
    eye, iterates = np.eye(a.shape[1], dtype=a.dtype), []

    def powers(at: Array) -> list[Array]:
        found = [eye]
        for _ in c:
            found.append(found[-1] @ (eye - at.T @ at))
        return found

    for _ in range(steps(params["iterations"])):
        iterates.append(a)
        a = a @ sum((x * q for x, q in zip(c, powers(a)[1:], strict=True)), eye)
    for at in iterates[::-1][:last]:
        q, q_bar = powers(at), np.zeros_like(eye)
        for j, x in enumerate(c):
            for i in range(j + 1):  # the product rule on Q^(j + 1)
                q_bar += x * q[i] @ at.T @ g @ q[j - i]
        total = sum((x * power for x, power in zip(c, q[1:], strict=True)), eye)
        g = g @ total - of(gram) * at @ (q_bar + q_bar.T if symmetric else 2 * q_bar)
    return a, [g]


# --- the l1 ball ---


def l1(
    arrays: Any,
    params: Any,
    g: Array,
    interior: bool = True,
    mean: bool = True,
    signs: bool = True,
    radius: float | None = None,
    outside: bool = True,
) -> Answer:
    """Rows by the largest of the thresholds of their k largest entries."""
    v = arrays[0]
    of = v.dtype.type
    r = of(params["radius"] if radius is None else radius)
    sizes = -np.sort(-np.abs(v), axis=1)
    thetas = (np.cumsum(sizes, axis=1, dtype=v.dtype) - r) / np.arange(1, v.shape[1] + 1).astype(v.dtype)
    tau = thetas.max(axis=1, keepdims=True)
    kept = np.abs(v) > tau
    out = np.sign(v) * np.maximum(np.abs(v) - tau, 0)
    s = np.sign(v) if signs else np.ones_like(v)
    shared = (s * g * kept).sum(axis=1, keepdims=True) / np.maximum(kept.sum(axis=1, keepdims=True), 1).astype(v.dtype)
    x_bar = kept * (g - s * shared * of(mean)) * of(outside)
    inside = (np.abs(v).sum(axis=1, keepdims=True) <= r) & interior
    return np.where(inside, v, out).astype(v.dtype), [np.where(inside, g, x_bar).astype(v.dtype)]


# --- formats ---


def cut(a: Array, bits: int) -> Array:
    """a rounded to so many bits, to nearest, as an array of its dtype; subnormals to fewer, as the dtype does."""
    mantissa, exponent = np.frexp(a)
    return np.ldexp(np.rint(mantissa * 2.0**bits) / 2.0**bits, exponent).astype(a.dtype)


def bfloat16(a: Array) -> Array:
    """Floats rounded to bfloat16, to nearest, ties to even, and carried by float32; subnormals as well."""
    bits = np.asarray(a, np.float32).view(np.uint32)
    kept = (bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))) & np.uint32(0xFFFF0000)
    return np.where(np.isfinite(a), kept.view(np.float32), a).astype(np.float32)
