"""Planted bugs are named by their own names, and by no other; bugs that nobody knows, and right answers, by none."""

import math
import os

import numpy as np
import pytest

from refsort.oracle import Adapter, Mismatch, cases, check, load
from refsort.oracle.bugs import BUGS, class_of
from refsort.oracle.conventions import declared
from refsort.oracle.diagnosis import diagnose, effective_bits
from refsort.oracle.diagnosis.witness import drawn
from refsort.rounding import UNIT_ROUNDOFF

PLANTED, UNKNOWN = [], []
EXAMPLES = 28  # fewer than by default, for speed
SEED = int(os.environ.get("REFSORT_SEED", "0"))  # any other seed must do as well


def planted(name, *ops, words=(), dtype="float32", conventions=()):
    """Register a function (arrays, params, cotangent) -> (result, gradients) as an `op` whose bug has this name."""
    return lambda function: PLANTED.extend((name, op, words, dtype, dict(conventions), function) for op in ops)


def unknown(*ops, dtype="float32"):
    """Register one whose bug is not in any list."""
    return lambda function: UNKNOWN.extend((op, dtype, function) for op in ops)


def adapter_of(op, dtype, function, conventions=()):
    def call(op, arrays, params, cotangent=None, dtype="float32"):
        shape = (arrays[0].shape[0], arrays[1].shape[0]) if op == "affine" else arrays[0].shape
        g = np.zeros(shape, arrays[0].dtype) if cotangent is None else cotangent
        size = {"max_min": 2, "full_sort": arrays[0].shape[params["axis"]]}.get(op) if "axis" in params else None
        out, gradients = function(arrays, params if size is None else params | {"group_size": size}, g)
        return out, gradients if cotangent is not None else None

    return Adapter(function.__name__, (dtype,), declared(dict(conventions)), UNIT_ROUNDOFF, frozenset([op]), call)


def failure(adapter, op, seed=0, shrink=False):
    return check(adapter, [op], max_examples=400, random_seed=seed, shrink=shrink).rows[0].failure


# --- sorts ---

SORTS = ("group_sort", "max_min", "full_sort")


def sort(x, g, size, axis, rearrange=lambda g, order: g):
    """Groups sorted stably; `rearrange` may change what is scattered back."""
    if size < 1 or x.shape[axis] % size:
        raise ValueError(f"groups of {size} do not divide {x.shape[axis]} features")
    rows, cotangents = (np.moveaxis(a, axis, -1).reshape(-1, size) for a in (x, g))
    order = np.argsort(rows, axis=-1, kind="stable")
    x_bar = np.empty_like(cotangents)
    np.put_along_axis(x_bar, order, rearrange(cotangents, order).astype(x.dtype), -1)
    shape = np.moveaxis(x, axis, -1).shape
    values = np.take_along_axis(rows, order, -1)
    out, x_bar = (np.ascontiguousarray(np.moveaxis(a.reshape(shape), -1, axis)) for a in (values, x_bar))
    return out, [x_bar]


def asked(arrays, params, g, **changes):
    return sort(arrays[0], g, params["group_size"], changes.pop("axis", params["axis"]), **changes)


def along(a, axis, function):
    return np.ascontiguousarray(np.moveaxis(function(np.moveaxis(a, axis, -1)), -1, axis))


@planted("descending", *SORTS, words=["'order': 'descending'"])
def descending(arrays, params, g):
    out, x_bar = asked([-arrays[0]], params, g)
    return -out, x_bar


def laid_out(arrays, params, g, descending=False, strided_in=True):
    """Strided groups out, and in as well."""
    size, axis = params["group_size"], params["axis"]
    count = arrays[0].shape[axis] // size
    gather = np.arange(size * count).reshape(size, count).T.ravel()  # strided position of each neighbour
    scatter = np.argsort(gather)
    x = np.take(arrays[0], gather, axis) if strided_in else arrays[0]
    flip = -1 if descending else 1
    out, (x_bar,) = sort(flip * x, np.take(g, gather, axis), size, axis)
    return np.take(flip * out, scatter, axis), [np.take(x_bar, scatter, axis) if strided_in else x_bar]


