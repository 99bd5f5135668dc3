"""`refsort check`: exit codes, what is printed, and the JSON report."""

import argparse
import json
import subprocess
import sys

import pytest

from refsort.oracle.command import add_arguments, run

SORTS = """
import numpy as np
NAME = "{name}"
{declarations}

def call(op, arrays, params, cotangent=None, dtype="float32"):
    if op != "max_min":
        raise NotImplementedError
    x, axis = np.moveaxis(arrays[0], params["axis"], -1), params["axis"]
    pairs = x.reshape(*x.shape[:-1], -1, 2)
    order = np.argsort({sign}pairs, axis=-1, kind="stable")
    back = lambda a: np.ascontiguousarray(np.moveaxis(a.reshape(x.shape), -1, axis))
    out = back(np.take_along_axis(pairs, order, -1))
    if cotangent is None:
        return out, None
    {gradient}
    x_bar = np.empty_like(pairs)
    np.put_along_axis(x_bar, order, np.moveaxis(cotangent, axis, -1).reshape(pairs.shape), -1)
    return out, [back(x_bar)]
"""


@pytest.fixture
def adapter(tmp_path):
    def write(name="mine", declarations="", sign="", gradient=""):
        path = tmp_path / "adapter.py"
        path.write_text(SORTS.format(name=name, declarations=declarations, sign=sign, gradient=gradient))
        return str(path)

    return write


def command(*arguments):
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return run(parser.parse_args([*arguments, "--max-examples", "10"]))


def test_a_right_adapter_passes_with_what_it_lacks_not_implemented(adapter, capsys):
    assert command(adapter()) == 0
    out = capsys.readouterr().out
    assert any(line.split()[:2] == ["max_min", "float32"] for line in out.splitlines())
    assert "2 PASS" in out
    assert "32 NOT IMPLEMENTED" in out


def test_a_wrong_adapter_fails_and_its_case_is_shown(adapter, capsys):
    assert command(adapter(sign="-"), "--dtype", "float32", "--ops", "max_min") == 1
    out = capsys.readouterr().out
    for words in ("FAIL max_min float32", "array 0", "parameters   axis", "expected", "found", "error/bound  infinite"):
        assert words in out


def test_the_same_adapter_passes_once_it_declares_its_order(adapter, capsys):
    declared = "CONVENTIONS = {'max_min': {'order': 'descending'}}"
    assert command(adapter(sign="-", declarations=declared), "--ops", "max_min") == 0
    assert "FAIL" not in capsys.readouterr().out


def test_no_checks_never_pass(adapter, capsys):
    assert command(adapter(), "--ops", "affine,bjorck") == 1
    assert "0 checks" in capsys.readouterr().out


def test_an_adapter_without_gradients_says_so_and_is_judged_on_values(adapter, capsys):
    assert command(adapter(gradient="raise NotImplementedError"), "--ops", "max_min") == 0
    assert "values only" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["/nowhere/mine.py"], "there is no file"),
        (["--ops", "max_min,sort"], "--ops sort: expected names among group_sort"),
        (["--dtype", "float8"], "--dtype float8: expected names among float16, float32, float64"),
        (["--dtype", "bfloat16"], "--dtype bfloat16: expected names among"),
        (["--json", "/nowhere/report.json"], "--json /nowhere/report.json: expected a file"),
        (["--json", "/"], "--json /: expected a file"),
    ],
)
def test_usage_errors_are_one_line_and_code_two(arguments, message, capsys):
    assert command(*arguments) == 2
    printed = capsys.readouterr()
    assert message in printed.err
    assert printed.err.count("\n") == 1
    assert printed.out == ""


@pytest.mark.parametrize(
    "arguments", [["--max-examples", "0"], ["--max-examples", "x"], ["--ops", ","], ["--seed", "x"]]
)
def test_what_argparse_refuses_is_code_two(arguments):
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    with pytest.raises(SystemExit) as caught:
        parser.parse_args(arguments)
    assert caught.value.code == 2


