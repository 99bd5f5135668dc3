"""The largest singular value of a weight: recognised exactly where it is rational, and its pair of vectors.

s is the largest singular value of W exactly when ``s^2 I - W^T W`` is positive semidefinite and singular, which an
elimination in rationals decides. What is irrational comes from an enclosure of 2^-100.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple

from numpy.typing import NDArray

from refsort import spec
from refsort.oracle.operations.spectral_norm import Top, leading_pair, subgradient_errors, top_of
from refsort.oracle.tolerances import Precision, middle
from refsort.oracle.vectors.question import array, spelled
from refsort.strategies import FORMATS

Array = NDArray[Any]


class Largest(NamedTuple):
    """The largest singular value.

    Attributes
    ----------
    w : ndarray of Fractions
    sigma : Fraction
    rational : bool
        Whether sigma is exact; then the pair is, too.
    pair : ndarray or None
        ``u v^T``; None where sigma is zero or multiple.
    gap : Fraction
        A lower bound of the distance to the second singular value.
    """

    w: Array
    sigma: Fraction
    rational: bool
    pair: Array | None
    gap: Fraction


def largest(w: Array) -> Largest:
    """That of w.

    Raises
    ------
    ValueError
        Where it is multiple and irrational: this format has no form for that.
    """
    if not w.any():
        return Largest(w, Fraction(0), True, None, Fraction(0))
    unit = max(abs(x) for x in w.flat)
    scaled = w / unit
    sigma = middle(spec.operator_norm(scaled.tolist(), 2, 2, 128))
    gram, simple = scaled.T @ scaled, sigma.limit_denominator(10**6)
    kernel = _kernel(simple**2, gram)
    if kernel is None:
        leading = leading_pair(Top(scaled, sigma, *[Fraction(0)] * 4))
        if leading is None:
            raise ValueError("the largest singular value is irrational, and not simple")
        pair, gap = leading
        if any(0 < abs(x) < Fraction(1, 2**20) for x in pair.flat):
            raise ValueError("an entry of u v^T is so small that it is not known to 2^-90 of itself")
        return Largest(w, sigma * unit, False, pair, gap * unit)
    if len(kernel) > 1:
        return Largest(w, simple * unit, True, None, Fraction(0))
    v = array(kernel[0], (1, len(gram)))
    pair = scaled @ v.T @ v / (v @ v.T).item() / simple
    second = spec.operator_norm((scaled - simple * pair).tolist(), 2, 2).hi
    return Largest(w, simple * unit, True, pair, (simple - second) * unit)


def _kernel(t: Fraction, gram: Array) -> list[list[Fraction]] | None:
    """A basis of the kernel of ``t I - gram``; None unless t is the largest eigenvalue of gram.

    Gauss-Jordan elimination along the diagonal: a symmetric matrix is positive semidefinite exactly when no pivot is
    negative, and every zero pivot has a zero row in what is left.
    """
    n = len(gram)
    a = [[t * (i == j) - gram[i, j] for j in range(n)] for i in range(n)]
    free = []
    for i in range(n):
        if a[i][i] < 0 or (a[i][i] == 0 and any(a[i][i:])):
            return None
        if a[i][i] == 0:
            free.append(i)
            continue
        a[i] = [x / a[i][i] for x in a[i]]
        for j in range(n):
            if j != i:
                a[j] = [x - a[j][i] * y for x, y in zip(a[j], a[i], strict=True)]
    return [[Fraction(j == i) if j in free else -a[j][i] for j in range(n)] for i in free] or None


def bounded(top: Largest, dtype: str) -> Top | None:
    """With the bounds of a dtype; None where there are none, or where the squares of entries may overflow."""
    half = 2 ** (FORMATS[dtype].highest // 2 - 3)
    if dtype != "float16" and any(abs(x) >= half for x in top.w.flat):
        return None
    return top_of(top.w, dtype, Precision.of(dtype))


def isometries(w: Array) -> list[Array]:
    """Matrices of spectral norm 1 in the shape of w: signed ones along each cyclic diagonal of the longer side."""
    m, n = sorted(w.shape)
    made = []
    for shift in range(n):
        for signs in ((1, 1), (1, -1)):
            entries = (Fraction(signs[i % 2] * (j == (i + shift) % n)) for i in range(m) for j in range(n))
            one = array(entries, (m, n))
            made.append(one if w.shape == (m, n) else one.T)
    return made


def products(top: Largest, scale: Fraction, offset: Array, divisor: Fraction) -> dict[str, Any]:
    """What is asked of ``(offset + scale D) / divisor``, D any subgradient of the norm, where there are many.

    ``<D, W> = sigma``, and ``|<D, Q>| <= 1`` for every Q of spectral norm 1, so for those of `isometries`.
    """
    tests = []
    if top.sigma:
        value = ((offset * top.w).sum() + scale * top.sigma) / divisor
        tests.append((top.w, value, value))
    for q in isometries(top.w):
        middle, reach = (offset * q).sum() / divisor, abs(scale) / divisor
        tests.append((q, middle - reach, middle + reach))
    listed = [
        {"least": spelled([low])[0], "most": spelled([high])[0], "with": spelled(q.flat)} for q, low, high in tests
    ]
    return {"admissible": "products", "shape": list(top.w.shape), "tests": listed}


def product_errors(
    found: Largest, top: Top, scale: Fraction, divisor: Fraction, extra: Fraction = Fraction(0)
) -> list[Fraction]:
    """How far each of the products may be outside: <G, W> below by what is missing, above by what ||G||_* exceeds."""
    missing, size = (bound / divisor for bound in subgradient_errors(scale, top, extra))
    first = [max(missing, size * found.sigma)] if found.sigma else []
    return [*first, *[size] * len(isometries(found.w))]
