"""Rows of l1 norm 1 from a free parameter: the signed squares of a row over the sum of its squares.

    signed_squares(u)_ij = u_ij |u_ij| / sum_k u_ik^2,    so that ||y_i||_1 = 1 for every row u_i other than 0.

A weight of infinity norm 1 need not be projected then. The map takes the sphere onto the surface of the l1 ball, and an
update of u changes an entry of y in proportion to the root of its size: large entries move fast, those near 0 slowly.
So rows stay sparse as under multiplicative updates, which suit the l1 ball, while any optimiser can be used and an
entry may pass through 0 and change its sign.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from refsort.ops.arrays import Array, checked, like, same_dtype
from refsort.ops.row_norms import scaled_norm, wide


class SignedSquaresJacobian(NamedTuple):
    """The Jacobian of `signed_squares` at u: ``J = 2 / s (diag |u| - y u^T)`` for each row, with ``s = sum u^2``.

    Attributes
    ----------
    unit : ndarray, shape of u
        ``u_i / ||u_i||_2``, in double precision for half and single.
    norm : ndarray, (n, 1)
        ``||u_i||_2`` in the same precision.
    dtype : dtype
        Of u, and so of tangents and cotangents.
    """

    unit: Array
    norm: Array
    dtype: np.dtype[np.generic]

    def backward(self, y_bar: ArrayLike) -> Array:
        """``u_bar = 2 / ||u|| (|e| y_bar - e <e |e|, y_bar>)`` with the unit row e."""
        e, v = self.unit, self._like("y_bar", y_bar)
        u_bar: Array = 2 / self.norm * (np.abs(e) * v - e * np.sum(e * np.abs(e) * v, axis=1, keepdims=True))
        return u_bar.astype(self.dtype, copy=False)

    def tangent(self, u_dot: ArrayLike) -> Array:
        """``y_dot = 2 / ||u|| (|e| u_dot - e |e| <e, u_dot>)`` with the unit row e."""
        e, v = self.unit, self._like("u_dot", u_dot)
        y_dot: Array = 2 / self.norm * np.abs(e) * (v - e * np.sum(e * v, axis=1, keepdims=True))
        return y_dot.astype(self.dtype, copy=False)

    def _like(self, name: str, value: ArrayLike) -> Array:
        v = like("signed_squares", name, value, self.unit.shape)
        same_dtype("signed_squares", **{name: v, "u": np.empty(0, self.dtype)})
        return wide(v)


def signed_squares(u: ArrayLike) -> Array:
    """Each row of u as its signed squares over their sum.

    Defined by ``y_ij = u_ij |u_ij| / sum_k u_ik^2``. The length of a row of u has no effect.

    Parameters
    ----------
    u : array_like, (d_out, d_in)
        The parameter, in any of the dtypes of `refsort.ops.DTYPES`. Every row has an entry other than 0.

    Returns
    -------
    ndarray
        Shape and dtype of u. The relative error of an entry is at most ``(1 + u) (1 + gamma_{d_in+6}) - 1`` (gamma in
        the working precision, roundoff 2**-53 for half, single and double), so ``||y_i||_1 = 1`` up to that, and up to
        a subnormal for each entry. A row with NaN or an infinite entry becomes NaN.

    Raises
    ------
    TypeError
        For integer, bool, complex or rational u.
    ValueError
        For u that is not 2-d, or with a row of zeros or without entries, which has no direction.

    See Also
    --------
    signed_squares_forward : the value together with the Jacobian.
    project_l1_ball : the nearest row of l1 norm at most 1 instead.

    Notes
    -----
    O(d_out d_in). Squares do not overflow or vanish: rows are divided by a power of two first.

    Examples
    --------
    >>> import numpy as np
    >>> y = signed_squares(np.array([[3.0, -1.0, 0.0], [1.0, 1.0, 1.0]]))
    >>> y.round(15)[0].tolist(), abs(y).sum(axis=1)
    ([0.9, -0.1, 0.0], array([1., 1.]))
    """
    return signed_squares_forward(u)[0]


def signed_squares_forward(u: ArrayLike) -> tuple[Array, SignedSquaresJacobian]:
    """`signed_squares` and its Jacobian at u, which exists at every u: x |x| has the derivative 2 |x|, 0 at 0.

    Parameters and errors are those of `signed_squares`.

    Returns
    -------
    y : ndarray
        ``signed_squares(u)``.
    at : SignedSquaresJacobian
        ``at.backward(y_bar)`` and ``at.tangent(u_dot)``.

    Examples
    --------
    A longer row is the same row:

    >>> import numpy as np
    >>> u = np.array([[3.0, -1.0, 2.0]])
    >>> y, at = signed_squares_forward(u)
    >>> bool(np.max(np.abs(at.tangent(u))) < 1e-15)
    True
    """
    u = checked("signed_squares", "u", u, ndim=2)
    zero = ~np.any(u, axis=1)
    if np.any(zero):
        raise ValueError(
            f"signed_squares: row {int(np.argmax(zero))} of u is 0 and has no direction; draw it again, or drop the row"
        )
    rows = wide(u)
    scale, norm = scaled_norm(rows, 2)
    with np.errstate(invalid="ignore", over="ignore"):  # infinite entries, see signed_squares
        e = rows / scale / norm
        y: Array = e * np.abs(e)
        return y.astype(u.dtype, copy=False), SignedSquaresJacobian(e, scale * norm, u.dtype)
