"""K steps of Bjorck as a function of the Gram matrix: one decomposition instead of products in every step.

A step A <- A (I + c_1 Q + ... + c_p Q^p), Q = I - A^T A, multiplies by a polynomial in A^T A. So K steps are

    f(W) = W phi(G),    G = W^T W = V diag(l) V^T,    phi(G) = V diag(phi(l)) V^T:

the same iterate as that of `refsort.ops.bjorck`, to rounding, at a cost that hardly depends on K. With r(q) = sum_j c_j
q^j one step takes an eigenvalue x, the square of a singular value, to x r(1 - x)^2, and phi is the product of the
factors r(1 - x) along that trajectory.

The derivative of phi is the theorem of Daleckii and Krein: in the eigenvectors' coordinates it multiplies entry by
entry by divided differences, phi[x, y] = (phi(x) - phi(y)) / (x - y), and phi'(x) where x = y:

    f(W)_dot = W_dot phi(G) + W V (phi[l_i, l_j] o (V^T G_dot V)) V^T,    G_dot = W_dot^T W + W^T W_dot.

This linear map of W_dot is its own transpose, as f is a gradient: of tr psi(G) / 2 with psi' = phi.

Where eigenvalues are close, as all are in training, (phi(x) - phi(y)) / (x - y) is nothing but rounding. But divided
differences have a product rule, (a b)[x, y] = a[x, y] b(y) + a(x) b[x, y]. With L and F the tables of the k-th iterate
of the eigenvalues and of the k-th product, as functions of the first eigenvalues, and r_d = -r[q_x, q_y] L the table
of the next factor,

    F <- F r(q_y) + phi(x) r_d,        L <- L r(q_y)^2 + x (r(q_x) + r(q_y)) r_d,

and r[q_x, q_y] = sum_j c_j (q_x^(j-1) + q_x^(j-2) q_y + ... + q_y^(j-1)) is the number c_1 for order 1: nothing that is
close is subtracted.

To square W squares its condition. Float32 is squared and decomposed in float64, where the square of what float32 can
resolve is still resolved. Float64 has no wider type to go to: there V and l come from the singular values of W itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from refsort.ops.arrays import Array, checked, like, same_dtype
from refsort.ops.bjorck import coefficients_of
from refsort.ops.symmetric import gram, symmetric_product

BLOCK = 1 << 15  # entries of the table that are worked on at a time, to stay in the cache


class BjorckSpectralJacobian(NamedTuple):
    """The Jacobian of `bjorck_spectral` at w: symmetric, so that `backward` and `tangent` are one formula.

    Attributes
    ----------
    x : ndarray, (max(m, n), min(m, n))
        W V; of the transpose of w where that is wide.
    v : ndarray, (min(m, n), min(m, n))
        Eigenvectors of the Gram matrix, one a column.
    eigenvalues : ndarray, (min(m, n),)
        In the dtype of w.
    iterations : int
    coefficients : tuple of float
        c_1 to c_p.
    wide : bool
        Whether w has more columns than rows.
    """

    x: Array
    v: Array
    eigenvalues: Array
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
        m, n = self.x.shape
        w_dot = like("bjorck_spectral", name, value, (n, m) if self.wide else (m, n))
        same_dtype("bjorck_spectral", **{name: w_dot, "w": self.x})
        with np.errstate(over="ignore", invalid="ignore"):  # outside of the basin
            phi, table = differences(self.eigenvalues, self.iterations, self.coefficients)
            y = (w_dot.T if self.wide else w_dot) @ self.v
            g_dot = symmetric_product(self.x, y)
            g_dot *= table
            y *= phi
            y += self.x @ g_dot
            result = y @ self.v.T
        return result.T if self.wide else result


def bjorck_spectral(w: ArrayLike, iterations: int = 20, order: int = 1, *, beta: Any = None) -> Array:
    """The matrix after `iterations` Bjorck steps of the given `order`, by the eigenvectors of its Gram matrix.

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
        from (0, 1] ever exceeds 1. Its error is that of a change of w by some max(m, n) units roundoff of its norm,
        times the slope of f, at most (1 + c_1 + ... + c_p)^K for singular values up to 1, as in the iteration.

    Raises
    ------
    TypeError
        For any other dtype; for iterations or an order that are no integers.
    ValueError
        For w that is no matrix or not finite, iterations < 0, order < 1, `beta` with another order than 1; and where
        the steps multiply the smallest singular value by more than 1 / sqrt(eps), 2,896 in float32 and 6.7e7 in
        float64: its direction has less than half of its digits then, and the result need not be a contraction.

    See Also
    --------
    bjorck_spectral_forward : the value together with its exact derivative, which exists everywhere.
    bjorck : by products alone, in every dtype; quicker for few steps.

    Notes
    -----
    The eigenvectors of a float64 matrix of the smaller side, or the singular values of w, which take as long as some
    10 to 40 products of w with a square matrix; and three products.

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
        Keeps m n + min(m, n)^2 numbers, however many steps there are. ``at.backward(a_bar)``: four products, and
        K passes over the table of divided differences.

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
    a = w.T if wide else w
    v, eigenvalues = _eigenvectors(a)
    x = a @ v
    with np.errstate(over="ignore", invalid="ignore"):  # outside of the basin
        phi = trajectory(eigenvalues, iterations, coefficients)[-1][1]
        _require_digits(eigenvalues, phi, iterations)
        result = (x * phi) @ v.T
    at = BjorckSpectralJacobian(x, v, eigenvalues, iterations, coefficients, wide)
    return (result.T if wide else result), at


