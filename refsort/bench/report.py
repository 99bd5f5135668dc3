"""What a run found, as a table that grows line by line, and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from refsort.bench import row as rows_of
from refsort.bench import summary
from refsort.bench.measure import Timing, timing
from refsort.bench.row import Row

SCHEMA = 2
NUMBERS = (  # the columns after case, pass, dtype and threads: heading and width
    *(("refsort ms", 10), ("[", 9), ("]", 9), ("torch ms", 9), ("ratio", 7), ("[", 7), ("]", 7), ("floor ms", 9)),
    *(("/floor", 7), ("differs", 8), ("MB", 7), ("torch MB", 8), ("rounds", 6)),
)


def round_by_round(ours: Sequence[float], theirs: Sequence[float]) -> Timing:
    """The quartiles of the quotients of what was measured in the same round.

    Examples
    --------
    >>> round_by_round([1.0, 2.0, 3.0], [2.0, 4.0, 3.0]).median
    0.5
    """
    return timing([a / b for a, b in zip(ours, theirs, strict=True)])


class Table:
    """Lines of columns whose widths are known before there is a row.

    Times in milliseconds, memory in units of 10^6 bytes, spread as [lower, upper] quartile.

    Parameters
    ----------
    cases, passes : sequences of str
        All names that there will be.

    Examples
    --------
    >>> print(Table(["max_min-2x4"], ["forward"]).head()[:50])
    case         pass     dtype    threads  refsort ms
    """

    def __init__(self, cases: Sequence[str], passes: Sequence[str]) -> None:
        self.widths = (*(max(map(len, names), default=0) for names in (cases, passes)), len("float64"), len("threads"))

    def head(self) -> str:
        """The headings, and a rule."""
        names = self._line(["case", "pass", "dtype", "threads"], [name for name, _ in NUMBERS], "fastest of")
        return f"{names}\n{'-' * len(names)}"

    def line(self, row: Row) -> str:
        """A row; below it, who is wrong in it and why."""
        first = [row.case, row.which, row.dtype, str(row.threads)]
        who = row.fastest or ("WRONG" if row.wrong else "-")
        tried = f" of {row.formulations}" if row.formulations else ""
        wrong = [f"    {name}: {why}" for name, why in row.wrong.items()]
        return "\n".join([self._line(first, _numbers(row), f"{who}{tried}"), *wrong])

    def _line(self, names: Sequence[str], numbers: Sequence[str], last: str) -> str:
        first = [name.ljust(width) for name, width in zip(names, self.widths, strict=True)]
        return "  ".join([*first, *(n.rjust(width) for n, (_, width) in zip(numbers, NUMBERS, strict=True)), last])


def closing(rows: Sequence[Row], environment: Mapping[str, Any]) -> str:
    """What follows the rows: the groups, the machine, and what a ratio is."""
    return "\n\n".join(
        part
        for part in (
            summary.table(summary.summary(rows)),
            described(environment)
            + (
                "\nratio: refsort over the fastest eager PyTorch formulation; torch.compile is left out"
                if "torch" in environment["versions"]
                else "\nPyTorch is not installed: refsort and the floors alone (pip install torch)"
            ),
        )
        if part
    )


def described(environment: Mapping[str, Any]) -> str:
    """Versions, machine and threads in one line."""
    versions = ", ".join(f"{name} {version}" for name, version in environment["versions"].items())
    threads = ", ".join(f"{name} {number}" for name, number in environment["threads"].items())
    load = "" if environment["load"] is None else f"; load at the start {environment['load']}"
    return f"{versions}; {environment['machine']}, {environment['cores']} cores; threads: {threads}{load}"


def as_json(rows: Sequence[Row], environment: Mapping[str, Any], complete: bool) -> dict[str, Any]:
    """For programs: seconds and bytes, null where something was not measured; `complete` says whether all is there."""
    return {
        "schema": SCHEMA,
        "complete": complete,
        **environment,
        "rows": [rows_of.as_json(row) for row in rows],
        "summary": [summary.as_json(line) for line in summary.summary(rows)],
    }


def _numbers(row: Row) -> list[str]:
    theirs = row.torch[row.fastest] if row.fastest else None
    ratios = (row.ratio, row.ratios and row.ratios.lower, row.ratios and row.ratios.upper)
    return [
        *(_milliseconds(row.refsort, name) for name in ("median", "lower", "upper")),
        _milliseconds(theirs, "median"),
        *(_short(number) for number in ratios),
        _milliseconds(row.floor, "median"),
        _short(row.over_floor),
        "-" if row.difference is None else f"{row.difference:.1e}",
        *(f"{row.memory[side] / 1e6:.1f}" if side in row.memory else "-" for side in ("refsort", "torch")),
        str(row.refsort.rounds) if row.refsort else "-",
    ]


def _short(number: float | None) -> str:
    return "-" if number is None else f"{number:.3g}"


def _milliseconds(found: Timing | None, name: str) -> str:
    return "-" if found is None else f"{1e3 * getattr(found, name):.4g}"
