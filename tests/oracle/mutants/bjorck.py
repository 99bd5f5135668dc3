"""Bjorck's iteration gone wrong: steps, coefficients, scalings, and what is detached on the way back."""

import math

import numpy as np

from refsort.oracle.bugs import class_of
from tests.oracle.mutants import mutant
from tests.oracle.plain import bjorck, cut

SHORT = ("float32", "bfloat16")


def replaced(name, diagnosis, words=(), dtypes=("float32",), bug="", **parts):
    """Register the plain iteration with some of its parts replaced."""

    def function(arrays, params, g):
        return bjorck(arrays, params, g, **parts)

    function.__name__ = name
    mutant("bjorck", bug or class_of(diagnosis), diagnosis, words, dtypes)(function)


def nonzero(norm):
    return lambda w: norm(w) if w.any() else 1.0


# --- steps: cemanil/LNets#6, Moonlight#22 ---

replaced("one_step_too_many", "number of steps", ["1 step too many"], SHORT, steps=lambda k: k + 1)
replaced("one_step_too_few", "number of steps", ["1 step too few"], SHORT, steps=lambda k: max(k - 1, 0))
replaced("two_steps_too_many", "number of steps", ["2 steps too many"], steps=lambda k: k + 2)
replaced("always_three_steps", "number of steps", ["always makes 3 steps"], SHORT, steps=lambda k: 3)
replaced(
    "never_more_than_one_step", "steps cut off", ["never makes more than 1 step"], SHORT, steps=lambda k: min(k, 1)
)
replaced("never_more_than_two_steps", "steps cut off", ["more than 2 steps"], steps=lambda k: min(k, 2))

# --- coefficients ---

replaced("order_1_whatever_was_asked", "order ignored", ["and 1 used"], SHORT, order=1)
replaced("order_1_with_beta_a_half", "order ignored", ["order and beta"], order=1, beta=1 / 2)
replaced("beta_a_half_whatever_was_asked", "beta ignored", [], ("float32", "float64", "bfloat16"), beta=1 / 2)
replaced("a_wrong_first_coefficient", "coefficients", ["1, 0.4, 0.375"], c=(0.4, 3 / 8, 5 / 16))
replaced("a_wrong_second_coefficient", "coefficients", ["1, 0.5, 0.25,"], c=(1 / 2, 1 / 4, 5 / 16))
replaced("a_wrong_third_coefficient", "coefficients", ["1, 0.5, 0.375, 0.2,"], c=(1 / 2, 3 / 8, 1 / 5))
replaced("a_wrong_second_coefficient_in_float16", "coefficients", [], ("float16",), c=(1 / 2, 1 / 4, 5 / 16))

# --- scalings that nobody asked for: the iterate of another matrix ---

replaced("over_the_spectral_norm", "scaled first", ["spectral"], SHORT, scale=nonzero(lambda w: np.linalg.norm(w, 2)))
replaced("over_the_frobenius_norm", "scaled first", ["Frobenius norm"], SHORT, scale=nonzero(np.linalg.norm))
replaced(
    "over_a_frobenius_norm_above_1",
    "scaled first",
    ["Frobenius norm", "above 1"],
    scale=lambda w: max(1, np.linalg.norm(w)),
)
replaced("over_the_root_of_m_n_as_in_lnets", "scaled first", ["sqrt(m n)"], SHORT, scale=lambda w: math.sqrt(w.size))
replaced(
    "over_the_root_of_the_norms_1_and_inf",
    "scaled first",
    ["sqrt(|W|_1 |W|_inf)"],
    scale=nonzero(lambda w: math.sqrt(np.linalg.norm(w, 1) * np.linalg.norm(w, np.inf))),
)
replaced("over_the_largest_entry", "scaled first", ["largest entry"], scale=nonzero(lambda w: np.abs(w).max()))
replaced(
    "over_the_frobenius_norm_and_an_epsilon",
    "",
    bug="B7",
    scale=lambda w: np.linalg.norm(w) + 1e-3,
)

# --- the way back ---

