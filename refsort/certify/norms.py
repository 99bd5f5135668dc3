"""Upper bounds of operator norms that hold for the very floats in a weight, the bound's own rounding included.

Power iteration and a singular value decomposition give estimates; a certificate needs an inequality. Everything here is
an inequality in exact arithmetic, evaluated in float64 with its rounding errors bounded and added, and rounded up.

The floating-point model: round to nearest with u = 2^-53; a product of matrices errs by at most gamma_k |X| |Y| for an
inner dimension of k, in any order of summation, with or without fused multiply-adds, plus underflow (no Strassen, no
reduced precision); and `pow` errs by at most two units in the last place.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike

from refsort.ops.arrays import Array
from refsort.ops.spectral_norm import spectral_norm_schatten
from refsort.rounding import UNIT_ROUNDOFF, gamma, round_up

_U = UNIT_ROUNDOFF["float64"]
_DOUBLINGS = 30  # r^(1 / 2^32) is below 1 + 2e-9 for every rank r up to 4096


def operator_norm_bound(w: ArrayLike, p: float = 2, q: float = 2) -> float:
    """A double that is at least ``max |W v|_q / |v|_p``.

    Parameters
    ----------
    w : array_like, (m, n)
        float16, float32 or float64, finite. Each entry is taken as the exact number that it is.
    p, q : {1, 2, inf}
        The norms before and after the map: (2, 2), (1, 1), (inf, inf), (1, inf) or (2, inf).

    Returns
    -------
    float
        For all pairs but (2, 2): the norm, rounded up. For (2, 2): the smaller of two bounds. The first, from the
        defect of orthonormality, exceeds 1 by at most ``||I - W^T W||_F`` and rounding: sharp for nearly orthonormal
        weights. The second, a Schatten norm of index 2^32, is within a factor 1 + 3e-9 + 2 n (m + 128) u of the norm.

    Raises
    ------
    TypeError
        For another dtype.
    ValueError
        For a w that is no matrix, empty or not finite, and for a pair of norms without a tractable norm.

    Notes
    -----
    (2, 2): some 32 products on the smaller side n. **Defect:** with E the computed W^T W - I, each entry errs by at
    most gamma_{m+1} (|W|^T |W| + I), and || |W|^T |W| ||_F <= ||W||_F^2, so
    ``||W||^2 <= 1 + ||E||_F + gamma_{m+1} (||W||_F^2 + sqrt n)``. **Schatten:** a product P^T P errs by at most
    ``gamma_k ||P||_F^2 <= n gamma_k ||P||_2^2``; squaring squares the norm and the later square roots halve what came
    before, so all products together lower the computed bound by a factor of at least 1 - n gamma_k, and the scalar
    operations by less than the extra roundings counted into k.

    Examples
    --------
    >>> 1.0 <= operator_norm_bound(np.eye(3)) < 1 + 1e-14
    True
    >>> operator_norm_bound(np.array([[0.1, 0.2], [0.0, 0.1]]), math.inf, math.inf) >= Fraction(0.1) + Fraction(0.2)
    True
    """
    a = np.asarray(w)
    if a.dtype.type not in (np.float16, np.float32, np.float64):
        raise TypeError(f"operator_norm_bound: w has dtype {a.dtype}; pass float16, float32 or float64")
    if a.ndim != 2 or a.size == 0:
        raise ValueError(f"operator_norm_bound: w must be a matrix with at least one entry, got shape {a.shape}")
    if not np.all(np.isfinite(a)):
        raise ValueError(f"operator_norm_bound: w holds {np.count_nonzero(~np.isfinite(a))} non-finite entries")
    a = a.astype(np.float64)  # exact
    match (p, q):
        case (2, 2):
            return min(_defect_bound(a), _schatten_bound(a))
        case (1, 1):
            return max(_sum_up(np.abs(column)) for column in a.T)
        case (math.inf, math.inf):
            return max(_sum_up(np.abs(row)) for row in a)
        case (1, math.inf):
            return float(np.max(np.abs(a)))
        case (2, math.inf):
            return max(_euclidean_up(row) for row in a)
    raise ValueError(
        f"operator_norm_bound: no bound for p = {p}, q = {q}; have (2, 2), (1, 1), (p, inf) for p = 1, 2, inf"
    )


def _sum_up(x: Array) -> float:
    return math.nextafter(math.fsum(x), math.inf)  # fsum rounds the exact sum once


def _euclidean_up(x: Array) -> float:
    return _sqrt_up(sum((Fraction(v) ** 2 for v in x.tolist()), Fraction(0)))


def _sqrt_up(x: Fraction) -> float:
    """At least sqrt(x), for x >= 0: an integer root where a double could under- or overflow."""
    if x == 0:
        return 0.0
    shift = 2 * max(0, 120 - (x.numerator.bit_length() - x.denominator.bit_length()) // 2)
    root = math.isqrt(math.ceil(x * Fraction(2) ** shift)) + 1
    return round_up(Fraction(root) / Fraction(2) ** (shift // 2))


def _defect_bound(a: Array) -> float:
    a = a if a.shape[0] >= a.shape[1] else a.T
    m, n = a.shape
    if np.max(np.abs(a)) > 2.0**100:
        return math.inf  # far from orthonormal, and squares could overflow: the other bound is the one to use
    e = a.T @ a
    e[np.diag_indices(n)] -= 1
    # sums of squares, each wrong by a relative gamma of the number of terms and by an underflow of each term
    slack = 1 + gamma(m * n + 2, _U)
    e_norm = _sqrt_up(Fraction(float(np.sum(e * e))) * slack + Fraction(m * n, 2**1000))
    a_square = Fraction(float(np.sum(a * a))) * slack + Fraction(m * n, 2**1000)
    return _sqrt_up(1 + Fraction(e_norm) + gamma(m + 1, _U) * (a_square + n) + Fraction(m * n, 2**1000))


def _schatten_bound(a: Array) -> float:
    m, n = max(a.shape), min(a.shape)
    bound = Fraction(float(spectral_norm_schatten(a, _DOUBLINGS)))
    # roundings of a product, of the division after it, and of three scalar operations a turn
    loss = n * gamma(m + 4 * (_DOUBLINGS + 2), _U)
    if loss >= 1:
        return math.inf  # some 10^7 entries a side: no bound from this argument
    return math.nextafter(round_up(bound / (1 - loss)), math.inf)  # the last step covers a subnormal bound
