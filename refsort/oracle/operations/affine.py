"""The affine map ``x W^T + b``: sums of products, and the adjoint of a map that is linear in each argument."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st
from numpy.typing import NDArray

from refsort import spec, strategies
from refsort.oracle.claims import Claims, entrywise
from refsort.oracle.operations.exactly import exact, fractions
from refsort.oracle.operations.operation import Case, Operation, sides
from refsort.oracle.tolerances import Precision, column_sums, product

Array = NDArray[Any]


@st.composite
def _cases(draw: st.DrawFn, op: str, dtype: str) -> Case:
    n, d_in, d_out = draw(sides(3, empty=True))
    if draw(st.sampled_from([False] * 3 + [True])):  # a layout that is guessed from the shape is wrong here alone
        d_out = d_in
    form = strategies.FORMATS[dtype]
    top = form.highest // 2 - form.precision  # then products and their sums do not overflow
    exponents = draw(st.sampled_from([(-form.precision, min(0, top)), (form.lowest, top)]))  # underflow is in the bound
    shapes = ((n, d_in), (d_out, d_in), (d_out,), (n, d_out))
    x, w, b, y_bar = (draw(strategies.lattice(dtype, shape, None, exponents)) for shape in shapes)
    return Case(op, dtype, (x, w, b), {}, y_bar)


def truth(case: Case) -> Array:
    """``x W^T + b`` row by row."""
    x, w, b = (exact(array).tolist() for array in case.arrays)
    return fractions([y for row in x for y in spec.affine(row, w, b)], case.cotangent.shape)


def gradients(case: Case) -> tuple[Array, Array, Array]:
    """``y_bar W``, ``y_bar^T x`` and the column sums of y_bar."""
    x, w, _ = (exact(array) for array in case.arrays)
    y_bar = exact(case.cotangent)
    return y_bar @ w, y_bar.T @ x, y_bar.sum(axis=0)


def _values(case: Case, out: Array, precision: Precision) -> Claims:
    x, w, b = (exact(array) for array in case.arrays)
    yield entrywise("value", "the result", truth(case), out, product(x, w.T, precision, b))


def _gradients(case: Case, found: Sequence[Array], precision: Precision) -> Claims:
    x, w, _ = (exact(array) for array in case.arrays)
    y_bar = exact(case.cotangent)
    bounds = product(y_bar, w, precision), product(y_bar.T, x, precision), column_sums(y_bar, precision)
    for name, expected, gradient, bound in zip("xwb", gradients(case), found, bounds, strict=True):
        yield entrywise("gradient", f"the gradient of {name}", expected, gradient, bound)


AFFINE = Operation(_cases, truth, _values, _gradients)
