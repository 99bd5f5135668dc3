"""A grid of equal cells on a box: their centres, how far a point can be from the nearest, and neighbouring values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise, product
from typing import Any

import numpy as np

from refsort.constructions.lipschitz_data import distances, slack, violation
from refsort.constructions.numbers import rational, root_up
from refsort.ops.arrays import Array


def centres(a: Any, b: Any, n: int, dtype: np.dtype[Any]) -> tuple[Array, Fraction]:
    """The centres of n cells of [a, b] as they are stored, and the largest distance of a point from the nearest."""
    low, high = rational(a), rational(b)
    exact = [low + (high - low) * Fraction(2 * i + 1, 2 * n) for i in range(n)]
    stored = np.array(exact, dtype=dtype)
    at = [rational(v) for v in stored.tolist()]
    gaps = [(y - x) / 2 for x, y in pairwise(at)]
    return stored, max([at[0] - low, high - at[-1], *gaps])


def fill(halves: Sequence[Fraction], p: Any) -> Fraction:
    """At least the p-norm of the half sides of a cell: the distance of its farthest points from its centre."""
    if p == math.inf or len(halves) == 1:
        return max(halves, default=Fraction(0))
    total = sum((v if p == 1 else v * v for v in halves), Fraction(0))
    return total if p == 1 else root_up(total)


def diameter(ends: Array) -> Fraction:
    """At least the 2-norm of the sides of a box."""
    return root_up(sum(((rational(b) - rational(a)) ** 2 for a, b in ends.tolist()), Fraction(0)))


def require_plausible(points: Array, values: Array, cells: tuple[int, ...], metric: str) -> None:
    """Raise an error where two neighbouring cells, diagonal ones included, violate the Lipschitz condition."""
    d, allowed = len(cells), slack(points, values, 1)
    index = np.arange(len(points)).reshape(cells)
    for step in product((-1, 0, 1), repeat=d):
        if step <= (0,) * d:
            continue  # each pair once
        here = tuple(slice(max(0, -s), n - max(0, s)) for s, n in zip(step, cells, strict=True))
        there = tuple(slice(max(0, s), n - max(0, -s)) for s, n in zip(step, cells, strict=True))
        i, j = index[here].ravel(), index[there].ravel()
        rise, run = np.abs(values[i] - values[j]), distances(points[i] - points[j], metric)
        squared = metric == "l2" and points.dtype.kind == "O"
        bad = np.flatnonzero((rise * rise if squared else rise) > run + allowed)
        if bad.size:
            k = bad[np.argmax((rise[bad] ** 2 if squared else rise[bad]) / run[bad])]
            slope = float(rise[k]) / float(run[k]) ** (0.5 if squared else 1)
            both = [i[k], j[k]]
            raise ValueError(
                f"{violation('universal', metric, 1, slope, points[both], values[both, None])}; divide f by its "
                "Lipschitz constant and multiply the network's values by it"
            )
