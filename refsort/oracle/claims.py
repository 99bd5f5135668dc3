"""What is claimed of each operation: comparisons of an answer with the truth, each an error over a derived bound.

A comparison passes where the error does not exceed the bound. Its kind says what it rests on: a "value", a "gradient"
at a point where the map is differentiable, or a "kink", where any element of the admissible set is right.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from refsort import spec
from refsort.oracle import bjorck_tolerance, tolerances, truth
from refsort.oracle.cases import Case
from refsort.oracle.hull import Candidate, Ratio, hull_ratio, over
from refsort.oracle.tolerances import Precision

Array = NDArray[Any]


class Comparison(NamedTuple):
    """One comparison of an answer with the truth.

    Attributes
    ----------
    kind : str
        "value", "gradient" or "kink".
    what : str
        What was compared, for a reader.
    ratio : Fraction or float
        Error over bound; infinite where the bound is zero and the error is not. NaN where no bound could be given.
    expected : str
        The exact result rounded for display, or the admissible set in words.
    found : str
        The answer.
    """

    kind: str
    what: str
    ratio: Ratio
    expected: str
    found: str


Claims = Iterator[Comparison]


def value_claims(case: Case, out: Array, precision: Precision) -> Claims:
    """The comparisons of a result, whose shape and dtype are right and whose entries are finite."""
    return _VALUES[case.op](case, truth.exact(out), precision)


def gradient_claims(case: Case, gradients: Sequence[Array], precision: Precision) -> Claims:
    """The comparisons of the gradients, one array for each array of the case."""
    return _GRADIENTS[case.op](case, [truth.exact(gradient) for gradient in gradients], precision)


def _sort_value(case: Case, out: Array, precision: Precision) -> Claims:
    """A sorted group consists of the entries of the group: nothing is computed, so the tolerance is zero."""
    axis, size = case.params["axis"], truth.group_size(case)
    expected = [spec.group_sort(row, size) for row in truth.rows(truth.exact(case.arrays[0]), axis).tolist()]
    found = truth.rows(out, axis)
    yield _entrywise("value", "the result, row by row along the axis", np.array(expected), found, np.zeros_like(found))


def _sort_gradient(case: Case, gradients: list[Array], precision: Precision) -> Claims:
    """On each block of tied entries the gradient is majorised by the cotangent; a block of one is an equality."""
    axis, size = case.params["axis"], truth.group_size(case)
    arrays = (truth.exact(case.arrays[0]), truth.exact(case.cotangent), gradients[0])
    for x, y_bar, x_bar in zip(*(truth.rows(array, axis).tolist() for array in arrays), strict=True):
        for inputs, outputs in spec.sort_blocks(x, size):
            given, found = [y_bar[o] for o in outputs], [x_bar[i] for i in inputs]
            yield Comparison(
                "kink" if len(inputs) > 1 else "gradient",
                f"the gradient at the entries {inputs} = {_show(x[inputs[0]])} of the row {_show(x)}",
                over(spec.majorisation_excess(found, given), tolerances.shared_cotangent(given, precision)),
                f"a vector majorised by the cotangent {_show(given)}" if len(inputs) > 1 else _show(given),
                _show(found),
            )


def _affine_value(case: Case, out: Array, precision: Precision) -> Claims:
    x, w, b = (truth.exact(array) for array in case.arrays)
    yield _entrywise("value", "the result", truth.affine(case), out, tolerances.product(x, w.T, precision, b))


def _affine_gradient(case: Case, gradients: list[Array], precision: Precision) -> Claims:
    x, w, _ = (truth.exact(array) for array in case.arrays)
    y_bar = truth.exact(case.cotangent)
    bounds = (
        tolerances.product(y_bar, w, precision),
        tolerances.product(y_bar.T, x, precision),
        tolerances.column_sums(y_bar, precision),
    )
    for name, expected, found, bound in zip("xwb", truth.affine_gradients(case), gradients, bounds, strict=True):
        yield _entrywise("gradient", f"the gradient of {name}", expected, found, bound)


def _bjorck_value(case: Case, out: Array, precision: Precision) -> Claims:
    iterates = truth.bjorck_iterates(case)
    bound = bjorck_tolerance.iterate_errors(iterates, *_order_and_beta(case), precision)[-1]
    yield _normwise("value", "the iterate", iterates[-1], out, bound)


def _bjorck_gradient(case: Case, gradients: list[Array], precision: Precision) -> Claims:
    iterates = truth.bjorck_iterates(case)
    cotangents = truth.bjorck_cotangents(case, iterates)
    errors = bjorck_tolerance.iterate_errors(iterates, *_order_and_beta(case), precision)
    bound = bjorck_tolerance.gradient_error(iterates, errors, cotangents, *_order_and_beta(case), precision)
    yield _normwise("gradient", "the gradient of w", cotangents[0], gradients[0], bound)


def _order_and_beta(case: Case) -> tuple[int, Fraction]:
    return case.params["order"], spec.frac(case.params["beta"])


def _l1_value(case: Case, out: Array, precision: Precision) -> Claims:
    radius = spec.frac(case.params["radius"])
    bounds = [
        tolerances.l1_projection(row, tolerances.l1_threshold(row, radius, precision), precision)
        for row in truth.exact(case.arrays[0]).tolist()
    ]
    yield _entrywise("value", "the result", truth.project_l1_ball(case), out, np.array(bounds, dtype=object))


def _l1_gradient(case: Case, gradients: list[Array], precision: Precision) -> Claims:
    """In each row an element of the hull of the J^T g; rows that rounding may carry over a kink are passed over."""
    radius = spec.frac(case.params["radius"])
    arrays = (truth.exact(case.arrays[0]), truth.exact(case.cotangent), gradients[0])
    for v, g, found in zip(*(array.tolist() for array in arrays), strict=True):
        if _rounding_may_cross_a_kink(v, tolerances.l1_threshold(v, radius, precision), precision):
            continue
        jacobians = spec.l1_ball_jacobians(v, radius)
        candidates = [_candidate(jacobian, g, precision) for jacobian in jacobians]
        several = len(candidates) > 1
        hull = f"an element of the hull of {'; '.join(sorted({_show(c.gradient) for c in candidates}))}"
        yield Comparison(
            "kink" if several else "gradient",
            f"the gradient at the row {_show(v)} with cotangent {_show(g)}",
            hull_ratio(found, candidates),
            hull if several else _show(candidates[0].gradient),
            _show(found),
        )


def _candidate(jacobian: spec.exact.Matrix, g: list[Fraction], precision: Precision) -> Candidate:
    product = [sum((a * b for a, b in zip(row, g, strict=True)), Fraction(0)) for row in jacobian]  # J is symmetric
    return Candidate(product, tolerances.l1_gradient(jacobian, g, precision))


def _rounding_may_cross_a_kink(v: list[Fraction], threshold: tolerances.L1Threshold, precision: Precision) -> bool:
    """Whether v is near a kink without being at one; at one, every neighbouring piece is admissible anyway."""
    if 0 < abs(threshold.excess) <= threshold.doubt:
        return True
    if threshold.excess < 0:
        return False
    distances = [abs(abs(x) - threshold.tau) for x in v]
    return any(0 < distance <= 2 * threshold.error for distance in distances)


def _entrywise(kind: str, what: str, expected: Array, found: Array, bound: Array) -> Comparison:
    """The largest error over bound of any entry."""
    ratios = [over(abs(f - e), b) for f, e, b in zip(found.flat, expected.flat, bound.flat, strict=True)]
    return Comparison(kind, what, max(ratios, default=Fraction(0)), _show(expected), _show(found))


def _normwise(kind: str, what: str, expected: Array, found: Array, bound: float) -> Comparison:
    """The Frobenius norm of the error, at most 2^-128 of it left out, over its bound: a square root accuses nobody."""
    if not math.isfinite(bound):
        return Comparison(kind, what, math.nan, _show(expected), _show(found))
    square = sum(((f - e) ** 2 for f, e in zip(found.flat, expected.flat, strict=True)), Fraction(0))
    return Comparison(kind, what, over(spec.sqrt_enclosure(square).lo, Fraction(bound)), _show(expected), _show(found))


def _show(x: Any) -> str:
    """Numbers as the nearest doubles, in Python's shortest form."""
    if isinstance(x, np.ndarray):
        return _show(x.tolist())
    if isinstance(x, list | tuple):
        return f"[{', '.join(_show(entry) for entry in x)}]"
    return repr(float(x))


_VALUES: dict[str, Callable[[Case, Array, Precision], Claims]] = {
    "group_sort": _sort_value,
    "max_min": _sort_value,
    "full_sort": _sort_value,
    "affine": _affine_value,
    "bjorck": _bjorck_value,
    "project_l1_ball": _l1_value,
}

_GRADIENTS: dict[str, Callable[[Case, list[Array], Precision], Claims]] = {
    "group_sort": _sort_gradient,
    "max_min": _sort_gradient,
    "full_sort": _sort_gradient,
    "affine": _affine_gradient,
    "bjorck": _bjorck_gradient,
    "project_l1_ball": _l1_gradient,
}
