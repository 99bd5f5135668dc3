"""Pairs sorted and swapped without branches, against the plain version and against Python's sorted()."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from refsort.ops.sorted_pairs import BLOCK, sort_pairs, sort_pairs_forward, swap_pairs, swap_pairs_plainly

FLOATS = [np.float16, np.float32, np.float64, np.longdouble]
POOL = [0.0, -0.0, 1.0, -1.0, 5e-324, np.inf, -np.inf, np.nan, 1e300, 2.5]
PAIRS = st.lists(st.tuples(st.sampled_from(POOL), st.sampled_from(POOL)), max_size=12)


def same_bits(a, b):
    return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=True) and np.array_equal(np.signbit(a), np.signbit(b))


@given(hnp.arrays(st.sampled_from(FLOATS), st.integers(0, 9).map(lambda n: 2 * n)), st.data())
def test_swapping_without_branches_is_swapping(v, data):
    swapped = np.zeros(v.size, bool)
    swapped[::2] = data.draw(st.lists(st.booleans(), min_size=v.size // 2, max_size=v.size // 2))
    result, plain = np.empty_like(v), np.empty_like(v)
    swap_pairs(v, swapped, result)
    swap_pairs_plainly(v, swapped, plain)
    assert same_bits(result, plain)
    expected = [
        w
        for a, b, s, _ in zip(v[::2], v[1::2], swapped[::2], swapped[1::2], strict=True)
        for w in ((b, a) if s else (a, b))
    ]
    assert same_bits(result, np.array(expected, v.dtype))


@given(PAIRS, st.sampled_from(FLOATS))
def test_a_pair_is_swapped_where_a_stable_sort_does(pairs, dtype):
    with np.errstate(over="ignore"):
        x = np.array(pairs, dtype).reshape(-1)
    y, swapped = np.empty_like(x), np.empty(x.size, bool)
    sort_pairs_forward(x, y, swapped)
    order = np.argsort(x.reshape(-1, 2), axis=1, kind="stable")
    assert np.array_equal(swapped[::2], order[:, 0] == 1)
    assert not swapped[1::2].any()
    assert same_bits(y, np.take_along_axis(x.reshape(-1, 2), order, 1).reshape(-1))
    value = np.empty_like(x)
    sort_pairs(x, value)
    assert np.array_equal(value, y, equal_nan=True)  # signs of zeros are not kept there


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.longdouble])
@pytest.mark.parametrize("special", [1.0, -0.0, np.nan])
def test_several_blocks(dtype, special):
    size = 2 * (BLOCK // np.dtype(dtype).itemsize) + 6  # two whole blocks, and a short one with the special value
    x = np.random.default_rng(0).standard_normal(size).astype(dtype)
    x[-5] = special
    y, swapped, value = np.empty_like(x), np.empty(size, bool), np.empty_like(x)
    sort_pairs_forward(x, y, swapped)
    sort_pairs(x, value)
    expected = np.sort(x.reshape(-1, 2), axis=1).reshape(-1)
    assert np.array_equal(y, expected, equal_nan=True)
    assert np.array_equal(value, expected, equal_nan=True)
    back = np.empty_like(x)
    swap_pairs(y, swapped, back)
    assert same_bits(back, x)
