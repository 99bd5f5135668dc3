"""Cross-entropy: irrational throughout, from exp and ln to sixty digits."""

from __future__ import annotations

from typing import Any

from refsort.oracle.operations.cross_entropy import Sample, gradient_errors, samples_of, value_error
from refsort.oracle.tolerances import Precision
from refsort.oracle.vectors.question import (
    EXACT,
    NONE,
    Question,
    Solution,
    absolute,
    array,
    irrational,
    overflows,
    pair,
    truth_errors,
)
from refsort.oracle.vectors.vector import Tensor


def _solve(question: Question) -> tuple[Any, Any]:
    """The loss and its gradient."""
    logits, labels = question.arrays
    n, k = logits.shape
    if not n or not all(0 <= t < k and t.denominator == 1 for t in labels.flat) or len(labels) != n:
        raise ValueError(f"a batch and as many labels from 0 to {k - 1} are needed, got {labels.tolist()}")
    samples, scale = _samples(question, "float64"), question.cotangent.item() * question.params["temperature"] / n
    gradient = (scale * (s - (j == sample.label)) for sample in samples for j, s in enumerate(sample.softmax))
    return array([sum(sample.loss for sample in samples) / n], ()), array(gradient, logits.shape)


def _samples(question: Question, dtype: str) -> list[Sample]:
    return samples_of(question.case(dtype), Precision.of(dtype))


def _answer(question: Question, solved: tuple[Any, Any]) -> tuple[Tensor, list[Any]]:
    loss, gradient = solved
    return irrational(loss), [irrational(gradient).json(), NONE]


def _tolerance(question: Question, solved: tuple[Any, Any], dtype: str) -> Any:
    """None where scaled logits come near the largest number, and where there is no bound of the gradient."""
    temperature, margin = question.params["temperature"], question.params["margin"]
    logits = question.arrays[0]
    if overflows([4 * (1 + temperature) * (abs(logits).max() + abs(margin)) * logits.size], dtype):
        return None
    case, samples, precision = question.case(dtype), _samples(question, dtype), Precision.of(dtype)
    rows = [gradient_errors(case, sample, precision) for sample in samples]
    if any(row is None for row in rows):
        return None
    loss, gradient = solved
    (truth,) = truth_errors(loss, rational=False)
    errors = [bound for row in rows for bound in row or []]
    bounds = zip(errors, truth_errors(gradient, rational=False), strict=True)
    out = absolute([value_error(samples, precision) + truth])
    return pair(out, [absolute([a + b for a, b in bounds]), EXACT])


CROSS_ENTROPY = Solution(_solve, _answer, _tolerance)
