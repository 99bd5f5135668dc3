"""A whole network as one would write it, right as it stands, whose parts may be replaced by wrong ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.oracle.plain import Answer, Array


def scattered(g: Array, order: Array) -> Array:
    """P^T g."""
    moved = np.empty_like(g)
    np.put_along_axis(moved, order, g, -1)
    return moved


def product(a: Array, b: Array) -> Array:
    """A matrix product."""
    result: Array = a @ b
    return result


def network(
    arrays: Any,
    params: Any,
    g: Array,
    sorts: Callable[[int, int], bool] = lambda i, last: i < last,
    biases: Callable[[int, int], int] = lambda i, last: 1,
    size: Callable[[int, int], int] = lambda k, d: k,
    sign: int = 1,
    first: bool = False,
    late: bool = False,
    layout: str = "contiguous",
    back: Callable[[Array, Array], Array] = scattered,
    summed: Callable[[Array], Array] = lambda g: g.sum(axis=0),
    mul: Callable[[Array, Array], Array] = product,
) -> Answer:
    """Affine maps with sorts of groups between them, and the reverse pass, layer by layer.

    That is not adapted to `first`, `late` and `layout`, which make the result wrong already.
    """
    x, *parameters = arrays
    layers, of, h = len(parameters) // 2, x.dtype.type, x
    inputs, orders = [], []

    def sort(h: Array, k: int) -> tuple[Array, Array]:
        groups = h.reshape(len(h), k, -1).swapaxes(1, 2) if layout == "halves" else h.reshape(len(h), -1, k)
        order = np.argsort(sign * groups, axis=-1, kind="stable")
        found = np.take_along_axis(groups, order, -1)
        return (found if layout == "contiguous" else found.swapaxes(1, 2)).reshape(h.shape), order

    if first and h.shape[1] % params["group_size"] == 0:
        h, _ = sort(h, params["group_size"])
    for i, (w, b) in enumerate(zip(parameters[:layers], parameters[layers:], strict=True)):
        inputs.append(h)
        bias = of(biases(i, layers - 1)) * b
        h, order = mul(h, w.T) + (0 if late else bias), None
        k = size(params["group_size"], h.shape[1])
        if sorts(i, layers - 1):
            if h.shape[1] % k:
                raise ValueError(f"groups of {k} do not divide {h.shape[1]} features")
            h, order = sort(h, k)
        h = h + bias if late else h
        orders.append(order)
    w_bars, b_bars = [], []
    for i in reversed(range(layers)):
        if orders[i] is not None:
            g = back(g.reshape(orders[i].shape), orders[i]).reshape(g.shape)
        w_bars.insert(0, mul(g.T, inputs[i]))
        b_bars.insert(0, summed(g))
        g = mul(g, parameters[i])
    return h, [g, *w_bars, *b_bars]