@planted("halves", "max_min", "group_sort", words=["'layout': 'halves'"])
def halves(arrays, params, g):
    return laid_out(arrays, params, g)


@planted("descending halves", "max_min", words=["'descending'", "'halves'"])
def descending_halves_as_in_orthogonium(arrays, params, g):
    return laid_out(arrays, params, g, descending=True)


@planted("blocks", "group_sort")
def blocks(arrays, params, g):
    return laid_out(arrays, params, g, strided_in=False)


@planted("descending blocks", "max_min")
def descending_blocks_as_in_lnets(arrays, params, g):
    return laid_out(arrays, params, g, descending=True, strided_in=False)


@planted("ascending", "group_sort", conventions={"group_sort": {"order": "descending"}})
def ascending_and_declared_descending(arrays, params, g):
    return asked(arrays, params, g)


@planted("group count", "group_sort")
def count_for_size(arrays, params, g):
    size = arrays[0].shape[params["axis"]] // params["group_size"]
    return sort(arrays[0], g, size, params["axis"])


@planted("full sort", "group_sort", "max_min")
def everything_sorted(arrays, params, g):
    return sort(arrays[0], g, arrays[0].shape[params["axis"]], params["axis"])


@planted("last axis", "full_sort", words=["last axis"])
def last_axis(arrays, params, g):
    return sort(arrays[0], g, arrays[0].shape[-1], -1)


@planted("first axis", "full_sort", words=["axis 0"])
def first_axis(arrays, params, g):
    return sort(arrays[0], g, arrays[0].shape[0], 0)


@planted("second axis", "full_sort", words=["axis 1"])
def second_axis(arrays, params, g):
    axis = min(1, arrays[0].ndim - 1)
    return sort(arrays[0], g, arrays[0].shape[axis], axis)


@planted("flattened", "full_sort")
def flattened(arrays, params, g):
    out, (x_bar,) = sort(arrays[0].ravel(), g.ravel(), g.size, 0)
    return out.reshape(g.shape), [x_bar.reshape(g.shape)]


@planted("flattened", "group_sort")
def groups_of_the_flattened(arrays, params, g):
    out, (x_bar,) = sort(arrays[0].ravel(), g.ravel(), params["group_size"], 0)
    return out.reshape(g.shape), [x_bar.reshape(g.shape)]


@planted("group size ignored", "group_sort")
def always_pairs(arrays, params, g):
    if arrays[0].shape[params["axis"]] % 2:
        raise NotImplementedError("pairs")
    return sort(arrays[0], g, 2, params["axis"])


@planted("nothing sorted", "max_min")
def nothing(arrays, params, g):
    return arrays[0].copy(), [g.copy()]


@planted("CReLU", "max_min", words=["Blot"])
def crelu(arrays, params, g):
    x = arrays[0]
    return np.concatenate([np.maximum(x, 0), np.maximum(-x, 0)], params["axis"]), [g.copy()]


@planted("identity as gradient", *SORTS, words=["detached"])
def straight_through(arrays, params, g):
    return asked(arrays, params, g)[0], [g.copy()]


@planted("inverse permutation", "group_sort", "full_sort", words=["P for P^T"])
def gather_for_scatter(arrays, params, g):
    return asked(arrays, params, g, rearrange=lambda g, p: np.take_along_axis(np.take_along_axis(g, p, -1), p, -1))


@planted("reversed gradient", *SORTS)
def cotangent_back_to_front(arrays, params, g):
    return asked(arrays, params, g, rearrange=lambda g, p: g[:, ::-1])


@planted("no gradient", *SORTS)
def detached_altogether(arrays, params, g):
    return asked(arrays, params, g)[0], [np.zeros_like(g)]


