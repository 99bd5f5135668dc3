"""Hinge-regularised Kantorovich-Rubinstein: ``-kr + alpha * hinge``, the hinge a mean over both samples together.

Value. The terms v / n, v / m and alpha (margin - s v) / (n + m) pass through at most n + m + 5 roundings: one for the
hinge, n + m - 1 additions, two for a mean by a rounded reciprocal, the product with alpha, two additions at the end. So

    gamma_{n+m+5} (mean |p| + mean |q| + |alpha| sum (|margin| + |v|) / (n + m)),

where the last sum runs over the hinges that rounding may leave open, and (1 + |alpha|) (n + m + 4) eta for underflow.

Gradient. On P ``y_bar (-1/n - alpha o / (n + m))`` and on Q ``y_bar (1/m + alpha o / (n + m))`` with o = 1 where the
hinge is open, 0 where it is closed, and anything between at its corner, or where rounding may open or close it. Each
term has at most five roundings, the sum of the two among them.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from hypothesis import strategies as st
from numpy.typing import NDArray

from refsort import spec
from refsort.oracle.claims import Claims, entrywise, within
from refsort.oracle.operations.exactly import exact, fractions
from refsort.oracle.operations.kr import critic_values
from refsort.oracle.operations.operation import Case, Operation, scalar_cotangents
from refsort.oracle.tolerances import Precision
from refsort.rounding import gamma

Array = NDArray[Any]


@st.composite
def _cases(draw: st.DrawFn, op: str, dtype: str) -> Case:
    p, q, bits, e = draw(critic_values(dtype))
    margin = float(draw(st.integers(1, 2**bits))) * 2.0**e
    alpha = draw(st.sampled_from([0.5, 1.0, 10.0, 0.0]))
    return Case(op, dtype, (p, q), {"margin": margin, "alpha": alpha}, draw(scalar_cotangents(dtype)))


def truth(case: Case) -> Array:
    """The loss."""
    p, q = (exact(array).tolist() for array in case.arrays)
    return fractions([spec.hkr(p, q, case.params["margin"], case.params["alpha"])], ())


def _lacking(case: Case, precision: Precision) -> list[list[tuple[Fraction, Fraction]]]:
    """For each value on P and on Q ``margin - s v`` and its rounding error."""
    margin = spec.frac(case.params["margin"])
    return [
        [(margin - sign * v, precision.u * abs(margin - sign * v)) for v in exact(array).tolist()]
        for sign, array in zip((1, -1), case.arrays, strict=True)
    ]


def value_error(case: Case, precision: Precision) -> Fraction:
    """The bound of the value."""
    margin, alpha = (abs(spec.frac(case.params[name])) for name in ("margin", "alpha"))
    total, size = sum(array.size for array in case.arrays), Fraction(0)
    for array, hinges in zip(case.arrays, _lacking(case, precision), strict=True):
        for v, (lacking, error) in zip(exact(array).tolist(), hinges, strict=True):
            size += abs(v) / array.size
            if lacking > -error:
                size += alpha * (margin + abs(v)) / total
    return precision.gamma(total + 5) * size + (1 + alpha) * (total + 4) * precision.eta


def _values(case: Case, out: Array, precision: Precision) -> Claims:
    yield entrywise("value", "the loss", truth(case), out, fractions([value_error(case, precision)], ()))


def _gradients(case: Case, gradients: Sequence[Array], precision: Precision) -> Claims:
    for name, (corners, low, high, bound), found in zip("PQ", sides_of(case, precision), gradients, strict=True):
        kind = "kink" if any(corners) else "gradient"
        yield within(kind, f"the gradient of the values on {name}", low, high, found, bound)


class Side(NamedTuple):
    """For each value on P, or on Q: whether rounding may open or close its hinge, its least and largest gradient."""

    corners: list[bool]
    low: Array
    high: Array
    bound: Array


def sides_of(case: Case, precision: Precision) -> list[Side]:
    """That of P and that of Q."""
    y_bar, alpha = exact(case.cotangent).item(), spec.frac(case.params["alpha"])
    total, rounding = sum(array.size for array in case.arrays), gamma(5, precision.u)
    sides = []
    for sign, array, hinges in zip((1, -1), case.arrays, _lacking(case, precision), strict=True):
        mean, hinge = -sign * y_bar / array.size, -sign * y_bar * alpha / total
        corners = [abs(lacking) <= error for lacking, error in hinges]
        slopes = [(0, 1) if at else (int(lacking > 0),) * 2 for at, (lacking, _) in zip(corners, hinges, strict=True)]
        ends = [sorted((mean + low * hinge, mean + high * hinge)) for low, high in slopes]
        underflow = (1 + abs(alpha)) * (1 + abs(y_bar)) * 4 * precision.eta
        bound = [rounding * (abs(mean) + high * abs(hinge)) + underflow for _, high in slopes]
        low, high, bounds = (fractions(x, array.shape) for x in ([e[0] for e in ends], [e[1] for e in ends], bound))
        sides.append(Side(corners, low, high, bounds))
    return sides


HKR = Operation(_cases, truth, _values, _gradients)
