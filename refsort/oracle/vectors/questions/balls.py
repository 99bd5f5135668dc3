"""Rows on an l2 or an linf ball: all small whole rows, Pythagorean ones, radii, batches, scales and empty batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import product
from typing import Any

from refsort.oracle.vectors.questions.asked import Asked, power, tensor
from refsort.strategies import FORMATS


def questions(op: str) -> Iterator[Asked]:
    """All of `op`, which is project_l2_ball or project_linf_ball."""
    for radius in (1, 2):
        for v in product(range(-2, 3), repeat=2):
            yield _asked(op, [v], radius, [1, 3])
    for row, radii in (([3, -4], (1, 5, 10, 3, 4)), ([1, 2, -2], (1, 2, 3, 4)), ([2, -3, 6, 0], (3, 7, 8, 6))):
        for radius in radii:
            yield _asked(op, [row], radius, [2**k for k in range(len(row))], "radius")
            yield _asked(op, [[-x for x in row]], radius, [(-1) ** k * (k + 1) for k in range(len(row))], "radius")
    for x in (1, 2, -3, 0):
        yield _asked(op, [[x]], 2, [5])
    for row in ([1, 1], [1, 2, 3], [3, -1, 2, 5]):
        for small in (Fraction(1, 2), Fraction(3, 4)):
            yield _asked(op, [row], small, [k + 1 for k in range(len(row))], "radius")
    yield from _batches(op)
    yield from _scales(op)


def _batches(op: str) -> Iterator[Asked]:
    for rows, radius in (
        ([[3, 4], [0, 1], [0, 0]], 2),
        ([[1, 2, 2], [6, -2, 3]], 3),
        ([[0, 0, 0], [4, 0, 3], [1, -1, 0], [-2, 6, 3]], 5),
        ([[8], [-1], [2]], 2),
        ([[1, 2, 3], [3, 2, 1]], 1),
    ):
        yield _asked(op, rows, radius, list(range(1, len(rows) * len(rows[0]) + 1)), "rows")
    for d in (1, 3):
        shape = (0, d)
        yield Asked(op, (tensor(shape, []),), {"radius": "2"}, tensor(shape, []), ("empty-batch",))


def _scales(op: str) -> Iterator[Asked]:
    """Row and radius times a power of two: the result is that of the row, times the power."""
    powers = {e for form in FORMATS.values() for e in (-(form.highest // 4), form.highest // 4)}
    if op == "project_linf_ball":
        powers |= {e for form in FORMATS.values() for e in (form.lowest + 8, form.highest - 10)}
    for e in sorted(powers):
        for v in ([3, -4, 0], [1, 1, 0], [0, 0, 0], [2, 1, -2]):
            yield _asked(op, [[power(e) * x for x in v]], 3 * power(e), [1, 2, 4], "scale")


def _asked(op: str, rows: Sequence[Sequence[Any]], radius: Any, g: Sequence[Any], *flags: str) -> Asked:
    shape = (len(rows), len(rows[0]))
    places = (flag for row in rows for flag in _places(op, row, Fraction(radius)))
    arrays = (tensor(shape, [x for row in rows for x in row]),)
    params = {"radius": tensor((), [radius]).values[0]}
    return Asked(op, arrays, params, tensor(shape, g), tuple(dict.fromkeys((*flags, *places))))


def _places(op: str, row: Sequence[Any], radius: Fraction) -> Iterator[str]:
    squares = [Fraction(x) ** 2 for x in row]
    sizes = [sum(squares)] if op == "project_l2_ball" else squares
    if not any(sizes):
        yield "zero-row"
    elif max(sizes) < radius**2:
        yield "inside"
    if radius**2 in sizes:
        yield "sphere"
    if max(sizes) > radius**2:
        yield "rescaled" if op == "project_l2_ball" else "clipped"
