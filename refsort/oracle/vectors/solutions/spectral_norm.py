"""The spectral norm and ``y_bar u v^T``; where sigma is zero or multiple, products that every subgradient has."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from refsort.oracle.operations.spectral_norm import gradient_error, pair_error, value_error
from refsort.oracle.vectors.question import Question, Solution, absolute, array, excess, frobenius, irrational, pair
from refsort.oracle.vectors.solutions.largest import Largest, bounded, largest, product_errors, products
from refsort.oracle.vectors.vector import ROUNDED, Tensor


def solve(question: Question) -> Largest:
    """The largest singular value of the only array."""
    return largest(question.arrays[0])


def answer(question: Question, top: Largest) -> tuple[Tensor, list[Any]]:
    """sigma, and its gradient."""
    y_bar, form = question.cotangent.item(), Tensor.of if top.rational else irrational
    if top.pair is None:
        return Tensor.of(array([top.sigma], ())), [products(top, y_bar, 0 * top.w, Fraction(1))]
    return form(array([top.sigma], ())), [form(y_bar * top.pair).json()]


def tolerance(question: Question, found: Largest, dtype: str) -> Any:
    """None where there is no bound, and where rounding may take a simple singular value for a multiple one."""
    top, y_bar = bounded(found, dtype), question.cotangent.item()
    if top is None:
        return None
    truth = 0 if found.rational else ROUNDED
    out = absolute([value_error(top) + truth * found.sigma])
    if found.pair is None:
        return pair(out, [excess(product_errors(found, top, y_bar, Fraction(1)))])
    error = pair_error(top, found.gap)
    return None if error is None else pair(out, [frobenius(gradient_error(y_bar, error, top) + truth * abs(y_bar))])


SPECTRAL_NORM = Solution(solve, answer, tolerance)
