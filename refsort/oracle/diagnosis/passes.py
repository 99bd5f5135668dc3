"""A network's forward and reverse pass in wide floats, each part of which may be another: what mistakes lead to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from refsort.oracle.cases import Case
from refsort.oracle.diagnosis.witness import Array, wide
from refsort.rounding import UNIT_ROUNDOFF


class Passed(NamedTuple):
    """A forward pass.

    Attributes
    ----------
    out : ndarray
    inputs : list of ndarray
        What went into each layer.
    orders : list of ndarray
        Which entry each sorted one came from.
    sizes : list
        The largest entry that each layer's input, and the result, could have had without cancellation.
    tied : bool
        Whether two entries of a group are as good as tied.
    """

    out: Array
    inputs: list[Array]
    orders: list[Array]
    sizes: list[Any]
    tied: bool


def forward(
    case: Case,
    biases: Callable[[int, int], int] = lambda i, last: 1,
    sorts: Callable[[int, int], bool] = lambda i, last: i < last,
    size: Callable[[int, int], int] = lambda k, d: k,
    slot: Callable[[Array], Array] = lambda x: x,
    layout: str = "contiguous",
    first: bool = False,
    late: bool = False,
    reread: bool = False,
) -> Passed | None:
    """The pass in wide floats, or one that is changed somewhere; None where the shapes do not allow that."""
    x, *parameters = (wide(array) for array in case.arrays)
    last, near = len(parameters) // 2 - 1, 2 * roundings(case) * float(UNIT_ROUNDOFF[case.dtype])
    layers = list(zip(parameters[: last + 1], parameters[last + 1 :], strict=True))
    h, total, inputs, orders, sizes, tied = x, np.abs(x), list[Array](), list[Array](), list[Any](), False
    for i, (w, b) in enumerate(layers):
        w = w.reshape(w.shape[::-1]).T if reread else w
        if first and i == 0:
            if h.shape[1] % size(case.params["group_size"], h.shape[1]):
                return None
            h, _, _ = _sorted(h, size(case.params["group_size"], h.shape[1]), slot, layout)
            total = np.full_like(total, total.max())
        inputs.append(h)
        sizes.append(total.max())
        if w.shape[1] != h.shape[1] or len(b) != len(w):
            return None
        shift = biases(i, last) * b
        h, total = h @ w.T + (0 if late else shift), total @ np.abs(w.T) + np.abs(b)
        if sorts(i, last):
            k = size(case.params["group_size"], h.shape[1])
            if not k or h.shape[1] % k:
                return None
            h, order, gap = _sorted(h, k, slot, layout)
            total, tied = np.full_like(total, total.max()), tied or bool(gap <= near * total.max())
            orders.append(order)
        h = h + (shift if late else 0)
    return Passed(h, inputs, orders, [*sizes, total.max()], tied)


def _sorted(h: Array, k: int, slot: Callable[[Array], Array], layout: str) -> tuple[Array, Array, Any]:
    """Groups of k sorted, where each entry came from, and the smallest gap between two of a group."""
    strided = h.reshape(len(h), k, -1).swapaxes(1, 2) if layout == "halves" else h.reshape(len(h), -1, k)
    order = slot(np.argsort(strided, axis=-1, kind="stable"))
    found = np.take_along_axis(strided, order, -1)
    gap = np.abs(np.diff(found, axis=-1)).min(initial=np.inf)
    base = np.arange(h.shape[1]).reshape(-1, k)
    places = np.take_along_axis(np.broadcast_to(base, order.shape), order, -1).reshape(h.shape)
    found = found if layout == "contiguous" else found.swapaxes(1, 2)
    return found.reshape(h.shape), places, gap


def backward(
    case: Case,
    permute: Callable[[Array, Array], Array] | None = None,
    last: bool = False,
    unsorted: bool = False,
    sample: int | None = None,
) -> list[Array]:
    """The reverse pass in wide floats, or one that is changed somewhere."""
    passed = forward(case)
    assert passed is not None
    weights = [wide(w) for w in case.arrays[1 : len(passed.inputs) + 1]]
    g, w_bars, b_bars = wide(case.cotangent), list[Array](), list[Array]()
    for i in reversed(range(len(weights))):
        if i < len(weights) - 1:
            g = np.zeros_like(g) if last else scattered(g, passed.orders[i], permute)
        h = passed.inputs[i]
        if unsorted and i:
            h = scattered(h, passed.orders[i - 1], None)
        w_bars.insert(0, g.T @ h)
        b_bars.insert(0, g.sum(axis=0) if sample is None else g[sample])
        g = g @ weights[i]
    if last and len(weights) > 1:
        g = np.zeros_like(g)
    return [g, *w_bars, *b_bars]


def scattered(g: Array, order: Array, permute: Callable[[Array, Array], Array] | None) -> Array:
    """P^T g, or what is taken for that."""
    if permute is not None:
        return permute(g, order)
    result = np.empty_like(g)
    np.put_along_axis(result, order, g, -1)
    return result


def roundings(case: Case) -> int:
    """As many as a sum passes through on its way through all layers."""
    return sum(w.shape[1] + 2 for w in case.arrays[1 : len(case.arrays) // 2 + 1])
