"""The multiclass hinge: every rule at its corners passes, and wrong divisors, signs and reductions fail."""

from fractions import Fraction

import numpy as np
import pytest

from refsort.oracle import Case, judge, load
from refsort.oracle.operations import hinge
from refsort.oracle.tolerances import Precision

OP, ALL = "hinge", ("float16", "float32", "float64")


def loss(arrays, params, g, at_corner=0.0):
    y, t = arrays
    n, k = y.shape
    rows, f = np.arange(n), y.dtype.type
    lacking = f(params["margin"]) - (y[rows, t][:, None] - y)
    lacking[rows, t] = -1
    slopes = np.where(lacking > 0, 1, np.where(lacking == 0, at_corner, 0)).astype(y.dtype)
    slopes[rows, t] = -slopes.sum(axis=1, dtype=y.dtype)
    return (np.maximum(lacking, 0).sum(axis=1, dtype=y.dtype) / f(k)).mean(dtype=y.dtype), [g / f(n * k) * slopes, None]


@pytest.mark.parametrize("at_corner", [0.0, 0.5, 1.0, 0.3])
def test_every_slope_at_the_corner_passes(passes, at_corner):
    passes(OP, lambda arrays, params, g: loss(arrays, params, g, at_corner), dtypes=ALL)


def test_the_margin_added_and_subtracted_again_passes(passes):
    def function(arrays, params, g):
        y, t = arrays
        f, margin = y.dtype.type, y.dtype.type(params["margin"])
        every = np.maximum(margin - y[np.arange(len(t)), t][:, None] + y, 0).sum(axis=1, dtype=y.dtype)
        return ((every - margin) * (f(1) / f(y.shape[1]))).mean(dtype=y.dtype), loss(arrays, params, g)[1]

    passes(OP, function, dtypes=ALL)


def changed(change):
    def function(arrays, params, g):
        value, (x_bar, _) = loss(arrays, params, g)
        value, x_bar = change(value, x_bar, arrays, params, g)
        return value.astype(arrays[0].dtype), [x_bar.astype(arrays[0].dtype), None]

    return function


def largest_other(arrays, params):
    y, t = arrays
    rows, others = np.arange(len(t)), y.copy()
    others[rows, t] = -np.inf
    return np.maximum(params["margin"] - (y[rows, t] - others.max(axis=1)), 0).mean()


FAULTS = {
    "divided_by_k_minus_1": lambda v, x, a, p, g: (v * a[0].shape[1] / (a[0].shape[1] - 1), x),
    "the_factor_1_over_k_forgotten": lambda v, x, a, p, g: (v * a[0].shape[1], x),
    "a_sum_over_the_batch": lambda v, x, a, p, g: (v * a[0].shape[0], x),
    "the_margin_of_the_true_class_kept": lambda v, x, a, p, g: (v + np.float64(p["margin"]) / a[0].shape[1], x),
    "the_largest_other_class_alone": lambda v, x, a, p, g: (largest_other(a, p), x),
    "the_margin_ignored": lambda v, x, a, p, g: (loss(a, {"margin": 1.0}, g)[0], x),
    "squared": lambda v, x, a, p, g: (v * v, x),
    "the_gradient_without_1_over_k": lambda v, x, a, p, g: (v, x * a[0].shape[1]),
    "the_gradient_of_a_sum_over_the_batch": lambda v, x, a, p, g: (v, x * a[0].shape[0]),
    "minus_the_gradient": lambda v, x, a, p, g: (v, -x),
    "no_gradient_at_the_label": lambda v, x, a, p, g: (v, np.where(np.arange(a[0].shape[1]) == a[1][:, None], 0, x)),
    "the_cotangent_forgotten": lambda v, x, a, p, g: (v, x / g),
    "twice_the_slope_at_corners": lambda v, x, a, p, g: (v, loss(a, p, g, 2.0)[1][0]),
    "a_negative_slope_at_corners": lambda v, x, a, p, g: (v, loss(a, p, g, -1.0)[1][0]),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_failed(fails, name):
    fails(OP, changed(FAULTS[name]))


def test_a_corner_entry_and_the_label_must_agree():
    """The label's entry is minus the sum of what was found at the corners: each alone would be admissible."""
    case = Case(OP, "float64", (np.array([[1.0, 0.0]]), np.array([0])), {"margin": 1.0}, np.array(1.0))

    def ratio(*x_bar):
        found = np.array([[Fraction(x) for x in x_bar]], dtype=object)
        (claim,) = hinge.HINGE.gradients(case, [found, None], Precision.of("float64"))
        assert claim.kind == "kink"
        return claim.ratio

    assert ratio(0, 0) == ratio(-0.5, 0.5) == ratio(-0.25, 0.25) == 0
    assert ratio(-0.5, 0) > 1
    assert ratio(-0.75, 0.75) > 1


def test_the_bound_says_something():
    case = Case(
        OP, "float16", (np.array([[1, 0, 2]], np.float16), np.array([0])), {"margin": 1.0}, np.array(1.0, np.float16)
    )
    assert hinge.truth(case).item() == Fraction(2, 3)
    assert hinge.value_error(case, Precision.of("float16")) < Fraction(1, 20)
    assert hinge.value_error(case, Precision.of("float64")) < Fraction(1, 2**44)


def test_refsort_passes_on_many_seeds(passes):
    adapter = load("numpy")
    passes(OP, lambda arrays, params, g: adapter.call(OP, arrays, params, g, str(arrays[0].dtype)), dtypes=ALL)
    assert judge(adapter, CASE).gradients


CASE = Case(OP, "float32", (np.array([[1, 2]], np.float32), np.array([1])), {"margin": 0.5}, np.array(1, np.float32))
