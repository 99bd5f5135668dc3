"""K steps of Bjorck as a function of the singular values: one decomposition instead of products in every step.

A step A <- A (I + c_1 Q + ... + c_p Q^p), Q = I - A^T A, leaves the singular vectors alone and moves each singular
value by the odd polynomial g(s) = s sum_j c_j (1 - s^2)^j. So K steps are f(W) = U diag(f(s)) V^T with f the K-fold g:
the same iterate as that of `refsort.ops.bjorck`, to rounding, at a cost that hardly depends on K.

The derivative is that of `refsort.ops.spectral_function`, with the divided differences of f. Where singular values are
close, as all are in training, (f(x) - f(y)) / (x - y) is nothing but rounding. But divided differences obey a chain
rule,

    (g o f)[x, y] = g[f(x), f(y)] f[x, y],

so f[x, y] is a product of K factors g[x_k, y_k] along the trajectories of x and y. With q = 1 - x^2 and r(q) = sum_j
c_j q^j, so that g(x) = x r(1 - x^2), one factor is

    g[x, y] = r(q_x) - y (x + y) r[q_x, q_y],    r[q_x, q_y] = sum_j c_j (q_x^(j-1) + q_x^(j-2) q_y + ... + q_y^(j-1)).

For order 1 that is 3/2 - (x^2 + x y + y^2) / 2: a polynomial in which nothing close is subtracted. The other table
needs no care: f[x, -y] = (f(x) + f(y)) / (x + y) for an odd f.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.linalg import svd

from refsort.ops.arrays import Array, checked, like, same_dtype
from refsort.ops.bjorck import coefficients_of
from refsort.ops.spectral_function import spectral_derivative

ROWS = 1 << 15  # entries of the table of divided differences that are worked on at a time, to stay in the cache


class BjorckSpectralJacobian(NamedTuple):
    """The Jacobian of `bjorck_spectral` at w: symmetric, so that `backward` and `tangent` are one formula.

    Attributes
    ----------
    u : ndarray, (max(m, n), min(m, n))
        Left singular vectors of w, of its transpose where w is wide.
    s : ndarray, (min(m, n),)
        Singular values.
    vt : ndarray, (min(m, n), min(m, n))
        Right singular vectors, one a row.
    iterations : int
    coefficients : tuple of float
        c_1 to c_p.
    wide : bool
        Whether w has more columns than rows.
    """

    u: Array
    s: Array
    vt: Array
    iterations: int
    coefficients: tuple[float, ...]
    wide: bool

    def backward(self, a_bar: ArrayLike) -> Array:
        """``w_bar = J^T a_bar = J a_bar``."""
        return self._apply("a_bar", a_bar)

    def tangent(self, w_dot: ArrayLike) -> Array:
        """``a_dot = J w_dot``."""
        return self._apply("w_dot", w_dot)

    def _apply(self, name: str, value: ArrayLike) -> Array:
        m, n = self.u.shape
        v = like("bjorck_spectral", name, value, (n, m) if self.wide else (m, n))
        same_dtype("bjorck_spectral", **{name: v, "w": self.u})
        with np.errstate(over="ignore", invalid="ignore"):  # outside of the basin
            symmetric, skew, ratio = differences(self.s, self.iterations, self.coefficients)
            result = spectral_derivative(self.u, self.vt, symmetric, skew, ratio, v.T if self.wide else v)
        return result.T if self.wide else result


def bjorck_spectral(w: ArrayLike, iterations: int = 20, order: int = 1, *, beta: Any = None) -> Array:
    """The matrix after `iterations` Bjorck steps of the given `order`, by a singular value decomposition.

    Defined, like `refsort.ops.bjorck`, by that many steps ``A <- A (I + c_1 Q + ... + c_p Q^p)`` from A = w.

    Parameters
    ----------
    w : array_like, (m, n)
        float32 or float64, finite.
    iterations : int
        Exactly so many steps, 0 or more.
    order : int
        The degree p >= 1 of the polynomial in Q.
    beta : real, optional
        For order 1 only: replaces c_1 = 1/2. Positive and finite.

    Returns
    -------
    ndarray, (m, n)
        The iterate, with what is said of it in `refsort.ops.bjorck`: its limit, its basin, and that no singular value
        from (0, 1] ever exceeds 1. Its error is that of the decomposition, some max(m, n) units roundoff times the
        larger of 1 and the largest slope f[s_i, +-s_j], as if w had been changed by as much; in the iteration it grows
        with the steps.

    Raises
    ------
    TypeError
        For any other dtype; for iterations or an order that are no integers.
    ValueError
        For w that is no matrix or not finite, iterations < 0, order < 1, and `beta` with another order than 1.

    See Also
    --------
    bjorck_spectral_forward : the value together with its exact derivative, which exists everywhere.
    bjorck : by products alone, in every dtype; quicker for few steps.

    Notes
    -----
    One singular value decomposition, as long as some 20 to 40 products of w with a square matrix, and one product.

    References
    ----------
    .. [1] C. Anil, J. Lucas, R. Grosse, "Sorting out Lipschitz function approximation", ICML 2019, arXiv 1811.05381.
    .. [2] N. J. Higham, "Functions of matrices: theory and computation", SIAM 2008, chapters 3 and 8.

    Examples
    --------
    >>> import numpy as np
    >>> from refsort.ops import bjorck
    >>> w = np.array([[0.9, 0.2], [0.1, 0.8], [0.0, 0.3]])
    >>> np.allclose(bjorck_spectral(w, 3), bjorck(w, 3), rtol=0, atol=1e-15)
    True
    """
    return bjorck_spectral_forward(w, iterations, order, beta=beta)[0]


def bjorck_spectral_forward(
    w: ArrayLike, iterations: int = 20, order: int = 1, *, beta: Any = None
) -> tuple[Array, BjorckSpectralJacobian]:
    """`bjorck_spectral` and its Jacobian at w.

    Parameters and errors are those of `bjorck_spectral`.

    Returns
    -------
    a : ndarray, (m, n)
        ``bjorck_spectral(w, ...)``.
    at : BjorckSpectralJacobian
        Keeps m n + min(m, n)^2 numbers, however many steps there are. ``at.backward(a_bar)``: two products on each
        side of w, and the K min(m, n)^2 factors of the divided differences.

    Examples
    --------
    Along w itself the singular values move by s f'(s); after one step f'(s) = 3/2 (1 - s^2):

    >>> import numpy as np
    >>> a, at = bjorck_spectral_forward(np.diag([0.5, 1.0]), 1)
    >>> np.allclose(at.tangent(np.diag([0.5, 1.0])), np.diag([0.5625, 0.0]), rtol=0, atol=1e-15)
    True
    """
    w = checked("bjorck_spectral", "w", w, ndim=2)
    coefficients = tuple(map(float, coefficients_of(iterations, order, beta)))
    if not np.all(np.isfinite(w)):
        raise ValueError(
            f"bjorck_spectral: w holds {np.count_nonzero(~np.isfinite(w))} non-finite entries, so it has no singular "
            "values; `bjorck` passes them on"
        )
    wide = w.shape[0] < w.shape[1]
    u, s, vt = svd(w.T if wide else w, full_matrices=False, check_finite=False)
    with np.errstate(over="ignore", invalid="ignore"):  # outside of the basin
        *_, (end, _) = trajectory(s, iterations, coefficients)
        a = (u * end) @ vt
    return (a.T if wide else a), BjorckSpectralJacobian(u, s, vt, iterations, coefficients, wide)


def trajectory(s: Array, iterations: int, coefficients: Sequence[float]) -> Iterator[tuple[Array, Array]]:
    """The singular values before each step and after the last, and how many times s each of them is.

    Examples
    --------
    >>> [(float(x[0]), float(ratio[0])) for x, ratio in trajectory(np.array([0.5]), 1, [0.5])]
    [(0.5, 1.0), (0.6875, 1.375)]
    """
    x, ratio = s, np.ones_like(s)
    yield x, ratio
    for _ in range(iterations):
        factor = _polynomial(1 - x * x, coefficients)
        x, ratio = x * factor, ratio * factor
        yield x, ratio


def differences(s: Array, iterations: int, coefficients: Sequence[float]) -> tuple[Array, Array, Array]:
    """``f[s_i, s_j]``, ``f[s_i, -s_j]`` and ``f(s) / s`` of the K-fold step f.

    Examples
    --------
    f'(s) = 3/2 (1 - s^2) stands on the diagonal of the first after one step:

    >>> symmetric, skew, ratio = differences(np.array([1.0, 0.5]), 1, [0.5])
    >>> symmetric
    array([[0.   , 0.625],
           [0.625, 1.125]])
    """
    path = [x for x, _ in trajectory(s, iterations, coefficients)]
    *_, (end, ratio) = trajectory(s, iterations, coefficients)
    n = len(s)
    symmetric = np.ones((n, n), s.dtype)
    step = max(1, ROWS // max(n, 1))
    for i in range(0, n, step):
        block = symmetric[i : i + step, i:]  # the rest is symmetric
        for x in path[:-1]:
            block *= _step_difference(x[i : i + step, None], x[i:], coefficients)
        symmetric[i:, i : i + step] = block.T
    with np.errstate(invalid="ignore"):
        skew = (end[:, None] + end) / (s[:, None] + s)
    zero = s == 0
    skew[np.ix_(zero, zero)] = ratio[zero]  # f'(0)
    return symmetric, skew, ratio


def _polynomial(q: Array, coefficients: Sequence[float]) -> Array:
    """r(q) = 1 + c_1 q + ... + c_p q^p by Horner's rule."""
    r: Array = np.zeros_like(q)
    for c in reversed(coefficients):
        r = (r + c) * q
    return r + 1


def _step_difference(x: Array, y: Array, coefficients: Sequence[float]) -> Array:
    """g[x, y] for a column x and a row y, with r[q_x, q_y] by the product rule on Horner's."""
    if len(coefficients) == 1:  # r[q_x, q_y] is the number c_1
        c = coefficients[0]
        result: Array = x * (-c * y)
        result += 1 + c - c * x * x
        result -= c * y * y
        return result
    q_x, q_y = 1 - x * x, 1 - y * y
    r, r_difference = np.full_like(x, coefficients[-1]), np.zeros_like(y)
    for c in (*reversed(coefficients[:-1]), 1.0):
        r_difference = r + q_y * r_difference
        r = c + q_x * r
    result = x + y
    result *= y
    result *= r_difference
    np.subtract(r, result, out=result)
    return result
