"""Projection of rows on an l1 ball: a threshold with its error, and the hull of the Jacobians at a kink.

Half of the cases are small whole numbers, on which every row is either exactly at a kink or well away from one.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate
from typing import Any, NamedTuple

from hypothesis import strategies as st
from numpy.typing import NDArray

from refsort import spec, strategies
from refsort.oracle.claims import Claims, Comparison, entrywise, show
from refsort.oracle.hull import Candidate, hull_ratio
from refsort.oracle.operations.exactly import exact, fractions
from refsort.oracle.operations.operation import Case, Operation, sides
from refsort.oracle.tolerances import Precision
from refsort.rounding import gamma

Array = NDArray[Any]


@st.composite
def _cases(draw: st.DrawFn, op: str, dtype: str) -> Case:
    n, d = draw(sides(2, 4, empty=True))
    few = 1 if dtype == "bfloat16" else 2  # so few that gamma_n times the l1 norm is less than one quantum
    bits, exponents = draw(st.sampled_from([(few, (-3, 3)), (strategies.FORMATS[dtype].precision - 4, (-20, 0))]))
    v, radius = draw(strategies.l1_ball_rows(dtype, (n, d), bits, exponents))
    return Case(op, dtype, (v,), {"radius": radius}, draw(strategies.cotangents(dtype, (n, d), 3)))


def truth(case: Case) -> Array:
    """The rows, each on the l1 ball."""
    v, radius = exact(case.arrays[0]), case.params["radius"]
    return fractions([x for row in v.tolist() for x in spec.project_l1_ball(row, radius)], v.shape)


class Threshold(NamedTuple):
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


def threshold_of(v: Sequence[Fraction], radius: Fraction, precision: Precision) -> Threshold:
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
    doubt = precision.gamma(len(v) + 4) * (sums[-1] + radius)
    if excess <= -doubt:
        return Threshold(Fraction(0), Fraction(0), excess, doubt)
    errors = [doubt / j + precision.eta for j in range(1, len(v) + 1)]
    candidates = [tau] if excess <= doubt else []
    for j, (theta, error) in enumerate(zip(thetas, errors, strict=True)):
        kept = sizes[j] >= theta - 2 * error
        dropped = j + 1 == len(v) or sizes[j + 1] <= tau + 2 * error
        if kept and dropped:
            candidates.append(error + abs(theta - tau))
    return Threshold(tau, max(candidates), excess, doubt)


def projection_errors(v: Sequence[Fraction], threshold: Threshold, precision: Precision) -> list[Fraction]:
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


def gradient_errors(
    jacobian: Sequence[Sequence[Fraction]], g: Sequence[Fraction], precision: Precision
) -> list[Fraction]:
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
    rounding = precision.gamma(len(g) + 3)
    return [(rounding * (abs(x) + mean) + len(g) * precision.eta) * keep for x, keep in zip(g, kept, strict=True)]


def _values(case: Case, out: Array, precision: Precision) -> Claims:
    radius = spec.frac(case.params["radius"])
    bounds = [
        bound
        for row in exact(case.arrays[0]).tolist()
        for bound in projection_errors(row, threshold_of(row, radius, precision), precision)
    ]
    yield entrywise("value", "the result", truth(case), out, fractions(bounds, out.shape))


def _gradients(case: Case, gradients: Sequence[Array], precision: Precision) -> Claims:
    """In each row an element of the hull of the J^T g; rows that rounding may carry over a kink are passed over."""
    radius = spec.frac(case.params["radius"])
    arrays = (exact(case.arrays[0]), exact(case.cotangent), gradients[0])
    for v, g, found in zip(*(array.tolist() for array in arrays), strict=True):
        if rounding_may_cross_a_kink(v, threshold_of(v, radius, precision), precision):
            continue
        jacobians = spec.l1_ball_jacobians(v, radius)
        candidates = [_candidate(jacobian, g, precision) for jacobian in jacobians]
        several = len(candidates) > 1
        hull = f"an element of the hull of {'; '.join(sorted({show(c.gradient) for c in candidates}))}"
        yield Comparison(
            "kink" if several else "gradient",
            f"the gradient at the row {show(v)} with cotangent {show(g)}",
            hull_ratio(found, candidates),
            hull if several else show(candidates[0].gradient),
            show(found),
        )


def _candidate(jacobian: spec.exact.Matrix, g: list[Fraction], precision: Precision) -> Candidate:
    product = [sum((a * b for a, b in zip(row, g, strict=True)), Fraction(0)) for row in jacobian]  # J is symmetric
    return Candidate(product, gradient_errors(jacobian, g, precision))


def rounding_may_cross_a_kink(v: list[Fraction], threshold: Threshold, precision: Precision) -> bool:
    """Whether v is near a kink without being at one; at one, every neighbouring piece is admissible anyway."""
    if 0 < abs(threshold.excess) <= threshold.doubt:
        return True
    if threshold.excess < 0:
        return False
    distances = [abs(abs(x) - threshold.tau) for x in v]
    return any(0 < distance <= 2 * threshold.error for distance in distances)


PROJECT_L1_BALL = Operation(_cases, truth, _values, _gradients)
