"""The affine map and its gradients, sums over the batch; exact where no sum of products can round."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from refsort import spec
from refsort.oracle import tolerances
from refsort.oracle.tolerances import Precision
from refsort.oracle.vectors import exactness
from refsort.oracle.vectors.question import EXACT, Question, Solution, absolute, array, overflows, pair
from refsort.oracle.vectors.vector import Tensor

Array = NDArray[Any]


def _answer(question: Question, nothing: None) -> tuple[Tensor, list[Any]]:
    x, w, b = (given.tolist() for given in question.arrays)
    out = array((y for row in x for y in spec.affine(row, w, b)), question.cotangent.shape)
    x_bar, w_bar, b_bar = (0 * given for given in question.arrays)
    for n, (row, y_bar) in enumerate(zip(x, question.cotangent.tolist(), strict=True)):
        pulled = spec.pullback(lambda of: spec.affine(*of), [row, w, b], y_bar)
        x_bar[n], w_bar, b_bar = pulled[0], w_bar + np.array(pulled[1]), b_bar + np.array(pulled[2])
    return Tensor.of(out), [Tensor.of(gradient).json() for gradient in (x_bar, w_bar, b_bar)]


def _tolerance(question: Question, nothing: None, dtype: str) -> Any:
    (x, w, b), y_bar = question.arrays, question.cotangent
    if exactness.affine_is_exact(x, w, b, y_bar, dtype):
        return EXACT
    sizes = [abs(given) for given in (x, w, b, y_bar)]
    sums = [sizes[0] @ sizes[1].T + sizes[2], sizes[3] @ sizes[1], sizes[3].T @ sizes[0], sizes[3].sum(axis=0)]
    if any(overflows(total.flat, dtype) for total in sums):
        return None
    precision = Precision.of(dtype)
    bounds = [
        tolerances.product(y_bar, w, precision),
        tolerances.product(y_bar.T, x, precision),
        tolerances.column_sums(y_bar, precision),
    ]
    out = tolerances.product(x, w.T, precision, b)
    return pair(absolute(out.flat), [absolute(bound.flat) for bound in bounds])


AFFINE = Solution(lambda question: None, _answer, _tolerance)
