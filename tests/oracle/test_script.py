"""The printed script shows the failure where neither refsort nor Hypothesis can be imported."""

import textwrap

import numpy as np
import pytest

from refsort.oracle import Case, Mismatch, check, load
from refsort.oracle.adapter import SHIPPED
from refsort.oracle.rerun import rerun_command
from refsort.oracle.script import script
from tests.oracle.standing_alone import run

BODY = """
import numpy as np
import helper_beside_the_adapter

DTYPES = ["{dtype}"]
CONVENTIONS = {conventions}
OPS = {{"{op}": None}}

def call(op, arrays, params, cotangent=None, dtype="float32"):
    first = arrays[0]
    if op == "affine":
        x, w, b = arrays
        gradients = None if cotangent is None else [cotangent @ w, {w_bar}, cotangent.sum(axis=0)]
        return {affine}, gradients
    {statement}
    out = np.sort(np.moveaxis(first, params["axis"], -1).reshape(-1, 2), axis=-1){flip}
    out = np.moveaxis(out.reshape(np.moveaxis(first, params["axis"], -1).shape), -1, params["axis"])
    return {sorted}, None if cotangent is None else [cotangent.copy()]
"""

RIGHT = {
    "op": "affine",
    "dtype": "float32",
    "conventions": "{}",
    "affine": "x @ w.T + b",
    "w_bar": "cotangent.T @ x",
    "statement": "pass",
    "flip": "",
    "sorted": "out",
}


@pytest.fixture
def write(tmp_path):
    """A function that writes an adapter with one change, and a module beside it; the path has a space."""
    folder = tmp_path / "my adapters"
    folder.mkdir()
    (folder / "helper_beside_the_adapter.py").write_text("")

    def adapter(**changes):
        path = folder / "adapter.py"
        path.write_text(BODY.format(**RIGHT | changes))
        return str(path)

    return adapter


def failure(path, **options):
    adapter = load(path)
    rows = check(adapter, sorted(adapter.ops), **options).rows
    assert rows[0].verdict == "FAIL"
    return rows[0].failure, adapter


def lines(printed):
    return [line.split(" ", 1)[1].strip() for line in printed.splitlines()]


def test_a_wrong_result_is_shown_beside_the_expected_one(write, tmp_path):
    path = write(affine="x @ w.T - b")
    wrong, _ = failure(path)
    claim, expected, found, beside = lines(run(script(wrong, path), tmp_path))
    assert claim == "the result"
    assert expected == wrong.expected
    assert found == beside == wrong.found != expected


def test_a_wrong_gradient_is_shown_beside_the_expected_one(write, tmp_path):
    path = write(w_bar="2 * (cotangent.T @ x)")
    wrong, _ = failure(path)
    claim, expected, found = lines(run(script(wrong, path), tmp_path))
    assert claim == "the gradient of w"
    assert expected == wrong.expected
    assert wrong.found in found
    assert expected not in found


def test_every_digit_of_the_input_arrives(write, tmp_path):
    path = write(dtype="float64", affine="x.astype(np.float32).astype(np.float64) @ w.T + b")
    wrong, _ = failure(path)
    _, expected, found, _ = lines(run(script(wrong, path), tmp_path))
    assert expected == wrong.expected
    assert found == wrong.found


def test_declared_conventions_are_kept_to(write, tmp_path):
    path = write(op="max_min", conventions='{"max_min": {"order": "descending"}}', sorted="out + 1", flip="[:, ::-1]")
    wrong, adapter = failure(path)
    _, expected, found, _ = lines(run(script(wrong, path, adapter.conventions), tmp_path))
    assert found == str(np.array(wrong_values(wrong)).tolist())
    assert expected != found


def wrong_values(wrong):
    """Sorted pairs plus 1, in refsort's own layout."""
    x, axis = wrong.case.arrays[0], wrong.case.params["axis"]
    moved = np.moveaxis(x, axis, -1)
    return np.moveaxis(np.sort(moved.reshape(-1, 2), axis=-1).reshape(moved.shape) + 1, -1, axis)


def test_an_exception_is_shown_as_it_is(write, tmp_path):
    path = write(op="max_min", statement='raise RuntimeError("no such kernel")')
    wrong, _ = failure(path)
    assert "RuntimeError: no such kernel" in run(script(wrong, path), tmp_path, code=1)


