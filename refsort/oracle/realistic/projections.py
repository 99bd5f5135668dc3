"""Projections of long rows on balls, by the exact truth and the bounds of `refsort.oracle.operations`.

Sums of a thousand terms get the bound of random roundings. Gradients on the l1 ball are matrices there; so a row is
judged on the entries that it keeps and a few others, on which projection and Jacobian are those of the whole row: what
lies below the threshold does not move it. The entries left out must be zero.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from refsort import spec
from refsort.oracle.claims import Comparison
from refsort.oracle.operations import OPERATIONS, l1_ball
from refsort.oracle.operations.exactly import exact
from refsort.oracle.operations.operation import Case
from refsort.oracle.realistic.finding import FAILURE, RESTS_ON, Ask, Findings, both, located, of_operation
from refsort.oracle.tolerances import Precision
from refsort.rounding import NoBoundError

Array = NDArray[Any]

_ROWS = ("inside", "on the sphere", "outside, a quarter of it large", "far outside")
_KEPT = 320  # entries of a Jacobian that are worth writing down, squared


def findings(ask: Ask, case: Case, precision: Precision, rng: np.random.Generator) -> Findings:
    """The rows one by one."""
    judged = precision._replace(failure=FAILURE)
    operation = OPERATIONS[case.op]
    assert operation.gradients is not None
    out, gradients = both(ask, case)
    for i, about in enumerate(_ROWS):
        v, g = case.arrays[0][i : i + 1], case.cotangent[i : i + 1]
        row = Case(case.op, case.dtype, (v,), case.params, g)
        for c in operation.values(row, exact(out[i : i + 1]), judged):
            yield _row(c, -1, f"a row of {v.size} {about}", i)
        if not gradients:
            continue
        found = gradients[0][i : i + 1]
        if case.op == "project_l1_ball":
            yield from _on_l1(row, found, judged, about, i)
            continue
        for c in operation.gradients(row, [exact(found)], judged):
            yield _row(c, 0, f"the gradient at a row of {v.size} {about}", i)


def _row(c: Comparison, array: int, what: str, i: int) -> Any:
    shown = of_operation(c, array, f"{what} ({RESTS_ON})", (i,))
    return shown._replace(places=[(i, place[-1]) for place in shown.places])


def _on_l1(row: Case, found: Array, precision: Precision, about: str, i: int) -> Findings:
    v, g = row.arrays[0][0], row.cotangent[0]
    what = f"the gradient at a row of {v.size} {about}"
    sizes, radius = exact(np.abs(v)), spec.frac(row.params["radius"])
    excess, surely = sizes.sum() - radius, precision._replace(failure=0.0)  # sums of positive terms err to one side
    try:
        threshold = l1_ball.threshold_of(sizes.tolist(), radius, surely)
    except NoBoundError:
        return
    if l1_ball.rounding_may_cross_a_kink(sizes.tolist(), threshold, surely):
        return
    if excess < 0:
        wrong = np.count_nonzero(found[0] != g)
        c = Comparison("gradient", what, math.inf if wrong else Fraction(0), "the cotangent", f"{wrong} wrong entries")
        shown = located(c, 0, found[0], g)
        yield shown._replace(places=[(i, *place) for place in shown.places])
        return
    if excess == 0:  # a hull of as many Jacobians as there are patterns of signs of the zeros
        return
    largest = np.argsort(-np.abs(v), kind="stable")[: _KEPT + 1]
    projected = np.array([bool(x) for x in spec.project_l1_ball(v[largest].tolist(), radius)])
    if projected.all():  # more are kept
        return
    part, others = np.sort(largest[: int(projected.sum()) + 8]), np.ones(v.size, bool)
    others[part] = False
    smaller = row._replace(arrays=(v[None, part],), cotangent=g[None, part])
    operation = OPERATIONS[row.op]
    assert operation.gradients is not None
    for c in operation.gradients(smaller, [exact(found[:, part])], precision):
        shown = of_operation(c, 0, f"{what} ({RESTS_ON})")
        yield shown._replace(places=[(i, int(part[place[-1]])) for place in shown.places])
    wrong = np.count_nonzero(found[0, others])
    c = Comparison("gradient", what, math.inf if wrong else Fraction(0), "zero on what is dropped", f"{wrong} others")
    shown = located(c, 0, np.where(others, found[0], 0), np.zeros_like(found[0]))
    yield shown._replace(places=[(i, *place) for place in shown.places])