@planted("sign of the gradient", "group_sort")
def opposite(arrays, params, g):
    return asked(arrays, params, -g)


@planted("constant factor in the gradient", "group_sort", words=["2 times"])
def summed_twice(arrays, params, g):
    return asked(arrays, params, 2 * g)


@planted("constant factor in the gradient", "full_sort", words=["1/3 times"])
def a_third(arrays, params, g):
    return asked(arrays, params, g, rearrange=lambda g, p: g / np.float32(3))


@planted("constant factor in the gradient", "max_min", words=["sqrt(2) times"])
def sqrt_2(arrays, params, g):
    return asked(arrays, params, g, rearrange=lambda g, p: g * np.float32(math.sqrt(2)))


def at_ties(arrays, params, g, jacobian):
    x, axis = arrays[0], params["axis"]
    out, (x_bar,) = asked(arrays, params, g)
    pairs, cotangents, result = (np.moveaxis(a, axis, -1).reshape(-1, 2).copy() for a in (x, g, x_bar))
    tied = pairs[:, 0] == pairs[:, 1]
    result[tied] = cotangents[tied] @ np.array(jacobian, dtype=x.dtype)
    return out, [np.ascontiguousarray(np.moveaxis(result.reshape(np.moveaxis(x, axis, -1).shape), -1, axis))]


@planted("all gradients to the first at ties", "max_min", words=["sqrt(2)"])
def torch_min_and_max_with_indices(arrays, params, g):
    return at_ties(arrays, params, g, [[1, 0], [1, 0]])


@planted("all gradients to the last at ties", "max_min")
def where_less_and_where_greater(arrays, params, g):
    return at_ties(arrays, params, g, [[0, 1], [0, 1]])


@planted("all gradients to each at ties", "max_min", words=["norm 2"])
def equality_masks(arrays, params, g):
    return at_ties(arrays, params, g, [[1, 1], [1, 1]])


@planted("no gradient at ties", "max_min")
def strict_masks(arrays, params, g):
    return at_ties(arrays, params, g, [[0, 0], [0, 0]])


@planted("lower precision", "full_sort", dtype="float64", words=["float32"])
def through_float32(arrays, params, g):
    with np.errstate(over="ignore"):
        return asked([arrays[0].astype(np.float32).astype(np.float64)], params, g)


@unknown(*SORTS)
def the_first_group_back_to_front(arrays, params, g):
    out, x_bar = asked(arrays, params, g)
    out[tuple(slice(0, 1) if k else slice(None) for k in range(out.ndim))] *= 1.5
    return out, x_bar


@unknown("full_sort", "group_sort")
def gradients_rolled_by_one(arrays, params, g):
    return asked(arrays, params, g, rearrange=lambda g, p: np.roll(g, 1, axis=-1) if g.shape[1] > 2 else 3 * g[:, ::-1])


@unknown("max_min")
def gradients_at_ties_with_weights_of_sum_3(arrays, params, g):
    return at_ties(arrays, params, g, [[2, 1], [0, 0]])


# --- affine ---


def affine(arrays, g):
    x, w, b = arrays
    return x @ w.T + b, [g @ w, g.T @ x, g.sum(axis=0)]


def affine_bug(name, words=(), dtype="float32"):
    """Register (out, gradients, x, w, b, g) -> (out, gradients), which spoils the right ones."""

    def register(spoil):
        def function(arrays, params, g):
            return spoil(*affine(arrays, g), *arrays, g)

        function.__name__ = spoil.__name__
        planted(name, "affine", words=words, dtype=dtype)(function)

    return register


@affine_bug("bias missing")
def no_bias(out, gradients, x, w, b, g):
    return x @ w.T, gradients


@affine_bug("bias twice")
def two_biases(out, gradients, x, w, b, g):
    return x @ w.T + 2 * b, gradients


