"""A question in exact numbers, what solves it, and the forms that answers and tolerances are written in."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from refsort import spec
from refsort.oracle.operations.operation import Case
from refsort.oracle.vectors import numerals
from refsort.oracle.vectors.vector import LABELS, ROUNDED, Tensor
from refsort.strategies import FORMATS

Array = NDArray[Any]
NONE, UNSTATED, EXACT = "none", "unstated", "exact"
_LOWEST = -1074
_TRUTH_BITS = 66  # of the entries of an irrational result: half of ROUNDED is left for what they were rounded from


class Question(NamedTuple):
    """What is asked, in exact numbers: arrays and cotangent are object arrays of Fractions."""

    op: str
    arrays: tuple[Array, ...]
    params: dict[str, Any]
    cotangent: Array

    def case(self, dtype: str) -> Case:
        """As the oracle's operations take it, with labels as integers."""
        arrays = tuple(array.astype(int) if LABELS.get(self.op) == i else array for i, array in enumerate(self.arrays))
        return Case(self.op, dtype, arrays, self.params, self.cotangent)


class Solution(NamedTuple):
    """What answers the questions of one operation.

    Attributes
    ----------
    solve : callable
        ``solve(question)``: what both the answer and its tolerances are made of, computed once.
    answer : callable
        ``answer(question, solved)``: the result, and for each array the gradient as it stands in the file.
    tolerance : callable
        ``tolerance(question, solved, dtype)``: the entry of `tolerance`; None where it cannot be asked in the dtype.
    """

    solve: Callable[[Question], Any]
    answer: Callable[[Question, Any], tuple[Tensor, list[Any]]]
    tolerance: Callable[[Question, Any, str], Any]


def irrational(x: Array) -> Tensor:
    """A tensor of numbers that are known to within ``2^-90`` of themselves; zeros are exact."""
    return Tensor.of(array((_rounded(value) for value in x.flat), x.shape), rounded=True)


def _rounded(x: Fraction) -> Fraction:
    if x == 0:
        return x
    e = x.numerator.bit_length() - x.denominator.bit_length() - _TRUTH_BITS
    return round(x / Fraction(2) ** e) * Fraction(2) ** e


def truth_errors(x: Array, rational: bool) -> list[Fraction]:
    """How far the numbers in the file may be from the exact ones."""
    return [Fraction(0) if rational else ROUNDED * abs(value) for value in x.flat]


def hull(shape: Sequence[int], rows: Iterable[tuple[Sequence[int], Iterable[Sequence[Fraction]]]]) -> dict[str, Any]:
    """For each row flat positions, and the points whose hull is admissible there."""
    listed = [{"at": list(at), "points": [spelled(p) for p in sorted(set(map(tuple, points)))]} for at, points in rows]
    return {"admissible": "hull", "rows": listed, "shape": list(shape)}


def rows_of(x: Array, axis: int = -1) -> Array:
    """The flat positions of the entries of x: one row for each vector along `axis`."""
    return np.moveaxis(np.arange(x.size).reshape(x.shape), axis, -1).reshape(-1, x.shape[axis])


def array(entries: Iterable[Any], shape: Sequence[int]) -> Array:
    """An object array, also where it is empty or 0-d."""
    values = list(entries)
    result = np.empty(len(values), dtype=object)
    result[:] = values
    return result.reshape(tuple(shape))


def spelled(numbers: Iterable[Any]) -> list[str]:
    """Numbers as strings."""
    return [numerals.write(spec.frac(number)) for number in numbers]


def rounded_up(x: Fraction) -> Fraction:
    """The smallest m 2^e that is at least x, m < 2^8, e >= -1074: short to write, and still a bound.

    Examples
    --------
    >>> rounded_up(Fraction(1, 3)) * 512
    Fraction(171, 1)
    """
    if x == 0:
        return x
    e = max(x.numerator.bit_length() - x.denominator.bit_length() - 8, _LOWEST)
    while x > 255 * Fraction(2) ** e:
        e += 1
    return math.ceil(x / Fraction(2) ** e) * Fraction(2) ** e


def pair(out: Any, gradients: list[Any]) -> Any:
    """A tolerance made of bounds: "exact" where all of them are."""
    exactly = all(bound == EXACT for bound in [out, *gradients])
    return EXACT if exactly else {"gradients": gradients, "out": out}


def absolute(bounds: Iterable[Fraction]) -> Any:
    """A bound for each entry."""
    up = spelled(rounded_up(Fraction(bound)) for bound in bounds)
    return {"absolute": up} if any(bound != "0" for bound in up) else EXACT


def frobenius(bound: Any) -> Any:
    """A bound of the Frobenius norm."""
    return {"frobenius": spelled([rounded_up(Fraction(bound))])[0]} if bound else EXACT


def excess(bounds: Iterable[Fraction]) -> dict[str, Any]:
    """A bound for each block of ties, or each product."""
    return {"excess": spelled(rounded_up(Fraction(bound)) for bound in bounds)}


def overflows(numbers: Iterable[Fraction], dtype: str) -> bool:
    """Whether one of the numbers, doubled, is beyond the largest of the format."""
    return any(2 * abs(x) >= 2 ** FORMATS[dtype].highest for x in numbers)
