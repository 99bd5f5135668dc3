"""The exact results of one case: `refsort.spec` on the rationals that the case's floats are.

Arrays of Fractions here; the definitions work on lists. Nothing in this file knows a formula of its own but the adjoint
of the affine map and the symmetry of Bjorck's derivative.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from refsort import spec
from refsort.oracle.cases import Case

Array = NDArray[Any]


def exact(x: Array) -> Array:
    """The floats of x as Fractions: every finite float is a rational number."""
    result = np.empty(x.size, dtype=object)
    result[:] = [spec.frac(value) for value in x.flat]
    return result.reshape(x.shape)


def rows(x: Array, axis: int) -> Array:
    """The vectors along `axis`, one a row, in an order that depends on the shape alone."""
    return np.moveaxis(x, axis, -1).reshape(-1, x.shape[axis])


def group_size(case: Case) -> int:
    """How many neighbours a sorting case sorts."""
    length: int = case.arrays[0].shape[case.params["axis"]]
    whole = {"max_min": 2, "full_sort": length}
    return whole.get(case.op) or int(case.params["group_size"])


def affine(case: Case) -> Array:
    """``x W^T + b`` row by row."""
    x, w, b = (exact(array).tolist() for array in case.arrays)
    return _array([spec.affine(row, w, b) for row in x])


def affine_gradients(case: Case) -> tuple[Array, Array, Array]:
    """``y_bar W``, ``y_bar^T x`` and the column sums of y_bar: the adjoint of a map that is linear in each argument."""
    x, w, _ = (exact(array) for array in case.arrays)
    y_bar = exact(case.cotangent)
    return y_bar @ w, y_bar.T @ x, y_bar.sum(axis=0)


def bjorck_iterates(case: Case) -> list[Array]:
    """A_0 to A_K, K exact steps."""
    iterates = [exact(case.arrays[0])]
    for _ in range(case.params["iterations"]):
        iterates.append(_array(_bjorck_step(case)(iterates[-1].tolist())))
    return iterates


def bjorck_cotangents(case: Case, iterates: list[Array]) -> list[Array]:
    """The cotangents H_0 to H_K of the iterates: H_K is given, H_0 is the gradient.

    A step is the gradient of the scalar ``tr psi(A^T A) / 2`` with ``psi' = sum_j c_j (1 - t)^j``. So its derivative is
    a Hessian, and symmetric: its transpose along H is its directional derivative along H, which dual numbers give.
    """
    cotangents = [exact(case.cotangent)]
    for a in reversed(iterates[:-1]):
        cotangents.append(_array(spec.derivative(_bjorck_step(case), a.tolist(), cotangents[-1].tolist())))
    return cotangents[::-1]


def _bjorck_step(case: Case) -> Callable[[Any], Any]:
    return partial(spec.bjorck, iterations=1, order=case.params["order"], beta=spec.frac(case.params["beta"]))


def project_l1_ball(case: Case) -> Array:
    """The rows, each on the l1 ball."""
    return _array([spec.project_l1_ball(row, case.params["radius"]) for row in exact(case.arrays[0]).tolist()])


def _array(nested: list[list[Fraction]]) -> Array:
    return np.array(nested, dtype=object)
