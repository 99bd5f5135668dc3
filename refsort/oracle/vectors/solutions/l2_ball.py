"""Rows on an l2 ball: irrational outside where the norm is, and a segment of gradients on the sphere."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple

from refsort.oracle.operations.l2_ball import candidates, row_of, value_errors
from refsort.oracle.tolerances import Precision, middle
from refsort.oracle.vectors.question import (
    Question,
    Solution,
    absolute,
    array,
    hull,
    irrational,
    overflows,
    pair,
    rows_of,
    truth_errors,
)
from refsort.oracle.vectors.vector import Tensor
from refsort.spec import sqrt_enclosure
from refsort.spec.exact import dot


class Projected(NamedTuple):
    """One row: its projection, the ends of its gradients, and whether these numbers are exact."""

    out: list[Fraction]
    ends: list[list[Fraction]]
    rational: bool


def _solve(question: Question) -> list[Projected]:
    radius = question.params["radius"]
    if radius <= 0:
        raise ValueError(f"the radius must be positive, got {radius}")
    rows = zip(question.arrays[0].tolist(), question.cotangent.tolist(), strict=True)
    projected = [_projected(v, g, radius) for v, g in rows]
    if any(len(row.ends) > 1 for row in projected) and not all(row.rational for row in projected):
        raise ValueError("irrational rows beside a row on the sphere: this format has no form for that")
    return projected


def _projected(v: list[Fraction], g: list[Fraction], radius: Fraction) -> Projected:
    root = sqrt_enclosure(dot(v, v), 128)
    norm = middle(root)
    if norm < radius:
        return Projected(v, [g], True)
    along = dot(v, g) / dot(v, v)  # rational, so that nothing irrational cancels
    gradient = [radius / norm * (y - x * along) for x, y in zip(v, g, strict=True)]
    ends = [g, gradient] if norm == radius else [gradient]
    return Projected([radius / norm * x for x in v], ends, root.width == 0)


def _answer(question: Question, rows: list[Projected]) -> tuple[Tensor, list[Any]]:
    shape = question.arrays[0].shape
    form = Tensor.of if all(row.rational for row in rows) else irrational
    out = form(array((x for row in rows for x in row.out), shape))
    if all(len(row.ends) == 1 for row in rows):
        return out, [form(array((x for row in rows for x in row.ends[0]), shape)).json()]
    positions = rows_of(question.arrays[0]).tolist()
    return out, [hull(shape, ((at, row.ends) for at, row in zip(positions, rows, strict=True)))]


def _tolerance(question: Question, rows: list[Projected], dtype: str) -> Any:
    """None where squares come near the largest number, and where rounding decides which side a row is on."""
    (v,), radius, precision = question.arrays, question.params["radius"], Precision.of(dtype)
    if overflows([4 * (abs(v).max(initial=0) + radius) ** 2 * max(1, v.shape[-1])], dtype):
        return None
    rational = all(row.rational for row in rows)
    out: list[Fraction] = []
    gradients: list[Fraction] = []
    for row, g, exact in zip(v.tolist(), question.cotangent.tolist(), rows, strict=True):
        placed = row_of(row, radius, precision)
        errors, ends = value_errors(placed, precision), candidates(placed, g, precision)
        if errors is None or ends is None or len(ends) != len(exact.ends):
            return None
        bounds = [max(of_entry) for of_entry in zip(*(end.bound for end in ends), strict=True)]
        for into, entries, values in ((out, errors, exact.out), (gradients, bounds, exact.ends[0])):
            truth = truth_errors(array(values, (len(values),)), rational)
            into += [a + b for a, b in zip(entries, truth, strict=True)]
    return pair(absolute(out), [absolute(gradients)])


PROJECT_L2_BALL = Solution(_solve, _answer, _tolerance)
