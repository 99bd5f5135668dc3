"""The multiclass hinge; at corners the hull of what each hinge, open or closed, gives its row."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from typing import Any

from refsort.oracle.operations.hinge import rows_of, truth, value_error
from refsort.oracle.tolerances import Precision
from refsort.oracle.vectors import question as forms
from refsort.oracle.vectors.exactness import mean_is_exact
from refsort.oracle.vectors.question import EXACT, NONE, Question, Solution, absolute, array, hull, overflows, pair
from refsort.oracle.vectors.vector import Tensor

Points = list[list[list[Fraction]]]


def _solve(question: Question) -> Points:
    """For each row the gradients of its hinges, those at the corner open or closed."""
    case, (n, k) = question.case("float64"), question.arrays[0].shape
    truth(case)  # labels out of range are found here
    share, exactly = question.cotangent.item() / (n * k), Precision(Fraction(0), Fraction(0))
    points = []
    for row, t in zip(rows_of(case, exactly), case.arrays[1].tolist(), strict=True):
        slopes = [[0, 1] if at else [int(up)] for up, at in zip(row.opened, row.corner, strict=True)]
        chosen = [list(slope) for slope in product(*slopes)]
        points.append([[share * (s - sum(of) * (j == t)) for j, s in enumerate(of)] for of in chosen])
    return points


def _answer(question: Question, points: Points) -> tuple[Tensor, list[Any]]:
    logits, out = question.arrays[0], Tensor.of(truth(question.case("float64")))
    if all(len(row) == 1 for row in points):
        return out, [Tensor.of(array((x for row in points for x in row[0]), logits.shape)).json(), NONE]
    return out, [hull(logits.shape, zip(forms.rows_of(logits).tolist(), points, strict=True)), NONE]


def _tolerance(question: Question, points: Points, dtype: str) -> Any:
    """None where sums come near the largest number, and where rounding decides whether a hinge is open."""
    (logits, labels), margin = question.arrays, question.params["margin"]
    y_bar, (n, k) = question.cotangent.item(), logits.shape
    terms = [margin] * (2 * n * k)
    for row, t in zip(logits.tolist(), labels.tolist(), strict=True):
        terms += [x for y in row for x in (y, row[int(t)])]
    if overflows([sum(map(abs, terms))], dtype):
        return None
    case, precision = question.case(dtype), Precision.of(dtype)
    rows = rows_of(case, precision)
    if any(2 ** sum(row.corner) != len(of) for row, of in zip(rows, points, strict=True)):
        return None
    smooth = not any(any(row.corner) for row in rows)
    if smooth and mean_is_exact(terms, n * k, dtype) and mean_is_exact([y_bar] * k, n * k, dtype):
        return EXACT
    out = absolute([value_error(case, precision)])
    return pair(out, [absolute([bound for row in rows for bound in row.bound]), EXACT])


HINGE = Solution(_solve, _answer, _tolerance)
