"""Sums for means, other divisors and signs; and gradients of these."""

import numpy as np

from tests.oracle.mutants import mutant
from tests.oracle.plain_losses import kr

OP, ALL = "kr", ("float16", "bfloat16", "float32", "float64")


def changed(name, bug, diagnosis, words, change):
    """Register a change (value, gradient on P, on Q, p, q, g) -> (value, gradients) of the right answer."""

    def function(arrays, params, g):
        value, (p_bar, q_bar) = kr(arrays, params, g)
        value, p_bar, q_bar = change(value, p_bar, q_bar, *arrays, g)
        dtype = arrays[0].dtype
        return value.astype(dtype), [p_bar.astype(dtype), q_bar.astype(dtype)]

    function.__name__ = name
    mutant(OP, bug, diagnosis, words, ALL if name in BY_ALL else ("float32",))(function)


BY_ALL = ("both_divided_by_the_size_of_p", "the_gradient_of_sums")


def total(p, q):
    return p.sum() - q.sum()


for _name, _bug, _diagnosis, _words, _change in (
    ("minus_the_value", "B9", "constant factor in the result", ["minus"], lambda v, a, b, p, q, g: (-v, a, b)),
    ("the_absolute_value", "B18", "absolute value", [], lambda v, a, b, p, q, g: (abs(v), a, b)),
    ("a_sum_for_the_mean", "B18", "sum for mean", ["both means"], lambda v, a, b, p, q, g: (total(p, q), a, b)),
    (
        "both_divided_by_the_size_of_p",
        "B18",
        "sum for mean",
        ["values on P"],
        lambda v, a, b, p, q, g: (total(p, q) / p.size, a, b),
    ),
    (
        "divided_by_all_values",
        "B18",
        "sum for mean",
        ["all values"],
        lambda v, a, b, p, q, g: (total(p, q) / (p.size + q.size), a, b),
    ),
    ("half_of_the_value", "B9", "constant factor in the result", ["1/2"], lambda v, a, b, p, q, g: (v / 2, a, b)),
    ("minus_both_gradients", "B1", "sign of the gradient", ["P and", "Q"], lambda v, a, b, p, q, g: (v, -a, -b)),
    (
        "the_gradient_on_q_with_the_sign_of_p",
        "B1",
        "sign of the gradient",
        ["on Q"],
        lambda v, a, b, p, q, g: (v, a, -b),
    ),
    (
        "the_gradient_of_sums",
        "B1",
        "gradient of a sum",
        ["both means"],
        lambda v, a, b, p, q, g: (v, a * p.size, b * q.size),
    ),
    (
        "the_gradient_on_p_divided_by_all_values",
        "B1",
        "gradient of a sum",
        ["on P"],
        lambda v, a, b, p, q, g: (v, a * p.size / (p.size + q.size), b),
    ),
    (
        "the_gradients_exchanged",
        "B1",
        "gradients exchanged",
        [],
        lambda v, a, b, p, q, g: (v, np.full_like(p, b[0]), np.full_like(q, a[0])),
    ),
    ("the_cotangent_forgotten", "B1", "cotangent ignored", [], lambda v, a, b, p, q, g: (v, a / g, b / g)),
    ("no_gradient_on_q", "B2", "no gradient", ["on Q"], lambda v, a, b, p, q, g: (v, a, 0 * b)),
):
    changed(_name, _bug, _diagnosis, _words, _change)


@mutant(OP, "B19", dtypes=("float16",))
def sums_that_overflow_in_float16(arrays, params, g):
    means = [x.sum(dtype=x.dtype) / x.dtype.type(x.size) for x in arrays]
    return means[0] - means[1], kr(arrays, params, g)[1]


@mutant(OP, "B18")
def not_a_number_for_a_constant_sample_as_by_a_standard_score(arrays, params, g):
    p, q = ((x - x.mean()) / x.std() * x.std() + x.mean() for x in arrays)
    return kr([p, q], params, g)
