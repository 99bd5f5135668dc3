"""Too few bits: how many an answer was computed with, and which format that is."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import partial

import numpy as np

from refsort.oracle.cases import Case
from refsort.oracle.diagnosis.witness import Array, Explanation, Witness, close, is_right, replayed, wide
from refsort.oracle.judge import Mismatch, answer
from refsort.rounding import UNIT_ROUNDOFF
from refsort.strategies import FORMATS

_CARRIERS = {"float32": np.float32, "float16": np.float16, "bfloat16": np.float32}  # the most precise first
_GUESSES = {24: "float32", 11: "TF32 or float16", 8: "bfloat16"}


def effective_bits(ratio: float, dtype: str, unit_roundoff: dict[str, Fraction] = UNIT_ROUNDOFF) -> float:
    """At most how many bits were computed with, where the largest error over its bound is `ratio`.

    Bounds are proportional to the unit roundoff u, but for terms in u^2 and subnormals: arithmetic with the unit
    roundoff u' errs by no more than u' / u bounds. So u' >= ratio u, and the bits are -log2(u') at most. A ratio below
    1 says little: bounds are for the worst case, and typical errors use a small part of them.

    Examples
    --------
    >>> effective_bits(2.0**13, "float32")
    11.0
    """
    return math.inf if ratio <= 0 else max(0.0, -math.log2(unit_roundoff[dtype]) - math.log2(ratio))


def bits_needed(witnesses: Sequence[Witness]) -> int:
    """The largest number of bits t for which every result is right with the unit roundoff 2^-t; 7 for fewer than 8."""
    low, high = 7, 54  # at most `low` is not asked: so few bits would explain anything
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if all(_right_with(w, middle) for w in witnesses) else (low, middle)
    return low


def values(witnesses: Sequence[Witness]) -> Iterator[Explanation]:
    """Lower precision than the dtype's: a format that explains every result, or a number of bits that does."""
    dtype = witnesses[0].case.dtype
    if not all(_exact_on_few_bits(witness) for witness in witnesses):
        return
    bits = bits_needed(witnesses)
    if bits >= 8 and bits < -math.log2(witnesses[0].u) - 1:
        format_bits, guess = next((t, name) for t, name in _GUESSES.items() if bits >= t)
        sentence = f"it computes with {bits} bits at most ({guess}?) where {dtype} has {-math.log2(witnesses[0].u):.0f}"
        sentence += f"; declare UNIT_ROUNDOFF = {{{dtype!r}: 2**-{format_bits}}} if that is meant"
        if _often_wrong(witnesses, format_bits):
            yield Explanation("lower precision", sentence, partial(_right_with, bits=format_bits))
    for name in _CARRIERS:
        if UNIT_ROUNDOFF[name] > UNIT_ROUNDOFF[dtype] and _often_wrong(witnesses, FORMATS[name].precision):
            sentence = f"{dtype} is computed in {name}"
            yield Explanation("lower precision", sentence, partial(_right_in, dtype=name))


def _often_wrong(witnesses: Sequence[Witness], bits: int) -> bool:
    """Whether data of more bits often enough lead to wrong results, where they lead to new numbers at all: a third."""
    hard = [w for w in witnesses if not _fits(w.case.arrays, bits) and not np.array_equal(w.out, w.case.arrays[0])]
    return 3 * sum(not w.right for w in hard) >= len(hard)


def _fits(arrays: Sequence[Array], bits: int) -> bool:
    """Whether every entry has a significand of so many bits."""
    scaled = [np.ldexp(np.frexp(wide(array))[0], bits) for array in arrays]
    return all(bool((x == np.rint(x)).all()) for x in scaled)


def _exact_on_few_bits(witness: Witness) -> bool:
    """Whether the answer is right for data that bfloat16 would be exact on: other bugs do harm there."""
    case = _of_few_bits(witness.case)
    if case is None:
        return False
    try:
        out, _ = answer(witness.adapter, case, with_gradients=False)
    except (Mismatch, NotImplementedError):
        return False
    return is_right(case, out, None, witness.adapter.unit_roundoff)


def _of_few_bits(case: Case) -> Case | None:
    """The case with entries among 0, +-1, +-2, or what else keeps a result to 8 bits; None for other operations."""
    arrays = tuple(_small(array) for array in case.arrays)
    if case.op == "bjorck":
        params = {"order": min(case.params["order"], 2), "iterations": min(case.params["iterations"], 1)}
        return case._replace(arrays=(_diagonal(case.arrays[0]),), params=case.params | params)
    if case.op == "project_l1_ball":  # of two entries: then tau is a half of a whole number
        return case._replace(arrays=(arrays[0][:, :2],), params={"radius": 2.0}, cotangent=case.cotangent[:, :2])
    if case.op == "network":  # three layers of at most six features: no number above 259
        return case._replace(arrays=tuple(np.sign(array).astype(array.dtype) for array in case.arrays))
    return case._replace(arrays=arrays) if case.op in ("group_sort", "max_min", "full_sort", "affine") else None


def _small(x: Array) -> Array:
    result: Array = (np.sign(x) * (1 + (np.abs(x) > np.median(np.abs(x))))).astype(x.dtype)
    return result


def _diagonal(x: Array) -> Array:
    """+-1/2 and 0 on the diagonal: one step of order 2 takes 1/2 to 203/256."""
    result: Array = (np.sign(x) * np.eye(*x.shape) / 2).astype(x.dtype)
    return result


def _right_with(witness: Witness, bits: int) -> bool:
    roundoff = {witness.case.dtype: max(Fraction(1, 2**bits), witness.adapter.unit_roundoff[witness.case.dtype])}
    try:
        judgement = replayed(witness.case, witness.out, None, roundoff)
    except ValueError:  # more roundings than any bound holds for
        return False
    return judgement is not None and bool(judgement.comparisons)


def _right_in(witness: Witness, dtype: str) -> bool | None:
    """Whether the result is right for the same data in another format."""
    case = witness.case
    arrays = tuple(rounded(array, dtype) for array in case.arrays)
    out = rounded(witness.out, dtype)
    if not all(np.isfinite(array).all() for array in (*arrays, out)):
        return None
    other = case._replace(dtype=dtype, arrays=arrays, cotangent=np.zeros(case.cotangent.shape, _CARRIERS[dtype]))
    near = close(out, witness.out.astype(np.longdouble), float(UNIT_ROUNDOFF[dtype]))
    return near and is_right(other, out, None, UNIT_ROUNDOFF, times=2)


@np.errstate(over="ignore")
def rounded(x: Array, dtype: str) -> Array:
    """x in the carrier of a format, with its precision; to nearest, ties to even."""
    carried = x.astype(_CARRIERS[dtype])
    if dtype != "bfloat16":
        return carried
    bits = carried.view(np.uint32)
    # adding just under half of the last kept place, and the rest of it where that place is odd
    kept: Array = (bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))) & np.uint32(0xFFFF0000)
    return kept.view(np.float32)
