"""Temperatures and margins by another convention, sums for means, exponentials that overflow; and wrong residuals."""

import math

import numpy as np

from tests.oracle.mutants import mutant
from tests.oracle.plain_losses import at_labels, cross_entropy

OP, ALL = "cross_entropy", ("float16", "bfloat16", "float32", "float64")


def with_params(name, bug, diagnosis, words, change, dtypes=("float32",)):
    """Register the loss, and its gradient, for other parameters (margin, temperature)."""

    def function(arrays, params, g):
        margin, temperature = change(params["margin"], params["temperature"])
        return cross_entropy(arrays, {"margin": margin, "temperature": temperature}, g)

    function.__name__ = name
    mutant(OP, bug, diagnosis, words, dtypes)(function)


with_params("divided_by_the_temperature", "B18", "temperature inverted", [], lambda m, t: (m, 1 / t), ALL)
with_params("the_temperature_ignored", "B22", "temperature ignored", [], lambda m, t: (m, 1.0))
with_params("the_margin_ignored", "B22", "margin ignored", ["0 used"], lambda m, t: (0.0, t))
with_params("the_margin_added", "B18", "margin convention", ["opposite"], lambda m, t: (-m, t))
with_params("half_of_the_margin", "B18", "margin convention", ["half"], lambda m, t: (m / 2, t))
with_params("the_margin_after_the_temperature", "B18", "margin convention", ["after"], lambda m, t: (m / t, t))


def changed(name, bug, diagnosis, words, change):
    """Register a change (value, gradient, arrays, params, g) -> (value, gradient) of the right answer."""

    def function(arrays, params, g):
        value, (x_bar, _) = cross_entropy(arrays, params, g)
        value, x_bar = change(value, x_bar, arrays, params, g)
        return value.astype(arrays[0].dtype), [x_bar.astype(arrays[0].dtype), None]

    function.__name__ = name
    mutant(OP, bug, diagnosis, words, ALL if name in BY_ALL else ("float32",))(function)


BY_ALL = ("the_softmax_alone",)


def residual(arrays, params, g):
    return params["temperature"] * g / len(arrays[1])


for _name, _bug, _diagnosis, _words, _change in (
    ("a_sum_over_the_batch", "B18", "sum for mean", ["batch"], lambda v, x, a, p, g: (v * len(a[1]), x)),
    ("in_bits", "B18", "another base of the logarithm", [], lambda v, x, a, p, g: (v / math.log(2), x)),
    ("minus_the_loss", "B9", "constant factor in the result", ["minus"], lambda v, x, a, p, g: (-v, x)),
    (
        "the_gradient_of_a_sum_over_the_batch",
        "B1",
        "constant factor in the gradient",
        ["n times"],
        lambda v, x, a, p, g: (v, x * len(a[1])),
    ),
    (
        "the_gradient_without_the_temperature",
        "B1",
        "parameter missing in the gradient",
        ["temperature"],
        lambda v, x, a, p, g: (v, x / p["temperature"]),
    ),
    (
        "the_gradient_without_the_margin",
        "B1",
        "parameter missing in the gradient",
        ["margin"],
        lambda v, x, a, p, g: (v, cross_entropy(a, p | {"margin": 0.0}, g)[1][0]),
    ),
    (
        "the_softmax_alone",
        "B1",
        "no gradient at the label",
        ["softmax"],
        lambda v, x, a, p, g: (v, x + residual(a, p, g) * at_labels(a)),
    ),
    (
        "no_gradient_at_the_label",
        "B1",
        "no gradient at the label",
        ["itself"],
        lambda v, x, a, p, g: (v, np.where(at_labels(a), 0, x)),
    ),
    ("minus_the_gradient", "B1", "sign of the gradient", [], lambda v, x, a, p, g: (v, -x)),
    ("the_cotangent_forgotten", "B1", "cotangent ignored", [], lambda v, x, a, p, g: (v, x / g)),
    ("under_no_grad", "B2", "no gradient", [], lambda v, x, a, p, g: (v, 0 * x)),
):
    changed(_name, _bug, _diagnosis, _words, _change)


def exponentials(arrays, params):
    (y, t), of = arrays, arrays[0].dtype.type
    z = y.copy()
    z[np.arange(len(t)), t] -= of(params["margin"])
    return np.exp(of(params["temperature"]) * z)


@mutant(OP, "B18", "exponentials overflow", ["largest logit"], ("float32", "float64"))
def exponentials_without_a_shift(arrays, params, g):
    e = exponentials(arrays, params)
    value = np.log(e.sum(axis=1) / e[np.arange(len(e)), arrays[1]]).mean()
    return value, cross_entropy(arrays, params, g)[1]


@mutant(OP, "B18", "exponentials overflow", ["largest logit"])
def a_softmax_without_a_shift_in_the_gradient(arrays, params, g):
    e = exponentials(arrays, params)
    x_bar = residual(arrays, params, g) * (e / e.sum(axis=1, keepdims=True) - at_labels(arrays))
    return cross_entropy(arrays, params, g)[0], [x_bar.astype(g.dtype), None]
