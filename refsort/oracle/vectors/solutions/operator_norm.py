"""Operator norms: the largest norm of a column, row or entry, and the hull of the gradients of the largest ones."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from typing import Any, NamedTuple

from numpy.typing import NDArray

from refsort.oracle.operations.operator_norm import Vector, vectors_of
from refsort.oracle.tolerances import TRUTH, Precision, divided
from refsort.oracle.vectors.question import (
    EXACT,
    UNSTATED,
    Question,
    Solution,
    absolute,
    array,
    hull,
    irrational,
    overflows,
    pair,
    truth_errors,
)
from refsort.oracle.vectors.solutions import spectral_norm
from refsort.oracle.vectors.vector import Tensor
from refsort.rounding import gamma
from refsort.spec import sqrt_enclosure

Array = NDArray[Any]
PAIRS = ((1, 1), (math.inf, math.inf), (1, 2), (2, math.inf), (1, math.inf))


class Norm(NamedTuple):
    """The norm, whether it is rational, and the gradients of the vectors that attain it; none where W = 0 in l2."""

    value: Fraction
    rational: bool
    points: list[Array]


def _spectral(question: Question) -> bool:
    return bool(question.params["p"] == question.params["q"] == 2)


def _solve(question: Question) -> Any:
    if _spectral(question):
        return spectral_norm.solve(question)
    if (question.params["p"], question.params["q"]) not in PAIRS:
        raise ValueError(f"the pairs (p, q) are (2, 2) and {PAIRS}")
    vectors = _vectors(question, "float64")
    value = max(vector.norm for vector in vectors)
    euclidean = 2 in (question.params["p"], question.params["q"])
    w, y_bar = question.arrays[0], question.cotangent.item()
    active = [vector for vector in vectors if vector.norm == value]
    rational = not euclidean or _rational(active[0])
    if len(active) > 1 and not rational:
        raise ValueError("several vectors of one irrational norm: this format has no form for that")
    return Norm(value, rational, [point for vector in active for point in _points(w, vector, y_bar, euclidean)])


def _vectors(question: Question, dtype: str) -> list[Vector]:
    return vectors_of(question.case(dtype), Precision.of(dtype))


def _rational(vector: Vector) -> bool:
    return sqrt_enclosure(sum((x * x for x in vector.entries), Fraction(0))).width == 0


def _points(w: Array, vector: Vector, y_bar: Fraction, euclidean: bool) -> Iterator[Array]:
    """``y_bar s`` on the vector: s its unit vector, or its signs, with either at zeros."""
    if euclidean and vector.norm == 0:
        return
    choices = [[x / vector.norm] if euclidean else _signs(x) for x in vector.entries]
    for signs in product(*choices):
        point = 0 * w
        for place, sign in zip(vector.places, signs, strict=True):
            point[place] = y_bar * sign
        yield point


def _signs(x: Fraction) -> list[Fraction]:
    return [Fraction(1)] if x > 0 else [Fraction(-1)] if x < 0 else [Fraction(1), Fraction(-1)]


def _answer(question: Question, norm: Any) -> tuple[Tensor, list[Any]]:
    if _spectral(question):
        return spectral_norm.answer(question, norm)
    w, form = question.arrays[0], Tensor.of if norm.rational else irrational
    out = form(array([norm.value], ()))
    if not norm.points:
        return out, [UNSTATED]
    if len(norm.points) == 1:
        return out, [form(norm.points[0]).json()]
    return out, [hull(w.shape, [(range(w.size), [point.ravel().tolist() for point in norm.points])])]


def _tolerance(question: Question, norm: Any, dtype: str) -> Any:
    """None where sums or squares come near the largest number, and where rounding may make a vector the largest."""
    if _spectral(question):
        return spectral_norm.tolerance(question, norm, dtype)
    w, y_bar, precision = question.arrays[0], question.cotangent.item(), Precision.of(dtype)
    largest = abs(w).max() * sum(w.shape)
    euclidean = 2 in (question.params["p"], question.params["q"])
    if overflows([largest**2 if euclidean else largest, y_bar], dtype):
        return None
    vectors = _vectors(question, dtype)
    floor = max(vector.norm - vector.error for vector in vectors)
    if any(vector.norm + vector.error >= floor and vector.norm != norm.value for vector in vectors):
        return None
    active = [vector for vector in vectors if vector.norm == norm.value]
    truth = truth_errors(array([norm.value], ()), norm.rational)[0]
    out = absolute([max(vector.error for vector in vectors) + truth])
    if not norm.points:
        return pair(out, [EXACT])
    relative = divided(active[0].relative, 8, precision.u) if euclidean else Fraction(0)
    if relative is None:
        return None
    worst = max(gamma(4, precision.u), relative + TRUTH * euclidean) + (0 if norm.rational else truth / norm.value)
    eta = (len(active[0].entries) + 2) * (1 + abs(y_bar)) * precision.eta
    sizes = [max(abs(x) for x in entries) for entries in zip(*(point.flat for point in norm.points), strict=True)]
    return pair(out, [absolute([worst * size + eta * (size > 0) for size in sizes])])


OPERATOR_NORM = Solution(_solve, _answer, _tolerance)
