"""A whole GroupSort network, x -> W_L S(... S(W_1 x + b_1) ...) + b_L, forward and backward, judged end to end.

The arrays are x, w_1 to w_L, b_1 to b_L; the weights are used as they are. S sorts groups of `group_size`.

The bound follows the errors of each entry through the layers, rigorously: for small networks that is sharp enough to be
of use. (For wide and deep ones it is not; `refsort.oracle.realistic` judges those.) Gradients are judged at generic
points alone, where rounding cannot have changed the order inside any group: at a kink, a product of elements of the
layers' generalised Jacobians need not be one of the network's, so nothing would follow from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from refsort import rounding, spec, strategies
from refsort.oracle.claims import Claims, entrywise
from refsort.oracle.operations.exactly import exact, fractions
from refsort.oracle.operations.operation import Case, Operation
from refsort.oracle.tolerances import Precision, column_sums, product

Array = NDArray[Any]


class Layer(NamedTuple):
    """One affine map of the exact forward pass, with bounds of what a rounded pass may differ by.

    Attributes
    ----------
    h, h_error : ndarray, (n, d_in)
        What goes in.
    z, z_error : ndarray, (n, d_out)
        What comes out of the affine map.
    """

    h: Array
    h_error: Array
    z: Array
    z_error: Array


@st.composite
def _cases(draw: st.DrawFn, op: str, dtype: str) -> Case:
    group_size = draw(st.integers(2, 3))
    n, d_in, d_out = draw(strategies.shapes(3, 3))
    hidden = [group_size * draw(st.integers(1, 2)) for _ in range(draw(st.integers(0, 2)))]
    widths = [d_in, *hidden, d_out]
    pairs = list(pairwise(widths))
    few = 3 if dtype in ("float16", "bfloat16") else 6
    bits = draw(st.sampled_from([few, strategies.FORMATS[dtype].precision - 2]))  # few: ties, and sums without rounding
    x, y_bar, *parameters = (
        draw(strategies.lattice(dtype, shape, bits, (-bits, -bits)))
        for shape in ((n, d_in), (n, d_out), *((b, a) for a, b in pairs), *((b,) for _, b in pairs))
    )
    return Case(op, dtype, (x, *parameters), {"group_size": group_size}, y_bar)


def truth(case: Case) -> Array:
    """The definition, sample by sample: an affine map and a sort of each group, the last layer without the sort."""
    x, weights, biases = arrays_of(case)
    rows = []
    for h in x.tolist():
        for i, (w, b) in enumerate(zip(weights, biases, strict=True)):
            h = spec.affine(h, w.tolist(), b.tolist())
            h = spec.group_sort(h, case.params["group_size"]) if i < len(weights) - 1 else h
        rows.append(h)
    return fractions([y for row in rows for y in row], case.cotangent.shape)


def arrays_of(case: Case) -> tuple[Array, list[Array], list[Array]]:
    """x, the weights, and the biases."""
    x, *parameters = (exact(array) for array in case.arrays)
    return x, parameters[: len(parameters) // 2], parameters[len(parameters) // 2 :]


def forward(case: Case, precision: Precision) -> list[Layer]:
    """The exact pass with entrywise bounds e of a rounded one.

    Affine: the computed value is that of an exact map at the computed h, which is within e of the exact h, plus its own
    rounding there, so ``|W| e + (the bound of a product at |h| + e)``. Sort: order statistics are monotone, so a sorted
    entry lies in the sorted interval; nothing is rounded.
    """
    h, weights, biases = arrays_of(case)
    error, layers = np.full(h.shape, Fraction(0)), []
    for w, b in zip(weights, biases, strict=True):
        z = h @ w.T + b
        z_error = error @ abs(w.T) + product(abs(h) + error, w.T, precision, b)
        layers.append(Layer(h, error, z, z_error))
        h, error = _sorted(z, z_error, case.params["group_size"]) if w is not weights[-1] else (z, z_error)
    return layers


def _sorted(z: Array, z_error: Array, group_size: int) -> tuple[Array, Array]:
    h, error = z.copy(), z_error.copy()
    for i in range(len(z)):
        h[i] = spec.group_sort(z[i].tolist(), group_size)
        low, high = rounding.sort_interval((z[i] - z_error[i]).tolist(), (z[i] + z_error[i]).tolist(), group_size)
        error[i] = [max(y - a, b - y) for y, a, b in zip(h[i], low, high, strict=True)]
    return h, error


def _values(case: Case, out: Array, precision: Precision) -> Claims:
    bound = forward(case, precision)[-1].z_error
    yield entrywise("value", "the result of the whole network", truth(case), out, bound)


def layer_claims(case: Case, hidden: Sequence[Array], out: Array, precision: Precision) -> Claims:
    """Each layer from the implementation's own previous output: the bound is that of one layer, however deep it stands.

    Parameters
    ----------
    hidden : sequence of ndarray
        The outputs of all layers but the last, as the implementation computed them.
    out : ndarray
        Its result.
    """
    h, weights, biases = arrays_of(case)
    for i, (w, b, found) in enumerate(zip(weights, biases, [*hidden, out], strict=True)):
        y, bound = h @ w.T + b, product(h, w.T, precision, b)
        if i < len(weights) - 1:
            y, bound = _sorted(y, bound, case.params["group_size"])
        what = f"layer {i + 1} of {len(weights)} from the implementation's own input to it"
        yield entrywise("value", what, y, exact(found), bound)
        h = exact(found)


def _gradients(case: Case, found: Sequence[Array], precision: Precision) -> Claims:
    layers = forward(case, precision)
    orders = [order_of(layer, case.params["group_size"]) for layer in layers[:-1]]
    if any(order is None for order in orders):
        return  # at or near a kink: nothing follows
    _, weights, _ = arrays_of(case)
    names = ["x", *(f"w{i + 1}" for i in range(len(weights))), *(f"b{i + 1}" for i in range(len(weights)))]
    expected = backward(case, layers, orders, precision)
    for name, (gradient, bound), answer in zip(names, expected, found, strict=True):
        yield entrywise("gradient", f"the gradient of {name}", gradient, answer, bound)


def order_of(layer: Layer, group_size: int) -> Array | None:
    """Which entry of z each sorted entry comes from, (n, d); None where rounding may change that."""
    n, d = layer.z.shape
    order = np.zeros((n, d), dtype=int)
    for i in range(n):
        low, high = layer.z[i] - layer.z_error[i], layer.z[i] + layer.z_error[i]
        for start in range(0, d, group_size):
            places = sorted(range(start, start + group_size), key=lambda j: layer.z[i, j])
            if any(high[a] >= low[b] for a, b in pairwise(places)):
                return None
            order[i, start : start + group_size] = places
    return order


def backward(case: Case, layers: list[Layer], orders: Sequence[Any], precision: Precision) -> list[tuple[Array, Array]]:
    """The exact gradients of x, the weights and the biases, with entrywise bounds of a rounded reverse pass.

    With f the bound of a computed cotangent z_bar: the gradients are products of things that are each a little off, so
    ``|A'B' - A B| <= f |B| + |A| e + f e`` and the rounding of the product at ``(|A| + f)(|B| + e)``. A permutation of
    cotangents rounds nothing.
    """
    _, weights, _ = arrays_of(case)
    z_bar = exact(case.cotangent)
    f = np.full(z_bar.shape, Fraction(0))
    w_bars, b_bars = [], []
    for i in reversed(range(len(weights))):
        layer, w = layers[i], weights[i]
        size, inputs = abs(z_bar) + f, abs(layer.h) + layer.h_error
        moved = f.T @ inputs + abs(z_bar.T) @ layer.h_error
        w_bars.append((z_bar.T @ layer.h, moved + product(size.T, inputs, precision)))
        b_bars.append((z_bar.sum(axis=0), f.sum(axis=0) + column_sums(size, precision)))
        h_bar, f = z_bar @ w, f @ abs(w) + product(size, w, precision)
        if i:
            z_bar, f = scatter(h_bar, orders[i - 1]), scatter(f, orders[i - 1])
    return [(h_bar, f), *w_bars[::-1], *b_bars[::-1]]


def scatter(h_bar: Array, order: Array) -> Array:
    """The cotangent of a sort's input: each entry goes where the sorted one came from."""
    z_bar = np.empty_like(h_bar)
    np.put_along_axis(z_bar, order, h_bar, axis=1)
    return z_bar


NETWORK = Operation(_cases, truth, _values, _gradients)
