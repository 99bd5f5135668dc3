"""Absolute epsilons beside a norm: added to it, to its square, or put in its place where it is smaller."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from refsort.oracle.diagnosis.witness import Explanation, Witness

_LARGEST = 1 / 8  # what is more is no epsilon: 1 in the place of a smaller norm is meant

Widened = Callable[[Any], Any]
"""The norm with an epsilon, for the norm."""


def _added(s: Any, e: Any) -> Any:
    return s + e


def _under_the_root(s: Any, e: Any) -> Any:
    return np.sqrt(s * s + e)


_WAYS: list[tuple[str, Callable[[Any, Any], Any], Callable[[Any, Any], Any]]] = [
    ("{} is added to the norm", _added, lambda s, found: found - s),
    ("{} is taken for the norm where that is smaller", np.maximum, lambda s, found: found),
    ("{} is added to the square of the norm", _under_the_root, lambda s, found: found * found - s * s),
]


def epsilons(
    witnesses: Sequence[Witness],
    sizes: Callable[[Witness], list[tuple[Any, Any]]],
    explains: Callable[..., bool | None],
) -> Iterator[Explanation]:
    """The epsilon is read off where the norm is smallest, and there nothing is lost by cancellation.

    Parameters
    ----------
    sizes : callable
        The norms that a witness has, each with the one that its answer seems to come from.
    explains : callable
        ``explains(witness, widened)``: whether an answer is the one for other norms than the true ones.
    """
    pairs = [pair for witness in witnesses for pair in sizes(witness)]
    if not pairs:
        return
    size, found = min(pairs, key=lambda pair: float(pair[0]))
    for words, widen, read_off in _WAYS:
        e = read_off(size, found)
        if not 0 < e < _LARGEST or (widen is np.maximum and e <= size):
            continue
        sentence = f"an absolute epsilon, {words.format(f'about {float(e):.3g}')}: small matrices come out too small"
        yield Explanation("absolute epsilon", sentence, partial(explains, widened=partial(_widened, widen=widen, e=e)))


def _widened(s: Any, widen: Callable[[Any, Any], Any], e: Any) -> Any:
    return widen(s, e)
