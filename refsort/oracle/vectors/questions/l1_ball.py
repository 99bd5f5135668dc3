"""Rows on an l1 ball: all small whole rows inside, on and outside, kinks, radii, supports and scales.

The flags of a row follow from where it lies, by the definition.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import product
from typing import Any

from refsort import spec
from refsort.oracle.vectors.questions.asked import Asked, power, scattered, tensor
from refsort.strategies import FORMATS


def questions(op: str) -> Iterator[Asked]:
    """All of them."""
    yield from _planes()
    yield from _spaces()
    yield from _radii()
    yield from _supports()
    yield from _batches()
    yield from _scales()
    yield from _all_bits()


def _planes() -> Iterator[Asked]:
    for radius in (1, 2, 3):
        for v in product(range(-2, 3), repeat=2):
            yield _asked([v], radius, [1, 3])


def _spaces() -> Iterator[Asked]:
    for radius in (1, 2):
        for v in product(range(3), repeat=3):
            signs = [1, -1, 1] if sum(v) % 2 else [-1, 1, 1]
            yield _asked([[s * x for s, x in zip(signs, v, strict=True)]], radius, [1, 2, 4])
    for x in (1, 2, -3, 0):
        yield _asked([[x]], 1, [5])
    for row in ([2, 2, 2, 2], [1, -1, 1, -1], [4, 0, 0, 0], [4, 2, 2, 0], [-4, 3, 3, -3]):
        yield _asked([row], 4, [1, 2, 4, 8])


def _radii() -> Iterator[Asked]:
    for radius in (Fraction(1, 2), 1, 2, Fraction(5, 2), 3, 5, 6, 7, 8, 16):
        yield _asked([[4, -2, 1]], radius, [1, 2, 4], "radius")


def _supports() -> Iterator[Asked]:
    """5, 4, 3, ... less and less of which are kept: one more entry for each larger radius."""
    for d in (4, 5, 6):
        for radius in (1, 2, 4, 8, 12):
            v = [(-1) ** i * (d - (3 * i) % d) for i in range(d)] if d != 6 else [1, -6, 3, 5, -2, 4]
            yield _asked([v], radius, list(range(1, d + 1)), "support")


def _batches() -> Iterator[Asked]:
    for d in (1, 3):
        shape = (0, d)
        empty = tensor(shape, [])
        yield Asked("project_l1_ball", (empty,), {"radius": "2"}, empty, ("empty-batch",))
    for rows, radius in (
        ([[1, 0], [3, -1], [0, 0]], 2),
        ([[3, 1, -1], [1, 1, -1]], 4),
        ([[0, 0, 0], [4, 0, 1], [1, -1, 0], [-2, 5, 2]], 3),
        ([[8], [-1], [2]], 2),
        ([[2, -2, 2, -2, 1], [1, 0, 0, 0, 0], [0, 0, 9, 0, 0]], 2),
    ):
        yield _asked(rows, radius, list(range(1, len(rows) * len(rows[0]) + 1)), "rows")


def _scales() -> Iterator[Asked]:
    """Row and radius times a power of two: the result is that of the row, times the power."""
    powers = {e for form in FORMATS.values() for e in (form.lowest + 8, form.highest - 10)}
    for e in sorted(powers | {-3, 3}):
        for v in ([3, 1, 0, -2], [1, 0, 0, 0], [0, 0, 0, 0], [2, -2, 2, 1]):
            yield _asked([[power(e) * x for x in v]], 2 * power(e), [1, 2, 4, 8], "scale")


def _all_bits() -> Iterator[Asked]:
    """Entries with all the bits of a format, far from every kink: result and gradient must be rounded."""
    for form in FORMATS.values():
        p = form.precision
        for d in (2, 3, 5):
            v = [Fraction(2**p * (k % 7 + 3) // 11 | 1, 2 ** (p - 1)) * (-1) ** k for k in range(d)]
            yield _asked([v], Fraction(1, 2), scattered(d, 3, 7), "all-bits")


def _asked(rows: Sequence[Sequence[Any]], radius: Any, g: Sequence[Any], *flags: str) -> Asked:
    shape = (len(rows), len(rows[0]))
    where = dict.fromkeys(flag for row in rows for flag in _places(row, Fraction(radius)))
    params = {"radius": tensor((), [radius]).values[0]}
    flat = [x for row in rows for x in row]
    return Asked(
        "project_l1_ball", (tensor(shape, flat),), params, tensor(shape, g), tuple(dict.fromkeys((*flags, *where)))
    )


def _places(row: Sequence[Any], radius: Fraction) -> Iterator[str]:
    sizes = [abs(Fraction(x)) for x in row]
    if not any(sizes):
        yield "zero-row"
    elif sum(sizes) < radius:
        yield "inside"
    elif sum(sizes) == radius:
        yield "sphere"
    else:
        yield "outside"
        tau = max(sizes) - max(spec.project_l1_ball(sizes, radius))  # every kept entry moved by tau
        if tau in sizes:
            yield "threshold-tie"
