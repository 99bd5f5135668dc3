"""A report as a table for a terminal, and as JSON."""

from __future__ import annotations

import platform
import textwrap
from typing import Any

import hypothesis
import numpy as np
import scipy
from numpy.typing import NDArray

import refsort
from refsort.oracle.bugs import BUGS
from refsort.oracle.judge import LARGEST
from refsort.oracle.program_script import program_script
from refsort.oracle.rerun import rerun_command
from refsort.oracle.runner import KINDS, Report, Row
from refsort.oracle.script import script
from refsort.oracle.sources import Program
from refsort.tables import aligned

_HEADER = ("op", "dtype", "checks", "values", "gradients", "kinks", "identities", "large", "verdict", "")


def table(report: Report) -> str:
    """One line for each operation and dtype: the comparisons made, and the largest error over its bound of each kind.

    "0" means exact, "-" that there was nothing of the kind to compare. Failures follow, each with its smallest case,
    what explains it, a script that shows it without refsort, and the command that asks again.
    """
    formatted = aligned([_HEADER, *(_cells(row) for row in report.rows)])
    failures = ["", *(_failure(row, report) for row in report.rows if row.failure)]
    return "\n".join([f"{report.adapter}: worst error / derived bound", *formatted, *failures, _summary(report)])


def as_json(report: Report) -> dict[str, Any]:
    """The report in plain dicts, lists, strings and numbers; floats of arrays in hex, which no reader rounds."""
    return {
        "format": "refsort-check/1",
        "adapter": report.adapter,
        "passed": report.passed,
        "checks": report.checks,
        "max_examples": report.max_examples,
        "seed": report.seed,
        "versions": {
            "refsort": refsort.__version__,
            "python": platform.python_version(),
            "numpy": np.__version__,
            "scipy": scipy.__version__,
            "hypothesis": hypothesis.__version__,
        },
        "rows": [_row_json(row, report) for row in report.rows],
    }


def _cells(row: Row) -> tuple[str, ...]:
    ratios = [_ratio(row, kind) for kind in KINDS]
    return (row.op, row.dtype, str(sum(row.checks.values())), *ratios, row.verdict, "; ".join(_remarks(row)))


def _remarks(row: Row) -> list[str]:
    return [row.note] * bool(row.note) + list(row.remarks)


def _ratio(row: Row, kind: str) -> str:
    return f"{row.worst[kind]:.2g}" if kind in row.worst else "-"


def _failure(row: Row, report: Report) -> str:
    failure = row.failure
    assert failure is not None
    case = failure.case
    lines = [f"FAIL {case.op} {case.dtype}: {failure.claim}"]
    lines += [f"  array {i}      {array.tolist()}" for i, array in enumerate(case.arrays)]
    if case.params:
        lines.append(f"  parameters   {', '.join(f'{name} {value}' for name, value in case.params.items())}")
    if case.arrays:
        lines.append(f"  cotangent    {case.cotangent.tolist()}")
    lines += [f"  expected     {failure.expected}", f"  found        {failure.found}"]
    if failure.ratio is not None:
        lines.append(f"  error/bound  {_over(failure.ratio)}")
    if row.diagnosis:
        found, bug = row.diagnosis, BUGS[row.diagnosis.bug]
        lines.append(
            f"  diagnosis    {found.name}: {found.sentence} (explains {found.wrong} wrong of {found.cases} cases)"
        )
        threads = f": {', '.join(bug.threads)}" if bug.threads else ""
        lines.append(f"  known as     {found.bug}, {bug.description}{threads}")
    if report.source:
        lines.append(f"  again        {rerun_command(failure, report.source, report.seed, report.max_examples)}")
    shown = _script(row, report)
    if shown:
        lines += ["  script", *textwrap.indent(shown, "    ").splitlines()]
    return "\n".join(lines) + "\n"


def _script(row: Row, report: Report) -> str | None:
    """The stand-alone script of a failure; None where nobody said who was asked, or a program was of a large call."""
    if row.failure is None or not report.source:
        return None
    if isinstance(report.source, Program):
        if not row.failure.case.arrays:
            return None
        return program_script(row.failure, report.source, report.conventions)
    return script(row.failure, report.source, report.conventions)


def _over(ratio: float) -> str:
    return f"{ratio:.3g}" if ratio < LARGEST else "infinite: no error is allowed here"


def _summary(report: Report) -> str:
    verdicts = [row.verdict for row in report.rows]
    counts = ", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in dict.fromkeys(verdicts))
    seconds = sum(row.seconds for row in report.rows)
    return f"{report.checks} checks in {seconds:.1f} s, seed {report.seed}: {counts or 'nothing to judge'}"


def _row_json(row: Row, report: Report) -> dict[str, Any]:
    return {
        "op": row.op,
        "dtype": row.dtype,
        "verdict": row.verdict,
        "checks": row.checks,
        "worst": row.worst,
        "witnesses": dict(row.witnesses),
        "note": row.note,
        "remarks": list(row.remarks),
        "seconds": round(row.seconds, 3),
        "failure": _failure_json(row, report) if row.failure else None,
    }


def _failure_json(row: Row, report: Report) -> dict[str, Any]:
    failure, found = row.failure, row.diagnosis
    assert failure is not None
    case = failure.case
    return {
        "claim": failure.claim,
        "arrays": [_array_json(array) for array in case.arrays],
        "params": case.params,
        "cotangent": _array_json(case.cotangent),
        "expected": failure.expected,
        "found": failure.found,
        "ratio": failure.ratio,
        "kind": failure.kind,
        "diagnosis": {**found._asdict(), "threads": list(BUGS[found.bug].threads)} if found else None,
        "script": _script(row, report),
        "command": rerun_command(failure, report.source, report.seed, report.max_examples) if report.source else None,
    }


def _array_json(array: NDArray[Any]) -> dict[str, Any]:
    return {"shape": list(array.shape), "hex": [float(value).hex() for value in array.flat]}
