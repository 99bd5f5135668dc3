"""Times that can be compared: every side once a round, the first round thrown away, medians and quartiles."""

from __future__ import annotations

import gc
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
    calls: Mapping[str, Callable[[], Any]], clock: Callable[[], float] = time.perf_counter
) -> dict[str, float]:
    """Call everything once, in the given order, and return the seconds of each call.

    Results are released before the next call, outside of the timed span; garbage collection is done before and is off
    meanwhile. Each side finds the caches as the one before left them, which is the same for all.
    """
    seconds, enabled = {}, gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        for name, call in calls.items():
            before = clock()
            result = call()
            after = clock()
            del result
            seconds[name] = after - before
    finally:
        if enabled:
            gc.enable()
    return seconds


def interleaved(
    calls: Mapping[str, Callable[[], Any]],
    repeats: int,
    budget: float | None = None,
    clock: Callable[[], float] = time.perf_counter,
    *,
    warm_up: bool = True,
) -> dict[str, list[float]]:
    """Call everything once a round and return the seconds of each call in the rounds that are kept.

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
            one_round(calls, clock)
        for kept in range(repeats):
            if budget is not None and kept >= FEWEST and clock() - start > budget:
                break
            for name, taken in one_round(calls, clock).items():
                seconds[name].append(taken)
    return seconds