def test_an_input_that_is_written_to_is_shown(write, tmp_path):
    path = write(op="max_min", statement="first[...] = 7")
    wrong, _ = failure(path)
    claim, expected, found = lines(run(script(wrong, path), tmp_path))
    assert claim == "an input was written to"
    assert expected == "inputs left as they were"
    assert set(found) <= set("[]7., 0")


def test_an_answer_that_changes_is_asked_for_twice(write, tmp_path):
    path = write(affine="x @ w.T + b + np.float32(len(globals().setdefault('N', []) + (N.append(0) or [])))")
    wrong, _ = failure(path, shrink=False)
    claim, _, *found = lines(run(script(wrong, path), tmp_path))
    assert claim.startswith("the same result for the same call")
    assert len(found) == 4
    assert found[0] != found[1]


def test_hidden_outputs_are_shown_where_a_layer_is_wrong(write, tmp_path):
    path = tmp_path / "taps.py"
    path.write_text(
        "OPS = {'network': None}\n"
        "def layers(arrays):\n"
        "    h, weights = arrays[0], arrays[1:]\n"
        "    for w, b in zip(weights[: len(weights) // 2], weights[len(weights) // 2 :]):\n"
        "        h = h @ w.T + b\n"  # and no sort
        "        yield h\n"
        "def taps(arrays, params, dtype):\n    return list(layers(arrays))[:-1]\n"
        "def call(op, arrays, params, cotangent=None, dtype=''):\n"
        "    if cotangent is not None: raise NotImplementedError\n"
        "    return list(layers(arrays))[-1], None\n"
    )
    wrong, _ = failure(str(path))
    claim, expected, found, beside = lines(run(script(wrong, str(path)), tmp_path))
    assert claim.startswith("layer ")
    assert expected == wrong.expected
    assert wrong.found in found + beside


def test_a_property_of_several_calls_is_said_to_be_one(write, tmp_path):
    path = write()
    wrong, _ = failure(write(affine="x @ w.T - b"))
    wrong.claim = "homogeneous: twice the input"
    write()
    assert (
        lines(run(script(wrong, path), tmp_path))[2]
        == "several calls are compared; this is the one that they start from"
    )


def test_quotes_and_newlines_in_a_claim_do_no_harm(write, tmp_path):
    path = write()
    case = Case("affine", "float32", tuple(np.ones(s, np.float32) for s in ((1, 2), (3, 2), (3,))), {}, np.ones((1, 3)))
    text = 'a "claim"\nof \\ two lines {braces}'
    printed = run(script(Mismatch(case, text, text, text), path), tmp_path)
    assert textwrap.dedent(printed).startswith(f"claim    {text}\nexpected {text}\n")


@pytest.mark.parametrize("source", ["numpy", "torch", "my.module"])
def test_modules_are_imported_by_their_names(source):
    x = np.zeros(2, np.float32)
    wrong = Mismatch(Case("max_min", "float32", (x,), {"axis": 0}, x), "the result", "", "")
    assert f"import {SHIPPED.get(source, source)} as adapter" in script(wrong, source)


def test_infinite_parameters_and_integer_arrays_can_be_written_down(tmp_path):
    x, labels = np.array([[0.1]]), np.array([3])
    wrong = Mismatch(Case("op", "float64", (x, labels), {"p": float("inf"), "k": 2}, x), "the result", "", "")
    adapter = tmp_path / "echo.py"
    adapter.write_text("def call(op, arrays, params, cotangent, dtype):\n    return arrays[1] * params['p'], None\n")
    text = script(wrong, str(adapter))
    assert 'array("int64", (1,), "3")' in text
    assert lines(run(text, tmp_path))[2] == "[inf]"


def test_the_command_reruns_just_that_check(write):
    import shlex

    from refsort.cli import main

    path = write(affine="x @ w.T - b")
    wrong, _ = failure(path, random_seed=3, max_examples=11)
    command = shlex.split(rerun_command(wrong, path, random_seed=3, max_examples=11))
    assert command[:3] == ["refsort", "check", path]
    assert command[3:] == ["--ops", "affine", "--dtype", "float32", "--seed", "3", "--max-examples", "11"]
    assert main(command[1:]) == 1
