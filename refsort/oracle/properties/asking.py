"""What every property is written with: an adapter that answers in exact numbers, and comparisons of two answers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from refsort.oracle.adapter import Adapter
from refsort.oracle.cases import Case
from refsort.oracle.claims import Comparison, entrywise, normwise
from refsort.oracle.hull import over
from refsort.oracle.judge import answer
from refsort.oracle.operations.exactly import exact
from refsort.oracle.subnormals import may_meet_subnormals
from refsort.oracle.tolerances import Precision
from refsort.strategies import FORMATS, Format

Array = NDArray[Any]
Bound = Array | Fraction | float
"""Of an error: entry by entry, the same for every entry, or (a float) of its Frobenius norm."""


class Ask(NamedTuple):
    """An adapter as something that answers cases; answers have passed the checks of `refsort.oracle.judge.answer`."""

    adapter: Adapter

    def __call__(self, case: Case, with_gradients: bool) -> tuple[Array, list[Array]]:
        """The answer as floats; NotImplementedError for subnormals where the adapter declares to flush them."""
        if self.adapter.flushes_subnormals and may_meet_subnormals(case):
            raise NotImplementedError("subnormals are flushed to zero, as declared")
        return answer(self.adapter, case, with_gradients)

    def value(self, case: Case) -> Array:
        """The result in Fractions; one call."""
        return exact(self(case, False)[0])

    def gradients(self, case: Case) -> list[Array]:
        """The gradients in Fractions; one call. NotImplementedError where the adapter has none."""
        return [exact(gradient) for gradient in self(case, True)[1]]

    def precision(self, case: Case) -> Precision:
        """What the adapter computes with."""
        return Precision.of(case.dtype, self.adapter.unit_roundoff)

    def bits(self, case: Case) -> int:
        """The whole numbers up to ``2^bits`` and their sums up to there are exact: ``floor(-log2 u)``."""
        return int(1 / self.precision(case).u).bit_length() - 1

    def laid_out(self, layout: Callable[[Array], Array]) -> Ask:
        """The same adapter, which is handed ``layout(array)`` for every array."""
        call = self.adapter.call

        def laid(op: str, arrays: list[Array], params: dict[str, Any], cotangent: Any = None, dtype: str = "") -> Any:
            given = None if cotangent is None else layout(cotangent)
            return call(op, [layout(array) for array in arrays], params, given, dtype)

        return Ask(self.adapter._replace(call=laid))


Property = Callable[[Ask, Case], Iterator[Comparison]]


def agree(kind: str, what: str, expected: Array, found: Array, bound: Bound = Fraction(0)) -> Comparison:
    """The comparison of two answers that may differ by `bound`; without one nothing may differ."""
    if isinstance(bound, float):
        return normwise(kind, what, expected, found, bound)
    return entrywise(kind, what, expected, found, np.broadcast_to(np.asarray(bound, dtype=object), expected.shape))


class Slope(NamedTuple):
    """Along one direction: the difference quotient of the result, the gradient's opinion, how far these may differ."""

    direction: str
    quotient: Fraction
    gradient: Fraction
    bound: Fraction


def slopes_agree(slopes: Iterable[Slope]) -> Iterator[Comparison]:
    """One comparison a direction. Where the gradient errs by one factor along all of them, the text gives it."""
    slopes = list(slopes)
    factors = {s.gradient / s.quotient if s.quotient else None for s in slopes if s.quotient or s.gradient}
    factor = factors.pop() if len(factors) == 1 else None
    hint = "" if factor in (None, 1) else f": {float(factor or 0):.6g} times the derivative, wherever it was compared"
    for s in slopes:
        yield Comparison(
            "gradient",
            f"the gradient along {s.direction} is the difference quotient of the result",
            over(abs(s.gradient - s.quotient), s.bound),
            repr(float(s.quotient)),
            repr(float(s.gradient)) + hint,
        )


def held(dtype: str, numbers: Array) -> bool:
    """Whether the format holds all of these Fractions: bfloat16 has fewer bits than the arrays that carry it."""
    form = FORMATS[dtype]
    return all(_held(form, number) for number in numbers.flat)


def _held(form: Format, number: Fraction) -> bool:
    if number == 0:
        return True
    top, bottom = abs(number.numerator), number.denominator  # one of them is odd
    exponent = (top & -top).bit_length() - bottom.bit_length()  # of the lowest bit
    bits = (top // (top & -top)).bit_length()
    power_of_two = bottom & (bottom - 1) == 0
    return power_of_two and bits <= form.precision and form.lowest <= exponent <= form.highest - bits


def inner(a: Array, b: Array) -> Fraction:
    """``sum_i a_i b_i`` in Fractions."""
    return sum((x * y for x, y in zip(a.flat, b.flat, strict=True)), Fraction(0))


def small(x: Array, most: int) -> Array:
    """Whole numbers in [-most, most] made of the entries of x: their integers in a common unit, reduced."""
    numbers = exact(x)
    unit = math.lcm(*(number.denominator for number in numbers.flat)) if numbers.size else 1
    integers = [int(number * unit) for number in numbers.flat]
    reduced = [int(math.copysign(abs(k) % (most + 1), k)) if k else 0 for k in integers]
    return np.array(reduced, dtype=object).reshape(x.shape)


def ranks(x: Array) -> Array:
    """0, 1, 2, ... in the order of the entries of x, ties in reverse: a generic point near a degenerate one."""
    order = x.size - 1 - np.argsort(x.ravel()[::-1], kind="stable")
    result = np.empty(x.size, dtype=np.int64)
    result[order] = np.arange(x.size)
    return result.reshape(x.shape)


def codes(shape: tuple[int, ...], most: int) -> Array:
    """1, 2, 3, ..., from `most` on again from 1: as a cotangent it tells what went where."""
    result: Array = (np.arange(math.prod(shape), dtype=np.int64) % most + 1).reshape(shape)
    return result


def alternating(shape: tuple[int, ...], most: int) -> Array:
    """1, -2, 3, ... in absolute value at most `most`: a direction."""
    signs = 1 - 2 * (np.arange(math.prod(shape)) % 2)
    result: Array = codes(shape, most) * signs.reshape(shape)
    return result


def like(x: Any, array: Array) -> Array:
    """Numbers that the format of `array` holds, in its dtype."""
    return np.asarray(np.asarray(x, dtype=np.float64), dtype=array.dtype)
