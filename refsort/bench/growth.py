"""How time and memory grow: sizes that double, and the exponents of the powers that fit them best.

What is measured is refsort alone, forward and backward: the median time of each size, interleaved, in seconds, and the
peak of what NumPy and Python allocate during one call (`tracemalloc`), in bytes. An exponent e means "times 2^e when
the size doubles"; it lies below that of the mathematics where smaller terms still count, and above it where an array
no longer fits into a cache. So it is printed beside that of the mathematics and judged by nobody.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from refsort.bench import activations, orthonormalisation, projections, training
from refsort.bench.case import BOTH, STEP, Case
from refsort.bench.measure import Timing, interleaved, timing
from refsort.tables import format_table

BUDGET = 20.0  # seconds of a series after which no further round begins, where their number is not asked for


class Series(NamedTuple):
    """A case at sizes that double.

    Attributes
    ----------
    name, against : str
        What grows, with what.
    sizes : tuple of int
    case_of : callable
        The case of a size.
    which : str
        The pass.
    time, memory : int
        The exponents of the leading terms: what the mathematics says for large sizes.
    """

    name: str
    against: str
    sizes: tuple[int, ...]
    case_of: Callable[[int], Case]
    which: str
    time: int
    memory: int


class Growth(NamedTuple):
    """What was found for a series.

    Attributes
    ----------
    series : Series
    times : tuple of Timing
        Of each size.
    peaks : tuple of int
        Bytes, of each size.
    time, memory : float
        The fitted exponents.
    last : float
        The time's exponent between the two largest sizes: where it goes.
    """

    series: Series
    times: tuple[Timing, ...]
    peaks: tuple[int, ...]
    time: float
    memory: float
    last: float


def _step(sizes: Sequence[int], batch: int) -> Case:
    return training.cases(classifier=sizes, batch=batch)[0]


SERIES: tuple[Series, ...] = (
    Series("max_min", "batch", (256, 512, 1024, 2048), lambda n: activations.cases([(n, 1024)])[0], BOTH, 1, 1),
    # n log n: between the powers 1 and 1.1 at these sizes
    Series("full_sort", "width", (512, 1024, 2048, 4096), lambda d: activations.cases([(64, d)])[-1], BOTH, 1, 1),
    Series("l1_ball_dense", "width", (256, 512, 1024, 2048), lambda d: projections.cases([(256, d)])[0], BOTH, 1, 1),
    Series(
        "bjorck, 5 steps",
        "width",
        (128, 256, 512, 1024),
        lambda n: orthonormalisation.cases([(n, n)], [1], [5])[0],
        BOTH,
        3,
        2,
    ),
    Series(
        "bjorck, 256 x 256",
        "iterations",
        (4, 8, 16, 32),
        lambda k: orthonormalisation.cases([(256, 256)], [1], [k])[0],
        BOTH,
        1,
        1,
    ),
    Series("training step", "batch", (128, 256, 512, 1024), lambda n: _step([256, 256, 256, 10], n), STEP, 1, 1),
    Series("training step", "width", (64, 128, 256, 512), lambda d: _step([d, d, d, 10], 64), STEP, 3, 2),
    Series("training step", "depth", (2, 4, 8, 16), lambda k: _step([128] * k + [10], 64), STEP, 1, 1),
)


def growth(series: Series, dtype: str, repeats: int = 7, budget: float | None = None) -> Growth:
    """Measure a series in one dtype; `repeats` and `budget` are those of `interleaved`."""
    calls = {str(size): _call(series, size, dtype) for size in series.sizes}
    seconds = interleaved(calls, repeats, budget)
    times = tuple(timing(seconds[name]) for name in calls)
    peaks = tuple(_peak(call) for call in calls.values())
    medians = [found.median for found in times]
    return Growth(
        series,
        times,
        peaks,
        exponent(series.sizes, medians),
        exponent(series.sizes, peaks),
        exponent(series.sizes[-2:], medians[-2:]),
    )


def exponent(sizes: Sequence[float], values: Sequence[float]) -> float:
    """The e of the power c size^e that fits best, by least squares of the logarithms.

    Examples
    --------
    >>> round(exponent([1, 2, 4], [3, 24, 192]), 12)
    3.0
    """
    return float(np.polyfit(np.log2(sizes), np.log2(values), 1)[0])


def table(found: Sequence[Growth]) -> str:
    """For people: milliseconds and units of 10^6 bytes at the smallest and the largest size, and the exponents."""
    head = ["what", "against", "sizes", "pass", "ms", "time ~", "last doubling", "in theory", "MB", "memory ~"]
    head += ["in theory"]
    return format_table(head, [_cells(growth) for growth in found])


def as_json(found: Growth) -> dict[str, Any]:
    """For programs: seconds and bytes of every size."""
    series = found.series
    return {
        "name": series.name,
        "against": series.against,
        "pass": series.which,
        "sizes": list(series.sizes),
        "times": [time._asdict() for time in found.times],
        "peaks": list(found.peaks),
        "exponents": {"time": found.time, "last doubling": found.last, "memory": found.memory},
        "in theory": {"time": series.time, "memory": series.memory},
    }


def _cells(found: Growth) -> list[str]:
    series = found.series
    return [
        series.name,
        series.against,
        f"{series.sizes[0]} to {series.sizes[-1]}",
        series.which,
        f"{1e3 * found.times[0].median:.3g} to {1e3 * found.times[-1].median:.3g}",
        f"{found.time:.2f}",
        f"{found.last:.2f}",
        str(series.time),
        f"{found.peaks[0] / 1e6:.3g} to {found.peaks[-1] / 1e6:.3g}",
        f"{found.memory:.2f}",
        str(series.memory),
    ]


def _call(series: Series, size: int, dtype: str) -> Callable[[], Any]:
    case = series.case_of(size)
    return case.ours(case.inputs(np.random.default_rng(0), dtype), series.which).call


def _peak(call: Callable[[], Any]) -> int:
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def report(found: Sequence[Growth], dtype: str, environment: Mapping[str, Any]) -> dict[str, Any]:
    """The whole, as JSON."""
    return {"schema": 1, **environment, "dtype": dtype, "growth": [as_json(growth) for growth in found]}
