"""Rows on an linf ball: comparisons only, so that all is exact; at the radius an interval for each entry."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from refsort import spec
from refsort.oracle.vectors.exactness import sums_exactly
from refsort.oracle.vectors.question import EXACT, Question, Solution, array, hull
from refsort.oracle.vectors.vector import Tensor


def _answer(question: Question, nothing: None) -> tuple[Tensor, list[Any]]:
    (v,), g, radius = question.arrays, question.cotangent, question.params["radius"]
    out = Tensor.of(array((x for row in v.tolist() for x in spec.project_linf_ball(row, radius)), v.shape))
    ends = [[y] * (abs(x) <= radius) + [Fraction(0)] * (abs(x) >= radius) for x, y in zip(v.flat, g.flat, strict=True)]
    if all(len(points) == 1 for points in ends):
        return out, [Tensor.of(array((points[0] for points in ends), v.shape)).json()]
    return out, [hull(v.shape, (([i], [[x] for x in points]) for i, points in enumerate(ends)))]


def _tolerance(question: Question, nothing: None, dtype: str) -> Any:
    """None where ``v - sign(v) max(|v| - radius, 0)`` would round."""
    radius = question.params["radius"]
    return EXACT if all(sums_exactly([x, radius], dtype) for x in question.arrays[0].flat) else None


PROJECT_LINF_BALL = Solution(lambda question: None, _answer, _tolerance)
