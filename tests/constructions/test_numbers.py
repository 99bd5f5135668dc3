"""The numbers of constructions: roots that are on the right side, and dtypes that are kept."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refsort.constructions import (
    max_min_tree,
    mcshane,
    optimal_potential,
    piecewise_linear,
    recover,
    three_layer,
    universal,
)
from refsort.constructions.numbers import data, rational, root_down, root_up, whole


@given(st.fractions(0, 10**6), st.integers(0, 80))
def test_roots_are_bounds(x, bits):
    low, high, unit = root_down(x, bits), root_up(x, bits), Fraction(1, 2**bits)
    assert low**2 <= x <= high**2
    assert (low + unit) ** 2 > x
    assert high - low <= unit
    assert root_down(x * x, bits) == root_up(x * x, bits) == x


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble, object])
def test_every_construction_keeps_the_dtype(dtype):
    points = whole([[0, 0], [2, 1], [-1, 3]], np.dtype(dtype))
    values = whole([0, 1, -1], np.dtype(dtype))
    eps = Fraction(1, 2)
    made = [
        mcshane(points, values, "linf"),
        mcshane(points, values, "l1", Fraction(1, 2) if dtype is object else 0.5, "midpoint"),
        mcshane(points, values, "l2", eps=eps),
        optimal_potential(points, values, "l1"),
        piecewise_linear(points[None], values[None]),
        three_layer(points[None], values[None], 3),
        universal(lambda x: abs(x[:, 0]), whole([[-1, 1], [0, 1]], np.dtype(dtype)), eps, 2)[:2],
        *(recover(name, 2, p, dtype=dtype) for name in ("relu", "absolute", "crelu") for p in (1, 2)),
        recover("leaky_relu", 2, 2, slope=Fraction(1, 4), dtype=dtype),
        recover("max_min", 2, radius=4, dtype=dtype),
        recover("group_sort", 2, group_size=2, dtype=dtype),
        max_min_tree(2, dtype=dtype),
    ]
    for network, params in made:
        y = network.value(params, points)
        assert y.dtype == dtype
        assert all(w.dtype.kind == "i" or w.dtype == dtype for w, _ in params)
        if dtype is object:
            assert all(type(v) is Fraction for v in y.ravel())


def test_the_gate():
    with pytest.raises(ValueError, match=r"f: x holds 2 numbers that are not finite, the first is x\[0, 1\]"):
        data("f", "x", np.array([[0.0, np.inf], [np.nan, 0.0]]), 2)
    with pytest.raises(TypeError, match="f: x is an object array that holds 1"):
        data("f", "x", np.array([1, Fraction(1)], dtype=object), 1)
    assert rational(np.longdouble(1) / 3) != Fraction(1, 3)
