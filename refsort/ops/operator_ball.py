"""Projection on the balls of operator norms: the constraints of a weight that fall apart into its rows or columns.

    project_operator_ball(W, p, q, r) = argmin { ||X - W||_F : ||X||_{p -> q} <= r }

    (1, q)     the greatest q-norm of a column: project each column on the l_q ball;
    (p, inf)   the greatest dual norm of a row (1/p + 1/p* = 1): project each row on the l_p* ball.

The square of the Frobenius norm is the sum of those of the rows, or of the columns, so the nearest matrix is found one
by one. (inf, inf) holds the layers of the l_inf networks of Anil et al. (2019) to norm 1, (p, inf) their first layer.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any, NamedTuple

from numpy.typing import ArrayLike

from refsort.ops.arrays import Array, checked, like, output
from refsort.ops.l1_ball import L1BallJacobian, project_l1_ball, project_l1_ball_forward
from refsort.ops.l2_ball import L2BallJacobian, project_l2_ball, project_l2_ball_forward
from refsort.ops.linf_ball import LinfBallJacobian, project_linf_ball, project_linf_ball_forward
from refsort.ops.row_norms import dual_order, norm_order, radius_in

_VALUE: dict[float, Callable[..., Array]] = {1: project_l1_ball, 2: project_l2_ball, math.inf: project_linf_ball}
_FORWARD: dict[float, Callable[..., Any]] = {
    1: project_l1_ball_forward,
    2: project_l2_ball_forward,
    math.inf: project_linf_ball_forward,
}


class OperatorBallJacobian(NamedTuple):
    """The Jacobian of `project_operator_ball` at w: that of a vector's projection, for every row or column.

    Attributes
    ----------
    lines : L1BallJacobian, L2BallJacobian or LinfBallJacobian
        Of the rows, or of the columns; symmetric.
    columns : bool
        Whether it is about the columns.
    shape : tuple of int
        The shape of w.
    """

    lines: L1BallJacobian | L2BallJacobian | LinfBallJacobian
    columns: bool
    shape: tuple[int, ...]

    def backward(self, y_bar: ArrayLike) -> Array:
        """``w_bar = J^T y_bar``, and J is symmetric."""
        return self._apply("y_bar", y_bar)

    def tangent(self, w_dot: ArrayLike) -> Array:
        """``y_dot = J w_dot``."""
        return self._apply("w_dot", w_dot)

    def _apply(self, name: str, value: ArrayLike) -> Array:
        v = like("project_operator_ball", name, value, self.shape)
        return self.lines.tangent(v.T).T if self.columns else self.lines.tangent(v)


def project_operator_ball(
    w: ArrayLike, p: float, q: float, radius: Fraction | float = 1, *, out: Array | None = None
) -> Array:
    """The matrix nearest to w, in the Frobenius norm, among those with ``||X||_{p -> q} <= radius``.

    Parameters
    ----------
    w : array_like, (d_out, d_in)
        Any dtype of `refsort.ops.DTYPES`, Fractions included, but for the balls in the 2-norm, (1, 2) and (2, inf):
        these have square roots and take floats.
    p, q : {1, 2, math.inf}
        p = 1 or q = inf. (1, 1) is the norm ||.||_1, (inf, inf) the norm ||.||_inf.
    radius : int, float or Fraction
        Positive, in the unit of w; rounded to the dtype of w, kept exactly where w holds Fractions.
    out : ndarray, optional
        Receives the result; shape and dtype of w, no memory shared with w.

    Returns
    -------
    ndarray
        Shape and dtype of w. A row or column inside of its ball is returned unchanged, bit for bit. What is said of
        rounding, NaN and infinities in `project_l1_ball`, `project_l2_ball` and `project_linf_ball` holds here for each
        row or column.

    Raises
    ------
    TypeError
        For integer, bool or complex w, Fractions in a 2-norm, and a p, q or radius that is no real number.
    ValueError
        For w that is not 2-d, a radius that is not positive and finite, p or q outside of {1, 2, inf}, and other pairs.
        (2, 2) is a bound of the singular values: see `bjorck`, `polar_factor` and `spectral_normalize`. The other three
        norms are NP-hard to compute.

    See Also
    --------
    project_operator_ball_forward : the value together with the Jacobian.
    operator_norm : these norms.

    Notes
    -----
    A sort of the rows or columns for the l1 ball, O(d_in d_out) for the others.

    Examples
    --------
    >>> import numpy as np
    >>> w = np.array([[2.0, -1.0], [0.5, 0.5]])
    >>> project_operator_ball(w, np.inf, np.inf)
    array([[1. , 0. ],
           [0.5, 0.5]])
    >>> y = project_operator_ball(w, 1, 1)
    >>> y, np.linalg.norm(y, 1)
    (array([[ 1.  , -0.75],
           [ 0.  ,  0.25]]), np.float64(1.0))

    The nearest point, since w - y is normal to the ball at y: the inequality <w - y, x - y> <= 0 at its extreme points.

    >>> max(np.sum((w - y) * (np.array(x) - y)) for x in ([[1, 1], [0, 0]], [[1, -1], [0, 0]], [[0, 1], [1, 0]]))
    np.float64(0.0)
    """
    w, p, columns = _checked(w, p, q, radius)
    y = output("project_operator_ball", out, w.shape, w.dtype, w)
    _VALUE[p](w.T if columns else w, radius, out=y.T if columns else y)
    return y


def project_operator_ball_forward(
    w: ArrayLike, p: float, q: float, radius: Fraction | float = 1
) -> tuple[Array, OperatorBallJacobian]:
    """`project_operator_ball` and its Jacobian at w.

    Parameters and errors are those of `project_operator_ball`. It has no derivative where a row or column lies on the
    sphere of its ball, nor outside where `project_l1_ball_forward` has none; what is used there is said there.

    Returns
    -------
    y : ndarray
        ``project_operator_ball(w, p, q, radius)``.
    at : OperatorBallJacobian
        ``at.backward(y_bar)`` and ``at.tangent(w_dot)``.

    Examples
    --------
    The first column was projected and the second was inside of the unit l1 ball:

    >>> import numpy as np
    >>> y, at = project_operator_ball_forward(np.array([[2.0, 0.5], [-2.0, 0.25]]), 1, 1)
    >>> at.backward(np.array([[1.0, 1.0], [3.0, 3.0]]))
    array([[2., 1.],
           [2., 3.]])
    """
    w, p, columns = _checked(w, p, q, radius)
    y, lines = _FORWARD[p](w.T if columns else w, radius)
    return (y.T if columns else y), OperatorBallJacobian(lines, columns, w.shape)


def _checked(w: ArrayLike, p: Any, q: Any, radius: Any) -> tuple[Array, float, bool]:
    """w, the norm of the ball that its lines are projected on, and whether these are the columns."""
    op = "project_operator_ball"
    w, p, q = checked(op, "w", w, ndim=2), norm_order(op, "p", p), norm_order(op, "q", q)
    radius_in(op, radius, w.dtype)
    if p == 1 and q != math.inf:
        return w, q, True
    if q == math.inf:  # (1, inf), every entry by itself, is both
        return w, dual_order(p), False
    why = "bounds the singular values; see bjorck and polar_factor" if p == q else "is NP-hard to compute"
    raise ValueError(f"{op}: the norm for p = {p:g}, q = {q:g} {why}; here p = 1 or q = inf")
