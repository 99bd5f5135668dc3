"""The exact answers and their tolerances: `refsort.spec` on the numbers of a question, and the oracle's own bounds.

What is one operation's own is in its file in `refsort.oracle.vectors.solutions`.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from refsort.oracle.vectors.exactness import representable
from refsort.oracle.vectors.question import Question
from refsort.oracle.vectors.solutions import SOLUTIONS
from refsort.oracle.vectors.vector import LABELS


def solve(question: Question) -> Any:
    """What both the answer and its tolerance are made of, computed once."""
    return SOLUTIONS[question.op].solve(question)


def answer(question: Question, solved: Any) -> dict[str, Any]:
    """The `expected` of a vector: the exact result, and for each array the gradient or the set of admissible ones.

    Raises
    ------
    ValueError, TypeError
        Where the definition has no answer: arrays or parameters that do not fit the operation.
    """
    out, gradients = SOLUTIONS[question.op].answer(question, solved)
    if out.shape != question.cotangent.shape:
        raise ValueError(f"the cotangent has shape {question.cotangent.shape}, and the result {out.shape}")
    return {"gradients": gradients, "out": out.json()}


def tolerance(question: Question, solved: Any, dtype: str) -> Any:
    """The entry of `tolerance` for `dtype`: "exact", or the derived bounds of the oracle rounded up to eight bits.

    None where the question cannot be asked in that dtype: where an input is no number of the format, where sums come
    near its largest number, where rounding may carry the question over a kink next to it, and where there is no bound.
    """
    arrays = [array for i, array in enumerate(question.arrays) if LABELS.get(question.op) != i]
    numbers = [x for array in (*arrays, question.cotangent) for x in array.flat]
    numbers += [x for x in question.params.values() if isinstance(x, Fraction)]
    if not all(representable(x, dtype) for x in numbers):
        return None
    return SOLUTIONS[question.op].tolerance(question, solved, dtype)
