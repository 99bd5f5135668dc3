"""JAX, judged: right wherever no number is subnormal, and found out where one is, since XLA takes those for zero."""

import importlib.util
import sys

import numpy as np
import pytest

from refsort.oracle import AdapterError, Case, Mismatch, check, judge, load
from refsort.oracle.subnormals import may_meet_subnormals

needs_jax = pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is not installed: pip install jax")


@pytest.fixture(scope="module")
def jax():
    """The adapter, asked only where it does not flush: the cases that it leaves out are counted as not implemented."""
    adapter = load("jax")

    def call(op, arrays, params, cotangent=None, dtype="float32"):
        kept = np.zeros(1, arrays[0].dtype) if cotangent is None else cotangent
        if may_meet_subnormals(Case(op, dtype, tuple(arrays), params, kept)):
            raise NotImplementedError("subnormals are taken for zero")
        return adapter.call(op, arrays, params, cotangent, dtype)

    return adapter._replace(call=call)


@needs_jax
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_jax_passes_where_nothing_is_subnormal(jax, dtype):
    ops = ["group_sort", "affine", "bjorck", "project_l1_ball", "hinge"]
    report = check(jax, ops, [dtype], max_examples=3)  # XLA compiles for every shape: a third of a second a case
    assert [row for row in report.rows if row.verdict != "PASS"] == []
    assert all(row.checks["gradient"] for row in report.rows if row.op != "project_l1_ball")


@needs_jax
def test_float64_is_computed_in_float64():
    x = np.array([1 + 2.0**-52, 1.0])
    assert load("jax").call("max_min", [x], {"axis": 0}, None, "float64")[0].tolist() == [1.0, 1 + 2.0**-52]


@needs_jax
def test_a_subnormal_that_is_taken_for_zero_is_found_unless_that_is_declared():
    x, g = np.array([0.0, -(2.0**-127)], np.float32), np.array([1, 2], np.float32)
    case = Case("max_min", "float32", (x,), {"axis": 0}, g)
    with pytest.raises(Mismatch, match="the result"):
        judge(load("jax")._replace(flushes_subnormals=False), case)
    with pytest.raises(NotImplementedError, match="as declared"):
        judge(load("jax"), case)


def test_without_jax_its_adapter_says_what_to_install(monkeypatch):
    monkeypatch.delitem(sys.modules, "refsort.oracle.adapters.jax_adapter", raising=False)
    monkeypatch.setitem(sys.modules, "jax", None)
    with pytest.raises(AdapterError, match=r"JAX is not installed: pip install 'refsort\[jax\]'"):
        load("jax")
    sys.modules.pop("refsort.oracle.adapters.jax_adapter")
