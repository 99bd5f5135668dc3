"""Operator norms of a weight between l1, l2 and l_inf, for the pairs where they can be computed.

    ||W||_{p -> q} = max { ||W x||_q : ||x||_p <= 1 }

    (1, q)     the greatest q-norm of a column: a convex function on the l1 ball is greatest at a vertex, +-e_j;
    (p, inf)   the greatest dual norm of a row (1/p + 1/p* = 1): each row is a linear functional, by itself;
    (2, 2)     the greatest singular value.

(1, 1), (2, 2), (inf, inf) constrain the layers of Anil et al. (2019), and (p, inf) their first layer. What is left,
(inf, 1), (inf, 2) and (2, 1), has q < p and is NP-hard. These values carry rounding errors of either sign and are
no upper bounds: a certificate needs more.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from refsort.ops.arrays import Array, checked, like, same_dtype
from refsort.ops.row_norms import dual_order, norm_gradient, norm_order, scaled_norm, wide


class OperatorNormJacobian(NamedTuple):
    """The derivative of `operator_norm` at w, a matrix G: ``d||W|| = <G, dW>``.

    Attributes
    ----------
    gradient : ndarray, shape and dtype of w
        A subgradient of the norm; as many bytes as w. NaN where w is not finite.
    """

    gradient: Array

    def backward(self, y_bar: ArrayLike) -> Array:
        """``w_bar = y_bar G`` for a 0-d cotangent."""
        y_bar = like("operator_norm", "y_bar", y_bar, ())
        same_dtype("operator_norm", y_bar=y_bar, w=self.gradient)
        result: Array = y_bar * self.gradient
        return result

    def tangent(self, w_dot: ArrayLike) -> Any:
        """``y_dot = <G, w_dot>``, a scalar."""
        w_dot = like("operator_norm", "w_dot", w_dot, self.gradient.shape)
        same_dtype("operator_norm", w_dot=w_dot, w=self.gradient)
        return w_dot.dtype.type((wide(self.gradient) * wide(w_dot)).sum())


def operator_norm(w: ArrayLike, p: float, q: float) -> Any:
    """The norm of w as a map from l_p to l_q.

    Defined by ``||W||_{p->q} = max { ||W x||_q : ||x||_p <= 1 }``; for p = q the norms that Anil et al. (2019) bound
    layer by layer.

    Parameters
    ----------
    w : array_like, (d_out, d_in)
        The weight, in any of the dtypes of `refsort.ops.DTYPES`; for (2, 2) float32 or float64, as in `numpy.linalg`.
    p, q : {1, 2, math.inf}
        The norm of the input and that of the output: p = 1, or q = inf, or p = q = 2.

    Returns
    -------
    scalar of the dtype of w
        With relative error at most ``u + (1 + u) gamma_{k+4}`` for k = max(d_out, d_in), u the unit roundoff of the
        dtype and gamma in the working precision (roundoff 2**-53 for half, single and double), barring underflow; for
        (2, 2) that of LAPACK's singular values. 0 for a weight without entries; NaN if w holds NaN; inf if it holds
        an infinity and no NaN, or if the norm is beyond the range of the dtype.

    Raises
    ------
    TypeError
        For integer, bool, complex or rational w, half or extended precision with (2, 2), a p or q that is no number.
    ValueError
        For w that is not 2-d, p or q outside of {1, 2, inf}, and the pairs (inf, 1), (inf, 2), (2, 1): they are
        NP-hard [1]_ [2]_ [3]_. For these, enumerate the 2^d signs where d is small, or bound: ``||W||_{inf->1}`` by
        the sum of all ``|w_ij|``, the other two by the square root of the number of rows or columns times (2, 2).

    See Also
    --------
    operator_norm_forward : the value together with a subgradient.

    Notes
    -----
    O(d_out d_in), and one singular value decomposition for (2, 2).

    References
    ----------
    .. [1] J. Rohn, "Computing the norm ||A||_{inf,1} is NP-hard", Linear and Multilinear Algebra 47, 2000.
    .. [2] D. Steinberg, "Computation of matrix norms with applications to robust optimization", Technion, 2005.
    .. [3] J. M. Hendrickx, A. Olshevsky, "Matrix p-norms are NP-hard to approximate if p is not 1, 2, infinity",
       SIAM J. Matrix Anal. Appl. 31, 2010.

    Examples
    --------
    The norm from l_p to l_q is that of the transpose from l_q* to l_p*:

    >>> import math
    >>> import numpy as np
    >>> w = np.array([[3.0, -4.0, 0.0], [1.0, 1.0, 5.0]])
    >>> operator_norm(w, math.inf, math.inf), operator_norm(w.T, 1, 1)
    (np.float64(7.0), np.float64(7.0))
    >>> operator_norm(w[:1], 2, math.inf)
    np.float64(5.0)
    """
    return operator_norm_forward(w, p, q)[0]


def operator_norm_forward(w: ArrayLike, p: float, q: float) -> tuple[Any, OperatorNormJacobian]:
    """`operator_norm` and a subgradient at w.

    Parameters and errors are those of `operator_norm`. The norm is convex; its derivative exists where the greatest
    column, row or singular value is alone and the vector norm has no kink there. Elsewhere a subgradient is used, an
    element of the Clarke generalised Jacobian: the first greatest column or row and in it, for a 1-norm the sign 0 at
    zero entries, for an infinity norm the first greatest entry; for (2, 2) ``u v^T`` of the first singular pair as
    LAPACK returns it; 0 for w = 0.

    Returns
    -------
    y : scalar of the dtype of w
        ``operator_norm(w, p, q)``.
    at : OperatorNormJacobian
        ``at.backward(y_bar)`` and ``at.tangent(w_dot)``.

    Examples
    --------
    A norm is homogeneous, so ``<G, W> = ||W||``:

    >>> import numpy as np
    >>> w = np.array([[3.0, 1.0], [-4.0, 1.0]])
    >>> y, at = operator_norm_forward(w, 1, 1)
    >>> at.gradient, y, at.tangent(w)
    (array([[ 1., 0.], [-1., 0.]]), np.float64(7.0), np.float64(7.0))
    """
    w = checked("operator_norm", "w", w, ndim=2)
    p, q = norm_order("operator_norm", "p", p), norm_order("operator_norm", "q", q)
    if q < p:
        raise ValueError(_hard(p, q))
    if p == q == 2 and w.dtype.type not in (np.float32, np.float64):
        raise TypeError(f"operator_norm: the pair (2, 2) takes float32 or float64, got {w.dtype}; use w.astype(float)")
    if w.size == 0:
        return w.dtype.type(0), OperatorNormJacobian(np.zeros(w.shape, w.dtype))
    if not np.isfinite(w).all():
        value = np.nan if np.isnan(w).any() else np.inf
        return w.dtype.type(value), OperatorNormJacobian(np.full(w.shape, np.nan, w.dtype))
    if p == q == 2:
        return _greatest_singular_value(w)
    if p == 1:
        norm, gradient = _greatest_row(w.T, q)
        return norm, OperatorNormJacobian(np.ascontiguousarray(gradient.T))
    norm, gradient = _greatest_row(w, dual_order(p))
    return norm, OperatorNormJacobian(gradient)


def _greatest_row(w: Array, p: float) -> tuple[Any, Array]:
    """The greatest p-norm of a row, and its subgradient."""
    scale, norm = scaled_norm(wide(w), p)
    with np.errstate(over="ignore"):  # beyond the range of the dtype: inf, as documented
        norms = (scale * norm).astype(w.dtype)
    first = norms.argmax()
    gradient = np.zeros(w.shape, w.dtype)
    gradient[first] = norm_gradient(w[first], p)
    return norms[first, 0], gradient


def _greatest_singular_value(w: Array) -> tuple[Any, OperatorNormJacobian]:
    u, s, vt = np.linalg.svd(w, full_matrices=False)
    pair = np.outer(u[:, 0], vt[0]) if s[0] > 0 else np.zeros(w.shape, w.dtype)
    return s[0], OperatorNormJacobian(pair)


def _hard(p: float, q: float) -> str:
    why = {
        (math.inf, 1.0): "it maximises x^T W y over signs x, y (Rohn 2000)",
        (math.inf, 2.0): "it maximises the convex ||W x||_2 over the 2^d corners of a cube (Steinberg 2005)",
        (2.0, 1.0): "it is the (inf, 2) norm of the transpose (Steinberg 2005)",
    }[p, q]
    return (
        f"operator_norm: the norm from l_{p:g} to l_{q:g} is NP-hard: {why}, see also Hendrickx & Olshevsky (2010); "
        "computed are (1, q), (p, inf) and (2, 2)"
    )
