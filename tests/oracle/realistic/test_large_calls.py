"""Right implementations pass every large call in four formats; bugs that only show at size do not."""

from functools import partial

import numpy as np
import pytest

from refsort.oracle.adapter import AdapterError, load
from refsort.oracle.cases import OPERATIONS
from refsort.oracle.judge import answer
from refsort.oracle.realistic import LargeMismatch, calls, claims, judged
from refsort.oracle.realistic.data import DRAWN
from refsort.oracle.realistic.pages import LEAST, WIDTH
from refsort.oracle.tolerances import Precision
from refsort.strategies import FORMATS

NUMPY = load("numpy")


def rounded(a, bits):
    """a with so many bits."""
    mantissa, exponent = np.frexp(a)
    return np.ldexp(np.round(mantissa * 2.0**bits) / 2.0**bits, exponent).astype(a.dtype)


def ratios(ask, op, dtype="float32", seed=0):
    return [c.ratio for c in claims(ask, op, dtype, Precision.of(dtype), seed)]


def wider(case, with_gradients):
    """refsort's operations in doubles or long doubles, rounded to the format at the end."""
    doubles = case.op == "certified_radius" or case.op.startswith("spectral")  # what takes no long doubles
    doubles = doubles or case.params.get("p") == case.params.get("q") == 2
    inside = np.longdouble if case.dtype == "float64" and not doubles else np.float64

    def widened(a):
        return a.astype(inside) if a.dtype.kind == "f" else a

    wide = case._replace(
        dtype="float64", arrays=tuple(widened(a) for a in case.arrays), cotangent=widened(case.cotangent)
    )
    out, gradients = answer(NUMPY, wide, with_gradients)

    def back(a):
        short = a.astype(case.cotangent.dtype)
        return rounded(short, 8) if case.dtype == "bfloat16" else short

    return back(out), [None if g is None else back(g) for g in gradients]


@pytest.mark.parametrize("op", OPERATIONS)
@pytest.mark.parametrize("dtype", FORMATS)
def test_wider_arithmetic_passes(op, dtype):
    found = ratios(wider, op, dtype)
    assert found
    assert max(found) <= 1


@pytest.mark.parametrize("op", OPERATIONS)
@pytest.mark.parametrize(("name", "dtype"), [("numpy", "float32"), ("torch", "bfloat16")])
def test_adapters_pass(op, name, dtype):
    try:
        adapter = load(name)
    except AdapterError as error:
        pytest.skip(str(error))
    found = ratios(partial(answer, adapter), op, dtype, seed=1)
    assert found
    assert max(found) <= 1


def test_every_operation_is_asked_in_every_format_and_at_every_width():
    assert set(DRAWN) == set(OPERATIONS)
    for op in OPERATIONS:
        for dtype, form in FORMATS.items():
            for width in (LEAST, 64, WIDTH):
                for case in calls(op, dtype, 0, width):
                    floats = [a for a in (*case.arrays, case.cotangent) if a.dtype.kind == "f"]
                    assert all(a.dtype == form.carrier for a in floats)
                    assert all((rounded(a, form.precision) == a).all() for a in floats)
                    assert all(np.isfinite(a).all() for a in floats)


def with_result(change, case, with_gradients):
    out, gradients = answer(NUMPY, case, with_gradients)
    return change(case, out), gradients


def with_gradient(change, case, with_gradients):
    out, gradients = answer(NUMPY, case, with_gradients)
    return out, [None if g is None else change(case, g) for g in gradients]


def short_sum(case, out):
    """kr of the first thousand values alone."""
    p, q = case.arrays
    return np.asarray(p[:1000].mean() - q[:1000].mean(), p.dtype)


def half_sum(case, out):
    """kr with its sums in the format itself, which overflows in float16."""
    with np.errstate(over="ignore", invalid="ignore"):
        sums = [np.cumsum(a, dtype=a.dtype)[-1] for a in case.arrays]
        return np.asarray(sums[0] / case.arrays[0].size - sums[1] / case.arrays[1].size, out.dtype)


def sorted_in_blocks(case, out):
    """group_sort whose groups begin anew at the border of a block of 512."""
    x, size = case.arrays[0], case.params["group_size"]
    wrong = out.copy()
    for start in range(512, x.shape[1], 512):
        inside = start // size * size
        if inside < start:
            wrong[:, inside:start] = np.sort(x[:, inside:start], axis=-1)
            wrong[:, start : inside + size] = np.sort(x[:, start : inside + size], axis=-1)
    return wrong


