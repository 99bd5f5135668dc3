"""Norms of another pair, of the transpose, means for maxima; and gradients at ties that are too large."""

import math

import numpy as np

from tests.oracle.mutants import mutant
from tests.oracle.plain_norms import operator_norm

OP, ALL = "operator_norm", ("float16", "bfloat16", "float32", "float64")
TRANSPOSED = {(1, 1): (math.inf, math.inf), (math.inf, math.inf): (1, 1), (1, 2): (2, math.inf), (2, math.inf): (1, 2)}


def with_pair(name, diagnosis, words, change, dtypes=("float32",)):
    """Register the right norm of another pair."""

    def function(arrays, params, g):
        p, q = change(params["p"], params["q"])
        return operator_norm(arrays, {"p": p, "q": q}, g)

    function.__name__ = name
    mutant(OP, "B15", diagnosis, words, dtypes)(function)


def changed(name, bug, diagnosis, words, change):
    """Register a change (w, params, value, gradient, g) -> (value, gradient) of the right answer."""

    def function(arrays, params, g):
        value, (w_bar,) = operator_norm(arrays, params, g)
        value, w_bar = change(arrays[0], params, value, w_bar, g)
        return np.asarray(value, arrays[0].dtype), [np.asarray(w_bar, arrays[0].dtype)]

    function.__name__ = name
    mutant(OP, bug, diagnosis, words)(function)


with_pair("the_norm_of_the_transpose", "norm of the transpose", [], lambda p, q: TRANSPOSED.get((p, q), (p, q)), ALL)
with_pair("always_the_spectral_norm", "another norm", ["spectral"], lambda p, q: (2, 2))
with_pair("q_taken_for_p", "another norm", ["l_p to l_p"], lambda p, q: (p, p))
with_pair("always_the_largest_row_sum", "another norm", ["1-norm of a row"], lambda p, q: (math.inf, math.inf))
with_pair("always_the_largest_column_sum", "another norm", ["1-norm of a column"], lambda p, q: (1, 1))
with_pair("always_the_largest_entry", "another norm", ["entry"], lambda p, q: (1, math.inf))


def mean(w, params):
    p, q = params["p"], params["q"]
    if (p, q) == (1, math.inf):
        return np.abs(w).mean()
    if p == q == 2:
        return operator_norm([w], params, np.float32(1))[0]
    axis = 0 if p == 1 else 1
    return (np.sqrt((w * w).sum(axis=axis)) if 2 in (p, q) else np.abs(w).sum(axis=axis)).mean()


for _name, _bug, _diagnosis, _words, _change in (
    ("the_frobenius_norm", "B15", "another norm", ["Frobenius"], lambda w, p, v, d, g: (np.sqrt((w * w).sum()), d)),
    ("the_mean_for_the_maximum", "B15", "mean for maximum", [], lambda w, p, v, d, g: (mean(w, p), d)),
    ("twice_the_norm", "B9", "constant factor in the result", ["2 times"], lambda w, p, v, d, g: (2 * v, d)),
    ("an_epsilon_added", "B7", "absolute epsilon", ["added"], lambda w, p, v, d, g: (v + w.dtype.type(1e-3), d)),
    ("twice_the_gradient", "B1", "constant factor in the gradient", ["2 times"], lambda w, p, v, d, g: (v, 2 * d)),
    ("minus_the_gradient", "B1", "sign of the gradient", [], lambda w, p, v, d, g: (v, -d)),
    (
        "the_gradient_on_all_vectors",
        "B1",
        "gradient of another norm",
        ["all entries"],
        lambda w, p, v, d, g: (v, g * np.sign(w)),
    ),
    (
        "the_gradient_of_the_frobenius_norm",
        "B1",
        "gradient of another norm",
        ["Frobenius"],
        lambda w, p, v, d, g: (v, g * w / (np.sqrt((w * w).sum()) or 1)),
    ),
    ("the_cotangent_forgotten", "B1", "cotangent ignored", [], lambda w, p, v, d, g: (v, d / g)),
    ("under_no_grad", "B2", "no gradient", [], lambda w, p, v, d, g: (v, 0 * d)),
):
    changed(_name, _bug, _diagnosis, _words, _change)


@mutant(OP, "B3", "all gradients to each at ties", ["sum above 1"])
def the_whole_gradient_to_every_tie(arrays, params, g):
    """As comparisons with the maximum give it: ``(norms == norms.max()) * g``."""
    (w,), (p, q) = arrays, (params["p"], params["q"])
    value, (w_bar,) = operator_norm(arrays, params, g)
    if p == q == 2:
        return value, [w_bar]
    a = w.reshape(1, -1) if (p, q) == (1, math.inf) else w if p == 1 else w.T
    euclidean = 2 in (p, q)
    norms = np.sqrt((a * a).sum(axis=0)) if euclidean else np.abs(a).sum(axis=0)
    direction = a / np.where(norms == 0, np.float32(1), norms) if euclidean else np.sign(a)
    gradient = g * direction * (norms == norms.max())
    return value, [np.ascontiguousarray((gradient if p == 1 else gradient.T).reshape(w.shape))]
