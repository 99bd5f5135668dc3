"""The same numbers in other memory: the strides of an array are no part of what it means."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from refsort.oracle.cases import Case
from refsort.oracle.claims import Comparison
from refsort.oracle.judge import Mismatch
from refsort.oracle.properties.asking import Array, Ask, agree
from refsort.oracle.properties.bounds import BALLS, gradient_bounds, value_bound
from refsort.oracle.properties.sorting import SORTS
from refsort.oracle.properties.sorting import generic as generic_sort
from refsort.oracle.properties.symmetries import right_for


def _gaps(x: Array) -> Array:
    return np.stack([x, np.zeros_like(x)], axis=-1)[..., 0]


def _read_only(x: Array) -> Array:
    copy = x.copy()
    copy.flags.writeable = False
    return copy


LAYOUTS: dict[str, Callable[[Array], Array]] = {
    "Fortran order": np.asfortranarray,
    "gaps between the entries": _gaps,
    "negative strides": lambda x: np.flip(np.flip(x).copy()),
    "read-only memory": _read_only,
}
"""By name, what turns an array into one that is equal to it."""


def layouts_do_not_matter(ask: Ask, case: Case) -> Iterator[Comparison]:
    """Every layout gives the answer of the contiguous arrays: buffers that are read without their strides (B12, B23).

    Sorts agree exactly, others within two bounds, since a BLAS may sum in another order; where no bound is at hand
    here, the claims of the operation are put to the answer. An adapter that raises for a
    layout has refused it aloud, which is no wrong answer: `refused_layouts` notes it. 5 calls, 10 with the gradients.
    """
    if case.op in SORTS:
        case = generic_sort(ask, case)
    precision = ask.precision(case)
    bounded = case.op in (*SORTS, *BALLS, "affine", "bjorck")
    expected, bound = ask.value(case), 2 * value_bound(case, precision) if bounded else None
    accepted = []
    for name, layout in LAYOUTS.items():
        found = _value_or_refusal(ask.laid_out(layout), case)
        if not isinstance(found, str):
            accepted.append((name, ask.laid_out(layout)))
            if bound is not None:
                yield agree("value", f"the arrays with {name}", expected, found, bound)
            else:
                yield from right_for(ask.laid_out(layout), case, case, lambda out: out, f"the arrays with {name}")
    if case.op not in (*SORTS, "affine", "bjorck"):  # a gradient at a kink may be another one
        return
    gradients, bounds = ask.gradients(case), gradient_bounds(case, precision)
    for name, laid in accepted:
        for i, (first, second, b) in enumerate(zip(gradients, laid.gradients(case), bounds, strict=True)):
            yield agree("gradient", f"gradient {i} of the arrays with {name}", first, second, 2 * b)


def refused_layouts(ask: Ask, case: Case) -> str | None:
    """The layouts for which the adapter raises. 4 calls."""
    answers = {name: _value_or_refusal(ask.laid_out(layout), case) for name, layout in LAYOUTS.items()}
    refused = [f"{name} ({answer})" for name, answer in answers.items() if isinstance(answer, str)]
    return f"refuses arrays with {', '.join(refused)}" if refused else None


def _value_or_refusal(ask: Ask, case: Case) -> Array | str:
    try:
        return ask.value(case)
    except Mismatch as mismatch:
        if mismatch.__cause__ is None:  # an answer, and a wrong one
            raise
        return mismatch.found
