"""Float64 arrays rounded outward: a correctly rounded operation errs by less than the step to the next double.

So ``up(a * b)`` is at least a b in exact arithmetic and ``down(a - b)`` at most a - b, underflow included, and a chain
of them is a bound. Sums of many terms take gamma_n instead (`refsort.rounding`).
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from refsort.certify.norms import sqrt_up
from refsort.ops.arrays import Array
from refsort.rounding import UNIT_ROUNDOFF, gamma, round_up

_U = UNIT_ROUNDOFF["float64"]
DUAL = {1: math.inf, 2: 2, math.inf: 1}
"""The exponent of the dual norm."""


def up(a: Array) -> Array:
    """The next doubles above: at least what the one operation that gave `a` is in exact arithmetic."""
    result: Array = np.nextafter(a, np.inf)
    return result


def down(a: Array) -> Array:
    """The next doubles below: at most what the one operation that gave `a` is in exact arithmetic."""
    result: Array = np.nextafter(a, -np.inf)
    return result


def sum_slack(n: int) -> float:
    """A double s such that a sum of products of n roundings, none of them negative, is at most s times its float64."""
    return round_up(1 / (1 - gamma(n, _U)))


def row_norms_up(a: Array, q: float) -> Array:
    """At least the q-norm of each row of the exact numbers in `a`, for q = 1, 2 or inf.

    Parameters
    ----------
    a : ndarray of float64, (n, d)
        No NaN. Infinity, and what overflows, gives infinity.
    q : {1, 2, inf}

    Returns
    -------
    ndarray of float64, (n,)
        Above the norm by at most a relative (d + 8) 2^-53 or one step; the maximum norm is exact.

    Notes
    -----
    For q = 2 each row is divided by a power of two, so that its largest entry lies in [1/2, 1]. That division and the
    squares are exact but for underflows of at most 2^-1073 each, d of them: less than one rounding of a sum that is at
    least 1/4. The sum has d roundings, and the square root and the division one each.

    Examples
    --------
    >>> norms = row_norms_up(np.array([[3e200, -4e200], [0.0, 1e-320]]), 2)
    >>> bool(norms[0] >= 5e200), bool(norms[0] < 5e200 * (1 + 1e-14)), bool(norms[1] < 1.01e-320)
    (True, True, True)
    """
    a = np.abs(a)
    if q == math.inf:
        greatest: Array = np.max(a, axis=1, initial=0.0)
        return greatest
    d = a.shape[1]
    with np.errstate(over="ignore"):
        if q == 1:
            return up(up(np.sum(a, axis=1)) * sum_slack(d + 2))
        _, exponents = np.frexp(np.max(a, axis=1, initial=0.0))
        scaled = np.ldexp(a, -exponents[:, None])
        squares = np.einsum("ij,ij->i", scaled, scaled)
        return up(np.ldexp(np.sqrt(squares) * sum_slack(d + 8), exponents))


def ones_norm(d: int, q: float) -> Fraction:
    """At least the q-norm of d ones."""
    return Fraction({1: float(d), 2: sqrt_up(Fraction(d)), math.inf: float(d > 0)}[q])
