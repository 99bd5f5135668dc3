"""How far a correct implementation may be from the exact result: bounds with proofs, no chosen constants.

The model: round to nearest with unit roundoff u, gradual underflow with smallest subnormal eta,

    fl(a + b) = (a + b)(1 + d),   fl(a b) = a b (1 + d) + h,   |d| <= u, |h| <= eta / 2,    likewise a / b,

in any order of summation and with or without fused multiply-adds, which only leave roundings out. A computed sum of
products is then the exact sum with every term multiplied by as many factors (1 + d) as roundings it passed through, so
that it errs by at most gamma_n times the sum of the absolute values, n the largest such number. Flushing subnormals to
zero, Strassen and Winograd products lie outside of the model. An adapter that computes with fewer bits than its dtype
has says so with UNIT_ROUNDOFF: u is then what it says, and both operands of a product may first be rounded to that.

The bounds here are exact Fractions. Those of Bjorck's iteration are in `refsort.oracle.bjorck_tolerance`.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate
from typing import Any, NamedTuple

from numpy.typing import NDArray

from refsort.rounding import SMALLEST_SUBNORMAL, UNIT_ROUNDOFF, gamma

Array = NDArray[Any]


class Precision(NamedTuple):
    """u, the smallest subnormal eta, and how many operands of a product are rounded before it: 0, or 2."""

    u: Fraction
    eta: Fraction
    operands: int = 0

    @classmethod
    def of(cls, dtype: str, unit_roundoff: dict[str, Fraction] = UNIT_ROUNDOFF) -> Precision:
        """That of a dtype, or what an adapter declares for it."""
        u = unit_roundoff[dtype]
        return cls(u, SMALLEST_SUBNORMAL[dtype], 2 * (u > UNIT_ROUNDOFF[dtype]))


def product(a: Array, b: Array, precision: Precision, offset: Array | None = None) -> Array:
    """``|fl(a b + offset) - (a b + offset)|``, entry by entry, for matrices of Fractions.

    A term a_ik b_kj passes through its multiplication and at most d - 1 additions, d the inner length, and one more
    where an offset is added: ``gamma_d (|a| |b|)``, or ``gamma_{d+1} (|a| |b| + |offset|)``. Each of the d products may
    underflow by eta / 2, which the later additions magnify by less than 2.
    """
    inner = a.shape[1]
    size = abs(a) @ abs(b)
    underflow = inner * precision.eta
    roundings = inner + precision.operands
    if offset is not None:
        roundings, size = roundings + 1, size + abs(offset)
    bound: Array = gamma(roundings, precision.u) * size + underflow
    return bound


def column_sums(y: Array, precision: Precision) -> Array:
    """``|fl(sum_i y_ij) - sum_i y_ij| <= gamma_{n-1} sum_i |y_ij|``: n - 1 additions, which cannot underflow."""
    bound: Array = gamma(y.shape[0] - 1, precision.u) * abs(y).sum(axis=0)
    return bound


def shared_cotangent(block: Sequence[Fraction], precision: Precision) -> Fraction:
    """By how much a gradient at a tie of k entries may exceed majorisation by the cotangents g of the block.

    An exact admissible gradient is D g with D doubly stochastic. Averaging gives an entry of it with k products, k - 1
    additions and weights 1 / k that were themselves rounded, so it errs by ``gamma_{k+1} sum_j D_ij |g_j|``; a sum of
    entries errs by at most the sum of these, and the columns of D sum to 1. A block of one is passed on unchanged.
    """
    k = len(block)
    if k == 1:
        return Fraction(0)
    return gamma(k + 1, precision.u) * sum((abs(g) for g in block), Fraction(0)) + k * k * precision.eta


class L1Threshold(NamedTuple):
    """The threshold tau of a row, and how far a computed one may be from it.

    Attributes
    ----------
    tau : Fraction
        0 inside the ball and on its sphere.
    error : Fraction
        Bound of ``|tau_computed - tau|``; 0 where the row is inside beyond doubt.
    excess : Fraction
        ``||v||_1 - radius``.
    doubt : Fraction
        Within this distance of the sphere rounding decides which side a row is on.
    """

    tau: Fraction
    error: Fraction
    excess: Fraction
    doubt: Fraction


def l1_threshold(v: Sequence[Fraction], radius: Fraction, precision: Precision) -> L1Threshold:
    """tau and its error for the projection of v on the l1 ball.

    Write u_1 >= u_2 >= ... for the |v_i|, theta_j = (u_1 + ... + u_j - radius) / j; the exact tau is the largest
    theta_j where that is positive. A sum, the subtraction of the radius, a division (or a product with a rounded 1 / j)
    and the scaling of the row to a unit ball and back are at most d + 4 roundings, so every computed theta_j errs by at
    most E / j + eta, E = gamma_{d+4} (||v||_1 + radius).

    An algorithm may end with another number j of kept entries than the exact one, but only with one that its rounded
    comparisons allow: the entries kept are not below theta_j by more than 2 (E / j + eta), and those dropped are not
    above tau by more. So the error is at most the largest ``E / j + eta + |theta_j - tau|`` over these j. A row within
    E of the sphere may also be taken for one on the other side of it, which adds the candidate tau_computed = 0.
    """
    sizes = sorted((abs(x) for x in v), reverse=True)
    sums = list(accumulate(sizes))
    thetas = [(total - radius) / j for j, total in enumerate(sums, 1)]
    tau, excess = max(max(thetas), Fraction(0)), sums[-1] - radius
    doubt = gamma(len(v) + 4, precision.u) * (sums[-1] + radius)
    if excess <= -doubt:
        return L1Threshold(Fraction(0), Fraction(0), excess, doubt)
    errors = [doubt / j + precision.eta for j in range(1, len(v) + 1)]
    candidates = [tau] if excess <= doubt else []
    for j, (theta, error) in enumerate(zip(thetas, errors, strict=True)):
        kept = sizes[j] >= theta - 2 * error
        dropped = j + 1 == len(v) or sizes[j + 1] <= tau + 2 * error
        if kept and dropped:
            candidates.append(error + abs(theta - tau))
    return L1Threshold(tau, max(candidates), excess, doubt)


def l1_projection(v: Sequence[Fraction], threshold: L1Threshold, precision: Precision) -> list[Fraction]:
    """``|fl(x_i) - x_i|`` for ``x_i = sign(v_i) max(|v_i| - tau, 0)``.

    The error of tau passes through max(., 0), which does not magnify it; the subtraction and the scaling back are three
    roundings of something no larger than |v_i| + error. An entry that lies below tau by more than its error is zero
    whatever was rounded, and a row inside beyond doubt is itself.
    """
    tau, error = threshold.tau, threshold.error
    if threshold.excess <= -threshold.doubt:
        return [Fraction(0)] * len(v)
    rounding = gamma(3, precision.u)
    return [Fraction(0) if abs(x) < tau - error else error + rounding * (abs(x) + error) + precision.eta for x in v]


def l1_gradient(jacobian: Sequence[Sequence[Fraction]], g: Sequence[Fraction], precision: Precision) -> list[Fraction]:
    """``|fl(J g) - J g|`` for J = I, or for J = diag(s^2) - s s^T / k with k non-zero entries in s.

    The mean of the s_j g_j takes d - 1 additions and a division, or a product with a rounded 1 / k; a subtraction and a
    change of scale follow: ``gamma_{d+3} (|g_i| + mean |g_j|)`` on the kept entries. A dropped entry is zero, and J = I
    is nothing.
    """
    if all(row[i] == 1 for i, row in enumerate(jacobian)):
        return [Fraction(0)] * len(g)
    kept = [any(row) for row in jacobian]
    if not any(kept):  # J = 0 where a single entry is kept: it cannot be told which, so all are given its bound
        kept = [True] * len(g)
    mean = sum((abs(x) for x, keep in zip(g, kept, strict=True) if keep), Fraction(0)) / sum(kept)
    rounding = gamma(len(g) + 3, precision.u)
    return [(rounding * (abs(x) + mean) + len(g) * precision.eta) * keep for x, keep in zip(g, kept, strict=True)]
