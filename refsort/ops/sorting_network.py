"""Sorting networks: small groups sorted by minima and maxima of whole columns, all groups at once.

A comparator (i, j), i < j, replaces the entries i and j of a group by their minimum and their maximum. A list of
comparators that sorts every group, whatever its entries, is a sorting network. It never asks how a comparison came
out, so one call of `numpy.fmin` and one of `numpy.maximum` serves all groups. Batcher's odd-even merge sort has 5
comparators for groups of 4 and 19 for groups of 8, as few as possible, and some k (log2 k)^2 / 4 for large k.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from refsort.ops.arrays import Array


@cache
def comparators(group_size: int) -> tuple[tuple[int, int], ...]:
    """Batcher's odd-even merge sort of `group_size` entries, as pairs i < j in the order of their use.

    Runs of length 1, 2, 4, ... are merged in pairs. To merge two sorted runs, entries at distance `run` are compared,
    and then those at half the distance, and so on, as far as they belong to the same pair of runs. A group whose length
    is no power of two is the beginning of a longer one with infinite entries at its end: what would touch them is left
    out.

    Examples
    --------
    >>> comparators(4)
    ((0, 1), (2, 3), (0, 2), (1, 3), (1, 2))
    """
    found = []
    run = 1
    while run < group_size:
        distance = run
        while distance:
            found += [
                (first + i, first + i + distance)
                for first in range(distance % run, group_size - distance, 2 * distance)
                for i in range(min(distance, group_size - distance - first))
                if (first + i) // (2 * run) == (first + i + distance) // (2 * run)  # the same pair of runs
            ]
            distance //= 2
        run *= 2
    return tuple(found)


def sort_columns(columns: list[Array]) -> list[Array]:
    """Sort entry by entry across the columns: the i-th result holds the i-th smallest of each place.

    The columns are used up. NaN goes last, as in `numpy.sort`: `numpy.fmin` passes the number where one of the two is
    NaN, `numpy.maximum` passes the NaN. Which zero `numpy.fmin` passes of +0 and -0 is not defined, so the signs of
    zeros are not kept.

    Examples
    --------
    >>> columns = [np.array([3.0, 1.0]), np.array([2.0, np.nan]), np.array([1.0, 0.0])]
    >>> sort_columns(columns)
    [array([1., 0.]), array([2., 1.]), array([ 3., nan])]
    """
    columns = list(columns)
    spare = np.empty_like(columns[0])
    for i, j in comparators(len(columns)):
        first, second = columns[i], columns[j]
        np.fmin(first, second, out=spare)
        np.maximum(first, second, out=second)
        columns[i], spare = spare, first
    return columns
