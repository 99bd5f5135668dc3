"""Groups sorted together with their permutation, in blocks that stay in the cache.

The permutation of a group is kept as the *rank* of each entry: how many of its group come before it.

    rank_j = #{i : x_i < x_j} + #{i < j : x_i = x_j},      y[rank_j] = x_j.

So the transposed permutation reads, ``x_bar_j = y_bar[rank_j]``: the direction that training needs for every gradient.
A stable argsort gives the inverse of the ranks, at many times the cost of the sort itself, because numbers and their
places are moved separately. Three ways to the same ranks stand here: by comparing all pairs of a small group, by
sorting numbers and places packed into one integer, and by the argsort, for all that the other two do not take.

Every array is contiguous with shape (groups, group_size); ranks are unsigned integers as narrow as the group allows.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from refsort.ops.arrays import Array
from refsort.ops.sorting_network import sort_columns
from refsort.ops.words import equal_is_identical, has_nan, has_words, ordered_words

BLOCK = 1 << 15  # entries; those, with their places as 64-bit integers, stay in the second-level cache
LONG_BLOCK = 1 << 16  # where there are no such places
SMALL = 8  # the largest group for which k (k - 1) / 2 comparisons are quicker than a sort


def sort_groups(x: Array, y: Array) -> None:
    """Write the sorted groups of x into y: small ones by a sorting network, others by `numpy.sort`.

    NaN goes last; the signs of zeros are not kept.
    """
    if x.shape[1] > SMALL:
        y[...] = x
        y.sort(axis=1)
        return
    for block in _blocks(x.shape, LONG_BLOCK):
        _from_columns(sort_columns(_columns(x[block])), y[block])


def sort_groups_forward(x: Array, y: Array, rank: Array) -> None:
    """Write the sorted groups of x into y, and the ranks of its entries into `rank`; no bit of x is changed."""
    small = x.shape[1] <= SMALL
    starts, positions = _starts(x.shape), _positions(x.shape)
    for block in _blocks(x.shape, LONG_BLOCK if small else BLOCK):
        if small and equal_is_identical(x[block]):
            sort_by_comparisons(x[block], y[block], rank[block])
        elif has_nan(x[block]) or not has_words(x.dtype):
            sort_by_argsort(x[block], y[block], rank[block])
        else:
            size = x[block].size
            sort_by_packing(x[block], y[block], rank[block], starts[:size], positions[:size])


def gather(v: Array, rank: Array, out: Array) -> None:
    """``out[g, j] = v[g, rank[g, j]]``: the transposed permutation."""
    for block, places in _places(rank):
        # nothing wraps: of all modes it is the one that checks least
        v[block].reshape(-1).take(places, out=out[block].reshape(-1), mode="wrap")


def scatter(v: Array, rank: Array, out: Array) -> None:
    """``out[g, rank[g, j]] = v[g, j]``: the permutation."""
    for block, places in _places(rank):
        out[block].reshape(-1)[places] = v[block].reshape(-1)


def sort_by_argsort(x: Array, y: Array, rank: Array) -> None:
    """Sort as the definition says, for every dtype; NaN goes last."""
    order = np.argsort(x, axis=1, kind="stable")
    y[...] = np.take_along_axis(x, order, 1)
    np.put_along_axis(rank, order, np.arange(x.shape[1], dtype=rank.dtype)[None, :], 1)


def sort_by_comparisons(x: Array, y: Array, rank: Array) -> None:
    """Sort small groups: every pair of entries is compared once, in all groups at a time.

    For i < j the comparison ``x_j < x_i`` moves j one place to the front and i one place to the back, and ties leave
    both where they are: what becomes of ``rank_j = j`` in the end is the rank of a stable sort. No NaN, and no -0:
    where equal entries have equal bits, the values of a sorting network are the entries themselves.
    """
    columns = _columns(x)
    ranks = [np.full(len(x), j, np.uint8) for j in range(len(columns))]
    below = np.empty(len(x), bool)
    for i in range(len(columns)):
        for j in range(i + 1, len(columns)):
            np.less(columns[j], columns[i], out=below)
            ranks[i] += below.view(np.uint8)
            ranks[j] -= below.view(np.uint8)
    _from_columns(ranks, rank)
    _from_columns(sort_columns(columns), y)


def sort_by_packing(x: Array, y: Array, rank: Array, starts: Array, positions: Array) -> None:
    """Sort numbers and places together, as 64-bit integers: order in the high bits, place in the low.

    Integers are sorted by `numpy.sort` many at a time, without branches, which argsort is not. Equal numbers come in
    the order of their places, as in a stable sort, since these decide.

    Half and single precision have room for the place below all the bits that order them. In double precision the lowest
    bits have to go: log2(group_size) of them, of 52. Then numbers that agree in all others are in the order of their
    places, right or wrong. Wrong is seen, as a descent in the result. Where there is none, the result is sorted, and
    stable: equal numbers agree in all bits. Groups with a descent are sorted again by the argsort. No NaN.

    `starts` and `positions` tell for each entry where its group begins, and its place in it.
    """
    low = (1 << (x.shape[1] - 1).bit_length()) - 1  # a one for each bit of a place
    packed = ordered_words(x).reshape(-1).astype(np.int64, copy=False)
    if x.itemsize == 8:
        packed &= ~low
    else:
        packed <<= 32
    packed |= positions
    packed.reshape(x.shape).sort(axis=1)
    packed &= low
    packed += starts  # now the entry of the block that each result comes from
    x.reshape(-1).take(packed, out=y.reshape(-1), mode="wrap")  # as in `gather`
    rank.reshape(-1)[packed] = positions.astype(rank.dtype)
    if x.itemsize == 8:
        _sort_again(x, y, rank)


def _sort_again(x: Array, y: Array, rank: Array) -> None:
    """Sort those groups whose result descends somewhere."""
    line = y.reshape(-1)
    descends = line[1:] < line[:-1]
    descends[y.shape[1] - 1 :: y.shape[1]] = False  # from one group to the next
    groups = np.unique(np.flatnonzero(descends) // y.shape[1])
    if groups.size:
        values, ranks = np.empty_like(x[groups]), np.empty_like(rank[groups])
        sort_by_argsort(x[groups], values, ranks)
        y[groups], rank[groups] = values, ranks


def _blocks(shape: tuple[int, ...], entries: int) -> Iterator[slice]:
    groups, group_size = shape
    step = max(1, entries // group_size)
    return (slice(i, min(i + step, groups)) for i in range(0, groups, step))


def _places(rank: Array) -> Iterator[tuple[slice, Array]]:
    """Blocks, and for each entry of a block the place in it that its rank names."""
    starts = _starts(rank.shape)
    places = np.empty(starts.size, np.intp)
    for block in _blocks(rank.shape, BLOCK):
        at = places[: rank[block].size]
        at[...] = rank[block].reshape(-1)
        at += starts[: at.size]
        yield block, at


def _starts(shape: tuple[int, ...]) -> Array:
    """Where the group of each entry of a block begins."""
    groups, group_size = shape
    count = min(groups, max(1, BLOCK // group_size))
    return np.repeat(np.arange(count) * group_size, group_size)


def _positions(shape: tuple[int, ...]) -> Array:
    """The place of each entry of a block in its group."""
    groups, group_size = shape
    return np.tile(np.arange(group_size), min(groups, max(1, BLOCK // group_size)))


def _columns(x: Array) -> list[Array]:
    """The j-th entries of all groups, for each j: contiguous, and a copy."""
    return list(np.array(x.T, order="C"))


def _from_columns(columns: list[Array], out: Array) -> None:
    for j, column in enumerate(columns):
        out[:, j] = column
