"""Projection on the Euclidean ball: rows longer than the radius are shortened to it.

    project_l2_ball(v, r) = argmin { ||x - v||_2 : ||x||_2 <= r } = v / max(1, ||v||_2 / r).

With it on its rows a weight has norm at most r from l2 to l_inf: the first layer of the networks that Anil et al.
(2019) build for the 2-norm of the input. It has square roots, so there is no rational path.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple

from numpy.typing import ArrayLike

from refsort.ops.arrays import Array, like, output, same_dtype
from refsort.ops.row_norms import radius_in, rows, wide
from refsort.ops.row_scaling import scale_rows


class L2BallJacobian(NamedTuple):
    """The Jacobian of `project_l2_ball` at v: ``J = shrink (I - unit unit^T)`` for each row, symmetric.

    Attributes
    ----------
    unit : ndarray, shape and dtype of v
        ``v / ||v||_2`` for the rows outside, 0 for the others; as many bytes as v.
    shrink : ndarray, (n, 1) or (1,) for a single row, dtype of v
        ``radius / ||v||_2`` for the rows outside, 1 for the others: then J is the identity.
    """

    unit: Array
    shrink: Array

    def backward(self, y_bar: ArrayLike) -> Array:
        """``v_bar = J^T y_bar``, and J is symmetric."""
        return self._apply("y_bar", y_bar)

    def tangent(self, v_dot: ArrayLike) -> Array:
        """``y_dot = J v_dot``."""
        return self._apply("v_dot", v_dot)

    def _apply(self, name: str, value: ArrayLike) -> Array:
        v = like("project_l2_ball", name, value, self.unit.shape)
        same_dtype("project_l2_ball", **{name: v, "v": self.unit})
        along = (self.unit * wide(v)).sum(axis=-1, keepdims=True)
        result: Array = self.shrink * (wide(v) - self.unit * along)
        return result.astype(v.dtype, copy=False)


def project_l2_ball(v: ArrayLike, radius: Fraction | float = 1, *, out: Array | None = None) -> Array:
    """Project each row of v on the Euclidean ball of the given radius.

    Defined by ``y = argmin { ||x - v||_2 : ||x||_2 <= radius } = v / max(1, ||v||_2 / radius)``, one row at a time.
    Used on the rows of a first layer after Anil et al. (2019).

    Parameters
    ----------
    v : array_like, (n, d) or (d,)
        Real numbers in any of the floating dtypes of `refsort.ops.DTYPES`.
    radius : int, float or Fraction
        Positive, in the unit of v; rounded to the dtype of v.
    out : ndarray, optional
        Receives the result; shape and dtype of v, no memory shared with v.

    Returns
    -------
    ndarray
        Shape and dtype of v. A row with ``||v||_2 <= radius`` (decided exactly, not by a rounded norm) is returned
        unchanged, bit for bit. Any other comes out with ``| ||y||_2 - radius | <= (u + (1 + u) gamma_{d+4}) radius
        + 2 d max(1, radius) eta``: gamma in the working precision (roundoff 2**-53 for half, single and double), u and
        eta the unit roundoff and the smallest subnormal of the dtype. No square overflows or vanishes. A row with NaN
        or an infinite entry, which has no nearest point, becomes a row of NaN.

    Raises
    ------
    TypeError
        For integer, bool, complex or rational v and for a radius that is no real number.
    ValueError
        For v that is neither 1-d nor 2-d and for a radius that is not positive and finite in the dtype of v.

    See Also
    --------
    project_l2_ball_forward : the value together with the Jacobian.
    row_scaling : the same formula for other norms, where it is no projection.

    Notes
    -----
    O(d) a row; rows whose norm agrees with the radius to rounding are decided in whole numbers, about a
    microsecond for each entry that is not zero.

    Examples
    --------
    >>> import numpy as np
    >>> v = np.array([[3.0, -4.0], [0.25, 0.5]])
    >>> y = project_l2_ball(v)
    >>> y
    array([[ 0.6 , -0.8 ],
           [ 0.25,  0.5 ]])

    The nearest point, since v - y is normal to the ball at y: <v - y, y> = radius * ||v - y||.

    >>> np.allclose(np.sum((v - y) * y, axis=1), 1 * np.linalg.norm(v - y, axis=1), rtol=1e-15)
    True
    """
    return _project(v, radius, out)[0]


def project_l2_ball_forward(v: ArrayLike, radius: Fraction | float = 1) -> tuple[Array, L2BallJacobian]:
    """`project_l2_ball` and its Jacobian at v.

    Parameters and errors are those of `project_l2_ball`. The Jacobian does not exist on the sphere, where the Clarke
    generalised Jacobian is the segment from the identity to ``I - unit unit^T``; the identity is used there.

    Returns
    -------
    y : ndarray
        ``project_l2_ball(v, radius)``.
    at : L2BallJacobian
        ``at.backward(y_bar)`` and ``at.tangent(v_dot)``.

    Examples
    --------
    Outside, the length of a row is not seen, and what is across it shrinks with it:

    >>> import numpy as np
    >>> y, at = project_l2_ball_forward(np.array([0.0, 4.0]))
    >>> at.tangent(np.array([8.0, 8.0]))
    array([2., 0.])
    """
    return _project(v, radius, None)


def _project(v: ArrayLike, radius: Any, out: Array | None) -> tuple[Array, L2BallJacobian]:
    v = rows("project_l2_ball", v)
    radius = radius_in("project_l2_ball", radius, v.dtype)
    y = output("project_l2_ball", out, v.shape, v.dtype, v)
    return y, L2BallJacobian(*scale_rows(v, 2, radius, y))
