"""Kantorovich-Rubinstein: a difference of means, exact for samples of 1, 2, 4, ... whole numbers."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from refsort.oracle.operations.kr import gradient_error, truth, value_error
from refsort.oracle.tolerances import Precision
from refsort.oracle.vectors.exactness import mean_is_exact
from refsort.oracle.vectors.question import EXACT, Question, Solution, absolute, array, overflows, pair
from refsort.oracle.vectors.vector import Tensor


def _shares(question: Question) -> list[list[Fraction]]:
    y_bar = question.cotangent.item()
    return [[sign * y_bar / v.size] * v.size for sign, v in zip((1, -1), question.arrays, strict=True)]


def _answer(question: Question, nothing: None) -> tuple[Tensor, list[Any]]:
    gradients = [Tensor.of(array(share, (len(share),))).json() for share in _shares(question)]
    return Tensor.of(truth(question.case("float64"))), gradients


def _tolerance(question: Question, nothing: None, dtype: str) -> Any:
    """None where sums come near the largest number."""
    p, q = (v.tolist() for v in question.arrays)
    y_bar, divisor = question.cotangent.item(), max(len(p), len(q))
    if overflows([sum(map(abs, [*p, *q]))], dtype):
        return None
    powers = all(v & (v - 1) == 0 for v in (len(p), len(q)))
    if powers and mean_is_exact([*p, *q], divisor, dtype) and mean_is_exact([y_bar], divisor, dtype):
        return EXACT
    precision = Precision.of(dtype)
    shares = [absolute(gradient_error(share, y_bar, precision) for share in of) for of in _shares(question)]
    return pair(absolute([value_error(question.case(dtype), precision)]), shares)


KR = Solution(lambda question: None, _answer, _tolerance)
