"""Operator norms from l_p to l_q for the tractable pairs: the largest norm of a column or row, or a singular value.

    (1, 1), (inf, inf)   the largest 1-norm of a column, of a row      (1, inf)  the largest entry
    (1, 2), (2, inf)     the largest 2-norm of a column, of a row      (2, 2)    `spectral_norm`

Value. A 1-norm of d entries errs by gamma_{d-1} of itself, a 2-norm by `tolerances.euclidean`; a maximum errs by no
more than the worst of what it is taken of.

Gradient. The norm is a maximum of convex functions, so its generalised Jacobian is the hull of the subdifferentials of
the vectors whose norm is the largest: ``y_bar lambda_j s_j`` on vector j, with lambda_j >= 0 of sum 1 over those, zero
on the others. s_j has the signs of the entries for a 1-norm and anything in [-1, 1] at zeros, and is the unit vector
for a 2-norm. For W = 0 it is anything in the dual unit ball. Vectors that rounding may take for the largest count among
these. lambda_j is read off what was found; lambda, s and y_bar are multiplied with at most four roundings, and a unit
vector has the error of a quotient by its norm.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from refsort import strategies
from refsort.oracle.claims import Claims, Comparison, entrywise, show
from refsort.oracle.hull import Ratio, over
from refsort.oracle.operations.exactly import exact, fractions
from refsort.oracle.operations.operation import Case, Operation, matrix_sides, scalar_cotangents
from refsort.oracle.operations.spectral_norm import SPECTRAL_NORM
from refsort.oracle.operations.spectral_norm import weights as spectral_weights
from refsort.oracle.tolerances import TRUTH, Precision, divided, euclidean, middle
from refsort.rounding import gamma

Array = NDArray[Any]

PAIRS = ((1, 1), (math.inf, math.inf), (1, 2), (2, math.inf), (1, math.inf), (2, 2))


@st.composite
def _cases(draw: st.DrawFn, op: str, dtype: str) -> Case:
    p, q = draw(st.sampled_from(PAIRS))
    form = strategies.FORMATS[dtype]
    if p == q == 2:
        w = draw(spectral_weights(dtype))
    else:
        bits = draw(st.sampled_from([1, 2, form.precision - 2]))
        reach = 0 if dtype == "float16" else 20
        w = draw(strategies.lattice(dtype, draw(matrix_sides()), bits, (-bits - reach, -bits + reach)))
    return Case(op, dtype, (w,), {"p": p, "q": q}, draw(scalar_cotangents(dtype)))


class Vector(NamedTuple):
    """A column, a row or an entry: where it stands, its entries, its norm and the error of a computed one."""

    places: list[tuple[int, int]]
    entries: list[Fraction]
    norm: Fraction
    error: Fraction
    relative: Fraction


def vectors_of(case: Case, precision: Precision) -> list[Vector]:
    """The vectors whose largest norm is the operator norm, for every pair but (2, 2)."""
    w, (p, q) = exact(case.arrays[0]), (case.params["p"], case.params["q"])
    m, n = w.shape
    if (p, q) == (1, math.inf):
        places = [[(i, j)] for i in range(m) for j in range(n)]
    elif p == 1:
        places = [[(i, j) for i in range(m)] for j in range(n)]
    else:
        places = [[(i, j) for j in range(n)] for i in range(m)]
    return [_vector(place, [w[at] for at in place], _euclidean(case), precision) for place in places]


def _euclidean(case: Case) -> bool:
    return 2 in (case.params["p"], case.params["q"])


def _vector(places: list[tuple[int, int]], entries: list[Fraction], is_euclidean: bool, precision: Precision) -> Vector:
    if is_euclidean:
        norm, relative = euclidean(entries, precision)
        return Vector(places, entries, middle(norm), middle(norm) * (relative + TRUTH), relative)
    size = sum(map(abs, entries), Fraction(0))
    return Vector(places, entries, size, precision.gamma(len(entries) - 1) * size, Fraction(0))


def truth(case: Case) -> Array:
    """The norm, known to 80 bits."""
    if case.params["p"] == case.params["q"] == 2:
        return SPECTRAL_NORM.truth(case)
    return fractions([max(vector.norm for vector in vectors_of(case, Precision.of(case.dtype)))], ())


def _values(case: Case, out: Array, precision: Precision) -> Claims:
    if case.params["p"] == case.params["q"] == 2:
        yield from SPECTRAL_NORM.values(case, out, precision)
        return
    bound = max(vector.error for vector in vectors_of(case, precision))
    yield entrywise("value", "the norm", truth(case), out, fractions([bound], ()))


def _gradients(case: Case, gradients: Sequence[Array], precision: Precision) -> Claims:
    if case.params["p"] == case.params["q"] == 2:
        assert SPECTRAL_NORM.gradients is not None
        yield from SPECTRAL_NORM.gradients(case, gradients, precision)
        return
    y_bar, found = exact(case.cotangent).item(), gradients[0]
    vectors = vectors_of(case, precision)
    floor = max(vector.norm - vector.error for vector in vectors)
    active = [vector for vector in vectors if vector.norm + vector.error >= floor]
    support = {place for vector in active for place in vector.places}
    outside = max((abs(g) for place, g in np.ndenumerate(found) if place not in support), default=Fraction(0))
    ratio = max(over(outside, Fraction(0)), _shares_ratio(active, found, y_bar, _euclidean(case), precision))
    zeros = not _euclidean(case) and any(x == 0 for vector in active for x in vector.entries)
    kind = "kink" if len(active) > 1 or zeros or floor == 0 else "gradient"
    largest = "; ".join(show(vector.entries) for vector in active)
    expected = f"{show(y_bar)} times a subgradient of the norm of {largest} where that stands, and zeros elsewhere"
    yield Comparison(kind, f"the gradient of w = {show(exact(case.arrays[0]))}", ratio, expected, show(found))


def _shares_ratio(
    active: list[Vector], found: Array, y_bar: Fraction, is_euclidean: bool, precision: Precision
) -> Ratio:
    """Error over bound of what was found on the largest vectors: the pattern on each, and the sum of the shares."""
    sign = 1 if y_bar >= 0 else -1
    d = len(active[0].entries)
    eta = (d + 2) * (1 + abs(y_bar)) * precision.eta
    total, ratio, worst = Fraction(0), Fraction(0), gamma(4, precision.u)
    ratios: list[Ratio] = [ratio]
    for vector in active:
        f = [sign * found[place] for place in vector.places]
        relative = divided(vector.relative, 8, precision.u)
        if relative is None:
            return math.nan
        if vector.norm == 0:  # then W = 0 and all are active
            share = sqrt_sum(f) if is_euclidean else max(map(abs, f))
        elif is_euclidean:
            unit, worst = [x / vector.norm for x in vector.entries], max(worst, relative + TRUTH)
            share = sum((a * b for a, b in zip(f, unit, strict=True)), Fraction(0))
            allowed = 2 * worst / (1 - worst) * abs(share)
            ratios += [over(abs(a - share * b), allowed * abs(b) + eta) for a, b in zip(f, unit, strict=True)]
        else:
            shares = [a if x > 0 else -a for a, x in zip(f, vector.entries, strict=True) if x]
            share = max(shares)
            allowed = 2 * worst / (1 - worst) * abs(share) + eta
            ratios.append(over(share - min(shares), allowed))
            free = [abs(a) for a, x in zip(f, vector.entries, strict=True) if not x]
            ratios += [over(max(a - share, Fraction(0)), allowed) for a in free]
        ratios.append(over(max(-share, Fraction(0)), eta))
        total += share
    excess = total - abs(y_bar) if active[0].norm == 0 else abs(total - abs(y_bar))
    ratios.append(over(max(excess, Fraction(0)), worst * abs(y_bar) + len(active) * eta))
    return max(ratios)


def sqrt_sum(f: list[Fraction]) -> Fraction:
    """The 2-norm of f, from below."""
    return euclidean(f, Precision(Fraction(0), Fraction(0)))[0].lo


OPERATOR_NORM = Operation(_cases, truth, _values, _gradients)
