"""The orthonormal polar factor of a weight of full rank, with its exact derivative: the limit of Bjorck's iteration.

    W = Q H,    Q^T Q = I,    H = (W^T W)^{1/2} positive definite;        Q = U V^T  where  W = U diag(s) V^T.

Q is the matrix with orthonormal columns (rows, where W is wide) that is nearest to W in the Frobenius norm. From
W_dot = Q_dot H + Q H_dot with H_dot symmetric, X = Q^T Q_dot is the skew solution of the Sylvester equation
X H + H X = Q^T W_dot - W_dot^T Q, which the singular vectors make diagonal:

    Q_dot = U (F o (M - M^T)) V^T + (I - U U^T) W_dot V diag(1 / s) V^T,    M = U^T W_dot V,    F_ij = 1 / (s_i + s_j).

The map W -> Q is the gradient of the nuclear norm sum_i s_i, so its derivative is a Hessian, and symmetric.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from refsort.ops.arrays import Array, checked, like, same_dtype


class PolarFactorJacobian(NamedTuple):
    """The Jacobian of `polar_factor` at w: symmetric, so that `backward` and `tangent` are one formula.

    Attributes
    ----------
    u : ndarray, (max(m, n), min(m, n))
        Left singular vectors of w, of its transpose where w is wide.
    s : ndarray, (min(m, n),)
        Singular values.
    vt : ndarray, (min(m, n), min(m, n))
        Right singular vectors, one a row.
    wide : bool
        Whether w has more columns than rows.
    """

    u: Array
    s: Array
    vt: Array
    wide: bool

    def backward(self, q_bar: ArrayLike) -> Array:
        """``w_bar = J^T q_bar = J q_bar``."""
        return self._apply("q_bar", q_bar)

    def tangent(self, w_dot: ArrayLike) -> Array:
        """``q_dot = J w_dot``."""
        return self._apply("w_dot", w_dot)

    def _apply(self, name: str, value: ArrayLike) -> Array:
        m, n = self.u.shape
        v = like("polar_factor", name, value, (n, m) if self.wide else (m, n))
        same_dtype("polar_factor", **{name: v, "w": self.u})
        v = (v.T if self.wide else v) @ self.vt.T
        middle = self.u.T @ v
        half = self.s / 2  # halves: the sum of two singular values may overflow
        turn = (middle - middle.T) / (half[:, None] + half) / 2
        # across the columns of u there is nothing if u is square
        moved = self.u @ turn if m == n else self.u @ (turn - middle / self.s) + v / self.s
        result: Array = moved @ self.vt
        return result.T if self.wide else result


def polar_factor(w: ArrayLike) -> Array:
    """The orthonormal polar factor of w: ``Q = W (W^T W)^{-1/2}``, for a wide w ``(W W^T)^{-1/2} W``.

    Defined by ``min ||Q - W||_F subject to Q^T Q = I`` (``Q Q^T = I`` where w is wide). What `bjorck` converges to.

    Parameters
    ----------
    w : array_like, (m, n)
        float32 or float64, of rank min(m, n). Its unit is of no account: Q is dimensionless, and that of c W is that
        of W for every c > 0.

    Returns
    -------
    ndarray, (m, n)
        Orthonormal up to some max(m, n) units roundoff, however small the singular values are. Its distance from the
        true factor is that times s_1 / s_n, the largest over the smallest singular value.

    Raises
    ------
    TypeError
        For any other dtype.
    ValueError
        For w that is no matrix or not finite, and where the smallest singular value is not above max(m, n) eps times
        the largest: such a w is as good as rank deficient, and no nearest orthonormal matrix is determined.

    See Also
    --------
    polar_factor_forward : the value together with the Jacobian.
    bjorck : by products alone, in every dtype, from inside a basin.

    Notes
    -----
    One singular value decomposition, O(m n min(m, n)).

    References
    ----------
    .. [1] N. J. Higham, "Functions of matrices: theory and computation", SIAM 2008, chapter 8.

    Examples
    --------
    >>> import numpy as np
    >>> w = np.array([[3.0, 1.0], [1.0, 2.0], [0.0, 2.0]])
    >>> q = polar_factor(w)
    >>> np.allclose(q.T @ q, np.eye(2), rtol=0, atol=1e-15)
    True

    The other factor is symmetric and positive definite:

    >>> h = q.T @ w
    >>> np.allclose(h, h.T, rtol=0, atol=1e-15), bool(np.all(np.linalg.eigvalsh(h) > 0))
    (True, True)
    """
    return polar_factor_forward(w)[0]


def polar_factor_forward(w: ArrayLike) -> tuple[Array, PolarFactorJacobian]:
    """`polar_factor` and its Jacobian at w, which exists wherever w has full rank.

    Parameters and errors are those of `polar_factor`. The Jacobian's norm is ``2 / (s_{n-1} + s_n)`` for the two
    smallest singular values of a square w, and ``1 / s_n`` for any other.

    Returns
    -------
    q : ndarray, (m, n)
        ``polar_factor(w)``.
    at : PolarFactorJacobian
        ``at.backward(q_bar)`` and ``at.tangent(w_dot)``: two products on each side of w.

    Examples
    --------
    At 2 I a rotation is passed on by half, and a stretch, which changes H alone, is not:

    >>> import numpy as np
    >>> q, at = polar_factor_forward(np.diag([2.0, 2.0]))
    >>> np.allclose(at.tangent(np.array([[0.0, -1.0], [1.0, 0.0]])), [[0.0, -0.5], [0.5, 0.0]], rtol=0, atol=1e-15)
    True
    >>> np.allclose(at.tangent(np.array([[3.0, 1.0], [1.0, 0.0]])), 0, rtol=0, atol=1e-15)
    True
    """
    w = checked("polar_factor", "w", w, ndim=2)
    if not np.all(np.isfinite(w)):
        raise ValueError(f"polar_factor: w holds {np.count_nonzero(~np.isfinite(w))} non-finite entries")
    wide = w.shape[0] < w.shape[1]
    u, s, vt = np.linalg.svd(w.T if wide else w, full_matrices=False)
    if s.size and not s[-1] > max(w.shape) * np.finfo(w.dtype).eps * s[0]:
        raise ValueError(
            f"polar_factor: w {w.shape} needs rank {s.size}, and its singular values go from {s[0]:.3g} down to "
            f"{s[-1]:.3g}: to rounding a lower rank, which has no nearest orthonormal matrix; leave out dependent rows "
            "or columns, or pass a wider dtype"
        )
    q = u @ vt
    return (q.T if wide else q), PolarFactorJacobian(u, s, vt, wide)
