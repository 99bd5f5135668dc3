"""Bjorck's iterates, and the cotangents pulled back through each step entry by entry."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from refsort import spec
from refsort.oracle.operations import bjorck as bounds
from refsort.oracle.tolerances import Precision
from refsort.oracle.vectors import exactness
from refsort.oracle.vectors.question import EXACT, Question, Solution, frobenius, pair
from refsort.oracle.vectors.vector import Tensor
from refsort.strategies import FORMATS

Array = NDArray[Any]
Trajectory = tuple[list[Array], list[Array]]


def _solve(question: Question) -> Trajectory:
    """A_0 to A_K, and the cotangents H_0 to H_K: H_K is given, H_0 is the gradient."""
    iterates, cotangents = [question.arrays[0]], [question.cotangent]
    for _ in range(question.params["iterations"]):
        iterates.append(np.array(_step(question)(iterates[-1].tolist()), dtype=object))
    for a in iterates[-2::-1]:
        pulled = spec.pullback(_step(question), a.tolist(), cotangents[-1].tolist())
        cotangents.append(np.array(pulled, dtype=object))
    return iterates, cotangents[::-1]


def _step(question: Question) -> Callable[[Any], Any]:
    return partial(spec.bjorck, iterations=1, order=question.params["order"], beta=question.params["beta"])


def _answer(question: Question, trajectory: Trajectory) -> tuple[Tensor, list[Any]]:
    iterates, cotangents = trajectory
    return Tensor.of(iterates[-1]), [Tensor.of(cotangents[0]).json()]


def _tolerance(question: Question, trajectory: Trajectory, dtype: str) -> Any:
    iterates, cotangents = trajectory
    order, beta = question.params["order"], question.params["beta"]
    if exactness.bjorck_is_exact(iterates, cotangents, order, beta, dtype):
        return EXACT
    if any(abs(x) >= 2 ** (FORMATS[dtype].highest // 4) for matrix in [*iterates, *cotangents] for x in matrix.flat):
        return None
    precision = Precision.of(dtype)
    errors = bounds.iterate_errors(iterates, order, beta, precision)
    gradient = bounds.gradient_error(iterates, errors, cotangents, order, beta, precision)
    if not (math.isfinite(errors[-1]) and math.isfinite(gradient)):
        return None
    return pair(frobenius(errors[-1]), [frobenius(gradient)])


BJORCK = Solution(_solve, _answer, _tolerance)
