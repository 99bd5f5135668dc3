"""Which cases cannot be put to arithmetic that takes subnormal numbers for zero, as XLA and many GPUs do.

Tolerances rest on gradual underflow. An implementation that flushes declares so, and is then judged on the cases in
which no number can fall below the normal range; on the others it is wrong by as much as the smallest normal number,
which at a kink or in a sort may be everything.

Why no number can: let every input be a multiple of q. Sums of multiples of q are multiples of q, rounded or not, since
rounding only removes low bits or does nothing; products of k of them are multiples of q^k. So where q^k is at least the
smallest normal number, and an operation multiplies no more than k numbers in a row, whatever is not zero is normal.
Quotients and powers add a factor far above `_MARGIN`.
"""

from __future__ import annotations

from fractions import Fraction

from refsort.oracle.cases import Case
from refsort.spec import frac
from refsort.strategies import FORMATS

_FACTORS = {"group_sort": 1, "max_min": 1, "full_sort": 1, "project_linf_ball": 1, "kr": 2, "affine": 2}
_MOST_FACTORS = 4  # of the others; more of them only where the numbers are near 1
_MARGIN = Fraction(1, 2**10)
_EXPONENTS = 60  # exp(-60) = 2^-87 is far above what float32 flushes


def may_meet_subnormals(case: Case) -> bool:
    """Whether a subnormal number may arise in `case`, among its inputs or on the way.

    Examples
    --------
    >>> import numpy as np
    >>> x, g = np.array([1.0, 0.0], np.float32), np.ones(2, np.float32)
    >>> case = Case("max_min", "float32", (x,), {"axis": 0}, g)
    >>> may_meet_subnormals(case), may_meet_subnormals(case._replace(arrays=(x * np.float32(1e-40),)))
    (False, True)
    """
    form = FORMATS[case.dtype]
    smallest_normal = Fraction(2) ** (form.lowest + form.precision - 1)
    reals = [frac(x) for array in (*case.arrays, case.cotangent) if array.dtype.kind == "f" for x in array.flat]
    parameters = [frac(p) for p in case.params.values() if isinstance(p, float) and abs(p) < 2.0**1023]
    quantum = min((_lowest_bit(x) for x in [*reals, *parameters] if x), default=Fraction(1))
    factors = _FACTORS.get(case.op, _MOST_FACTORS)
    margin = _MARGIN if factors > 1 else 1
    if min(quantum, Fraction(1)) ** factors * margin < smallest_normal:
        return True
    return case.op == "cross_entropy" and _spread(case) > _EXPONENTS


def _lowest_bit(x: Fraction) -> Fraction:
    """The largest power of two that a dyadic number is a multiple of."""
    n = abs(x.numerator)
    return Fraction(n & -n, x.denominator)


def _spread(case: Case) -> float:
    logits = case.arrays[0].astype(float)
    largest = float(abs(logits).max(initial=0.0)) + abs(float(case.params["margin"]))
    return 2 * largest * abs(float(case.params["temperature"]))
