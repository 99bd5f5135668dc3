"""`refsort prove [NAME]`: the statements of `proofs/`, each verified and sabotaged.

The statements lie in the source tree and not in the installed package: run it where the repository is.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import importlib
import json
import re
import sys
import textwrap
import time
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import refsort
from refsort.progress import Progress

ROOT = Path(refsort.__file__).parents[1]
HEADINGS = (
    "Statement",
    "Our reading",
    "Argument",
    "Construction",
    "What is checked",
    "What is not shown",
    "Uses",
)


class Statement(NamedTuple):
    """What a file of `proofs/` says of itself, read from its source.

    Attributes
    ----------
    name : str
    title : str
        One sentence.
    grade : str
        EXACT (a finite family, in rationals), CERTIFIED (floats with a rigorous bound) or SAMPLED (instances of a
        universal claim).
    sections : dict
        The text under each of `HEADINGS`.
    uses : tuple of str
        The statements that its argument rests on.
    """

    name: str
    title: str
    grade: str
    sections: dict[str, str]
    uses: tuple[str, ...]


class Outcome(NamedTuple):
    """What verifying and sabotaging one statement gave.

    Attributes
    ----------
    statement : Statement
    failure : str
        The counterexample that was found, or what is wrong with the file; empty where all is well.
    checked : tuple of str
    witness : str
    sabotage : dict
        The counterexample for each hypothesis that was dropped.
    seconds : float
        Of the verification.
    """

    statement: Statement
    failure: str
    checked: tuple[str, ...]
    witness: str
    sabotage: dict[str, str]
    seconds: float


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `refsort prove`."""
    parser.add_argument(
        "name", nargs="?", metavar="NAME", help="one statement: its argument's witness and its sabotage"
    )
    parser.add_argument("--graph", action="store_true", help="print which statement uses which, in Mermaid, and stop")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")


def run(args: argparse.Namespace) -> int:
    """Verify, print, and return the exit code: 0 all hold, 1 one fails, 2 no such statement or no `proofs/` here."""
    try:
        known = statements()
        chosen = known if args.name is None else [_named(args.name, known)]
    except LookupError as error:
        print(f"refsort prove: {error.args[0]}", file=sys.stderr)
        return 2
    if args.graph:
        print(graph(chosen))
        return 0
    outcomes = []
    with Progress("proving", len(chosen)) as progress:
        for i, statement in enumerate(chosen):
            progress.update(i, statement.name)
            outcomes.append(prove(statement))
    if args.json:
        print(json.dumps([_as_json(outcome) for outcome in outcomes], indent=1))
    else:
        print(_single(outcomes[0]) if args.name else table(outcomes))
    return 1 if any(outcome.failure for outcome in outcomes) else 0


def statements() -> list[Statement]:
    """All statements, in reading order; a LookupError where the source tree is not there."""
    return [_read(name) for name in _package().STATEMENTS]


def prove(statement: Statement) -> Outcome:
    """Verify the statement, then drop each of its hypotheses."""
    start = time.perf_counter()
    try:
        proof = importlib.import_module(f"proofs.{statement.name}")
        certificate = proof.verify()
        seconds = time.perf_counter() - start
        sabotage = proof.sabotage()
    except AssertionError as error:
        return Outcome(statement, f"{error}", (), "", {}, time.perf_counter() - start)
    failure = "" if certificate.grade == statement.grade else f"it is graded {statement.grade}, not {certificate.grade}"
    return Outcome(statement, failure, certificate.checked, certificate.witness, sabotage, seconds)


