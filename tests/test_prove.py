"""`refsort prove`: the map, one statement, the graph, JSON, and what happens where something is wrong."""

import json
import re

import pytest

from refsort import prove
from refsort.cli import main

NAME = "group_sort_is_a_permutation"


def test_one_statement_prints_its_witness_and_its_sabotage(capsys):
    assert main(["prove", NAME]) == 0
    out = capsys.readouterr().out
    for heading in ("Statement", "Witness", "Checked", "Sabotage", "What is not shown"):
        assert f"\n{heading}\n" in out
    assert "one-sided derivatives" in out


def test_a_file_name_does_as_well(capsys):
    assert main(["prove", f"proofs/{NAME}.py", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert found["name"] == NAME
    assert found["holds"]
    assert found["grade"] == "EXACT"
    assert len(found["sabotage"]) == 3


def test_the_graph_names_every_statement_once_and_only_statements(capsys):
    assert main(["prove", "--graph"]) == 0
    first, *lines = capsys.readouterr().out.splitlines()
    assert first == "flowchart BT"
    nodes = [line.split("[")[0].strip() for line in lines if "[" in line]
    assert nodes == [statement.name for statement in prove.statements()]
    assert {name for line in lines if "-->" in line for name in re.findall(r"\w+", line)} <= set(nodes)


def test_an_unknown_name_is_answered_with_the_nearest(capsys):
    assert main(["prove", "group_sort_is_permutation"]) == 2
    assert f"did you mean {NAME}?" in capsys.readouterr().err


def test_without_the_source_tree_it_says_where_to_run(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(prove, "ROOT", tmp_path)
    assert main(["prove"]) == 2
    assert "clone" in capsys.readouterr().err


@pytest.fixture
def broken(monkeypatch):
    from proofs import group_sort_is_a_permutation as proof

    monkeypatch.setattr(proof.spec, "group_sort", lambda x, group_size: [2 * v for v in sorted(x)])


@pytest.mark.usefixtures("broken")
def test_a_statement_that_fails_shows_its_counterexample(capsys):
    assert main(["prove", NAME]) == 1
    assert "FAILS" in capsys.readouterr().out


@pytest.mark.usefixtures("broken")
def test_the_table_counts_failures(monkeypatch, capsys):
    (only,) = [statement for statement in prove.statements() if statement.name == NAME]
    monkeypatch.setattr(prove, "statements", lambda: [only])
    assert main(["prove"]) == 1
    out = capsys.readouterr().out
    assert "1 fail" in out
    assert "FAILS" in out
