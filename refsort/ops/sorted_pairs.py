"""Sorting pairs of neighbours, and swapping the pairs that were out of order, without a branch.

MaxMin moves half of its pairs, and which half is as good as random: a processor that has to guess what `numpy.where`
takes next guesses wrong every other time, which costs ten times the work itself. Here nothing is guessed: all pairs are
treated alike, by arithmetic on whole contiguous arrays, in blocks that stay in the cache.

Every array here is contiguous, with one dimension and an even length.
"""

from __future__ import annotations

import numpy as np

from refsort.ops.arrays import Array
from refsort.ops.words import equal_is_identical, has_words, words

BLOCK = 1 << 19  # bytes; longer loops pay for the calls, and more would not stay in the cache
_FIRST = np.array([True, False]).view(np.uint16)[0]  # the marks of a pair as one number, the second erased


def sort_pairs(x: Array, y: Array) -> None:
    """Write every pair (x_0, x_1), (x_2, x_3), ... into y as (minimum, maximum).

    The minima of *all* neighbours, contiguous in and out, take a quarter of the time of those of every other: so y_i is
    min(x_i, x_{i+1}) first, right where i is even, and then every odd entry is replaced by max(x_{i-1}, x_i).

    `numpy.fmin` passes the number where one of the two is NaN, `numpy.maximum` passes the NaN: NaN goes last, as in a
    sort. The signs of zeros are not kept.

    Examples
    --------
    >>> y = np.empty(4)
    >>> sort_pairs(np.array([3.0, 1.0, 2.0, 4.0]), y)
    >>> y
    array([1., 3., 2., 4.])
    """
    step = BLOCK // x.itemsize
    greater = np.empty(min(step, x.size), x.dtype)
    for i in range(0, x.size, step):
        block, result = x[i : i + step], y[i : i + step]
        np.fmin(block[:-1], block[1:], out=result[:-1])
        np.maximum(block[:-1], block[1:], out=greater[: block.size - 1])
        result[1::2] = greater[: block.size : 2]


def sort_pairs_forward(x: Array, y: Array, swapped: Array) -> None:
    """`sort_pairs` with its permutation: mark in `swapped` the first entry of each pair that comes in descending order.

    Descending is strictly so, or NaN before a number: what a stable sort swaps. Second entries are marked False. No bit
    of x is changed on its way: where neither NaN nor -0 is about, equal entries have equal bits, and their minimum and
    maximum are the entries themselves; elsewhere they are moved by their marks.

    Examples
    --------
    >>> y, swapped = np.empty(6), np.empty(6, bool)
    >>> sort_pairs_forward(np.array([3.0, 1.0, 2.0, 2.0, np.nan, -0.0]), y, swapped)
    >>> y, swapped
    (array([ 1.,  3.,  2.,  2., -0., nan]), array([ True, False, False, False,  True, False]))
    """
    step = BLOCK // x.itemsize
    for i in range(0, x.size, step):
        block, result, marks = x[i : i + step], y[i : i + step], swapped[i : i + step]
        np.less(block[1:], block[:-1], out=marks[:-1])
        marks.view(np.uint16)[...] &= _FIRST
        if equal_is_identical(block):
            sort_pairs(block, result)
        else:
            marks[::2] |= (block[::2] != block[::2]) & (block[1::2] == block[1::2])  # only NaN differs from itself
            swap_pairs(block, marks, result)


def swap_pairs(v: Array, swapped: Array, out: Array) -> None:
    """Write v into out with every pair exchanged that is marked at its first entry.

    The exchange of two words without a branch is ``d = (a XOR b) m; a XOR d; b XOR d`` with m = 1 to exchange and 0 to
    leave alone, since a XOR (a XOR b) = b. Written for all neighbours at once: ``d_i = (v_i XOR v_{i+1}) m_i``, which
    is 0 at every second entry of a pair, because m is. So ``v_i XOR d_i`` exchanges the first entries alone, and XOR
    with d moved on by one does the same for the second ones. The words are the bits of the floats, of whatever width,
    so nothing is rounded; numbers without such words go by `swap_pairs_plainly`.

    Examples
    --------
    >>> out = np.empty(4)
    >>> swap_pairs(np.array([1.0, 2.0, 3.0, 4.0]), np.array([True, False, False, False]), out)
    >>> out
    array([2., 1., 3., 4.])
    """
    if not has_words(v.dtype):
        swap_pairs_plainly(v, swapped, out)
        return
    bits, result = words(v), words(out)
    step = BLOCK // v.itemsize
    differences, factors = np.empty((2, min(step, v.size)), bits.dtype)
    for i in range(0, v.size, step):
        block = slice(i, i + step)
        first, second = bits[block][:-1], bits[block][1:]
        d, m = differences[: first.size + 1], factors[: first.size + 1]
        np.bitwise_xor(first, second, out=d[:-1])
        m[...] = swapped[block]
        d *= m  # the last entry of a block is a second one: its mark is 0
        np.bitwise_xor(bits[block], d, out=result[block])
        result[block][1:] ^= d[:-1]


def swap_pairs_plainly(v: Array, swapped: Array, out: Array) -> None:
    """`swap_pairs` as its first sentence says it, for every dtype."""
    first, second, exchange = v[0::2], v[1::2], swapped[0::2]
    out[0::2] = np.where(exchange, second, first)
    out[1::2] = np.where(exchange, first, second)
