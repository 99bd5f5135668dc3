"""A row: what a measurement found for one case, in one pass, one dtype, and one number of threads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from refsort.bench.measure import Timing


@dataclass(frozen=True)
class Row:
    """A case in one dtype and one pass.

    Attributes
    ----------
    case, family, operation, which, dtype : str
    threads : int
        Of BLAS, OpenMP and PyTorch.
    refsort : Timing or None
        None where nothing was timed, for one of the `wrong` reasons.
    torch : dict of Timing
        Of each formulation that agreed with refsort and was not dropped.
    dropped : dict of float
        Formulations that agreed and were too slow to be called again, with the seconds of their warm-up call.
    wrong : dict of str
        Formulations that do not agree with refsort, or "refsort" itself where it fails: why they were not timed.
    differences : dict of float
        How far each formulation that agrees lies from refsort: see `refsort.bench.agreement.difference`.
    tolerance : float or None
        What was allowed; None where nothing was compared.
    ratios : Timing or None
        refsort over the fastest formulation, round by round: its quartiles are the spread of the comparison.
    floor : Timing or None
        Times that count how often the case does what the floor does.
    floor_what : str
    memory : dict of int
        Bytes at the highest of a call, by "refsort" and "torch", where it was measured; "torch" is the fastest
        formulation.
    """

    case: str
    family: str
    operation: str
    which: str
    dtype: str
    threads: int = 1
    refsort: Timing | None = None
    torch: Mapping[str, Timing] = field(default_factory=dict)
    dropped: Mapping[str, float] = field(default_factory=dict)
    wrong: Mapping[str, str] = field(default_factory=dict)
    differences: Mapping[str, float] = field(default_factory=dict)
    tolerance: float | None = None
    ratios: Timing | None = None
    floor: Timing | None = None
    floor_what: str = ""
    memory: Mapping[str, int] = field(default_factory=dict)

    @property
    def formulations(self) -> int:
        """How many were tried."""
        return len(self.torch) + len(self.dropped) + len(self.wrong.keys() - {"refsort"})

    @property
    def difference(self) -> float | None:
        """The largest of the differences."""
        return max(self.differences.values(), default=None)

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

    @property
    def memory_ratio(self) -> float | None:
        """The peak of refsort over that of the fastest formulation; None where one is unknown, or the latter zero."""
        ours, theirs = self.memory.get("refsort"), self.memory.get("torch")
        return ours / theirs if ours is not None and theirs else None


def as_json(row: Row) -> dict[str, Any]:
    """For programs: seconds and bytes, null where something was not measured."""
    return {
        "case": row.case,
        "family": row.family,
        "operation": row.operation,
        "pass": row.which,
        "dtype": row.dtype,
        "threads": row.threads,
        "refsort": _timing(row.refsort),
        "torch": {name: _timing(found) for name, found in row.torch.items()},
        "dropped": dict(row.dropped),
        "wrong": dict(row.wrong),
        "formulations": row.formulations,
        "fastest": row.fastest,
        "ratio": row.ratio,
        "ratio by rounds": _timing(row.ratios),
        "floor": None if row.floor is None else {"what": row.floor_what, **row.floor._asdict()},
        "over floor": row.over_floor,
        "difference": row.difference,
        "differences": dict(row.differences),
        "tolerance": row.tolerance,
        "memory": {side: row.memory.get(side) for side in ("refsort", "torch")},
    }


def from_json(found: Mapping[str, Any]) -> Row:
    """The row that `as_json` wrote.

    Examples
    --------
    >>> row = Row("max_min-2x4", "activations", "max_min", "forward", "float32", refsort=Timing(1.0, 0.5, 2.0, 3))
    >>> from_json(as_json(row)) == row
    True
    """
    floor = found["floor"]
    return Row(
        case=found["case"],
        family=found["family"],
        operation=found["operation"],
        which=found["pass"],
        dtype=found["dtype"],
        threads=found["threads"],
        refsort=_read(found["refsort"]),
        torch={name: Timing(**times) for name, times in found["torch"].items()},
        dropped=found["dropped"],
        wrong=found["wrong"],
        differences=found["differences"],
        tolerance=found["tolerance"],
        ratios=_read(found["ratio by rounds"]),
        floor=_read(floor and {name: floor[name] for name in Timing._fields}),
        floor_what=floor["what"] if floor else "",
        memory={side: size for side, size in found["memory"].items() if size is not None},
    )


def _timing(found: Timing | None) -> dict[str, float] | None:
    return None if found is None else found._asdict()


def _read(found: Mapping[str, Any] | None) -> Timing | None:
    return None if found is None else Timing(**found)
