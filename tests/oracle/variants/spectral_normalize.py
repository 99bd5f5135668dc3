"""The quotient rule in several forms, with any subgradient of the norm where it is multiple."""

import numpy as np

from tests.oracle.plain_norms import quotient, spectral_normalize, svd, top
from tests.oracle.variants import variant

OP = "spectral_normalize"


@variant(OP, ("float16", "bfloat16"))
def the_quotient_rule(arrays, params, g):
    return spectral_normalize(arrays, params, g)


@variant(OP, ("float32",))
def the_last_of_the_tied_pairs(arrays, params, g):
    w = arrays[0]
    u, s, vt = svd(w)
    at = int((s >= s[0] * (1 - 4 * np.finfo(s.dtype).eps)).sum()) - 1
    return w / s[0], [quotient(w, g, s[0], np.outer(u[:, at], vt[at]))]


@variant(OP, ("float64",))
def times_a_rounded_reciprocal(arrays, params, g):
    w = arrays[0]
    sigma, pair = top(w)
    scale = w.dtype.type(1) / sigma
    return w * scale, [scale * g - (scale * scale) * (g * w).sum(dtype=w.dtype) * pair]


@variant(OP, ("float32",))
def by_the_eigenvalues_of_the_gram_matrix(arrays, params, g):
    w = arrays[0]
    values, vectors = np.linalg.eigh(w @ w.T)
    sigma, u = np.sqrt(values[-1]), vectors[:, -1]
    return w / sigma, [quotient(w, g, sigma, np.outer(u, u @ w / sigma))]


@variant(OP, ("float64",))
def scaled_by_its_largest_entry_first(arrays, params, g):
    size = np.abs(arrays[0]).max()
    y, (w_bar,) = spectral_normalize([arrays[0] / size], params, g)
    return y, [w_bar / size]


@variant(OP, ("float32",))
def term_by_term(arrays, params, g):
    w = arrays[0]
    sigma, pair = top(w)
    return w / sigma, [g / sigma - pair * (np.vdot(g / sigma, w) / sigma)]
