"""Four wide layers with MaxMin, end to end and back, in the Frobenius norm over the batch.

Forward, ``e_{l+1} = ||W_l||_2 e_l + `` what `products.product_error` says of the affine map at norms larger by e_l, and
the bias: sorting moves two vectors no further apart. Backward, the cotangents err by f, the weights' gradients by

    f ||h||_2 + e ||z_bar||_2 + e f + the product's own error.

That needs that no sort is decided by rounding: entries of a pair further apart than twice what any entry of the layer
can be off by. An entry is off by ``||W_i|| e`` and its own sum's rounding at most. The data are made so; where a format
is too coarse for a width even so, there is no bound at that width, and half of it is tried.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from refsort.oracle.claims import Comparison
from refsort.oracle.operations.operation import Case
from refsort.oracle.realistic.finding import FAILURE, RESTS_ON, Ask, Finding, Findings, both, located
from refsort.oracle.realistic.products import Size, bits_seen, matmul, product_error, wider
from refsort.oracle.tolerances import Precision
from refsort.rounding import NoBoundError, probable_gamma

Array = NDArray[Any]


class _Layer(NamedTuple):
    """What goes into a layer, which entry each sorted pre-activation was, and the bound of the input's error."""

    h: Array
    order: Array
    error: float
    in_doubt: bool


def findings(ask: Ask, case: Case, precision: Precision, rng: np.random.Generator) -> Findings:
    """The result, then the gradients of x, of the weights and of the biases.

    Raises
    ------
    NoBoundError
        Where rounding may decide a sort: then nothing follows for the gradients.
    """
    real, judged = wider(precision)
    x, *parameters = (array.astype(real) for array in case.arrays)
    weights, biases = parameters[: len(parameters) // 2], parameters[len(parameters) // 2 :]
    layers, y, error = _forward(x, weights, biases, judged)
    out, gradients = both(ask, case)
    about = f"{len(weights)} layers of {x.shape[1]}"
    size = Size.of(x, 1), Size.of(weights[0].T, 0), x.shape[1], judged
    yield _judged("value", f"the result of {about}", -1, out, y, error, size)
    if not gradients:
        return
    if any(layer.in_doubt for layer in layers[:-1]):
        raise NoBoundError(f"network: rounding may decide a sort of {about}")
    expected = _backward(layers, weights, case.cotangent.astype(real), judged)
    kinds = ["x", *(f"w{i}" for i in range(1, len(weights) + 1)), *(f"b{i}" for i in range(1, len(weights) + 1))]
    for i, (name, found, (gradient, bound)) in enumerate(zip(kinds, gradients, expected, strict=True)):
        yield _judged("gradient", f"the gradient of {name} of {about}", i, found, gradient, bound, size)


def _judged(kind: str, what: str, array: int, found: Array, expected: Array, bound: float, size: Any) -> Finding:
    distance = float(np.linalg.norm((found.astype(expected.dtype) - expected).astype(np.float64)))
    norm = float(np.linalg.norm(expected.astype(np.float64)))
    near = f"at most {bound:.3g} from the truth, which has norm {norm:.3g}"
    text = f"{what}, the F-norm of the error ({RESTS_ON}{bits_seen(distance / bound, *size)})"
    return located(Comparison(kind, text, distance / bound, near, f"{distance:.3g} from it"), array, found, expected)


def _wider(size: Size, error: float) -> Size:
    return Size(*(norm + error for norm in size))


def _forward(
    x: Array, weights: Sequence[Array], biases: Sequence[Array], precision: Precision
) -> tuple[list[_Layer], Array, float]:
    h, error, layers = x, 0.0, []
    for w, b in zip(weights, biases, strict=True):
        z = matmul(h, w.T) + b
        inner = w.shape[1]
        inputs, columns = _wider(Size.of(h, 1), error), Size.of(w.T, 0)
        own = product_error(inputs, columns, z.shape, inner, precision)
        own += 2 * float(precision.u) * (float(np.linalg.norm(z.astype(np.float64))) + columns.two * error)
        gamma = probable_gamma(inner + 2 + precision.operands, precision.u, z.size * len(weights), FAILURE)
        sizes = inputs.line * columns.line + float(np.abs(b).max())
        entry = columns.line * error + float(gamma) * sizes + inner * float(precision.eta)
        pairs = z.reshape(len(z), -1, 2)
        order = np.argsort(pairs, axis=-1)
        layers.append(_Layer(h, order, error, bool(np.abs(pairs[..., 0] - pairs[..., 1]).min() <= 2 * entry)))
        h, error = np.sort(pairs, axis=-1).reshape(z.shape), columns.two * error + own
    return layers, z, error


def _backward(
    layers: Sequence[_Layer], weights: Sequence[Array], y_bar: Array, precision: Precision
) -> list[tuple[Array, float]]:
    """Each gradient with its bound: of x, of the weights, of the biases."""
    z_bar, f, n = y_bar, 0.0, len(y_bar)
    ones = np.ones((1, n), y_bar.dtype)
    w_bars, b_bars = [], []
    for i in reversed(range(len(weights))):
        layer, w = layers[i], weights[i]
        rows, columns = (_wider(Size.of(z_bar, axis), f) for axis in (1, 0))
        inputs = _wider(Size.of(layer.h, 0), layer.error)
        own = product_error(columns, inputs, w.shape, n, precision)
        w_bars.append((matmul(z_bar.T, layer.h), f * inputs.two + layer.error * rows.two + own))
        own = product_error(Size.of(ones, 1), columns, (1, len(w)), n, precision)
        b_bars.append((z_bar.sum(axis=0), math.sqrt(n) * f + own))
        factor = Size.of(w, 0)
        own = product_error(rows, factor, layer.h.shape, len(w), precision)
        z_bar, f = matmul(z_bar, w), factor.two * f + own
        if i:
            pulled = np.empty_like(z_bar).reshape(n, -1, 2)
            np.put_along_axis(pulled, layers[i - 1].order, z_bar.reshape(n, -1, 2), axis=-1)
            z_bar = pulled.reshape(z_bar.shape)
    return [(z_bar, f), *w_bars[::-1], *b_bars[::-1]]
