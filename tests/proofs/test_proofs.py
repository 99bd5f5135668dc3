"""Every proof has its form, grade and row in the map; it verifies, and its sabotage finds counterexamples."""

import ast
import importlib
import re
from pathlib import Path

import pytest

import proofs
from proofs.certificate import Certificate
from proofs.gate import FloatError, exactly
from refsort import prove

FOLDER = Path(proofs.__file__).parent
STATEMENTS = {statement.name: statement for statement in prove.statements()}
GRADES = {"EXACT", "CERTIFIED", "SAMPLED"}


@pytest.fixture(params=STATEMENTS)
def statement(request):
    return STATEMENTS[request.param]


def proof_of(statement):
    return importlib.import_module(f"proofs.{statement.name}")


def test_verifies_with_the_grade_it_claims(statement):
    proof = proof_of(statement)
    certificate = exactly(proof.verify) if statement.grade == "EXACT" else proof.verify()
    assert isinstance(certificate, Certificate)
    assert certificate.grade == proof.GRADE == statement.grade
    assert statement.grade in GRADES
    assert certificate.checked
    assert all(certificate.checked)
    assert certificate.witness


def test_every_sabotage_has_its_counterexample(statement):
    proof = proof_of(statement)
    found = exactly(proof.sabotage) if statement.grade == "EXACT" else proof.sabotage()
    assert found
    assert all(re.search(r"\d|no ", text) for text in found.values()), "a counterexample has numbers"


def test_headings(statement):
    assert tuple(statement.sections) == prove.HEADINGS
    assert all(statement.sections.values())


def test_the_first_line_is_a_sentence(statement):
    assert statement.title.endswith(".")
    assert len(statement.title) <= 118
    assert "|" not in statement.title, "it stands in a table"


def test_uses_name_statements_and_form_no_circle(statement):
    assert set(statement.uses) <= set(STATEMENTS)
    assert statement.uses or statement.sections["Uses"] == "Nothing."
    above, reached = list(statement.uses), set()
    while above:
        name = above.pop()
        assert name != statement.name
        above += [used for used in STATEMENTS[name].uses if used not in reached]
        reached.add(name)


def test_exact_proofs_compute_with_no_float(statement):
    if statement.grade != "EXACT":
        pytest.skip("not graded EXACT")
    for node in ast.walk(ast.parse((FOLDER / f"{statement.name}.py").read_text())):
        assert not (isinstance(node, ast.Constant) and isinstance(node.value, float)), node.lineno
        assert not (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)), node.lineno  # 1 / 3 is a float too
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [node.module] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            assert not {name.split(".")[0] for name in names} & {"numpy", "scipy", "math", "random"}, node.lineno


def test_verification_rests_on_definitions_alone(statement):
    """Of refsort a proof imports the definitions, the constructions and rounding bounds: nothing that it checks."""
    for node in ast.walk(ast.parse((FOLDER / f"{statement.name}.py").read_text())):
        if isinstance(node, ast.ImportFrom) and node.module.split(".")[0] == "refsort":
            rooms = {a.name for a in node.names} if node.module == "refsort" else {node.module.split(".")[1]}
            assert rooms <= {"spec", "constructions", "rounding"}, node.lineno


def test_statements_files_and_map_are_the_same():
    files = {path.stem for path in FOLDER.glob("*.py") if "\nGRADE = " in path.read_text()}
    assert files == set(STATEMENTS)
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| (\w+) \|$", (FOLDER / "README.md").read_text(), re.M)
    assert rows == [(s.name, s.title.rstrip("."), s.grade) for s in STATEMENTS.values()]


def test_a_broken_sort_is_caught(monkeypatch):
    from proofs import group_sort_is_a_permutation as proof

    for broken in (lambda x, k: [max(x)] * len(x), lambda x, k: sorted(x), lambda x, k: [2 * v for v in sorted(x)]):
        monkeypatch.setattr(proof.spec, "group_sort", broken)
        with pytest.raises((AssertionError, ValueError)):
            proof.verify()


def test_the_gate_stops_a_float_in_a_proof_and_in_a_definition(monkeypatch):
    from proofs import group_sort_is_a_permutation as proof

    assert exactly(lambda: proof.spec.max_min([2, 1])) == [1, 2]
    with pytest.raises(FloatError, match="the result"):
        exactly(lambda: [1 / 3])
    monkeypatch.setattr(proof, "DIMENSION", 4.0)  # passed on to `repeat`, which refuses it: no float comes through
    with pytest.raises(TypeError):
        exactly(proof.verify)
    monkeypatch.undo()
    monkeypatch.setitem(proof.spec.full_sort.__globals__, "vector", lambda x, entry: [float(v) for v in x])
    with pytest.raises(FloatError, match=r"sort returns the float|of \w*sort is the float|sort returns"):
        exactly(lambda: proof.spec.full_sort([2, 1]))
