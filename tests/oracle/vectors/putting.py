"""What these tests share: functions put to the vectors as adapters, and to the consumer without refsort."""

import json
from fractions import Fraction

import numpy as np

from refsort.oracle import Adapter, load
from refsort.oracle.vectors import run, shipped
from refsort.oracle.vectors.format import shipped_bytes
from refsort.oracle.vectors.runner import case
from refsort.rounding import UNIT_ROUNDOFF
from tests.oracle.vectors import consumer

FILES = {file.op: file for file in shipped()}
_SCALARS = ("spectral_norm", "operator_norm", "hinge", "cross_entropy", "kr", "hkr")


def shape_of(op, arrays):
    """The shape of a result."""
    if op in _SCALARS:
        return ()
    last = {"affine": 1, "network": len(arrays) // 2}
    if op in last:
        return arrays[0].shape[0], arrays[last[op]].shape[0]
    return arrays[0].shape[:1] if op == "certified_radius" else arrays[0].shape


def adapter(function, op, dtypes=("float32",), unit_roundoff=UNIT_ROUNDOFF, gradients=True):
    """`function(arrays, params, cotangent)` gives a result and gradients; without a cotangent it is given zeros."""

    def call(op, arrays, params, cotangent=None, dtype="float32"):
        if cotangent is not None and not gradients:
            raise NotImplementedError
        zeros = np.zeros(shape_of(op, arrays), arrays[0].dtype)
        out, x_bar = function(arrays, params, zeros if cotangent is None else cotangent)
        return out, None if cotangent is None else x_bar

    return Adapter("planted", tuple(dtypes), {}, dict(unit_roundoff), frozenset([op]), call)


def report_of(function, op, **options):
    return run(adapter(function, op, **options), [FILES[op]])[0]


def by_the_consumer(function, op, dtype="float32"):
    """The ids of the vectors that a consumer of the JSON alone refuses; NaN and infinity are refused by anyone."""
    raw = {vector["id"]: vector for vector in json.loads(shipped_bytes()[f"{op}.json"])["vectors"]}
    refused = set()
    for vector in FILES[op].vectors:
        if dtype in vector.tolerance:
            try:
                given = answers(function, vector, dtype)
            except ValueError:
                if 0 in vector.arrays[0].shape:  # an empty batch may be refused
                    continue
                raise
            if given is None or not consumer.accepts(raw[vector.id], dtype, given[0], given[1:]):
                refused.add(vector.id)
    return refused


def answers(function, vector, dtype):
    """Flat lists of Fractions, None for a gradient that there is not; None for all where something is not finite."""
    asked = case(vector, dtype)
    with np.errstate(all="ignore"):
        out, gradients = function([a.copy() for a in asked.arrays], asked.params, asked.cotangent.copy())
    given = [out, *gradients]
    if not all(np.isfinite(x).all() for x in given if x is not None):
        return None
    return [None if x is None else [Fraction(float(entry)) for entry in np.ravel(x)] for x in given]


def numpys(op):
    """refsort's own operation; what it does not have in sixteen bits, computed in single precision and rounded."""

    def function(arrays, params, g):
        spectral = op.startswith("spectral") or params.get("p") == params.get("q") == 2
        wide = np.float32 if arrays[0].dtype == np.float16 and spectral else arrays[0].dtype
        given = [a.astype(wide) if a.dtype.kind == "f" else a for a in arrays]
        if op == "certified_radius":
            return load("numpy").call(op, given, params, None, "")[0], [None] * len(arrays)
        out, gradients = load("numpy").call(op, given, params, g.astype(wide), "")
        narrow = arrays[0].dtype
        return np.asarray(out, narrow), [x if x is None else x.astype(narrow) for x in gradients]

    return function
