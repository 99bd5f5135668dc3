"""Cross-entropy: the truth against closed forms, correct ways that pass, and the slips of practice, which fail."""

import math
from fractions import Fraction

import numpy as np
import pytest

from refsort.oracle import Case
from refsort.oracle.operations import cross_entropy
from refsort.oracle.tolerances import Precision

OP, ALL = "cross_entropy", ("float16", "float32", "float64")


def loss(arrays, params, g, wide=None):
    (y, t), dtype = arrays, arrays[0].dtype
    y, f = (y, dtype.type) if wide is None else (y.astype(wide), wide)
    rows, z = np.arange(len(t)), y.copy()
    z[rows, t] -= f(params["margin"])
    z = f(params["temperature"]) * z
    z = z - z.max(axis=1, keepdims=True)
    log_softmax = z - np.log(np.exp(z).sum(axis=1, keepdims=True, dtype=z.dtype))
    residual = np.exp(log_softmax)
    residual[rows, t] -= 1
    value = -log_softmax[rows, t].mean(dtype=z.dtype)
    return value.astype(dtype), [(f(g) * f(params["temperature"]) / f(len(t)) * residual).astype(dtype), None]


def test_log_softmax_in_the_dtype_passes(passes):
    passes(OP, loss, dtypes=ALL)


@pytest.mark.parametrize("wide", [np.float64, np.longdouble])
def test_a_wider_format_inside_passes(passes, wide):
    passes(OP, lambda arrays, params, g: loss(arrays, params, g, wide), dtypes=ALL)


def test_the_softmax_itself_and_minus_its_row_sum_pass(passes):
    def function(arrays, params, g):
        (y, t), f = arrays, arrays[0].dtype.type
        value, _ = loss(arrays, params, g)
        rows, z = np.arange(len(t)), y.copy()
        z[rows, t] -= f(params["margin"])
        e = np.exp(f(params["temperature"]) * (z - z.max(axis=1, keepdims=True)))
        s = e / e.sum(axis=1, keepdims=True, dtype=y.dtype)
        s[rows, t] = 0
        s[rows, t] = -s.sum(axis=1, dtype=y.dtype)
        return value, [g * f(params["temperature"]) / f(len(t)) * s, None]

    passes(OP, function, dtypes=ALL)


def naive(arrays, params, g):
    (y, t), f = arrays, arrays[0].dtype.type
    z = y.copy()
    z[np.arange(len(t)), t] -= f(params["margin"])
    e = np.exp(f(params["temperature"]) * z)
    return np.log(e.sum(axis=1) / e[np.arange(len(t)), t]).mean(), loss(arrays, params, g)[1]


def with_params(**changes):
    return lambda arrays, params, g: loss(arrays, {k: changes.get(k, lambda v: v)(v) for k, v in params.items()}, g)


def with_gradient(change):
    def function(arrays, params, g):
        value, (x_bar, _) = loss(arrays, params, g)
        return value, [change(x_bar, arrays, params, g).astype(x_bar.dtype), None]

    return function


FAULTS = {
    "divided_by_the_temperature": with_params(temperature=lambda v: 1 / v),
    "the_temperature_ignored": with_params(temperature=lambda v: 1.0),
    "the_margin_ignored": with_params(margin=lambda v: 0.0),
    "the_margin_added": with_params(margin=lambda v: -v),
    "the_gradient_without_the_temperature": with_gradient(lambda x, a, p, g: x / p["temperature"]),
    "the_gradient_of_a_sum_over_the_batch": with_gradient(lambda x, a, p, g: x * len(a[1])),
    "minus_the_gradient": with_gradient(lambda x, a, p, g: -x),
    "the_softmax_alone": with_gradient(lambda x, a, p, g: np.where(x < 0, 0, x)),
    "the_cotangent_forgotten": with_gradient(lambda x, a, p, g: x / g),
    "a_sum_over_the_batch": lambda a, p, g: (loss(a, p, g)[0] * a[0].dtype.type(len(a[1])), loss(a, p, g)[1]),
    "in_bits": lambda a, p, g: (loss(a, p, g)[0] / a[0].dtype.type(math.log(2)), loss(a, p, g)[1]),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_failed(fails, name):
    fails(OP, FAULTS[name])


def test_exponentials_without_a_shift_overflow(passes):
    with pytest.raises(AssertionError, match="finite"):
        passes(OP, naive)


def test_the_truth_is_that_of_closed_forms():
    def sample(logits, t, temperature=1.0, margin=0.0):
        params = {"temperature": temperature, "margin": margin}
        case = Case(OP, "float64", (np.array([logits]), np.array([t])), params, np.array(1.0))
        return cross_entropy.samples_of(case, Precision.of("float64"))[0]

    for found, expected in (
        (sample([1.0, 1.0, 1.0], 2).loss, math.log(3)),
        (sample([0.0, 0.0], 0, 2.0, 1.5).loss, math.log1p(math.exp(3))),
        (sample([2.0, -1.0], 0, 0.5).loss, math.log1p(math.exp(-1.5))),
        (sample([1000.0, 0.0], 1).loss, 1000.0),
    ):
        assert abs(float(found) - expected) <= 1e-15 * expected
    assert [float(s) for s in sample([1.0, 1.0], 0).softmax] == [0.5, 0.5]
    total = sum(sample([3.0, -7.0, 0.5], 1).softmax)
    assert abs(total - 1) < Fraction(1, 10**55)


@pytest.mark.parametrize(("dtype", "most"), [("float16", 0.1), ("float32", 1e-5), ("float64", 2e-14)])
def test_the_bound_says_something(dtype, most):
    y = np.array([[1, 0, -1], [0, 1, 0]], dtype)
    params = {"temperature": 1.0, "margin": 0.5}
    case = Case(OP, dtype, (y, np.array([0, 1])), params, np.array(1, dtype))
    precision = Precision.of(dtype)
    assert 0 < cross_entropy.value_error(cross_entropy.samples_of(case, precision), precision) < most
