"""What a row says: counts, verdicts, kinds; and the adapters that come with the package."""

import importlib.util

import numpy as np
import pytest

from refsort.oracle import OPERATIONS, Adapter, Case, Mismatch, check, judge, load
from refsort.rounding import UNIT_ROUNDOFF


def adapter(call, ops=None):
    return Adapter("mine", ("float32",), {}, UNIT_ROUNDOFF, ops, call)


def test_refsort_passes_on_every_operation_and_dtype():
    report = check(load("numpy"), max_examples=20)
    assert {row.op for row in report.rows} == set(OPERATIONS)
    assert {row.dtype for row in report.rows} == {"float16", "float32", "float64"}
    lacking = [(row.op, row.dtype) for row in report.rows if row.verdict != "PASS"]
    assert lacking == [("spectral_norm", "float16"), ("spectral_normalize", "float16")]
    assert {row.verdict for row in report.rows} == {"PASS", "NOT IMPLEMENTED"}
    assert report.passed
    for row in report.rows:
        assert all(0 <= ratio <= 1 for ratio in row.worst.values())
        if row.verdict == "PASS":
            smooth = row.op in ("affine", "bjorck", "cross_entropy", "kr", "network")
            kinds = {"value", "gradient"} if smooth else {"value", "gradient", "kink"}
            single = {"value"} if row.op == "certified_radius" else kinds
            assert set(row.checks) == single | {"size", "property"}


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="PyTorch is not installed: pip install torch")
def test_torch_passes_on_every_operation():
    report = check(load("torch"), max_examples=20)
    assert [row for row in report.rows if row.verdict != "PASS"] == []


def test_an_operation_that_is_not_in_ops_is_never_called():
    def call(*_):
        raise AssertionError

    row = check(adapter(call, frozenset()), ["affine"], max_examples=5).rows[0]
    assert (row.verdict, row.checks) == ("NOT IMPLEMENTED", {})


def test_parameters_that_are_not_implemented_are_noted_and_the_others_judged():
    def call(op, arrays, params, cotangent=None, dtype="float32"):
        if params["order"] != 1:
            raise NotImplementedError("order 1\nonly")
        return load("numpy").call(op, arrays, params, cotangent, dtype)

    row = check(adapter(call), ["bjorck"], max_examples=20).rows[0]
    assert row.verdict == "PASS"
    assert "of 20 cases not implemented; order 1 only" in row.note


def test_the_adapter_gets_copies_in_the_dtype_that_was_asked_for():
    seen = []

    def call(op, arrays, params, cotangent=None, dtype="float32"):
        seen.append((dtype, {array.dtype for array in arrays}, all(array.flags.writeable for array in arrays)))
        params["axis"] = 99  # the parameters are its own as well
        raise NotImplementedError

    check(adapter(call), ["max_min"], ["float16", "float32", "bfloat16", "float64"], max_examples=2)
    carriers = {"float16": np.float16, "float32": np.float32, "bfloat16": np.float32, "float64": np.float64}
    assert {dtype for dtype, *_ in seen} == set(carriers)
    assert all(dtypes == {np.dtype(carriers[dtype])} and writeable for dtype, dtypes, writeable in seen)


def test_a_case_can_be_judged_on_its_own():
    x = np.array([[2.0, 1.0, 3.0, 3.0]], dtype=np.float32)
    g = np.array([[1.0, 2.0, 4.0, 8.0]], dtype=np.float32)

    def call(op, arrays, params, cotangent=None, dtype="float32"):
        if cotangent is None:
            return np.sort(arrays[0].reshape(-1, 2)).reshape(1, 4), None
        return np.sort(arrays[0].reshape(-1, 2)).reshape(1, 4), [np.array([[2, 1, 12, 0]], dtype=np.float32)]

    case = Case("max_min", "float32", (x,), {"axis": -1}, g)
    with pytest.raises(Mismatch, match="majorised") as caught:
        judge(adapter(call), case)
    assert caught.value.case == case
    assert caught.value.found == "[12.0, 0.0]"


def test_a_value_that_is_wrong_only_where_a_gradient_is_wanted_is_found():
    def call(op, arrays, params, cotangent=None, dtype="float32"):
        x, w, b = arrays
        y = x @ w.T + b
        if cotangent is None:
            return y, None
        return y + np.float32(1), [cotangent @ w, cotangent.T @ x, cotangent.sum(axis=0)]

    row = check(adapter(call), ["affine"], max_examples=10).rows[0]
    assert row.verdict == "FAIL"
    assert row.failure.claim == "the result"


@pytest.mark.parametrize(
    ("v", "kinds"),
    [
        ([1.5, 0.5], ["value", "kink"]),  # the second entry is at the threshold
        ([1.5, 0.5 + 2**-53], ["value"]),  # so near it that rounding decides
        ([1.0 + 2**-52, 0.0], ["value"]),  # so near the sphere
        ([1.0, 0.0], ["value", "kink"]),  # on it
        ([1.5, 0.25], ["value", "gradient"]),
        ([0.5, 0.25], ["value", "gradient"]),
    ],
)
def test_rows_that_rounding_may_carry_over_a_kink_are_judged_by_their_values(v, kinds):
    case = Case("project_l1_ball", "float64", (np.array([v]),), {"radius": 1.0}, np.array([[1.0, 2.0]]))
    assert [comparison.kind for comparison in judge(load("numpy"), case).comparisons] == kinds


def test_an_answer_that_changes_later_is_a_failure_too():
    count = iter(range(10**9))

    def call(op, arrays, params, cotangent=None, dtype="float32"):
        x, w, b = arrays
        late = np.float32(40 <= next(count) < 60)  # a factor and a summand: one of them shows, whatever was drawn
        return (x @ w.T + b) * (1 + late) + late, None if cotangent is None else [
            cotangent @ w,
            cotangent.T @ x,
            cotangent.sum(axis=0),
        ]

    row = check(adapter(call), ["affine"], max_examples=40).rows[0]
    assert row.verdict == "FAIL"


def test_the_next_row_is_announced():
    told = []
    check(load("numpy"), ["affine", "max_min"], ["float32"], 1, on_row=lambda op, dtype: told.append((op, dtype)))
    assert told == [("affine", "float32"), ("max_min", "float32")]
