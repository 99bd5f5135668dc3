"""Times that can be compared: every side once a round, the first round thrown away, medians and quartiles."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping, Sequence
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


def interleaved(
    calls: Mapping[str, Callable[[], Any]],
    repeats: int,
    budget: float | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, list[float]]:
    """Call everything once a round, in the given order, and return the seconds of each call but those of round one.

    Parameters
    ----------
    calls : mapping from names to callables without arguments
    repeats : int
        Rounds that are kept. One more comes first, to warm caches and allocators up, and is left out.
    budget : float, optional
        Seconds after which no further round begins, once three are kept.
    clock : callable
        Seconds, of `time.perf_counter` by default.

    Notes
    -----
    Results are released before the next call, outside of the timed span; garbage collection is off meanwhile, and done
    between rounds. Each side finds the caches as the one before left them, which is the same for all.

    Examples
    --------
    >>> order = []
    >>> times = interleaved({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, repeats=2)
    >>> "".join(order), len(times["a"])
    ('ababab', 2)
    """
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    enabled = gc.isenabled()
    gc.collect()
    gc.freeze()  # what is alive now is not looked through again: collections between rounds are cheap
    start = clock()
    try:
        for turn in range(repeats + 1):
            if budget is not None and turn > FEWEST and clock() - start > budget:
                break
            gc.collect()
            gc.disable()
            for name, call in calls.items():
                before = clock()
                result = call()
                after = clock()
                del result
                if turn:
                    seconds[name].append(after - before)
    finally:
        gc.unfreeze()
        if enabled:
            gc.enable()
    return seconds
