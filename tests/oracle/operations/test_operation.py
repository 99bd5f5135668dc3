"""What all operations share: truths in the shape of the result, labels without gradients, empty batches."""

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from refsort.oracle import OPERATIONS, Adapter, Case, Mismatch, cases, check, judge
from refsort.rounding import UNIT_ROUNDOFF
from refsort.strategies import FORMATS

JUDGED = [op for op in OPERATIONS if op != "network"]


def adapter(call, op):
    return Adapter("mine", ("float32",), {}, UNIT_ROUNDOFF, frozenset([op]), call)


@pytest.mark.parametrize("op", JUDGED)
@settings(max_examples=8, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_cases_carry_their_dtype_and_truths_have_the_shape_of_the_result(op, data):
    dtype = data.draw(st.sampled_from(list(FORMATS)))
    case = data.draw(cases(op, dtype))
    carrier = np.dtype(FORMATS[dtype].carrier)
    assert {array.dtype for array in (*case.arrays, case.cotangent)} <= {carrier, np.dtype(np.int64)}
    assert case.cotangent.dtype == carrier
    assert OPERATIONS[op].truth(case).shape == case.cotangent.shape
    for array in case.arrays:
        if dtype == "bfloat16" and array.dtype == carrier:
            assert not (array.view(np.uint32) & 0xFFFF).any()  # a value that bfloat16 holds


def test_labels_have_no_gradient_whatever_is_returned_for_them():
    case = Case(
        "hinge", "float32", (np.eye(2, dtype=np.float32), np.array([0, 1])), {"margin": 0.5}, np.array(1, np.float32)
    )
    for label_gradient in (None, "anything"):

        def call(op, arrays, params, g=None, dtype="", given=label_gradient):
            return np.float32(0), None if g is None else [0 * arrays[0], given]

        assert judge(adapter(call, "hinge"), case).gradients


def test_a_loss_may_be_a_numpy_scalar_but_no_python_float():
    case = Case("kr", "float32", (np.ones(1, np.float32), np.ones(2, np.float32)), {}, np.array(1, np.float32))
    gradients = [np.ones(1, np.float32), -np.ones(2, np.float32) / 2]
    for value, right in ((np.float32(0), True), (np.zeros((), np.float32), True), (0.0, False), (np.float64(0), False)):
        given_call = adapter(lambda op, a, p, g=None, dtype="", v=value: (v, None if g is None else gradients), "kr")
        if right:
            assert judge(given_call, case).gradients
        else:
            with pytest.raises(Mismatch, match="shape and dtype"):
                judge(given_call, case)


def test_an_operation_without_a_derivative_is_never_asked_for_one():
    def call(op, arrays, params, cotangent=None, dtype="float32"):
        assert cotangent is None
        return np.zeros(len(arrays[0]), np.float32), None

    case = Case(
        "certified_radius",
        "float32",
        (np.ones((2, 3), np.float32), np.array([0, 1])),
        {"lipschitz": 1.0, "p": math.inf},
        np.zeros(2, np.float32),
    )
    assert not judge(adapter(call, "certified_radius"), case).gradients


@pytest.mark.parametrize("refuse", [True, False])
def test_an_empty_batch_may_be_refused_but_not_answered_wrongly(refuse):
    def call(op, arrays, params, cotangent=None, dtype="float32"):
        v, radius = arrays[0], np.float32(params["radius"])
        if v.size == 0:
            if refuse:
                raise ValueError("nothing to project")
            return np.zeros((1, 1), np.float32), None
        return np.clip(v, -radius, radius), None if cotangent is None else [(np.abs(v) <= radius) * cotangent]

    row = check(adapter(call, "project_linf_ball"), ["project_linf_ball"], max_examples=80, shrink=False).rows[0]
    assert row.verdict == ("PASS" if refuse else "FAIL")
    assert not refuse or "an empty batch: ValueError: nothing to project" in row.note