@affine_bug("bias subtracted")
def minus_the_bias(out, gradients, x, w, b, g):
    return x @ w.T - b, gradients


@affine_bug("other weight layout")
def reread(out, gradients, x, w, b, g):
    return x @ w.reshape(w.shape[::-1]) + b, gradients


@affine_bug("transposed weight", words=["(d_in, d_out)"])
def x_w(out, gradients, x, w, b, g):
    return x @ w + b, gradients


@affine_bug("gradient averaged over the batch", words=["of b is"])
def mean_of_b(out, gradients, x, w, b, g):
    return out, [*gradients[:2], g.mean(axis=0)]


@affine_bug("gradient averaged over the batch", words=["of W and b is"])
def mean_of_w_and_b(out, gradients, x, w, b, g):
    return out, [gradients[0], gradients[1] / np.float32(len(g)), gradients[2] / np.float32(len(g))]


@affine_bug("gradient not summed over the batch")
def not_summed(out, gradients, x, w, b, g):
    return out, [*gradients[:2], g.copy()]


@affine_bug("gradient not summed over the batch", words=["one sample"])
def first_sample(out, gradients, x, w, b, g):
    return out, [*gradients[:2], g.sum(axis=0) if not len(g) else g[0].copy()]


@affine_bug("transposed gradient", words=["of W"])
def w_bar_transposed(out, gradients, x, w, b, g):
    return out, [gradients[0], gradients[1].T.copy(), gradients[2]]


@affine_bug("transposed gradient", words=["of W"])
def w_bar_reread(out, gradients, x, w, b, g):
    return out, [gradients[0], np.ascontiguousarray(gradients[1].T).reshape(w.shape), gradients[2]]


@affine_bug("no gradient", words=["x"])
def no_x_bar(out, gradients, x, w, b, g):
    return out, [np.zeros_like(x), *gradients[1:]]


@affine_bug("no gradient", words=["W and b"])
def only_x_bar(out, gradients, x, w, b, g):
    return out, [gradients[0], np.zeros_like(w), np.zeros_like(b)]


@affine_bug("constant factor in the gradient", words=["of b is 1/2 times"])
def half_of_b(out, gradients, x, w, b, g):
    return out, [*gradients[:2], gradients[2] / 2]


@affine_bug("sign of the gradient", words=["of W"])
def minus_w_bar(out, gradients, x, w, b, g):
    return out, [gradients[0], -gradients[1], gradients[2]]


def cut(a, bits):
    mantissa, exponent = np.frexp(a)
    return np.ldexp(np.rint(mantissa * 2.0**bits) / 2.0**bits, exponent).astype(a.dtype)


@affine_bug("lower precision", words=["TF32"])
def eleven_bits(out, gradients, x, w, b, g):
    return cut(x, 11) @ cut(w, 11).T + b, gradients


@affine_bug("lower precision", words=["bfloat16"])
def eight_bits(out, gradients, x, w, b, g):
    return cut(cut(x, 8) @ cut(w, 8).T + cut(b, 8), 8), gradients


@affine_bug("lower precision", dtype="float64", words=["float32"])
def single_for_double(out, gradients, x, w, b, g):
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        single = [a.astype(np.float32) for a in (x, w, b)]
        return (single[0] @ single[1].T + single[2]).astype(np.float64), gradients


@unknown("affine")
def one_entry_of_w_forgotten(arrays, params, g):
    out, gradients = affine(arrays, g)
    return out - (arrays[0][:, :1] * arrays[1][:1, 0]), gradients


@unknown("affine")
def one_percent_off(arrays, params, g):
    out, gradients = affine(arrays, g)
    return out + np.float32(0.01), gradients


@unknown("affine")
def only_positive_gradients(arrays, params, g):
    out, gradients = affine(arrays, g)
    return out, [np.maximum(gradient, 0) for gradient in gradients]


# --- Bjorck ---


