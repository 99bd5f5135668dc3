"""Networks of comparators as MaxMin networks whose weights have norm 1 in a p-norm, exact everywhere.

A stage compares some pairs of wires, (i, j) leaving the smaller number on i and the larger on j. In a MaxMin layer the
other wires must pass, and all features come in pairs; a wire that passes is copied, since MaxMin(z, z) = (z, z):

    p = inf   (z, z)                          read by (1, 0),                       2 units
    p = 1     (z/2, z/2)                      read by (1, 1),                       2 units
    p = 2     (z/2, z/2, z/2, z/2)            read by (1/2, 1/2, 1/2, 1/2),         4 units

Columns and rows have norm 1 in that p-norm, the comparators' blocks are identities, and a matrix of blocks that share
no row and no column has the largest norm of its blocks. So each weight, a copying after a reading, has norm at most 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from refsort.constructions.max_min_tree import Parametrised
from refsort.constructions.numbers import exact, whole, zeros
from refsort.nets import Identity, Layer, MaxMin, Network
from refsort.ops.arrays import Array

Stage = list[tuple[int, int]]


def odd_even_merge_sort(n: int) -> list[Stage]:
    """Batcher's merge exchange: t (t + 1) / 2 stages sort n numbers, t = ceil(log2 n).

    References
    ----------
    .. [1] D. E. Knuth, "The art of computer programming", volume 3, 2nd edition, 1998, algorithm 5.2.2M.

    Examples
    --------
    >>> odd_even_merge_sort(4)
    [[(0, 2), (1, 3)], [(0, 1), (2, 3)], [(1, 2)]]
    """
    stages = []
    top = 1 << max(0, (n - 1).bit_length() - 1)
    bit = top if n > 1 else 0
    while bit:
        q, residue, distance = top, 0, bit
        while True:
            stages.append([(i, i + distance) for i in range(n - distance) if i & bit == residue])
            if q == bit:
                break
            distance, q, residue = q - bit, q // 2, bit
        bit //= 2
    return stages


def tournament(n: int) -> tuple[list[Stage], int]:
    """ceil(log2 n) stages that bring the maximum of n numbers to one wire, and that wire.

    Examples
    --------
    >>> tournament(3)
    ([[(0, 1)], [(1, 2)]], 2)
    """
    stages, left = [], list(range(n))
    while len(left) > 1:
        stages.append(list(zip(left[::2], left[1::2], strict=False)))
        left = left[1::2] + left[len(left) - len(left) % 2 :]
    return stages, left[0]


def comparator_network(
    wires: int, stages: Sequence[Stage], outputs: Sequence[int], copies: int, p: Any, dtype: np.dtype[Any]
) -> Parametrised:
    """`copies` comparator networks side by side, each on `wires` consecutive features: one MaxMin layer a stage.

    Wires that no output depends on are dropped. The parameters hold 0, 1/4, 1/2 and 1 alone.
    """
    live = [set(outputs)]
    for stage in reversed(stages):  # from the outputs back: the wires that something later depends on
        live.append(live[-1] | {wire for pair in stage if live[-1] & set(pair) for wire in pair})
    half = exact(Fraction(1, 2), dtype)
    copy, read = {
        math.inf: (whole([1, 1], dtype), whole([1, 0], dtype)),
        1: (whole([1, 1], dtype) * half, whole([1, 1], dtype)),
        2: (whole([1, 1, 1, 1], dtype) * half, whole([1, 1, 1, 1], dtype) * half),
    }[p]
    weights, reading = [], whole(np.eye(wires, dtype=int), dtype)
    for stage, later in zip(stages, live[-2::-1], strict=True):
        pairs = [pair for pair in stage if later & set(pair)]
        passing = sorted(later - {wire for pair in pairs for wire in pair})
        units = 2 * len(pairs) + len(copy) * len(passing)
        into, back = whole(np.zeros((units, wires), int), dtype), whole(np.zeros((wires, units), int), dtype)
        for unit, wire in enumerate(wire for pair in pairs for wire in pair):
            into[unit, wire] = back[wire, unit] = whole(1, dtype)[()]
        for k, wire in enumerate(passing):
            block = slice(2 * len(pairs) + len(copy) * k, 2 * len(pairs) + len(copy) * (k + 1))
            into[block, wire], back[wire, block] = copy, read
        weights.append(into @ reading)
        reading = back
    weights.append(reading[list(outputs)])
    return side_by_side(weights, copies)


def side_by_side(weights: Sequence[Array], copies: int) -> Parametrised:
    """Block diagonal weights without biases, MaxMin between them."""
    layers, params = [], []
    for i, weight in enumerate(weights):
        w = np.kron(whole(np.eye(copies, dtype=int), weight.dtype), weight)
        layers.append(Layer(w.shape[1], w.shape[0], Identity() if i == len(weights) - 1 else MaxMin()))
        params.append((w, zeros(len(w), w.dtype)))
    return Network(tuple(layers)), params
