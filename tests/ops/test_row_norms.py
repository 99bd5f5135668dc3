"""The norms of rows and their side of a sphere, against exact sums; blocks of rows cover every row once."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from refsort.ops.row_norms import beyond, longer_than, row_blocks, sign_pattern

DTYPES = ["float16", "float32", "float64", "longdouble"]


def norm1(row):
    return sum((abs(Fraction(*x.as_integer_ratio())) for x in row), Fraction(0))


def radius_near(row, dtype, steps):
    """The norm of a row in the dtype, a few floats up or down; None where it has no positive finite radius there."""
    scale = np.finfo(dtype).max / 4  # a ratio of Fractions fits, and the product rounds like the norm, or is infinite
    with np.errstate(over="ignore"):
        radius = np.dtype(dtype).type(float(norm1(row) / Fraction(*scale.as_integer_ratio()))) * scale
    for _ in range(abs(steps)):
        radius = np.nextafter(radius, radius.dtype.type(np.inf if steps > 0 else 0))
    return radius if 0 < radius < np.inf else None


@st.composite
def rows_and_radii(draw, dtype):
    """Rows of all scales, subnormal and huge ones among them, and radii at, near and far from the norm of the first."""
    shape = draw(st.sampled_from([(1, 3), (2, 5), (3, 2), (4, 1), (2, 19)]))
    low, high = {"float16": (-24, 15), "float32": (-149, 127)}.get(dtype, (-1074, 1023))
    mantissas = draw(hnp.arrays(np.float64, shape, elements=st.integers(-64, 64).map(lambda k: k / 67)))
    v = np.ldexp(mantissas, draw(st.integers(low, high))).astype(dtype)
    return v, radius_near(v[0], dtype, draw(st.sampled_from([0, 1, -1, 2, -2, 40, -40, 900])))


@pytest.mark.parametrize("dtype", DTYPES)
@settings(max_examples=150)
@given(data=st.data())
def test_the_side_of_the_sphere_is_decided_exactly(dtype, data):
    v, radius = data.draw(rows_and_radii(dtype))
    if radius is None:
        return
    wanted = [[norm1(row) > Fraction(*radius.as_integer_ratio())] for row in v]
    assert longer_than(v, radius).tolist() == wanted
    assert beyond(v, 1, radius).tolist() == wanted
    assert longer_than(v[0], radius).tolist() == wanted[0]


@pytest.mark.parametrize("dtype", DTYPES)
def test_sums_that_overflow_and_entries_that_are_no_numbers(dtype):
    big, inf = np.finfo(dtype).max, np.inf
    v = np.array([[big, -big, 0], [big, 0, 0], [inf, 0, 0], [np.nan, 0, 0], [np.nan, inf, -inf], [0, 0, 0]], dtype)
    for radius, wanted in [(big, [1, 0, 1, 1, 1, 0]), (big / 2, [1, 1, 1, 1, 1, 0])]:
        assert longer_than(v, radius)[:, 0].tolist() == [bool(x) for x in wanted]


def test_fractions_are_compared_exactly():
    v = np.array([[Fraction(1, 3), Fraction(-2, 3)], [Fraction(1, 3), Fraction(2, 3) + Fraction(1, 10**40)]])
    assert longer_than(v, Fraction(1)).tolist() == [[False], [True]]


def test_a_thousand_single_precision_numbers_are_summed_without_doubt_only_where_there_is_none():
    # summed in float32 the row is off by more than the distance of the radius from its norm, of either sign
    row = np.random.default_rng(0).random((1, 1031)).astype(np.float32)
    norm = norm1(row[0])
    for sign in (1, -1):
        radius = np.nextafter(np.float32(float(norm)), np.float32(sign * np.inf))
        assert longer_than(row, radius).tolist() == [[norm > Fraction(float(radius))]]


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (1, 5), (7, 40000), (140, 1031), (3, 70000)])
def test_blocks_cover_every_row_once_and_in_order(shape):
    v = np.broadcast_to(np.arange(float(shape[0]))[:, None], shape)
    indices = np.arange(shape[0])
    blocks = list(row_blocks(v))
    assert [i for block in blocks for i in indices[block]] == indices.tolist()
    assert all(v[block].shape[0] > 0 for block in blocks)
    assert all(v[block].size <= max(2**16, shape[1]) for block in blocks)


@pytest.mark.parametrize("dtype", DTYPES)
def test_signs_are_zero_at_zeros_and_at_nan(dtype):
    v = np.array([[2.0, -0.0, 0.0, -3.0, np.nan, -np.inf, np.inf]], dtype)
    assert sign_pattern(v).tolist() == [[1, 0, 0, -1, 0, -1, 1]]
    assert sign_pattern(v).dtype == np.int8
    assert sign_pattern(np.array([Fraction(-1, 3), Fraction(0), Fraction(2)])).tolist() == [-1, 0, 1]
