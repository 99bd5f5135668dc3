"""Bjorck orthonormalisation: the iterate after exactly so many steps.

    A <- A (c_0 I + c_1 Q + ... + c_p Q^p),   Q = I - A^T A,   c_j = binomial(2j, j) / 4^j.

The c_j are the Taylor coefficients of (1 - t)^(-1/2), so the step is a truncation of A (A^T A)^(-1/2), the polar factor
of A. The singular vectors stay, a singular value s becomes s sum_j c_j (1 - s^2)^j. Near 1 the error is raised to the
power p + 1; from far away (order 1: s >= sqrt 3) the iterates need not converge, and this file does not mind.

After Bjorck and Bowie (1971), used for 1-Lipschitz layers by Anil et al. (2019).
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from math import comb
from typing import Any

from refsort.spec.dual import scalar
from refsort.spec.exact import Matrix, Vector, frac, identity, integer, matrix, product, transpose

_HALF = Fraction(1, 2)


def coefficients(order: int) -> Vector:
    """``[c_0, ..., c_order]`` with ``c_j = binomial(2j, j) / 4^j``.

    Examples
    --------
    >>> [str(c) for c in coefficients(4)]
    ['1', '1/2', '3/8', '5/16', '35/128']
    """
    order = integer("coefficients", "order", order, 1)
    return [Fraction(comb(2 * j, j), 4**j) for j in range(order + 1)]


def bjorck(w: Iterable[Iterable[Any]], iterations: int, order: int = 1, beta: Any = _HALF) -> Matrix:
    """The matrix `w` after `iterations` steps of the given `order`, without scaling.

    Parameters
    ----------
    w : rows of numbers
        Any matrix, as it is; Q is always ``I - A^T A``. The derivative exists everywhere (dual numbers may be passed).
    iterations : int
        At least 0.
    order : int
        The p above, at least 1.
    beta : number
        Replaces c_1 when `order` is 1.

    Returns
    -------
    list of rows of Fractions
        In the shape of `w`.

    Raises
    ------
    TypeError, ValueError
        For iterations or an order that are no such integers, and for a `beta` other than 1/2 beside an order above 1.

    Notes
    -----
    Exact: a step multiplies the number of digits by 2 p + 1, so only a few steps are feasible.

    References
    ----------
    .. [1] A. Bjorck, C. Bowie, "An iterative algorithm for computing the best estimate of an orthogonal matrix",
       SIAM J. Numer. Anal. 8(2), 1971.
    .. [2] C. Anil, J. Lucas, R. Grosse, "Sorting out Lipschitz function approximation", ICML 2019, arXiv 1811.05381.

    Examples
    --------
    An orthogonal matrix stays, 1/2 goes to 1/2 (1 + 3/8) = 11/16:

    >>> rotation = [[Fraction(3, 5), Fraction(-4, 5)], [Fraction(4, 5), Fraction(3, 5)]]
    >>> bjorck(rotation, iterations=2, order=3) == rotation
    True
    >>> bjorck([[0.5]], iterations=1)
    [[Fraction(11, 16)]]
    """
    iterations = integer("bjorck", "iterations", iterations, 0)
    c = coefficients(order)
    if order == 1:
        c[1] = scalar(beta)
    elif frac(beta) != _HALF:
        raise ValueError(f"bjorck: beta replaces c_1 for order 1 only, got beta {beta} beside order {order}")
    a = matrix(w, scalar)
    for _ in range(iterations):
        a = product(a, _polynomial(c, _defect(a)))
    return a


def _defect(a: Matrix) -> Matrix:
    """``Q = I - A^T A``."""
    columns = transpose(a)
    gram = product(columns, a)
    return [[e - g for e, g in zip(*rows, strict=True)] for rows in zip(identity(len(columns)), gram, strict=True)]


def _polynomial(c: Vector, q: Matrix) -> Matrix:
    """``sum_j c_j Q^j``."""
    power = identity(len(q))
    total = [[c[0] * x for x in row] for row in power]
    for cj in c[1:]:
        power = product(power, q)
        total = [[t + cj * x for t, x in zip(*rows, strict=True)] for rows in zip(total, power, strict=True)]
    return total
