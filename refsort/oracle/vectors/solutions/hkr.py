"""Hinge-regularised Kantorovich-Rubinstein; at the corner of a hinge an interval for the gradient of its value."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from refsort.oracle.operations.hkr import Side, sides_of, truth, value_error
from refsort.oracle.tolerances import Precision
from refsort.oracle.vectors.exactness import mean_is_exact
from refsort.oracle.vectors.question import EXACT, Question, Solution, absolute, hull, overflows, pair
from refsort.oracle.vectors.vector import Tensor


def _solve(question: Question) -> list[Side]:
    """The least and the largest gradients on P and on Q."""
    return sides_of(question.case("float64"), Precision(Fraction(0), Fraction(0)))


def _answer(question: Question, sides: list[Side]) -> tuple[Tensor, list[Any]]:
    return Tensor.of(truth(question.case("float64"))), [_gradient(side) for side in sides]


def _gradient(side: Side) -> dict[str, Any]:
    if not any(side.corners):
        return Tensor.of(side.low).json()
    ends = zip(side.low, side.high, strict=True)
    return hull(side.low.shape, (([i], [[low], [high]]) for i, (low, high) in enumerate(ends)))


def _tolerance(question: Question, sides: list[Side], dtype: str) -> Any:
    """None where sums come near the largest number, and where rounding decides whether a hinge is open."""
    p, q = (v.tolist() for v in question.arrays)
    margin, alpha, y_bar = question.params["margin"], question.params["alpha"], question.cotangent.item()
    values = [*p, *q]
    hinges = [alpha * x for v in values for x in (margin, v)]
    if overflows([sum(map(abs, [*values, *hinges, margin]))], dtype):
        return None
    case, precision = question.case(dtype), Precision.of(dtype)
    rounded = sides_of(case, precision)
    if any(a.corners != b.corners for a, b in zip(rounded, sides, strict=True)):
        return None
    divisor, smooth = len(values), not any(any(side.corners) for side in sides)
    lattice = [*values, *hinges, *[margin] * divisor, alpha]
    exactly = all(mean_is_exact(of, divisor, dtype) for of in (lattice, [y_bar, alpha * y_bar]))
    if smooth and exactly and len(p) == len(q):
        return EXACT
    gradients = [absolute(side.bound) for side in rounded]
    return pair(absolute([value_error(case, precision)]), gradients)


HKR = Solution(_solve, _answer, _tolerance)
