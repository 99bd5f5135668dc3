"""Projection of rows on an linf ball: clipping is nothing but comparisons, so results and gradients are exact.

The entries and the radius share one quantum: ``v - sign(v) max(|v| - radius, 0)`` is then as exact as a comparison.
At ``|v_i| = radius`` the derivative is anything in [0, 1]: a product t g_i with t in it lies between 0 and g_i, and so
does its rounded value, because rounding is monotone and g_i is a float. The tolerance is zero there as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from refsort import spec, strategies
from refsort.oracle.claims import Claims, entrywise, within
from refsort.oracle.operations.exactly import exact, fractions
from refsort.oracle.operations.operation import Case, Operation, sides
from refsort.oracle.tolerances import Precision

Array = NDArray[Any]


@st.composite
def _cases(draw: st.DrawFn, op: str, dtype: str) -> Case:
    shape = draw(sides(2, empty=True))
    form = strategies.FORMATS[dtype]
    bits = draw(st.sampled_from([2, form.precision - 2]))
    low, high = form.lowest, form.highest - bits - 2
    e = draw(st.one_of(st.integers(max(low, -20), min(high, 20)), st.sampled_from([low, high])))
    v = draw(strategies.lattice(dtype, shape, bits, (e, e)))
    sizes = np.unique(np.abs(v[v != 0]))
    quanta = st.integers(1, 2**bits).map(lambda k: np.ldexp(float(k), e).item())
    radius = draw(st.one_of(st.sampled_from(sizes.tolist()), quanta) if sizes.size else quanta)
    return Case(op, dtype, (v,), {"radius": radius}, draw(strategies.cotangents(dtype, shape)))


def truth(case: Case) -> Array:
    """The rows, each on the linf ball."""
    v, radius = exact(case.arrays[0]), case.params["radius"]
    return fractions([x for row in v.tolist() for x in spec.project_linf_ball(row, radius)], v.shape)


def _values(case: Case, out: Array, precision: Precision) -> Claims:
    yield entrywise("value", "the result", truth(case), out, np.zeros_like(out))


def _gradients(case: Case, gradients: Sequence[Array], precision: Precision) -> Claims:
    radius = spec.frac(case.params["radius"])
    v, g = exact(case.arrays[0]), exact(case.cotangent)
    zero = Fraction(0)
    ends = [
        (zero, zero) if abs(x) > radius else (y, y) if abs(x) < radius else (min(y, zero), max(y, zero))
        for x, y in zip(v.flat, g.flat, strict=True)
    ]
    low, high = (fractions([end[i] for end in ends], v.shape) for i in (0, 1))
    kind = "kink" if any(abs(x) == radius for x in v.flat) else "gradient"
    yield within(kind, "the gradient of v", low, high, gradients[0], np.zeros_like(gradients[0]))


PROJECT_LINF_BALL = Operation(_cases, truth, _values, _gradients)
