"""`refsort vectors export | verify | run` and `refsort explain`: exit codes and what is printed."""

import argparse
import json

import pytest

from refsort.oracle.vectors import VectorError, shipped
from refsort.oracle.vectors.command import add_arguments, add_explain_arguments, explain, run
from refsort.oracle.vectors.explain import explain as explained
from refsort.oracle.vectors.explain import find
from refsort.oracle.vectors.format import OPERATIONS, shipped_bytes

MINE = """
import numpy as np
DTYPES = ["float32"]

def call(op, arrays, params, cotangent=None, dtype="float32"):
    if op != "max_min":
        raise NotImplementedError
    pairs = np.moveaxis(arrays[0], params["axis"], -1)
    shape = pairs.shape
    out = np.moveaxis(np.sort({sign}pairs.reshape(-1, 2), axis=-1).reshape(shape), -1, params["axis"])
    if cotangent is not None:
        raise NotImplementedError
    return np.ascontiguousarray(out), None
"""


@pytest.fixture
def adapter(tmp_path):
    def write(sign=""):
        path = tmp_path / "adapter.py"
        path.write_text(MINE.format(sign=sign))
        return str(path)

    return write


def vectors(*arguments):
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return run(parser.parse_args(list(map(str, arguments))))


def why(*arguments):
    parser = argparse.ArgumentParser()
    add_explain_arguments(parser)
    return explain(parser.parse_args(list(map(str, arguments))))


def test_export_writes_what_is_shipped_and_verify_finds_it_true(tmp_path, capsys):
    assert vectors("export", tmp_path / "new" / "folder") == 0
    assert f"{sum(file.declared for file in shipped())} vectors of 17 operations" in capsys.readouterr().out
    written = {path.name: path.read_bytes() for path in (tmp_path / "new" / "folder").iterdir()}
    assert written == shipped_bytes()
    assert vectors("verify", tmp_path / "new" / "folder" / "max_min.json") == 0
    assert "max_min.json: 111 of 111 vectors verified" in capsys.readouterr().out


def test_export_into_a_file_is_an_error_of_one_line(tmp_path, capsys):
    (tmp_path / "taken").write_text("")
    assert vectors("export", tmp_path / "taken") == 2
    printed = capsys.readouterr()
    assert printed.err.startswith("refsort vectors: ")
    assert printed.err.count("\n") == 1


def test_verify_goes_on_after_a_damaged_file(tmp_path, capsys):
    damaged, whole = tmp_path / "damaged.json", tmp_path / "whole.json"
    damaged.write_bytes(shipped_bytes()["max_min.json"].replace(b'"values":["1","2"]', b'"values":["1","3"]', 1))
    whole.write_bytes(shipped_bytes()["max_min.json"])
    assert vectors("verify", damaged, whole) == 1
    printed = capsys.readouterr()
    assert "the id does not match the content" in printed.err
    assert "whole.json: 111 of 111" in printed.out
    assert vectors("verify", tmp_path / "nowhere.json") == 2
    assert "there is no file" in capsys.readouterr().err


def test_run_counts_every_vector_of_every_file(adapter, capsys):
    assert vectors("run", adapter()) == 0
    lines = {line.split()[0]: line.split() for line in capsys.readouterr().out.splitlines() if line}
    assert lines["op"][1:3] == ["vectors", "run"]
    for op in OPERATIONS:
        declared, ran, passed, failed, unresolved, lacking, other = map(int, lines[op][1:8])
        assert ran + unresolved + lacking + other == declared
        assert failed == unresolved == 0
        assert (passed > 80) == (op == "max_min")
        assert lines[op][8] == ("PASS" if op == "max_min" else "NOT")


def test_run_fails_with_the_flags_the_first_failures_and_the_other_ids(adapter, capsys):
    assert vectors("run", adapter(sign="-")) == 1
    out = capsys.readouterr().out
    for words in ("FAIL", "the clearest first", "neighbours (B11)", "https://github.com/cemanil/LNets/issues/8"):
        assert words in out
    for words in ("arrays     ", "expected   ", "found      ", "why        refsort explain ", "  and "):
        assert words in out


