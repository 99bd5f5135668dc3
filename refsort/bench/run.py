"""One row: draw inputs, compare the sides, time those that agree with refsort."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from refsort.bench import memory
from refsort.bench.case import UNIT_ROUNDOFF, Case, Side, disagreement
from refsort.bench.measure import Timing, interleaved, timing
from refsort.bench.peers import Peers, sides
from refsort.bench.report import Row, round_by_round
from refsort.ops.arrays import Array

BUDGET = 20.0  # seconds of a row after which no further round begins, where the number of rounds is not asked for


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
    then it is not known who is right. Without a peer nothing is compared.

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
        Whether to start these: one for refsort, one for the fastest formulation.
    """
    inputs = case.inputs(np.random.default_rng(seed), dtype)
    ours, theirs = case.ours(inputs, which), sides(peers, case, inputs, which)
    wrong = _wrong(ours, theirs, case.tolerance * UNIT_ROUNDOFF[dtype])
    agreeing = {name: side.call for name, side in theirs.items() if name not in wrong}
    empty = Row(case.name, case.family, case.operation, which, dtype, None, {}, None, None, "", wrong, {})
    if wrong and not agreeing:
        return empty
    floor = case.floor(inputs, which)
    calls: dict[str, Callable[[], object]] = {"refsort": ours.call, **{f"torch {n}": c for n, c in agreeing.items()}}
    if floor:
        calls["floor"] = floor.call
    seconds = interleaved(calls, repeats, budget)
    torch = {name: timing(seconds[f"torch {name}"]) for name in agreeing}
    row = empty._replace(
        refsort=timing(seconds["refsort"]),
        torch=torch,
        floor=_scaled(timing(seconds["floor"]), floor.times) if floor else None,
        floor_what=floor.what if floor else "",
    )
    if row.fastest:
        row = row._replace(ratios=round_by_round(seconds["refsort"], seconds[f"torch {row.fastest}"]))
    return row._replace(memory=_memory(row, case, threads, seed)) if with_memory else row


def _wrong(ours: Side, theirs: Mapping[str, Side], tolerance: float) -> dict[str, str]:
    """Who does not agree with refsort, and why. All sides are asked: training steps move in step by it."""
    expected = _outputs(ours)
    if isinstance(expected, str):
        return {"refsort": expected}
    found = {}
    for name, side in theirs.items():
        got = _outputs(side)
        why = got if isinstance(got, str) else disagreement(expected, got, tolerance)
        if why:
            found[name] = why
    return found


def _outputs(side: Side) -> list[Array] | str:
    try:
        return list(side.outputs())
    except (RuntimeError, ArithmeticError, ValueError, TypeError) as error:
        return f"failed: {error}"


def _scaled(found: Timing, times: int) -> Timing:
    return Timing(found.median * times, found.lower * times, found.upper * times, found.rounds)


def _memory(row: Row, case: Case, threads: int, seed: int) -> dict[str, int]:
    who = {"refsort": None, **({"torch": row.fastest} if row.fastest else {})}
    found = {name: memory.peak(case, row.which, row.dtype, how, threads, seed) for name, how in who.items()}
    return {name: size for name, size in found.items() if size is not None}
