"""Cones as maxima of finitely many affine functions, and envelopes of cones as networks.

    |v|_inf = max over +-e_k,     |v|_1 = max over the sign vectors,     of  u . v,

2 d and 2^d directions u. The 2-norm is no such maximum. For it the directions are those of the integer points on the
surface of the cube [-m, m]^d, (2m+1)^d - (2m-1)^d of them, scaled to length 1 or a little less. Their maximum lies
between (1 - `loss`) |v|_2 and |v|_2:

Scale a direction v so that |v|_inf = 1. Rounding its other coordinates to multiples of 1/m moves it by at most
sqrt(d-1) / (2m), to a point w / m with |w|_inf = m and length at least 1. So the sine of the angle between v and w is
at most s = sqrt(d-1) / (2m), and for s <= 1 its cosine is at least sqrt(1 - s^2) >= 1 - s^2/2 - s^4/2.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np

from refsort.constructions.max_min_tree import Parametrised, levels
from refsort.constructions.numbers import exact, root_down, whole, zeros
from refsort.constructions.piecewise_linear import on_affine, units
from refsort.nets import Identity, Layer, Network
from refsort.ops.arrays import Array

METRICS = ("linf", "l1", "l2")


def directions(metric: str, d: int, dtype: np.dtype[Any], m: int = 1) -> Array:
    """The gradients (M, d) of the cone ``max_u u . v``; the set is symmetric. m is for "l2" alone.

    Examples
    --------
    >>> directions("linf", 2, np.dtype(float)).tolist()
    [[-1.0, 0.0], [0.0, -1.0], [1.0, 0.0], [0.0, 1.0]]
    >>> u = directions("l2", 3, np.dtype(object), 2)
    >>> len(u), max(np.sum(u * u, axis=1)) <= 1
    (98, True)
    """
    if metric == "linf":
        return whole(np.concatenate([-np.eye(d, dtype=int), np.eye(d, dtype=int)]), dtype)
    if metric == "l1":
        return whole(1 - 2 * (np.arange(1 << d)[:, None] >> np.arange(d)[::-1] & 1), dtype)
    m = m if d > 1 else 1  # two points, of length 1
    surface = np.concatenate([_face(d, m, axis, sign) for axis in range(d) for sign in (-m, m)])
    squares, which = np.unique(np.sum(surface * surface, axis=1), return_inverse=True)
    bits = _bits(dtype)
    # the scale is at most 1 / |w|_2 and a multiple of 2^-bits, so that the entries are numbers of the dtype, unrounded
    scale = np.array([int(root_down(Fraction(1, int(n)), bits) * 2**bits) for n in squares])
    scaled = whole(surface * scale[which, None], dtype)
    result: Array = scaled * exact(Fraction(1, 2**bits), dtype)
    return result


def count(metric: str, d: int, m: int = 1) -> int:
    """The number of directions.

    Examples
    --------
    >>> [count(metric, 3, 2) for metric in METRICS]
    [6, 8, 98]
    """
    if metric == "l2":
        return int((2 * m + 1) ** d - (2 * m - 1) ** d)
    return 2 * d if metric == "linf" else 1 << d


def loss(metric: str, d: int, dtype: np.dtype[Any], m: int = 1) -> Fraction:
    """An upper bound of ``1 - max_u u . v / |v|`` over all v: by how much the cone of these directions is too flat."""
    if metric != "l2" or d == 1:
        return Fraction(0)
    s2 = Fraction(d - 1, 4 * m * m)
    if s2 > 1:
        return Fraction(1)  # the maximum over a symmetric set is not negative
    shortened = Fraction(m * d, 1 << _bits(dtype))  # |w|_2 <= m d, and the scale is short of 1 / |w|_2 by 2^-bits
    return (s2 + s2 * s2) / 2 + shortened


def resolution(op: str, d: int, dtype: np.dtype[Any], wanted: Fraction) -> int:
    """The least m whose `loss` for "l2" is at most `wanted`, or a ValueError where the dtype cannot give it."""
    m = 1 if d == 1 else max(1, math.isqrt(int(Fraction(d - 1, 8) / wanted)))
    while loss("l2", d, dtype, m) > wanted:
        m += 1
        if m * d > wanted * 2 ** _bits(dtype) or m > 1 << 24:
            error = f"a direction net with a relative error of {float(wanted):.2g} is too fine for {dtype}"
            raise ValueError(f"{op}: {error}; pass a larger eps")
    return m


def require_size(op: str, cones: int, functions: int, limit: int, envelopes: int = 1) -> None:
    """A ValueError that says the size, unless the trees of so many envelopes have at most `limit` units."""
    size = envelopes * units((cones, functions))
    if size > limit:
        raise ValueError(
            f"{op}: the network would have {_size(size)} units, with {_size(functions)} affine functions for each of "
            f"{_size(envelopes * cones)} cones; the limit is max_units = {limit}"
        )


def envelope(points: Array, values: Array, u: Array, kind: str) -> Parametrised:
    """The network of ``max_i (y_i - c(x - x_i))``, "lower", or ``min_i (y_i + c(x - x_i))``, "upper", or their mean.

    Here c is the cone ``max_u u . v`` of a symmetric set of directions; values (n, C) have a column for each output.
    As the directions are symmetric, both envelopes are made of the same affine functions y_i + u . (x - x_i).
    """
    columns = values.T
    b = columns[:, :, None] - (points @ u.T)[None]
    w = np.broadcast_to(u, (*b.shape, u.shape[1])).reshape(-1, u.shape[1])
    lower, upper = levels(b.shape, ("max", "min")), levels(b.shape, ("min", "max"))
    if kind != "midpoint":
        return on_affine(w, b.reshape(-1), lower if kind == "lower" else upper)
    offsets = [0, *map(len, lower)]
    both = [np.concatenate([i, j + k]) for i, j, k in zip(lower, upper, offsets, strict=False)]
    network, params = on_affine(w, b.reshape(-1), both)
    outputs, dtype = len(columns), u.dtype
    half = whole(np.tile(np.eye(outputs, dtype=int), 2), dtype) * exact(Fraction(1, 2), dtype)
    mean = Layer(2 * outputs, outputs, Identity())
    return Network((*network.layers, mean)), [*params, (half, zeros(outputs, dtype))]


def _face(d: int, m: int, axis: int, sign: int) -> Array:
    """The integer points of the cube's surface whose first coordinate of size m is this one."""
    inner, full = np.arange(1 - m, m), np.arange(-m, m + 1)
    sides = [inner if k < axis else np.array([sign]) if k == axis else full for k in range(d)]
    grids: Array = np.stack([g.ravel() for g in np.meshgrid(*sides, indexing="ij")], axis=1)
    return grids


def _size(n: int) -> str:
    return str(n) if n < 1 << 60 else f"at least 2^{n.bit_length() - 1}"


def _bits(dtype: np.dtype[Any]) -> int:
    return 60 if dtype.kind == "O" else min(60, int(np.finfo(dtype).nmant) + 1)
