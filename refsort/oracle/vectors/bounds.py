"""The tolerances of a question in one dtype: "exact", or the derived bounds of the oracle rounded up to eight bits.

This is the only file here that knows where the oracle keeps its bounds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any

from numpy.typing import NDArray

from refsort.oracle import tolerances
from refsort.oracle.operations import bjorck as bjorck_bounds
from refsort.oracle.operations import l1_ball as l1_bounds
from refsort.oracle.operations.sorting import shared_cotangent
from refsort.oracle.tolerances import Precision
from refsort.oracle.vectors import exactness, numerals
from refsort.oracle.vectors.answer import Points, Question
from refsort.strategies import FORMATS

Array = NDArray[Any]
_LOWEST = -1074


def tolerance(question: Question, solved: Any, dtype: str) -> Any:
    """The entry of `tolerance` for `dtype`; None where the question cannot be asked in it. `solved` is from `solve`.

    It cannot where an input is no number of the format, where sums come near its largest number, where the forms
    ``a + relu(b - a)`` and ``(a + b - |a - b|) / 2`` of a sort would round, where rounding may carry a row of a
    projection over a kink next to it, and where no bound is finite.
    """
    numbers = [x for array in (*question.arrays, question.cotangent) for x in array.flat]
    numbers += [x for x in question.params.values() if isinstance(x, Fraction)]
    if not all(exactness.representable(x, dtype) for x in numbers):
        return None
    return _TOLERANCES[question.op](question, solved, dtype)


def rounded_up(x: Fraction) -> Fraction:
    """The smallest m 2^e that is at least x, m < 2^8, e >= -1074: short to write, and still a bound.

    Examples
    --------
    >>> rounded_up(Fraction(1, 3)) * 512
    Fraction(171, 1)
    """
    if x == 0:
        return x
    e = max(x.numerator.bit_length() - x.denominator.bit_length() - 8, _LOWEST)
    while x > 255 * Fraction(2) ** e:
        e += 1
    return math.ceil(x / Fraction(2) ** e) * Fraction(2) ** e


def _sort(question: Question, blocks: list[tuple[list[int], list[Fraction]]], dtype: str) -> Any:
    (x,), form = question.arrays, FORMATS[dtype]
    if not (_on_one_lattice(x, dtype) and _on_one_lattice(question.cotangent, dtype)):
        return None
    if all(len(at) == 1 for at, _ in blocks):
        return "exact"
    precision = Precision.of(dtype)
    if 2 * abs(question.cotangent).sum() >= 2**form.highest:
        return None
    return _pair("exact", [{"excess": _spelled(shared_cotangent(by, precision) for _, by in blocks)}])


def _on_one_lattice(x: Array, dtype: str) -> bool:
    """Whether a + b, a - b and the sum of one of these and an entry are numbers of the format."""
    form, sizes = FORMATS[dtype], [abs(value) for value in x.flat if value]
    if not sizes:
        return True
    unit = min(numerals.valuation(size) for size in sizes)
    largest: Fraction = 4 * max(sizes)
    return bool(largest <= min(Fraction(2) ** (unit + form.precision), 2 ** (form.highest - 1)))


def _affine(question: Question, nothing: None, dtype: str) -> Any:
    (x, w, b), y_bar = question.arrays, question.cotangent
    if exactness.affine_is_exact(x, w, b, y_bar, dtype):
        return "exact"
    sizes = [abs(array) for array in (x, w, b, y_bar)]
    sums = [sizes[0] @ sizes[1].T + sizes[2], sizes[3] @ sizes[1], sizes[3].T @ sizes[0], sizes[3].sum(axis=0)]
    if any(2 * total >= 2 ** FORMATS[dtype].highest for array in sums for total in array.flat):
        return None
    precision = Precision.of(dtype)
    bounds = [
        tolerances.product(y_bar, w, precision),
        tolerances.product(y_bar.T, x, precision),
        tolerances.column_sums(y_bar, precision),
    ]
    return _pair(_absolute(tolerances.product(x, w.T, precision, b).flat), [_absolute(bound.flat) for bound in bounds])


def _bjorck(question: Question, trajectory: tuple[list[Array], list[Array]], dtype: str) -> Any:
    iterates, cotangents = trajectory
    order, beta = question.params["order"], question.params["beta"]
    if exactness.bjorck_is_exact(iterates, cotangents, order, beta, dtype):
        return "exact"
    if any(abs(x) >= 2 ** (FORMATS[dtype].highest // 4) for array in [*iterates, *cotangents] for x in array.flat):
        return None
    precision = Precision.of(dtype)
    errors = bjorck_bounds.iterate_errors(iterates, order, beta, precision)
    gradient = bjorck_bounds.gradient_error(iterates, errors, cotangents, order, beta, precision)
    if not (math.isfinite(errors[-1]) and math.isfinite(gradient)):
        return None
    return _pair(_frobenius(errors[-1]), [_frobenius(gradient)])


def _project_l1_ball(question: Question, all_points: Points, dtype: str) -> Any:
    (v,), radius, precision = question.arrays, question.params["radius"], Precision.of(dtype)
    largest = 4 * (abs(v).sum() + radius + abs(question.cotangent).sum())
    if largest >= 2 ** FORMATS[dtype].highest:
        return None
    out: list[Fraction] = []
    gradients: list[Fraction] = []
    for row, g, points in zip(v.tolist(), question.cotangent.tolist(), all_points, strict=True):
        threshold = l1_bounds.threshold_of(row, radius, precision)
        if _rounding_may_cross_a_kink(row, threshold):
            return None
        out += l1_bounds.projection_errors(row, threshold, precision)
        errors = [l1_bounds.gradient_errors(jacobian, g, precision) for jacobian, _ in points]
        gradients += [max(of_entry) for of_entry in zip(*errors, strict=True)]
    if not any(out) and not any(gradients):
        return "exact"
    return _pair(_absolute(out), [_absolute(gradients)])


def _rounding_may_cross_a_kink(row: list[Fraction], threshold: l1_bounds.Threshold) -> bool:
    """Whether the row is near a kink without being at one: another piece of the map may then be taken."""
    if threshold.excess < 0:
        return threshold.excess >= -threshold.doubt
    if 0 < threshold.excess <= threshold.doubt:
        return True
    return any(0 < abs(abs(x) - threshold.tau) <= 2 * threshold.error for x in row)


def _pair(out: Any, gradients: list[Any]) -> Any:
    exactly = all(bound == "exact" for bound in [out, *gradients])
    return "exact" if exactly else {"gradients": gradients, "out": out}


def _absolute(bounds: Iterable[Fraction]) -> Any:
    spelled = _spelled(bounds)
    return {"absolute": spelled} if any(bound != "0" for bound in spelled) else "exact"


def _frobenius(bound: float) -> Any:
    return {"frobenius": _spelled([Fraction(bound)])[0]} if bound else "exact"


def _spelled(bounds: Iterable[Fraction]) -> list[str]:
    return [numerals.write(rounded_up(Fraction(bound))) for bound in bounds]


_TOLERANCES: dict[str, Callable[[Question, Any, str], Any]] = {
    "group_sort": _sort,
    "max_min": _sort,
    "full_sort": _sort,
    "affine": _affine,
    "bjorck": _bjorck,
    "project_l1_ball": _project_l1_ball,
}
