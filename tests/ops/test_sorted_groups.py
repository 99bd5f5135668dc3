"""Three ways to sort groups with their permutation: they agree with the definition, entry by entry and bit by bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refsort.ops import sorted_groups
from refsort.ops.sorted_groups import (
    BLOCK,
    LONG_BLOCK,
    SMALL,
    send,
    send_back,
    sort_by_argsort,
    sort_by_comparisons,
    sort_by_packing,
    sort_groups,
    sort_groups_forward,
)

FLOATS = [np.float16, np.float32, np.float64]


def ranks(x):
    """How many entries of its group come before each: smaller ones, and equal ones that stand before it."""
    return [
        [sum(u < v or (u == v and i < j) for i, u in enumerate(group)) for j, v in enumerate(group)]
        for group in x.tolist()
    ]


@st.composite
def groups(draw, smallest, largest, pool):
    group_size, count = draw(st.integers(smallest, largest)), draw(st.integers(1, 4))
    size = group_size * count
    values = draw(st.lists(st.sampled_from(pool), min_size=size, max_size=size))
    with np.errstate(over="ignore"):
        return np.array(values, draw(st.sampled_from(FLOATS))).reshape(count, group_size)


def check(sort, x):
    y, places = np.empty_like(x), np.empty(x.shape, np.uint16 if x.shape[1] > 256 else np.uint8)
    sort(x, y, places)
    rank = np.array(ranks(x))
    if sort is sort_by_comparisons:
        assert np.array_equal(places, rank)
    else:
        assert np.array_equal(
            np.take_along_axis(rank, places.astype(int), 1), np.tile(np.arange(x.shape[1]), (len(x), 1))
        )
    plain = np.empty_like(x)
    np.put_along_axis(plain, rank, x, axis=1)
    assert y.tobytes() == plain.tobytes()  # no bit has changed


WITHOUT_NEGATIVE_ZERO = [0.0, 1.0, -1.0, 5e-324, -5e-324, np.inf, -np.inf, 2.5, 1e300]
# neighbours among the doubles, which agree in all but their lowest bits
CLOSE = [*WITHOUT_NEGATIVE_ZERO, -0.0, *(1 + k * 2.0**-52 for k in range(5)), *(-1 - k * 2.0**-52 for k in range(5))]


@given(groups(1, SMALL, WITHOUT_NEGATIVE_ZERO))
def test_comparisons(x):
    check(sort_by_comparisons, x + x.dtype.type(0))  # the subnormal of a double may be the -0 of a narrower type


@given(groups(1, 40, CLOSE))
def test_packing(x):
    check(sort_by_packing, x)


@given(groups(1, 12, CLOSE))
def test_argsort(x):
    check(sort_by_argsort, x)


def check_there_and_back(x, y, places):
    """By a stable argsort: y and the permutation, applied to codes that are pairwise distinct."""
    order = np.argsort(x, axis=1, kind="stable")
    assert np.array_equal(y, np.take_along_axis(x, order, 1), equal_nan=True)
    codes = np.arange(x.size, dtype=float).reshape(x.shape)
    there, back = np.empty_like(codes), np.empty_like(codes)
    send(codes, places, there)
    assert np.array_equal(there, np.take_along_axis(codes, order, 1))
    send_back(there, places, back)
    assert np.array_equal(back, codes)


@settings(max_examples=50)
@given(groups(1, 20, [*CLOSE, np.nan, -np.nan]))  # a NaN has a sign, and its word may be the least
def test_the_rule_takes_everything(x):
    y, places = np.empty_like(x), np.empty(x.shape, np.uint8)
    sort_groups_forward(x, y, places)
    check_there_and_back(x, y, places)
    value = np.empty_like(x)
    sort_groups(x, value)
    assert np.array_equal(value, y, equal_nan=True)


def test_doubles_that_differ_in_their_lowest_bits_are_sorted_again(monkeypatch):
    again = []

    def counted(x, y, order):
        again.append(len(x))
        sort_by_argsort(x, y, order)

    monkeypatch.setattr(sorted_groups, "sort_by_argsort", counted)
    x = 1 + np.arange(64.0)[::-1].reshape(1, 64) * 2.0**-52  # descending: packed, the places decide
    x = np.concatenate([x, np.random.default_rng(0).standard_normal((3, 64)), x])
    y, places = np.empty_like(x), np.empty(x.shape, np.uint8)
    sort_groups_forward(x, y, places)
    assert again == [2]
    check_there_and_back(x, y, places)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("group_size", [1, 3, 8, 9, 300, LONG_BLOCK + 2])
def test_several_blocks(dtype, group_size):
    """Whole blocks and a short one; groups longer than a block; one block with what the quick ways do not take."""
    count = 2 * (LONG_BLOCK // group_size) + 3
    rng = np.random.default_rng(group_size)
    x = rng.integers(-999, 1000, (count, group_size)).astype(dtype)  # ties
    x[-1, 0] = -np.nan
    y, places = np.empty_like(x), np.empty(x.shape, np.min_scalar_type(group_size - 1))
    sort_groups_forward(x, y, places)
    check_there_and_back(x, y, places)


def test_blocks_are_whole_groups_and_cover_everything():
    for shape in ((0, 4), (1, 4), (7, BLOCK - 1), (3, BLOCK + 1), (5 * BLOCK, 1)):
        blocks = list(sorted_groups._blocks(shape, BLOCK))
        assert [block.start for block in blocks[1:]] == [block.stop for block in blocks[:-1]]
        assert sum(block.stop - block.start for block in blocks) == shape[0]


def test_what_is_kept_between_calls_is_as_long_as_a_block_at_most():
    sorted_groups._counted.cache_clear()
    for group_size, kept in ((BLOCK + 1, 0), (BLOCK, 1), (9, 2)):
        x = np.zeros((2, group_size))
        sort_groups_forward(x, np.empty_like(x), np.empty(x.shape, np.uint16))
        assert sorted_groups._counted.cache_info().currsize == kept
