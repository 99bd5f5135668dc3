"""The largest singular value by other decompositions, with any subgradient where it is multiple."""

import numpy as np

from tests.oracle.plain_norms import spectral_norm, svd
from tests.oracle.variants import variant

OP = "spectral_norm"


@variant(OP, ("float16", "bfloat16"))
def by_svd(arrays, params, g):
    return spectral_norm(arrays, params, g)


@variant(OP, ("float32",))
def by_the_gram_matrix(arrays, params, g):
    """The largest eigenvalue loses no digits to the square: its relative error is that of W^T W."""
    w = arrays[0]
    values, vectors = np.linalg.eigh(w.T @ w)
    v, sigma = vectors[:, -1], np.sqrt(np.maximum(values[-1], 0))
    return sigma.astype(w.dtype), [g * np.outer(w @ v / (sigma or 1), v)]


@variant(OP, ("float64",))
def by_the_smaller_gram_matrix_scaled(arrays, params, g):
    w = arrays[0]
    size = np.abs(w).max() or w.dtype.type(1)
    a = w / size if w.shape[0] >= w.shape[1] else w.T / size
    _, vectors = np.linalg.eigh(a.T @ a)
    u = a @ vectors[:, -1]
    norm = np.sqrt((u * u).sum(dtype=u.dtype))
    pair = np.outer(u / (norm or 1), vectors[:, -1])
    return norm * size, [g * (pair if w.shape[0] >= w.shape[1] else pair.T)]


@variant(OP, ("float32",))
def by_jacobi(arrays, params, g):
    """One-sided rotations until the columns are orthogonal."""
    w = arrays[0]
    if w.size > 64:
        raise NotImplementedError("rotations in Python take minutes")
    a, v = w.copy(), np.eye(w.shape[1], dtype=w.dtype)
    for _ in range(12):
        for i in range(a.shape[1]):
            for j in range(i):
                x, y, z = a[:, i] @ a[:, i], a[:, j] @ a[:, j], a[:, i] @ a[:, j]
                if z != 0:
                    angle = np.arctan2(2 * z, x - y) / 2
                    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]], w.dtype)
                    a[:, [i, j]], v[:, [i, j]] = a[:, [i, j]] @ turn, v[:, [i, j]] @ turn
    norms = np.sqrt((a * a).sum(axis=0))
    at = norms.argmax()
    return norms[at], [g * np.outer(a[:, at] / (norms[at] or 1), v[:, at])]


@variant(OP, ("float64",))
def by_subspace_iteration_and_a_smaller_svd(arrays, params, g):
    """Two steps from an orthonormal start, and the decomposition of W V."""
    w = arrays[0]
    v = np.linalg.qr(np.random.default_rng(0).standard_normal((w.shape[1],) * 2))[0].astype(w.dtype)
    for _ in range(2):
        v, _ = np.linalg.qr(w.T @ (w @ v) / ((w * w).sum() or 1))
    u, s, vt = np.linalg.svd(w @ v, full_matrices=False)
    return s[0], [g * np.outer(u[:, 0], v @ vt[0])]


@variant(OP, ("float32",))
def in_float64(arrays, params, g):
    value, (w_bar,) = spectral_norm([arrays[0].astype(np.float64)], params, np.float64(g))
    return value.astype(np.float32), [w_bar.astype(np.float32)]


def tied(s):
    return (s >= s[0] * (1 - 8 * np.finfo(s.dtype).eps)).astype(s.dtype)


@variant(OP, ("float32",))
def all_leading_pairs_in_equal_shares(arrays, params, g):
    u, s, vt = svd(arrays[0])
    return s[0], [g * ((u * (tied(s) / tied(s).sum(dtype=s.dtype))) @ vt)]


@variant(OP, ("float64",))
def the_last_of_the_leading_pairs(arrays, params, g):
    u, s, vt = svd(arrays[0])
    at = int(tied(s).sum()) - 1
    return s[0], [g * np.outer(u[:, at], vt[at])]


@variant(OP, ("float32",))
def nothing_where_all_is_zero(arrays, params, g):
    value, (w_bar,) = spectral_norm(arrays, params, g)
    return value, [w_bar if arrays[0].any() else np.zeros_like(w_bar)]