def test_run_on_one_file_and_nothing_run_is_a_failure(adapter, tmp_path, capsys):
    path = tmp_path / "affine.json"
    path.write_bytes(shipped_bytes()["affine.json"])
    assert vectors("run", adapter(), path) == 1
    assert "0 of 127 vectors run" in capsys.readouterr().out


def test_run_in_some_dtypes_on_some_operations_and_as_json(adapter, tmp_path, capsys):
    path = tmp_path / "report.json"
    assert vectors("run", "numpy", "--ops", "hinge,kr", "--dtype", "float16", "--json", path) == 0
    out = capsys.readouterr().out
    assert "hinge" in out
    assert "max_min" not in out
    report = json.loads(path.read_text())
    assert [op["op"] for op in report["ops"]] == ["hinge", "kr"]
    assert report["passed"]
    for op in report["ops"]:
        assert 0 < op["run"] == op["passed"] < op["declared"] == op["run"] + op["other_dtypes"]
    assert vectors("run", adapter(sign="-"), "--ops", "max_min", "--json", "-") == 1
    report = json.loads(capsys.readouterr().out)
    assert not report["passed"]
    (op,) = report["ops"]
    assert op["failed"] == len(op["failures"]) > 0
    assert {"id", "dtype", "flags", "claim", "expected", "found"} == set(op["failures"][0])
    assert op["flags"]["neighbours"]["failed"] > 0


def test_only_the_dtypes_that_are_asked_for_are_run(capsys):
    assert vectors("run", "numpy", "--ops", "affine", "--dtype", "bfloat16") == 1
    assert "NO COMMON DTYPE" in capsys.readouterr().out


def test_usage_errors_are_one_line_and_code_two(adapter, tmp_path, capsys):
    (tmp_path / "cut.json").write_bytes(shipped_bytes()["affine.json"][:1000])
    for arguments, message in (
        (["run", "/nowhere/mine.py"], "there is no file /nowhere/mine.py"),
        (["run", adapter(), "/nowhere/vectors.json"], "there is no file /nowhere/vectors.json"),
        (["run", adapter(), tmp_path / "cut.json"], "damaged or cut off"),
        (["run", adapter(), "--ops", "softmax"], "--ops softmax: expected names among group_sort"),
        (["run", adapter(), "--dtype", "int8"], "--dtype int8: expected names among float16"),
        (["run", adapter(), "--json", tmp_path / "no" / "report.json"], "expected a file in an existing directory"),
    ):
        assert vectors(*arguments) == 2
        printed = capsys.readouterr()
        assert message in printed.err
        assert printed.err.count("\n") == 1
        assert printed.out == ""


def test_explain_prints_question_answer_and_reasons(capsys):
    flip = next(v for file in shipped() for v in file.vectors if "sign-flip" in v.flags)
    assert why(flip.id) == 0
    out = capsys.readouterr().out
    for words in ("of bjorck", "array 0 ", "parameters  beta 1/2", "cotangent", "result", "gradient 0", "tolerance"):
        assert words in out
    assert "sign-flip (B5): Singular values between sqrt 3 and sqrt 5" in out
    assert why(flip.id[:10].upper()) == 0
    assert capsys.readouterr().out == out


def test_vectors_of_every_operation_can_be_explained():
    files = shipped()
    for file in files:
        for vector in file.vectors[::25]:
            text = explained(vector.id, files)
            assert all(f"{flag} (" in text for flag in vector.flags)
            assert text.count("tolerance ") >= 1


def test_an_unknown_or_ambiguous_id(capsys):
    assert why("0000000000000000") == 2
    assert "there is no vector 0000000000000000" in capsys.readouterr().err
    assert why("") == 2
    same = shipped()[:1] * 2
    with pytest.raises(VectorError, match="2 vectors begin with"):
        find(same[0].vectors[0].id, same)
