"""Bjorck orthonormalisation: the polar factor of a matrix by products alone.

    A <- A (I + c_1 Q + c_2 Q^2 + ... + c_p Q^p),    Q = I - A^T A,    c_j = (-1)^j C(-1/2, j) = C(2j, j) / 4^j,

a Taylor polynomial of A (A^T A)^{-1/2}, whose limit is the nearest matrix with orthonormal columns (or rows, where A is
wide). It leaves the singular vectors alone and moves every singular value s by s <- s sum_j c_j (1 - s^2)^j.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from refsort.ops.arrays import Array, checked, integer, like
from refsort.ops.symmetric import gram, symmetric_product


class BjorckJacobian(NamedTuple):
    """The Jacobian of the K-step Bjorck map at w.

    One step is the gradient of the scalar A -> tr psi(A^T A) / 2 with psi' = sum_j c_j (1 - t)^j. Its derivative is a
    Hessian, so it is symmetric: `backward` and `tangent` run the same step derivative, in opposite order.

    Attributes
    ----------
    iterates : tuple of K ndarrays, (m, n) each
        A before each step. The first is w itself, not a copy: not to be written to before `backward`. Q = I - A^T A is
        computed again: half a product, where it would be as large as A.
    coefficients : tuple
        c_1 to c_p.
    shape : tuple
        The shape of w.
    """

    iterates: tuple[Array, ...]
    coefficients: tuple[Any, ...]
    shape: tuple[int, ...]

    def backward(self, a_bar: ArrayLike) -> Array:
        """``w_bar = J^T a_bar``: three products a step for order 1, and Q."""
        v = self._checked("a_bar", a_bar)
        for a in reversed(self.iterates):
            v = _step_derivative(a, self.coefficients, v)
        return v

    def tangent(self, w_dot: ArrayLike) -> Array:
        """``a_dot = J w_dot``."""
        v = self._checked("w_dot", w_dot)
        for a in self.iterates:
            v = _step_derivative(a, self.coefficients, v)
        return v

    def _checked(self, name: str, v: ArrayLike) -> Array:
        v = like("bjorck", name, v, self.shape)
        return v if self.iterates else v.copy()  # with no step, a result of one's own all the same


def bjorck(w: ArrayLike, iterations: int = 20, order: int = 1, *, beta: Any = None, tol: float | None = None) -> Array:
    """The matrix after `iterations` Bjorck steps of the given `order`, starting at w itself.

    The limit, where there is one, solves ``min ||A - W||_F subject to A^T A = I``. Weights of 2-norm constrained layers
    in Anil et al. (2019).

    Parameters
    ----------
    w : array_like, (m, n)
        Any dtype of `refsort.ops.DTYPES`, Fractions included. Nothing is scaled here: see `bjorck_scaling`.
    iterations : int
        Exactly so many steps, 0 or more; with `tol`, at most so many.
    order : int
        The degree p >= 1 of the polynomial in Q. Convergence is of order p + 1.
    beta : real, optional
        For order 1 only: replaces c_1 = 1/2. Positive and finite.
    tol : float, optional
        Stop as soon as ``||Q||_F <= tol``.

    Returns
    -------
    ndarray, (m, n)
        The iterate. From singular values in (0, 1] none ever exceeds 1, so that a network of such weights is
        1-Lipschitz at any number of steps, up to rounding. A singular value 0 stays 0.
        Singular values below sqrt(2) move towards 1 for every order (``||Q|| < 1``). The exact basin is (0, sqrt 3) for
        order 1 and (0, 1.5275), (0, 1.589), (0, 1.494) for orders 2, 3, 4. Outside of it the iteration may end at -1
        (order 1 in (sqrt 3, sqrt 5): orthonormal, and the wrong matrix) or overflow to infinities and NaN: a non-finite
        result is returned as such.

    Raises
    ------
    TypeError
        For integer, bool or complex w; for iterations or an order that are no integers.
    ValueError
        For w that is no matrix, iterations < 0, order < 1, `beta` with another order than 1, and a `tol` that was not
        reached within `iterations` (with the residual that was).

    See Also
    --------
    bjorck_forward : the value together with its exact derivative, which exists everywhere: the map is a polynomial.

    Notes
    -----
    p + 1 products a step, with Q on the smaller side: 2 min(m, n) m n multiply-adds for order 1.

    References
    ----------
    .. [1] A. Bjorck, C. Bowie, "An iterative algorithm for computing the best estimate of an orthogonal matrix",
       SIAM J. Numer. Anal. 8(2), 1971.
    .. [2] C. Anil, J. Lucas, R. Grosse, "Sorting out Lipschitz function approximation", ICML 2019, arXiv 1811.05381.

    Examples
    --------
    >>> import numpy as np
    >>> w = np.array([[0.9, 0.2], [0.1, 0.8], [0.0, 0.3]])
    >>> a = bjorck(w, 8)
    >>> np.allclose(a.T @ a, np.eye(2), rtol=0, atol=1e-15)
    True

    The residual w = a h has a symmetric positive semi-definite h = a^T w: so a is the polar factor.

    >>> h = a.T @ w
    >>> np.allclose(h, h.T, rtol=0, atol=1e-15), bool(np.all(np.linalg.eigvalsh(h) > 0))
    (True, True)
    """
    start, coefficients = _start(w, iterations, order, beta)
    a = start
    for _ in range(iterations):
        q = _residual(a)
        if tol is not None and _frobenius(q) <= tol:
            break
        a = _step(a, q, coefficients)
    _require_tol(a, iterations, tol)
    return a.copy() if a is start else a


def bjorck_forward(
    w: ArrayLike, iterations: int = 20, order: int = 1, *, beta: Any = None, tol: float | None = None
) -> tuple[Array, BjorckJacobian]:
    """`bjorck` and its Jacobian at w, differentiated through every step.

    Parameters and errors are those of `bjorck`. The derivative is exact for the iterate that was computed, converged or
    not; with `tol` it is that of the number of steps that were taken.

    Returns
    -------
    a : ndarray, (m, n)
        ``bjorck(w, ...)``.
    at : BjorckJacobian
        Keeps K - 1 iterates, m n numbers each, and w.

    Examples
    --------
    The derivative along a rotation of an orthonormal matrix is that rotation, and along a stretch it is zero:

    >>> import numpy as np
    >>> a, at = bjorck_forward(np.eye(2), 1)
    >>> at.tangent(np.array([[0.0, -1.0], [1.0, 0.0]]))
    array([[ 0., -1.],
           [ 1.,  0.]])
    >>> at.tangent(np.array([[1.0, 0.0], [0.0, 0.0]]))
    array([[0., 0.],
           [0., 0.]])
    """
    a, coefficients = _start(w, iterations, order, beta)
    iterates = []
    for _ in range(iterations):
        q = _residual(a)
        if tol is not None and _frobenius(q) <= tol:
            break
        iterates.append(a)
        a = _step(a, q, coefficients)
    _require_tol(a, iterations, tol)
    return (a if iterates else a.copy()), BjorckJacobian(tuple(iterates), coefficients, a.shape)


def bjorck_coefficients(order: int) -> tuple[Fraction, ...]:
    """c_0 to c_p of the Bjorck polynomial, ``c_j = C(2j, j) / 4^j``, the Taylor coefficients of (1 - q)^{-1/2}.

    Examples
    --------
    Squared, the series is that of 1 / (1 - q), whose coefficients are all 1:

    >>> c = bjorck_coefficients(4)
    >>> [str(sum(c[i] * c[j - i] for i in range(j + 1))) for j in range(5)]
    ['1', '1', '1', '1', '1']
    """
    return tuple(Fraction(math.comb(2 * j, j), 4**j) for j in range(integer("bjorck", "order", order) + 1))


def coefficients_of(iterations: int, order: int, beta: Any) -> tuple[Fraction, ...]:
    """c_1 to c_p for these arguments of `bjorck`, or an error."""
    integer("bjorck", "iterations", iterations, at_least=0)
    if beta is None:
        return bjorck_coefficients(order)[1:]
    if order != 1:
        raise ValueError(f"bjorck: beta replaces the coefficient of order 1, and the order is {order}; drop one")
    if not (math.isfinite(beta) and beta > 0):
        raise ValueError(f"bjorck: beta must be positive and finite, got {beta!r}")
    return (Fraction(beta),)


def _residual(a: Array) -> Array:
    """Q on the smaller side: I - A^T A, or I - A A^T where A is wide. Bjorck commutes with transposition."""
    q = gram(_tall(a))
    np.negative(q, out=q)
    q[np.diag_indices_from(q)] += 1
    return q


def _tall(a: Array) -> Array:
    return a if a.shape[0] >= a.shape[1] else a.T


def _times(a: Array, r: Array) -> Array:
    """A R with R on the smaller side; R A where A is wide. What is added to it afterwards lies in memory as it does."""
    product: Array = a @ r if a.shape[0] >= a.shape[1] else r @ a
    return product


def _frobenius(q: Array) -> float:
    return math.sqrt(float(np.sum(q * q)))


def _step(a: Array, q: Array, coefficients: tuple[Any, ...]) -> Array:
    """A + A R with R = c_1 Q + ... + c_p Q^p: where Q is small, so is what is added, and its rounding."""
    if len(coefficients) == 1:  # R = c_1 Q: the factor may as well wait
        result = _times(a, q)
        result *= coefficients[0]
    else:
        result = _times(a, _horner(q, coefficients)[0])
    result += a
    return result


def _step_derivative(a: Array, coefficients: tuple[Any, ...], v: Array) -> Array:
    """(V + V R) + A R_dot, the derivative of A + A R(Q) along V, where Q moves by -(A^T V + V^T A)."""
    q, q_dot = _residual(a), symmetric_product(_tall(a), _tall(v))
    np.negative(q_dot, out=q_dot)
    if len(coefficients) == 1:
        result = _times(v, q)
        result += _times(a, q_dot)
        result *= coefficients[0]
    else:
        r, r_dot = _horner(q, coefficients, q_dot)
        result = _times(v, r)
        result += _times(a, r_dot)
    result += v
    return result


def _horner(q: Array, coefficients: tuple[Any, ...], q_dot: Array | None = None) -> tuple[Array, Array]:
    """R = c_1 Q + ... + c_p Q^p and its derivative along `q_dot`, by R <- Q (c_j I + R) from the last term inwards."""
    r, r_dot = coefficients[-1] * q, coefficients[-1] * (q if q_dot is None else q_dot)
    for c in reversed(coefficients[:-1]):
        inner = r
        inner[np.diag_indices_from(inner)] += c
        r = q @ inner
        if q_dot is not None:
            r_dot = q_dot @ inner + q @ r_dot  # the product rule
    return r, r_dot


def _start(w: ArrayLike, iterations: int, order: int, beta: Any) -> tuple[Array, tuple[Any, ...]]:
    w = checked("bjorck", "w", w, ndim=2)
    coefficients: tuple[Any, ...] = coefficients_of(iterations, order, beta)
    # Python floats take the dtype of the array they meet; the coefficients c_j themselves are dyadic
    numbers = coefficients if w.dtype == object else tuple(float(c) for c in coefficients)
    return w, numbers


def _require_tol(a: Array, iterations: int, tol: float | None) -> None:
    if tol is None:
        return
    residual = _frobenius(_residual(a))
    if not residual <= tol:
        raise ValueError(
            f"bjorck: ||I - A^T A||_F = {residual:.3g} > tol = {tol:.3g} after {iterations} iterations: the smallest "
            "singular value is too small or the largest outside of the basin; scale w or raise iterations"
        )
