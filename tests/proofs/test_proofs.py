"""Every proof has its form, grade and row in the map; it verifies, and its sabotage finds counterexamples."""

import ast
import importlib
import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "proofs"
NAMES = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem not in {"__init__", "certificate"})
HEADINGS = ["Statement", "Our reading", "Argument", "What is checked", "What is not shown", "Uses"]


@pytest.fixture(params=NAMES)
def name(request):
    return request.param


def test_verifies_with_the_grade_it_claims(name):
    proof = importlib.import_module(f"proofs.{name}")
    certificate = proof.verify()
    assert certificate.grade == proof.GRADE
    assert certificate.checked


def test_every_sabotage_has_its_counterexample(name):
    assert all(importlib.import_module(f"proofs.{name}").sabotage().values())


def test_headings(name):
    found = re.findall(r"^([A-Z][\w ]+)\n-+$", ast.get_docstring(ast.parse((FOLDER / f"{name}.py").read_text())), re.M)
    assert found == HEADINGS


def test_exact_proofs_compute_with_no_float(name):
    tree = ast.parse((FOLDER / f"{name}.py").read_text())
    if importlib.import_module(f"proofs.{name}").GRADE != "EXACT":
        pytest.skip("not graded EXACT")
    for node in ast.walk(tree):
        assert not (isinstance(node, ast.Constant) and isinstance(node.value, float)), node.lineno
        assert not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)), node.lineno  # 1 / 3 is a float too
        if isinstance(node, ast.ImportFrom):
            assert node.module.split(".")[0] not in {"numpy", "scipy", "math"}


def test_the_map_lists_every_proof_with_its_statement_and_grade():
    rows = re.findall(r"^\| `(\w+)\.py` \| (.+?) \| (\w+) \|$", (FOLDER / "README.md").read_text(), re.M)
    expected = []
    for name in NAMES:
        proof = importlib.import_module(f"proofs.{name}")
        expected.append((name, proof.__doc__.split("\n")[0].rstrip("."), proof.GRADE))
    assert sorted(rows) == expected


def test_a_broken_sort_is_caught(monkeypatch):
    from proofs import group_sort_is_a_permutation as proof

    for broken in (lambda x, k: [max(x)] * len(x), lambda x, k: sorted(x), lambda x, k: [2 * v for v in sorted(x)]):
        monkeypatch.setattr(proof.spec, "group_sort", broken)
        with pytest.raises((AssertionError, ValueError)):
            proof.verify()
