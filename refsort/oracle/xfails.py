"""Expected failures: a file of rows that are known to fail, so that only what is new fails a run.

    # operation  dtype  [kind]  # why
    bjorck       float32             # TF32 is on, https://...
    max_min      *         kink      # the gradient is halved at ties, issue 12
    *            bfloat16

A ``*`` stands for every operation or dtype. A kind, "value", "gradient", "kink", "property", "size" or "call" (no
answer, or one of the wrong form), expects a failure of that kind alone. A row that fails as expected is XFAIL. One that
is listed and passes, and a line that matches no row, is warned about: a file of expectations must not outlive them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from refsort.oracle.runner import FAIL, KINDS, NOT_IMPLEMENTED, PASS, XFAIL, Report, Row

_KINDS = (*KINDS, "call")


class Expected(NamedTuple):
    """One line of the file: an operation and a dtype, or ``*``; a kind, or None for any; why; the line's number."""

    op: str
    dtype: str
    kind: str | None
    why: str
    line: int

    def names(self, op: str, dtype: str) -> bool:
        """Whether this line is about that row, however it fails."""
        return self.op in ("*", op) and self.dtype in ("*", dtype)

    def __str__(self) -> str:
        return " ".join(part for part in (self.op, self.dtype, self.kind) if part)


def load(path: str | Path) -> list[Expected]:
    """The lines of a file.

    Raises
    ------
    ValueError
        For a file that is no text, and for a line of another form: its number and what is wrong.
    FileNotFoundError
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no text: {error.reason} at byte {error.start}") from None
    try:
        return parse(text)
    except ValueError as error:
        raise ValueError(f"{path}, {error}") from None


def parse(text: str) -> list[Expected]:
    """The lines of a text.

    Examples
    --------
    >>> [str(line) for line in parse("bjorck float32  # TF32 is on\\n\\nmax_min * kink")]
    ['bjorck float32', 'max_min * kink']
    >>> parse("bjorck")
    Traceback (most recent call last):
    ...
    ValueError: line 1: expected an operation, a dtype and perhaps a kind, got 'bjorck'
    """
    lines: dict[tuple[str, ...], Expected] = {}
    for number, line in enumerate(text.splitlines(), 1):
        entry, _, why = line.partition("#")
        words = tuple(entry.split())
        if not words:
            continue
        if len(words) not in (2, 3):
            raise ValueError(f"line {number}: expected an operation, a dtype and perhaps a kind, got {entry.strip()!r}")
        if len(words) == 3 and words[2] not in _KINDS:
            raise ValueError(f"line {number}: a kind is one of {', '.join(_KINDS)}, got {words[2]!r}")
        if words in lines:
            raise ValueError(f"line {number}: {' '.join(words)} stands in line {lines[words].line} already")
        lines[words] = Expected(words[0], words[1], words[2] if len(words) == 3 else None, why.strip(), number)
    return list(lines.values())


def apply(report: Report, expected: Sequence[Expected]) -> tuple[Report, list[str]]:
    """The report with XFAIL where a row fails as expected, and a warning for each line that is not true.

    Nothing else about a row changes: its failure stays in the report.
    """
    rows = [_judged(row, expected) for row in report.rows]
    warnings = [warning for line in expected for warning in _warnings(line, report.rows)]
    return report._replace(rows=rows), warnings


def passed(report: Report) -> bool:
    """Whether something was compared, and every row that failed was expected to fail."""
    compared = report.checks > 0 or any(row.verdict == XFAIL for row in report.rows)
    return compared and all(row.verdict in (PASS, NOT_IMPLEMENTED, XFAIL) for row in report.rows)


def kind_of(row: Row) -> str:
    """The kind of a row's failure; "call" where there was nothing to compare."""
    return getattr(row.failure, "kind", None) or "call"


def _fails_as(line: Expected, row: Row) -> bool:
    return row.verdict == FAIL and line.names(row.op, row.dtype) and line.kind in (None, kind_of(row))


def _judged(row: Row, expected: Sequence[Expected]) -> Row:
    lines = [line for line in expected if _fails_as(line, row)]
    if not lines:
        return row
    expectation = f"expected to fail: line {lines[0].line}{f', {lines[0].why}' if lines[0].why else ''}"
    return row._replace(verdict=XFAIL, note="; ".join(filter(None, (expectation, row.note))))


def _warnings(line: Expected, rows: Sequence[Row]) -> list[str]:
    named = [row for row in rows if line.names(row.op, row.dtype)]
    if any(_fails_as(line, row) for row in named):  # of the rows that a star stands for, some may pass
        return []
    return [_untrue(line, row) for row in named] or [f"line {line.line}: {line} matches nothing that was judged"]


def _untrue(line: Expected, row: Row) -> str:
    if row.verdict == FAIL:
        return f"line {line.line}: {row.op} {row.dtype} fails as {kind_of(row)}, not as {line.kind}"
    verdict = "passes (XPASS)" if row.verdict == PASS else f"is {row.verdict}"
    return f"line {line.line}: {row.op} {row.dtype} is expected to fail and {verdict}"
