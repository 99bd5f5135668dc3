"""One row: draw inputs, compare the sides, time those that agree with refsort."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from refsort.bench import memory
from refsort.bench.agreement import difference, mismatch
from refsort.bench.case import BOTH, JACOBIAN, STEP, UNIT_ROUNDOFF, Case, Inputs, Side
from refsort.bench.measure import Timing, frozen, interleaved, one_round, timing
from refsort.bench.peers import Peers, sides
from refsort.bench.report import round_by_round
from refsort.bench.row import Row
from refsort.ops.arrays import Array

BUDGET = 2.0  # seconds of a row after which no further round begins, where the number of rounds is not asked for
# Each side finds the caches full of what the others left. And where several threads work, those of a library that has
# nothing to do go on looking for work, and take the processor from those of the next: up to 0.1 s, measured, after
# which they sleep, and take 0.01 s to be woken. So a side is called and not timed for so many seconds: with one thread,
# and with more.
SETTLE = (0.02, 0.2)
SLOWER = 3.0  # a formulation that takes more than so many times as long as the fastest one is dropped


def measured(
    case: Case,
    which: str,
    dtype: str,
    peers: Peers | None,
    *,
    repeats: int = 15,
    budget: float | None = BUDGET,
    threads: int = 1,
    with_memory: bool = False,
    seed: int = 0,
) -> Row:
    """Compare and time a case in one pass and one dtype.

    Every formulation that disagrees with refsort is left out and named in the row. If none agrees, nothing is timed:
    then it is not known who is right. Without a peer nothing is compared. A round that is left out warms up.
    Formulations that take more than `SLOWER` times as long in it as the fastest one, and do so again when they are
    called once more, are dropped. Where to compare took longer than the budget, that was the warm-up. In all rounds
    each side has `SETTLE` seconds before it is timed.

    Parameters
    ----------
    case, which, dtype
        One of ``case.passes`` and one of ``case.dtypes``.
    peers : Peers or None
        `refsort.bench.peers.torch_peers()`, or None to measure refsort and the floor alone.
    repeats, budget
        As in `interleaved`.
    threads : int
        Of PyTorch in the processes that measure memory; those of BLAS are inherited from the environment.
    with_memory : bool
        Whether to start these, where `memory_counts`: one for refsort, one for the fastest formulation.
    """
    inputs = case.inputs(np.random.default_rng(seed), dtype)
    ours, theirs = case.ours(inputs, which), sides(peers, case, inputs, which)
    row = Row(case.name, case.family, case.operation, which, dtype, threads)
    row, seconds = _compared(row, case, inputs, ours, theirs)
    agreeing = {_torch(name): theirs[name].call for name in row.differences}
    if row.wrong and not agreeing:
        return row
    floor = case.floor(inputs, which)
    calls: dict[str, Callable[[], object]] = {"refsort": ours.call, **agreeing}
    if floor:
        calls["floor"] = floor.call
    settle = SETTLE[threads > 1]
    with frozen():
        if budget is None or sum(seconds.values()) <= budget:
            seconds = one_round(calls, settle=settle)
            # once more: what disturbs a short call once must not take the fastest one out of the comparison
            again = one_round(
                {name: calls[name] for name in too_slow({name: seconds[name] for name in agreeing})}, settle=settle
            )
            seconds |= {name: min(taken, seconds[name]) for name, taken in again.items()}
        slow = too_slow({name: seconds[name] for name in agreeing})
        kept = {name: call for name, call in calls.items() if name not in slow}
        found = interleaved(kept, repeats, budget, warm_up=False, settle=settle)
    row = replace(
        row,
        refsort=timing(found["refsort"]),
        torch={name: timing(found[_torch(name)]) for name in row.differences if _torch(name) in found},
        dropped={name: slow[_torch(name)] for name in row.differences if _torch(name) in slow},
        floor=_scaled(timing(found["floor"]), floor.times) if floor else None,
        floor_what=floor.what if floor else "",
    )
    if row.fastest:
        row = replace(row, ratios=round_by_round(found["refsort"], found[_torch(row.fastest)]))
    return _with_memory(row, case, seed) if with_memory and memory_counts(case, which, dtype) else row


def too_slow(seconds: Mapping[str, float]) -> dict[str, float]:
    """Those that took more than `SLOWER` times as long as the fastest one.

    Examples
    --------
    >>> too_slow({"a": 1.0, "b": 2.9, "c": 3.1})
    {'c': 3.1}
    """
    return {name: taken for name, taken in seconds.items() if taken > SLOWER * min(seconds.values())}


def memory_counts(case: Case, which: str, dtype: str) -> bool:
    """Where peak memory is measured: in passes that keep something for a gradient, single operations in one dtype.

    Processes that start take longer than most rows, and a second dtype of an operation needs twice as much or half.
    """
    return which in (STEP, JACOBIAN) or (which == BOTH and dtype == case.dtypes[0])


def _torch(name: str) -> str:
    return f"torch {name}"


def _compared(
    row: Row, case: Case, inputs: Inputs, ours: Side, theirs: Mapping[str, Side]
) -> tuple[Row, dict[str, float]]:
    """Who agrees with refsort, and who does not and why; and the seconds that each formulation took.

    All sides are asked, whatever comes out: training steps move in step by it.
    """
    expected = _outputs(ours)
    if isinstance(expected, str):
        return replace(row, wrong={"refsort": expected}), {}
    tolerance = case.tolerance(inputs, expected) * UNIT_ROUNDOFF[row.dtype] if theirs else None
    wrong, differences, seconds = {}, {}, {}
    for name, side in theirs.items():
        start = time.perf_counter()
        got = _outputs(side)
        seconds[_torch(name)] = time.perf_counter() - start
        apart = got if isinstance(got, str) else mismatch(expected, got) or difference(expected, got)
        if isinstance(apart, str):
            wrong[name] = apart
        elif tolerance is not None and not apart <= tolerance:  # NaN is a disagreement as well
            wrong[name] = f"differs by {apart:.3g} of the norm of an output, more than {tolerance:.3g}"
        else:
            differences[name] = apart
    return replace(row, wrong=wrong, differences=differences, tolerance=tolerance), seconds


def _outputs(side: Side) -> list[Array] | str:
    try:
        return [np.asarray(array) for array in side.outputs()]
    except (RuntimeError, ArithmeticError, ValueError, TypeError) as error:
        return f"failed: {error}"


def _scaled(found: Timing, times: int) -> Timing:
    return Timing(found.median * times, found.lower * times, found.upper * times, found.rounds)


def _with_memory(row: Row, case: Case, seed: int) -> Row:
    who = {"refsort": None, **({"torch": row.fastest} if row.fastest else {})}
    found = {name: memory.peak(case, row.which, row.dtype, how, row.threads, seed) for name, how in who.items()}
    return replace(row, memory={name: size for name, size in found.items() if size is not None})
