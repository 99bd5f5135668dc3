"""Small networks of random floats, and their evaluation: exactly, and in other orders of summation than NumPy's."""

from fractions import Fraction

import numpy as np

from refsort import spec
from refsort.nets import (
    Absolute,
    CReLU,
    FullSort,
    GroupSort,
    Identity,
    Layer,
    LeakyReLU,
    MaxMin,
    Maxout,
    Network,
    ReLU,
    Selection,
)

ACTIVATIONS = [
    MaxMin(),
    GroupSort(4),
    FullSort(),
    ReLU(),
    LeakyReLU(0.3),
    LeakyReLU(-1.7),
    Absolute(),
    CReLU(),
    Maxout(2),
]


def draw(rng, dtype, activation, d_in=3, d_out=3, last=None, select=False, scale=1.0, bias=1.0):
    """A network d_in -> 4 -> (4 or a selection of 8) -> d_out; weights of about unit norm times `scale`."""
    first = Layer(d_in, 4, activation)
    second = (Selection if select else Layer)(first.features, 8 if select else 4, activation)
    network = Network((first, second, Layer(second.features, d_out, last or Identity())))
    params = []
    for layer in network.layers:
        b = (bias * rng.standard_normal(layer.d_out)).astype(dtype)
        if isinstance(layer, Selection):
            params.append((rng.integers(0, layer.d_in, layer.d_out), b))
        else:
            w = rng.standard_normal((layer.d_out, layer.d_in)) * scale / np.sqrt(layer.d_in)
            params.append((w.astype(dtype), b))
    return network, params


def exact_value(network, params, x):
    """The logits of one input, by the definitions, as Fractions; slopes as rounded to the dtype."""
    h = spec.vector(x)
    for layer, (w, b) in zip(network.layers, params, strict=True):
        if isinstance(layer, Selection):
            z = [h[i] + spec.frac(v) for i, v in zip(w.tolist(), b.tolist(), strict=True)]
        else:
            z = spec.affine(h, w.tolist(), b.tolist())
        h = _activated(layer.activation, z, b.dtype)
    return h


def _activated(activation, z, dtype):
    match activation:
        case GroupSort(size):
            return spec.group_sort(z, size)
        case FullSort():
            return spec.full_sort(z)
        case ReLU():
            return spec.relu(z)
        case LeakyReLU(slope):
            return spec.leaky_relu(z, Fraction(float(dtype.type(slope))))
        case Absolute():
            return spec.absolute(z)
        case CReLU():
            return spec.crelu(z)
        case Maxout(size):
            return spec.maxout(z, size)
    return z


def value_in_order(network, params, x, order):
    """The network with every sum added up one rounded step after another, the terms sorted by `order(d_in)`."""
    h = x
    for layer, (w, b) in zip(network.layers, params, strict=True):
        if isinstance(layer, Selection):
            z = h[:, w] + b
        else:
            z = np.zeros((len(x), layer.d_out), x.dtype) + b
            for k in order(layer.d_in):
                z = z + h[:, k : k + 1] * w[:, k]
        h = layer.activation.value(z)
    return h


def forwards(d):
    return range(d)


def backwards(d):
    return reversed(range(d))
