"""Mistakes of scale that any operation may make: a sum for a mean, a factor 2 or 1/2, the opposite sign."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from refsort.oracle.cases import Case
from refsort.oracle.diagnosis.witness import Array, Explanation, Witness, holds, wide

_Factor = Callable[[Case], float]


def _batch(case: Case) -> float:
    return float(case.arrays[0].shape[0])


_FACTORS: list[tuple[str, _Factor]] = [
    ("2 times", lambda case: 2.0),
    ("1/2 times", lambda case: 0.5),
    ("minus", lambda case: -1.0),
]


def values(witnesses: Sequence[Witness]) -> Iterator[Explanation]:
    """What a wrong result may come from, for operations about which no more is known."""
    yield divided_out("sum for mean", "it sums over the batch, where the mean is due", _batch)
    for words, factor in _FACTORS:
        yield divided_out("constant factor in the result", f"the result is {words} what it should be", factor)


def gradients(witnesses: Sequence[Witness]) -> Iterator[Explanation]:
    """What wrong gradients beside a right result may come from: a factor that all of them share."""
    yield sum_on_the_way_back()
    for words, factor in _FACTORS:
        name = "sign of the gradient" if words == "minus" else "constant factor in the gradient"
        yield divided_gradients(name, f"the gradient is {words} what it should be", factor)


def sum_on_the_way_back() -> Explanation:
    """The gradient of a sum over the batch, where the loss is a mean."""
    sentence = "the gradient is n times what it should be, n the size of the batch: a sum for a mean"
    return divided_gradients("constant factor in the gradient", sentence, _batch)


def divided_out(name: str, sentence: str, factor: _Factor) -> Explanation:
    """The result is right but for a factor that depends on the case."""
    return Explanation(name, sentence, partial(_divided_out, factor=factor))


def divided_gradients(name: str, sentence: str, factor: _Factor) -> Explanation:
    """The gradients are right but for a factor that depends on the case."""
    return Explanation(name, sentence, partial(_divided_gradients, factor=factor))


def _over(x: Array, c: float) -> Array:
    result: Array = (wide(x) / c).astype(x.dtype)
    return result


def _divided_out(witness: Witness, factor: _Factor) -> bool | None:
    out = _over(witness.out, factor(witness.case))
    return holds(witness.case, out, None, witness.adapter.unit_roundoff, times=4)


def _divided_gradients(witness: Witness, factor: _Factor) -> bool | None:
    if witness.gradients is None:
        return None
    c = factor(witness.case)
    undone = [gradient if gradient is None else _over(gradient, c) for gradient in witness.gradients]
    return holds(witness.case, witness.out, undone, witness.adapter.unit_roundoff, times=4)
