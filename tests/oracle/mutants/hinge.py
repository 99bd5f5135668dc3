"""Hinges with other divisors and margins, or of one class alone; and gradients without the label's, or of sums."""

import numpy as np

from tests.oracle.mutants import mutant
from tests.oracle.plain_losses import at_labels, hinge, lacking

OP, ALL = "hinge", ("float16", "bfloat16", "float32", "float64")


def changed(name, bug, diagnosis, words, change):
    """Register a change (value, gradient, arrays, params, g) -> (value, gradient) of the right answer."""

    def function(arrays, params, g):
        value, (x_bar, _) = hinge(arrays, params, g)
        value, x_bar = change(value, x_bar, arrays, params, g)
        return value.astype(arrays[0].dtype), [x_bar.astype(arrays[0].dtype), None]

    function.__name__ = name
    mutant(OP, bug, diagnosis, words, ALL if name in BY_ALL else ("float32",))(function)


BY_ALL = ("divided_by_k_minus_1", "no_gradient_at_the_label")


def n(arrays):
    return arrays[0].shape[0]


def k(arrays):
    return arrays[0].shape[1]


def with_margin(factor):
    return lambda v, x, a, p, g: (hinge(a, {"margin": factor * p["margin"]}, g)[0], x)


for _name, _bug, _diagnosis, _words, _change in (
    ("divided_by_k_minus_1", "B18", "number of classes", ["k - 1"], lambda v, x, a, p, g: (v * k(a) / (k(a) - 1), x)),
    ("the_factor_1_over_k_forgotten", "B18", "number of classes", ["not divided"], lambda v, x, a, p, g: (v * k(a), x)),
    (
        "a_sum_over_rows_and_classes",
        "B18",
        "number of classes",
        ["neither"],
        lambda v, x, a, p, g: (v * k(a) * n(a), x),
    ),
    ("a_sum_over_the_batch", "B18", "sum for mean", ["batch"], lambda v, x, a, p, g: (v * n(a), x)),
    ("half_of_the_margin_as_in_deel_torchlip", "B18", "margin convention", ["half"], with_margin(0.5)),
    ("twice_the_margin", "B18", "margin convention", ["twice"], with_margin(2)),
    ("the_margin_subtracted", "B18", "margin convention", ["opposite"], with_margin(-1)),
    (
        "the_margin_of_the_true_class_kept",
        "B18",
        "margin of the label kept",
        [],
        lambda v, x, a, p, g: (v + np.float64(p["margin"]) / k(a), x),
    ),
    (
        "the_largest_other_class_alone",
        "B18",
        "largest other class alone",
        [],
        lambda v, x, a, p, g: (np.where(at_labels(a), 0, np.maximum(lacking(a, p), 0)).max(axis=1).mean(), x),
    ),
    (
        "the_margin_ignored",
        "B22",
        "margin ignored",
        ["1 used"],
        lambda v, x, a, p, g: (hinge(a, {"margin": 1.0}, g)[0], x),
    ),
    ("no_margin", "B22", "margin ignored", ["0 used"], lambda v, x, a, p, g: (hinge(a, {"margin": 0.0}, g)[0], x)),
    ("squared", "B18", "", [], lambda v, x, a, p, g: (v * v, x)),
    (
        "the_gradient_without_1_over_k",
        "B1",
        "number of classes in the gradient",
        [],
        lambda v, x, a, p, g: (v, x * k(a)),
    ),
    (
        "the_gradient_divided_by_k_minus_1",
        "B1",
        "number of classes in the gradient",
        ["k - 1"],
        lambda v, x, a, p, g: (v, x * (k(a) / (k(a) - 1))),
    ),
    (
        "the_gradient_of_a_sum_over_the_batch",
        "B1",
        "constant factor in the gradient",
        ["n times"],
        lambda v, x, a, p, g: (v, x * n(a)),
    ),
    ("minus_the_gradient", "B1", "sign of the gradient", [], lambda v, x, a, p, g: (v, -x)),
    (
        "no_gradient_at_the_label",
        "B1",
        "no gradient at the label",
        [],
        lambda v, x, a, p, g: (v, np.where(at_labels(a), 0, x)),
    ),
    ("the_cotangent_forgotten", "B1", "cotangent ignored", [], lambda v, x, a, p, g: (v, x / g)),
    ("under_no_grad", "B2", "no gradient", [], lambda v, x, a, p, g: (v, 0 * x)),
    ("twice_the_slope_at_corners", "B3", "slope at corners", [], lambda v, x, a, p, g: (v, hinge(a, p, g, 2.0)[1][0])),
    (
        "a_negative_slope_at_corners",
        "B3",
        "slope at corners",
        [],
        lambda v, x, a, p, g: (v, hinge(a, p, g, -1.0)[1][0]),
    ),
):
    changed(_name, _bug, _diagnosis, _words, _change)
