"""Mistakes in dividing by the spectral norm: by another one, by an estimate, with an epsilon; and on the way back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from refsort.oracle.cases import Case
from refsort.oracle.diagnosis import scale
from refsort.oracle.diagnosis.epsilon import Widened, epsilons
from refsort.oracle.diagnosis.gradients import common
from refsort.oracle.diagnosis.norms import (
    OTHER_NORMS,
    SVD,
    answers_rank_one,
    frobenius,
    is_simple,
    singular_values,
    subgradient,
)
from refsort.oracle.diagnosis.questions import data, predicted
from refsort.oracle.diagnosis.witness import Array, Explanation, Witness, close, wide


def values(witnesses: Sequence[Witness]) -> Iterator[Explanation]:
    """What a wrong result may come from."""
    yield predicted("nothing normalised", "it returns its input unchanged", lambda case: data(case), given=_unit)
    sentence = (
        "it divides by max(1, norm): matrices of a norm below 1 are left alone, and not made as large as they may be"
    )
    yield predicted("normalised only above 1", sentence, _above_1, SVD, given=_unit)
    sentence = "it divides by the square of the norm: a root is not taken"
    yield predicted("square root missing", sentence, lambda case: wide(data(case)) / _norm(case) ** 2, SVD, given=_unit)
    for words, norm in OTHER_NORMS:
        sentence = f"it divides by {words}, not by the spectral norm"
        yield predicted("another norm", sentence, partial(_over, norm=norm), SVD, given=_unit)
    yield from scale.values(witnesses)
    yield from epsilons(witnesses, _sizes, _is)
    if answers_rank_one(witnesses[0], lambda w: wide(w) / frobenius(wide(w))):
        sentence = (
            "it divides by an estimate that never exceeds the norm, often falls short of it, and is right for rank "
            "one: an iteration from below (power iteration) that stops too early"
        )
        yield Explanation("estimate from below", sentence, _from_below)


def gradients(witnesses: Sequence[Witness]) -> Iterator[Explanation]:
    """What a wrong gradient beside a right result may come from."""
    yield from common(witnesses, lambda case: [_gradient(case)], ["W"])
    predictions: list[tuple[str, str, Callable[[Case], Array]]] = [
        (
            "detached norm",
            "the norm is taken for a constant on the way back (detached): the gradient is g / norm",
            lambda case: case.cotangent / _norm(case),
        ),
        (
            "division missing in the gradient",
            "the gradient is not divided by the norm",
            lambda case: _gradient(case) * _norm(case),
        ),
        (
            "sign of the second term",
            "the gradient of the norm is added where it is to be subtracted: (g + c D) / norm",
            lambda case: 2 * case.cotangent / _norm(case) - _gradient(case),
        ),
        (
            "gradient of another norm",
            "the gradient of the norm in it is that of the Frobenius norm: the matrix itself for u v^T",
            _of_frobenius,
        ),
    ]
    for name, sentence, gradient in predictions:
        undivided = name == "division missing in the gradient"
        yield Explanation(name, sentence, partial(_back, gradient=gradient, undivided=undivided))


def _norm(case: Case) -> Any:
    return singular_values(data(case))[0]


def _unit(case: Case) -> float:
    return 1.0  # entries of the right result are no larger


def _above_1(case: Case) -> Array:
    result: Array = wide(data(case)) / max(_norm(case), 1)
    return result


def _over(case: Case, norm: Callable[[Array], Any]) -> Any:
    w = wide(data(case))
    size = norm(w)
    return w / size if size > _norm(case) / 2**20 else None  # the smallest singular value may be any rounding error


def _sizes(witness: Witness) -> list[tuple[Any, Any]]:
    w, out = wide(data(witness.case)), wide(witness.out)
    at = np.abs(w).argmax()
    return [(_norm(witness.case), w.flat[at] / out.flat[at])] if out.flat[at] else []


def _is(witness: Witness, widened: Widened) -> bool:
    expected = wide(data(witness.case)) / widened(_norm(witness.case))
    return close(witness.out, expected, witness.u, SVD)


def _from_below(witness: Witness) -> bool:
    """Whether it is a multiple of W, and no smaller than it should be."""
    (pair,) = _sizes(witness) or [(1, 0)]
    size, found = pair
    if found <= 0 or (found > size and not witness.right):
        return False
    return close(witness.out, wide(data(witness.case)) / found, witness.u, SVD)


def _gradient(case: Case) -> Array:
    return _with(case, subgradient(case))


def _with(case: Case, of_the_norm: Array) -> Array:
    g, w, sigma = wide(case.cotangent), wide(data(case)), _norm(case)
    result: Array = (g - of_the_norm * (g * w).sum() / sigma) / sigma
    return result


def _of_frobenius(case: Case) -> Array:
    return _with(case, wide(data(case)) / _norm(case))


def _back(witness: Witness, gradient: Callable[[Case], Array], undivided: bool) -> bool | None:
    case = witness.case
    if witness.gradients is None or not is_simple(case):
        return None
    cancelled = wide(case.cotangent) / (1 if undivided else _norm(case))  # what its two terms are as large as
    return close(witness.gradients[0], gradient(case), witness.u, 2 * SVD, given=cancelled)