def _require_digits(eigenvalues: Array, phi: Array, iterations: int) -> None:
    """phi multiplies the rounding of W V; on (0, 1] it is greatest at the smallest eigenvalue."""
    if not eigenvalues.size:
        return
    least = int(np.argmin(eigenvalues))
    limit = 1 / math.sqrt(float(np.finfo(phi.dtype).eps))
    if phi[least] > limit:
        raise ValueError(
            f"bjorck_spectral: {iterations} steps multiply the least singular value, {eigenvalues[least] ** 0.5:.3g}, "
            f"by {phi[least]:.3g}, and its rounding too; more than {limit:.3g} leaves less than half of the digits of "
            f"{phi.dtype}: use `bjorck`, or a wider dtype"
        )


def _eigenvectors(a: Array) -> tuple[Array, Array]:
    """V and l in the dtype of a."""
    if a.dtype == np.float32:
        exact = a.astype(np.float64)  # products of 24 bits by 24 have 48
        eigenvalues, v = np.linalg.eigh(gram(exact))
        return v.astype(a.dtype), np.maximum(eigenvalues, 0).astype(a.dtype)
    _, s, vt = np.linalg.svd(a, full_matrices=False)
    return vt.T, s * s


def trajectory(eigenvalues: Array, iterations: int, coefficients: Sequence[float]) -> list[tuple[Array, Array]]:
    """The eigenvalues and phi before each step and after the last.

    Examples
    --------
    >>> [(float(x[0]), float(phi[0])) for x, phi in trajectory(np.array([0.25]), 1, [0.5])]
    [(0.25, 1.0), (0.47265625, 1.375)]
    """
    x, phi = eigenvalues, np.ones_like(eigenvalues)
    steps = [(x, phi)]
    for _ in range(iterations):
        factor = _polynomial(1 - x, coefficients)
        x, phi = x * factor * factor, phi * factor
        steps.append((x, phi))
    return steps


def differences(eigenvalues: Array, iterations: int, coefficients: Sequence[float]) -> tuple[Array, Array]:
    """``phi(l_i)`` and ``phi[l_i, l_j]`` after `iterations` steps.

    Examples
    --------
    One step of order 1 has phi(x) = 1 + (1 - x) / 2:

    >>> differences(np.array([1.0, 0.5]), 1, [0.5])
    (array([1.  , 1.25]), array([[-0.5, -0.5],
           [-0.5, -0.5]]))
    """
    steps = trajectory(eigenvalues, iterations, coefficients)
    n = len(eigenvalues)
    table = np.empty((n, n), eigenvalues.dtype)
    rows = max(1, BLOCK // max(n, 1))
    for i in range(0, n, rows):
        block = [(x[i : i + rows, None], phi[i : i + rows, None], x[i:]) for x, phi in steps[:-1]]
        table[i : i + rows, i:] = _divided_difference(block, coefficients)
        table[i:, i : i + rows] = table[i : i + rows, i:].T  # it is symmetric
    return steps[-1][1], table


def _divided_difference(steps: Sequence[tuple[Array, Array, Array]], coefficients: Sequence[float]) -> Any:
    """phi[x, y], from x (a column) with its phi, and y (a row), before each step."""
    result: Any = 0
    eigenvalue: Any = 1
    for x, phi, y in steps:
        r_x, r_y = _polynomial(1 - x, coefficients), _polynomial(1 - y, coefficients)
        factor = -_polynomial_difference(1 - x, 1 - y, coefficients) * eigenvalue
        result = result * r_y + phi * factor
        eigenvalue = eigenvalue * (r_y * r_y) + x * (r_x + r_y) * factor
    return result


def _polynomial(q: Array, coefficients: Sequence[float]) -> Array:
    """r(q) = 1 + c_1 q + ... + c_p q^p by Horner's rule."""
    r: Array = np.full_like(q, coefficients[-1])
    for c in (*reversed(coefficients[:-1]), 1.0):
        r = c + q * r
    return r


def _polynomial_difference(q_x: Array, q_y: Array, coefficients: Sequence[float]) -> Any:
    """r[q_x, q_y], by the product rule on every line of Horner's: ``r <- c + q r``."""
    difference: Any = coefficients[-1]
    r = np.full_like(q_x, difference)
    for c in reversed(coefficients[:-1]):
        r = c + q_x * r
        difference = r + q_y * difference
    return difference
