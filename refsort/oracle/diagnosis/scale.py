"""Mistakes of scale that any operation may make: a sum for a mean, a factor 2 or 1/2, the opposite sign."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from refsort.oracle.cases import Case
from refsort.oracle.diagnosis.witness import Array, Explanation, Witness, is_right, wide

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
    sentence = "it sums over the batch, where the mean is due"
    yield Explanation("sum for mean", sentence, partial(_divided_out, factor=_batch))
    for words, factor in _FACTORS:
        sentence = f"the result is {words} what it should be"
        yield Explanation("constant factor in the result", sentence, partial(_divided_out, factor=factor))


def gradients(witnesses: Sequence[Witness]) -> Iterator[Explanation]:
    """What wrong gradients beside a right result may come from: a factor that all of them share."""
    yield Explanation(
        "constant factor in the gradient",
        "the gradient is n times what it should be, n the size of the batch: a sum for a mean",
        partial(_divided_gradients, factor=_batch),
    )
    for words, factor in _FACTORS:
        name = "sign of the gradient" if words == "minus" else "constant factor in the gradient"
        sentence = f"the gradient is {words} what it should be"
        yield Explanation(name, sentence, partial(_divided_gradients, factor=factor))


def _over(x: Array, c: float) -> Array:
    result: Array = (wide(x) / c).astype(x.dtype)
    return result


def _divided_out(witness: Witness, factor: _Factor) -> bool:
    out = _over(witness.out, factor(witness.case))
    return is_right(witness.case, out, None, witness.adapter.unit_roundoff, times=4)


def _divided_gradients(witness: Witness, factor: _Factor) -> bool | None:
    if witness.gradients is None:
        return None
    c = factor(witness.case)
    undone = [gradient if gradient is None else _over(gradient, c) for gradient in witness.gradients]
    return is_right(witness.case, witness.out, undone, witness.adapter.unit_roundoff, times=4)
