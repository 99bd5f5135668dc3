"""Kantorovich-Rubinstein: the mean of a critic's values on P minus the mean of its values on Q.

Value. Every term v / n passes through at most max(n, m) - 1 additions, a division or a product with a rounded
reciprocal, and one subtraction: ``gamma_N (mean |p| + mean |q|)`` with N = max(n, m) + 2; where the terms are divided
first, each may underflow by eta.

Gradient. ``y_bar / n`` and ``-y_bar / m``: a quotient, or a product with a rounded reciprocal.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st
from numpy.typing import NDArray

from refsort import spec, strategies
from refsort.oracle.claims import Claims, entrywise
from refsort.oracle.operations.exactly import exact, fractions
from refsort.oracle.operations.operation import Case, Operation, scalar_cotangents, scaled, sides
from refsort.oracle.tolerances import Precision
from refsort.rounding import gamma

Array = NDArray[Any]


@st.composite
def critic_values(draw: st.DrawFn, dtype: str) -> tuple[Array, Array, int, int]:
    """Values on samples of P and of Q, of different sizes, and their lattice: bits and exponent."""
    n, m = draw(sides(2))
    form = strategies.FORMATS[dtype]
    bits = draw(st.sampled_from([2, 2, form.precision - 3]))
    reach = 2 if dtype == "float16" else 40
    e = draw(st.sampled_from([0, 0, -reach, reach])) + 2 - bits
    whole = draw(st.lists(st.integers(-(2**bits), 2**bits), min_size=n + m, max_size=n + m))
    return scaled(dtype, whole[:n], e, (n,)), scaled(dtype, whole[n:], e, (m,)), bits, e


@st.composite
def _cases(draw: st.DrawFn, op: str, dtype: str) -> Case:
    p, q, _, _ = draw(critic_values(dtype))
    return Case(op, dtype, (p, q), {}, draw(scalar_cotangents(dtype)))


def truth(case: Case) -> Array:
    """The difference of the means."""
    p, q = (exact(array).tolist() for array in case.arrays)
    return fractions([spec.kr(p, q)], ())


def value_error(case: Case, precision: Precision) -> Fraction:
    """The bound of the value."""
    n, m = (array.size for array in case.arrays)
    size = sum((Fraction(abs(exact(array)).sum()) / array.size for array in case.arrays), Fraction(0))
    return precision.gamma(max(n, m) + 2) * size + (n + m + 2) * precision.eta


def _values(case: Case, out: Array, precision: Precision) -> Claims:
    yield entrywise(
        "value", "the difference of the means", truth(case), out, fractions([value_error(case, precision)], ())
    )


def gradient_error(share: Fraction, y_bar: Fraction, precision: Precision) -> Fraction:
    """The bound of a computed ``share = y_bar / n``."""
    return gamma(2, precision.u) * abs(share) + precision.eta * (1 + abs(y_bar))


def _gradients(case: Case, gradients: Sequence[Array], precision: Precision) -> Claims:
    y_bar = exact(case.cotangent).item()
    for name, sign, array, found in zip("PQ", (1, -1), case.arrays, gradients, strict=True):
        share = sign * y_bar / array.size
        bound = gradient_error(share, y_bar, precision)
        expected, bounds = fractions([share] * array.size, array.shape), fractions([bound] * array.size, array.shape)
        yield entrywise("gradient", f"the gradient of the values on {name}", expected, found, bounds)


KR = Operation(_cases, truth, _values, _gradients)
