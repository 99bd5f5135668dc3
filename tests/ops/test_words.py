"""Floats as integers: the order of the one is the order of the other."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from refsort.ops.words import equal_is_identical, has_nan, has_words, ordered_words, words

FLOATS = [np.float16, np.float32, np.float64]
ANY = st.sampled_from(FLOATS).flatmap(lambda dtype: hnp.arrays(dtype, st.integers(1, 9)))


@given(ANY)
def test_the_order_of_the_integers_is_that_of_the_floats(x):
    x = x[~np.isnan(x)]
    keys = ordered_words(x)
    assert keys.dtype.itemsize == x.itemsize
    assert np.array_equal(keys[:, None] < keys, x[:, None] < x)


@given(ANY)
def test_what_is_said_of_equal_entries(x):
    bits = words(x)
    identical = np.array_equal(bits[:, None] == bits, x[:, None] == x)
    assert equal_is_identical(x) <= identical  # alone, a -0 does no harm, and is reported all the same
    assert equal_is_identical(x) == (not np.any(np.isnan(x)) and not np.any((x == 0) & np.signbit(x)))
    assert has_nan(x) == np.any(np.isnan(x))


@pytest.mark.parametrize("dtype", FLOATS)
def test_every_neighbour_is_told_apart(dtype):
    x = np.array([-np.inf, -3, -1e-3, 0, 1e-3, 3], dtype)
    up = np.nextafter(x, dtype(np.inf))
    assert np.array_equal(ordered_words(up)[1:] - ordered_words(x)[1:], np.ones(5))


def test_numbers_without_words():
    assert not has_words(np.dtype(np.longdouble)) or np.longdouble is np.float64
    assert not has_words(np.dtype(object))
    assert equal_is_identical(np.array([1.0, 2.0], np.longdouble))
    assert not equal_is_identical(np.array([1.0, -0.0], np.longdouble))
    assert not equal_is_identical(np.array([1.0, np.nan], np.longdouble))
    assert equal_is_identical(np.empty(0, np.float32))
    assert not has_nan(np.empty(0))
