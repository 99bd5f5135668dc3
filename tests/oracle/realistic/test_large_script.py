"""The script of a large failure draws the data again with NumPy alone and prints the wrong entries."""

import ast
from functools import partial

import numpy as np
import pytest

from refsort.oracle import load
from refsort.oracle.judge import answer
from refsort.oracle.realistic import LargeMismatch, calls, judged
from refsort.oracle.report import table
from refsort.oracle.runner import check
from refsort.oracle.script import script
from refsort.oracle.tolerances import Precision
from tests.oracle.standing_alone import run

ADAPTER = """
import numpy as np

DTYPES = ["float32"]
CONVENTIONS = {"max_min": {"order": "descending", "layout": "halves"}}
OPS = {"affine": None, "max_min": None, "operator_norm": None, "kr": None}

def call(op, arrays, params, cotangent=None, dtype="float32"):
    first = arrays[0]
    if op == "affine":  # sums beyond the last whole block of 128 are lost
        x, w, b = arrays
        k = x.shape[1] // 128 * 128 - 128 * (x.shape[1] > 512) if x.shape[1] >= 128 else x.shape[1]
        g = cotangent
        return x[:, :k] @ w[:, :k].T + b, None if g is None else [g @ w, g.T @ x, g.sum(axis=0)]
    if op == "max_min":  # pairs (i, i + half), the larger first; the gradient beyond the first 500 is lost
        half = first.shape[-1] // 2
        a, b = first[..., :half], first[..., half:]
        out = np.concatenate([np.maximum(a, b), np.minimum(a, b)], axis=-1)
        if cotangent is None:
            return out, None
        up, down = cotangent[..., :half], cotangent[..., half:]
        bar = np.concatenate([np.where(a >= b, up, down), np.where(a >= b, down, up)], axis=-1)
        bar[..., 500:] = 0
        return out, [bar]
    if op == "operator_norm":
        raise RuntimeError("no kernel for so many columns")
    if first.size > 100:
        return np.float32("nan"), None if cotangent is None else [a * 0 for a in arrays]
    raise NotImplementedError
"""


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "adapter.py"
    file.write_text(ADAPTER)
    return str(file)


def failure(path, op):
    adapter = load(path)
    with pytest.raises(LargeMismatch) as caught:
        list(judged(partial(answer, adapter), op, "float32", Precision.of("float32"), 3))
    return caught.value, adapter


def printed(text):
    return [line.split(" ", 1) for line in text.splitlines()]


def test_the_entries_are_those_of_the_judge(path, tmp_path):
    wrong, adapter = failure(path, "affine")
    large = wrong.large
    assert wrong.claim.endswith("(fails at the width 1024 and passes at 512)")
    lines = printed(run(script(wrong, path), tmp_path))
    assert [name for name, _ in lines] == ["claim", "expected", "entries", "expected", "found", "found"]
    expected, *found = (ast.literal_eval(text.strip()) for _, text in lines[3:])
    assert expected == large.expected
    case = calls("affine", "float32", 3, 1024)[large.call]
    out, _ = answer(adapter, case, False)
    assert found[0] == found[1] == [float(out[place]) for place in large.places]
    x, w, b = (array.astype(np.float64) for array in case.arrays)
    truth = x @ w.T + b
    assert expected == pytest.approx([truth[place] for place in large.places], rel=1e-9)
    assert all(abs(a - b) > 0.1 for a, b in zip(expected, found[0], strict=True))


def test_declared_layouts_are_kept_to(path, tmp_path):
    wrong, adapter = failure(path, "max_min")
    assert wrong.large.array == 0
    lines = printed(run(script(wrong, path, adapter.conventions), tmp_path))
    expected, found = (ast.literal_eval(text.strip()) for _, text in lines[3:])
    case = calls("max_min", "float32", 3, wrong.large.width)[0]
    pulled = np.empty_like(case.cotangent)
    order = np.argsort(case.arrays[0].reshape(4, -1, 2), axis=-1)
    np.put_along_axis(pulled.reshape(4, -1, 2), order, case.cotangent.reshape(4, -1, 2), axis=-1)
    assert expected == wrong.large.expected == [pulled[place] for place in wrong.large.places]
    assert found == [0.0] * len(expected)


def test_an_exception_is_shown_as_it_is(path, tmp_path):
    wrong, _ = failure(path, "operator_norm")
    assert "RuntimeError: no kernel" in run(script(wrong, path), tmp_path, code=1)


def test_what_is_not_finite_is_shown(path, tmp_path):
    wrong, _ = failure(path, "kr")
    assert "width 128" in wrong.claim
    assert "nan" in printed(run(script(wrong, path), tmp_path))[-1][1]


def test_the_report_prints_it_and_no_array(path):
    report = check(load(path), ["affine"], max_examples=2, shrink=False)
    assert report.rows[0].verdict == "FAIL"
    text = table(report)
    assert "np.random.default_rng(0)" in text
    assert "again        refsort check" in text
    assert len(text) < 10_000
