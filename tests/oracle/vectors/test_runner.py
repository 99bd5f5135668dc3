"""Vectors put to adapters: right ones pass every one, planted bugs fail on the flag that names them, counts agree."""

from fractions import Fraction

import numpy as np
import pytest

from refsort.oracle import load
from refsort.oracle.vectors import run
from refsort.oracle.vectors.format import OPERATIONS, VectorFile
from refsort.oracle.vectors.report import table
from refsort.oracle.vectors.runner import FileReport, outcome, passed
from refsort.rounding import UNIT_ROUNDOFF
from tests.oracle.vectors.planted import Bug, require_alone, require_found, require_refused
from tests.oracle.vectors.putting import FILES, adapter, by_the_consumer, numpys, report_of


@pytest.mark.parametrize("source", ["numpy", "torch"])
def test_right_adapters_pass_every_vector(source):
    if source == "torch":
        pytest.importorskip("torch")
    reports = run(load(source), list(FILES.values()))
    assert [report.op for report in reports] == list(OPERATIONS)
    for report in reports:
        assert report.verdict == "PASS", table(source, [report])
        assert report.run + report.number("other dtypes") == report.declared
        assert all(one.gradients for one in report.outcomes if one.dtypes)
    assert passed(reports)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("op", OPERATIONS)
def test_a_consumer_of_the_json_alone_accepts_every_right_answer(op, dtype):
    assert by_the_consumer(numpys(op), op, dtype) == set()


# --- planted bugs ---


def sort(x, g, size, axis, reverse=False, gradient=None):
    """Groups sorted by a stable argsort; `gradient(groups, cotangents, usual)` may replace the gradient."""
    groups, cotangents = (np.moveaxis(a, axis, -1).reshape(-1, size) for a in (x, g))
    order = np.argsort(-groups if reverse else groups, axis=-1, kind="stable")
    out, x_bar = np.take_along_axis(groups, order, -1), np.empty_like(cotangents)
    np.put_along_axis(x_bar, order, cotangents, -1)
    if gradient is not None:
        x_bar = gradient(groups, cotangents, x_bar)
    shape = np.moveaxis(x, axis, -1).shape
    return tuple(np.ascontiguousarray(np.moveaxis(a.reshape(shape), -1, axis)) for a in (out, x_bar))


def sorting(size=lambda x, params: params["group_size"], axis=lambda x, params: params["axis"], **options):
    def function(arrays, params, g):
        x = arrays[0]
        out, x_bar = sort(x, g, size(x, params), axis(x, params), **options)
        return out, [x_bar]

    return function


def two(x, params):
    return 2


def first_takes_both(groups, g, usual):
    """torch.min and torch.max with indices: at a tie both give their gradient to one and the same entry."""
    tied = groups[:, :1] == groups[:, 1:]
    return np.where(tied, np.stack([g.sum(axis=1), 0 * g[:, 0]], axis=1), usual)


def halves(arrays, params, g):
    (x,), axis = arrays, params["axis"]
    (first, second), (low, high) = np.split(x, 2, axis), np.split(g, 2, axis)
    swap = second < first
    out = np.concatenate([np.minimum(first, second), np.maximum(first, second)], axis)
    return out, [np.concatenate([np.where(swap, high, low), np.where(swap, low, high)], axis)]


def flushing(arrays, params, g):
    x = np.where(np.abs(arrays[0]) < np.finfo(arrays[0].dtype).tiny, 0, arrays[0]).astype(arrays[0].dtype)
    out, x_bar = sort(x, g, 2, params["axis"])
    return out, [x_bar]


def by_formula(arrays, params, g):
    """(a + b -+ |a - b|) / 2 of squares: overflows where sums of two entries would not."""
    out, x_bar = sort(arrays[0], g, 2, params["axis"])
    with np.errstate(all="ignore"):
        large = arrays[0] * arrays[0] == np.inf
    return np.where(large, np.finfo(out.dtype).max, out).astype(out.dtype), [x_bar]