def bjorck(arrays, params, g, steps=None, order=None, beta=None, c=None, scale=1.0, symmetric=True, gram=1, last=None):
    """The plain iteration and its reverse pass, each part of which may be replaced."""
    a = (arrays[0] / np.float64(scale)).astype(arrays[0].dtype)
    order = params["order"] if order is None else order
    c = [1 / 2, 3 / 8, 5 / 16] if c is None else c
    c = [params["beta"] if beta is None else beta, *c[1:]] if order == 1 and c[0] == 1 / 2 else c
    eye, iterates, of = np.eye(a.shape[1], dtype=a.dtype), [], a.dtype.type
    for _ in range(params["iterations"] if steps is None else steps(params["iterations"])):
        iterates.append(a)
        q = eye - a.T @ a
        a = a @ sum((of(x) * np.linalg.matrix_power(q, j + 1) for j, x in enumerate(c[:order])), eye)
    for at in iterates[::-1][:last]:
        q, q_bar = eye - at.T @ at, np.zeros_like(eye)
        total = sum((of(x) * np.linalg.matrix_power(q, j + 1) for j, x in enumerate(c[:order])), eye)
        for j, x in enumerate(c[:order]):
            for i in range(j + 1):
                left, right = np.linalg.matrix_power(q, i), np.linalg.matrix_power(q, j - i)
                q_bar += of(x) * left @ at.T @ g @ right
        g = g @ total - of(gram) * at @ (q_bar + q_bar.T if symmetric else 2 * q_bar)
    return a, [g]


def bjorck_bug(name, words=(), dtype="float32", **changes):
    def function(arrays, params, g):
        return bjorck(arrays, params, g, **{k: v(arrays[0]) if k == "scale" else v for k, v in changes.items()})

    function.__name__ = "_".join(["bjorck", *changes])
    planted(name, "bjorck", words=words, dtype=dtype)(function)


def nonzero(norm):
    return lambda w: norm(w) if w.any() else 1.0


bjorck_bug("number of steps", ["1 step too many"], steps=lambda k: k + 1)
bjorck_bug("number of steps", ["1 step too few"], steps=lambda k: max(k - 1, 0))
bjorck_bug("number of steps", ["2 steps too many"], steps=lambda k: k + 2)
bjorck_bug("number of steps", ["always makes 3 steps"], steps=lambda k: 3)
bjorck_bug("steps cut off", ["never makes more than 1 step"], steps=lambda k: min(k, 1))
bjorck_bug("order ignored", ["and 1 used"], order=1)
bjorck_bug("order ignored", order=1, beta=1 / 2)
bjorck_bug("beta ignored", beta=1 / 2)
bjorck_bug("beta ignored", beta=1 / 2, dtype="float64")
bjorck_bug("coefficients", ["1, 0.4, 0.375"], c=[0.4, 3 / 8, 5 / 16])
bjorck_bug("coefficients", ["1, 0.5, 0.25,"], c=[1 / 2, 1 / 4, 5 / 16])
bjorck_bug("coefficients", ["1, 0.5, 0.375, 0.2,"], c=[1 / 2, 3 / 8, 1 / 5])
bjorck_bug("scaled first", ["spectral norm"], scale=nonzero(lambda w: np.linalg.norm(w, 2)))
bjorck_bug("scaled first", ["Frobenius norm"], scale=nonzero(np.linalg.norm))
bjorck_bug("scaled first", ["Frobenius norm", "above 1"], scale=lambda w: max(1, np.linalg.norm(w)))
bjorck_bug("scaled first", ["sqrt(m n)"], scale=lambda w: math.sqrt(w.size))
bjorck_bug(
    "scaled first",
    ["sqrt(|W|_1 |W|_inf)"],
    scale=nonzero(lambda w: math.sqrt(np.linalg.norm(w, 1) * np.linalg.norm(w, np.inf))),
)
bjorck_bug("gradient of the last step only", last=1)
bjorck_bug("gradient of the last step only", last=1, dtype="float64")
bjorck_bug("gradient without the Gram matrix", gram=0)
bjorck_bug("Gram matrix not symmetrised", symmetric=False)


