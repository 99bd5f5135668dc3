"""Times that can be compared: in a round every side has its turn; medians and quartiles of the rounds."""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

FEWEST = 3  # a median of fewer says nothing about spread


class Timing(NamedTuple):
    """The times of one side, in seconds.

    Attributes
    ----------
    median, lower, upper : float
        The median and the quartiles of the rounds, as `numpy.quantile` interpolates them.
    rounds : int
    """

    median: float
    lower: float
    upper: float
    rounds: int


def timing(seconds: Sequence[float]) -> Timing:
    """The median and the quartiles of the rounds.

    Examples
    --------
    >>> timing([3.0, 1.0, 2.0])
    Timing(median=2.0, lower=1.5, upper=2.5, rounds=3)
    """
    lower, median, upper = np.quantile(seconds, [0.25, 0.5, 0.75])
    return Timing(float(median), float(lower), float(upper), len(seconds))


@contextmanager
def frozen() -> Iterator[None]:
    """Meanwhile garbage collection does not look through what is alive now: collections between rounds are cheap."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def one_round(
    calls: Mapping[str, Callable[[], Any]], clock: Callable[[], float] = time.perf_counter, settle: float = 0.0
) -> dict[str, float]:
    """Call everything, in the given order, and return the seconds that a call of each takes.

    Once, unless there is time to settle: then each is called again and again for so many seconds, and the median of
    the calls that began in the second half of them counts. Results are released before the next call, outside of the
    timed span; garbage collection is done before and is off meanwhile.
    """
    seconds, enabled = {}, gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        for name, call in calls.items():
            seconds[name] = _settled(call, clock, settle)
    finally:
        if enabled:
            gc.enable()
    return seconds


def _settled(call: Callable[[], Any], clock: Callable[[], float], settle: float) -> float:
    begun, after = clock(), -math.inf
    late: list[float] = []
    while after < begun + settle or not late:
        before = clock()
        result = call()
        after = clock()
        del result
        if before >= begun + settle / 2 or after >= begun + settle:
            late.append(after - before)
    return float(np.median(late))


def interleaved(
    calls: Mapping[str, Callable[[], Any]],
    repeats: int,
    budget: float | None = None,
    clock: Callable[[], float] = time.perf_counter,
    *,
    warm_up: bool = True,
    settle: float = 0.0,
) -> dict[str, list[float]]:
    """Give everything a turn in each round and return the seconds of a call in the rounds that are kept.

    Parameters
    ----------
    calls : mapping from names to callables without arguments
    repeats : int
        Rounds that are kept.
    budget : float, optional
        Seconds after which no further round begins, once three are kept.
    clock : callable
        Seconds, of `time.perf_counter` by default.
    warm_up : bool
        Whether one more round comes first, to warm caches and allocators up, and is left out.
    settle : float
        As in `one_round`.

    Examples
    --------
    >>> order = []
    >>> times = interleaved({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, repeats=2)
    >>> "".join(order), len(times["a"])
    ('ababab', 2)
    """
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    with frozen():
        start = clock()
        if warm_up:
            one_round(calls, clock, settle)
        for kept in range(repeats):
            if budget is not None and kept >= FEWEST and clock() - start > budget:
                break
            for name, taken in one_round(calls, clock, settle).items():
                seconds[name].append(taken)
    return seconds
