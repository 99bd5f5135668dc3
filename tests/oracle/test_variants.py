"""Correct implementations that differ in algorithm, rounding, layout and choice at kinks: none is ever accused."""

import math

import numpy as np
import pytest

from refsort.oracle import Adapter, check
from refsort.oracle.conventions import declared
from refsort.rounding import UNIT_ROUNDOFF

VARIANTS = {}


def variant(op, dtypes=("float32", "float64"), conventions=(), unit_roundoff=()):
    """Register a function (arrays, params, cotangent) -> (result, gradients) as a correct `op`."""
    declarations = (op, dtypes, dict(conventions), dict(unit_roundoff))
    return lambda function: VARIANTS.setdefault(function.__name__, (*declarations, function))[-1]


def judged(op, dtypes, conventions, unit_roundoff, function, seed=0, max_examples=80):
    def call(op, arrays, params, cotangent=None, dtype="float32"):
        shape = (arrays[0].shape[0], arrays[1].shape[0]) if op == "affine" else arrays[0].shape
        g = np.zeros(shape, arrays[0].dtype) if cotangent is None else cotangent
        out, gradients = function(arrays, params, g)
        return out, gradients if cotangent is not None else None

    roundoffs = UNIT_ROUNDOFF | unit_roundoff
    adapter = Adapter(function.__name__, dtypes, declared(conventions), roundoffs, frozenset([op]), call)
    return check(adapter, [op], max_examples=max_examples, random_seed=seed).rows


# --- sorts: every element of the Clarke Jacobian, every way to compute it, every layout ---


def grouped(a, size, axis):
    if size < 1 or a.shape[axis] % size:
        raise ValueError(f"groups of {size} do not divide {a.shape[axis]} features")
    return np.moveaxis(a, axis, -1).reshape(-1, size)


def ungrouped(a, like, axis):
    return np.ascontiguousarray(np.moveaxis(a.reshape(np.moveaxis(like, axis, -1).shape), -1, axis))


def by_order(arrays, params, g, size, order):
    x, axis = arrays[0], params["axis"]
    groups, x_bar = grouped(x, size, axis), np.empty_like(grouped(g, size, axis))
    permutation = order(groups)
    np.put_along_axis(x_bar, permutation, grouped(g, size, axis), -1)
    return ungrouped(np.take_along_axis(groups, permutation, -1), x, axis), [ungrouped(x_bar, x, axis)]


@variant("group_sort")
def ties_in_the_order_of_the_input(arrays, params, g):
    return by_order(arrays, params, g, params["group_size"], lambda x: np.argsort(x, axis=-1, kind="stable"))


@variant("group_sort")
def ties_in_reverse(arrays, params, g):
    def order(x):
        return x.shape[-1] - 1 - np.argsort(x[:, ::-1], axis=-1, kind="stable")

    return by_order(arrays, params, g, params["group_size"], order)


def shared(arrays, params, g, size):
    """The cotangents of tied entries are averaged: the centre of the permutohedron."""
    x, axis = arrays[0], params["axis"]
    groups, cotangents = grouped(x, size, axis), grouped(g, size, axis)
    out, x_bar = np.sort(groups, axis=-1), np.empty_like(cotangents)
    for row, y, y_bar, result in zip(groups, out, cotangents, x_bar, strict=True):
        for i, value in enumerate(row):
            result[i] = y_bar[y == value].mean(dtype=x.dtype)
    return ungrouped(out, x, axis), [ungrouped(x_bar, x, axis)]


@variant("group_sort", ("float16", "float32", "float64"))
def ties_averaged(arrays, params, g):
    return shared(arrays, params, g, params["group_size"])


@variant("full_sort", ("float16", "float32", "float64"))
def ties_averaged_over_the_whole_axis(arrays, params, g):
    return shared(arrays, params, g, arrays[0].shape[params["axis"]])


def pairs(arrays, params, g, formula):
    x, axis = arrays[0], params["axis"]
    (a, b), (g0, g1) = grouped(x, 2, axis).T, grouped(g, 2, axis).T
    values, gradients = formula(a, b, g0, g1)
    return ungrouped(np.stack(values, -1), x, axis), [ungrouped(np.stack(gradients, -1), x, axis)]