@planted("sign flipped", "bjorck")
def minus_the_iterate(arrays, params, g):
    out, x_bar = bjorck(arrays, params, g)
    return -out, x_bar


@planted("polar factor", "bjorck")
def the_limit(arrays, params, g):
    u, _, vt = np.linalg.svd(arrays[0].astype(np.float64), full_matrices=False)
    return (u @ vt).astype(arrays[0].dtype), bjorck(arrays, params, g)[1]


@planted("identity as gradient", "bjorck")
def straight_through_bjorck(arrays, params, g):
    return bjorck(arrays, params, g)[0], [g.copy()]


@planted("no gradient", "bjorck")
def under_no_grad(arrays, params, g):
    return bjorck(arrays, params, g)[0], [np.zeros_like(g)]


@planted("constant factor in the gradient", "bjorck", words=["1/2 times"])
def half_the_gradient_of_bjorck(arrays, params, g):
    return bjorck(arrays, params, g / 2)


@unknown("bjorck")
def a_relaxed_iterate(arrays, params, g):
    out, x_bar = bjorck(arrays, params, g)
    return ((out + arrays[0]) / 2 + np.float32(0.03)).astype(out.dtype), x_bar


@unknown("bjorck")
def the_gradient_of_the_first_step_alone(arrays, params, g):
    return bjorck(arrays, params, g)[0], bjorck(arrays, params | {"iterations": min(1, params["iterations"])}, g * 3)[1]


# --- the l1 ball ---


def l1(arrays, params, g, interior=True, mean=True, signs=True, radius=None, outside=True):
    v, radius = arrays[0], np.float32(params["radius"] if radius is None else radius)
    sizes = -np.sort(-np.abs(v), axis=1)
    thetas = (np.cumsum(sizes, axis=1) - radius) / np.arange(1, v.shape[1] + 1, dtype=v.dtype)
    tau = thetas.max(axis=1, keepdims=True)
    kept = np.abs(v) > tau
    out = np.sign(v) * np.maximum(np.abs(v) - tau, 0)
    s = np.sign(v) if signs else np.ones_like(v)
    shared = (s * g * kept).sum(axis=1, keepdims=True) / np.maximum(kept.sum(axis=1, keepdims=True), 1)
    x_bar = kept * (g - s * shared * mean) * outside
    inside = (np.abs(v).sum(axis=1, keepdims=True) <= radius) & interior
    return np.where(inside, v, out).astype(v.dtype), [np.where(inside, g, x_bar).astype(v.dtype)]


def l1_bug(name, words=(), dtype="float32", **changes):
    def function(arrays, params, g):
        return l1(arrays, params, g, **changes)

    function.__name__ = "_".join(["l1", *changes])
    planted(name, "project_l1_ball", words=words, dtype=dtype)(function)


l1_bug("sphere for ball", interior=False)
l1_bug("radius ignored", radius=1)
l1_bug("gradient of soft-thresholding", mean=False)
l1_bug("signs forgotten in the gradient", signs=False)
l1_bug("no gradient outside", outside=False)


def projected(name, words=()):
    """Register (row, radius) -> row, for a set that is not the ball, with a right gradient."""

    def register(project):
        def function(arrays, params, g):
            rows = [project(row, np.float32(params["radius"])) for row in arrays[0]]
            return np.array(rows).reshape(arrays[0].shape).astype(arrays[0].dtype), l1(arrays, params, g)[1]

        function.__name__ = project.__name__
        planted(name, "project_l1_ball", words=words)(function)

    return register


@projected("clipped entries")
def clipped(v, radius):
    return np.clip(v, -radius, radius)


