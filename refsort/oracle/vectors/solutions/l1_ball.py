"""Rows on an l1 ball, and at kinks the hull of what the limits of Jacobians give."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from refsort import spec
from refsort.oracle.operations import l1_ball as bounds
from refsort.oracle.tolerances import Precision
from refsort.oracle.vectors.question import EXACT, Question, Solution, absolute, array, hull, pair, rows_of
from refsort.oracle.vectors.vector import Tensor
from refsort.strategies import FORMATS

Points = list[list[tuple[spec.exact.Matrix, list[Fraction]]]]


def _solve(question: Question) -> Points:
    """For each row the limits of Jacobians, each with the gradient J g that it gives; J is symmetric."""
    (v,), radius = question.arrays, question.params["radius"]
    return [
        [(j, [spec.exact.dot(line, g) for line in j]) for j in spec.l1_ball_jacobians(row, radius)]
        for row, g in zip(v.tolist(), question.cotangent.tolist(), strict=True)
    ]


def _answer(question: Question, points: Points) -> tuple[Tensor, list[Any]]:
    (v,) = question.arrays
    out = array((x for row in v.tolist() for x in spec.project_l1_ball(row, question.params["radius"])), v.shape)
    gradients = [[gradient for _, gradient in row] for row in points]
    if all(len(row) == 1 for row in gradients):
        return Tensor.of(out), [Tensor.of(array((x for row in gradients for x in row[0]), v.shape)).json()]
    return Tensor.of(out), [hull(v.shape, zip(rows_of(v).tolist(), gradients, strict=True))]


def _tolerance(question: Question, all_points: Points, dtype: str) -> Any:
    """None where sums come near the largest number, and where rounding may carry a row over a kink next to it."""
    (v,), radius, precision = question.arrays, question.params["radius"], Precision.of(dtype)
    largest = 4 * (abs(v).sum() + radius + abs(question.cotangent).sum())
    if largest >= 2 ** FORMATS[dtype].highest:
        return None
    out: list[Fraction] = []
    gradients: list[Fraction] = []
    for row, g, points in zip(v.tolist(), question.cotangent.tolist(), all_points, strict=True):
        threshold = bounds.threshold_of(row, radius, precision)
        if _rounding_may_cross_a_kink(row, threshold):
            return None
        out += bounds.projection_errors(row, threshold, precision)
        errors = [bounds.gradient_errors(jacobian, g, precision) for jacobian, _ in points]
        gradients += [max(of_entry) for of_entry in zip(*errors, strict=True)]
    if not any(out) and not any(gradients):
        return EXACT
    return pair(absolute(out), [absolute(gradients)])


def _rounding_may_cross_a_kink(row: list[Fraction], threshold: bounds.Threshold) -> bool:
    """Whether the row is near a kink without being at one: another piece of the map may then be taken."""
    if threshold.excess < 0:
        return threshold.excess >= -threshold.doubt
    if 0 < threshold.excess <= threshold.doubt:
        return True
    return any(0 < abs(abs(x) - threshold.tau) <= 2 * threshold.error for x in row)


PROJECT_L1_BALL = Solution(_solve, _answer, _tolerance)
