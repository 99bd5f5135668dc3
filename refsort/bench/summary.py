"""Groups of rows, each in one line: the median and the worst of a quantity over the cases of the group."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from statistics import median
from typing import Any, NamedTuple

from refsort.bench.case import BOTH, BOTH_REUSED, FORWARD, JACOBIAN, REUSED, STEP
from refsort.bench.row import Row
from refsort.tables import format_table


class Quantity(NamedTuple):
    """What a group is judged by.

    Attributes
    ----------
    what : str
    of : callable ``(row) -> float or None``
        None where it was not measured.
    worst : callable
        `max` where less is better, `min` where more is.
    """

    what: str
    of: Callable[[Row], float | None]
    worst: Callable[[Iterable[float]], float]


RATIO = Quantity("refsort / PyTorch", lambda row: row.ratio, max)
OVER_FLOOR = Quantity("refsort / floor", lambda row: row.over_floor, max)
RATE = Quantity("floor / refsort", lambda row: row.over_floor and 1 / row.over_floor, min)
MEMORY = Quantity("bytes, refsort / PyTorch", lambda row: row.memory_ratio, max)


class Group(NamedTuple):
    """Which rows belong together.

    Attributes
    ----------
    name : str
    cases : tuple of str
        The parts of the cases' names before the ``-``.
    passes : tuple of str
    quantity : Quantity
    """

    name: str
    cases: tuple[str, ...]
    passes: tuple[str, ...]
    quantity: Quantity = RATIO

    def holds(self, row: Row) -> bool:
        """Whether a row belongs to it."""
        return row.case.split("-")[0] in self.cases and row.which in self.passes


_SMALL = ("max_min", "group_sort_4", "group_sort_16")
_L1_BALL = ("l1_ball_dense", "l1_ball_sparse", "l1_ball_inside")
_ITERATED = ("bjorck_1_3",)  # by products: for more steps `refsort.nets.Bjorck` takes a decomposition in their place

GROUPS = (
    Group("max_min and group_sort up to 16, forward+backward, outputs reused", _SMALL, (BOTH_REUSED,)),
    Group("max_min and group_sort up to 16, forward+backward", _SMALL, (BOTH,)),
    Group("max_min forward, output reused, over the copy", ("max_min",), (REUSED,), OVER_FLOOR),
    Group("full_sort forward", ("full_sort",), (FORWARD,)),
    Group("full_sort forward+backward, outputs reused", ("full_sort",), (BOTH_REUSED,)),
    Group("full_sort forward+backward", ("full_sort",), (BOTH,)),
    Group("l1-ball projection forward+backward", _L1_BALL, (BOTH,)),
    Group("a bare matrix product", ("product",), (FORWARD,)),
    Group("Bjorck forward+backward, 25 iterations", ("bjorck_1_25", "bjorck_2_25", "bjorck_3_25"), (BOTH,)),
    Group("Bjorck forward+backward, 15 iterations", ("bjorck_1_15", "bjorck_2_15", "bjorck_3_15"), (BOTH,)),
    Group("Bjorck forward+backward, 3 iterations", ("bjorck_1_3",), (BOTH,)),
    Group("Bjorck by products forward, GEMM rate over that of the bare products", _ITERATED, (FORWARD,), RATE),
    Group("Bjorck by products forward+backward, GEMM rate over that of the bare products", _ITERATED, (BOTH,), RATE),
    Group("spectral normalisation forward+backward", ("spectral_normalize",), (BOTH,)),
    Group("MNIST step", ("mnist_step",), (STEP,)),
    Group("cone step", ("cone_step",), (STEP,)),
    Group("peak memory of a training step", ("mnist_step", "cone_step"), (STEP,), MEMORY),
    Group("Jacobian", ("jacobian",), (JACOBIAN,)),
)


class Line(NamedTuple):
    """A group in one dtype, with one number of threads.

    Attributes
    ----------
    group, what : str
    dtype : str
    threads, measured, without : int
        How many rows the figures stand on, and how many have none: there is no peer, it is wrong, or it was not asked.
    median, worst : float or None
    worst_case : str or None
    """

    group: str
    what: str
    dtype: str
    threads: int
    measured: int
    without: int
    median: float | None
    worst: float | None
    worst_case: str | None


def summary(rows: Sequence[Row], groups: Sequence[Group] = GROUPS) -> list[Line]:
    """A line for each group, dtype and number of threads that has rows.

    Examples
    --------
    >>> from refsort.bench.measure import Timing
    >>> a, b = Timing(1.0, 1.0, 1.0, 3), Timing(4.0, 4.0, 4.0, 3)
    >>> row = Row("max_min-2x4", "activations", "max_min", REUSED, "float32", refsort=b, floor=a)
    >>> [(line.group, line.worst) for line in summary([row])]
    [('max_min forward, output reused, over the copy', 4.0)]
    """
    kinds = list(dict.fromkeys((row.threads, row.dtype) for row in rows))
    lines = [
        _line(group, *kind, [row for row in rows if (row.threads, row.dtype) == kind])
        for kind in kinds
        for group in groups
    ]
    return [line for line in lines if line.measured + line.without]


def _line(group: Group, threads: int, dtype: str, rows: Sequence[Row]) -> Line:
    asked = [row for row in rows if group.holds(row)]
    found = [(value, row.case) for row in asked if (value := group.quantity.of(row)) is not None]
    values = [value for value, _ in found]
    worst = group.quantity.worst(values) if values else None
    return Line(
        group=group.name,
        what=group.quantity.what,
        dtype=dtype,
        threads=threads,
        measured=len(found),
        without=len(asked) - len(found),
        median=median(values) if values else None,
        worst=worst,
        worst_case=next((case for value, case in found if value == worst), None),
    )


def table(lines: Sequence[Line]) -> str:
    """For people; empty where no group has rows."""
    return (
        ""
        if not lines
        else format_table(
            ["group", "", "dtype", "threads", "rows", "median", "worst", "at"], [_cells(line) for line in lines]
        )
    )


def as_json(line: Line) -> dict[str, Any]:
    """For programs."""
    found = line._asdict()
    return {name.replace("_", " "): value for name, value in found.items()}


def _cells(line: Line) -> list[str]:
    of = f" of {line.measured + line.without}" if line.without else ""
    figures = ("-" if value is None else f"{value:.3g}" for value in (line.median, line.worst))
    return [
        line.group,
        line.what,
        line.dtype,
        str(line.threads),
        f"{line.measured}{of}",
        *figures,
        line.worst_case or "-",
    ]