@projected("soft-thresholding by the radius")
def soft(v, radius):
    return np.sign(v) * np.maximum(np.abs(v) - radius, 0)


@projected("rescaled rows")
def rescaled(v, radius):
    return v / max(1, np.abs(v).sum() / radius)


@projected("l2 ball for l1 ball")
def l2(v, radius):
    return v * min(1, radius / np.linalg.norm(v)) if v.any() else v


@projected("threshold without a search")
def all_kept(v, radius):
    tau = max((np.abs(v).sum() - radius) / len(v), 0)
    return np.sign(v) * np.maximum(np.abs(v) - tau, 0)


@projected("simplex for ball", words=["signs"])
def simplex(v, radius):
    thetas = (np.cumsum(-np.sort(-v)) - radius) / np.arange(1, len(v) + 1)
    return np.maximum(v - thetas.max(initial=-np.inf), 0)


@planted("columns for rows", "project_l1_ball")
def columns(arrays, params, g):
    out, (x_bar,) = l1([arrays[0].T], params, g.T)
    return out.T.copy(), [x_bar.T.copy()]


@planted("whole matrix", "project_l1_ball")
def whole(arrays, params, g):
    out, (x_bar,) = l1([arrays[0].reshape(1, -1)], params, g.reshape(1, -1))
    return out.reshape(arrays[0].shape), [x_bar.reshape(arrays[0].shape)]


@planted("identity as gradient", "project_l1_ball")
def straight_through_the_ball(arrays, params, g):
    return l1(arrays, params, g)[0], [g.copy()]


@planted("no gradient on the sphere", "project_l1_ball")
def nothing_on_the_sphere(arrays, params, g):
    out, (x_bar,) = l1(arrays, params, g)
    on = np.abs(arrays[0]).sum(axis=1, keepdims=True) == np.float32(params["radius"])
    return out, [np.where(on, 0, x_bar).astype(out.dtype)]


@planted("NaN for a zero", "project_l1_ball")
def normalised_first(arrays, params, g):
    out, x_bar = l1(arrays, params, g)
    if not arrays[0].size or arrays[0].any():
        return out, x_bar
    return np.full_like(out, np.nan), x_bar


@unknown("project_l1_ball")
def a_threshold_that_is_a_tenth_too_large(arrays, params, g):
    out, x_bar = l1(arrays, params, g)
    moved = np.abs(arrays[0]) - (np.abs(arrays[0]) - np.abs(out)) * np.float32(1.1)
    return np.sign(arrays[0]) * np.maximum(moved, 0), x_bar


@unknown("project_l1_ball")
def gradients_of_positive_entries_only(arrays, params, g):
    out, (x_bar,) = l1(arrays, params, g)
    return out, [np.where(arrays[0] > 0, x_bar, 2 * x_bar)]


COUNT = iter(range(10**9))


@planted("state between calls", "affine")
def a_counter(arrays, params, g):
    out, gradients = affine(arrays, g)
    return out + np.float32(next(COUNT)), gradients


@planted("another shape", "max_min")
def flattened_result(arrays, params, g):
    out, x_bar = asked(arrays, params, g)
    return out.reshape(1, -1), x_bar


def identifier(value):
    return value.__name__ if callable(value) else value if isinstance(value, str) else ""


@pytest.mark.parametrize(("name", "op", "words", "dtype", "conventions", "function"), PLANTED, ids=identifier)
def test_a_planted_bug_is_named(name, op, words, dtype, conventions, function):
    adapter, seed = adapter_of(op, dtype, function, conventions), SEED + len(function.__name__) % 3
    found = diagnose(failure(adapter, op, seed), adapter, examples=EXAMPLES, random_seed=seed)
    assert found is not None
    assert found.name == name
    assert all(word in found.sentence for word in words), found.sentence
    assert found.bug == class_of(name)
    assert 1 <= found.wrong <= found.cases


