"""Evidence: cases, the answers that an adapter gave to them, and which of these are right."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from numpy.typing import NDArray

from refsort.oracle.adapter import Adapter
from refsort.oracle.cases import OPERATIONS, Case, cases
from refsort.oracle.judge import Judgement, Mismatch, answer, judge

Array = NDArray[Any]


class Witness(NamedTuple):
    """One case and what was answered.

    Attributes
    ----------
    adapter : Adapter
    case : Case
    out : ndarray
        The result; where the one beside the gradients is another and wrong, that one.
    gradients : list of ndarray, or None
        None where the adapter gives none.
    right : bool
        Whether the result is.
    gradients_right : bool
        Whether they are; where there are none or the result is wrong, nothing is held against them.
    """

    adapter: Adapter
    case: Case
    out: Array
    gradients: list[Array] | None
    right: bool
    gradients_right: bool

    @property
    def u(self) -> float:
        """The unit roundoff that the adapter is held to."""
        return float(self.adapter.unit_roundoff[self.case.dtype])


def witnesses(adapter: Adapter, asked: Iterable[Case]) -> list[Witness]:
    """The answers of `adapter` of the right form to cases that are not empty: their contents are to be explained."""
    found = []
    for case in asked:
        if not all(array.size for array in (*case.arrays, case.cotangent)):
            continue
        try:
            found.append(_witness(adapter, case))
        except (Mismatch, NotImplementedError):
            continue
    return found


def _witness(adapter: Adapter, case: Case) -> Witness:
    unit_roundoff = adapter.unit_roundoff
    out, gradients = answer(adapter, case, with_gradients=False)[0], None
    right = is_right(case, out, None, unit_roundoff)
    if OPERATIONS[case.op].gradients is None:
        return Witness(adapter, case, out, None, right, gradients_right=True)
    try:
        beside, gradients = answer(adapter, case, with_gradients=True)
    except NotImplementedError:
        return Witness(adapter, case, out, None, right, gradients_right=True)
    if right and beside.tobytes() != out.tobytes():
        out, right = beside, is_right(case, beside, None, unit_roundoff)
    gradients_right = not right or is_right(case, out, gradients, unit_roundoff)
    return Witness(adapter, case, out, gradients, right, gradients_right)


def is_right(
    case: Case, out: Array, gradients: Sequence[Array] | None, unit_roundoff: dict[str, Fraction], times: int = 1
) -> bool:
    """Whether a given answer to `case` is right, with `times` the roundoff."""
    roundoff = {name: times * u for name, u in unit_roundoff.items()}
    return replayed(case, out, gradients, roundoff) is not None


def holds(
    case: Case, out: Array, gradients: Sequence[Array] | None, unit_roundoff: dict[str, Fraction], times: int = 1
) -> bool | None:
    """Whether a given answer is right with `times` the roundoff, or fewer where that is too coarse for any bound.

    None where nothing can be compared; where there are gradients, nothing of theirs.
    """
    while times:
        judgement = replayed(case, out, gradients, {name: times * u for name, u in unit_roundoff.items()})
        if judgement is None:
            return False
        if any(gradients is None or comparison.kind != "value" for comparison in judgement.comparisons):
            return True
        times //= 2
    return None


def replayed(
    case: Case, out: Array, gradients: Sequence[Array] | None, unit_roundoff: dict[str, Fraction]
) -> Judgement | None:
    """What `judge` says of an adapter that gives this answer: None where it is wrong."""

    def call(op: str, arrays: Any, params: Any, cotangent: Any = None, dtype: str = "") -> Any:
        if cotangent is None:
            return out, None
        if gradients is None:
            raise NotImplementedError
        return out, list(gradients)

    try:
        return judge(Adapter("replayed", (case.dtype,), {}, unit_roundoff, None, call), case)
    except Mismatch:
        return None


@lru_cache(maxsize=32)
def drawn(op: str, dtype: str, count: int, random_seed: int = 0) -> tuple[Case, ...]:
    """Cases of `op`, the same ones for the same seed on one machine."""
    found: list[Case] = []

    @seed(random_seed)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        derandomize=False,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )
    @given(cases(op, dtype))
    def draw(case: Case) -> None:
        found.append(case)

    draw()
    return tuple(found)


def close(found: Array, predicted: Array, u: float, roundings: int = 8, given: Array | None = None) -> bool:
    """Whether they agree to some roundings of the largest entry of the prediction, or of what it was computed from.

    And to as many smallest subnormals, where something underflows. That is no bound of anything: many cases decide.
    """
    if found.shape != predicted.shape or not np.isfinite(predicted).all():
        return False
    error, size = np.abs(wide(found) - predicted), np.abs(predicted).max(initial=0.0)
    size = size if given is None else max(size, np.abs(given).max(initial=0.0))
    eta = np.finfo(found.dtype).smallest_subnormal if found.dtype.kind == "f" else 0.0
    return bool(error.max(initial=0.0) <= roundings * (u * size + wide(eta)))


def wide(x: Any) -> Array:
    """x in the widest floating-point format that NumPy has, where predictions are made."""
    return np.asarray(x, dtype=np.longdouble)


Explains = Callable[[Witness], bool | None]


class Explanation(NamedTuple):
    """One mistake that somebody could have made.

    Attributes
    ----------
    name : str
        One of those in `refsort.oracle.bugs`.
    sentence : str
        What the implementation does, for its author.
    explains : callable
        Whether this mistake leads to the answer of a witness; None where it does not say what it leads to.
    """

    name: str
    sentence: str
    explains: Explains
