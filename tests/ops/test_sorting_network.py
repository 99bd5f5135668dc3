"""Sorting networks by the 0-1 principle: one that sorts all rows of zeros and ones sorts everything."""

import itertools

import numpy as np
import pytest

from refsort.ops.sorting_network import comparators, sort_columns


@pytest.mark.parametrize("size", range(1, 13))
def test_every_row_of_zeros_and_ones_is_sorted(size):
    rows = np.array(list(itertools.product([0.0, 1.0], repeat=size)))
    result = np.stack(sort_columns(list(rows.T.copy())), axis=1)
    assert np.array_equal(result, np.sort(rows, axis=1))


@pytest.mark.parametrize("size", range(2, 9))
def test_no_comparator_can_be_left_out(size):
    """Each sorts some row that the others leave unsorted; so the test above can fail."""
    rows = np.array(list(itertools.product([0, 1], repeat=size)))
    network = comparators(size)
    for left_out in range(len(network)):
        columns = list(rows.T.copy())
        for i, j in network[:left_out] + network[left_out + 1 :]:
            columns[i], columns[j] = np.minimum(columns[i], columns[j]), np.maximum(columns[i], columns[j])
        assert not np.array_equal(np.stack(columns, axis=1), np.sort(rows, axis=1))


def test_the_number_of_comparators_is_batchers():
    # for 2^m entries (m^2 - m + 4) 2^(m - 2) - 1: Knuth, The Art of Computer Programming 3, 5.3.4
    for m in range(1, 7):
        assert len(comparators(2**m)) == (m * m - m + 4) * 2**m // 4 - 1


def test_nan_goes_last():
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((200, 7))
    rows[rng.random(rows.shape) < 0.3] = np.nan
    result = np.stack(sort_columns(list(rows.T.copy())), axis=1)
    assert np.array_equal(result, np.sort(rows, axis=1), equal_nan=True)
