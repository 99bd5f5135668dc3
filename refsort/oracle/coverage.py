"""What golden vectors covered: operation x flag x dtype, as plain dicts for JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from refsort.oracle.vectors.runner import FAILED, NOT_IMPLEMENTED, OTHER_DTYPES, PASSED, UNRESOLVED, FileReport, passed


def as_json(adapter: str, reports: Sequence[FileReport]) -> dict[str, Any]:
    """What became of every file, and for each operation, flag and dtype how many vectors were run and how many failed.

    A vector has several flags and counts for each. One that fails is not put to the dtypes after that.

    Examples
    --------
    >>> from refsort.oracle import load, vectors
    >>> files = [file for file in vectors.shipped() if file.op == "max_min"]
    >>> found = as_json("mine", vectors.run(load("numpy")._replace(dtypes=("float32",)), files))
    >>> next(line for line in found["coverage"] if line["flag"] == "tie")["failed"]
    0
    """
    return {
        "format": "refsort-check-vectors/1",
        "adapter": adapter,
        "passed": passed(reports),
        "files": [_file(report) for report in reports],
        "coverage": [line for report in reports for line in _coverage(report)],
    }


def _file(report: FileReport) -> dict[str, Any]:
    verdicts = (PASSED, FAILED, UNRESOLVED, NOT_IMPLEMENTED, OTHER_DTYPES)
    failures = [
        {"id": o.vector.id, "dtype": o.failure.case.dtype, "claim": o.failure.claim, "flags": list(o.vector.flags)}
        for o in report.outcomes
        if o.failure
    ]
    counts = {verdict: report.number(verdict) for verdict in verdicts}
    return {"op": report.op, "vectors": report.declared, **counts, "verdict": report.verdict, "failures": failures}


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