def blurred(arrays, params, g):
    """Compared in twenty bits."""
    x, axis = arrays[0], params["axis"]
    coarse = cut(np.moveaxis(x, axis, -1).reshape(-1, 2), 20)
    order = np.argsort(coarse, axis=-1, kind="stable")
    groups, cotangents = (np.moveaxis(a, axis, -1).reshape(-1, 2) for a in (x, g))
    out, x_bar = np.take_along_axis(groups, order, -1), np.empty_like(cotangents)
    np.put_along_axis(x_bar, order, cotangents, -1)
    shape = np.moveaxis(x, axis, -1).shape
    out, x_bar = (np.ascontiguousarray(np.moveaxis(a.reshape(shape), -1, axis)) for a in (out, x_bar))
    return out, [x_bar]


def by_bits(arrays, params, g):
    """-0 before +0, and no gradient where the bits differ though the numbers do not."""
    out, x_bar = sort(arrays[0], g, 2, params["axis"])
    x = arrays[0]
    zeros = (x == 0) & np.signbit(x)
    return out, [np.where(zeros, 0, x_bar).astype(x.dtype)]


def affine(arrays, params, g):
    x, w, b = arrays
    return x @ w.T + b, [g @ w, g.T @ x, g.sum(axis=0)]


def affine_but(change):
    def function(arrays, params, g):
        out, gradients = affine(arrays, params, g)
        return change(arrays, g, out, gradients)

    return function


def cut(a, bits=11):
    mantissa, exponent = np.frexp(a)
    return np.ldexp(np.rint(mantissa * 2**bits) / 2**bits, exponent).astype(a.dtype)


def bjorck(arrays, params, g, c=(1 / 2, 3 / 8, 5 / 16), steps=lambda n: n, scale=1.0, beta=True, detached=False):
    a, order = arrays[0] * np.float32(scale), params["order"]
    c = [params["beta"] if beta else 0.5] if order == 1 else list(c[:order])
    eye, iterates = np.eye(a.shape[1], dtype=a.dtype), []
    for _ in range(steps(params["iterations"])):
        iterates.append(a)
        a = a @ sum((np.float32(x) * np.linalg.matrix_power(eye - a.T @ a, j + 1) for j, x in enumerate(c)), eye)
    for at in reversed(iterates):
        q, q_bar = eye - at.T @ at, np.zeros_like(eye)
        total = sum((np.float32(x) * np.linalg.matrix_power(q, j + 1) for j, x in enumerate(c)), eye)
        for j, x in enumerate(c):
            for i in range(j + 1):
                q_bar += np.float32(x) * np.linalg.matrix_power(q, i) @ at.T @ g @ np.linalg.matrix_power(q, j - i)
        g = g @ total - (0 if detached else at @ (q_bar + q_bar.T))
    return a, [g]


def converged(arrays, params, g):
    """Clipped where it would diverge or flip: the polar factor that one expects."""
    s = np.linalg.norm(arrays[0], 2)
    out, gradients = bjorck(arrays, params, g)
    return (-out if 3 < s * s < 5 else out), gradients


def epsilon(arrays, params, g):
    """Divided by its norm plus an epsilon and multiplied by its norm."""
    norm = np.float32(np.linalg.norm(arrays[0]))
    out, gradients = bjorck(arrays, params, g)
    return (out * (norm / (norm + np.float32(1e-3)))).astype(out.dtype), gradients


def l1(arrays, params, g, interior=True, mean=True, radius=None, most=99):
    v, radius = arrays[0], np.float32(params["radius"] if radius is None else radius)
    sizes = -np.sort(-np.abs(v), axis=1)
    thetas = (np.cumsum(sizes, axis=1) - radius) / np.arange(1, v.shape[1] + 1, dtype=v.dtype)
    tau = thetas[:, :most].max(axis=1, keepdims=True)
    kept = np.abs(v) > tau
    out = np.sign(v) * np.maximum(np.abs(v) - tau, 0)
    if not interior:
        out = np.where(v < 0, -1, 1).astype(v.dtype) * np.maximum(np.abs(v) - tau, 0)
    shared = (np.sign(v) * g * kept).sum(axis=1, keepdims=True) / np.maximum(kept.sum(axis=1, keepdims=True), 1)
    x_bar = kept * (g - np.sign(v) * shared * mean)
    inside = (np.abs(v).sum(axis=1, keepdims=True) <= radius) & interior
    return np.where(inside, v, out).astype(v.dtype), [np.where(inside, g, x_bar).astype(v.dtype)]


