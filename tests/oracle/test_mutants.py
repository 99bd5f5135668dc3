"""Implementations with one bug each, of kinds that were met in the world: the oracle fails every one of them.

Each is right but for its bug, and is judged on its own operation by the default number of cases.
"""

import itertools

import numpy as np
import pytest

from refsort.oracle import Adapter, check
from refsort.rounding import UNIT_ROUNDOFF

MUTANTS = {}


def mutant(op, dtype="float32"):
    """Register a function (arrays, params, cotangent) -> (result, gradients) as a faulty `op`."""
    return lambda function: MUTANTS.setdefault(function.__name__, (op, dtype, function))[2]


def verdict(op, dtype, function, shrink=False):
    def call(op, arrays, params, cotangent=None, dtype="float32"):
        shape = (arrays[0].shape[0], arrays[1].shape[0]) if op == "affine" else arrays[0].shape
        g = np.zeros(shape, arrays[0].dtype) if cotangent is None else cotangent
        out, gradients = function(arrays, params, g)
        return out, gradients if cotangent is not None else None

    adapter = Adapter(function.__name__, (dtype,), {}, UNIT_ROUNDOFF, frozenset([op]), call)
    return check(adapter, [op], shrink=shrink).rows[0]


# --- sorts ---


def sort(x, g, size, axis, order=None, back=None):
    """Sort groups by a stable argsort; `order` and `back` may replace the permutations of values and of gradients."""
    if size < 1 or x.shape[axis] % size:
        raise ValueError(f"groups of {size} do not divide {x.shape[axis]} features")
    groups, cotangents = (np.moveaxis(a, axis, -1).reshape(-1, size) for a in (x, g))
    stable = np.argsort(groups, axis=-1, kind="stable")
    forward = stable if order is None else order(groups)
    out, x_bar = np.take_along_axis(groups, forward, -1), np.empty_like(cotangents)
    np.put_along_axis(x_bar, stable if back is None else back(groups), cotangents, -1)
    shape = np.moveaxis(x, axis, -1).shape
    return tuple(np.ascontiguousarray(np.moveaxis(a.reshape(shape), -1, axis)) for a in (out, x_bar))


def pairwise(arrays, params, g, jacobian):
    """Max-min whose gradient at a tie has the given 2x2 Jacobian block."""
    x, axis = arrays[0], params["axis"]
    out, x_bar = sort(x, g, 2, axis)
    pairs, g_pairs, x_pairs = (np.moveaxis(a, axis, -1).reshape(-1, 2) for a in (x, g, x_bar.copy()))
    tied = pairs[:, 0] == pairs[:, 1]
    x_pairs[tied] = g_pairs[tied] @ np.array(jacobian, dtype=x.dtype)
    return out, [np.ascontiguousarray(np.moveaxis(x_pairs.reshape(np.moveaxis(x, axis, -1).shape), -1, axis))]


@mutant("max_min")
def both_gradients_to_the_first_as_torch_min_and_max_with_indices(arrays, params, g):
    return pairwise(arrays, params, g, [[1, 0], [1, 0]])


@mutant("max_min")
def both_gradients_to_the_second_as_where_less_and_where_greater(arrays, params, g):
    return pairwise(arrays, params, g, [[0, 1], [0, 1]])


@mutant("max_min")
def no_gradient_at_ties(arrays, params, g):
    return pairwise(arrays, params, g, [[0, 0], [0, 0]])


@mutant("group_sort")
def descending_and_not_declared(arrays, params, g):
    size, axis = params["group_size"], params["axis"]
    out, x_bar = sort(-arrays[0], g, size, axis)
    return -out, [x_bar]


@mutant("max_min")
def halves_and_not_declared(arrays, params, g):
    x, axis = arrays[0], params["axis"]
    first, second = np.split(x, 2, axis)
    low, high = np.split(g, 2, axis)
    swap = second < first
    out = np.concatenate([np.minimum(first, second), np.maximum(first, second)], axis)
    return out, [np.concatenate([np.where(swap, high, low), np.where(swap, low, high)], axis)]


