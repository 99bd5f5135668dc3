"""``W / ||W||_2``, with the exact norm: the largest singular value becomes 1.

Write sigma for the norm, which is computed with the error e of `spectral_norm`, and epsilon = e / sigma + u.

Value. A quotient by something of relative error epsilon, or a product with a rounded reciprocal: three roundings.

Gradient. ``J^T g = (g - c D) / sigma`` with ``c = <g, W> / sigma`` and D the gradient of the norm. The terms g / sigma
and D <g, W> / sigma^2 are divided by the computed norm up to three times, have at most m n + 10 other roundings, and D
errs as it does for the norm. Where the largest singular value is not simple, D may be any subgradient: then
``c D = g - sigma (what was found)`` is asked to be c times one, with the errors of all else allowed for.

The zero matrix has no direction to keep and is not asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from hypothesis import strategies as st
from numpy.typing import NDArray

from refsort import strategies
from refsort.oracle.claims import Claims, Comparison, entrywise, show
from refsort.oracle.hull import over
from refsort.oracle.operations.exactly import exact, fractions
from refsort.oracle.operations.operation import Case, Operation
from refsort.oracle.operations.spectral_norm import (
    Top,
    leading_pair,
    pair_error,
    subgradient_ratio,
    top_of,
    value_error,
    weights,
)
from refsort.oracle.operations.spectral_norm import truth as norm_of
from refsort.oracle.tolerances import TRUTH, Precision, divided
from refsort.spec import sqrt_enclosure

Array = NDArray[Any]


@st.composite
def _cases(draw: st.DrawFn, op: str, dtype: str) -> Case:
    w = draw(weights(dtype).filter(lambda w: bool(w.any())))
    return Case(op, dtype, (w,), {}, draw(strategies.lattice(dtype, w.shape, 3, (-2, -2))))


def truth(case: Case) -> Array:
    """The normalised weight, known to 80 bits."""
    normalised: Array = exact(case.arrays[0]) / norm_of(case).item()
    return normalised


def _relative(top: Top) -> Fraction:
    return value_error(top) / top.sigma


def value_errors(top: Top) -> Array | None:
    """The bounds of the entries; None where there is none."""
    relative = divided(_relative(top), 3, top.rounding)
    if relative is None:
        return None
    sizes = (abs(x) / top.sigma * relative + (1 + abs(x)) * top.eta for x in top.w.flat)
    return fractions(sizes, top.w.shape)


class Pulled(NamedTuple):
    """c, ``sum |g_i W_i| / sigma``, and how far sigma times a computed gradient may be off by all but D."""

    c: Fraction
    size: Fraction
    error: Fraction


def pulled(g: Array, top: Top) -> Pulled | None:
    """The parts of the gradient for the cotangent g; None where there is no bound."""
    quotient = divided(_relative(top), 0, top.rounding)
    if quotient is None:
        return None
    c, size = (g * top.w).sum() / top.sigma, abs(g * top.w).sum() / top.sigma
    relative = (1 + quotient) ** 3 / (1 - top.rounding) ** (g.size + 10) - 1 + TRUTH
    length = sqrt_enclosure((g * g).sum()).hi
    # of sigma times the gradient: a subgradient has F-norm 1 at most
    error = relative * (length + size) + g.size * (1 + 1 / top.sigma) ** 2 * (1 + top.sigma) ** 2 * top.eta
    return Pulled(c, size, error)


def _values(case: Case, out: Array, precision: Precision) -> Claims:
    top = top_of(exact(case.arrays[0]), case.dtype, precision)
    bound = None if top is None else value_errors(top)
    if top is not None and bound is not None:
        yield entrywise("value", "the result", top.w / top.sigma, out, bound)


def _gradients(case: Case, gradients: Sequence[Array], precision: Precision) -> Claims:
    top = top_of(exact(case.arrays[0]), case.dtype, precision)
    g, found = exact(case.cotangent), gradients[0]
    parts = None if top is None else pulled(g, top)
    if top is None or parts is None:
        return
    c, size, error = parts
    ratio = subgradient_ratio(g - top.sigma * found, c, top, error + top.vectors * size)
    leading = leading_pair(top)
    pair = None if leading is None else pair_error(top, leading[1])
    if leading is None or pair is None:
        what = "the gradient of w, where the largest singular value is not simple"
        yield Comparison("kink", what, ratio, "(cotangent - c times a subgradient) / norm", show(found))
        return
    expected = (g - c * leading[0]) / top.sigma
    distance = sqrt_enclosure(((found - expected) ** 2).sum()).lo
    ratio = max(ratio, over(distance, (error + size * pair) / top.sigma))
    yield Comparison("gradient", "the gradient of w", ratio, show(expected), show(found))


SPECTRAL_NORMALIZE = Operation(_cases, truth, _values, _gradients)
