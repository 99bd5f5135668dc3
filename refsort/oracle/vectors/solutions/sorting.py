"""Sorts: sorted groups, and where there are ties the majorised gradients."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from refsort import spec
from refsort.oracle.operations.sorting import shared_cotangent
from refsort.oracle.tolerances import Precision
from refsort.oracle.vectors.exactness import on_one_lattice
from refsort.oracle.vectors.question import EXACT, Question, Solution, excess, overflows, pair, rows_of, spelled
from refsort.oracle.vectors.vector import Tensor

Array = NDArray[Any]
Blocks = list[tuple[list[int], list[Fraction]]]


def group_size(question: Question) -> int:
    """How many neighbours a sorting question sorts."""
    whole = {"max_min": 2, "full_sort": question.arrays[0].shape[question.params["axis"]]}
    return int(whole.get(question.op) or question.params["group_size"])


def _solve(question: Question) -> Blocks:
    """For each block of ties its flat positions in the input, and the cotangents at those in the output."""
    (x,), g = question.arrays, question.cotangent
    return [
        ([int(row[i]) for i in inputs], [g.flat[row[o]] for o in outputs])
        for row in rows_of(x, question.params["axis"])
        for inputs, outputs in spec.sort_blocks(x.flat[row].tolist(), group_size(question))
    ]


def _answer(question: Question, blocks: Blocks) -> tuple[Tensor, list[Any]]:
    (x,), out = question.arrays, np.empty_like(question.arrays[0])
    for row in rows_of(x, question.params["axis"]):
        out.flat[row] = _SORTS[question.op](x.flat[row].tolist(), question)
    if any(len(at) > 1 for at, _ in blocks):
        listed = [{"at": at, "by": spelled(by)} for at, by in blocks]
        return Tensor.of(out), [{"admissible": "majorised", "blocks": listed, "shape": list(x.shape)}]
    gradient = np.empty_like(x)
    for (i,), (g,) in blocks:
        gradient.flat[i] = g
    return Tensor.of(out), [Tensor.of(gradient).json()]


def _tolerance(question: Question, blocks: Blocks, dtype: str) -> Any:
    """None where ``a + relu(b - a)`` or ``(a + b - |a - b|) / 2`` would round."""
    if not (on_one_lattice(question.arrays[0], dtype) and on_one_lattice(question.cotangent, dtype)):
        return None
    if all(len(at) == 1 for at, _ in blocks):
        return EXACT
    if overflows([abs(question.cotangent).sum()], dtype):
        return None
    precision = Precision.of(dtype)
    return pair(EXACT, [excess(shared_cotangent(by, precision) for _, by in blocks)])


_SORTS: dict[str, Callable[[list[Fraction], Question], list[Fraction]]] = {
    "group_sort": lambda row, question: spec.group_sort(row, question.params["group_size"]),
    "max_min": lambda row, question: spec.max_min(row),
    "full_sort": lambda row, question: spec.full_sort(row),
}

SORTING = Solution(_solve, _answer, _tolerance)
