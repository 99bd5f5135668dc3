"""Division by other norms, by estimates, with epsilons; and gradients without that of the norm."""

import numpy as np

from tests.oracle.mutants import mutant
from tests.oracle.plain_norms import power_iteration, quotient, spectral_normalize, top

OP = "spectral_normalize"


def changed(name, bug, diagnosis, words, change):
    """Register a change (w, sigma, pair, g, right gradient) -> (value, gradient)."""

    def function(arrays, params, g):
        w = arrays[0]
        sigma, pair = top(w)
        value, w_bar = change(w, sigma, pair, g, quotient(w, g, sigma, pair))
        return value.astype(g.dtype), [w_bar.astype(g.dtype)]

    function.__name__ = name
    mutant(OP, bug, diagnosis, words)(function)


def by_estimate(steps):
    return lambda w, s, d, g, x: (w / (power_iteration(w, steps)[0] or 1), x)


def frobenius(w):
    return np.sqrt((w * w).sum())


for _name, _bug, _diagnosis, _words, _change in (
    ("by_one_step_of_power_iteration", "B6", "estimate from below", ["power iteration"], by_estimate(1)),
    ("by_two_steps_of_power_iteration", "B6", "estimate from below", ["power iteration"], by_estimate(2)),
    ("by_the_frobenius_norm", "B15", "another norm", ["Frobenius"], lambda w, s, d, g, x: (w / frobenius(w), x)),
    (
        "by_the_root_of_rows_and_columns",
        "B15",
        "",
        [],
        lambda w, s, d, g, x: (w / np.sqrt(np.abs(w).sum(axis=0).max() * np.abs(w).sum(axis=1).max()), x),
    ),
    (
        "by_the_largest_row_sum",
        "B15",
        "another norm",
        ["of a row"],
        lambda w, s, d, g, x: (w / np.abs(w).sum(axis=1).max(), x),
    ),
    ("by_the_norm_squared", "B15", "square root missing", [], lambda w, s, d, g, x: (w / s**2, x)),
    (
        "only_where_the_norm_exceeds_1",
        "B9",
        "normalised only above 1",
        ["max(1, norm)"],
        lambda w, s, d, g, x: (w / max(s, 1), x),
    ),
    ("not_at_all", "B22", "nothing normalised", [], lambda w, s, d, g, x: (w, x)),
    ("half_of_it", "B9", "constant factor in the result", ["1/2"], lambda w, s, d, g, x: (w / s / 2, x)),
    (
        "an_epsilon_in_the_denominator_as_in_deel_torchlip",
        "B7",
        "absolute epsilon",
        ["0.001", "added"],
        lambda w, s, d, g, x: (w / (s + w.dtype.type(1e-3)), x),
    ),
    (
        "a_norm_never_below_an_epsilon",
        "B7",
        "absolute epsilon",
        ["smaller"],
        lambda w, s, d, g, x: (w / np.maximum(s, w.dtype.type(1e-6)), x),
    ),
    ("the_norm_detached", "B1", "detached norm", ["g / norm"], lambda w, s, d, g, x: (w / s, g / s)),
    (
        "the_division_forgotten_in_the_gradient",
        "B1",
        "division missing in the gradient",
        [],
        lambda w, s, d, g, x: (w / s, x * s),
    ),
    (
        "plus_for_minus",
        "B1",
        "sign of the second term",
        [],
        lambda w, s, d, g, x: (w / s, (g + d * (g * w / s).sum()) / s),
    ),
    (
        "w_for_the_pair_of_vectors",
        "B1",
        "gradient of another norm",
        ["Frobenius"],
        lambda w, s, d, g, x: (w / s, quotient(w, g, s, w / s)),
    ),
    ("minus_the_gradient", "B1", "sign of the gradient", [], lambda w, s, d, g, x: (w / s, -x)),
    ("the_gradient_passed_straight_through", "B1", "identity as gradient", [], lambda w, s, d, g, x: (w / s, g.copy())),
    ("under_no_grad", "B2", "no gradient", [], lambda w, s, d, g, x: (w / s, 0 * g)),
):
    changed(_name, _bug, _diagnosis, _words, _change)


@mutant(OP, "B12")
def each_row_by_its_own_norm(arrays, params, g):
    out, gradients = spectral_normalize(arrays, params, g)
    norms = np.sqrt((arrays[0] ** 2).sum(axis=1, keepdims=True))
    return arrays[0] / np.where(norms == 0, 1, norms).astype(out.dtype), gradients
