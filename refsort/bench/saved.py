"""The report of a run as a file that is whole at any moment, and how a run that stopped goes on from it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from refsort.atomic import atomic_write
from refsort.bench import row as rows_of
from refsort.bench.report import SCHEMA, as_json
from refsort.bench.row import Row

MUST_AGREE = ("versions", "threads", "machine", "cores", "repeats", "budget", "compiled")


def text(report: Mapping[str, Any]) -> str:
    """A report as JSON text."""
    return json.dumps(report, indent=1, allow_nan=False)


def save(path: str | Path, report: Mapping[str, Any]) -> None:
    """Write a report in one piece: whoever reads the file, at any time, finds the old one or the new one."""
    with atomic_write(path) as file:
        file.write(f"{text(report)}\n".encode())


def save_rows(path: str | Path, rows: Sequence[Row], environment: Mapping[str, Any], complete: bool) -> None:
    """`save` the report of these rows."""
    save(path, as_json(rows, environment, complete))


def resumed(path: str | Path, environment: Mapping[str, Any]) -> list[Row]:
    """The rows of the report at `path`, to go on from; none where there is no file yet.

    Raises
    ------
    ValueError
        Where the file is no such report, or one that was measured under other circumstances than `environment`: rows
        of both in one table would be compared.
    """
    if not Path(path).exists():
        return []
    report = _read(path)
    for name in MUST_AGREE:
        for what, then, now in _differing(name, report.get(name), environment[name]):
            raise ValueError(
                f"--resume: {path} was measured with {what} {then}, and this run has {now}; run it under the same "
                "circumstances, or measure anew without --resume"
            )
    try:
        return [rows_of.from_json(row) for row in report["rows"]]
    except (KeyError, TypeError) as error:
        raise ValueError(f"--resume: {path} holds a row that cannot be read ({error!r}); measure anew") from error


def _read(path: str | Path) -> dict[str, Any]:
    try:
        report = json.loads(Path(path).read_text())
    except ValueError as error:
        raise ValueError(f"--resume: {path} holds no JSON ({error}); measure anew without --resume") from error
    schema = report.get("schema") if isinstance(report, dict) else None
    if schema != SCHEMA:
        raise ValueError(f"--resume: {path} has the schema {schema} instead of {SCHEMA}; measure anew without --resume")
    found: dict[str, Any] = report
    return found


def _differing(name: str, then: Any, now: Any) -> list[tuple[str, Any, Any]]:
    """What differs, by name: of two mappings the entries that do."""
    if isinstance(then, dict) and isinstance(now, Mapping):
        pairs = [(f"{name}: {key}", then.get(key), now.get(key)) for key in {**then, **now}]
    else:
        pairs = [(name, then, now)]
    return [(what, a, b) for what, a, b in pairs if a != b]
