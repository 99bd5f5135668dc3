"""What a measurement found, as a table and as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from refsort.bench.measure import Timing, timing
from refsort.tables import format_table


class Row(NamedTuple):
    """A case in one dtype and one pass.

    Attributes
    ----------
    case, family, operation, which, dtype : str
    refsort : Timing or None
        None where nothing was timed, for one of the `wrong` reasons.
    torch : dict of Timing
        Of each formulation that agreed with refsort.
    ratios : Timing or None
        refsort over the fastest formulation, round by round: its quartiles are the spread of the comparison.
    floor : Timing or None
        Times that count how often the case does what the floor does.
    floor_what : str
    wrong : dict of str
        Formulations that do not agree with refsort, or "refsort" itself where it fails: why they were not timed.
    memory : dict of int
        Bytes at the highest of a call, by "refsort" and "torch", where it was measured; "torch" is the fastest
        formulation.
    """

    case: str
    family: str
    operation: str
    which: str
    dtype: str
    refsort: Timing | None
    torch: dict[str, Timing]
    ratios: Timing | None
    floor: Timing | None
    floor_what: str
    wrong: dict[str, str]
    memory: dict[str, int]

    @property
    def fastest(self) -> str | None:
        """The formulation with the smallest median."""
        return min(self.torch, key=lambda name: self.torch[name].median, default=None)

    @property
    def ratio(self) -> float | None:
        """The median of refsort over that of the fastest formulation; below 1 refsort is faster."""
        return self.refsort.median / self.torch[self.fastest].median if self.refsort and self.fastest else None

    @property
    def over_floor(self) -> float | None:
        """The median of refsort over that of the floor."""
        return self.refsort.median / self.floor.median if self.refsort and self.floor else None


def round_by_round(ours: Sequence[float], theirs: Sequence[float]) -> Timing:
    """The quartiles of the quotients of what was measured in the same round.

    Examples
    --------
    >>> round_by_round([1.0, 2.0, 3.0], [2.0, 4.0, 3.0]).median
    0.5
    """
    return timing([a / b for a, b in zip(ours, theirs, strict=True)])


def table(rows: Sequence[Row], environment: Mapping[str, Any]) -> str:
    """For people: times in milliseconds, memory in units of 10^6 bytes, spread as [lower, upper] quartile."""
    head = [
        "case",
        "pass",
        "dtype",
        "refsort ms",
        "[",
        "]",
        "torch ms",
        "fastest",
        "ratio",
        "[",
        "]",
        "floor ms",
        "/floor",
    ]
    head += ["MB", "torch MB"]
    lines = [format_table(head, [_cells(row) for row in rows])] if rows else []
    for row in rows:
        lines += [f"{row.case} {row.which} {row.dtype}: {who}: {why}" for who, why in row.wrong.items()]
    lines += [
        "",
        described(environment),
        "ratio: refsort over the fastest eager PyTorch formulation; torch.compile is left out"
        if "torch" in environment["versions"]
        else "PyTorch is not installed: refsort and the floors alone (pip install torch)",
    ]
    return "\n".join(lines)


def described(environment: Mapping[str, Any]) -> str:
    """Versions, machine and threads in one line."""
    versions = ", ".join(f"{name} {version}" for name, version in environment["versions"].items())
    threads = ", ".join(f"{name} {number}" for name, number in environment["threads"].items())
    load = "" if environment["load"] is None else f"; load at the start {environment['load']}"
    return f"{versions}; {environment['machine']}, {environment['cores']} cores; threads: {threads}{load}"


def _cells(row: Row) -> list[str]:
    theirs = row.torch[row.fastest] if row.fastest else None
    return [
        row.case,
        row.which,
        row.dtype,
        *(_milliseconds(row.refsort, name) for name in ("median", "lower", "upper")),
        _milliseconds(theirs, "median"),
        row.fastest or ("WRONG" if row.wrong else "-"),
        "-" if row.ratio is None else f"{row.ratio:.3g}",
        *("-" if row.ratios is None else f"{number:.3g}" for number in (row.ratios or (0, 0, 0))[1:3]),
        _milliseconds(row.floor, "median"),
        "-" if row.over_floor is None else f"{row.over_floor:.3g}",
        *(f"{row.memory[side] / 1e6:.1f}" if side in row.memory else "-" for side in ("refsort", "torch")),
    ]


def _milliseconds(found: Timing | None, name: str) -> str:
    return "-" if found is None else f"{1e3 * getattr(found, name):.4g}"


def as_json(rows: Sequence[Row], environment: Mapping[str, Any]) -> dict[str, Any]:
    """For programs: seconds and bytes, null where something was not measured."""
    return {"schema": 1, **environment, "rows": [_row(row) for row in rows]}


def _row(row: Row) -> dict[str, Any]:
    return {
        "case": row.case,
        "family": row.family,
        "operation": row.operation,
        "pass": row.which,
        "dtype": row.dtype,
        "refsort": _timing(row.refsort),
        "torch": {name: _timing(found) for name, found in row.torch.items()},
        "fastest": row.fastest,
        "ratio": row.ratio,
        "ratio by rounds": _timing(row.ratios),
        "floor": None if row.floor is None else {"what": row.floor_what, **row.floor._asdict()},
        "over floor": row.over_floor,
        "wrong": row.wrong,
        "memory": {side: row.memory.get(side) for side in ("refsort", "torch")},
    }


def _timing(found: Timing | None) -> dict[str, float] | None:
    return None if found is None else found._asdict()