@variant("max_min", ("float16", "float32", "float64"))
def a_plus_relu(arrays, params, g):
    def formula(
        a, b, g0, g1
    ):  # low = b - relu(b - a), high = a + relu(b - a), relu'(0) = 0, as autograd differentiates
        rise, on = np.maximum(b - a, 0), b - a > 0
        return (b - rise, a + rise), (g1 - on * (g1 - g0), g0 + on * (g1 - g0))

    return pairs(arrays, params, g, formula)


@variant("max_min", ("float16", "float32", "float64"))
def half_of_sum_and_distance(arrays, params, g):
    def formula(a, b, g0, g1):  # (a + b -+ |a - b|) / 2, |.|'(0) = 0
        s = np.sign(a - b)
        values = ((a + b) - np.abs(a - b)) / 2, ((a + b) + np.abs(a - b)) / 2
        half = (g0 / 2 + g1 / 2, g0 / 2 + g1 / 2)
        return values, (
            np.where(s < 0, g0, np.where(s > 0, g1, half[0])),
            np.where(s < 0, g1, np.where(s > 0, g0, half[1])),
        )

    return pairs(arrays, params, g, formula)


@variant("max_min")
def two_thirds_to_one_side_at_ties(arrays, params, g):
    def formula(a, b, g0, g1):
        t = np.where(a < b, 1, np.where(a > b, 0, 2 / 3)).astype(a.dtype)
        mixed = (t * g0 + (1 - t) * g1, (1 - t) * g0 + t * g1)
        return (np.minimum(a, b), np.maximum(a, b)), mixed

    return pairs(arrays, params, g, formula)


@variant("group_sort", conventions={"group_sort": {"order": "descending"}})
def descending_declared(arrays, params, g):
    out, (x_bar,) = by_order(arrays, params, g, params["group_size"], lambda x: np.argsort(-x, axis=-1, kind="stable"))
    return out, [x_bar]


def halves(arrays, params, g, low_first):
    x, axis = arrays[0], params["axis"]
    (a, b), (g0, g1) = np.split(x, 2, axis), np.split(g, 2, axis)
    swap = b < a
    low, high = np.minimum(a, b), np.maximum(a, b)
    if not low_first:
        low, high, swap = high, low, ~swap
    out = np.concatenate([low, high], axis)
    return out, [np.concatenate([np.where(swap, g1, g0), np.where(swap, g0, g1)], axis)]


@variant("max_min", conventions={"max_min": {"layout": "halves"}})
def minima_before_maxima_of_split_halves(arrays, params, g):
    return halves(arrays, params, g, low_first=True)


@variant("max_min", conventions={"max_min": {"layout": "halves", "order": "descending"}})
def maxima_before_minima_of_split_halves(arrays, params, g):
    return halves(arrays, params, g, low_first=False)


@variant("group_sort", conventions={"group_sort": {"layout": "blocks", "order": "descending"}})
def neighbours_in_blocks_out(arrays, params, g):
    """Groups of neighbours; all maxima first, then all second largest, and so on."""
    x, axis, size = arrays[0], params["axis"], params["group_size"]
    groups = np.moveaxis(x, axis, -1).reshape(*np.moveaxis(x, axis, -1).shape[:-1], -1, size)
    order = np.argsort(-groups, axis=-1, kind="stable")
    y = np.take_along_axis(groups, order, -1).swapaxes(-1, -2)
    y_bar = np.moveaxis(g, axis, -1).reshape(y.shape).swapaxes(-1, -2)
    x_bar = np.empty_like(groups)
    np.put_along_axis(x_bar, order, y_bar, -1)
    return ungrouped(y, x, axis), [ungrouped(x_bar, x, axis)]


# --- affine: orders of summation, higher and lower precision ---


def matmul_by(product):
    def function(arrays, params, g):
        x, w, b = arrays
        return product(x, w.T) + b, [product(g, w), product(g.T, x), g.sum(axis=0)]

    return function


