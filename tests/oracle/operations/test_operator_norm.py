"""Operator norms: any shares at ties and zeros pass; norms of another pair or of the transpose fail."""

import math
from fractions import Fraction

import numpy as np
import pytest

from refsort import spec
from refsort.oracle import Case
from refsort.oracle.operations import operator_norm
from refsort.oracle.operations.exactly import exact
from refsort.oracle.tolerances import Precision

OP = "operator_norm"
SPLIT = [pair for pair in operator_norm.PAIRS if pair != (2, 2)]


def norm(arrays, params, g, pick="all", at_zero=0.0):
    """The norm and a subgradient that goes to all largest vectors in equal shares, or to the last one alone."""
    (w,), f = arrays, arrays[0].dtype.type
    p, q = params["p"], params["q"]
    if p == q == 2:
        u, s, vt = np.linalg.svd(w)
        return s[0], [g * np.outer(u[:, 0], vt[0])]
    flip = p != 1
    a = w.T if flip else w
    order = q if not flip else {1: math.inf, 2: 2, math.inf: 1}[p]
    if (p, q) == (1, math.inf):
        a, order = w.reshape(1, -1), 1
    norms = np.sqrt((a * a).sum(axis=0)) if order == 2 else np.abs(a).sum(axis=0)
    largest = norms == norms.max()
    if pick == "last":
        largest &= np.arange(len(norms)) == np.flatnonzero(largest)[-1]
    direction = a / np.where(norms == 0, 1, norms) if order == 2 else np.where(a == 0, at_zero, np.sign(a))
    gradient = g * direction.astype(w.dtype) * (largest.astype(w.dtype) / f(largest.sum()))
    return norms.max(), [np.ascontiguousarray((gradient.T if flip else gradient).reshape(w.shape))]


@pytest.mark.parametrize("pick", ["all", "last"])
@pytest.mark.parametrize("at_zero", [0.0, 1.0, -0.25])
def test_every_choice_at_ties_and_zeros_passes(passes, pick, at_zero):
    passes(OP, lambda arrays, params, g: norm(arrays, params, g, pick, at_zero))


TRANSPOSED = {(1, 1): (math.inf, math.inf), (math.inf, math.inf): (1, 1), (1, 2): (2, math.inf), (2, math.inf): (1, 2)}


def with_pair(change):
    def function(arrays, params, g):
        p, q = change(params["p"], params["q"])
        return norm(arrays, {"p": p, "q": q}, g)

    return function


def with_answer(change):
    def function(arrays, params, g):
        value, (w_bar,) = norm(arrays, params, g)
        value, w_bar = change(value, w_bar, arrays[0], g)
        return np.asarray(value, w_bar.dtype), [w_bar]

    return function


FAULTS = {
    "the_norm_of_the_transpose": with_pair(lambda p, q: TRANSPOSED.get((p, q), (p, q))),
    "always_the_spectral_norm": with_pair(lambda p, q: (2, 2)),
    "rows_and_columns_by_p_alone": with_pair(lambda p, q: (p, p)),
    "the_frobenius_norm": with_answer(lambda v, d, w, g: (np.linalg.norm(w), d)),
    "the_mean_for_the_maximum": with_answer(lambda v, d, w, g: (np.abs(w).sum(axis=0).mean(), d)),
    "twice_the_gradient": with_answer(lambda v, d, w, g: (v, 2 * d)),
    "minus_the_gradient": with_answer(lambda v, d, w, g: (v, -d)),
    "the_gradient_on_all_vectors": with_answer(lambda v, d, w, g: (v, g * np.sign(w))),
    "the_cotangent_forgotten": with_answer(lambda v, d, w, g: (v, d / g)),
    "no_gradient": with_answer(lambda v, d, w, g: (v, 0 * d)),
    "the_whole_gradient_to_every_tie": with_answer(
        lambda v, d, w, g: (v, np.where(d == 0, 0, g * np.sign(d * g) * np.maximum(np.abs(d / g), 1.0)).astype(d.dtype))
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_failed(fails, name):
    fails(OP, FAULTS[name], max_examples=80)


def ratio(w, p, q, found, y_bar=1.0):
    case = Case(OP, "float64", (np.array(w),), {"p": p, "q": q}, np.array(y_bar))
    gradients = [exact(np.array(found, dtype=float))]
    (claim,) = operator_norm.OPERATOR_NORM.gradients(case, gradients, Precision.of("float64"))
    return claim.kind, claim.ratio <= 1


def test_membership_in_the_hull_of_tied_columns():
    w = [[1.0, -2.0], [1.0, 0.0]]
    assert ratio(w, 1, 1, [[1, 0], [1, 0]]) == ("kink", True)
    assert ratio(w, 1, 1, [[0, -1], [0, 0]]) == ("kink", True)
    assert ratio(w, 1, 1, [[0, -1], [0, 1]]) == ("kink", True)
    assert ratio(w, 1, 1, [[0.25, -0.75], [0.25, -0.5]]) == ("kink", True)
    assert ratio(w, 1, 1, [[0.25, -0.75], [0.25, 1]]) == ("kink", False)  # more at the zero than its column's share
    assert ratio(w, 1, 1, [[0.25, -0.75], [0.5, 0]]) == ("kink", False)  # one column, two shares
    assert ratio(w, 1, 1, [[1, -1], [1, 0]]) == ("kink", False)  # shares of sum 2
    assert ratio(w, 1, 1, [[2, 1], [2, 0]]) == ("kink", False)  # a negative share


def test_unit_vectors_and_zero():
    w = [[3.0, 0.0], [4.0, 1.0]]
    assert ratio(w, 1, 2, [[0.6, 0], [0.8, 0]]) == ("gradient", True)
    assert ratio(w, 1, 2, [[-1.2, 0], [-1.6, 0]], y_bar=-2.0) == ("gradient", True)
    assert ratio(w, 1, 2, [[0.8, 0], [0.6, 0]]) == ("gradient", False)
    assert ratio(w, 1, 2, [[0.6, 0], [0.8, 0.001]]) == ("gradient", False)
    zeros = [[0.0, 0.0], [0.0, 0.0]]
    assert ratio(zeros, 1, 2, [[0.3, 0], [0.4, 0.5]]) == ("kink", True)
    assert ratio(zeros, 1, 2, [[0.6, 0], [0.8, 0.5]]) == ("kink", False)
    assert ratio(zeros, 1, math.inf, [[0.25, 0.25], [0.25, 0.25]]) == ("kink", True)
    assert ratio(zeros, 1, math.inf, [[0.25, 0.25], [0.25, 0.5]]) == ("kink", False)


@pytest.mark.parametrize(("p", "q"), SPLIT)
def test_the_truth_is_the_definition_and_the_bound_says_something(p, q):
    w = np.random.default_rng(3).integers(-50, 50, (3, 4)) / 8
    case = Case(OP, "float64", (w,), {"p": p, "q": q}, np.array(1.0))
    enclosure = spec.operator_norm(w.tolist(), p, q)
    assert enclosure.lo * (1 - Fraction(1, 2**60)) <= operator_norm.truth(case).item() <= enclosure.hi
    bound = max(vector.error for vector in operator_norm.vectors_of(case, Precision.of("float64")))
    assert bound <= 12 * Precision.of("float64").u * enclosure.hi
