"""What an implementation is asked: one case is one call, on data that tell wrong implementations from right ones.

All data are lattices (`refsort.strategies`). For the sorts the entries share one quantum, so that their differences are
exact: a + relu(b - a) and (a + b - |a - b|) / 2 are then as exact as a comparison, and none of them is accused of
rounding. For the l1 ball half of the cases are small whole numbers, on which every row is either exactly at a kink or
well away from one.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from refsort import strategies
from refsort.spec import frac

Array = NDArray[Any]

_ANY = (-2000, 2000)  # every exponent that the format has


class Case(NamedTuple):
    """One call of an adapter.

    Attributes
    ----------
    op : str
        A key of `OPERATIONS`.
    dtype : str
        What to compute in; `arrays` and `cotangent` have the dtype that carries it.
    arrays : tuple of ndarray
    params : dict
        By name, as in the protocol.
    cotangent : ndarray
        Of the shape of the result.
    """

    op: str
    dtype: str
    arrays: tuple[Array, ...]
    params: dict[str, Any]
    cotangent: Array

    def __repr__(self) -> str:
        arrays = ", ".join(str(array.tolist()) for array in self.arrays)
        return f"{self.op} {self.dtype} {arrays} {self.params} cotangent {self.cotangent.tolist()}"


def cases(op: str, dtype: str) -> st.SearchStrategy[Case]:
    """The cases that judge `op` in `dtype`.

    Examples
    --------
    >>> from hypothesis import find
    >>> case = find(cases("max_min", "float32"), lambda case: True)
    >>> case.arrays[0].dtype, case.arrays[0].shape == case.cotangent.shape, list(case.params)
    (dtype('float32'), True, ['axis'])
    """
    return OPERATIONS[op](op, dtype)


@st.composite
def _sort(draw: st.DrawFn, op: str, dtype: str) -> Case:
    group_size = 2 if op == "max_min" else draw(st.integers(1, 5 if op == "full_sort" else 4))
    features = group_size * (1 if op == "full_sort" else draw(st.integers(1, 3)))
    others = [side for side in draw(strategies.shapes(2, 3)) if side != features][: draw(st.integers(0, 2))]
    axis = draw(st.integers(0, len(others)))
    shape = (*others[:axis], features, *others[axis:])
    x = draw(st.one_of(strategies.tied(dtype, shape, None, _ANY), strategies.lattice(dtype, shape, None, _ANY)))
    params = {"axis": axis - draw(st.sampled_from([0, len(shape)]))}
    params |= {"group_size": group_size} if op == "group_sort" else {}
    return Case(op, dtype, (x,), params, draw(strategies.cotangents(dtype, shape)))


@st.composite
def _affine(draw: st.DrawFn, op: str, dtype: str) -> Case:
    n, d_in, d_out = draw(strategies.shapes(3))
    form = strategies.FORMATS[dtype]
    top = form.highest // 2 - form.precision  # then products and their sums do not overflow
    exponents = draw(st.sampled_from([(-form.precision, min(0, top)), (form.lowest, top)]))  # underflow is in the bound
    sides = ((n, d_in), (d_out, d_in), (d_out,), (n, d_out))
    x, w, b, y_bar = (draw(strategies.lattice(dtype, shape, None, exponents)) for shape in sides)
    return Case(op, dtype, (x, w, b), {}, y_bar)


@st.composite
def _bjorck(draw: st.DrawFn, op: str, dtype: str) -> Case:
    m, n = draw(strategies.shapes(2, 4))
    bits = draw(st.sampled_from([3, strategies.FORMATS[dtype].precision - 2]))
    order = draw(st.integers(1, 3))
    w = _tamed(draw(strategies.weights(dtype, (m, n), bits)), 4.0 if order == 1 else 2.0)
    most = max(k for k in range(6) if k < 2 or _digits(w) * (2 * order + 1) ** k <= 2200)
    beta = draw(st.sampled_from([0.5, 0.25, 0.375])) if order == 1 else 0.5
    params = {"iterations": draw(st.integers(0, most)), "order": order, "beta": beta}
    return Case(op, dtype, (w,), params, draw(strategies.lattice(dtype, (m, n), 3, (-2, -2))))


@st.composite
def _project_l1_ball(draw: st.DrawFn, op: str, dtype: str) -> Case:
    n, d = draw(strategies.shapes(2, 4))
    few = 1 if dtype == "bfloat16" else 2  # so few that gamma_n times the l1 norm is less than one quantum
    bits, exponents = draw(st.sampled_from([(few, (-3, 3)), (strategies.FORMATS[dtype].precision - 4, (-20, 0))]))
    v, radius = draw(strategies.l1_ball_rows(dtype, (n, d), bits, exponents))
    return Case(op, dtype, (v,), {"radius": radius}, draw(strategies.cotangents(dtype, (n, d), 3)))


def _tamed(w: Array, square: float) -> Array:
    """w, halved until ``||w||_1 ||w||_inf <= square``: an upper bound of its squared spectral norm."""
    sizes = np.abs(w.astype(np.float64))
    while sizes.sum(axis=0).max() * sizes.sum(axis=1).max() > square:
        w, sizes = w / 2, sizes / 2  # halving is exact here: the entries are far above the subnormals
    return w


def _digits(w: Array) -> int:
    """The bits of the common denominator: exact Bjorck steps multiply them by 2 order + 1 each."""
    exact: list[Fraction] = [frac(entry) for entry in w.flat]
    return max(entry.denominator for entry in exact).bit_length()


OPERATIONS: dict[str, Callable[[str, str], st.SearchStrategy[Case]]] = {
    "group_sort": _sort,
    "max_min": _sort,
    "full_sort": _sort,
    "affine": _affine,
    "bjorck": _bjorck,
    "project_l1_ball": _project_l1_ball,
}
"""The operations that are judged, in the order of the report, and what draws their cases."""