def l1_but(**options):
    return lambda arrays, params, g: l1(arrays, params, g, **options)


def no_gradient_at(where):
    def function(arrays, params, g):
        out, (x_bar,) = l1(arrays, params, g)
        return out, [np.where(where(arrays[0], out, np.float32(params["radius"])), 0, x_bar).astype(out.dtype)]

    return function


def columns(arrays, params, g):
    out, (x_bar,) = l1([arrays[0].T], params, g.T)
    return np.ascontiguousarray(out.T), [np.ascontiguousarray(x_bar.T)]


def tiny_is_zero(arrays, params, g):
    out, gradients = l1(arrays, params, g)
    return (np.where(np.abs(arrays[0]) < 1e-12, 0, out)).astype(out.dtype), gradients


def on_sphere(v, out, radius):
    return np.abs(v).sum(axis=1, keepdims=True) == radius


def at_threshold(v, out, radius):
    tau = (np.abs(v) - np.abs(out)).max(axis=1, keepdims=True)
    tied = ((np.abs(v) == tau) & (tau > 0)).any(axis=1, keepdims=True)
    return tied & (np.abs(v).sum(axis=1, keepdims=True) > radius)


def whole(x, params):
    return x.shape[params["axis"]]


def straight_through(arrays, params, g):
    return sort(arrays[0], g, whole(arrays[0], params), params["axis"])[0], [g]


def absolute_cotangents(arrays, params, g):
    out, x_bar = sort(arrays[0], g, 2, params["axis"])
    return out, [np.abs(x_bar)]


def at_least_two(x, params):
    return max(2, params["group_size"]) if whole(x, params) % 2 == 0 else params["group_size"]


def none_at_ties(groups, g, usual):
    return np.where(groups[:, :1] == groups[:, 1:], 0, usual)


def in_out_weight(a, p, g):
    return a[0] @ a[1].reshape(a[1].shape[::-1]) + a[2], affine(a, p, g)[1]


def square_transposed(a, g, y, d):
    return (a[0] @ a[1] + a[2] if a[1].shape[0] == a[1].shape[1] else y), d


def w_bar_transposed(a, g, y, d):
    return y, [d[0], d[1].T.reshape(d[1].shape), d[2]]


def offset_lost(a, g, y, d):
    return np.where(np.abs(a[0]).max() > 2**20, y / 2 + 9, y).astype(y.dtype), d


