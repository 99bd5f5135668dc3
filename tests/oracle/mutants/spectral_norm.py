"""Spectral norms that are estimates from below, other norms, with epsilons; and gradients of something else."""

from collections import Counter

import numpy as np

from tests.oracle.mutants import mutant
from tests.oracle.plain_norms import power_iteration, spectral_norm, svd, top

OP, ALL = "spectral_norm", ("float16", "bfloat16", "float32", "float64")


def estimated(name, steps, start=None, dtypes=("float32",)):
    """Register power iteration with so many steps, whose start may depend on the matrix."""

    def function(arrays, params, g):
        value, pair = power_iteration(arrays[0], steps, start and start(arrays[0]))
        return value, [g * pair]

    function.__name__ = name
    mutant(OP, "B6", "estimate from below", ["power iteration"], dtypes)(function)


estimated("one_step_of_power_iteration", 1, dtypes=("float32", "float64"))
estimated("three_steps_of_power_iteration", 3)
estimated("power_iteration_from_the_first_unit_vector", 2, lambda w: np.eye(w.shape[1], dtype=w.dtype)[0])
estimated("ten_steps_of_power_iteration_from_equal_entries", 10, lambda w: np.ones(w.shape[1], w.dtype))
estimated("power_iteration_from_the_first_row", 2, lambda w: np.abs(w[0]) + w.dtype.type(np.abs(w).max() or 1) / 8)


@mutant(OP, "B6")
def no_step_of_power_iteration(arrays, params, g):
    value, pair = power_iteration(arrays[0], 0)
    return value, [g * pair]


CALLS: Counter[tuple[int, ...]] = Counter()


@mutant(OP, "B8", "state between calls")
def power_iteration_that_goes_on_from_call_to_call(arrays, params, g):
    CALLS[arrays[0].shape] += 1
    value, pair = power_iteration(arrays[0], CALLS[arrays[0].shape] % 16)
    return value, [g * pair]


def changed(name, bug, diagnosis, change, words=(), dtypes=("float32",)):
    """Register a change (w, sigma, pair, g) -> (value, gradient) of the right answer."""

    def function(arrays, params, g):
        sigma, pair = top(arrays[0])
        value, w_bar = change(arrays[0], sigma, pair, g)
        return np.asarray(value, sigma.dtype), [np.asarray(w_bar, sigma.dtype)]

    function.__name__ = name
    mutant(OP, bug, diagnosis, words, dtypes)(function)


def polar(w):
    u, _, vt = svd(w)
    return u @ vt


for _name, _bug, _diagnosis, _words, _change in (
    ("the_frobenius_norm", "B15", "another norm", ["Frobenius"], lambda w, s, d, g: (np.sqrt((w * w).sum()), g * d)),
    ("the_largest_entry", "B15", "another norm", ["entry"], lambda w, s, d, g: (np.abs(w).max(), g * d)),
    (
        "the_largest_column_sum_as_norm_with_axis_0",
        "B15",
        "another norm",
        ["1-norm of a column"],
        lambda w, s, d, g: (np.abs(w).sum(axis=0).max(), g * d),
    ),
    ("the_smallest_singular_value", "B15", "another norm", ["smallest"], lambda w, s, d, g: (svd(w)[1][-1], g * d)),
    (
        "the_sum_of_singular_values",
        "B15",
        "another norm",
        ["sum of the sing"],
        lambda w, s, d, g: (svd(w)[1].sum(), g * d),
    ),
    ("the_squared_norm", "B15", "square root missing", [], lambda w, s, d, g: (s * s, g * d)),
    ("half_of_the_norm", "B9", "constant factor in the result", ["1/2"], lambda w, s, d, g: (s / 2, g * d)),
    (
        "an_epsilon_added",
        "B7",
        "absolute epsilon",
        ["0.001", "added"],
        lambda w, s, d, g: (s + w.dtype.type(1e-3), g * d),
    ),
    (
        "an_epsilon_under_the_root",
        "B7",
        "absolute epsilon",
        ["square"],
        lambda w, s, d, g: (np.sqrt(s * s + w.dtype.type(1e-4)), g * d),
    ),
    (
        "never_below_an_epsilon",
        "B7",
        "absolute epsilon",
        ["smaller"],
        lambda w, s, d, g: (np.maximum(s, w.dtype.type(1e-3)), g * d),
    ),
    ("minus_the_gradient", "B1", "sign of the gradient", [], lambda w, s, d, g: (s, -g * d)),
    ("detached", "B2", "no gradient", [], lambda w, s, d, g: (s, 0 * w)),
    (
        "a_third_of_the_gradient",
        "B1",
        "constant factor in the gradient",
        ["1/3"],
        lambda w, s, d, g: (s, g * d / s.dtype.type(3)),
    ),
    ("the_cotangent_forgotten", "B1", "cotangent ignored", [], lambda w, s, d, g: (s, d)),
    ("the_gradient_of_the_squared_norm", "B1", "gradient of the square", [], lambda w, s, d, g: (s, 2 * s * g * d)),
    (
        "the_gradient_of_the_frobenius_norm",
        "B1",
        "gradient of another norm",
        ["Frobenius"],
        lambda w, s, d, g: (s, g * w / (np.sqrt((w * w).sum()) or 1)),
    ),
    ("the_polar_factor", "B1", "gradient of another norm", ["U V^T"], lambda w, s, d, g: (s, g * polar(w))),
):
    changed(
        _name,
        _bug,
        _diagnosis,
        _change,
        _words,
        ALL if _name in ("the_frobenius_norm", "the_cotangent_forgotten") else ("float32",),
    )


@mutant(OP, "B23")
def rows_of_u_for_columns(arrays, params, g):
    u, s, vt = np.linalg.svd(arrays[0])
    return s[0], [g * np.outer(u[0], vt[0])]


@mutant(OP, "B23")
def columns_of_v_transposed_for_rows(arrays, params, g):
    u, s, vt = np.linalg.svd(arrays[0])
    return s[0], [g * np.outer(u[:, 0], vt[:, 0])]


@mutant(OP, "B23")
def the_gram_matrix_of_a_wide_matrix_on_the_wrong_side(arrays, params, g):
    """Every matrix is taken for a tall one: its first columns alone are looked at."""
    w = arrays[0]
    value, _ = top(w[:, : len(w)])
    return value, spectral_norm(arrays, params, g)[1]


@mutant(OP, "B19")
def through_float16(arrays, params, g):
    value, gradients = spectral_norm([arrays[0].astype(np.float16).astype(np.float32)], params, g)
    return value, gradients
