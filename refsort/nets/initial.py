"""Initial weights (d_out, d_in), drawn from a passed generator."""

from __future__ import annotations

import numpy as np

from refsort.ops.arrays import Array


def orthonormal(rng: np.random.Generator, d_out: int, d_in: int) -> Array:
    """Uniform (Haar) among the matrices with orthonormal rows or columns, whichever are fewer.

    The Q of a Gaussian matrix's QR decomposition, with the signs of R's diagonal taken out (Mezzadri 2007).

    Examples
    --------
    >>> w = orthonormal(np.random.default_rng(0), 2, 5)
    >>> np.allclose(w @ w.T, np.eye(2), rtol=0, atol=1e-15)
    True
    """
    q, r = np.linalg.qr(rng.standard_normal((max(d_out, d_in), min(d_out, d_in))))
    q = q * np.where(np.diagonal(r) < 0, -1.0, 1.0)
    return q if d_out >= d_in else np.asarray(q.T)


def gaussian(rng: np.random.Generator, d_out: int, d_in: int) -> Array:
    """Independent normal entries of variance 1 / max(d_out, d_in): singular values between 0 and about 2.

    Examples
    --------
    >>> gaussian(np.random.default_rng(0), 3, 4).shape
    (3, 4)
    """
    w: Array = rng.standard_normal((d_out, d_in)) / np.sqrt(max(d_out, d_in))
    return w


def uniform(rng: np.random.Generator, d_out: int, d_in: int) -> Array:
    """Independent uniform entries in [-1, 1] / sqrt(d_in), as many frameworks draw them by default.

    Examples
    --------
    >>> bool(np.max(np.abs(uniform(np.random.default_rng(0), 3, 4))) <= 0.5)
    True
    """
    w: Array = rng.uniform(-1, 1, (d_out, d_in)) / np.sqrt(d_in)
    return w


def signed_selection(rng: np.random.Generator, d_out: int, d_in: int) -> Array:
    """Each row is one random signed unit vector: l1 norm 1, the extreme points of the unit l1 ball.

    Examples
    --------
    >>> np.sum(np.abs(signed_selection(np.random.default_rng(0), 3, 4)), axis=1)
    array([1., 1., 1.])
    """
    w = np.zeros((d_out, d_in))
    w[np.arange(d_out), rng.integers(d_in, size=d_out)] = rng.choice([-1.0, 1.0], size=d_out)
    return w


def heavy_tailed(rng: np.random.Generator, d_out: int, d_in: int) -> Array:
    """Independent signed squares of normal entries: rows with few large entries, for `refsort.nets.SquaresL1`.

    The weight of such a row has entries in proportion to z^4, and so a participation ratio (sum y)^2 / sum y^2 near
    d_in 3^2 / 105 for large d_in: 3 and 105 are the moments of order 4 and 8 of a normal variable.

    Examples
    --------
    >>> heavy_tailed(np.random.default_rng(0), 3, 4).shape
    (3, 4)
    """
    z = rng.standard_normal((d_out, d_in))
    w: Array = z * np.abs(z)
    return w