BUGS = {
    "ties: both to the first": Bug("max_min", "tie", sorting(two, gradient=first_takes_both)),
    "ties: none": Bug("max_min", "tie", sorting(two, gradient=none_at_ties)),
    "zeros by bits": Bug("max_min", "signed-zero", by_bits),
    "straight through": Bug("full_sort", "permutation", straight_through),
    "absolute cotangents": Bug("max_min", "signed-cotangent", absolute_cotangents),
    "descending": Bug("group_sort", "permutation", sorting(reverse=True)),
    "halves": Bug("max_min", "neighbours", halves),
    "groups counted": Bug("group_sort", "group-count", sorting(lambda x, p: whole(x, p) // p["group_size"])),
    "at least two": Bug("group_sort", "group-of-one", sorting(at_least_two)),
    "last axis": Bug("full_sort", "axis", sorting(lambda x, p: x.shape[-1], lambda x, p: -1)),
    "flushed": Bug("max_min", "subnormal", flushing),
    "overflowed": Bug("max_min", "huge", by_formula),
    "compared in fewer bits": Bug("max_min", "near-tie", blurred),
    "weight transposed": Bug("affine", "rectangle", in_out_weight),
    "square transposed": Bug("affine", "square", affine_but(square_transposed)),
    "no bias": Bug("affine", "bias", affine_but(lambda a, g, y, d: (a[0] @ a[1].T, d))),
    "batch mean": Bug("affine", "batch-sum", affine_but(lambda a, g, y, d: (y, [*d[:2], d[2] / np.float32(len(g))]))),
    "w_bar transposed": Bug("affine", "impulse", affine_but(w_bar_transposed)),
    "eleven bits": Bug("affine", "all-bits", lambda a, p, g: affine([cut(a[0]), cut(a[1]), a[2]], p, g)),
    "an offset lost": Bug("affine", "cancellation", affine_but(offset_lost)),
    "detached": Bug("bjorck", "detached", lambda a, p, g: bjorck(a, p, g, detached=True)),
    "second coefficient": Bug("bjorck", "order", lambda a, p, g: bjorck(a, p, g, c=(1 / 2, 1 / 4, 5 / 16))),
    "beta ignored": Bug("bjorck", "beta", lambda a, p, g: bjorck(a, p, g, beta=False)),
    "never more than two": Bug("bjorck", "steps", lambda a, p, g: bjorck(a, p, g, steps=lambda n: min(n, 2))),
    "scaled by sqrt(m n)": Bug("bjorck", "unscaled", lambda a, p, g: bjorck(a, p, g, scale=1 / np.sqrt(a[0].size))),
    "never minus": Bug("bjorck", "sign-flip", converged),
    "an absolute epsilon": Bug("bjorck", "small", epsilon),
    "0 / 0": Bug("bjorck", "zero-matrix", lambda a, p, g: bjorck([a[0] / np.float32(np.linalg.norm(a[0]))], p, g)),
    "sphere for ball": Bug("project_l1_ball", "inside", l1_but(interior=False)),
    "zero row to the sphere": Bug("project_l1_ball", "zero-row", l1_but(interior=False)),
    "soft thresholding": Bug("project_l1_ball", "outside", l1_but(mean=False)),
    "radius 1": Bug("project_l1_ball", "radius", l1_but(radius=1)),
    "one theta": Bug("project_l1_ball", "support", l1_but(most=1)),
    "columns": Bug("project_l1_ball", "rows", columns),
    "epsilon on entries": Bug("project_l1_ball", "scale", tiny_is_zero),
    "nothing on the sphere": Bug("project_l1_ball", "sphere", no_gradient_at(on_sphere)),
    "nothing at the threshold": Bug("project_l1_ball", "threshold-tie", no_gradient_at(at_threshold)),
}


@pytest.mark.parametrize("name", BUGS)
def test_a_planted_bug_fails_on_the_flag_that_names_it(name):
    require_found(BUGS[name], share=0.1)


@pytest.mark.parametrize("name", [name for name in BUGS if name != "0 / 0"])  # NaN is no rational number
def test_a_consumer_of_the_json_alone_refuses_what_the_runner_refuses(name):
    require_refused(BUGS[name], share=0.9)


@pytest.mark.parametrize(
    ("name", "flags"),
    [
        ("ties: both to the first", {"tie", "signed-zero"}),
        ("compared in fewer bits", {"near-tie"}),
        ("flushed", {"subnormal"}),
        ("eleven bits", {"all-bits"}),
        ("beta ignored", {"beta"}),
        ("nothing on the sphere", {"sphere"}),
        ("nothing at the threshold", {"threshold-tie"}),
    ],
)
def test_a_bug_of_one_kind_fails_on_nothing_else(name, flags):
    require_alone(BUGS[name], flags)


@pytest.mark.parametrize("function", [sorting(two), affine, bjorck, l1])
def test_without_their_bugs_they_pass(function):
    op = {affine: "affine", bjorck: "bjorck", l1: "project_l1_ball"}.get(function, "max_min")
    report = report_of(function, op)
    assert report.verdict == "PASS", table("", [report])


# --- other precisions, counts ---


def rounded_to_bfloat16(x):
    bits = np.ascontiguousarray(x, dtype=np.float32).view(np.uint32).astype(np.uint64)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000).astype(np.uint32).view(np.float32).reshape(np.shape(x))


@pytest.mark.parametrize("op", OPERATIONS)
def test_bfloat16_computed_in_doubles_and_rounded_once_passes(op):
    def function(arrays, params, g):
        doubles = [array.astype(np.float64) if array.dtype.kind == "f" else array for array in arrays]
        out, gradients = numpys(op)(doubles, params, g.astype(np.float64))
        return rounded_to_bfloat16(out), [x if x is None else rounded_to_bfloat16(x) for x in gradients]

    report = report_of(function, op, dtypes=["bfloat16"])
    assert report.verdict == "PASS", table("", [report])
    assert report.run > 25


def test_a_declared_lower_precision_is_judged_by_its_own_bounds():
    function = BUGS["eleven bits"].function
    declared = UNIT_ROUNDOFF | {"float32": Fraction(1, 2**11)}
    assert report_of(function, "affine").verdict == "FAIL"
    assert report_of(function, "affine", unit_roundoff=declared).verdict == "PASS"


def test_a_precision_that_leaves_no_bound_is_unresolved_and_no_pass():
    declared = UNIT_ROUNDOFF | {"float32": Fraction(1, 4)}
    report = report_of(affine, "affine", unit_roundoff=declared)
    assert report.verdict == "UNRESOLVED"
    assert report.number("unresolved") > 100
    assert report.complete
    assert not passed([report])


def test_values_without_gradients_are_judged_and_said_to_be():
    report = report_of(sorting(two), "max_min", gradients=False)
    assert report.verdict == "PASS"
    assert not any(one.gradients for one in report.outcomes)
    assert f"{report.run} without gradients" in table("", [report])


def test_what_is_not_run_is_counted_and_nothing_run_is_no_pass():
    function = sorting(two)
    other = run(adapter(function, "max_min"), [FILES["affine"]])
    assert other[0].verdict == "NOT IMPLEMENTED"
    assert other[0].number("not implemented") == other[0].declared
    assert not passed(other)
    subnormal = [vector for vector in FILES["max_min"].vectors if set(vector.tolerance) == {"float64"}]
    few = VectorFile("max_min", len(subnormal), FILES["max_min"].flags, subnormal, {})
    (report,) = run(adapter(function, "max_min"), [few])
    assert report.verdict == "NO COMMON DTYPE"
    assert report.number("other dtypes") == report.declared > 0
    assert not passed([report])
    both = run(adapter(function, "max_min"), [FILES["max_min"], FILES["affine"]])
    assert passed(both)


def test_an_operation_that_is_implemented_in_part_is_run_in_part():
    def only_order_1(arrays, params, g):
        if params["order"] > 1:
            raise NotImplementedError
        return bjorck(arrays, params, g)

    report = report_of(only_order_1, "bjorck")
    assert report.verdict == "PASS"
    orders = [one.vector.params["order"] for one in report.outcomes if one.verdict == "not implemented"]
    assert set(orders) == {"2", "3"}
    assert report.run + len(orders) + report.number("other dtypes") == report.declared


def test_a_missing_outcome_fails_whatever_the_others_say():
    report = report_of(sorting(two), "max_min")
    short = FileReport(report.op, report.declared, report.outcomes[:-1], report.file)
    assert not short.complete
    assert short.verdict == "FAIL"
    assert not passed([short])
    assert "110 outcomes for 111 vectors" in table("", [short])


def test_exceptions_and_nonsense_are_failures_of_their_vectors():
    def broken(arrays, params, g):
        raise RuntimeError("no kernel")

    one = outcome(adapter(broken, "max_min"), FILES["max_min"].vectors[0])
    assert one.verdict == "failed"
    assert "no kernel" in str(one.failure)
    nan = outcome(adapter(lambda a, p, g: (a[0] * np.nan, [g]), "max_min"), FILES["max_min"].vectors[0])
    assert nan.verdict == "failed"
