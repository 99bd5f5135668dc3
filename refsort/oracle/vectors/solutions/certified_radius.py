"""The certified radius: rational for p = 1 and inf, and zero where the prediction is wrong or tied. No gradient."""

from __future__ import annotations

from typing import Any

from refsort import spec
from refsort.oracle.operations.certified_radius import truth, value_errors
from refsort.oracle.tolerances import Precision
from refsort.oracle.vectors.question import (
    EXACT,
    NONE,
    Array,
    Question,
    Solution,
    absolute,
    irrational,
    overflows,
    pair,
    truth_errors,
)
from refsort.oracle.vectors.vector import Tensor


def _solve(question: Question) -> tuple[Array, bool]:
    """The radii, and whether they are rational."""
    (logits, labels), params = question.arrays, question.params
    squares = [
        spec.certified_radius_squared(row, int(t), params["lipschitz"], params["p"])
        for row, t in zip(logits.tolist(), labels.tolist(), strict=True)
    ]
    rational = all(square.width == 0 and spec.sqrt_enclosure(square.lo).width == 0 for square in squares)
    return truth(question.case("float64")), rational


def _answer(question: Question, solved: tuple[Array, bool]) -> tuple[Tensor, list[Any]]:
    radii, rational = solved
    return (Tensor.of if rational else irrational)(radii), [NONE, NONE]


def _tolerance(question: Question, solved: tuple[Array, bool], dtype: str) -> Any:
    """None where a difference of logits, or its quotient by the constant, comes near the largest number."""
    radii, rational = solved
    largest = abs(question.arrays[0]).max(initial=0)
    if overflows([4 * largest * (1 + 1 / question.params["lipschitz"])], dtype):
        return None
    errors = value_errors(radii, Precision.of(dtype))
    bounds = zip(errors, truth_errors(radii, rational), strict=True)
    return pair(absolute([a + b for a, b in bounds]), [EXACT, EXACT])


CERTIFIED_RADIUS = Solution(_solve, _answer, _tolerance)
