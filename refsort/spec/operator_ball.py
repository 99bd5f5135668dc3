"""Projection on the balls of the operator norms that fall apart into rows or columns.

    project_operator_ball(W) = argmin { ||X - W||_F : ||X||_{p->q} <= radius }.

(1, q)     the norm is the largest q-norm of a column, so each column is projected on the l_q ball by itself;
(p, inf)   it is the largest dual norm of a row, so each row is projected on the l_p* ball, 1/p + 1/p* = 1.

For the square of the Frobenius norm is the sum over the columns, and over the rows, of the squares of their 2-norms.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

from refsort.spec.dual import scalar
from refsort.spec.exact import matrix
from refsort.spec.operator_norm import DUAL
from refsort.spec.projections import project_l1_ball, project_l2_ball, project_linf_ball

_BALLS: dict[float, Callable[..., list[Any]]] = {1: project_l1_ball, 2: project_l2_ball, math.inf: project_linf_ball}


def project_operator_ball(w: Iterable[Iterable[Any]], p: float, q: float, radius: Any = 1) -> list[list[Any]]:
    """The matrix nearest to `w` in the Frobenius norm among those of norm at most `radius` from l_p to l_q.

    Returns
    -------
    rows of Fractions, or of Enclosures for (1, 2) and (2, inf)
        In the shape of `w`. Dual numbers may be passed where the result is rational.

    Raises
    ------
    ValueError
        For a radius that is not positive, and where neither p = 1 nor q = inf.

    Examples
    --------
    >>> [[str(x) for x in row] for row in project_operator_ball([[2, -1], [0.5, 0.5]], 1, 1)]
    [['1', '-3/4'], ['0', '1/4']]
    """
    rows = matrix(w, scalar)
    if q == math.inf and p in DUAL:
        return [_BALLS[DUAL[p]](row, radius) for row in rows]
    if p == 1 and q in DUAL:
        columns = [_BALLS[q](column, radius) for column in zip(*rows, strict=True)]
        return [list(row) for row in zip(*columns, strict=True)] if columns else rows
    raise ValueError(f"project_operator_ball: no projection for p = {p}, q = {q}; p = 1 or q = inf is needed")