def short_index(case, gradient):
    """group_sort that scatters its cotangents by places in the row, in 16 bits."""
    x, size = case.arrays[0], case.params["group_size"]
    order = np.argsort(x.reshape(len(x), -1, size), axis=-1) + np.arange(0, x.shape[1], size)[:, None]
    wrong = np.zeros_like(gradient)
    np.put_along_axis(wrong, order.reshape(x.shape).astype(np.int16).astype(np.int64), case.cotangent, axis=-1)
    return wrong


def last_block(case, out):
    """A loss of the first 896 samples: the last block of 128 is lost."""
    return np.asarray(out * 0.98, out.dtype)


def top_half(case, gradient):
    """Rows of a gradient beyond the first 512 are never written."""
    wrong = gradient.copy()
    wrong[512:] = 0
    return wrong


def off_threshold(case, out):
    """Entries beyond the first 512 of a row are projected with another threshold."""
    wrong = out.copy()
    wrong[:, 512:] *= out.dtype.type(1.01)
    return wrong


PLANTED = [
    ("kr", "float32", with_result, short_sum),
    ("hinge", "float32", with_result, last_block),
    ("hinge", "float32", with_gradient, top_half),
    ("cross_entropy", "float32", with_result, last_block),
    ("cross_entropy", "float64", with_gradient, top_half),
    ("hkr", "float32", with_gradient, top_half),
    ("certified_radius", "float32", with_result, top_half),
    ("group_sort", "float32", with_result, sorted_in_blocks),
    ("group_sort", "float32", with_gradient, short_index),
    ("project_l1_ball", "float32", with_result, off_threshold),
    ("project_l1_ball", "float32", with_gradient, off_threshold),
    ("project_l2_ball", "float32", with_result, off_threshold),
    ("project_linf_ball", "float16", with_result, off_threshold),
    ("operator_norm", "float32", with_result, last_block),
    ("operator_norm", "float32", with_gradient, off_threshold),
    ("spectral_norm", "float32", with_result, last_block),
    ("spectral_normalize", "float32", with_result, last_block),
    ("network", "float32", with_result, last_block),
]


@pytest.mark.parametrize(("op", "dtype", "where", "change"), PLANTED, ids=lambda p: getattr(p, "__name__", p))
def test_what_only_shows_at_size_fails(op, dtype, where, change):
    assert max(ratios(partial(where, change), op, dtype)) > 1


def test_sums_that_overflow_are_no_answer():
    def call(op, arrays, params, cotangent=None, dtype=""):
        out, gradients = NUMPY.call(op, arrays, params, cotangent, dtype)
        return half_sum(calls(op, dtype, 0, LEAST)[0]._replace(arrays=tuple(arrays)), out), gradients

    adapter = NUMPY._replace(call=call)
    with pytest.raises(LargeMismatch, match="finite entries"):
        list(judged(partial(answer, adapter), "kr", "float16", Precision.of("float16")))


def test_a_failure_says_at_which_width_it_begins():
    def lost(case, with_gradients):
        out, gradients = answer(NUMPY, case, with_gradients)
        return (out * np.float32(0.9) if len(case.arrays[0]) > 200 else out), gradients

    with pytest.raises(LargeMismatch) as caught:
        list(judged(lost, "cross_entropy", "float32", Precision.of("float32")))
    failure = caught.value
    assert failure.claim.endswith("(fails at the width 256 and passes at 128)")
    assert (failure.large.width, failure.large.array, failure.large.places) == (256, -1, [()])
    assert failure.kind == "size"
    assert not failure.case.arrays
    assert failure.ratio > 1
    assert failure.large.expected == [pytest.approx(float(failure.expected))]


def test_gradients_that_are_not_implemented_leave_the_result_judged():
    def values(case, with_gradients):
        if with_gradients:
            raise NotImplementedError
        return answer(NUMPY, case, False)

    found = list(claims(values, "bjorck", "float32", Precision.of("float32")))
    assert [c.kind for c in found] == ["value"] * 3


def test_declared_arithmetic_of_fewer_bits_is_judged_as_such():
    declared = Precision.of("float32", {"float32": Precision.of("float16").u})

    def coarse(case, with_gradients):
        x, w, b = (rounded(a, 11) for a in case.arrays)
        g = rounded(case.cotangent, 11)
        return x @ w.T + b, [g @ w, g.T @ x, g.sum(axis=0)] if with_gradients else []

    assert max(ratios(coarse, "affine")) > 1
    assert max(c.ratio for c in claims(coarse, "affine", "float32", declared)) <= 1
