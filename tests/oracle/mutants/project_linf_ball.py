"""Clipping that moves what is inside, forgets a side or the radius; and wrong slopes."""

import numpy as np

from tests.oracle.mutants import mutant
from tests.oracle.plain_norms import linf

OP, ALL = "project_linf_ball", ("float16", "bfloat16", "float32", "float64")


def changed(name, bug, diagnosis, words, change):
    """Register a change (v, radius, value, gradient, g) -> (value, gradient) of the right answer."""

    def function(arrays, params, g):
        v, r = arrays[0], arrays[0].dtype.type(params["radius"])
        y, (x_bar,) = linf(arrays, params, g)
        y, x_bar = change(v, r, y, x_bar, g)
        return y.astype(v.dtype), [x_bar.astype(v.dtype)]

    function.__name__ = name
    mutant(OP, bug, diagnosis, words, ALL if name in BY_ALL else ("float32",))(function)


BY_ALL = ("the_unit_ball_whatever_the_radius", "the_gradient_passed_straight_through")


def over(v, size):
    return v / np.maximum(1, size)


for _name, _bug, _diagnosis, _words, _change in (
    ("the_sphere_for_the_ball", "B14", "sphere for ball", [], lambda v, r, y, x, g: (np.where(v >= 0, r, -r), x)),
    ("the_sphere_but_for_zeros", "B14", "sphere for ball", [], lambda v, r, y, x, g: (np.sign(v) * r, x)),
    ("the_upper_side_alone", "B14", "one side clipped", ["above"], lambda v, r, y, x, g: (np.minimum(v, r), x)),
    ("the_lower_side_alone", "B14", "one side clipped", ["below"], lambda v, r, y, x, g: (np.maximum(v, -r), x)),
    ("clipped_to_positive_entries", "B14", "one side clipped", ["[0, r]"], lambda v, r, y, x, g: (np.clip(v, 0, r), x)),
    ("the_unit_ball_whatever_the_radius", "B22", "radius ignored", [], lambda v, r, y, x, g: (np.clip(v, -1, 1), x)),
    (
        "rows_scaled_instead_of_clipped",
        "B14",
        "rescaled rows",
        ["max(1"],
        lambda v, r, y, x, g: (over(v, np.abs(v).max(axis=1, initial=0, keepdims=True) / r), x),
    ),
    (
        "the_l2_ball",
        "B14",
        "another ball",
        ["l2"],
        lambda v, r, y, x, g: (over(v, np.linalg.norm(v.astype(float), axis=1, keepdims=True) / r), x),
    ),
    ("twice_the_result", "B9", "constant factor in the result", ["2 times"], lambda v, r, y, x, g: (2 * y, x)),
    ("the_gradient_passed_straight_through", "B1", "identity as gradient", [], lambda v, r, y, x, g: (y, g.copy())),
    ("the_cotangent_forgotten", "B1", "cotangent ignored", [], lambda v, r, y, x, g: (y, np.abs(v) <= r)),
    (
        "rows_with_an_entry_outside_left_out",
        "B1",
        "no gradient outside",
        [],
        lambda v, r, y, x, g: (y, x * (np.abs(v) <= r).all(axis=1, keepdims=True)),
    ),
    ("the_sign_of_the_gradient", "B1", "sign of the gradient", [], lambda v, r, y, x, g: (y, -x)),
    ("twice_the_gradient", "B1", "constant factor in the gradient", ["2 times"], lambda v, r, y, x, g: (y, 2 * x)),
    ("twice_the_gradient_at_the_radius", "B3", "", [], lambda v, r, y, x, g: (y, np.where(np.abs(v) == r, 2 * g, x))),
    ("under_no_grad", "B2", "no gradient", [], lambda v, r, y, x, g: (y, 0 * g)),
):
    changed(_name, _bug, _diagnosis, _words, _change)