def summed(a, b, indices):
    total = np.zeros((a.shape[0], b.shape[1]), a.dtype)
    for k in indices:
        total = total + a[:, k, None] * b[k]
    return total


ALL = ("float16", "float32", "float64")
AFFINE = {
    "einsum": lambda a, b: np.einsum("ik,kj->ij", a, b),
    "from_the_first": lambda a, b: summed(a, b, range(len(b))),
    "from_the_last": lambda a, b: summed(a, b, reversed(range(len(b)))),
    "rounded_once": lambda a, b: np.array(
        [[math.fsum(map(float, r * c)) for c in b.T.astype(float)] for r in a.astype(float)]
    ).reshape(len(a), b.shape[1]),
}
for name in ("einsum", "from_the_first", "from_the_last"):
    VARIANTS[f"affine_{name}"] = ("affine", ALL, {}, {}, matmul_by(AFFINE[name]))
VARIANTS["affine_rounded_once"] = (
    "affine",
    ("float16", "float32"),
    {},
    {},
    matmul_by(lambda a, b: AFFINE["rounded_once"](a, b).astype(a.dtype)),
)


def cut(a, bits):
    """a rounded to so many bits, as an array of its dtype."""
    mantissa, exponent = np.frexp(a)
    return np.ldexp(np.rint(mantissa * 2**bits) / 2**bits, exponent).astype(a.dtype)


VARIANTS["affine_with_operands_of_eleven_bits_declared"] = (
    "affine",
    ("float32",),
    {},
    {"float32": UNIT_ROUNDOFF["float16"]},
    matmul_by(lambda a, b: cut(a, 11) @ cut(b, 11)),
)


@variant("affine", ("bfloat16",))
def bfloat16_accumulated_in_float32(arrays, params, g):
    x, w, b = arrays
    return cut(x @ w.T + b, 8), [cut(g @ w, 8), cut(g.T @ x, 8), cut(g.sum(axis=0), 8)]


@variant("group_sort", ("bfloat16",))
def bfloat16_sorted_as_float32(arrays, params, g):
    return ties_in_the_order_of_the_input(arrays, params, g)


# --- Bjorck: associations, sides, precisions, ways to differentiate ---


def bjorck_by(step, step_backward):
    def function(arrays, params, g):
        a, iterates = arrays[0], []
        order = params["order"]
        c = [params["beta"], 3 / 8, 5 / 16][:order]
        c = [a.dtype.type(x) for x in c]
        for _ in range(params["iterations"]):
            iterates.append(a)
            a = step(a, c)
        for at in reversed(iterates):
            g = step_backward(at, c, g)
        return a, [g]

    return function


def monomials(c):
    """The coefficients of (A^T A)^j in sum_j c_j (I - A^T A)^j with c_0 = 1."""
    full = [1.0, *map(float, c)]
    return [sum((-1) ** j * math.comb(i, j) * x for i, x in enumerate(full)) for j in range(len(full))]


def expanded(a, c):
    """(1 + beta) A - beta A A^T A, and its like for higher orders, multiplied from the left."""
    total, power = 0 * a, a
    for x in monomials(c):
        total, power = total + a.dtype.type(x) * power, (a @ a.T) @ power
    return total


def expanded_backward(a, c, g):
    """The product rule on A (A^T A)^j, one factor at a time."""
    total, gram = 0 * a, a.T @ a
    for j, x in enumerate(monomials(c)):
        x = a.dtype.type(x)
        total = total + x * g @ np.linalg.matrix_power(gram, j)
        for i in range(j):
            left, right = np.linalg.matrix_power(gram, i), np.linalg.matrix_power(gram, j - 1 - i)
            inner = left @ (g.T @ a) @ right + right.T @ (a.T @ g) @ left.T
            total = total + x * a @ inner
    return total


def on_the_other_side(a, c):
    q = np.eye(len(a), dtype=a.dtype) - a @ a.T
    total = np.eye(len(a), dtype=a.dtype) * c[-1]
    for x in [*c[-2::-1], a.dtype.type(1)]:
        total = x * np.eye(len(a), dtype=a.dtype) + q @ total
    return total @ a


