"""Groups sorted together with their permutation, in blocks that stay in the cache.

The permutation of a group is kept in the form in which the sort finds it, as narrow unsigned integers:

    groups of up to 8: the *rank* of each entry,    y[rank_j] = x[j],    how many of its group come before it;
    longer groups: the *order* of the results,      y[k] = x[order_k].

They are inverses of each other, so backward, x_bar[j] = y_bar[rank_j], gathers by ranks and scatters by orders.

A stable argsort gives the order at many times the cost of the sort itself, because numbers and places are moved
separately. It stands here for what the two others do not take: comparing all pairs of a small group, and sorting
numbers and places packed into one integer.

Every array is contiguous with shape (groups, group_size).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

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


def sort_groups_forward(x: Array, y: Array, places: Array) -> None:
    """Write the sorted groups of x into y and their permutations into `places`, as said above; no bit of x changes."""
    small = x.shape[1] <= SMALL
    for block in _blocks(x.shape, LONG_BLOCK if small else BLOCK):
        if small and equal_is_identical(x[block]):
            sort_by_comparisons(x[block], y[block], places[block])
        elif small or has_nan(x[block]) or not has_words(x.dtype):
            sort_by_argsort(x[block], y[block], places[block])
            places[block] = _inverse(places[block]) if small else places[block]
        else:
            sort_by_packing(x[block], y[block], places[block])


def send_back(v: Array, places: Array, out: Array) -> None:
    """The transposed permutation of each group: from where it was sorted to, to where it came from."""
    (_gather if v.shape[1] <= SMALL else _scatter)(v, places, out)


def send(v: Array, places: Array, out: Array) -> None:
    """The permutation of each group."""
    (_scatter if v.shape[1] <= SMALL else _gather)(v, places, out)


def sort_by_argsort(x: Array, y: Array, order: Array) -> None:
    """Sort as the definition says, for every dtype; NaN goes last."""
    order[...] = np.argsort(x, axis=1, kind="stable")
    y[...] = np.take_along_axis(x, order.astype(np.intp), 1)


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


def sort_by_packing(x: Array, y: Array, order: Array) -> None:
    """Sort numbers and places together, as 64-bit integers: order in the high bits, place in the low.

    Integers are sorted by `numpy.sort` many at a time, without branches, which argsort is not. Equal numbers come in
    the order of their places, as in a stable sort, since these decide.

    Half and single precision have room for the place below all the bits that order them. In double precision the lowest
    bits have to go: log2(group_size) of them, of 52. Then numbers that agree in all others are in the order of their
    places, right or wrong. Wrong is seen, as a descent in the result. Where there is none, the result is sorted, and
    stable: equal numbers agree in all bits. Groups with a descent are sorted again by the argsort. No NaN.
    """
    starts, positions = _counters(*x.shape)
    low = (1 << (x.shape[1] - 1).bit_length()) - 1  # a one for each bit of a place
    packed = ordered_words(x).reshape(-1).astype(np.int64, copy=False)
    if x.itemsize == 8:
        packed &= ~low
    else:
        packed <<= 32
    packed |= positions
    packed.reshape(x.shape).sort(axis=1)
    packed &= low
    order.reshape(-1)[...] = packed
    packed += starts  # now the entry of the block that each result comes from
    x.reshape(-1).take(packed, out=y.reshape(-1), mode="wrap")  # as in `_gather`
    if x.itemsize == 8:
        _sort_again(x, y, order)


def _sort_again(x: Array, y: Array, order: Array) -> None:
    """Sort those groups whose result descends somewhere."""
    line = y.reshape(-1)
    descends = line[1:] < line[:-1]
    descends[y.shape[1] - 1 :: y.shape[1]] = False  # from one group to the next
    groups = np.unique(np.flatnonzero(descends) // y.shape[1])
    if groups.size:
        values, orders = np.empty_like(x[groups]), np.empty_like(order[groups])
        sort_by_argsort(x[groups], values, orders)
        y[groups], order[groups] = values, orders


def _inverse(order: Array) -> Array:
    rank = np.empty_like(order)
    np.put_along_axis(rank, order.astype(np.intp), np.arange(order.shape[1], dtype=order.dtype)[None, :], 1)
    return rank


def _gather(v: Array, places: Array, out: Array) -> None:
    """``out[g, j] = v[g, places[g, j]]``."""
    for block, at in _in_block(places):
        # nothing wraps: of all modes it is the one that checks least
        v[block].reshape(-1).take(at, out=out[block].reshape(-1), mode="wrap")


def _scatter(v: Array, places: Array, out: Array) -> None:
    """``out[g, places[g, j]] = v[g, j]``."""
    for block, at in _in_block(places):
        out[block].reshape(-1)[at] = v[block].reshape(-1)


def _blocks(shape: tuple[int, ...], entries: int) -> Iterator[slice]:
    groups, group_size = shape
    step = max(1, entries // group_size)
    return (slice(i, min(i + step, groups)) for i in range(0, groups, step))


def _in_block(places: Array) -> Iterator[tuple[slice, Array]]:
    """Blocks, and for each place within a group the place in the block."""
    kept = np.empty(min(places.size, max(BLOCK, places.shape[1])), np.intp)
    for block in _blocks(places.shape, BLOCK):
        at = kept[: places[block].size]
        at[...] = places[block].reshape(-1)
        at += _counters(*places[block].shape)[0]
        yield block, at


def _counters(groups: int, group_size: int) -> tuple[Array, Array]:
    """For each entry of a block, where its group begins, and its place in it; those of longer groups are not kept."""
    found = _counted if groups * group_size <= BLOCK else _counted.__wrapped__
    return found(groups, group_size)


@lru_cache(maxsize=8)  # most blocks are alike
def _counted(groups: int, group_size: int) -> tuple[Array, Array]:
    starts = np.repeat(np.arange(groups) * group_size, group_size)
    positions = np.tile(np.arange(group_size), groups)
    for array in (starts, positions):
        array.setflags(write=False)
    return starts, positions


def _columns(x: Array) -> list[Array]:
    """The j-th entries of all groups, for each j: contiguous, and a copy."""
    return list(np.array(x.T, order="C"))


def _from_columns(columns: list[Array], out: Array) -> None:
    for j, column in enumerate(columns):
        out[:, j] = column
