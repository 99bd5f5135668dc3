"""The spectral norm ||W||_2 = max |W v| / |v|: exact, from below, from above, and as a normalisation."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from refsort.ops.arrays import Array, checked, integer, like
from refsort.ops.quotient import QuotientJacobian
from refsort.ops.symmetric import gram


class SpectralNormJacobian(NamedTuple):
    """The gradient of the largest singular value: ``u v^T``.

    Attributes
    ----------
    u : ndarray, (m,)
        A leading left singular vector.
    v : ndarray, (n,)
        The right singular vector that belongs to it.
    """

    u: Array
    v: Array

    def backward(self, sigma_bar: Any) -> Array:
        """``w_bar = sigma_bar u v^T``."""
        w_bar: Array = sigma_bar * np.outer(self.u, self.v)
        return w_bar

    def tangent(self, w_dot: ArrayLike) -> Any:
        """``sigma_dot = u^T w_dot v``."""
        return self.u @ like("spectral_norm", "w_dot", w_dot, (self.u.size, self.v.size)) @ self.v


def spectral_norm(w: ArrayLike) -> Any:
    """The largest singular value of w.

    Parameters
    ----------
    w : array_like, (m, n)
        float32 or float64; m, n >= 1.

    Returns
    -------
    scalar of the dtype of w
        To a few max(m, n) units roundoff of itself: neither an upper nor a lower bound. For a certificate use
        `refsort.certify`.

    Raises
    ------
    ValueError
        For an empty or non-finite w.

    See Also
    --------
    spectral_norm_forward : with the gradient u v^T. It does not exist where the largest singular value is multiple
        or zero; there u v^T of some leading pair is used, an element of the subdifferential.

    Notes
    -----
    O(m n min(m, n)): the eigenvalues of W^T W, of W W^T where w is wide. See `leading_pair`.

    Examples
    --------
    >>> import numpy as np
    >>> spectral_norm(np.array([[3.0, 0.0], [4.0, 0.0]]))
    np.float64(5.0)
    """
    a, exponent = _tall_and_scaled(_checked("spectral_norm", w))
    return np.ldexp(np.sqrt(np.maximum(np.linalg.eigvalsh(gram(a))[-1], 0)), exponent)


def spectral_norm_forward(w: ArrayLike) -> tuple[Any, SpectralNormJacobian]:
    """`spectral_norm` and its gradient at w.

    Examples
    --------
    The norm is homogeneous: its derivative along w is the norm itself.

    >>> import numpy as np
    >>> w = np.array([[3.0, 1.0], [4.0, 2.0]])
    >>> sigma, at = spectral_norm_forward(w)
    >>> bool(abs(at.tangent(w) - sigma) < 1e-14)
    True
    """
    sigma, u, v = leading_pair(_checked("spectral_norm", w))
    return sigma, SpectralNormJacobian(u, v)


def leading_pair(w: Array) -> tuple[Any, Array, Array]:
    """The largest singular value of w and a pair of unit vectors that belongs to it, ``W v = sigma u``.

    v is an eigenvector of S = W^T W (on the smaller side) for its largest eigenvalue; the decomposition of S takes a
    third of the time of that of W. Squaring ruins small singular values, s^2 beside s_1^2, and not the largest: an
    error of n u s_1^2 in S moves s_1 by n u s_1 / 2, and turns v by n u s_1^2 / (s_1^2 - s_2^2), which is less than the
    decomposition of W promises, n u s_1 / (s_1 - s_2).

    Examples
    --------
    >>> sigma, u, v = leading_pair(np.array([[3.0, 0.0], [4.0, 0.0]]))
    >>> float(sigma), u * v[0]
    (5.0, array([0.6, 0.8]))
    """
    a, exponent = _tall_and_scaled(w)
    eigenvalues, vectors = np.linalg.eigh(gram(a))
    v = vectors[:, -1].copy()
    image = a @ v
    norm = np.sqrt(np.sum(image * image))
    u = image / norm if norm else np.eye(1, len(a), dtype=w.dtype)[0]  # any unit vector, where w is zero
    sigma = np.ldexp(np.sqrt(np.maximum(eigenvalues[-1], 0)), exponent)
    return sigma, *((u, v) if w.shape[0] >= w.shape[1] else (v, u))


def _tall_and_scaled(w: Array) -> tuple[Array, int]:
    """w, or its transpose, with entries below 1: then squares neither overflow nor all vanish; and the power of two."""
    exponent = int(np.frexp(np.max(np.abs(w)))[1])
    scaled = np.ldexp(w, -exponent)
    return (scaled if w.shape[0] >= w.shape[1] else scaled.T), exponent


def spectral_normalize(w: ArrayLike) -> Array:
    """``w / ||w||_2``: the spectral norm becomes 1, the other singular values keep their ratio to it.

    Miyato et al. (2018), with the exact norm instead of an estimate from below, so that the result is not larger than 1
    beyond rounding, and with no absolute epsilon, so that it does not depend on the scale of w.

    Parameters
    ----------
    w : array_like, (m, n)
        float32 or float64.

    Returns
    -------
    ndarray, (m, n)

    Raises
    ------
    ValueError
        For an empty, non-finite or zero w: zero has no direction to keep.

    See Also
    --------
    spectral_normalize_forward : with the derivative, which exists where the largest singular value is simple.

    References
    ----------
    .. [1] T. Miyato, T. Kataoka, M. Koyama, Y. Yoshida, "Spectral normalization for generative adversarial networks",
       ICLR 2018, arXiv 1802.05957.

    Examples
    --------
    >>> import numpy as np
    >>> spectral_normalize(np.array([[3e-200, 0.0], [4e-200, 0.0]]))
    array([[0.6, 0. ],
           [0.8, 0. ]])
    """
    w = _checked("spectral_normalize", w)
    return np.asarray(w / _not_zero(spectral_norm(w)))


def spectral_normalize_forward(w: ArrayLike) -> tuple[Array, QuotientJacobian]:
    """`spectral_normalize` and its Jacobian at w.

    Examples
    --------
    >>> import numpy as np
    >>> w = np.array([[3.0, 1.0], [4.0, 2.0]])
    >>> y, at = spectral_normalize_forward(w)
    >>> bool(np.max(np.abs(at.tangent(w))) < 1e-15)
    True
    """
    w = _checked("spectral_normalize", w)
    sigma, at = spectral_norm_forward(w)
    y: Array = w / _not_zero(sigma)
    return y, QuotientJacobian(y, sigma, at.backward(w.dtype.type(1)))


def power_iteration(w: ArrayLike, iterations: int = 20, v: ArrayLike | None = None) -> tuple[Any, Array, Array]:
    """An estimate of ``||w||_2`` **from below**: ``|W v|`` for a unit v after `iterations` steps v <- W^T W v / |.|.

    In exact arithmetic the estimate never exceeds the norm and grows towards it like (s_2 / s_1)^(2 iterations),
    unless v starts orthogonal to the leading singular vectors. Being a lower bound, it can never certify a Lipschitz
    constant; a network normalised by it may be steeper than 1. It is here for comparison and as a start for others.

    Parameters
    ----------
    w : array_like, (m, n)
        float16, float32, float64 or longdouble; m, n >= 1.
    iterations : int
        0 or more.
    v : array_like, (n,), optional
        Where to start; not zero. By default the row of w with the largest norm, which W does not send to zero.

    Returns
    -------
    sigma : scalar of the dtype of w
        ``|W v|``; 0 for a zero w.
    u : ndarray, (m,)
        ``W v / |W v|``, or zero where that is zero.
    v : ndarray, (n,)
        The unit vector.

    Raises
    ------
    ValueError
        For an empty or non-finite w, a zero start, or one of the wrong length.

    Notes
    -----
    O(m n) a step. No derivative is offered: u v^T is the gradient of the norm, not of the estimate, until it has
    converged; see `spectral_norm_forward`.

    Examples
    --------
    >>> import numpy as np
    >>> sigma, u, v = power_iteration(np.array([[2.0, 0.0], [0.0, 1.0]]), 30, v=[1.0, 1.0])
    >>> bool(2 - 1e-12 < sigma <= 2)
    True
    """
    w = _checked("power_iteration", w)
    integer("power_iteration", "iterations", iterations, at_least=0)
    exponent = int(np.frexp(np.max(np.abs(w)))[1])
    scaled = np.ldexp(w, -exponent)  # entries below 1: squares neither overflow nor all vanish
    start = scaled[np.argmax(np.sum(scaled * scaled, axis=1))] if v is None else v
    vector = like("power_iteration", "v", np.asarray(start, w.dtype), (w.shape[1],))
    if not np.any(vector) and np.any(w):
        raise ValueError("power_iteration: v is zero and stays zero; start at another vector")
    vector = _unit(vector)
    for _ in range(iterations):
        vector = _unit(scaled.T @ _unit(scaled @ vector))
    image = scaled @ vector
    return np.ldexp(np.sqrt(np.sum(image * image)), exponent), _unit(image), vector


def spectral_norm_schatten(w: ArrayLike, doublings: int = 3) -> Any:
    """An upper bound of ``||w||_2`` by products alone: the Schatten norm of index ``2^(doublings + 2)``.

    With S = W^T W on the smaller side, ||W||_2^(2q) = ||S^q||_2 <= ||S^q||_F for q = 2^doublings, and the
    right-hand side is (sum_i s_i^(4q))^(1/2). So the bound is at most r^(1 / (4 q)) times the norm, r the rank:
    24 % too large at rank 1024 and 3 doublings, 0.2 % at 10.

    Parameters
    ----------
    w : array_like, (m, n)
        float16, float32, float64 or longdouble; m, n >= 1.
    doublings : int
        0 gives ||W^T W||_F^(1/2).

    Returns
    -------
    scalar of the dtype of w
        The bound of exact arithmetic; computed, it may fall short of that by rounding, which
        `refsort.certify.operator_norm_bound` accounts for.

    Raises
    ------
    ValueError
        For an empty or non-finite w.

    Notes
    -----
    One product of m n min(m, n) and `doublings` of min(m, n)^3 multiply-adds, each symmetric.

    Examples
    --------
    >>> import numpy as np
    >>> w = np.diag([1.0, 1.0, 1.0, 0.5])
    >>> [bool(1 <= spectral_norm_schatten(w, k) <= 4 ** (1 / (4 * 2**k))) for k in (0, 3, 10)]
    [True, True, True]
    """
    w = _checked("spectral_norm_schatten", w)
    integer("spectral_norm_schatten", "doublings", doublings, at_least=0)
    largest = np.max(np.abs(w))
    if largest == 0:
        return largest
    exponent = int(np.frexp(largest)[1])
    p = np.ldexp(w, -exponent)
    p = p if w.shape[0] >= w.shape[1] else p.T
    bound, power = w.dtype.type(1), 1.0  # ||W 2^-e||_2 = bound * ||p||_2^power at every turn
    for _ in range(doublings + 1):
        p = p.T @ p
        power /= 2
        norm = np.sqrt(np.sum(p * p))
        p /= norm
        bound *= norm**power
    return np.ldexp(bound, exponent)  # and the last p has ||p||_2 <= ||p||_F = 1


def _not_zero(sigma: Any) -> Any:
    if sigma == 0:
        raise ValueError("spectral_normalize: the spectral norm is 0: a zero matrix has no direction to keep")
    return sigma


def _unit(v: Array) -> Array:
    norm = np.sqrt(np.sum(v * v))
    return v / norm if norm > 0 else v


def _checked(op: str, w: ArrayLike) -> Array:
    w = checked(op, "w", w, ndim=2)
    if w.size == 0:
        raise ValueError(f"{op}: w is empty, of shape {w.shape}; a norm needs at least one row and one column")
    if not np.all(np.isfinite(w)):
        raise ValueError(f"{op}: w holds {np.count_nonzero(~np.isfinite(w))} non-finite entries")
    return w
