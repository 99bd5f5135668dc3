"""Layouts are permutations: there and back nothing changes, and the maps are those of libraries in use."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refsort.oracle.conventions import Convention, moved, moved_back

CONVENTIONS = [
    Convention(order, layout) for order in ("ascending", "descending") for layout in ("contiguous", "halves", "blocks")
]


@pytest.mark.parametrize(
    ("convention", "theirs"),
    [  # what each library makes of x = (1, -2, 3, 4) in its own layout
        (Convention(), [-2, 1, 3, 4]),
        (Convention("descending", "halves"), [3, 4, 1, -2]),
        (Convention("descending", "blocks"), [1, 4, -2, 3]),
        (Convention("descending", "contiguous"), [1, -2, 4, 3]),
        (Convention("ascending", "halves"), [1, -2, 3, 4]),
    ],
)
def test_our_sort_of_their_data_brought_to_their_layout_is_their_answer(convention, theirs):
    x = np.array([1, -2, 3, 4])
    enter, leave = convention.places(4, 2)
    ours = np.sort(moved_back(x, enter, 0).reshape(2, 2), axis=1).ravel()
    assert moved(ours, leave, 0).tolist() == theirs


@given(st.sampled_from(CONVENTIONS), st.integers(1, 4), st.integers(1, 3), st.integers(0, 1))
def test_moving_there_and_back_changes_nothing(convention, group_size, groups, axis):
    features = group_size * groups
    x = np.moveaxis(np.arange(5 * features).reshape(5, features), 1, axis)
    for places in convention.places(features, group_size):
        assert sorted(places) == list(range(features))
        assert np.array_equal(moved_back(moved(x, places, axis), places, axis), x)


@pytest.mark.parametrize("features", [3, 6])
def test_one_group_has_one_layout_and_two_orders(features):
    for layout in ("contiguous", "halves", "blocks"):
        _, leave = Convention("descending", layout).places(features, features)
        assert leave.tolist() == list(range(features))[::-1]
