"""The exact answers: `refsort.spec` on the numbers of a question, and where there is a set of gradients, that set."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from refsort import spec
from refsort.oracle.vectors import numerals
from refsort.oracle.vectors.format import Tensor

Array = NDArray[Any]
Params = dict[str, Any]


class Question(NamedTuple):
    """What is asked, in exact numbers: arrays and cotangent are object arrays of Fractions."""

    op: str
    arrays: tuple[Array, ...]
    params: Params
    cotangent: Array


def solve(question: Question) -> Any:
    """What both the answer and its tolerance are made of, computed once.

    Sorts: `sort_blocks`. Bjorck: the exact iterates and their cotangents. The l1 ball: `l1_points`. Affine: nothing.
    """
    return _SOLVED[question.op](question)


def answer(question: Question, solved: Any) -> dict[str, Any]:
    """The `expected` of a vector: the exact result, and for each array the gradient or the set of admissible ones.

    Raises
    ------
    ValueError, TypeError
        Where the definition has no answer: arrays or parameters that do not fit the operation.
    """
    out, gradients = _ANSWERS[question.op](question, solved)
    if out.shape != question.cotangent.shape:
        raise ValueError(f"the cotangent has shape {question.cotangent.shape}, and the result {out.shape}")
    return {"gradients": gradients, "out": Tensor.of(out).json()}


def group_size(question: Question) -> int:
    """How many neighbours a sorting question sorts."""
    whole = {"max_min": 2, "full_sort": question.arrays[0].shape[question.params["axis"]]}
    return int(whole.get(question.op) or question.params["group_size"])


def rows(x: Array, axis: int) -> Array:
    """The flat positions of the entries of x: one row for each vector along `axis`."""
    return np.moveaxis(np.arange(x.size).reshape(x.shape), axis, -1).reshape(-1, x.shape[axis])


def sort_blocks(question: Question) -> list[tuple[list[int], list[Fraction]]]:
    """For each block of ties its flat positions in the input, and the cotangents at those in the output."""
    (x,), g = question.arrays, question.cotangent
    return [
        ([int(row[i]) for i in inputs], [g.flat[row[o]] for o in outputs])
        for row in rows(x, question.params["axis"])
        for inputs, outputs in spec.sort_blocks(x.flat[row].tolist(), group_size(question))
    ]


def _sort(question: Question, blocks: list[tuple[list[int], list[Fraction]]]) -> tuple[Array, list[Any]]:
    (x,), out = question.arrays, np.empty_like(question.arrays[0])
    for row in rows(x, question.params["axis"]):
        out.flat[row] = _SORTS[question.op](x.flat[row].tolist(), question)
    if any(len(at) > 1 for at, _ in blocks):
        listed = [{"at": at, "by": _spelled(by)} for at, by in blocks]
        return out, [{"admissible": "majorised", "blocks": listed, "shape": list(x.shape)}]
    gradient = np.empty_like(x)
    for (i,), (g,) in blocks:
        gradient.flat[i] = g
    return out, [Tensor.of(gradient).json()]


_SORTS: dict[str, Callable[[list[Fraction], Question], list[Fraction]]] = {
    "group_sort": lambda row, question: spec.group_sort(row, question.params["group_size"]),
    "max_min": lambda row, question: spec.max_min(row),
    "full_sort": lambda row, question: spec.full_sort(row),
}


def _affine(question: Question, nothing: None) -> tuple[Array, list[Any]]:
    x, w, b = (array.tolist() for array in question.arrays)
    out = _array([spec.affine(row, w, b) for row in x])
    x_bar, w_bar, b_bar = (np.zeros_like(array) for array in question.arrays)
    for n, (row, y_bar) in enumerate(zip(x, question.cotangent.tolist(), strict=True)):
        pulled = spec.pullback(lambda of: spec.affine(*of), [row, w, b], y_bar)
        x_bar[n], w_bar, b_bar = _array(pulled[0]), w_bar + _array(pulled[1]), b_bar + _array(pulled[2])
    return out, [Tensor.of(gradient).json() for gradient in (x_bar, w_bar, b_bar)]


def bjorck_trajectory(question: Question) -> tuple[list[Array], list[Array]]:
    """A_0 to A_K, and the cotangents H_0 to H_K: H_K is given, H_0 is the gradient.

    Each cotangent is pulled back through one step entry by entry.
    """
    iterates, cotangents = [question.arrays[0]], [question.cotangent]
    for _ in range(question.params["iterations"]):
        iterates.append(_array(_step(question)(iterates[-1].tolist())))
    for a in iterates[-2::-1]:
        cotangents.append(_array(spec.pullback(_step(question), a.tolist(), cotangents[-1].tolist())))
    return iterates, cotangents[::-1]


def _step(question: Question) -> Callable[[Any], Any]:
    return partial(spec.bjorck, iterations=1, order=question.params["order"], beta=question.params["beta"])


def _bjorck(question: Question, trajectory: tuple[list[Array], list[Array]]) -> tuple[Array, list[Any]]:
    iterates, cotangents = trajectory
    return iterates[-1], [Tensor.of(cotangents[0]).json()]


Points = list[list[tuple[spec.exact.Matrix, list[Fraction]]]]


def l1_points(question: Question) -> Points:
    """For each row the limits of Jacobians, each with the gradient J g that it gives; J is symmetric."""
    (v,), radius = question.arrays, question.params["radius"]
    return [
        [(j, [spec.exact.dot(line, g) for line in j]) for j in spec.l1_ball_jacobians(row, radius)]
        for row, g in zip(v.tolist(), question.cotangent.tolist(), strict=True)
    ]


def _project_l1_ball(question: Question, points: Points) -> tuple[Array, list[Any]]:
    (v,) = question.arrays
    out = _array([spec.project_l1_ball(row, question.params["radius"]) for row in v.tolist()])
    distinct = [sorted({tuple(gradient) for _, gradient in row}) for row in points]
    if all(len(row) == 1 for row in points):
        return out, [Tensor.of(_array([list(row[0]) for row in distinct])).json()]
    listed = [
        {"at": at.tolist(), "points": [_spelled(point) for point in row]}
        for at, row in zip(rows(v, -1), distinct, strict=True)
    ]
    return out, [{"admissible": "hull", "rows": listed, "shape": list(v.shape)}]


def _spelled(numbers: Any) -> list[str]:
    return [numerals.write(number) for number in numbers]


def _array(nested: Any) -> Array:
    return np.array(nested, dtype=object)


_SOLVED: dict[str, Callable[[Question], Any]] = {
    "group_sort": sort_blocks,
    "max_min": sort_blocks,
    "full_sort": sort_blocks,
    "affine": lambda question: None,
    "bjorck": bjorck_trajectory,
    "project_l1_ball": l1_points,
}

_ANSWERS: dict[str, Callable[[Question, Any], tuple[Array, list[Any]]]] = {
    "group_sort": _sort,
    "max_min": _sort,
    "full_sort": _sort,
    "affine": _affine,
    "bjorck": _bjorck,
    "project_l1_ball": _project_l1_ball,
}