@pytest.mark.parametrize(("op", "dtype", "function"), UNKNOWN, ids=identifier)
def test_an_unknown_bug_gets_no_name(op, dtype, function):
    adapter, seed = adapter_of(op, dtype, function), SEED + len(function.__name__) % 3
    assert diagnose(failure(adapter, op, seed), adapter, examples=EXAMPLES, random_seed=seed) is None


# --- operations about which no more is known ---


def spoilt(out=lambda x, arrays: x, gradient=lambda g, arrays: g):
    """refsort's own operations with a result or gradients that are changed."""
    mine = load("numpy")

    def call(op, arrays, params, cotangent=None, dtype="float32"):
        y, found = mine.call(op, arrays, params, cotangent, dtype)
        y = np.asarray(out(y, arrays)).astype(dtype)
        return y, None if found is None else [g if g is None else gradient(g, arrays).astype(dtype) for g in found]

    return mine._replace(call=call)


SCALES = {
    "twice the result": ("spectral_norm", "constant factor in the result", spoilt(out=lambda y, _: 2 * y)),
    "minus the result": ("kr", "constant factor in the result", spoilt(out=lambda y, _: -y)),
    "a sum for a mean": ("hinge", "sum for mean", spoilt(out=lambda y, arrays: len(arrays[0]) * y)),
    "that, on the way back": (
        "cross_entropy",
        "constant factor in the gradient",
        spoilt(gradient=lambda g, arrays: len(arrays[0]) * g),
    ),
    "minus the gradient": ("hkr", "sign of the gradient", spoilt(gradient=lambda g, _: -g)),
    "a third of the result": ("spectral_norm", None, spoilt(out=lambda y, _: y / 3)),
}


@pytest.mark.parametrize("bug", SCALES)
def test_factors_are_named_for_every_operation(bug):
    op, name, adapter = SCALES[bug]
    wrong = check(adapter, [op], ["float32"], max_examples=100, shrink=False).rows[0].failure
    found = diagnose(wrong, adapter, examples=EXAMPLES)
    assert (found and found.name) == name


RIGHT = dict.fromkeys(SORTS, asked) | {"affine": lambda a, _, g: affine(a, g), "bjorck": bjorck, "project_l1_ball": l1}


@pytest.mark.parametrize("op", RIGHT)
def test_a_right_implementation_gets_no_name(op):
    adapter = adapter_of(op, "float32", RIGHT[op])
    assert check(adapter, [op]).passed
    case = drawn(op, "float32", 3)[-1]
    assert diagnose(Mismatch(case, "the result", "something", "something else"), adapter) is None


def test_every_diagnosis_of_the_table_is_planted_here():
    listed = {name for bug in BUGS.values() for name in bug.diagnoses}
    assert listed - {name for name, *_ in PLANTED} - {name for _, name, _ in SCALES.values()} == set()


def test_an_adapter_that_fails_only_in_the_form_is_not_explained_by_contents():
    def call(op, arrays, params, cotangent=None, dtype="float32"):
        raise RuntimeError

    adapter = Adapter("mine", ("float32",), {}, UNIT_ROUNDOFF, None, call)
    for op in RIGHT:
        assert diagnose(failure(adapter, op), adapter) is None


@pytest.mark.parametrize(
    ("ratio", "dtype", "bits"), [(1.0, "float32", 24), (2.0**13, "float32", 11), (2.0**29, "float64", 24)]
)
def test_effective_bits(ratio, dtype, bits):
    assert effective_bits(ratio, dtype) == bits


def test_effective_bits_of_exact_answers_and_of_nonsense():
    assert effective_bits(0.0, "float32") == math.inf
    assert effective_bits(1e300, "float32") == 0


def test_the_cases_drawn_are_the_same_each_time():
    assert repr(drawn("affine", "float32", 4)) == repr(drawn("affine", "float32", 4))
    assert cases("affine", "float32") is not None
