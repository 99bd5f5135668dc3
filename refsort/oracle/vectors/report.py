"""What became of the vectors, as a table for a terminal and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from refsort.oracle.vectors.explain import reason
from refsort.oracle.vectors.format import FORMAT
from refsort.oracle.vectors.runner import (
    FAILED,
    NOT_IMPLEMENTED,
    OTHER_DTYPES,
    PASSED,
    UNRESOLVED,
    FileReport,
    Outcome,
    passed,
)
from refsort.tables import aligned

_HEADER = ("op", "vectors", "run", "passed", "failed", "unresolved", "not implemented", "other dtypes", "verdict", "")
_VERDICTS = (PASSED, FAILED, UNRESOLVED, NOT_IMPLEMENTED, OTHER_DTYPES)
_SHOWN = 3


def table(adapter: str, reports: Sequence[FileReport]) -> str:
    """One line for each file: the vectors it declares and what became of them. Failures follow, by flag and by id."""
    formatted = aligned([_HEADER, *(_cells(report) for report in reports)])
    failures = [line for report in reports if report.number(FAILED) for line in ["", *_failures(report)]]
    run, count = sum(report.run for report in reports), sum(report.declared for report in reports)
    summary = f"{run} of {count} vectors run, {sum(report.number(PASSED) for report in reports)} passed"
    return "\n".join([f"{adapter}: {FORMAT}", *formatted, *failures, "", summary])


def as_json(adapter: str, reports: Sequence[FileReport]) -> dict[str, Any]:
    """The same for a program: for each operation its counts, and each vector that failed; and what was covered.

    ``coverage`` counts the vectors that were run, and those that failed, by operation, flag and dtype. A vector has
    several flags and counts for each. One that fails is not put to the dtypes after that.

    Examples
    --------
    >>> as_json("mine", [])["passed"]  # nothing was run
    False
    >>> from refsort.oracle import load, vectors
    >>> files = [file for file in vectors.shipped() if file.op == "max_min"]
    >>> found = as_json("mine", vectors.run(load("numpy")._replace(dtypes=("float32",)), files))
    >>> next(line for line in found["coverage"] if line["flag"] == "tie")["failed"]
    0
    """
    return {
        "adapter": adapter,
        "format": FORMAT,
        "passed": passed(reports),
        "declared": sum(report.declared for report in reports),
        "run": sum(report.run for report in reports),
        "ops": [_op(report) for report in reports],
        "coverage": [line for report in reports for line in _coverage(report)],
    }


def _op(report: FileReport) -> dict[str, Any]:
    counts = {verdict.replace(" ", "_"): report.number(verdict) for verdict in _VERDICTS}
    flags = {flag: {"failed": failed, "run": run} for flag, (failed, run) in report.failing_flags().items()}
    failures = [
        {
            "id": outcome.vector.id,
            "dtype": outcome.failure.case.dtype,
            "flags": list(outcome.vector.flags),
            "claim": outcome.failure.claim,
            "expected": outcome.failure.expected,
            "found": outcome.failure.found,
        }
        for outcome in report.outcomes
        if outcome.failure
    ]
    head = {"op": report.op, "verdict": report.verdict, "declared": report.declared, "run": report.run}
    return {**head, **counts, "flags": flags, "failures": failures}


def _coverage(report: FileReport) -> list[dict[str, Any]]:
    run: Counter[tuple[str, str]] = Counter()
    failed: Counter[tuple[str, str]] = Counter()
    for outcome in report.outcomes:
        run.update((flag, dtype) for flag in outcome.vector.flags for dtype in outcome.dtypes)
        if outcome.failure:
            failed.update((flag, outcome.failure.case.dtype) for flag in outcome.vector.flags)
    return [
        {"op": report.op, "flag": flag, "dtype": dtype, "run": run[flag, dtype], "failed": failed[flag, dtype]}
        for flag, dtype in run
    ]


def _cells(report: FileReport) -> tuple[str, ...]:
    counts = (report.declared, report.run, *(report.number(verdict) for verdict in _VERDICTS))
    values_only = sum(outcome.verdict == PASSED and not outcome.gradients for outcome in report.outcomes)
    notes = [f"{values_only} without gradients"] * bool(values_only)
    notes += [f"{len(report.outcomes)} outcomes for {report.declared} vectors"] * (not report.complete)
    return (report.op, *map(str, counts), report.verdict, "; ".join(notes))


def _failures(report: FileReport) -> list[str]:
    lines = [f"{report.op}: the flags of the {report.number(FAILED)} failures, the clearest first"]
    for flag, (failed, run) in report.failing_flags().items():
        explained = reason(flag, report.file.flags[flag], "    ")
        lines += [f"  {failed} of {run} failed:", *explained]
    outcomes = [outcome for outcome in report.outcomes if outcome.failure]
    lines += [line for outcome in outcomes[:_SHOWN] for line in _failure(outcome)]
    others = ", ".join(outcome.vector.id for outcome in outcomes[_SHOWN:])
    return [*lines, *([f"  and {others}"] if others else [])]


def _failure(outcome: Outcome) -> list[str]:
    failure, vector = outcome.failure, outcome.vector
    assert failure is not None
    inputs = ", ".join(str(array.tolist()) for array in failure.case.arrays)
    params = "".join(f", {name} {value}" for name, value in failure.case.params.items())
    return [
        f"  FAIL {vector.id} {failure.case.dtype} ({', '.join(vector.flags)}): {failure.claim}",
        f"    arrays     {inputs}{params}",
        f"    cotangent  {failure.case.cotangent.tolist()}",
        f"    expected   {failure.expected}",
        f"    found      {failure.found}",
        f"    why        refsort explain {vector.id}",
    ]
