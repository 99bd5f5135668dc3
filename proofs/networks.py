"""A network evaluated and measured by the definitions of `refsort.spec` alone, from its parameters.

What a construction returns is an ordinary network of `refsort.nets`. To verify it with the code that it is made for
would be circular, so nothing of that code runs here: the layers are read as data, their numbers pass `spec.frac`, and
the definitions do the rest.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from proofs.certificate import require
from refsort import spec

INF = math.inf  # the name of a norm, and no number that anything is computed with
Vector = list[Fraction]

_ACTIVATIONS: dict[str, Callable[[Any, Vector], Vector]] = {
    "Identity": lambda activation, z: z,
    "GroupSort": lambda activation, z: spec.group_sort(z, activation.group_size),
    "FullSort": lambda activation, z: spec.full_sort(z),
    "ReLU": lambda activation, z: spec.relu(z),
    "LeakyReLU": lambda activation, z: spec.leaky_relu(z, activation.slope),
    "Absolute": lambda activation, z: spec.absolute(z),
}


def rational(params: Sequence[tuple[Any, Any]]) -> Sequence[tuple[Any, Any]]:
    """The parameters themselves, if they are Fractions and indices: what an EXACT proof may compute with."""
    for i, (w, b) in enumerate(params):
        require(w.dtype.kind in "Oi" and b.dtype == object, f"layer {i} has {w.dtype} weights and {b.dtype} biases")
    return params


def evaluate(network: Any, params: Sequence[tuple[Any, Any]], x: Sequence[Any]) -> Vector:
    """The network's value at one point x, exactly: its floats, if it has any, are the rationals that they are.

    Examples
    --------
    >>> import numpy as np
    >>> from refsort.nets import MaxMin, Network
    >>> params = [(np.array([[1.0], [-1.0]]), np.zeros(2)), (np.array([[0.0, 1.0]]), np.zeros(1))]
    >>> evaluate(Network.dense([1, 2, 1], MaxMin()), params, [Fraction(-1, 3)])
    [Fraction(1, 3)]
    """
    h = _entries(x)
    for layer, (w, b) in zip(network.layers, params, strict=True):
        z = _affine(h, w, b)
        h = _ACTIVATIONS[type(layer.activation).__name__](layer.activation, z)
    return h


def pieces(network: Any, params: Sequence[tuple[Any, Any]], x: Sequence[Any]) -> list[Vector]:
    """What enters each layer at x, and the result: `evaluate` with every step kept."""
    steps = [_entries(x)]
    for layer, pair in zip(network.layers, params, strict=True):
        steps.append(_ACTIVATIONS[type(layer.activation).__name__](layer.activation, _affine(steps[-1], *pair)))
    return steps


def norms(network: Any, params: Sequence[tuple[Any, Any]], p: Any, q: Any = None) -> list[spec.Enclosure]:
    """The operator norm of each layer's weight: the first from the p-norm to the q-norm, later ones q to q."""
    q = p if q is None else q
    return [
        _norm(layer, w, p if i == 0 else q, q)
        for i, (layer, (w, _)) in enumerate(zip(network.layers, params, strict=True))
    ]


def _entries(x: Sequence[Any]) -> Vector:
    """x as the definitions take it; dual numbers pass, so that `spec.derivative` can be taken of a network."""
    return [v if isinstance(v, spec.Dual) else spec.frac(v) for v in x]


def _is_selection(w: Any) -> bool:
    return w.dtype.kind == "i"


def _affine(h: Vector, w: Any, b: Any) -> Vector:
    if _is_selection(w):
        return [h[i] + spec.frac(offset) for i, offset in zip(w.tolist(), b.tolist(), strict=True)]
    return spec.affine(h, w.tolist(), b.tolist())


def _norm(layer: Any, w: Any, p: Any, q: Any) -> spec.Enclosure:
    """Of a selection, from its definition: column j of its matrix has as many ones as j is selected times."""
    if not _is_selection(w):
        return spec.operator_norm(w.tolist(), p, q)
    indices = w.tolist()
    times = Fraction(max(indices.count(i) for i in set(indices)))
    exact = {(1, 1): times, (INF, INF): Fraction(1), (1, INF): Fraction(1), (2, INF): Fraction(1)}
    return spec.Enclosure(exact[p, q], exact[p, q]) if (p, q) in exact else spec.sqrt_enclosure(times)
