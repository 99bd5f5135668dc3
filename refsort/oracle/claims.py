"""What a claim is: a comparison of an answer with the truth, an error over a derived bound.

A comparison passes where the error does not exceed the bound. Its kind says what it rests on: a "value", a "gradient"
at a point where the map is differentiable, or a "kink", where any element of the admissible set is right.

The claims of each operation are in `refsort.oracle.operations`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from refsort import spec
from refsort.oracle.hull import Ratio, over

Array = NDArray[Any]


class Comparison(NamedTuple):
    """One comparison of an answer with the truth.

    Attributes
    ----------
    kind : str
        "value", "gradient" or "kink".
    what : str
        What was compared, for a reader.
    ratio : Fraction or float
        Error over bound; infinite where the bound is zero and the error is not. NaN where no bound could be given.
    expected : str
        The exact result rounded for display, or the admissible set in words.
    found : str
        The answer.
    """

    kind: str
    what: str
    ratio: Ratio
    expected: str
    found: str


Claims = Iterator[Comparison]


def entrywise(kind: str, what: str, expected: Array, found: Array, bound: Array) -> Comparison:
    """The largest error over bound of any entry."""
    ratios = [over(abs(f - e), b) for f, e, b in zip(found.flat, expected.flat, bound.flat, strict=True)]
    return Comparison(kind, what, max(ratios, default=Fraction(0)), show(expected), show(found))


def within(kind: str, what: str, low: Array, high: Array, found: Array, bound: Array) -> Comparison:
    """The largest distance of an entry from its interval, over its bound."""
    entries = zip(found.flat, low.flat, high.flat, bound.flat, strict=True)
    ratios = [over(max(lo - f, f - hi, Fraction(0)), b) for f, lo, hi, b in entries]
    expected = f"entries between {show(low)} and {show(high)}"
    return Comparison(kind, what, max(ratios, default=Fraction(0)), expected, show(found))


def normwise(kind: str, what: str, expected: Array, found: Array, bound: float | Fraction) -> Comparison:
    """The Frobenius norm of the error, at most 2^-128 of it left out, over its bound: a square root accuses nobody."""
    if not math.isfinite(bound):
        return Comparison(kind, what, math.nan, show(expected), show(found))
    square = sum(((f - e) ** 2 for f, e in zip(found.flat, expected.flat, strict=True)), Fraction(0))
    return Comparison(kind, what, over(spec.sqrt_enclosure(square).lo, Fraction(bound)), show(expected), show(found))


def show(x: Any) -> str:
    """Numbers as the nearest doubles, in Python's shortest form."""
    if isinstance(x, np.ndarray):
        return show(x.tolist())
    if isinstance(x, list | tuple):
        return f"[{', '.join(show(entry) for entry in x)}]"
    return repr(float(x))
