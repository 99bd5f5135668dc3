"""``W / ||W||_2`` and ``(g - c D) / sigma``, D the gradient of the norm and c = <g, W> / sigma."""

from __future__ import annotations

from typing import Any

from refsort.oracle.operations.spectral_norm import pair_error
from refsort.oracle.operations.spectral_normalize import pulled, value_errors
from refsort.oracle.vectors.question import (
    Question,
    Solution,
    absolute,
    excess,
    frobenius,
    irrational,
    pair,
    truth_errors,
)
from refsort.oracle.vectors.solutions.largest import Largest, bounded, largest, product_errors, products
from refsort.oracle.vectors.vector import ROUNDED, Tensor
from refsort.spec import sqrt_enclosure


def _solve(question: Question) -> Largest:
    found = largest(question.arrays[0])
    if found.sigma == 0:
        raise ValueError("the zero matrix has no direction to keep")
    return found


def _answer(question: Question, top: Largest) -> tuple[Tensor, list[Any]]:
    g, form = question.cotangent, Tensor.of if top.rational else irrational
    c = (g * top.w).sum() / top.sigma
    out = form(top.w / top.sigma)
    if top.pair is None and c != 0:
        return out, [products(top, -c, g, top.sigma)]
    gradient = (g - c * top.pair) / top.sigma if c else g / top.sigma
    if any(0 < abs(x) * 2**20 < max(abs(gradient).flat) for x in gradient.flat):
        raise ValueError("an entry of the gradient is so small that it is not known to 2^-90 of itself")
    return out, [form(gradient).json()]


def _tolerance(question: Question, found: Largest, dtype: str) -> Any:
    """None where there is no bound, and where rounding may take a simple singular value for a multiple one."""
    top, g = bounded(found, dtype), question.cotangent
    errors = None if top is None else value_errors(top)
    parts = None if top is None else pulled(g, top)
    if top is None or errors is None or parts is None:
        return None
    normalised = found.w / found.sigma
    entries = zip(errors.flat, truth_errors(normalised, found.rational), strict=True)
    out = absolute([error + truth for error, truth in entries])
    c, size, error = parts
    if found.pair is None:
        extra = error + top.vectors * size
        if c:
            return pair(out, [excess(product_errors(found, top, -c, found.sigma, extra))])
        return pair(out, [frobenius(extra / found.sigma)])  # no D, but what c is computed with is there
    angle = pair_error(top, found.gap)
    if angle is None:
        return None
    length = sqrt_enclosure((g * g).sum()).hi
    truth = 0 if found.rational else 2 * ROUNDED * length / found.sigma
    return pair(out, [frobenius((error + size * angle) / found.sigma + truth)])


SPECTRAL_NORMALIZE = Solution(_solve, _answer, _tolerance)
