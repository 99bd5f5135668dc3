"""Many rows: measured one after another, each printed and saved before the next one begins."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from refsort.bench.case import Case
from refsort.bench.report import Table, as_json, closing
from refsort.bench.row import Row
from refsort.bench.saved import save_rows, text
from refsort.progress import Progress

INTERRUPTED = 130


class Todo(NamedTuple):
    """A row to be measured."""

    case: Case
    which: str
    dtype: str


def session(
    todo: Sequence[Todo],
    measure: Callable[[Todo], Row],
    environment: Mapping[str, Any],
    where: str | None = None,
    earlier: Sequence[Row] = (),
) -> int:
    """Measure what is not among the `earlier` rows; print lines as they come, then the summary.

    Parameters
    ----------
    todo : sequence of Todo
    measure : callable
        Makes a row of one.
    environment : mapping
        `refsort.bench.command.environment`.
    where : str, optional
        A file that holds all rows so far at any time, or "-" for JSON alone on standard output, at the end.
    earlier : sequence of Row
        They come first in the table and in the file.

    Returns
    -------
    int
        0; 1 where results disagree or refsort fails; 130 where it was interrupted, with a summary of what is there.
    """
    rows = list(earlier)
    table = Table([one.case.name for one in todo] + [row.case for row in rows], [one.which for one in todo])
    show: Callable[[str], None] = (lambda line: None) if where == "-" else lambda line: print(line, flush=True)
    show("\n".join([table.head(), *map(table.line, rows)]))
    complete = True
    try:
        with Progress("measuring", len(todo)) as progress:
            for i, one in enumerate(todo):
                if any((row.case, row.which, row.dtype) == (one.case.name, one.which, one.dtype) for row in earlier):
                    continue
                progress.update(i, f"{one.case.name} {one.which} {one.dtype}")
                rows.append(measure(one))
                _keep(rows, environment, where, complete=False)
                progress.clear()
                show(table.line(rows[-1]))
    except KeyboardInterrupt:
        complete = False
    _keep(rows, environment, where, complete)
    show(f"\n{closing(rows, environment)}")
    if where == "-":
        print(text(as_json(rows, environment, complete)))
    if not complete:
        how = "--resume and the same --json FILE go on" if where not in (None, "-") else "--json FILE would keep them"
        print(f"refsort bench: interrupted with {len(rows)} rows of {len(todo)}; {how}", file=sys.stderr)
        return INTERRUPTED
    return 1 if any(row.wrong for row in rows) else 0


def _keep(rows: Sequence[Row], environment: Mapping[str, Any], where: str | None, complete: bool) -> None:
    if where not in (None, "-") and (rows or complete):  # with nothing measured an earlier file stays
        save_rows(str(where), rows, environment, complete)
