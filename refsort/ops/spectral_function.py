"""Functions of singular values, and their derivative.

An odd function f acts on a matrix through its singular values: with W = U diag(s) V^T, U (m, n) and m >= n,

    f(W) = U diag(f(s)) V^T.

Its derivative along W_dot, with M = U^T W_dot V, is (the Daleckii-Krein theorem for the symmetric matrix that has W and
W^T off its diagonal, whose eigenvalues are s and -s)

    f(W)_dot = U (f[s_i, s_j] o sym M + f[s_i, -s_j] o skew M) V^T + (I - U U^T) W_dot V diag(f(s) / s) V^T.

Here f[x, y] is the divided difference (f(x) - f(y)) / (x - y), and f'(x) where x = y; sym and skew are the two halves
of a square matrix, (M + M^T) / 2 and (M - M^T) / 2; o multiplies entry by entry. The last term is what W_dot has across
the columns of U, and there is nothing there if W is square.

All three tables are symmetric, and so is this linear map of W_dot: it is its own transpose.
"""

from __future__ import annotations

from refsort.ops.arrays import Array


def spectral_derivative(u: Array, vt: Array, symmetric: Array | None, skew: Array, ratio: Array, w_dot: Array) -> Array:
    """The derivative above along `w_dot`; two products on each side of w.

    Parameters
    ----------
    u : ndarray, (m, n), m >= n
    vt : ndarray, (n, n)
    symmetric : ndarray, (n, n), or None for zeros
        ``f[s_i, s_j]``.
    skew : ndarray, (n, n)
        ``f[s_i, -s_j]``.
    ratio : ndarray, (n,)
        ``f(s) / s``, and f'(0) where s = 0.
    w_dot : ndarray, (m, n)

    Examples
    --------
    For f(s) = s everything is 1, and the derivative is the identity:

    >>> import numpy as np
    >>> u, _, vt = np.linalg.svd([[3.0, 1.0], [1.0, 2.0], [0.0, 2.0]], full_matrices=False)
    >>> w_dot = np.arange(6.0).reshape(3, 2)
    >>> result = spectral_derivative(u, vt, np.ones((2, 2)), np.ones((2, 2)), np.ones(2), w_dot)
    >>> np.allclose(result, w_dot, rtol=0, atol=1e-14)
    True
    """
    v = w_dot @ vt.T
    middle = u.T @ v
    turned = middle.T.copy()
    inner = (middle - turned) * (skew / 2)
    if symmetric is not None:
        inner += (middle + turned) * (symmetric / 2)
    if len(u) == len(vt):
        moved = u @ inner
    else:
        moved = u @ (inner - middle * ratio)
        v *= ratio
        moved += v
    result: Array = moved @ vt
    return result
