"""A question on its way into a file: arrays as nested lists of numbers, and the flags."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from refsort.oracle.vectors import numerals
from refsort.oracle.vectors.vector import Tensor

Flat = Sequence[int | Fraction]
NEGATIVE_ZERO = "-0"


class Asked(NamedTuple):
    """One question: spelled arrays, spelled parameters, the cotangent, and why it is asked."""

    op: str
    arrays: tuple[Tensor, ...]
    params: dict[str, str]
    cotangent: Tensor
    flags: tuple[str, ...]


def tensor(shape: Sequence[int], values: Sequence[Any]) -> Tensor:
    """Numbers in C order; "-0" is the negative zero.

    Examples
    --------
    >>> tensor((1, 2), [Fraction(1, 2), NEGATIVE_ZERO]).json()
    {'shape': [1, 2], 'values': ['1/2', '-0']}
    """
    spelled = [value if value == NEGATIVE_ZERO else numerals.write(Fraction(value)) for value in values]
    return Tensor(tuple(shape), tuple(spelled))


def scattered(count: int, step: int, modulus: int, scale: int | Fraction = 1) -> list[Fraction]:
    """``((i step + step) mod modulus - modulus // 2) scale``: whole numbers of both signs, in no order.

    Examples
    --------
    >>> [int(x) for x in scattered(5, 3, 7)]
    [0, 3, -1, 2, -2]
    """
    return [Fraction((i * step + step) % modulus - modulus // 2) * scale for i in range(count)]


def power(e: int) -> Fraction:
    """2^e."""
    return Fraction(2) ** e


def matrix(rows: Sequence[Sequence[Any]]) -> Tensor:
    """Rows of numbers."""
    return tensor((len(rows), len(rows[0])), [x for row in rows for x in row])