LONGER = ("float32", "float64", "float16")  # eight bits are too few to tell these from rounding
replaced("the_last_step_alone_differentiated", "gradient of the last step only", [], LONGER, last=1)
replaced("the_gram_matrix_detached", "gradient without the Gram matrix", [], SHORT, gram=0)
replaced("the_gram_matrix_not_symmetrised", "Gram matrix not symmetrised", [], LONGER, symmetric=False)


@mutant("bjorck", "B1", "identity as gradient", dtypes=("float32", "bfloat16", "float64"))
def straight_through(arrays, params, g):
    """The whole iteration detached, as torchlip's buffer of eval mode is."""
    return bjorck(arrays, params, g)[0], [g.copy()]


@mutant("bjorck", "B2", "no gradient", dtypes=SHORT)
def under_no_grad(arrays, params, g):
    """pytorch/pytorch#13350."""
    return bjorck(arrays, params, g)[0], [np.zeros_like(g)]


@mutant("bjorck", "B1", "constant factor in the gradient", ["1/2 times"], SHORT)
def half_the_gradient(arrays, params, g):
    return bjorck(arrays, params, g)[0], bjorck(arrays, params, g / 2)[1]


@mutant("bjorck", "B1", "sign of the gradient", dtypes=SHORT)
def the_opposite_gradient(arrays, params, g):
    return bjorck(arrays, params, g)[0], bjorck(arrays, params, -g)[1]


@mutant("bjorck", "B1")
def the_gradient_of_the_first_step_alone(arrays, params, g):
    return bjorck(arrays, params, g)[0], bjorck(arrays, params | {"iterations": min(1, params["iterations"])}, 3 * g)[1]


# --- other answers ---


@mutant("bjorck", "B5", "sign flipped", dtypes=SHORT)
def minus_the_iterate(arrays, params, g):
    out, x_bar = bjorck(arrays, params, g)
    return -out, x_bar


@mutant("bjorck", "B4", "polar factor", dtypes=("float32", "float64", "bfloat16"))
def the_limit(arrays, params, g):
    u, _, vt = np.linalg.svd(arrays[0].astype(np.float64), full_matrices=False)
    return (u @ vt).astype(arrays[0].dtype), bjorck(arrays, params, g)[1]


@mutant("bjorck", "B4")
def stopped_where_the_change_is_below_a_tenth(arrays, params, g):
    """An absolute stopping rule, as torchlip's: fewer steps than asked for."""

    def steps(k):
        for n in range(k):
            now, then = (bjorck(arrays, params | {"iterations": i}, g)[0] for i in (n, n + 1))
            if np.linalg.norm(now - then) < 0.1:
                return n + 1
        return k

    return bjorck(arrays, params, g, steps=steps)


@mutant("bjorck", "B23")
def wide_taken_for_tall(arrays, params, g):
    """deel-lip#73: the product with A A^T where the shape asks for A^T A, cut to fit."""
    w = arrays[0]
    if w.shape[0] >= w.shape[1] or not params["iterations"]:
        return bjorck(arrays, params, g)
    k = len(w)
    out, (x_bar,) = bjorck([w[:, :k].copy()], params, g[:, :k].copy())
    return np.concatenate([out, w[:, k:]], axis=1), [np.concatenate([x_bar, g[:, k:]], axis=1)]


@mutant("bjorck", "B4")
def a_relaxed_iterate(arrays, params, g):
    out, x_bar = bjorck(arrays, params, g)
    return ((out + arrays[0]) / 2 + np.float32(0.03)).astype(out.dtype), x_bar


@mutant("bjorck", "B19", "lower precision", ["TF32"])
def steps_on_operands_of_eleven_bits(arrays, params, g):
    """adapters#772: every iterate is rounded to TF32, and the gradient is right."""
    out = arrays[0]
    for _ in range(params["iterations"]):
        out = cut(bjorck([cut(out, 11)], params | {"iterations": 1}, g)[0], 11)
    return out, bjorck(arrays, params, g)[1]


@mutant("bjorck", "B19", "lower precision", ["float32"], dtypes=("float64",))
def float32_for_float64(arrays, params, g):
    out, (x_bar,) = bjorck([arrays[0].astype(np.float32)], params, g.astype(np.float32))
    return out.astype(np.float64), [x_bar.astype(np.float64)]
