"""How far a correct implementation may be from the exact result: bounds with proofs, no chosen constants.

The model: round to nearest with unit roundoff u, gradual underflow with smallest subnormal eta,

    fl(a + b) = (a + b)(1 + d),   fl(a b) = a b (1 + d) + h,   |d| <= u, |h| <= eta / 2,    likewise a / b,

in any order of summation and with or without fused multiply-adds, which only leave roundings out. A computed sum of
products is then the exact sum with every term multiplied by as many factors (1 + d) as roundings it passed through, so
that it errs by at most gamma_n times the sum of the absolute values, n the largest such number. Flushing subnormals to
zero, Strassen and Winograd products lie outside of the model. An adapter that computes with fewer bits than its dtype
has says so with UNIT_ROUNDOFF: u is then what it says, and both operands of a product may first be rounded to that.

What several operations share is here, as exact Fractions; what is one operation's own is in its file in
`refsort.oracle.operations`.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from numpy.typing import NDArray

from refsort.rounding import SMALLEST_SUBNORMAL, UNIT_ROUNDOFF, NoBoundError, gamma, probable_gamma
from refsort.spec import Enclosure, sqrt_enclosure

Array = NDArray[Any]

_SUMS = 10**6


class Precision(NamedTuple):
    """What arithmetic computes with, and how sure a bound of it has to be.

    Attributes
    ----------
    u, eta : Fraction
        The unit roundoff and the smallest subnormal.
    operands : int
        How many operands of a product are rounded before it: 0, or 2.
    failure : float
        0 for bounds that always hold. Else long sums get the smaller bound that random roundings keep, in a million
        sums at once, but for this probability: `refsort.oracle.realistic` asks for it and says so.
    operand_eta : Fraction
        By how much such an operand may be moved where it is subnormal, and relative errors say nothing.
    """

    u: Fraction
    eta: Fraction
    operands: int = 0
    failure: float = 0.0
    operand_eta: Fraction = Fraction(0)

    @classmethod
    def of(cls, dtype: str, unit_roundoff: dict[str, Fraction] = UNIT_ROUNDOFF) -> Precision:
        """That of a dtype, or what an adapter declares for it."""
        u, own, eta = unit_roundoff[dtype], UNIT_ROUNDOFF[dtype], SMALLEST_SUBNORMAL[dtype]
        if u <= own:
            return cls(u, eta)
        return cls(u, eta, 2, operand_eta=u * eta / (2 * own))  # half of 2 u times the smallest normal, eta / (2 own)

    def gamma(self, n: int) -> Fraction:
        """The largest relative error after n roundings: `gamma`, or `probable_gamma` where that is asked for."""
        if not self.failure:
            return gamma(n, self.u)
        try:
            probable = probable_gamma(n, self.u, _SUMS, self.failure)
        except NoBoundError:
            return gamma(n, self.u)
        return min(probable, gamma(n, self.u)) if n * self.u < 1 else probable


def product(a: Array, b: Array, precision: Precision, offset: Array | None = None) -> Array:
    """``|fl(a b + offset) - (a b + offset)|``, entry by entry, for matrices of Fractions.

    A term a_ik b_kj passes through its multiplication and at most d - 1 additions, d the inner length, and one more
    where an offset is added: ``gamma_d (|a| |b|)``, or ``gamma_{d+1} (|a| |b| + |offset|)``. Each of the d products may
    underflow by eta / 2, and an operand that is rounded before it may be moved by a share of the smallest normal, which
    moves the product by that times the other operand; the later additions magnify both by less than 2.
    """
    inner = a.shape[1]
    size = abs(a) @ abs(b)
    underflow = inner * precision.eta
    if precision.operands:
        t = precision.operand_eta
        underflow = underflow + 2 * t * (abs(a).sum(axis=1)[:, None] + abs(b).sum(axis=0)[None, :] + inner * t)
    roundings = inner + precision.operands
    if offset is not None:
        roundings, size = roundings + 1, size + abs(offset)
    bound: Array = gamma(roundings, precision.u) * size + underflow
    return bound


def column_sums(y: Array, precision: Precision) -> Array:
    """``|fl(sum_i y_ij) - sum_i y_ij| <= gamma_{n-1} sum_i |y_ij|``: n - 1 additions, which cannot underflow."""
    bound: Array = gamma(max(y.shape[0] - 1, 0), precision.u) * abs(y).sum(axis=0)
    return bound


def euclidean(x: Sequence[Fraction], precision: Precision) -> tuple[Enclosure, Fraction]:
    """``|x|_2``, and a t with ``|fl(|x|_2) - |x|_2| <= t |x|_2``.

    The sum of squares has relative error tau: gamma_d for d products and d - 1 additions, and d eta over the sum for
    what underflows. A scaling by the largest entry and back is four roundings more. As ``1 - tau <= sqrt(1 - tau)`` and
    ``sqrt(1 + tau) <= 1 + tau``, the root has the relative error tau too, and its own rounding: (1 + tau)(1 + u) - 1.
    """
    square = sum((entry * entry for entry in x), Fraction(0))
    if square == 0:  # products of zeros are zero
        return Enclosure(square, square), Fraction(0)
    tau = precision.gamma(len(x) + 4 + precision.operands) + len(x) * precision.eta / square
    return sqrt_enclosure(square, 128), (1 + tau) * (1 + precision.u) - 1


def divided(t: Fraction, roundings: int, u: Fraction) -> Fraction | None:
    """The relative error of a quotient by something of relative error t, after so many roundings; None if unbounded.

    ``1 / ((1 - t) (1 - u)^roundings) - 1``: errors upwards are smaller.
    """
    return 1 / ((1 - t) * (1 - u) ** roundings) - 1 if t < 1 else None


def middle(enclosure: Enclosure) -> Fraction:
    """The middle of an enclosure: nearer to what it encloses than half its width."""
    return (enclosure.lo + enclosure.hi) / 2


TRUTH = Fraction(1, 2**100)
"""What is added, relative to the sizes of terms, where an exact result is known to 128 bits only."""
