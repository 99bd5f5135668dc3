"""Answers of a wrong form: shapes that give a mistake away, exceptions, NaN, and answers that change."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from refsort.oracle.adapter import Adapter
from refsort.oracle.cases import OPERATIONS, Case
from refsort.oracle.diagnosis.witness import Array, drawn, is_right
from refsort.oracle.judge import Mismatch
from refsort.rounding import UNIT_ROUNDOFF

_SORTS = ("group_sort", "max_min", "full_sort")


class Answer(NamedTuple):
    """What an adapter returned, unchecked; None where it raised."""

    out: Any
    gradients: Any


Sign = Callable[[Case, Answer], bool]


def diagnosed(mismatch: Mismatch, adapter: Adapter) -> tuple[str, str] | None:
    """The name and the sentence of what explains an answer of a wrong form."""
    case, claim = mismatch.case, mismatch.claim
    if "for the same call" in claim:
        sentence = "the same call gives another answer the second time: something is left of the first"
        return "state between calls", sentence
    if claim.startswith("finite entries"):
        return _not_finite_for_zeros(adapter, case) or _overflows(adapter, case)
    if claim == "the call raised" and case.op == "affine":
        return _transposed(adapter, case)
    if not claim.startswith("the shape and dtype of"):
        return None
    for name, sentence, sign in _signs(case, of_result=claim.endswith("the result")):
        asked = [case, *drawn(case.op, case.dtype, 8)]
        answers = [(other, _answer(adapter, other)) for other in asked]
        if answers and all(answer is not None and sign(other, answer) for other, answer in answers):
            return name, sentence
    return None


def _signs(case: Case, of_result: bool) -> list[tuple[str, str, Sign]]:
    """What a wrong shape of the result, or of a gradient, may be."""
    signs: list[tuple[str, str, Sign]] = []
    if of_result and case.op in _SORTS:
        sentence = (
            "it doubles the features, [relu(x), relu(-x)]: CReLU (Blot et al.), which some call MaxMin, sorts nothing"
        )
        signs.append(("CReLU", sentence, _is_crelu))
    if of_result:
        signs.append(("another shape", "the entries of the result are right, its shape is not", _reshaped))
    if not of_result and case.op == "affine":
        sentence = "the gradient of b is not summed over the batch: it is the cotangent"
        signs.append(("gradient not summed over the batch", sentence, _b_bar_not_summed))
        sentence = "the gradient of W is transposed: g^T x is due for y = x W^T + b"
        signs.append(("transposed gradient", sentence, _w_bar_transposed))
    return signs


def _answer(adapter: Adapter, case: Case) -> Answer | None:
    arrays, params = [array.copy() for array in case.arrays], dict(case.params)
    cotangent = case.cotangent.copy() if OPERATIONS[case.op].gradients is not None else None
    try:
        return Answer(*adapter.call(case.op, arrays, params, cotangent, case.dtype))
    except (Exception, SystemExit):  # whatever it raises, it gives nothing away
        return None


def _not_finite_for_zeros(adapter: Adapter, case: Case) -> tuple[str, str] | None:
    """Whether zeros give NaN or infinity, and only they do."""
    for other in drawn(case.op, case.dtype, 24):
        if not all(array.size for array in other.arrays):
            continue
        zeros = other._replace(arrays=tuple(np.zeros_like(array) for array in other.arrays))
        whole = all(array.all() for array in other.arrays)
        if _is_finite(_answer(adapter, zeros)) is not False or (whole and not _is_finite(_answer(adapter, other))):
            return None
    return "NaN for a zero", "a zero input gives NaN or infinity: something is divided by its norm"


def _overflows(adapter: Adapter, case: Case) -> tuple[str, str] | None:
    """Whether logits are answered exactly where exp of them, without a shift, neither overflows nor underflows."""
    if case.op != "cross_entropy":
        return None
    largest, told = math.log(float(np.finfo(case.arrays[0].dtype).max)), False
    for other in drawn(case.op, case.dtype, 40):
        # the exponent of the label carries the margin
        reach = other.params["temperature"] * (np.abs(other.arrays[0]).max(initial=0.0) + other.params["margin"])
        finite = _is_finite(_answer(adapter, other))
        if finite is None or (not finite and reach < largest / 2):
            return None
        told = told or not finite
    if not told:
        return None
    sentence = f"exp of a logit overflows, from about {largest:.0f} on: the largest logit is not subtracted first"
    return "exponentials overflow", sentence


def _is_finite(answer: Answer | None) -> bool | None:
    if answer is None:
        return None
    gradients = answer.gradients if isinstance(answer.gradients, list | tuple) else ()
    arrays = [array for array in (answer.out, *gradients) if array is not None]
    if not all(isinstance(array, np.ndarray | np.generic) and array.dtype.kind in "iuf" for array in arrays):
        return None
    return all(bool(np.isfinite(array).all()) for array in arrays)


def _is_crelu(case: Case, answer: Answer) -> bool:
    x, axis = case.arrays[0], case.params["axis"]
    halves = [np.maximum(x, 0), np.maximum(-x, 0)]
    return any(
        np.array_equal(answer.out, doubled)
        for doubled in (
            np.concatenate(halves, axis),
            np.concatenate(halves, -1),
            np.concatenate([halves[0], -halves[1]], axis),
        )
    )


def _b_bar_not_summed(case: Case, answer: Answer) -> bool:
    return bool(np.array_equal(_gradient(answer, 2), case.cotangent))


def _w_bar_transposed(case: Case, answer: Answer) -> bool:
    w_bar = _gradient(answer, 1)
    if not isinstance(w_bar, np.ndarray) or w_bar.ndim != 2 or not isinstance(answer.out, np.ndarray):
        return False
    gradients = [*answer.gradients[:1], w_bar.T.copy(), *answer.gradients[2:]]
    return is_right(case, answer.out, gradients, UNIT_ROUNDOFF, times=4)


def _gradient(answer: Answer, i: int) -> Any:
    gradients = answer.gradients
    return gradients[i] if isinstance(gradients, list | tuple) and len(gradients) > i else None


def _reshaped(case: Case, answer: Answer) -> bool:
    out = answer.out
    if not isinstance(out, np.ndarray) or out.size != case.cotangent.size or out.dtype != case.cotangent.dtype:
        return False
    return is_right(case, out.reshape(case.cotangent.shape), None, UNIT_ROUNDOFF)


def _transposed(adapter: Adapter, case: Case) -> tuple[str, str] | None:
    """Non-square weights cannot be multiplied from the wrong side; square ones can, and give another result."""
    asked = [_square(other) for other in [case, *drawn(case.op, case.dtype, 24)]]
    told = False
    for other in asked:
        answer, (x, w, b) = _answer(adapter, other), other.arrays
        if answer is None or not isinstance(answer.out, np.ndarray) or not np.isfinite(answer.out).all():
            return None
        turned = other._replace(arrays=(x, np.ascontiguousarray(w.T), b))
        if not is_right(turned, answer.out, None, adapter.unit_roundoff):
            return None
        told = told or not is_right(other, answer.out, None, adapter.unit_roundoff)
    if not told:
        return None
    sentence = "it computes x W + b and not x W^T + b: W is read as (d_in, d_out), which only square weights allow"
    return "transposed weight", sentence


def _square(case: Case) -> Case:
    """The case with the larger of d_in and d_out cut to the smaller."""
    x, w, b = case.arrays
    side = min(w.shape)
    cut: tuple[Array, ...] = (x[:, :side].copy(), w[:side, :side].copy(), b[:side].copy())
    return case._replace(arrays=cut, cotangent=case.cotangent[:, :side].copy())
