"""Whatever an adapter does, there is a verdict: of the call that went wrong, while the other rows are judged."""

import sys

import numpy as np
import pytest

from refsort.oracle import Adapter, check, load
from refsort.oracle.subprocess_adapter import open_command
from refsort.rounding import UNIT_ROUNDOFF


class Lazy:
    """What a library that computes on demand returns: no array, though NumPy could make one of it."""

    def __init__(self, array):
        self.array, self.shape, self.dtype = array, array.shape, array.dtype

    def __array__(self, dtype=None, copy=None):
        return np.array(self.array, dtype)


class Subclass(np.ndarray):
    """An array all the same."""


def no_gpu(x):
    raise RuntimeError("CUDA error: no CUDA-capable device is detected")


def leaves(x):
    raise SystemExit("licence expired")


WRONG = {
    "NaN": (lambda x: x * np.nan, "finite numbers", "nan"),
    "infinite": (lambda x: np.full_like(x, np.inf), "finite numbers", "inf"),
    "complex": (lambda x: x.astype(np.complex64), "float32", "complex64"),
    "objects": (lambda x: x.astype(object), "float32", "object"),
    "integers": (lambda x: x.astype(int), "float32", "int64"),
    "another float": (lambda x: x.astype(np.float64), "float32", "float64"),
    "text": (lambda x: x.astype(str), "float32", "<U"),
    "a list": (lambda x: x.tolist(), "an ndarray", "list"),
    "lazy": (Lazy, "an ndarray", "Lazy"),
    "nothing": (lambda x: None, "an ndarray", "NoneType"),
    "another shape": (lambda x: x[..., None], "an ndarray", "1)"),
    "no GPU": (no_gpu, "an answer", "no CUDA-capable device"),
    "exit": (leaves, "an answer", "SystemExit: licence expired"),
}


def adapter(spoiled, where):
    """Sorts, spoiled: its result, its gradient or both. Max-min is right."""
    right = load("numpy").call

    def call(op, arrays, params, cotangent=None, dtype="float32"):
        out, gradients = right(op, arrays, params, cotangent, dtype)
        if op == "max_min":
            return out, gradients
        out = spoiled(out) if where == "result" else out
        return out, gradients and [spoiled(gradients[0]) if where == "gradient" else gradients[0]]

    return Adapter("mine", ("float32",), {}, UNIT_ROUNDOFF, None, call)


@pytest.mark.parametrize("where", ["result", "gradient"])
@pytest.mark.parametrize("name", WRONG)
def test_an_answer_of_another_form_is_a_failure_of_its_row(name, where):
    spoiled, expected, found = WRONG[name]
    rows = check(adapter(spoiled, where), ["full_sort", "max_min"], max_examples=3, shrink=False, beyond=False).rows
    assert [row.verdict for row in rows] == ["FAIL", "PASS"]
    assert expected in rows[0].failure.expected
    assert found in rows[0].failure.found
    assert rows[0].failure.kind == "call"


def test_a_subclass_of_arrays_is_an_array():
    rows = check(adapter(lambda x: x.view(Subclass), "result"), ["full_sort"], max_examples=3, beyond=False).rows
    assert rows[0].verdict == "PASS"


@pytest.mark.parametrize("answer", [None, 3, (1,), (1, 2, 3), "no"])
def test_an_answer_that_is_no_pair_is_a_failure(answer):
    mine = Adapter("mine", ("float32",), {}, UNIT_ROUNDOFF, None, lambda *_: answer)
    (row,) = check(mine, ["max_min"], max_examples=3, shrink=False, beyond=False).rows
    assert row.verdict == "FAIL"
    assert row.failure.claim == "the form of the answer"


def test_an_answer_that_changes_between_calls_is_a_failure():
    count = iter(range(1, 10**9))
    (row,) = check(adapter(lambda x: x + next(count), "result"), ["full_sort"], max_examples=3, shrink=False).rows
    assert row.verdict == "FAIL"
    assert row.failure.claim.startswith("the same result for the same call")


MISBEHAVIOUR = {
    "segfault": ("import ctypes; ctypes.string_at(0)", "SIGSEGV"),
    "hang": ("import time; time.sleep(60)", "no answer within 1 s"),
    "garbage": ("import os; os.write(answers, b'\\x00\\xff garbage\\n')", "something else than answers"),
    "out of memory": ("x = [0] * 2**60", "MemoryError"),
    "endless recursion": ("f = lambda: f(); f()", "RecursionError"),
}


@pytest.mark.parametrize("name", MISBEHAVIOUR)
def test_a_python_adapter_in_its_own_process_may_do_anything(tmp_path, name):
    statement, words = MISBEHAVIOUR[name]
    path = tmp_path / "mine.py"
    path.write_text(
        "import os\n"
        "answers = max(int(f) for f in os.listdir('/proc/self/fd') if os.path.exists(f'/proc/self/fd/{f}'))\n"
        "def call(op, arrays, params, cotangent=None, dtype='float32'):\n"
        f"    if op == 'max_min': raise NotImplementedError('later')\n    {statement}\n"
    )
    mine = open_command(f"{sys.executable} -m refsort.oracle.serve {path}", timeout=1.0)
    try:
        rows = check(mine, ["full_sort", "max_min"], ["float32"], max_examples=1, shrink=False).rows
    finally:
        mine.call.close()
    assert [row.verdict for row in rows] == ["FAIL", "NOT IMPLEMENTED"]
    assert words in rows[0].failure.found
