"""A large call that fails: by halves of the width as small as it still does, and with what a script needs."""

from __future__ import annotations

import re
import textwrap
from typing import NamedTuple

import numpy as np

from refsort.oracle.claims import Claims
from refsort.oracle.judge import LARGEST, Mismatch
from refsort.oracle.process import HungError
from refsort.oracle.realistic.finding import Ask
from refsort.oracle.realistic.pages import LEAST, calls, findings_of
from refsort.oracle.tolerances import Precision
from refsort.rounding import NoBoundError


class Large(NamedTuple):
    """Where a large call fails.

    Attributes
    ----------
    seed, call, width : int
        What `refsort.oracle.realistic.calls` draws it from: the call with that number.
    array : int
        Which array of the answer is wrong: -1 for the result, else the number of a gradient.
    places : list of tuple
        Its worst entries; none where the call gave no answer, or one of the wrong form.
    expected : list of float
    """

    seed: int
    call: int
    width: int
    array: int
    places: list[tuple[int, ...]]
    expected: list[float]


class LargeMismatch(Mismatch):
    """A `Mismatch` of a large call; its case holds the parameters and no arrays, which would fill books.

    Attributes
    ----------
    large : Large
    """

    def __init__(self, wrong: Mismatch, large: Large) -> None:
        case = wrong.case._replace(arrays=(), cotangent=np.empty(0))
        expected, found = (textwrap.shorten(text, 200) for text in (wrong.expected, wrong.found))
        super().__init__(case, f"at a realistic size: {wrong.claim}", expected, found, wrong.ratio, "size")
        self.large = large


class Asked(NamedTuple):
    """Who is asked for what; the fields are those of `refsort.oracle.realistic.judged`."""

    ask: Ask
    op: str
    dtype: str
    precision: Precision
    seed: int


def passing(asked: Asked, call: int, width: int) -> Claims:
    """The comparisons of one call at one width; a `LargeMismatch` at the first that fails."""
    case = calls(asked.op, asked.dtype, asked.seed, width)[call]
    try:
        for finding in findings_of(*asked, call, width):
            c = finding.comparison
            if c.ratio > 1:
                wrong = Mismatch(case, c.what, c.expected, c.found, float(min(c.ratio, LARGEST)))
                large = Large(asked.seed, call, width, finding.array, finding.places, finding.expected)
                raise LargeMismatch(wrong, large)
            yield c
    except LargeMismatch:
        raise
    except Mismatch as wrong:  # no answer, or one of the wrong form
        named = re.search(r"gradient (\d+)", wrong.claim)
        large = Large(asked.seed, call, width, int(named[1]) if named else -1, [], [])
        raise LargeMismatch(wrong, large) from wrong.__cause__


def shrunk(asked: Asked, failure: LargeMismatch) -> LargeMismatch:
    """The failure at the last width that fails when it is halved again and again; what is said of the next one."""
    large, below = failure.large, ""
    while large.width > LEAST and not isinstance(failure.__cause__, HungError):  # each attempt would cost the timeout
        narrower = large.width // 2
        try:
            for _ in passing(asked, large.call, narrower):
                pass
        except LargeMismatch as smaller:
            failure, large = smaller, smaller.large
            continue
        except (NoBoundError, NotImplementedError):
            break
        below = f" and passes at {narrower}"
        break
    failure.claim += f" (fails at the width {large.width}{below})"
    return failure
