"""Projection on the l_inf ball: clip every entry.

    project_linf_ball(v, r) = argmin { ||x - v||_2 : max |x_i| <= r } = min(max(v, -r), r).

The problem falls apart into its entries. On the rows of a weight it is the constraint of norm at most r from l1 to
l_inf; on an input it is the step back into the box of an attack or of the data.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from refsort.ops.arrays import Array, like, output
from refsort.ops.row_norms import radius_in, rows


class LinfBallJacobian(NamedTuple):
    """The Jacobian of `project_linf_ball` at v: a 0/1 diagonal.

    Attributes
    ----------
    kept : ndarray of bool, shape of v
        Whether ``|v_i| <= radius``; 1 byte an entry of v. False where v_i is NaN.
    """

    kept: Array

    def backward(self, y_bar: ArrayLike) -> Array:
        """``v_bar_i = y_bar_i`` where the entry was kept, else 0."""
        return self._apply("y_bar", y_bar)

    def tangent(self, v_dot: ArrayLike) -> Array:
        """``y_dot_i = v_dot_i`` where the entry was kept, else 0."""
        return self._apply("v_dot", v_dot)

    def _apply(self, name: str, value: ArrayLike) -> Array:
        v = like("project_linf_ball", name, value, self.kept.shape)
        result: Array = self.kept * v
        return result


def project_linf_ball(v: ArrayLike, radius: Fraction | float = 1, *, out: Array | None = None) -> Array:
    """Clip each entry of v to ``[-radius, radius]``.

    Defined by ``y = argmin { ||x - v||_2 : max |x_i| <= radius }``.

    Parameters
    ----------
    v : array_like, (n, d) or (d,)
        Real numbers in any of the dtypes of `refsort.ops.DTYPES`, Fractions included.
    radius : int, float or Fraction
        Positive, in the unit of v. Rounded to the dtype of v; kept exactly where v holds Fractions.
    out : ndarray, optional
        Receives the result; shape and dtype of v, no memory shared with v.

    Returns
    -------
    ndarray
        Shape and dtype of v. No rounding: entries inside are unchanged, bit for bit, the others are the radius with
        their sign, infinite ones too. NaN stays NaN, in its own entry only.

    Raises
    ------
    TypeError
        For integer, bool or complex v and for a radius that is no real number.
    ValueError
        For v that is neither 1-d nor 2-d and for a radius that is not positive and finite in the dtype of v.

    See Also
    --------
    project_linf_ball_forward : the value together with the Jacobian.

    Notes
    -----
    O(d) a row.

    Examples
    --------
    >>> import numpy as np
    >>> v = np.array([3.0, -0.5, -2.0])
    >>> y = project_linf_ball(v)
    >>> y
    array([ 1. , -0.5, -1. ])

    The nearest point, since v - y is normal to the ball at y: <v - y, y> = radius * ||v - y||_1.

    >>> np.sum((v - y) * y), 1 * abs(v - y).sum()
    (np.float64(3.0), np.float64(3.0))
    """
    return _project(v, radius, out)[0]


def project_linf_ball_forward(v: ArrayLike, radius: Fraction | float = 1) -> tuple[Array, LinfBallJacobian]:
    """`project_linf_ball` and its Jacobian at v.

    Parameters and errors are those of `project_linf_ball`. The derivative does not exist at entries with
    ``|v_i| = radius``, where the Clarke generalised Jacobian has anything in [0, 1] on the diagonal; 1 is used there.

    Returns
    -------
    y : ndarray
        ``project_linf_ball(v, radius)``.
    at : LinfBallJacobian
        ``at.backward(y_bar)`` and ``at.tangent(v_dot)``.

    Examples
    --------
    >>> import numpy as np
    >>> y, at = project_linf_ball_forward(np.array([3.0, -0.5, -1.0]))
    >>> at.backward(np.array([5.0, 6.0, 7.0]))
    array([0., 6., 7.])
    """
    return _project(v, radius, None)


def _project(v: ArrayLike, radius: Any, out: Array | None) -> tuple[Array, LinfBallJacobian]:
    v = rows("project_linf_ball", v)
    radius = radius_in("project_linf_ball", radius, v.dtype)
    y = output("project_linf_ball", out, v.shape, v.dtype, v)
    np.clip(v, -radius, radius, out=y)
    return y, LinfBallJacobian(np.asarray(np.abs(v) <= radius, dtype=bool))
