"""The adapter in C, compiled here and judged through its pipes: the template that other languages copy."""

import shutil
import subprocess
from importlib import resources

import numpy as np
import pytest

from refsort.oracle import check
from refsort.oracle.subprocess_adapter import open_command

COMPILER = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
STRICT = ["-std=c99", "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]

pytestmark = pytest.mark.skipif(COMPILER is None, reason="there is no C compiler here: none of cc, gcc, clang is found")


@pytest.fixture(scope="module")
def adapter(tmp_path_factory):
    program = tmp_path_factory.mktemp("c") / "adapter"
    with resources.as_file(resources.files("refsort.oracle.adapters") / "c" / "adapter.c") as source:
        subprocess.run([COMPILER, *STRICT, "-o", program, source, "-lm"], check=True)
    adapter = open_command(str(program))
    yield adapter
    adapter.call.close()


def test_it_passes_on_everything_that_it_has(adapter):
    report = check(adapter, max_examples=8, beyond=False)
    assert {row.op for row in report.rows if row.verdict == "PASS"} == adapter.ops
    assert {row.verdict for row in report.rows} <= {"PASS", "NOT IMPLEMENTED"}
    assert {row.dtype for row in report.rows} == {"float32", "float64"}
    for row in report.rows:
        assert row.verdict != "PASS" or {"value", "gradient"} <= set(row.checks)


def test_bad_input_is_refused_and_large_calls_are_answered(adapter):
    report = check(adapter, ["max_min"], ["float32"], max_examples=2)
    assert report.rows[0].verdict == "PASS"
    assert {"property", "size"} <= set(report.rows[0].checks)


def test_one_process_answers_everything(adapter):
    process = adapter.call._process
    check(adapter, ["max_min", "bjorck"], max_examples=3, beyond=False)
    assert adapter.call._process is process


@pytest.mark.parametrize("shape", [(0, 4), (4, 0), (1, 2)])
def test_empty_arrays_are_answered(adapter, shape):
    x = np.zeros(shape)
    for op, params in (("max_min", {"axis": 1}), ("full_sort", {"axis": 1}), ("project_l1_ball", {"radius": 1.0})):
        if shape[1] % 2 == 0:
            out, gradients = adapter.call(op, [x], params, x, "float64")
            assert out.shape == shape == gradients[0].shape


def test_large_arrays_are_read_and_written(adapter):
    x = np.random.default_rng(0).permutation(60000).astype(np.float32).reshape(3, -1)
    out, (x_bar,) = adapter.call("group_sort", [x], {"axis": 0, "group_size": 3}, x, "float32")
    assert np.array_equal(out, np.sort(x, axis=0))
    assert np.array_equal(np.sort(x_bar, axis=0), np.sort(x, axis=0))


def test_a_malformed_request_ends_it_with_a_reason(adapter):
    with pytest.raises(Exception, match="exit status 2; its standard error ends: malformed request: no radius"):
        adapter.call("project_l1_ball", [np.zeros((1, 2))], {}, None, "float64")
    assert adapter.call("max_min", [np.array([2.0, 1.0])], {"axis": 0}, None, "float64")[0].tolist() == [1, 2]
