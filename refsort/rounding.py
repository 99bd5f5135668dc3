"""Rigorous statements about floating-point numbers: unit roundoffs, gamma_n, directed rounding, sorted intervals.

    fl(a op b) = (a op b)(1 + d),   |d| <= u,                          the standard model, round to nearest;
    prod_{i <= n} (1 + d_i)^{+-1} = 1 + t,   |t| <= gamma_n = n u / (1 - n u)   for n u < 1       (Higham 2002, 3.1).

So a number that passes through at most n roundings carries a relative error of at most gamma_n, and a sum of products,
added up in any order and with or without fused multiply-adds, errs by at most gamma_n times the sum of their absolute
values. Where a product falls below the normal range, at most one smallest subnormal is added (gradual underflow).

Everything here is a `Fraction` or a correctly directed double, so that a bound made from it is a bound.

References
----------
.. [1] N. J. Higham, "Accuracy and stability of numerical algorithms", 2nd edition, SIAM 2002, chapters 2 and 3.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

_LONGDOUBLE = np.finfo(np.longdouble)

UNIT_ROUNDOFF: dict[str, Fraction] = {
    "float16": Fraction(1, 2**11),
    "bfloat16": Fraction(1, 2**8),
    "float32": Fraction(1, 2**24),
    "float64": Fraction(1, 2**53),
    "longdouble": Fraction(*_LONGDOUBLE.eps.as_integer_ratio()) / 2,
}
"""u of each format: half the distance from 1 to the next larger number."""

SMALLEST_SUBNORMAL: dict[str, Fraction] = {
    "float16": Fraction(1, 2**24),
    "bfloat16": Fraction(1, 2**133),
    "float32": Fraction(1, 2**149),
    "float64": Fraction(1, 2**1074),
    "longdouble": Fraction(*_LONGDOUBLE.smallest_subnormal.as_integer_ratio()),
}
"""The smallest positive number of each format; every number of the format is a multiple of it."""


class NoBoundError(ValueError):
    """So many roundings of such a size that no bound of their effect holds."""


def gamma(n: int, u: Fraction) -> Fraction:
    """``n u / (1 - n u)``: the largest relative error of a number that passed through n roundings.

    Raises
    ------
    NoBoundError
        A ValueError; where ``n u >= 1``, since no bound holds there.

    Examples
    --------
    >>> gamma(3, Fraction(1, 2**8))
    Fraction(3, 253)
    """
    nu = n * u
    if not 0 <= nu < 1:
        raise NoBoundError(f"gamma: n u = {n} * {u} must lie in [0, 1); so many roundings have no error bound")
    return nu / (1 - nu)


def probable_gamma(n: int, u: Fraction, sums: int = 1, failure: float = 1e-9) -> Fraction:
    """What `gamma` becomes if roundings are random: about ``lambda sqrt(n) u``, for `sums` sums of n roundings at once.

    If the relative roundings d_i are independent, of mean zero and at most u, |prod (1 + d_i)^{+-1} - 1| is at most
    ``exp(lambda sqrt(n) u + n u^2 / (1 - u)) - 1`` but for a probability of ``2 exp(-lambda^2 (1 - u)^2 / 2)``; for the
    n partial products of an inner product that is 2 n times the exponential (Higham & Mary 2019). Here
    lambda is the least integer for which all `sums` of them hold but for a probability of `failure`. The assumption is
    a model: a verdict that rests on it says so.

    Raises
    ------
    ValueError
        For a failure probability outside of (0, 1), and where the bound would exceed 1.

    References
    ----------
    .. [1] N. J. Higham, T. Mary, "A new approach to probabilistic rounding error analysis", SIAM J. Sci. Comput. 41(5),
       2019.

    Examples
    --------
    A thousand roundings: 8 sqrt(1000) u instead of 1000 u.

    >>> u = Fraction(1, 2**24)
    >>> float(probable_gamma(1000, u) / u).__round__(), float(gamma(1000, u) / u).__round__()
    (253, 1000)
    """
    if not 0 < failure < 1:
        raise ValueError(f"probable_gamma: the failure probability must lie in (0, 1), got {failure!r}")
    needed = math.log(2 * max(n, 1) * sums / failure)  # lambda^2 (1 - u)^2 / 2 must be at least this
    deviations = math.ceil(math.sqrt(2 * needed) / float(1 - u) + 1e-9)
    root = Fraction(math.isqrt(n << 40) + 1, 1 << 20)  # at least sqrt(n)
    exponent = deviations * root * u + n * u * u / (1 - u)
    if exponent >= Fraction(1, 2):
        raise NoBoundError(f"probable_gamma: {n} roundings of {u} have no useful bound")
    return exponent / (1 - exponent)  # exp(t) - 1 <= t / (1 - t)


def round_up(x: Fraction) -> float:
    """The smallest double that is at least x; infinity above the largest double.

    Examples
    --------
    >>> round_up(Fraction(1, 10)) >= Fraction(1, 10), round_up(Fraction(3, 4)), round_up(Fraction(10) ** 400)
    (True, 0.75, inf)
    """
    try:
        nearest = float(x)  # correctly rounded: the quotient of two ints
    except OverflowError:
        return math.inf if x > 0 else -np.finfo(np.float64).max.item()
    return nearest if nearest >= x else math.nextafter(nearest, math.inf)


def round_down(x: Fraction) -> float:
    """The largest double that is at most x; minus infinity below the smallest double.

    Examples
    --------
    >>> round_down(Fraction(1, 10)) <= Fraction(1, 10), round_down(Fraction(10) ** 400)
    (True, 1.7976931348623157e+308)
    """
    return 0.0 - round_up(-x)  # not -0.0 for 0


def sort_interval(
    lo: Sequence[Fraction], hi: Sequence[Fraction], group_size: int
) -> tuple[list[Fraction], list[Fraction]]:
    """The exact interval extension of GroupSort: where each sorted entry lies if ``lo <= x <= hi``.

    Order statistics are monotone in every entry, so the k-th smallest entry of x lies between the k-th smallest of lo
    and the k-th smallest of hi, and both ends are attained, at x = lo and at x = hi.

    Parameters
    ----------
    lo, hi : sequences of Fraction, of one length
        ``lo[i] <= hi[i]`` for every i.
    group_size : int
        Divides the length.

    Returns
    -------
    lo, hi : lists of Fraction

    Raises
    ------
    ValueError
        For lengths that differ or that `group_size` does not divide, and for an empty interval.

    Examples
    --------
    >>> lo, hi = sort_interval([Fraction(3), Fraction(0)], [Fraction(5), Fraction(4)], 2)
    >>> [str(v) for v in lo], [str(v) for v in hi]
    (['0', '3'], ['4', '5'])
    """
    if len(lo) != len(hi):
        raise ValueError(f"sort_interval: lo has {len(lo)} entries and hi has {len(hi)}")
    if group_size < 1 or len(lo) % group_size:
        raise ValueError(f"sort_interval: group_size {group_size} does not divide the {len(lo)} entries")
    for i, (low, high) in enumerate(zip(lo, hi, strict=True)):
        if low > high:
            raise ValueError(f"sort_interval: entry {i} is the empty interval [{low}, {high}]")
    return _sorted(lo, group_size), _sorted(hi, group_size)


def _sorted(x: Sequence[Fraction], group_size: int) -> list[Fraction]:
    return [value for start in range(0, len(x), group_size) for value in sorted(x[start : start + group_size])]
