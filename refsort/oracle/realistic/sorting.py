"""Sorts of long rows of distinct whole numbers: the rank of an entry tells where its cotangent must come from."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from refsort.oracle.claims import Comparison
from refsort.oracle.operations.operation import Case
from refsort.oracle.operations.sorting import group_size
from refsort.oracle.realistic.finding import Ask, Findings, both, located
from refsort.oracle.tolerances import Precision


def findings(ask: Ask, case: Case, precision: Precision, rng: np.random.Generator) -> Findings:
    """Every entry of the result and of the gradient, exactly."""
    x, size = case.arrays[0], group_size(case)
    out, gradients = both(ask, case)
    split, codes = (array.reshape(len(x), -1, size) for array in (x, case.cotangent))
    order = np.argsort(split, axis=-1)
    expected = np.take_along_axis(split, order, axis=-1)
    pulled = np.empty_like(codes)
    np.put_along_axis(pulled, order, codes, axis=-1)
    answers = [("value", expected, out), *(("gradient", pulled, gradient) for gradient in gradients)]
    for array, (kind, want, found) in enumerate(answers, -1):
        wanted = want.reshape(x.shape)
        wrong = np.count_nonzero(wanted != found)
        ratio = math.inf if wrong else Fraction(0)
        what = f"{'the result' if array < 0 else 'the gradient'}: {x.size} entries in groups of {size}"
        shown = Comparison(kind, what, ratio, "every entry exactly", f"{wrong} wrong entries")
        yield located(shown, array, found, wanted)
