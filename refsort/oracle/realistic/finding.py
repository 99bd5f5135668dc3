"""One comparison of a large call, with the few entries that show it, since nobody reads a million numbers."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from refsort.oracle.claims import Comparison
from refsort.oracle.operations.operation import Case

Array = NDArray[Any]
Ask = Callable[[Case, bool], tuple[Array, list[Array]]]

FAILURE = 1e-9
RESTS_ON = f"probabilistic bound, confidence 1 - {FAILURE:g}"
_SHOWN = 4


class Finding(NamedTuple):
    """A comparison, and the entries of the answer that are the most wrong.

    Attributes
    ----------
    comparison : Comparison
    array : int
        Which array of the answer: -1 for the result, else the number of a gradient.
    places : list of tuple
        Where the entries stand in it.
    expected : list of float
        What they should be, as doubles.
    """

    comparison: Comparison
    array: int
    places: list[tuple[int, ...]]
    expected: list[float]


Findings = Iterator[Finding]


def located(comparison: Comparison, array: int, found: Array, expected: Array) -> Finding:
    """The finding of a comparison of whole arrays: the entries that differ most."""
    difference = np.abs(found.astype(np.float64) - expected.astype(np.float64))
    worst = np.argsort(-difference, axis=None, kind="stable")[:_SHOWN]
    places = [tuple(int(i) for i in np.unravel_index(at, difference.shape)) for at in worst]
    return Finding(comparison, array, places, [float(expected[place]) for place in places])


def of_operation(comparison: Comparison, array: int, what: str, origin: tuple[int, ...] = ()) -> Finding:
    """The finding of a claim that the operation itself makes of the entries that start with `origin`."""
    found, expected = _numbers(comparison.found, None), None
    if found is not None:
        expected = _numbers(comparison.expected, found.shape)
    short = comparison._replace(
        what=what, expected=textwrap.shorten(comparison.expected, 120), found=textwrap.shorten(comparison.found, 120)
    )
    if found is None or expected is None:
        return Finding(short, array, [], [])
    shown = located(short, array, found, expected)
    return shown._replace(places=[(*origin, *place) for place in shown.places])


def _numbers(text: str, shape: tuple[int, ...] | None) -> Array | None:
    """The first list of numbers in a text, or the number that it is; of this shape, where one is given."""
    for written in [text, *re.findall(r"\[[^\]]*\]", text)]:
        try:
            numbers = np.asarray(json.loads(written), dtype=np.float64)
        except ValueError:
            continue
        if shape is None or numbers.shape == shape:
            return numbers
    return None


def both(ask: Ask, case: Case) -> tuple[Array, Sequence[Any]]:
    """The result and the gradients; no gradients where there are none."""
    try:
        return ask(case, True)
    except NotImplementedError:
        return ask(case, False)[0], []
