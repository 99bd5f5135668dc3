"""Mistakes in a gradient that any operation may make: none, the cotangent as it came, a constant factor."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from refsort.oracle.cases import Case
from refsort.oracle.diagnosis.witness import Array, Explanation, Witness, holds, wide
from refsort.rounding import SMALLEST_SUBNORMAL

Reference = Callable[[Case], list[Any]]
"""One admissible gradient for each array of a case, in wide floating point; None for an array of integers."""


def common(witnesses: Sequence[Witness], reference: Reference, names: Sequence[str]) -> Iterator[Explanation]:
    """The mistakes of this file, for arrays with the given names."""
    if len(names) == 1:
        sentence = "the gradient is the cotangent as it came: the operation is skipped on the way back (detached)"
        yield Explanation("identity as gradient", sentence, _is_the_cotangent)
    factors = [_factor(witnesses, reference, i) for i in range(len(names))]
    wrong = [(name, c) for name, c in zip(names, factors, strict=True) if c != 1]
    if not wrong or any(not math.isfinite(c) for c in factors):
        return
    undone = partial(_times, reference=reference, factors=factors)
    if {c for _, c in wrong} == {0.0}:
        listed = " and ".join(name for name, _ in wrong)
        yield Explanation("no gradient", f"no gradient reaches {listed}: it is zero everywhere", undone)
    elif {c for _, c in wrong} == {-1.0}:
        listed = " and ".join(name for name, _ in wrong)
        yield Explanation("sign of the gradient", f"the gradient of {listed} has the opposite sign", undone)
    else:
        listed = " and ".join(f"the gradient of {name} is {_shown(c)} times what it should be" for name, c in wrong)
        yield Explanation("constant factor in the gradient", listed, undone)


def _is_the_cotangent(witness: Witness) -> bool | None:
    if witness.gradients is None or witness.gradients[0].shape != witness.case.cotangent.shape:
        return None
    return bool(np.array_equal(witness.gradients[0], witness.case.cotangent))


def _factor(witnesses: Sequence[Witness], reference: Reference, i: int) -> float:
    """The c that most witnesses agree on: gradient = c reference, by least squares, the median over the witnesses."""
    ratios = []
    for witness in witnesses:
        if witness.gradients is not None and witness.gradients[i] is not None and witness.gradients[i].size:
            expected, found = reference(witness.case)[i], wide(witness.gradients[i])
            largest = np.abs(expected).max()
            # where a right gradient vanishes or loses digits by underflow, no factor can be read off
            if largest * witness.u > float(SMALLEST_SUBNORMAL[witness.case.dtype]):  # scaled, for the squares
                found, expected = found / largest, expected / largest
                ratios.append(float((found * expected).sum() / (expected * expected).sum()))
    if not ratios:
        return 1.0
    return _simple(sorted(ratios)[len(ratios) // 2], witnesses[0].u)


def _simple(c: float, u: float) -> float:
    """The simplest fraction, or root of one, that c is as good as equal to; c itself where there is none."""
    if not math.isfinite(c):
        return c
    for denominator in range(1, 65):
        for power in (1, 2):
            near = Fraction(abs(c) ** power).limit_denominator(denominator)
            root = math.copysign(float(near) ** (1 / power), c) if near else 0.0
            if abs(root - c) <= 16 * u * abs(c):
                return root
    return c


def _shown(c: float) -> str:
    near = Fraction(c).limit_denominator(64)
    if abs(float(near) - c) <= 1e-15 * abs(c):
        return str(near)
    square = Fraction(c * c).limit_denominator(64)
    if abs(float(square) - c * c) <= 1e-14 * c * c:
        return f"{'-' if c < 0 else ''}sqrt({square})"
    return f"{c:.6g}"


def _times(witness: Witness, reference: Reference, factors: list[float]) -> bool | None:
    """Whether the gradients become right once they are divided by the factors."""
    if witness.gradients is None:
        return None
    expected, undone = reference(witness.case), list[Any]()
    for gradient, c, truth in zip(witness.gradients, factors, expected, strict=True):
        if gradient is None:  # of labels
            undone.append(None)
            continue
        if c == 0 and gradient.any():
            return False
        zeroed = truth.astype(gradient.dtype)
        undone.append(gradient if c == 1 else divided(gradient, c, truth, witness) if c else zeroed)
    # the references and quotients were rounded once on the way to the dtype
    return holds(witness.case, witness.out, undone, witness.adapter.unit_roundoff, times=4)


def divided(gradient: Array, c: float, truth: Array, witness: Witness) -> Array:
    """The gradient over c, where every entry that is the true one, or a cotangent, but for rounding is that.

    Sorting gradients are exactly cotangents, and subnormal entries lose digits to c.
    """
    x, near = wide(gradient) / c, 4 * float(SMALLEST_SUBNORMAL[witness.case.dtype]) * max(1, 1 / abs(c))
    # the true one has the last word: near zero a small cotangent may be as near
    for candidate in (_nearest(x, np.unique(wide(witness.case.cotangent))), truth):
        taken = np.abs(wide(gradient) / c - candidate) <= 4 * witness.u * np.abs(candidate) + near
        x = np.where(taken, candidate, x)
    return x.astype(gradient.dtype)


def _nearest(x: Array, entries: Array) -> Array:
    """For each entry of x the nearest of the ascending entries, of which there is one at least."""
    above = np.clip(np.searchsorted(entries, x), 0, len(entries) - 1)
    below = np.maximum(above - 1, 0)
    result: Array = np.where(np.abs(x - entries[below]) <= np.abs(entries[above] - x), entries[below], entries[above])
    return result