def table(outcomes: list[Outcome]) -> str:
    """A line for each statement, its counterexample below where it fails."""
    width = max(len(outcome.statement.name) for outcome in outcomes)
    lines = []
    for found in outcomes:
        name, title, grade, *_ = found.statement
        verdict = "FAILS" if found.failure else grade
        lines.append(f"{name:{width}}  {verdict:9}  {found.seconds:5.2f} s  {title}")
        lines += [f"{'':{width}}  {found.failure}"] * bool(found.failure)
    failed = sum(bool(outcome.failure) for outcome in outcomes)
    seconds = sum(outcome.seconds for outcome in outcomes)
    dropped = sum(len(outcome.sabotage) for outcome in outcomes)
    lines.append(
        f"\n{len(outcomes)} statements, {failed} fail; {dropped} hypotheses dropped, each with its counterexample; "
        f"{seconds:.1f} s"
    )
    return "\n".join(lines)


def graph(chosen: list[Statement]) -> str:
    """The statements and what each uses, as a Mermaid flowchart.

    Examples
    --------
    >>> a = Statement("a", "A.", "EXACT", {}, ())
    >>> print(graph([a, a._replace(name="b", uses=("a",))]))
    flowchart BT
        a["a<br>EXACT"]
        b["b<br>EXACT"]
        b --> a
    """
    nodes = [f'    {statement.name}["{statement.name}<br>{statement.grade}"]' for statement in chosen]
    edges = [f"    {statement.name} --> {used}" for statement in chosen for used in statement.uses]
    return "\n".join(["flowchart BT", *nodes, *edges])


def _single(found: Outcome) -> str:
    statement = found.statement
    parts = [f"{statement.name} ({statement.grade}, {found.seconds:.2f} s)\n{statement.title}"]
    parts += [f"{heading}\n{statement.sections[heading]}" for heading in HEADINGS[:2]]
    if found.failure:
        return "\n\n".join([*parts, f"FAILS\n{found.failure}"])
    parts += [f"Witness\n{found.witness}", f"Checked\n{_listed(found.checked)}"]
    parts.append(f"Sabotage\n{_listed(f'without {what}: {found.sabotage[what]}' for what in found.sabotage)}")
    parts.append(f"What is not shown\n{statement.sections['What is not shown']}")
    return "\n\n".join([*parts, f"The argument: {ROOT / 'proofs' / statement.name}.py"])


def _listed(lines: Iterable[str]) -> str:
    return "\n".join(textwrap.fill(f"- {line}", 120, subsequent_indent="  ") for line in lines)


def _as_json(found: Outcome) -> dict[str, Any]:
    name, title, grade, _, uses = found.statement
    outcome = {key: value for key, value in found._asdict().items() if key != "statement"}
    return {"name": name, "title": title, "grade": grade, "uses": uses, "holds": not found.failure, **outcome}


def _package() -> ModuleType:
    if not (ROOT / "proofs").is_dir():
        raise LookupError("proofs/ is part of the source tree and not of the package: run it in a clone of the project")
    if str(ROOT) not in sys.path:
        sys.path.append(str(ROOT))
    return importlib.import_module("proofs")


def _named(name: str, known: list[Statement]) -> Statement:
    wanted = Path(name).stem
    for statement in known:
        if statement.name == wanted:
            return statement
    names = [statement.name for statement in known]
    close = difflib.get_close_matches(wanted, names, n=1) or [n for n in names if wanted in n] or names
    raise LookupError(f"there is no statement {wanted}; did you mean {', '.join(close)}?")


def _read(name: str) -> Statement:
    tree = ast.parse((ROOT / "proofs" / f"{name}.py").read_text(encoding="utf-8"))
    title, _, rest = (ast.get_docstring(tree) or "").partition("\n")
    cut = re.split(r"^([A-Z][\w ]+)\n-+\n", rest, flags=re.MULTILINE)
    sections = {heading: text.strip() for heading, text in zip(cut[1::2], cut[2::2], strict=True)}
    uses = tuple(re.findall(r"^- `(\w+)`", sections.get("Uses", ""), re.MULTILINE))
    return Statement(name, title, _grade(tree), sections, uses)


def _grade(tree: ast.Module) -> str:
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "GRADE":
            return str(ast.literal_eval(node.value))
    return ""
