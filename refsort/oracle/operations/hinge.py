"""The multiclass hinge: ``mean_i (1/k) sum_{j != t} max(0, margin - (y_t - y_j))``.

Value. A hinge is a sum of three terms in some order, two roundings, then a maximum, which magnifies nothing. The
n (k - 1) hinges are added up and divided by n and k, at once or one after the other, or multiplied by rounded
reciprocals (four roundings). Some implementations also add the hinge j = t, which is the margin, and subtract it again.
So with

    S = (1 / n k) sum_i (2 |margin| + sum_{j != t} (|margin| + |y_t| + |y_j|)),     the error is at most gamma_N S,

N = n k + 8. A hinge that is closed by more than its own error adds nothing. Additions cannot underflow; each of the at
most n divisions may by eta.

Gradient. With s = y_bar / (n k), entry (i, j) is s for an open hinge, 0 for a closed one and anything between at the
corner; the entry at the label is minus the sum of its row. The generalised Jacobian of a sum of convex functions is the
sum of theirs, so these are all of them. Five roundings make s, and k - 1 additions the sum; at most k eta underflows. A
hinge that rounding may open or close is taken for one at its corner.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from hypothesis import strategies as st
from numpy.typing import NDArray

from refsort import spec
from refsort.oracle.claims import Claims, entrywise, show, within
from refsort.oracle.operations.exactly import exact, fractions
from refsort.oracle.operations.labelled import logits_and_labels
from refsort.oracle.operations.operation import Case, Operation, scalar_cotangents
from refsort.oracle.tolerances import Precision
from refsort.rounding import gamma

Array = NDArray[Any]


@st.composite
def _cases(draw: st.DrawFn, op: str, dtype: str) -> Case:
    reach = 2 if dtype == "float16" else 40
    logits, labels, bits, e = draw(logits_and_labels(dtype, reach))
    margin = float(draw(st.integers(0, 2**bits))) * 2.0**e
    return Case(op, dtype, (logits, labels), {"margin": margin}, draw(scalar_cotangents(dtype)))


def truth(case: Case) -> Array:
    """The loss."""
    logits, labels = case.arrays
    loss = spec.multiclass_hinge(exact(logits).tolist(), labels.tolist(), case.params["margin"])
    return fractions([loss], ())


def _lacking(case: Case, precision: Precision) -> list[list[tuple[Fraction, Fraction] | None]]:
    """For each row and each class ``margin - (y_t - y_j)`` and how far rounding may carry it; None at the label."""
    logits, margin = exact(case.arrays[0]).tolist(), spec.frac(case.params["margin"])
    rounding = gamma(2, precision.u)
    return [
        [
            None if j == t else (margin - row[t] + y, rounding * (abs(margin) + abs(row[t]) + abs(y)))
            for j, y in enumerate(row)
        ]
        for row, t in zip(logits, case.arrays[1].tolist(), strict=True)
    ]


class Row(NamedTuple):
    """For each class whether its hinge is open, whether rounding cannot tell, and the bound of its gradient."""

    opened: list[bool]
    corner: list[bool]
    bound: list[Fraction]


def rows_of(case: Case, precision: Precision) -> list[Row]:
    """The rows of a case."""
    n, k = case.arrays[0].shape
    share = exact(case.cotangent).item() / (n * k)
    slack = gamma(5, precision.u) * abs(share) + 2 * precision.eta
    rows = []
    for hinges, t in zip(_lacking(case, precision), case.arrays[1].tolist(), strict=True):
        corner = [hinge is not None and abs(hinge[0]) <= hinge[1] for hinge in hinges]
        opened = [hinge is not None and hinge[0] > hinge[1] for hinge in hinges]
        bound = [slack if up or at else 0 * slack for up, at in zip(opened, corner, strict=True)]
        count = sum(opened) + sum(corner)
        bound[t] = count * (gamma(k + 5, precision.u) * abs(share) + slack * sum(corner) + k * precision.eta)
        rows.append(Row(opened, corner, bound))
    return rows


def value_error(case: Case, precision: Precision) -> Fraction:
    """The bound of the value."""
    logits, margin = exact(case.arrays[0]).tolist(), abs(spec.frac(case.params["margin"]))
    n, k = case.arrays[0].shape
    size: Fraction = 2 * n * margin
    for row, t, hinges in zip(logits, case.arrays[1].tolist(), _lacking(case, precision), strict=True):
        for y, hinge in zip(row, hinges, strict=True):
            if hinge is not None and hinge[0] > -hinge[1]:
                size += margin + abs(row[t]) + abs(y)
    bound: Fraction = precision.gamma(n * k + 8) * size / (n * k) + (n + 2) * precision.eta
    return bound


def _values(case: Case, out: Array, precision: Precision) -> Claims:
    yield entrywise("value", "the loss", truth(case), out, fractions([value_error(case, precision)], ()))


def _gradients(case: Case, gradients: Sequence[Array], precision: Precision) -> Claims:
    n, k = case.arrays[0].shape
    share = exact(case.cotangent).item() / (n * k)
    for i, (t, (opened, corner, bound)) in enumerate(
        zip(case.arrays[1].tolist(), rows_of(case, precision), strict=True)
    ):
        found: list[Fraction] = gradients[0][i].tolist()
        ends = [
            (share, share) if up else (min(share, 0 * share), max(share, 0 * share)) if at else (0 * share, 0 * share)
            for up, at in zip(opened, corner, strict=True)
        ]
        # the label's entry follows from the others: what was found at the corners, and s at the open hinges
        shares = [f if at else end[0] for f, at, end in zip(found, corner, ends, strict=True)]
        ends[t] = (-sum(shares, Fraction(0)),) * 2
        low, high = (fractions([end[side] for end in ends], (k,)) for side in (0, 1))
        what = f"the gradient at the row {show(exact(case.arrays[0][i]))} with label {t}"
        kind = "kink" if any(corner) else "gradient"
        yield within(kind, what, low, high, fractions(found, (k,)), fractions(bound, (k,)))


HINGE = Operation(_cases, truth, _values, _gradients)