def test_json_holds_versions_seed_and_every_row(adapter, tmp_path, capsys):
    path = tmp_path / "report.json"
    assert command(adapter(), "--json", str(path), "--seed", "5", "--dtype", "float64") == 0
    assert "max_min" in capsys.readouterr().out
    report = json.loads(path.read_text())
    assert report["seed"] == 5
    assert report["max_examples"] == 10
    assert report["passed"] is True
    assert {"refsort", "numpy", "scipy", "hypothesis", "python"} <= set(report["versions"])
    assert [row["op"] for row in report["rows"] if row["verdict"] == "PASS"] == ["max_min"]
    (row,) = (row for row in report["rows"] if row["op"] == "max_min")
    assert report["checks"] == sum(row["checks"].values()) > 0
    assert row["worst"]["value"] == 0


def test_json_holds_the_comparison_that_came_nearest_to_its_bound(tmp_path):
    path = tmp_path / "report.json"
    assert command("numpy", "--json", str(path), "--ops", "affine", "--dtype", "float32", "--quick") == 0
    (row,) = json.loads(path.read_text())["rows"]
    assert set(row["witnesses"]) == {kind for kind, ratio in row["worst"].items() if ratio > 0} != set()
    assert all("expected" in text and "found" in text for text in row["witnesses"].values())


def test_json_on_standard_output_is_nothing_but_json(adapter, capsys):
    assert command(adapter(sign="-"), "--json", "-", "--ops", "max_min", "--dtype", "float32") == 1
    report = json.loads(capsys.readouterr().out)
    failure = report["rows"][0]["failure"]
    assert [float.fromhex(x) for x in failure["arrays"][0]["hex"]] in ([0.0, 1.0], [1.0, 0.0], [-1.0, 0.0], [0.0, -1.0])
    assert failure["params"]["axis"] == 0


def test_vectors_alone_keep_to_the_options_and_json_says_what_they_covered(adapter, capsys):
    wrong = adapter(gradient="cotangent = 2 * cotangent")
    chosen = ("--vectors-only", "--ops", "max_min,affine", "--dtype", "float64")
    assert command(wrong, *chosen) == 1
    assert {line.split()[0] for line in capsys.readouterr().out.splitlines()[2:4]} == {"max_min", "affine"}
    assert command(wrong, *chosen, "--json", "-") == 1
    report = json.loads(capsys.readouterr().out)
    ops = {op["op"]: op for op in report["ops"]}
    assert report["passed"] is False
    assert ops["affine"]["not_implemented"] == ops["affine"]["declared"] > 0
    assert ops["max_min"]["failed"] == len(ops["max_min"]["failures"]) > 0
    assert {line["op"] for line in report["coverage"]} == {"max_min"}
    assert {line["dtype"] for line in report["coverage"]} == {"float64"}
    ties = next(line for line in report["coverage"] if line["flag"] == "tie")
    failed = [failure for failure in ops["max_min"]["failures"] if "tie" in failure["flags"]]
    assert ties["run"] >= ties["failed"] == len(failed) > 0


def test_the_same_seed_gives_the_same_report_and_another_one_other_cases(adapter, tmp_path):
    def report(seed):
        path = tmp_path / "report.json"
        options = ("--seed", str(seed), "--ops", "affine", "--dtype", "float32", "--quick")
        command("numpy", "--json", str(path), *options)
        return [{k: v for k, v in row.items() if k != "seconds"} for row in json.loads(path.read_text())["rows"]]

    assert report(0) == report(0) != report(1)


def test_nothing_is_written_beside_the_report(adapter, tmp_path):
    path = adapter()
    command = [sys.executable, "-m", "refsort", "check", path, "--ops", "max_min", "--dtype", "float32"]
    subprocess.run([*command, "--max-examples", "5"], cwd=tmp_path, check=True, capture_output=True)
    assert sorted(p.name for p in tmp_path.iterdir() if p.name != "__pycache__") == ["adapter.py"]