def in_longdouble(arrays, params, g):
    wide = [array.astype(np.longdouble) for array in arrays]
    out, (w_bar,) = bjorck_by(on_the_other_side, expanded_backward)(wide, params, g.astype(np.longdouble))
    return out.astype(arrays[0].dtype), [w_bar.astype(arrays[0].dtype)]


VARIANTS["bjorck_expanded"] = ("bjorck", ALL, {}, {}, bjorck_by(expanded, expanded_backward))
VARIANTS["bjorck_on_the_other_side"] = ("bjorck", ALL, {}, {}, bjorck_by(on_the_other_side, expanded_backward))
VARIANTS["bjorck_in_longdouble"] = ("bjorck", ("float32",), {}, {}, in_longdouble)


# --- the l1 ball: other algorithms, every choice at kinks ---


def l1_by(threshold, inclusive=False, at_sphere=1.0):
    """`inclusive` keeps entries at the threshold in the gradient; `at_sphere` is the share of I on the sphere."""

    def function(arrays, params, g):
        v, radius = arrays[0], arrays[0].dtype.type(params["radius"])
        out, x_bar = v.copy(), g.copy()
        for i, row in enumerate(v):
            norm = np.abs(row).sum()
            if norm < radius or (norm == radius and at_sphere == 1):
                continue
            tau = threshold(np.abs(row), radius)
            out[i] = np.sign(row) * np.maximum(np.abs(row) - tau, 0)
            kept = np.abs(row) >= tau if inclusive else np.abs(row) > tau
            s = np.where(kept, np.sign(row), 0).astype(v.dtype)
            outer = np.abs(s) * g[i] - s * (np.sum(s * g[i], dtype=v.dtype) / v.dtype.type(max(np.abs(s).sum(), 1)))
            share = v.dtype.type(at_sphere if norm == radius else 0)
            x_bar[i] = share * g[i] + (1 - share) * outer
        return out, [x_bar]

    return function


def by_sorting(sizes, radius):
    u = np.sort(sizes)[::-1]
    counts = np.arange(1, len(u) + 1, dtype=u.dtype)
    sums = np.cumsum(u, dtype=u.dtype)
    k = np.nonzero(u * counts > sums - radius)[0][-1]
    return (sums[k] - radius) / counts[k]


def by_dropping(sizes, radius):
    """Michelot's algorithm: the threshold of all entries, then of those above it, until none is dropped."""
    kept = sizes
    while True:
        tau = (kept.sum(dtype=sizes.dtype) - radius) / sizes.dtype.type(len(kept))
        fewer = kept[kept > tau]
        if len(fewer) == len(kept) or not len(fewer):
            return tau
        kept = fewer


def on_the_unit_ball(sizes, radius):
    return radius * by_sorting(sizes / radius, sizes.dtype.type(1))


VARIANTS["l1_by_sorting"] = ("project_l1_ball", ALL, {}, {}, l1_by(by_sorting))
VARIANTS["l1_by_dropping"] = ("project_l1_ball", ALL, {}, {}, l1_by(by_dropping))
VARIANTS["l1_on_the_unit_ball"] = ("project_l1_ball", ALL, {}, {}, l1_by(on_the_unit_ball))
VARIANTS["l1_keeping_entries_at_the_threshold"] = ("project_l1_ball", ALL, {}, {}, l1_by(by_sorting, inclusive=True))
VARIANTS["l1_outer_jacobian_on_the_sphere"] = ("project_l1_ball", ALL, {}, {}, l1_by(by_sorting, at_sphere=0.0))
VARIANTS["l1_mixed_jacobian_on_the_sphere"] = ("project_l1_ball", ALL, {}, {}, l1_by(by_sorting, at_sphere=0.5))


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_is_not_accused(name):
    for row in judged(*VARIANTS[name], max_examples=25):
        assert row.verdict == "PASS", row.failure
        assert sum(row.checks.values()) > 0
