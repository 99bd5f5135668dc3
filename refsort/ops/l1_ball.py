"""Projection on the l1 ball: rows longer than the radius lose the same length from every entry, down to zero.

    project_l1_ball(v, r) = argmin { ||x - v||_2 : ||x||_1 <= r }
                          = v                              where ||v||_1 <= r,
                          = sign(v) max(|v| - tau, 0)      elsewhere, tau > 0 such that the l1 norm is r.

On the rows of a weight it is the constraint ||W||_inf <= r of the l_inf networks of Anil et al. (2019), and on its
columns ||W||_1 <= r: see `refsort.ops.operator_ball`. A row that lies in the ball stays as it is. An implementation
that projects on the sphere in its place moves every small weight.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from refsort.ops.arrays import Array, like, output
from refsort.ops.row_norms import longer_than, radius_in, row_blocks, rows, rows_where, sign_pattern
from refsort.ops.simplex import above_threshold, centred


class L1BallJacobian(NamedTuple):
    """The Jacobian of `project_l1_ball` at v: the identity inside, a centring of the entries above tau outside.

    With s the signs of a row's active entries, ``J = diag(s^2) - s s^T / ||s||_0`` outside: symmetric, an orthogonal
    projection.

    Attributes
    ----------
    signs : ndarray of int8, shape of v
        The sign of v_i where ``|v_i| > tau``, else 0; 0 in rows inside; 1 byte an entry of v.
    inside : ndarray of bool, (n, 1), or (1,) for a single row
        Whether ``||v||_1 <= radius``; 1 byte a row. A row that came out as NaN is not inside and has signs 0.
    """

    signs: Array
    inside: Array

    def backward(self, y_bar: ArrayLike) -> Array:
        """``v_bar = J^T y_bar``, and J is symmetric."""
        return self._apply("y_bar", y_bar)

    def tangent(self, v_dot: ArrayLike) -> Array:
        """``y_dot = J v_dot``."""
        return self._apply("v_dot", v_dot)

    def _apply(self, name: str, value: ArrayLike) -> Array:
        result = np.array(like("project_l1_ball", name, value, self.signs.shape), order="C")  # of rows inside
        for block in row_blocks(result):
            far = ~self.inside[block]
            if far.any():
                part, where = result[block], rows_where(far)
                part[where] = centred(part[where], self.signs[block][where])
        return result


def project_l1_ball(v: ArrayLike, radius: Fraction | float = 1, *, out: Array | None = None) -> Array:
    """Project each row of v on the l1 ball of the given radius.

    Defined by ``y = argmin { ||x - v||_2 : ||x||_1 <= radius }``, one row at a time. What Anil et al. (2019) do to the
    rows of a weight after every update where they need ``||W||_inf <= 1``.

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
        Shape and dtype of v. A row with ``||v||_1 <= radius`` (decided exactly, not by a rounded sum) is returned
        unchanged, bit for bit. In any other no entry grows or changes sign, and zeros stay. Exact on Fractions. In
        floating point an entry errs by at most ``gamma_{d+4} radius`` in the working precision (roundoff 2**-53 for
        half, single and double) and is then rounded to the dtype of v (unit roundoff u, smallest subnormal eta), so
        that ``||y||_1 <= (1 + u) (1 + d gamma_{d+4}) radius + d eta``: it may exceed the radius by that much. A row
        with NaN or an infinite entry, which has no nearest point, becomes a row of NaN.

    Raises
    ------
    TypeError
        For integer, bool or complex v and for a radius that is no real number.
    ValueError
        For v that is neither 1-d nor 2-d and for a radius that is not positive and finite in the dtype of v.

    See Also
    --------
    project_l1_ball_forward : the value together with the Jacobian (where it exists, and what is used at kinks).
    project_operator_ball : the same for the rows or the columns of a weight.

    Notes
    -----
    One sort of the rows outside: O(d log d) a row; temporary arrays are of the size of a block of rows, which stays in
    the cache. Rows whose norm agrees with the radius to rounding are decided in whole numbers, about a microsecond for
    each entry that is not zero.

    References
    ----------
    .. [1] J. Duchi, S. Shalev-Shwartz, Y. Singer, T. Chandra, "Efficient projections onto the l1-ball for learning in
       high dimensions", ICML 2008.
    .. [2] L. Condat, "Fast projection onto the simplex and the l1 ball", Mathematical Programming 158, 2016.

    Examples
    --------
    >>> import numpy as np
    >>> v = np.array([[1.5, -1.25, 0.5], [0.25, 0.0, -0.5]])
    >>> y = project_l1_ball(v)
    >>> y
    array([[ 0.625, -0.375,  0.   ],
           [ 0.25 ,  0.   , -0.5  ]])

    The nearest point, since v - y is normal to the ball at y: <v - y, y> = radius * max|v - y|.

    >>> np.sum((v - y) * y, axis=1), 1 * abs(v - y).max(axis=1)
    (array([0.875, 0.   ]), array([0.875, 0.   ]))
    """
    return _project(v, radius, out)[0]


def project_l1_ball_forward(v: ArrayLike, radius: Fraction | float = 1) -> tuple[Array, L1BallJacobian]:
    """`project_l1_ball` and its Jacobian at v.

    Parameters and errors are those of `project_l1_ball`. The map is piecewise affine. Its Jacobian does not exist

    - on the sphere ``||v||_1 = radius``: the identity is used, an extreme point of the Clarke generalised Jacobian;
    - outside, where ``|v_i| = tau``: the Clarke Jacobian is the hull of those with any of the tied entries counted as
      active, and the one used counts in none of them.

    Returns
    -------
    y : ndarray
        ``project_l1_ball(v, radius)``.
    at : L1BallJacobian
        ``at.backward(y_bar)`` and ``at.tangent(v_dot)``.

    Examples
    --------
    >>> import numpy as np
    >>> y, at = project_l1_ball_forward(np.array([1.5, -1.25, 0.5]))
    >>> at.signs, at.inside
    (array([ 1, -1,  0], dtype=int8), array([False]))
    >>> at.tangent(np.array([2.0, 1.0, 9.0]))
    array([1.5, 1.5, 0. ])
    """
    return _project(v, radius, None)


def _project(v: ArrayLike, radius: Any, out: Array | None) -> tuple[Array, L1BallJacobian]:
    v = rows("project_l1_ball", v)
    radius = radius_in("project_l1_ball", radius, v.dtype)
    y = output("project_l1_ball", out, v.shape, v.dtype, v)
    signs, inside = np.zeros(v.shape, np.int8), np.empty((*v.shape[:-1], 1), bool)
    for block in row_blocks(v):
        part = np.ascontiguousarray(v[block])
        far = longer_than(part, radius)
        inside[block] = ~far
        if not far.all():
            y[block] = part
        if far.any():
            where = rows_where(far)
            signs[block][where], y[block][where] = _soft_threshold(part[where], radius)
    return y, L1BallJacobian(signs, inside)


def _soft_threshold(v: Array, radius: Any) -> tuple[Array, Array]:
    """The signs of the active entries, and the projection of rows that lie outside."""
    # outside the ball tau is positive, and the magnitudes of the projection are |v| projected on the simplex
    magnitude = np.abs(v)
    above = above_threshold(magnitude, radius)
    signs = sign_pattern(v) * (above > 0).view(np.int8)
    shrunk = np.minimum(above.astype(v.dtype, copy=False), magnitude)  # tau > 0: without rounding, no change
    return signs, signs * shrunk
