"""The kill matrix on few runs: what it writes, how it goes on, and what it says of survivors and false accusations."""

import json

import pytest

from tests.oracle import kill_matrix
from tests.oracle.implementation import Implementation
from tests.oracle.kill_table import as_due, table

ONLY = ["max_min/strict_masks", "max_min/an_exit", "max_min/results_in_fortran_order"]
COMMAND = ["--seeds", "1", "--jobs", "1"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("matrix")
    assert kill_matrix.main([*COMMAND, "--only", *ONLY, "--out", str(folder)]) == 0
    return folder


def lines(folder):
    return (folder / "kill_matrix.jsonl").read_text().splitlines()


def test_every_run_is_a_line_of_the_file_and_the_table_is_written(folder):
    records = [json.loads(line) for line in lines(folder)]
    assert [(r["key"], r["dtype"], r["seed"]) for r in records if r["kind"] == "variant"] == [(ONLY[2], "float32", 0)]
    masks = [r for r in records if r["key"] == ONLY[0]]
    assert {r["dtype"] for r in masks} == {"float32", "bfloat16"}
    assert all(r["named"] and r["by"] == "kink" for r in masks)
    assert next(r["by"] for r in records if r["key"] == ONLY[1]) == "form"
    text = (folder / "KILL_MATRIX.md").read_text()
    assert "mutants killed: 3 of 3 runs (100.00 %)" in text
    assert "variants accused: 0 of 1 runs" in text
    assert "| max_min | strict_masks | float32 | B3 | no gradient at ties | 1/1 | 1/1 | kink 1 |" in text


def test_a_run_that_was_broken_off_goes_on_where_it_was(folder, tmp_path, monkeypatch, capsys):
    kept = lines(folder)[:2]
    (tmp_path / "kill_matrix.jsonl").write_text("\n".join(kept) + '\n{"kind": "mut')  # cut short in the third
    asked, judged = [], kill_matrix.judged
    monkeypatch.setattr(kill_matrix, "judged", lambda run: asked.append(run) or judged(run))
    assert kill_matrix.main([*COMMAND, "--only", *ONLY, "--out", str(tmp_path), "--resume"]) == 0
    assert len(asked) == len(lines(folder)) - 2
    assert lines(tmp_path)[:2] == kept
    assert len(lines(tmp_path)) == len(lines(folder))
    assert capsys.readouterr().out == (tmp_path / "KILL_MATRIX.md").read_text()


@pytest.mark.parametrize("line", ["nonsense", "[1, 2]", '{"kind": "mutant"}'])
def test_a_line_that_is_no_result_is_refused_and_kept(line, folder, tmp_path, capsys):
    path = tmp_path / "kill_matrix.jsonl"
    path.write_text(f"{line}\n{lines(folder)[0]}\n")
    with pytest.raises(SystemExit) as exit_info:
        kill_matrix.main([*COMMAND, "--only", *ONLY, "--out", str(tmp_path), "--resume"])
    assert exit_info.value.code == 2
    assert "line 1 is no result" in capsys.readouterr().err
    assert path.read_text().startswith(line)


@pytest.mark.parametrize("wrong", [["--only", "nobody"], ["--seeds", "0"], ["--jobs", "0"]])
def test_a_wrong_command_line_is_refused(wrong, tmp_path, capsys):
    with pytest.raises(SystemExit) as exit_info:
        kill_matrix.main([*wrong, "--out", str(tmp_path)])
    assert exit_info.value.code == 2
    assert wrong[0] in capsys.readouterr().err


def test_survivors_and_false_accusations_are_shown_and_change_the_exit_status(folder, tmp_path, monkeypatch):
    """A right implementation taken for a mutant survives, and a wrong one taken for a variant is accused."""
    found = kill_matrix.implementations()
    right, wrong = found["variant", ONLY[2]], found["mutant", ONLY[0]]
    for kind, subject, said in (("mutant", right, "SURVIVED"), ("variant", wrong, "ACCUSED")):
        monkeypatch.setattr(kill_matrix, "implementations", lambda k=kind, s=subject: {(k, s.key): s})
        assert kill_matrix.main([*COMMAND, "--out", str(tmp_path / kind)]) == 1
        assert f"- {said}: {subject.key} " in (tmp_path / kind / "KILL_MATRIX.md").read_text()


def test_a_variant_that_nothing_was_compared_with_counts_as_accused():
    assert not as_due({"kind": "variant", "verdict": "NOT IMPLEMENTED"})
    assert not as_due({"kind": "variant", "verdict": "UNRESOLVED"})


def test_the_worst_ratio_comes_with_the_command_that_shows_it():
    run = {"kind": "variant", "key": "affine/mine", "dtype": "float32", "verdict": "PASS", "checks": 3, "claim": ""}
    records = [
        run | {"seed": seed, "worst": {"value": worst, "kink": 0.0}, "witnesses": {"value": f"witness {seed}"}}
        for seed, worst in ((4, 0.25), (5, 0.75))
    ]
    text = table(records, {("variant", "affine/mine"): Implementation("mine", "affine", ("float32",), print, {}, {})})
    assert "worst error over bound of all variants: 0.75 (value), affine/mine float32 seed 5" in text
    assert "witness 5" in text
    assert "--only affine/mine --first-seed 5 --seeds 1" in text
    assert "| affine | mine | float32 | 0/2 | 6 | 0.75 (5) | - | 0 | - | - |" in text
