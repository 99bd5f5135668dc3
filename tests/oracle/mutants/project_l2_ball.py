"""Other sets than the ball, lost roots and radii, epsilons; and gradients without that of the norm."""

import numpy as np

from tests.oracle.mutants import mutant
from tests.oracle.plain_norms import l2, row_norms

OP, ALL = "project_l2_ball", ("float16", "bfloat16", "float32", "float64")


def changed(name, bug, diagnosis, words, change):
    """Register a change (v, radius, norms, value, gradient, g) -> (value, gradient) of the right answer."""

    def function(arrays, params, g):
        v, r = arrays[0], arrays[0].dtype.type(params["radius"])
        y, (x_bar,) = l2(arrays, params, g)
        y, x_bar = change(v, r, row_norms(v), y, x_bar, g)
        return y.astype(v.dtype), [x_bar.astype(v.dtype)]

    function.__name__ = name
    mutant(OP, bug, diagnosis, words, ALL if name in BY_ALL else ("float32",))(function)


BY_ALL = ("the_sphere_for_the_ball", "the_norm_detached_in_the_gradient")


def over(v, size):
    return v / np.maximum(1, size)


for _name, _bug, _diagnosis, _words, _change in (
    (
        "the_sphere_for_the_ball",
        "B14",
        "sphere for ball",
        ["sphere"],
        lambda v, r, n, y, x, g: (v * (r / np.where(n == 0, 1, n)), x),
    ),
    (
        "no_guard_for_zeros",
        "B7",
        "NaN for a zero",
        [],
        lambda v, r, n, y, x, g: (v * np.minimum(1, r / n * np.sign(n)), x),
    ),
    (
        "columns_for_rows",
        "B12",
        "columns for rows",
        [],
        lambda v, r, n, y, x, g: (l2([v.T], {"radius": r}, g.T)[0].T.copy(), x),
    ),
    (
        "the_whole_matrix_as_one_vector",
        "B12",
        "whole matrix",
        [],
        lambda v, r, n, y, x, g: (over(v, np.sqrt((v * v).sum()) / r), x),
    ),
    ("the_radius_ignored", "B22", "radius ignored", [], lambda v, r, n, y, x, g: (over(v, n), x)),
    (
        "the_square_root_forgotten",
        "B15",
        "square root missing",
        ["|v|^2 / r)"],
        lambda v, r, n, y, x, g: (over(v, n * n / r), x),
    ),
    (
        "both_roots_forgotten",
        "B15",
        "square root missing",
        ["r^2"],
        lambda v, r, n, y, x, g: (over(v, n * n / r**2), x),
    ),
    (
        "the_radius_squared",
        "B14",
        "wrong power of the radius",
        ["r^2"],
        lambda v, r, n, y, x, g: (over(v, n / r**2), x),
    ),
    ("left_on_the_unit_ball", "B14", "wrong power of the radius", ["unit ball"], lambda v, r, n, y, x, g: (y / r, x)),
    ("entries_clipped", "B14", "another ball", ["linf"], lambda v, r, n, y, x, g: (np.clip(v, -r, r), x)),
    (
        "divided_by_the_1_norm",
        "B14",
        "another ball",
        ["|v|_1"],
        lambda v, r, n, y, x, g: (over(v, np.abs(v).sum(axis=1, keepdims=True) / r), x),
    ),
    (
        "an_epsilon_in_the_denominator",
        "B7",
        "absolute epsilon",
        ["added"],
        lambda v, r, n, y, x, g: (over(v, (n + v.dtype.type(1e-3)) / r), x),
    ),
    (
        "an_epsilon_outside_alone",
        "B7",
        "absolute epsilon",
        ["added"],
        lambda v, r, n, y, x, g: (np.where(n > r, v * (r / (n + v.dtype.type(1e-3))), v), x),
    ),
    (
        "an_epsilon_under_the_root",
        "B7",
        "absolute epsilon",
        ["square"],
        lambda v, r, n, y, x, g: (over(v, np.sqrt(n * n + v.dtype.type(1e-4)) / r), x),
    ),
    ("twice_the_result", "B9", "constant factor in the result", ["2 times"], lambda v, r, n, y, x, g: (2 * y, x)),
    ("rows_outside_set_to_zero", "B14", "", [], lambda v, r, n, y, x, g: (np.where(n > r, 0, v), x)),
    (
        "the_norm_detached_in_the_gradient",
        "B1",
        "detached norm",
        [],
        lambda v, r, n, y, x, g: (y, np.where(n > r, g * (r / np.where(n == 0, 1, n)), g)),
    ),
    (
        "the_gradient_outside_not_scaled",
        "B1",
        "division missing in the gradient",
        [],
        lambda v, r, n, y, x, g: (y, np.where(n > r, x * (n / r), g)),
    ),
    ("the_gradient_passed_straight_through", "B1", "identity as gradient", [], lambda v, r, n, y, x, g: (y, g.copy())),
    ("no_gradient_outside", "B1", "no gradient outside", [], lambda v, r, n, y, x, g: (y, np.where(n > r, 0, x))),
    (
        "no_gradient_on_the_sphere",
        "B3",
        "no gradient on the sphere",
        [],
        lambda v, r, n, y, x, g: (y, np.where(n == r, 0, x)),
    ),
    ("half_of_the_gradient", "B1", "constant factor in the gradient", ["1/2"], lambda v, r, n, y, x, g: (y, x / 2)),
    ("minus_the_gradient", "B1", "sign of the gradient", [], lambda v, r, n, y, x, g: (y, -x)),
):
    changed(_name, _bug, _diagnosis, _words, _change)


@mutant(OP, "B19")
def eleven_bits_in_float32(arrays, params, g):
    y, (x_bar,) = l2([arrays[0].astype(np.float16)], params, g.astype(np.float16))
    return y.astype(np.float32), [x_bar.astype(np.float32)]
