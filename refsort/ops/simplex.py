"""Projection on the simplex: the nearest point with non-negative entries of a given sum.

    project_simplex(v, r) = argmin { ||x - v||_2 : x >= 0, sum x = r } = max(v - tau, 0),   sum = r.

For every set of k entries, r = sum (v_i - tau)_+ is at least the sum of v_i - tau over the set. So the threshold tau is
at least (sum of the k greatest - r) / k, and equality holds where these are the entries above tau. Hence

    tau = max over k of (v_(1) + ... + v_(k) - r) / k,       v_(1) >= v_(2) >= ... ;

the greatest k with v_(k) above its own quotient, as the literature has it, is a maximiser. Everything is measured from
the greatest entry: the gaps v_(1) - v_i that matter are below r, so that nothing is lost where v is far from the
simplex.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from refsort.ops.arrays import Array, like, output
from refsort.ops.row_norms import radius_in, rows, wide


class SimplexJacobian(NamedTuple):
    """The Jacobian of `project_simplex` at v: on each row the centring of the entries above the threshold.

    With s the 0/1 row of the support, ``J = diag(s) - s s^T / sum(s)``: symmetric, an orthogonal projection.

    Attributes
    ----------
    support : ndarray of bool, shape of v
        Whether ``v_i > tau``; 1 byte an entry of v. Nowhere in a row that came out as NaN.
    """

    support: Array

    def backward(self, y_bar: ArrayLike) -> Array:
        """``v_bar = J^T y_bar``, and J is symmetric."""
        return centred(like("project_simplex", "y_bar", y_bar, self.support.shape), self.support)

    def tangent(self, v_dot: ArrayLike) -> Array:
        """``y_dot = J v_dot``."""
        return centred(like("project_simplex", "v_dot", v_dot, self.support.shape), self.support)


def project_simplex(v: ArrayLike, radius: Fraction | float = 1, *, out: Array | None = None) -> Array:
    """Project each row of v on the simplex of the given radius.

    Defined by ``y = argmin { ||x - v||_2 : x >= 0, sum x = radius }``, one row at a time; used by the projection on the
    l1 ball, with which Anil et al. (2019) keep the infinity norm of their weights.

    Parameters
    ----------
    v : array_like, (n, d) or (d,), d >= 1
        Real numbers in any of the dtypes of `refsort.ops.DTYPES`, Fractions included.
    radius : int, float or Fraction
        The sum, positive, in the unit of v. Rounded to the dtype of v; kept exactly where v holds Fractions.
    out : ndarray, optional
        Receives the result; shape and dtype of v, no memory shared with v.

    Returns
    -------
    ndarray
        Shape and dtype of v. Exact on Fractions. In floating point an entry errs by at most ``gamma_{d+4} radius``
        in the working precision (roundoff 2**-53 for half, single and double), is then rounded to the dtype of v (unit
        roundoff u, smallest subnormal eta), and ``|sum y - radius| <= (u + (1 + u) d gamma_{d+4}) radius + d eta``.
        An entry of -inf becomes 0; a row with NaN or +inf, or of nothing but -inf, becomes a row of NaN.

    Raises
    ------
    TypeError
        For integer, bool or complex v and for a radius that is no real number.
    ValueError
        For v that is neither 1-d nor 2-d, rows without entries (their simplex is empty), and a radius that is not
        positive and finite in the dtype of v.

    See Also
    --------
    project_simplex_forward : the value together with the Jacobian (where it exists, and what is used at ties).

    Notes
    -----
    One sort: O(d log d) a row, and three temporary arrays of the size of v.

    References
    ----------
    .. [1] J. Duchi, S. Shalev-Shwartz, Y. Singer, T. Chandra, "Efficient projections onto the l1-ball for learning in
       high dimensions", ICML 2008.

    Examples
    --------
    The nearest point: v - y is constant on the support and not larger anywhere else.

    >>> import numpy as np
    >>> v = np.array([1.5, 0.75, 1.25])
    >>> y = project_simplex(v)
    >>> y
    array([0.625, 0.   , 0.375])
    >>> y.sum(), v - y
    (np.float64(1.0), array([0.875, 0.75 , 0.875]))
    """
    return _project(v, radius, out)[0]


def project_simplex_forward(v: ArrayLike, radius: Fraction | float = 1) -> tuple[Array, SimplexJacobian]:
    """`project_simplex` and its Jacobian at v.

    Parameters and errors are those of `project_simplex`. The map is piecewise affine. Its Jacobian exists where no
    ``v_i`` equals the threshold tau; the Clarke generalised Jacobian at such ties is the hull of the Jacobians with any
    of the tied entries counted in the support, and the one used counts in none of them.

    Returns
    -------
    y : ndarray
        ``project_simplex(v, radius)``.
    at : SimplexJacobian
        ``at.backward(y_bar)`` and ``at.tangent(v_dot)``.

    Examples
    --------
    A step along the simplex is kept, a common shift is not seen:

    >>> import numpy as np
    >>> y, at = project_simplex_forward(np.array([1.5, 0.75, 1.25]))
    >>> at.tangent(np.array([3.0, 5.0, 1.0]))
    array([ 1.,  0., -1.])
    """
    return _project(v, radius, None)


def _project(v: ArrayLike, radius: Fraction | float, out: Array | None) -> tuple[Array, SimplexJacobian]:
    v = rows("project_simplex", v)
    radius = radius_in("project_simplex", radius, v.dtype)
    if v.shape[-1] == 0:
        raise ValueError(f"project_simplex: no vector of length 0 has the sum {radius}; got shape {v.shape}")
    y = output("project_simplex", out, v.shape, v.dtype, v)
    above = above_threshold(wide(v), radius)
    y[...] = above
    return y, SimplexJacobian(above > 0)


def above_threshold(v: Array, radius: Any) -> Array:
    """``max(v - tau, 0)`` for each row, tau such that its sum is `radius`; v in its working precision, d >= 1."""
    with np.errstate(invalid="ignore", over="ignore"):  # infinite entries, see project_simplex
        gaps = v.max(axis=-1, keepdims=True) - v
        counts = np.arange(1, v.shape[-1] + 1).astype(v.dtype)
        # tau is the max over k of its lower bounds, so the level max(v) - tau is the min over k
        level = ((np.cumsum(np.sort(gaps, axis=-1), axis=-1) + radius) / counts).min(axis=-1, keepdims=True)
        above: Array = np.maximum(level - gaps, radius - radius)  # a zero of the same type, Fraction or float
    return above


def centred(v: Array, signs: Array) -> Array:
    """``(diag(s^2) - s s^T / ||s||_0) v`` for each row s of `signs`, in the working precision; 0 for s = 0."""
    wider = wide(v)
    count = np.maximum(np.count_nonzero(signs, axis=-1, keepdims=True), 1).astype(wider.dtype)
    mean = (signs * wider).sum(axis=-1, keepdims=True) / count
    result: Array = (abs(signs) * wider - signs * mean).astype(v.dtype, copy=False)
    return result