@mutant("group_sort")
def the_number_of_groups_taken_for_the_group_size(arrays, params, g):
    x, axis = arrays[0], params["axis"]
    out, x_bar = sort(x, g, x.shape[axis] // params["group_size"], axis)
    return out, [x_bar]


@mutant("full_sort")
def the_last_axis_whatever_was_asked(arrays, params, g):
    out, x_bar = sort(arrays[0], g, arrays[0].shape[-1], -1)
    return out, [x_bar]


@mutant("group_sort")
def the_inverse_permutation_in_the_gradient(arrays, params, g):
    def inverse(groups):
        return np.argsort(np.argsort(groups, axis=-1, kind="stable"), axis=-1)

    out, x_bar = sort(arrays[0], g, params["group_size"], params["axis"], back=inverse)
    return out, [x_bar]


@mutant("full_sort")
def the_gradient_passed_straight_through(arrays, params, g):
    return sort(arrays[0], g, arrays[0].shape[params["axis"]], params["axis"])[0], [g.copy()]


@mutant("group_sort", "float64")
def float64_data_through_float32(arrays, params, g):
    x = arrays[0].astype(np.float32).astype(np.float64)
    out, x_bar = sort(x, g, params["group_size"], params["axis"])
    return out, [x_bar]


# --- affine ---


def affine(arrays, g):
    x, w, b = arrays
    return x @ w.T + b, [g @ w, g.T @ x, g.sum(axis=0)]


@mutant("affine")
def the_weight_read_in_the_other_layout(arrays, params, g):
    x, w, b = arrays
    return x @ w.reshape(w.shape[::-1]) + b, affine(arrays, g)[1]


@mutant("affine")
def no_bias(arrays, params, g):
    return arrays[0] @ arrays[1].T, affine(arrays, g)[1]


@mutant("affine")
def twice_the_gradient_of_w(arrays, params, g):
    out, (x_bar, w_bar, b_bar) = affine(arrays, g)
    return out, [x_bar, 2 * w_bar, b_bar]


@mutant("affine")
def the_gradient_of_w_transposed(arrays, params, g):
    out, (x_bar, w_bar, b_bar) = affine(arrays, g)
    return out, [x_bar, w_bar.T.copy(), b_bar]


@mutant("affine")
def the_mean_over_the_batch_in_the_gradient_of_b(arrays, params, g):
    out, (x_bar, w_bar, b_bar) = affine(arrays, g)
    return out, [x_bar, w_bar, b_bar / np.float32(len(g))]


@mutant("affine")
def operands_of_eleven_bits_and_not_declared(arrays, params, g):
    def cut(a):
        mantissa, exponent = np.frexp(a)
        return np.ldexp(np.rint(mantissa * 2**11) / 2**11, exponent).astype(np.float32)

    return cut(arrays[0]) @ cut(arrays[1]).T + arrays[2], affine(arrays, g)[1]


# --- Bjorck ---

COEFFICIENTS = [1 / 2, 3 / 8, 5 / 16]


def bjorck(arrays, params, g, c=COEFFICIENTS, steps=None, symmetric=True, scale=1.0):
    """The plain iteration and its reverse pass, whose coefficients and number of steps may be replaced."""
    a, order = arrays[0] * np.float32(scale), params["order"]
    c = [params["beta"] if c is COEFFICIENTS else c[0]] if order == 1 else c[:order]
    eye, iterates = np.eye(a.shape[1], dtype=a.dtype), []
    for _ in range(params["iterations"] if steps is None else steps(params["iterations"])):
        iterates.append(a)
        a = a @ sum((np.float32(x) * np.linalg.matrix_power(eye - a.T @ a, j + 1) for j, x in enumerate(c)), eye)
    for at in reversed(iterates):
        q, q_bar = eye - at.T @ at, np.zeros_like(eye)
        total = sum((np.float32(x) * np.linalg.matrix_power(q, j + 1) for j, x in enumerate(c)), eye)
        for j, x in enumerate(c):
            for i in range(j + 1):  # the product rule on q^(j + 1)
                left, right = np.linalg.matrix_power(q, i), np.linalg.matrix_power(q, j - i)
                q_bar += np.float32(x) * left @ at.T @ g @ right
        g = g @ total - at @ (q_bar + q_bar.T if symmetric else 2 * q_bar)
    return a, [g]


@mutant("bjorck")
def detached_the_cotangent_is_the_gradient(arrays, params, g):
    return bjorck(arrays, params, g)[0], [g.copy()]


@mutant("bjorck")
def a_wrong_first_coefficient(arrays, params, g):
    return bjorck(arrays, params, g, c=[0.4, 3 / 8, 5 / 16])


@mutant("bjorck")
def a_wrong_second_coefficient(arrays, params, g):
    return bjorck(arrays, params, g, c=[1 / 2, 1 / 4, 5 / 16])


@mutant("bjorck")
def beta_ignored(arrays, params, g):
    return bjorck(arrays, params | {"beta": 0.5}, g)


@mutant("bjorck")
def one_step_too_many(arrays, params, g):
    return bjorck(arrays, params, g, steps=lambda n: n + 1)


@mutant("bjorck")
def never_more_than_two_steps(arrays, params, g):
    return bjorck(arrays, params, g, steps=lambda n: min(n, 2))


@mutant("bjorck")
def half_of_the_symmetric_term_of_the_gradient(arrays, params, g):
    return bjorck(arrays, params, g, symmetric=False)


@mutant("bjorck")
def a_scaling_nobody_asked_for(arrays, params, g):
    return bjorck(arrays, params, g, scale=1 / np.sqrt(arrays[0].size))


# --- the l1 ball ---


def l1(arrays, params, g, interior=True, mean=True, radius=None):
    v, radius = arrays[0], np.float32(params["radius"] if radius is None else radius)
    sizes = -np.sort(-np.abs(v), axis=1)
    thetas = (np.cumsum(sizes, axis=1) - radius) / np.arange(1, v.shape[1] + 1, dtype=v.dtype)
    tau = thetas.max(axis=1, keepdims=True)
    kept = np.abs(v) > tau
    out = np.sign(v) * np.maximum(np.abs(v) - tau, 0)
    if not interior:  # the formula for the sphere, signs of zeros taken as +1
        out = np.where(v < 0, -1, 1).astype(v.dtype) * np.maximum(np.abs(v) - tau, 0)
    shared = (np.sign(v) * g * kept).sum(axis=1, keepdims=True) / np.maximum(kept.sum(axis=1, keepdims=True), 1)
    x_bar = kept * (g - np.sign(v) * shared * mean)
    inside = (np.abs(v).sum(axis=1, keepdims=True) <= radius) & interior
    return np.where(inside, v, out).astype(v.dtype), [np.where(inside, g, x_bar).astype(v.dtype)]


@mutant("project_l1_ball")
def the_sphere_for_the_ball(arrays, params, g):
    return l1(arrays, params, g, interior=False)


@mutant("project_l1_ball")
def the_gradient_of_soft_thresholding_alone(arrays, params, g):
    return l1(arrays, params, g, mean=False)


@mutant("project_l1_ball")
def the_radius_ignored(arrays, params, g):
    return l1(arrays, params, g, radius=1)


@mutant("project_l1_ball")
def rows_rescaled_to_the_ball(arrays, params, g):
    v, radius = arrays[0], np.float32(params["radius"])
    return v / np.maximum(1, np.abs(v).sum(axis=1, keepdims=True) / radius), l1(arrays, params, g)[1]


@mutant("project_l1_ball")
def columns_for_rows(arrays, params, g):
    out, (x_bar,) = l1([arrays[0].T], params, g.T)
    return out.T.copy(), [x_bar.T.copy()]


@mutant("project_l1_ball")
def the_identity_as_gradient(arrays, params, g):
    return l1(arrays, params, g)[0], [g.copy()]


@mutant("project_l1_ball")
def no_gradient_on_the_sphere(arrays, params, g):
    """Neither the Jacobian of the inside nor one of the outside, and no mixture of them."""
    out, (x_bar,) = l1(arrays, params, g)
    on = np.abs(arrays[0]).sum(axis=1, keepdims=True) == np.float32(params["radius"])
    return out, [np.where(on, 0, x_bar).astype(out.dtype)]


# --- conduct ---


@mutant("max_min")
def the_input_sorted_in_place(arrays, params, g):
    out, x_bar = sort(arrays[0], g, 2, params["axis"])
    arrays[0][...] = out
    return out, [x_bar]


@mutant("max_min")
def float64_out_for_float32_in(arrays, params, g):
    out, x_bar = sort(arrays[0], g, 2, params["axis"])
    return out.astype(np.float64), [x_bar]


@mutant("max_min")
def a_flattened_result(arrays, params, g):
    out, x_bar = sort(arrays[0], g, 2, params["axis"])
    return out.reshape(1, -1), [x_bar]


@mutant("max_min")
def a_gradient_of_another_dtype(arrays, params, g):
    out, x_bar = sort(arrays[0], g, 2, params["axis"])
    return out, [x_bar.astype(np.float16)]


@mutant("affine")
def one_gradient_of_three(arrays, params, g):
    out, gradients = affine(arrays, g)
    return out, gradients[:1]


@mutant("affine")
def gradients_of_none(arrays, params, g):
    return affine(arrays, g)[0], None


@mutant("max_min")
def an_exception(arrays, params, g):
    raise RuntimeError("the kernel\nis missing")


@mutant("max_min")
def an_exit(arrays, params, g):
    raise SystemExit(0)


@mutant("max_min")
def nan(arrays, params, g):
    return np.full_like(arrays[0], np.nan), [g.copy()]


@mutant("max_min")
def a_list_for_an_array(arrays, params, g):
    out, x_bar = sort(arrays[0], g, 2, params["axis"])
    return out.tolist(), [x_bar]


COUNT = itertools.count()


@mutant("affine")
def another_answer_at_every_call(arrays, params, g):
    out, gradients = affine(arrays, g)
    return out + np.float32(next(COUNT)), gradients


ORIGINALS = {
    "group_sort": lambda arrays, params, g: _one(sort(arrays[0], g, params["group_size"], params["axis"])),
    "max_min": lambda arrays, params, g: pairwise(arrays, params, g, [[0, 1], [1, 0]]),
    "full_sort": lambda arrays, params, g: _one(sort(arrays[0], g, arrays[0].shape[params["axis"]], params["axis"])),
    "affine": lambda arrays, params, g: affine(arrays, g),
    "bjorck": bjorck,
    "project_l1_ball": l1,
}


def _one(answer):
    return answer[0], [answer[1]]


@pytest.mark.parametrize("op", ORIGINALS)
def test_without_their_bugs_the_mutants_pass(op):
    row = verdict(op, "float32", ORIGINALS[op])
    assert row.verdict == "PASS", row.failure


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_fails_on_its_own_operation(name):
    row = verdict(*MUTANTS[name])
    assert row.verdict == "FAIL"
    assert row.failure.claim
    assert row.failure.ratio is None or row.failure.ratio > 1


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("an_exception", ["the call raised", "RuntimeError: the kernel is missing"]),
        ("an_exit", ["the call raised", "SystemExit: 0"]),
        ("nan", ["finite", "nan"]),
        ("float64_out_for_float32_in", ["dtype", "float32", "float64"]),
        ("a_flattened_result", ["shape", "(2,)", "(1, 2)"]),
        ("the_input_sorted_in_place", ["an input was written to"]),
        ("one_gradient_of_three", ["a list of 3", "1 of them"]),
        ("gradients_of_none", ["a list of 3", "NoneType"]),
        ("a_list_for_an_array", ["an ndarray", "list"]),
        ("another_answer_at_every_call", ["the same"]),
        ("both_gradients_to_the_first_as_torch_min_and_max_with_indices", ["majorised by the cotangent", "[3.0, 0.0]"]),
    ],
)
def test_a_failure_says_what_was_expected_and_what_was_found(name, words):
    failure = verdict(*MUTANTS[name], shrink=True).failure
    text = f"{failure.claim} {failure.expected} {failure.found}"
    assert all(word in text for word in words), text


def test_the_failing_case_is_shrunk():
    failure = verdict(*MUTANTS["both_gradients_to_the_first_as_torch_min_and_max_with_indices"], shrink=True).failure
    assert failure.case.arrays[0].tolist() == [0.0, 0.0]
    assert failure.case.cotangent.tolist() == [1.0, 2.0]
