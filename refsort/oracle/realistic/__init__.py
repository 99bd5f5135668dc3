"""Realistic sizes: errors that need many elements or blocked kernels, and arithmetic that is not what it says it is.

At these sizes rigorous bounds are hundreds of times what happens, and would not notice products that were computed with
ten bits instead of 24. So tolerances hold for random roundings, in all sums at once, but for a probability of 1e-9, and
each comparison that rests on this says so. Where exact truth would take minutes it is a pass in a wider format, whose
own error is in the bound, or drawn entries are compared with their exact values.
"""

from __future__ import annotations

from functools import partial

from refsort.oracle.claims import Claims
from refsort.oracle.realistic.failure import Asked, LargeMismatch, passing, shrunk
from refsort.oracle.realistic.finding import Ask, Finding
from refsort.oracle.realistic.pages import WIDTH, at_widths, calls, findings_of
from refsort.oracle.tolerances import Precision

__all__ = ["WIDTH", "Ask", "Finding", "LargeMismatch", "calls", "claims", "judged"]


def claims(ask: Ask, op: str, dtype: str, precision: Precision, seed: int = 0) -> Claims:
    """The comparisons of the large calls of `op`, passed or not.

    Parameters
    ----------
    ask : callable
        ``ask(case, with_gradients)`` gives the result and the gradients, as `refsort.oracle.judge.answer` does.
    op, dtype : str
    precision : Precision
        What the adapter declares for the dtype.
    seed : int
        Of the data and of the probes.
    """
    run = partial(findings_of, ask, op, dtype, precision, seed)
    return (finding.comparison for finding in at_widths(op, dtype, seed, run))


def judged(ask: Ask, op: str, dtype: str, precision: Precision, seed: int = 0) -> Claims:
    """The comparisons of the large calls of `op`, all of which pass.

    Raises
    ------
    LargeMismatch
        For the first that does not, at the smallest width at which it does not.
    """
    asked = Asked(ask, op, dtype, precision, seed)
    try:
        yield from at_widths(op, dtype, seed, partial(passing, asked))
    except LargeMismatch as failure:
        raise shrunk(asked, failure) from failure.__cause__
