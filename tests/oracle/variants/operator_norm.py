"""Operator norms with any shares of the gradient among ties and any slope at zeros; and other norms of vectors."""

import math

import numpy as np

from tests.oracle.plain_norms import operator_norm
from tests.oracle.variants import variant

OP = "operator_norm"


def with_choice(name, dtypes=("float64",), **choice):
    """Register one choice at ties and zeros."""

    def function(arrays, params, g):
        return operator_norm(arrays, params, g, **choice)

    function.__name__ = name
    variant(OP, dtypes)(function)


with_choice("equal_shares_and_0_at_zeros", ("float16", "bfloat16"))
with_choice("the_first_of_the_largest", pick="first")
with_choice("the_last_of_the_largest_and_1_at_zeros", ("float32",), pick="last", at_zero=1.0)
with_choice("equal_shares_and_minus_a_quarter_at_zeros", at_zero=-0.25)


@variant(OP, ("float32",))
def two_thirds_to_the_first(arrays, params, g):
    (value, (a,)), (_, (b,)) = (operator_norm(arrays, params, g, pick) for pick in ("first", "last"))
    third = g.dtype.type(1) / 3
    return value, [(1 - third) * a + third * b]


@variant(OP, ("float64",))
def nothing_at_the_zero_matrix(arrays, params, g):
    value, (w_bar,) = operator_norm(arrays, params, g)
    return value, [w_bar if arrays[0].any() else np.zeros_like(w_bar)]


@variant(OP, ("float32",))
def norms_rounded_once(arrays, params, g):
    w, (p, q) = arrays[0].astype(float), (params["p"], params["q"])
    _, gradients = operator_norm(arrays, params, g)
    if p == q == 2:
        return np.float32(np.linalg.norm(w, 2)), gradients
    vectors = w.reshape(-1, 1) if (p, q) == (1, math.inf) else w.T if p == 1 else w
    norm = (lambda v: math.hypot(*v)) if 2 in (p, q) else (lambda v: math.fsum(map(abs, v)))
    return np.float32(max(norm(v) for v in vectors.tolist())), gradients


@variant(OP, ("float32",))
def entries_from_the_last(arrays, params, g):
    value, (w_bar,) = operator_norm([np.ascontiguousarray(arrays[0][::-1, ::-1])], params, g)
    return value, [np.ascontiguousarray(w_bar[::-1, ::-1])]
