"""Row scaling: divide each row of a weight by its p-norm where that exceeds the radius.

    row_scaling(w, p, r)_i = w_i / max(1, ||w_i||_p / r),   so that every row has ||y_i||_p <= r.

For p = 1 this keeps the infinity norm of a weight at most r, for p = 2 its norm from l2 to l_inf, for p = inf the
largest entry. Only for p = 2 is it the projection: the nearest row of the l1 ball is reached by subtracting, not by
dividing (`project_l1_ball`), and that of the l_inf ball by clipping (`project_linf_ball`).

The norms are taken as ||v||_p = m ||v / m||_p with m a power of two near the greatest entry, so that no square
overflows or vanishes at any scale, and a row that lies in the ball is recognised exactly and left alone, to the last
bit.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from refsort.ops.arrays import Array, checked, like, output, same_dtype
from refsort.ops.row_norms import beyond, norm_gradient, norm_order, radius_in, scaled_norm, wide


class RowScalingJacobian(NamedTuple):
    """The Jacobian of `row_scaling` at w: ``J = shrink (I - unit gradient^T)`` for each row, the identity inside.

    Attributes
    ----------
    unit : ndarray, shape and dtype of w
        ``w_i / ||w_i||_p`` for the rows beyond the radius, 0 for the others; as many bytes as w.
    gradient : ndarray, shape of w
        The gradient of the p-norm at w_i. int8 for p = 1 (the signs) and p = inf (the sign of the greatest entry at
        its place): 1 byte an entry; for p = 2 it is `unit` itself, no further bytes.
    shrink : ndarray, (n, 1), dtype of w
        ``radius / ||w_i||_p`` for the rows beyond the radius, 1 for the others.
    """

    unit: Array
    gradient: Array
    shrink: Array

    def backward(self, y_bar: ArrayLike) -> Array:
        """``w_bar = shrink (y_bar - gradient <unit, y_bar>)``."""
        return _scaled("row_scaling", "y_bar", y_bar, self.shrink, self.gradient, self.unit)

    def tangent(self, w_dot: ArrayLike) -> Array:
        """``y_dot = shrink (w_dot - unit <gradient, w_dot>)``."""
        return _scaled("row_scaling", "w_dot", w_dot, self.shrink, self.unit, self.gradient)


def row_scaling(w: ArrayLike, p: float, radius: Fraction | float = 1, *, out: Array | None = None) -> Array:
    """Divide each row of w by ``max(1, ||row||_p / radius)``.

    Defined by ``y_i = w_i / max(1, ||w_i||_p / radius)``. For p = 1 it keeps the infinity norm of a weight, and the
    code of Anil et al. (2019) offers it beside the projection. It is the projection on the ball for p = 2 alone.

    Parameters
    ----------
    w : array_like, (d_out, d_in)
        The weight, in any of the dtypes of `refsort.ops.DTYPES`.
    p : {1, 2, math.inf}
        The norm of a row.
    radius : int, float or Fraction
        Positive, in the unit of w; rounded to the dtype of w.
    out : ndarray, optional
        Receives the result; shape and dtype of w, no memory shared with w.

    Returns
    -------
    ndarray
        Shape and dtype of w. A row with ``||w_i||_p <= radius`` (decided exactly, not by a rounded norm) is returned
        unchanged, bit for bit. Any other comes out with ``||y_i||_p <= (1 + u) (1 + gamma_{d+4}) radius
        + 2 d max(1, radius) eta``: gamma in the working precision (roundoff 2**-53 for half, single and double), u and
        eta the unit roundoff and the smallest subnormal of the dtype. A row with NaN or an infinite entry becomes NaN.

    Raises
    ------
    TypeError
        For integer, bool, complex or rational w, a p or a radius that is no real number.
    ValueError
        For w that is not 2-d, another p, a radius that is not positive and finite in the dtype of w.

    See Also
    --------
    row_scaling_forward : the value together with the Jacobian.
    project_l1_ball, project_l2_ball, project_linf_ball : the nearest points.

    Notes
    -----
    O(d) a row; rows whose norm agrees with the radius to rounding are decided in whole numbers, about a
    microsecond for each entry that is not zero.

    Examples
    --------
    >>> import numpy as np
    >>> w = np.array([[3.0, -1.0], [0.25, 0.5]])
    >>> y = row_scaling(w, 1)
    >>> y, abs(y).sum(axis=1)
    (array([[ 0.75, -0.25], [ 0.25,  0.5 ]]), array([1.  , 0.75]))
    """
    return _row_scaling(w, p, radius, out)[0]


def row_scaling_forward(w: ArrayLike, p: float, radius: Fraction | float = 1) -> tuple[Array, RowScalingJacobian]:
    """`row_scaling` and its Jacobian at w.

    Parameters and errors are those of `row_scaling`. The Jacobian does not exist on the sphere; the identity is used
    there, an extreme point of the Clarke generalised Jacobian. Nor does it beyond the sphere where the p-norm has a
    kink: for p = 1 at zero entries the sign 0 is used, an element; for p = inf at ties of the greatest entry the first
    one is used, an extreme point.

    Returns
    -------
    y : ndarray
        ``row_scaling(w, p, radius)``.
    at : RowScalingJacobian
        ``at.backward(y_bar)`` and ``at.tangent(w_dot)``.

    Examples
    --------
    Beyond the radius the length of a row is not seen, so no tangent along the row is either:

    >>> import numpy as np
    >>> y, at = row_scaling_forward(np.array([[3.0, -1.0]]), 1)
    >>> at.tangent(np.array([[6.0, -2.0]]))
    array([[0., 0.]])
    """
    return _row_scaling(w, p, radius, None)


def _row_scaling(w: ArrayLike, p: float, radius: Any, out: Array | None) -> tuple[Array, RowScalingJacobian]:
    w = checked("row_scaling", "w", w, ndim=2)
    p = norm_order("row_scaling", "p", p)
    radius = radius_in("row_scaling", radius, w.dtype)
    y = output("row_scaling", out, w.shape, w.dtype, w)
    unit, shrink = scale_rows(w, p, radius, y)
    return y, RowScalingJacobian(unit, unit if p == 2 else norm_gradient(w, p), shrink)


def scale_rows(w: Array, p: float, radius: Any, y: Array) -> tuple[Array, Array]:
    """Write the scaled rows of w (or the one row of a 1-d w) to y; the unit rows and the factors of the Jacobian."""
    unit, shrink = np.zeros_like(w, order="C", subok=False), np.ones((*w.shape[:-1], 1), w.dtype)
    far = beyond(w, p, radius)[..., 0]  # for a 1-d w a 0-d mask: it selects one row or none
    np.copyto(y, w)
    with np.errstate(invalid="ignore", over="ignore"):  # infinite entries, see row_scaling
        scale, norm = scaled_norm(wide(w[far]), p)
        directions = wide(w[far]) / scale / norm
        unit[far], shrink[far], y[far] = directions, radius / scale / norm, directions * radius
    return unit, shrink


def _scaled(op: str, name: str, value: ArrayLike, shrink: Array, outer: Array, inner: Array) -> Array:
    """``shrink (value - outer <inner, value>)`` for each row."""
    v = like(op, name, value, outer.shape)
    same_dtype(op, **{name: v, "w": shrink})
    wider = wide(v)
    result: Array = shrink * (wider - outer * (inner * wider).sum(axis=-1, keepdims=True))
    return result.astype(v.dtype, copy=False)
