"""Operator norms of a matrix, for the pairs of norms where they can be computed.

    ||W||_{p->q} = max |W x|_q over |x|_p <= 1,   p, q in {1, 2, inf}.

(1, q)     the unit ball of the 1-norm is the hull of +-e_j, so the maximum is the largest q-norm of a column.
(p, inf)   a maximum over rows: the largest dual norm of a row, |row|_{p*} with 1/p + 1/p* = 1.
(2, 2)     the largest singular value: s > ||W|| exactly when s^2 I - W^T W is positive definite.

The others, (inf, 1), (inf, 2) and its transpose (2, 1), are NP-hard. For the incidence matrix W of a graph,
||W||_{inf->2}^2 is four times the size of the graph's maximum cut, and so is ||W^T W||_{inf->1}.

After Anil et al. (2019), where (2, 2) and (inf, inf) are the norms that are held at 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from refsort.spec.exact import Enclosure, Matrix, Vector, integer, matrix, product, sqrt_enclosure, transpose

DUAL = {1: math.inf, 2: 2, math.inf: 1}  # p* with 1/p + 1/p* = 1


def operator_norm(w: Iterable[Iterable[Any]], p: float, q: float, bits: int = 64) -> Enclosure:
    """``max |W x|_q`` over ``|x|_p <= 1``.

    Parameters
    ----------
    w : rows of numbers
        Shape (d_out, d_in); the norm of an empty matrix is 0.
    p, q : 1, 2 or math.inf
        Norms of the domain and of the range.
    bits : int
        The relative width wanted: ``hi - lo <= 2**-bits * lo``.

    Returns
    -------
    Enclosure
        Exact (``lo == hi``) for the pairs of 1 and inf, and for (1, 2) and (2, inf) where the norm is rational.

    Raises
    ------
    ValueError
        For the NP-hard pairs, and for p, q that are none of 1, 2, math.inf.

    Notes
    -----
    (2, 2) bisects with some `bits` exact eliminations: O(bits n^3) rational operations, n the smaller dimension.

    References
    ----------
    .. [1] C. Anil, J. Lucas, R. Grosse, "Sorting out Lipschitz function approximation", ICML 2019, arXiv 1811.05381.

    Examples
    --------
    >>> w = [[3, -4], [0, 12]]
    >>> [int(operator_norm(w, *pair).lo) for pair in [(1, 1), (math.inf, math.inf), (1, math.inf), (2, math.inf)]]
    [16, 12, 12, 12]
    >>> float(operator_norm([[1, 1], [0, 1]], 2, 2).lo)  # the golden ratio
    1.618033988749895
    """
    rows, bits = matrix(w), integer("operator_norm", "bits", bits, 0)
    for name, exponent in (("p", p), ("q", q)):
        if isinstance(exponent, bool) or exponent not in DUAL:
            raise ValueError(f"operator_norm: {name} must be 1, 2 or math.inf, got {exponent!r}")
    if p == 1:
        return sqrt_enclosure(max((_squared_norm(column, q) for column in transpose(rows)), default=0), bits)
    if q == math.inf:
        return sqrt_enclosure(max((_squared_norm(row, DUAL[p]) for row in rows), default=0), bits)
    if (p, q) == (2, 2):
        return _spectral_norm(rows, bits)
    raise ValueError(
        f"operator_norm: the norm from l_{p} to l_{q} is NP-hard to compute: (inf, 2), its transpose (2, 1) and "
        "(inf, 1) are maxima over sign vectors that contain the maximum cut of a graph; "
        "the tractable pairs are (1, q), (p, inf) and (2, 2)"
    )


def _squared_norm(x: Vector, p: float) -> Fraction:
    if p == 2:
        return sum((t * t for t in x), Fraction(0))
    sizes = [abs(t) for t in x]
    return (sum(sizes, Fraction(0)) if p == 1 else max(sizes, default=Fraction(0))) ** 2


def _spectral_norm(rows: Matrix, bits: int) -> Enclosure:
    columns = transpose(rows)
    gram = product(rows, columns) if len(rows) < len(columns) else product(columns, rows)  # one largest eigenvalue
    diagonal = [row[i] for i, row in enumerate(gram)]
    lo, hi = max(diagonal, default=Fraction(0)), sum(diagonal, Fraction(0))  # e_i^T G e_i <= largest <= trace
    while hi - lo > lo / 2 ** (bits + 1):
        middle = (lo + hi) / 2
        lo, hi = (lo, middle) if _exceeds(middle, gram) else (middle, hi)
    # the root halves the relative width of lo..hi, and each end adds at most a quarter of 2^-bits
    return Enclosure(sqrt_enclosure(lo, bits + 3).lo, sqrt_enclosure(hi, bits + 3).hi)


def _exceeds(t: Fraction, gram: Matrix) -> bool:
    """Whether ``t I - G`` is positive definite: whether every pivot of its elimination is positive."""
    a = [[t * (i == j) - g for j, g in enumerate(row)] for i, row in enumerate(gram)]
    while a:
        pivot, first = a[0][0], a[0][1:]
        if pivot <= 0:
            return False
        # A is positive definite if and only if its pivot is positive and the Schur complement is positive definite
        a = [[x - row[0] * y / pivot for x, y in zip(row[1:], first, strict=True)] for row in a[1:]]
    return True
