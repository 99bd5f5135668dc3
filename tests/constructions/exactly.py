"""Rational test data, and a network's values and norms by the definitions of `refsort.spec` alone."""

import math
from fractions import Fraction

import numpy as np
from hypothesis import strategies as st

from proofs.networks import evaluate, norms

INF = math.inf
EXPONENT = {"linf": INF, "l1": 1, "l2": 2}


def rationals(limit=6, denominators=(1, 2, 3, 5)):
    """Few small numbers, so that ties are common."""
    return st.builds(Fraction, st.integers(-limit, limit), st.sampled_from(denominators))


def vectors(length, entries=None):
    return st.lists(rationals() if entries is None else entries, min_size=length, max_size=length)


def array(rows):
    """Nested lists of Fractions as an object array; the entries are never taken for sequences."""
    return np.array(rows, dtype=object)


def at(network, params, x):
    """The values at one point, by the definitions; and the network's own evaluation agrees with them exactly."""
    value = evaluate(network, params, x)
    assert network.value(params, array([list(x)])).tolist() == [value]
    return value


def product_of_norms(network, params, p, q=None):
    """An upper bound of the product, exact where the norms are."""
    return math.prod((norm.hi for norm in norms(network, params, p, q)), start=Fraction(1))


def distance(metric, x, y):
    """d(x, y) by its definition; squared for l2."""
    v = [abs(a - b) for a, b in zip(x, y, strict=True)]
    if metric == "linf":
        return max(v)
    return sum(v) if metric == "l1" else sum(a * a for a in v)


def depth(network):
    """The number of layers with an activation."""
    return len(network.layers) - 1


def units(network):
    return sum(layer.d_out for layer in network.layers)
