"""A report as a table for a terminal, and as JSON."""

from __future__ import annotations

import platform
from typing import Any

import hypothesis
import numpy as np
import scipy
from numpy.typing import NDArray

import refsort
from refsort.oracle.judge import LARGEST, Mismatch
from refsort.oracle.runner import KINDS, Report, Row

_HEADER = ("op", "dtype", "checks", "values", "gradients", "kinks", "verdict", "")


def table(report: Report) -> str:
    """One line for each operation and dtype: the comparisons made, and the largest error over its bound of each kind.

    "0" means exact, "-" that there was nothing of the kind to compare. Failures follow, each with its smallest case.
    """
    lines = [_HEADER, *(_cells(row) for row in report.rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(_HEADER))]
    formatted = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    ]
    failures = ["", *(_failure(row.failure) for row in report.rows if row.failure)]
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
        "rows": [_row_json(row) for row in report.rows],
    }


def _cells(row: Row) -> tuple[str, ...]:
    ratios = [_ratio(row, kind) for kind in KINDS]
    return (row.op, row.dtype, str(sum(row.checks.values())), *ratios, row.verdict, row.note)


def _ratio(row: Row, kind: str) -> str:
    return f"{row.worst[kind]:.2g}" if kind in row.worst else "-"


def _failure(failure: Mismatch) -> str:
    case = failure.case
    lines = [f"FAIL {case.op} {case.dtype}: {failure.claim}"]
    lines += [f"  array {i}      {array.tolist()}" for i, array in enumerate(case.arrays)]
    if case.params:
        lines.append(f"  parameters   {', '.join(f'{name} {value}' for name, value in case.params.items())}")
    lines.append(f"  cotangent    {case.cotangent.tolist()}")
    lines += [f"  expected     {failure.expected}", f"  found        {failure.found}"]
    if failure.ratio is not None:
        lines.append(f"  error/bound  {_over(failure.ratio)}")
    return "\n".join(lines) + "\n"


def _over(ratio: float) -> str:
    return f"{ratio:.3g}" if ratio < LARGEST else "infinite: no error is allowed here"


def _summary(report: Report) -> str:
    verdicts = [row.verdict for row in report.rows]
    counts = ", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in dict.fromkeys(verdicts))
    seconds = sum(row.seconds for row in report.rows)
    return f"{report.checks} checks in {seconds:.1f} s, seed {report.seed}: {counts or 'nothing to judge'}"


def _row_json(row: Row) -> dict[str, Any]:
    return {
        "op": row.op,
        "dtype": row.dtype,
        "verdict": row.verdict,
        "checks": row.checks,
        "worst": row.worst,
        "note": row.note,
        "seconds": round(row.seconds, 3),
        "failure": _failure_json(row.failure) if row.failure else None,
    }


def _failure_json(failure: Mismatch) -> dict[str, Any]:
    case = failure.case
    return {
        "claim": failure.claim,
        "arrays": [_array_json(array) for array in case.arrays],
        "params": case.params,
        "cotangent": _array_json(case.cotangent),
        "expected": failure.expected,
        "found": failure.found,
        "ratio": failure.ratio,
    }


def _array_json(array: NDArray[Any]) -> dict[str, Any]:
    return {"shape": list(array.shape), "hex": [float(value).hex() for value in array.flat]}
