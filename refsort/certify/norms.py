"""Upper bounds of operator norms that hold for the very floats in a weight, the bound's own rounding included.

Power iteration and a singular value decomposition give estimates; a certificate needs an inequality. Everything here is
an inequality in exact arithmetic, evaluated in float64 with its rounding errors bounded and added, and rounded up.
Weights of Fractions have their norms in rationals.

The floating-point model: round to nearest with u = 2^-53; a product of matrices errs by at most gamma_k |X| |Y| for an
inner dimension of k, in any order of summation, with or without fused multiply-adds, plus underflow (no Strassen, no
reduced precision); and `pow` errs by at most two units in the last place.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike

from refsort.ops.arrays import Array, checked
from refsort.ops.spectral_norm import spectral_norm_schatten
from refsort.rounding import UNIT_ROUNDOFF, gamma, round_up

_U = UNIT_ROUNDOFF["float64"]
_DOUBLINGS = 30  # r^(1 / 2^32) is below 1 + 2e-9 for every rank r up to 4096


def operator_norm_bound(w: ArrayLike, p: float = 2, q: float = 2) -> float:
    """A double that is at least ``max |W v|_q / |v|_p``.

    Parameters
    ----------
    w : array_like, (m, n)
        float16, float32, float64 or Fractions, finite. Each entry is taken as the exact number that it is.
    p, q : {1, 2, inf}
        The norms before and after the map: (1, q), (p, inf) or (2, 2).

    Returns
    -------
    float
        For all pairs but (2, 2): the smallest double that is not below the norm, or for a square root at most the next
        one. For (2, 2): the smallest of three bounds. The first, from the defect of orthonormality, exceeds 1 by at
        most ``||I - W^T W||_F`` and rounding: sharp for nearly orthonormal weights. The second,
        ``sqrt(||W||_1 ||W||_inf)``, is exact where each row has one entry, all of one size. The third, a Schatten norm
        of index 2^32, is within a factor 1 + 3e-9 + 2 n (m + 128) u of the norm.

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
    operations by less than the extra roundings counted into k. **Fractions:** the bound of the nearest doubles plus the
    Frobenius norm of what they are off by, or the defect in rationals.

    Examples
    --------
    >>> operator_norm_bound(np.eye(3)), operator_norm_bound(-np.eye(3)[[2, 0, 0]]) >= math.sqrt(2)
    (1.0, True)
    >>> operator_norm_bound(np.array([[0.1, 0.2], [0.0, 0.1]]), math.inf, math.inf) >= Fraction(0.1) + Fraction(0.2)
    True
    """
    a = _checked(w)
    if p == 1 and q in (1, 2, math.inf):
        return max(_vector_norm_up(column, q) for column in a.T)  # a convex function, greatest at a vertex +-e_j
    if q == math.inf and p in (2, math.inf):
        return max(_vector_norm_up(row, {2: 2, math.inf: 1}[p]) for row in a)  # the dual norm of each row
    if (p, q) == (2, 2):
        return _spectral_norm_up(a)
    raise ValueError(
        f"operator_norm_bound: no bound for p = {p}, q = {q}; have (2, 2), (1, q) and (p, inf) for p, q = 1, 2, inf"
    )


def _checked(w: ArrayLike) -> Array:
    """The entries of w as float64, or as Fractions where they are."""
    a = np.asarray(w)
    if a.dtype != object and a.dtype.type not in (np.float16, np.float32, np.float64):
        raise TypeError(f"operator_norm_bound: w has dtype {a.dtype}; pass float16, float32, float64 or Fractions")
    if a.ndim != 2 or a.size == 0:
        raise ValueError(f"operator_norm_bound: w must be a matrix with at least one entry, got shape {a.shape}")
    if a.dtype == object:
        return checked("affine", "w", a)
    if not np.all(np.isfinite(a)):
        raise ValueError(f"operator_norm_bound: w holds {np.count_nonzero(~np.isfinite(a))} non-finite entries")
    return a.astype(np.float64)  # exact


def _vector_norm_up(x: Array, p: float) -> float:
    """The p-norm of one row or column, rounded up."""
    if p == math.inf:
        return round_up(Fraction(np.max(np.abs(x))))
    if p == 2:
        return sqrt_up(_sum_of_squares(x))
    return round_up(sum(np.abs(x), Fraction(0))) if x.dtype == object else _sum_up(np.abs(x).tolist())


def _sum_of_squares(x: Array) -> Fraction:
    if x.dtype == object:
        return sum((v * v for v in x), Fraction(0))
    mantissas, exponents = np.frexp(x)
    least = int(exponents.min())
    whole = np.ldexp(mantissas, 53).astype(np.int64).tolist()  # x = whole 2^(exponent - 53)
    total: int = sum((m << (k - least)) ** 2 for m, k in zip(whole, exponents.tolist(), strict=True))
    return total * Fraction(4, 1) ** (least - 53)


def _sum_up(x: list[float]) -> float:
    try:
        total = math.fsum(x)  # the exact sum, rounded once
        return total if math.fsum([*x, -total]) <= 0 else math.nextafter(total, math.inf)
    except OverflowError:
        return math.inf


def sqrt_up(x: Fraction) -> float:
    """At least sqrt(x), for x >= 0: an integer root where a double could under- or overflow."""
    if x == 0:
        return 0.0
    shift = 2 * max(0, 120 - (x.numerator.bit_length() - x.denominator.bit_length()) // 2)
    scaled = x * Fraction(2) ** shift
    root = math.isqrt(math.ceil(scaled))
    root += root * root < scaled
    return round_up(Fraction(root) / Fraction(2) ** (shift // 2))


def _spectral_norm_up(a: Array) -> float:
    one, infinity = operator_norm_bound(a, 1, 1), operator_norm_bound(a, math.inf, math.inf)
    between = math.inf if math.inf in (one, infinity) else sqrt_up(Fraction(one) * Fraction(infinity))
    if a.dtype != object:
        return min(between, _defect_bound(a), _schatten_bound(a))
    return min(between, _exact_defect_bound(a), _schatten_bound_nearby(a))


def _schatten_bound_nearby(a: Array) -> float:
    """For Fractions: the bound of their nearest doubles, plus the Frobenius norm of what those are off by."""
    try:
        near = a.astype(np.float64)
    except OverflowError:
        return math.inf
    off = sum(((v - Fraction(d)) ** 2 for v, d in zip(a.flat, near.flat, strict=True)), Fraction(0))
    bound = _schatten_bound(near)
    return bound if bound == math.inf else round_up(Fraction(bound) + Fraction(sqrt_up(off)))


def _exact_defect_bound(a: Array) -> float:
    """||W||^2 <= 1 + ||W^T W - I||_F, in rationals."""
    e = a.T @ a if a.shape[0] >= a.shape[1] else a @ a.T
    e[np.diag_indices_from(e)] -= 1
    return sqrt_up(1 + Fraction(sqrt_up(sum((v * v for v in e.flat), Fraction(0)))))


def _defect_bound(a: Array) -> float:
    a = a if a.shape[0] >= a.shape[1] else a.T
    m, n = a.shape
    if np.max(np.abs(a)) > 2.0**100:
        return math.inf  # far from orthonormal, and squares could overflow: the other bound is the one to use
    e = a.T @ a
    e[np.diag_indices(n)] -= 1
    # sums of squares, each wrong by a relative gamma of the number of terms and by an underflow of each term
    slack = 1 + gamma(m * n + 2, _U)
    e_norm = sqrt_up(Fraction(float(np.sum(e * e))) * slack + Fraction(m * n, 2**1000))
    a_square = Fraction(float(np.sum(a * a))) * slack + Fraction(m * n, 2**1000)
    return sqrt_up(1 + Fraction(e_norm) + gamma(m + 1, _U) * (a_square + n) + Fraction(m * n, 2**1000))


def _schatten_bound(a: Array) -> float:
    m, n = max(a.shape), min(a.shape)
    bound = Fraction(float(spectral_norm_schatten(a, _DOUBLINGS)))
    # roundings of a product, of the division after it, and of three scalar operations a turn
    loss = n * gamma(m + 4 * (_DOUBLINGS + 2), _U)
    if loss >= 1:
        return math.inf  # some 10^7 entries a side: no bound from this argument
    return math.nextafter(round_up(bound / (1 - loss)), math.inf)  # the last step covers a subnormal bound
