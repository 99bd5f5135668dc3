"""The large calls of each operation and the page that judges them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

import numpy as np

from refsort.oracle.operations.operation import Case
from refsort.oracle.realistic import bjorck, losses, network, norms, projections, sorting, sums
from refsort.oracle.realistic.data import DRAWN
from refsort.oracle.realistic.finding import Ask, Findings
from refsort.oracle.tolerances import Precision
from refsort.rounding import NoBoundError

T = TypeVar("T")

WIDTH = 1024
LEAST = 16

_PAGES: dict[str, Callable[[Ask, Case, Precision, np.random.Generator], Findings]] = {
    "group_sort": sorting.findings,
    "max_min": sorting.findings,
    "full_sort": sorting.findings,
    "affine": sums.findings,
    "bjorck": bjorck.findings,
    "spectral_norm": norms.findings,
    "spectral_normalize": norms.findings,
    "project_l1_ball": projections.findings,
    "project_l2_ball": projections.findings,
    "project_linf_ball": projections.findings,
    "operator_norm": norms.findings,
    "hinge": losses.findings,
    "cross_entropy": losses.findings,
    "kr": losses.findings,
    "hkr": losses.findings,
    "certified_radius": losses.findings,
    "network": network.findings,
}


def at_widths(op: str, dtype: str, seed: int, run: Callable[[int, int], Iterator[T]]) -> Iterator[T]:
    """What ``run(call, width)`` gives for each call, at half of the width where it finds no bound.

    A call that is not implemented is passed over.
    """
    for call in range(len(calls(op, dtype, seed, LEAST))):
        width = WIDTH
        while width >= LEAST:
            try:
                yield from run(call, width)
                break
            except NotImplementedError:
                break
            except NoBoundError:  # nothing more can be said of so many roundings of such a size
                width //= 2


def findings_of(ask: Ask, op: str, dtype: str, precision: Precision, seed: int, call: int, width: int) -> Findings:
    """Those of one call."""
    case = calls(op, dtype, seed, width)[call]
    return _PAGES[op](ask, case, precision, np.random.default_rng([seed, call]))


def calls(op: str, dtype: str, seed: int, width: int) -> list[Case]:
    """The large calls of an operation."""
    rng = np.random.default_rng(seed)
    return [
        Case(op, dtype, tuple(arrays), params, cotangent)
        for draw in DRAWN.get(op, ())
        for arrays, params, cotangent in draw(op, rng, dtype, width)
    ]
