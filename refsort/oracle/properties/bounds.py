"""How far one answer may be from the exact one, for the operations that properties compare several answers of.

Two answers to cases with corresponding exact results differ by at most the sum of their bounds. These depend on the
data in ways that permutations and signs do not change, so that the sum is twice the one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np

from refsort import spec
from refsort.oracle.cases import Case
from refsort.oracle.operations import bjorck, l1_ball
from refsort.oracle.operations.exactly import exact
from refsort.oracle.properties.asking import Array, Bound
from refsort.oracle.tolerances import Precision, column_sums, product
from refsort.rounding import gamma


def value_bound(case: Case, precision: Precision) -> Bound:
    """Of the result, entry by entry or (a float) of the norm of the error; nothing for a sort."""
    if case.op == "affine":
        x, w, b = (exact(array) for array in case.arrays)
        return product(x, w.T, precision, b)
    if case.op == "bjorck":
        return bjorck.iterate_errors(bjorck.iterates_of(case), *order_and_beta(case), precision)[-1]
    return ball_bounds(case, precision) if case.op in BALLS else Fraction(0)


def gradient_bounds(case: Case, precision: Precision) -> list[Bound]:
    """Of each gradient; nothing for a sort without ties. The kinks of balls need a look at each row, elsewhere."""
    if case.op == "affine":
        x, w, _ = (exact(array) for array in case.arrays)
        y_bar = exact(case.cotangent)
        return [product(y_bar, w, precision), product(y_bar.T, x, precision), column_sums(y_bar, precision)]
    if case.op == "bjorck":
        iterates = bjorck.iterates_of(case)
        errors = bjorck.iterate_errors(iterates, *order_and_beta(case), precision)
        cotangents = bjorck.cotangents_of(case, iterates)
        return [bjorck.gradient_error(iterates, errors, cotangents, *order_and_beta(case), precision)]
    return [Fraction(0)] * len(case.arrays)


def ball_bounds(case: Case, precision: Precision) -> Array:
    """Of the entries of the projected rows."""
    rows = [BALLS[case.op](row, radius(case), precision) for row in exact(case.arrays[0]).tolist()]
    return np.array(rows, dtype=object).reshape(case.arrays[0].shape)


def order_and_beta(case: Case) -> tuple[int, Fraction]:
    """beta is that of order 1."""
    return case.params["order"], spec.frac(case.params["beta"])


def radius(case: Case) -> Fraction:
    """That of the ball."""
    return spec.frac(case.params["radius"])


def _l1(row: Sequence[Fraction], radius: Fraction, precision: Precision) -> list[Fraction]:
    return l1_ball.projection_errors(row, l1_ball.threshold_of(row, radius, precision), precision)


def _l2(row: Sequence[Fraction], radius: Fraction, precision: Precision) -> list[Fraction]:
    """``radius v / |v|_2``: a sum of squares, its root, a quotient, a product and a rounded radius.

    All terms of the sum are positive, so it errs by gamma_d of itself and by what its d squares lose to underflow,
    d eta. A row within as much of the sphere may be taken for one on the other side, which is as much again. The
    quotient comes first or last, and may underflow once before the other factor is multiplied on.
    """
    square = sum((x * x for x in row), Fraction(0))
    if square == 0:
        return [Fraction(0)] * len(row)
    relative = gamma(len(row) + 6 + precision.operands, precision.u) + 2 * len(row) * precision.eta / square
    if square < radius**2 * (1 - 2 * relative):
        return [Fraction(0)] * len(row)
    return [2 * relative * abs(x) + precision.eta * (1 + radius + abs(x)) for x in row]


def _linf(row: Sequence[Fraction], radius: Fraction, precision: Precision) -> list[Fraction]:
    """A comparison rounds nothing; the radius may have been rounded to the format."""
    rounded = precision.u * radius + precision.eta
    return [rounded if abs(x) + rounded > radius else Fraction(0) for x in row]


BALLS: dict[str, Callable[[Sequence[Fraction], Fraction, Precision], list[Fraction]]] = {
    "project_l1_ball": _l1,
    "project_l2_ball": _l2,
    "project_linf_ball": _linf,
}
"""For each projection the bounds of the entries of a row."""
