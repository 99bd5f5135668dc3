"""The forms that most explanations have: the answer to another question, an answer once undone, a predicted one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from refsort.oracle.cases import OPERATIONS, Case
from refsort.oracle.diagnosis.witness import Array, Explanation, Witness, close, holds, wide

Gradients = list[Any]
"""One array for each of a case, None for integers."""


def data(case: Case) -> Array:
    """The first array of a case."""
    return case.arrays[0]


def asked(name: str, sentence: str, question: Callable[[Case], Case | None]) -> Explanation:
    """The result is right for another case; None where there is no such case."""
    return Explanation(name, sentence, partial(_answers, question=question))


def undone(name: str, sentence: str, undo: Callable[[Case, Array], Any]) -> Explanation:
    """The result, in wide floats, becomes right once something is undone; None where that cannot be."""
    return Explanation(name, sentence, partial(_right_undone, undo=undo))


def predicted(
    name: str, sentence: str, predict: Callable[[Case], Any], roundings: int = 16, given: Callable[[Case], Any] = data
) -> Explanation:
    """The result is a predicted one, to some roundings of the largest number in it or in `given`."""
    return Explanation(name, sentence, partial(_as_predicted, predict=predict, roundings=roundings, given=given))


def asked_back(name: str, sentence: str, question: Callable[[Case], Case | None]) -> Explanation:
    """The gradients are right for another case; None where there is no such case."""
    return Explanation(name, sentence, partial(_answers_back, question=question))


def undone_back(name: str, sentence: str, undo: Callable[[Case, Gradients], Gradients | None]) -> Explanation:
    """The gradients become right once something is undone; where that cannot be, they are not explained."""
    return Explanation(name, sentence, partial(_right_undone_back, undo=undo))


def predicted_back(
    name: str, sentence: str, predict: Callable[[Case], Gradients | None], roundings: int = 16
) -> Explanation:
    """The gradients are predicted ones, to some roundings of the largest number in each or in the cotangent."""
    return Explanation(name, sentence, partial(_as_predicted_back, predict=predict, roundings=roundings))


def cotangent_ignored() -> Explanation:
    """A loss or a norm whose gradient is that for the cotangent 1."""
    sentence = "the cotangent is ignored: the gradient is the one for the cotangent 1"
    return asked_back("cotangent ignored", sentence, _with_cotangent_1)


def with_params(case: Case, **params: Any) -> Case:
    """The case with other parameters."""
    return case._replace(params=case.params | params)


def truth(case: Case) -> Array:
    """The exact result in wide floats, correct to a double at least."""
    exact = OPERATIONS[case.op].truth(case)
    return np.array([_wide_of(x) for x in exact.flat], dtype=np.longdouble).reshape(exact.shape)


def _wide_of(x: Any) -> Any:
    head = float(x)
    return np.longdouble(head) + np.longdouble(float(x - type(x)(head)))


def _with_cotangent_1(case: Case) -> Case | None:
    one = np.ones_like(case.cotangent)
    return None if np.array_equal(one, case.cotangent) else case._replace(cotangent=one)


def _answers(witness: Witness, question: Callable[[Case], Case | None]) -> bool | None:
    other = question(witness.case)
    if other is None:
        return None
    return holds(other, witness.out, None, witness.adapter.unit_roundoff, times=2)  # room for one rounding more


def _right_undone(witness: Witness, undo: Callable[[Case, Array], Any]) -> bool | None:
    before = undo(witness.case, wide(witness.out))
    if before is None:
        return None
    out = np.asarray(before).astype(witness.out.dtype)
    if not np.isfinite(out).all():
        return False
    return holds(witness.case, out, None, witness.adapter.unit_roundoff, times=4)


def _as_predicted(
    witness: Witness, predict: Callable[[Case], Any], roundings: int, given: Callable[[Case], Any]
) -> bool | None:
    expected = predict(witness.case)
    if expected is None:
        return None
    return close(witness.out, wide(expected), witness.u, roundings, given=np.asarray(given(witness.case)))


def _answers_back(witness: Witness, question: Callable[[Case], Case | None]) -> bool | None:
    other = question(witness.case)
    if other is None or witness.gradients is None:
        return None
    out = truth(other).astype(witness.out.dtype)
    return holds(other, out, witness.gradients, witness.adapter.unit_roundoff, times=4)


def _right_undone_back(witness: Witness, undo: Callable[[Case, Gradients], Gradients | None]) -> bool | None:
    if witness.gradients is None:
        return None
    before = undo(witness.case, [None if g is None else wide(g) for g in witness.gradients])
    if before is None:
        return False
    gradients = [_like(x, g) for x, g in zip(before, witness.gradients, strict=True)]
    if not all(g is None or np.isfinite(g).all() for g in gradients):
        return False
    return holds(witness.case, witness.out, gradients, witness.adapter.unit_roundoff, times=4)


def _like(x: Any, g: Any) -> Any:
    return None if g is None else x.astype(g.dtype)


def _as_predicted_back(witness: Witness, predict: Callable[[Case], Gradients | None], roundings: int) -> bool | None:
    if witness.gradients is None:
        return None
    expected: Sequence[Any] | None = predict(witness.case)
    if expected is None:
        return None
    g = witness.case.cotangent
    pairs = zip(witness.gradients, expected, strict=True)
    return all(e is None or close(f, wide(e), witness.u, roundings, given=g) for f, e in pairs)
