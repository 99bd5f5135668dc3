"""Bad input: what has no meaning must be refused, by any exception, and not answered (B13, B22).

FAIL is an answer, of any value, to a call that has no meaning: a group size that does not divide the axis, is zero,
negative, or larger than the axis (deel-torchlip then sorts everything), an axis that is not there, an odd number of
features for max-min, matrices that do not fit. Nothing is said about which exception, and nothing about parameters that
some implementations give a meaning to (a radius of 0, no iterations, NaN entries).
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from refsort.oracle.cases import Case
from refsort.oracle.claims import Comparison
from refsort.oracle.operations.sorting import group_size
from refsort.oracle.properties.asking import Ask


def bad_sorts_are_refused(ask: Ask, case: Case) -> Iterator[Comparison]:
    """Axes that are not there, group sizes that do not fit, an odd length for max-min. 6 calls at most."""
    x, params = case.arrays[0], case.params
    bad: dict[str, tuple[Any, dict[str, Any]]] = {
        f"axis {axis} of {x.ndim} axes": (x, params | {"axis": axis}) for axis in (x.ndim, -x.ndim - 1)
    }
    length = x.shape[params["axis"]]
    if case.op == "group_sort":
        sizes = (0, -group_size(case), length + 1, 2 * length)
        bad |= {f"group size {k} on {length} features": (x, params | {"group_size": k}) for k in sizes}
    if case.op == "max_min":
        odd = np.take(x, range(length - 1), params["axis"])
        bad |= {f"{length - 1} features": (odd, params)}
    for what, (array, wrong) in bad.items():
        yield _refused(ask, case._replace(arrays=(array,), params=wrong), what)


def matrices_that_do_not_fit_are_refused(ask: Ask, case: Case) -> Iterator[Comparison]:
    """A weight with a column too many, a bias with an entry too many. 2 calls."""
    x, w, b = case.arrays
    if not w.size:
        return
    wide, long = np.concatenate([w, w[:, :1]], axis=1), np.concatenate([b, b[:1], b[:1]])
    if x.shape[1] > 1:  # one column may be broadcast against any number, as NumPy would
        yield _refused(ask, case._replace(arrays=(x, wide, b)), f"x {x.shape} with w {wide.shape}")
    if len(b) > 1:
        yield _refused(ask, case._replace(arrays=(x, w, long)), f"w {w.shape} with b {long.shape}")


def _refused(ask: Ask, case: Case, what: str) -> Comparison:
    """Called directly: shapes are of no account here, and neither is the layout."""
    arrays = [array.copy() for array in case.arrays]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = ask.adapter.call(case.op, arrays, dict(case.params), None, case.dtype)
    except (Exception, SystemExit) as error:
        return Comparison("error", f"{what} is refused", 0.0, "an exception", type(error).__name__)
    shown = f"an answer: {found[0] if isinstance(found, tuple) and found else found}"
    return Comparison("error", f"{what} is refused", np.inf, "an exception", " ".join(shown.split()))
