"""Projection of rows on an l2 ball: a row outside is divided by its norm, a row inside is left alone.

Write N = |v|_2, r for the radius, u = v / N. The norm is computed with a relative error t (`tolerances.euclidean`), so
rounding decides on which side of the sphere a row is only where N and r agree to t and the roundings of a comparison.

Value. Outside, r v / N is the quotient of something by N and up to six roundings, a change of scale there and back
included: a relative error T. What underflows on the way adds at most ``(2 + |v_i| + r) eta``. Where rounding decides,
the factor of v is 1 or the computed r / N, and the exact one is the smaller of 1 and r / N: ``|1 - r / N|`` is added.
Inside, ``v (r / max(N, r))`` is v up to the same six roundings, and so is its gradient: g gamma_6.

Gradient. Outside, J = (r / N) (I - u u^T). The two terms of J g, of sizes ``r |g_i| / N`` and
``r |u_i| sum_j |u_j g_j| / N``, have at most four divisions by N, its own roundings among them, and d + 12 others.
An underflow on the way is multiplied by no more than (1 + r) (1 + 1 / N)^3 (1 + |g|_1) (1 + N).
On the sphere the generalised Jacobian is the segment from I to I - u u^T, and near it either end is right to rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from hypothesis import strategies as st
from numpy.typing import NDArray

from refsort import spec, strategies
from refsort.oracle.claims import Claims, Comparison, entrywise, show
from refsort.oracle.hull import Candidate, hull_ratio
from refsort.oracle.operations.exactly import exact, fractions
from refsort.oracle.operations.operation import Case, Operation, scaled, sides
from refsort.oracle.tolerances import TRUTH, Precision, divided, euclidean, middle
from refsort.rounding import gamma

Array = NDArray[Any]

# whole numbers whose norm is whole: rows exactly on a sphere
_ON_SPHERES: dict[int, list[tuple[int, ...]]] = {
    1: [(1,)],
    2: [(3, 4), (0, 2)],
    3: [(1, 2, 2), (2, 3, 6)],
    4: [(1, 1, 1, 1), (2, 4, 5, 6), (0, 0, 3, 4)],
}


@st.composite
def _cases(draw: st.DrawFn, op: str, dtype: str) -> Case:
    n, d = draw(sides(2, 4, empty=True))
    form = strategies.FORMATS[dtype]
    bits = draw(st.sampled_from([4, min(form.precision - 4, form.precision // 2 + 1)]))
    reach = 0 if dtype == "float16" else 20  # squares and cubes of norms stay far from both ends of the range
    e = draw(st.integers(-reach, reach)) - bits
    radius = draw(st.integers(1, 2**bits))
    rows = [draw(_row(d, radius, bits)) for _ in range(n)]
    v = scaled(dtype, [entry for row in rows for entry in row], e, (n, d))
    return Case(op, dtype, (v,), {"radius": float(radius) * 2.0**e}, draw(strategies.cotangents(dtype, (n, d), 3)))


@st.composite
def _row(draw: st.DrawFn, d: int, radius: int, bits: int) -> list[int]:
    tuples = [list(row) for row in _ON_SPHERES[d] if radius**2 % sum(x * x for x in row) == 0]
    if draw(st.booleans()) and tuples:
        row = draw(st.permutations(draw(st.sampled_from(tuples))))
        factor = radius // round(sum(x * x for x in row) ** 0.5)
        signs = draw(st.lists(st.sampled_from([1, -1]), min_size=d, max_size=d))
        return [factor * sign * x for sign, x in zip(signs, row, strict=True)]
    few = draw(st.sampled_from([2, bits]))
    entries: list[int] = draw(st.lists(st.integers(-(2**few), 2**few), min_size=d, max_size=d))
    return entries


class Row(NamedTuple):
    """A row, its norm, and which branches rounding may take: leaving it (`inside`), shortening it (`outside`)."""

    v: list[Fraction]
    radius: Fraction
    norm: Fraction
    t: Fraction
    inside: bool
    outside: bool


def row_of(v: list[Fraction], radius: Fraction, precision: Precision) -> Row:
    """The row v with the branches that a computed norm may lead into."""
    norm, t = euclidean(v, precision)
    # N, or N^2 against a rounded r^2, or N / r against 1: two roundings more than those of N
    doubt = (1 + t) * (1 + precision.u) ** 2 - 1
    inside, outside = norm.lo * (1 - doubt) <= radius, norm.hi * (1 + doubt) >= radius
    return Row(v, radius, middle(norm), t, inside, outside)


def truth(case: Case) -> Array:
    """The rows, each on the l2 ball, known to 128 bits."""
    v, radius = exact(case.arrays[0]), case.params["radius"]
    return fractions([middle(x) for row in v.tolist() for x in spec.project_l2_ball(row, radius)], v.shape)


def value_errors(row: Row, precision: Precision) -> list[Fraction] | None:
    """``|fl(x_i) - x_i|``; None where there is no bound."""
    underflow = [(2 + abs(x) + row.radius) * precision.eta * (x != 0) for x in row.v]
    if not row.outside:
        return [gamma(6, precision.u) * abs(x) + least for x, least in zip(row.v, underflow, strict=True)]
    relative = divided(row.t, 6, precision.u)
    if relative is None:
        return None
    shrink = row.radius / row.norm
    wrong_side = abs(1 - shrink) if row.inside else Fraction(0)
    factor = wrong_side + (relative + TRUTH) * shrink
    return [abs(x) * factor + least for x, least in zip(row.v, underflow, strict=True)]


def candidates(row: Row, g: list[Fraction], precision: Precision) -> list[Candidate] | None:
    """J g for the Jacobians of the branches; None where one has no bound."""
    rounding = gamma(6, precision.u)
    kept = [rounding * abs(y) + (2 + abs(y) + row.radius) * precision.eta * (y != 0) for y in g]
    result = [Candidate(g, kept)] if row.inside else []
    if not row.outside:
        return result
    relative = divided(row.t, 0, precision.u)
    if relative is None:
        return None
    d, shrink, unit = len(g), row.radius / row.norm, [x / row.norm for x in row.v]
    relative = (1 + relative) ** 4 * (1 + precision.gamma(d + 12)) - 1 + TRUTH
    along = sum((a * b for a, b in zip(unit, g, strict=True)), Fraction(0))
    size = sum((abs(a * b) for a, b in zip(unit, g, strict=True)), Fraction(0))
    reach = (1 + row.radius) * (1 + 1 / row.norm) ** 3 * (1 + sum(map(abs, g), Fraction(0))) * (1 + row.norm)
    gradient = [shrink * (y - x * along) for x, y in zip(unit, g, strict=True)]
    bound = [
        relative * shrink * (abs(y) + abs(x) * size) + (2 * d + 8) * reach * precision.eta
        for x, y in zip(unit, g, strict=True)
    ]
    return [*result, Candidate(gradient, bound)]


def _values(case: Case, out: Array, precision: Precision) -> Claims:
    radius = spec.frac(case.params["radius"])
    for v, expected, found in zip(exact(case.arrays[0]), truth(case), out, strict=True):
        bound = value_errors(row_of(v.tolist(), radius, precision), precision)
        if bound is not None:
            yield entrywise("value", f"the row {show(v)}", expected, found, fractions(bound, v.shape))


def _gradients(case: Case, gradients: Sequence[Array], precision: Precision) -> Claims:
    radius = spec.frac(case.params["radius"])
    arrays = (exact(case.arrays[0]), exact(case.cotangent), gradients[0])
    for v, g, found in zip(*(array.tolist() for array in arrays), strict=True):
        ends = candidates(row_of(v, radius, precision), g, precision)
        if ends is None:
            continue
        segment = f"a point between {' and '.join(show(end.gradient) for end in ends)}"
        yield Comparison(
            "kink" if len(ends) > 1 else "gradient",
            f"the gradient at the row {show(v)} with cotangent {show(g)}",
            hull_ratio(found, ends),
            segment if len(ends) > 1 else show(ends[0].gradient),
            show(found),
        )


PROJECT_L2_BALL = Operation(_cases, truth, _values, _gradients)
