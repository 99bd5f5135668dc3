"""JAX, judged: right wherever no number is subnormal, and found out where one is, since XLA takes those for zero."""

import importlib.util
import math
import sys

import numpy as np
import pytest

from refsort.oracle import AdapterError, Case, Mismatch, check, further, judge, load
from refsort.oracle.properties import sorting

needs_jax = pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is not installed: pip install jax")


@needs_jax
@pytest.mark.parametrize(
    ("dtype", "ops"),
    [
        ("float32", ["group_sort", "affine", "bjorck", "project_l1_ball", "operator_norm", "hinge"]),
        ("float64", ["affine", "bjorck"]),
    ],
)
def test_jax_passes_on_what_it_is_asked(dtype, ops):
    """Two cases each: XLA compiles every operation for every shape."""
    report = check(load("jax"), ops, [dtype], max_examples=2, beyond=False)
    assert [row for row in report.rows if row.verdict != "PASS"] == []


@needs_jax
def test_a_whole_network_is_judged_by_its_value_its_gradients_and_its_layers():
    rng = np.random.default_rng(0)
    shapes = [(2, 3), (4, 3), (2, 4), (4,), (2,)]  # x, two weights, two biases
    arrays = tuple(rng.standard_normal(shape).astype(np.float32) for shape in shapes)
    case = Case("network", "float32", arrays, {"group_size": 2}, np.ones((2, 2), np.float32))
    layers = ["layer 1", "layer 2"]
    claims = [comparison.what for comparison in judge(load("jax"), case).comparisons]
    assert [claim[:7] for claim in claims[:2]] == layers
    assert [claim for claim in claims if claim.startswith("the gradient of")] == [
        f"the gradient of {name}" for name in ("x", "w1", "w2", "b1", "b2")
    ]


@needs_jax
def test_the_norm_of_a_zero_matrix_has_a_gradient():
    """jnp.linalg.norm gives NaN there."""
    w = np.zeros((2, 3))
    for p, q in ((1, 2), (2, math.inf)):
        _, (w_bar,) = load("jax").call("operator_norm", [w], {"p": p, "q": q}, np.array(1.0), "float64")
        assert np.array_equal(w_bar, w)


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
    assert further(load("jax"), case._replace(arrays=(np.float32([0, -1]),)), [sorting.negation_reverses])
    with pytest.raises(NotImplementedError, match="as declared"):
        further(load("jax"), case, [sorting.negation_reverses])


def test_without_jax_its_adapter_says_what_to_install(monkeypatch):
    monkeypatch.delitem(sys.modules, "refsort.oracle.adapters.jax_adapter", raising=False)
    monkeypatch.setitem(sys.modules, "jax", None)
    with pytest.raises(AdapterError, match=r"JAX is not installed: pip install 'refsort\[jax\]'"):
        load("jax")
    sys.modules.pop("refsort.oracle.adapters.jax_adapter")
