"""Beyond single calls: identities between several answers of one adapter, none of which needs the exact result.

A property is a function ``(ask, case) -> comparisons``: it turns the case into others, has them answered, and compares
the answers with one another, within the sum of their derived bounds, or with none where nothing can be rounded. Its
docstring says what is true, why, which classes of bugs break it and what it costs. `further` puts all of them to an
adapter on one case.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from refsort.oracle.adapter import Adapter
from refsort.oracle.cases import Case
from refsort.oracle.claims import Comparison
from refsort.oracle.judge import LARGEST, Mismatch
from refsort.oracle.properties import affine, batches, bjorck, layouts, projections, refusals, sorting, symmetries
from refsort.oracle.properties.asking import Ask, Property
from refsort.rounding import NoBoundError

__all__ = ["NOTES", "PROPERTIES", "REFUSALS", "Ask", "Property", "further", "notes"]

_SORTS: tuple[Property, ...] = (
    sorting.gradient_decodes_the_permutation,
    sorting.gradient_is_the_derivative,
    sorting.sorted_stays_sorted,
    sorting.negation_reverses,
    sorting.translation_and_scale,
    sorting.axis_by_either_name,
    batches.rows_are_independent,
    batches.zero_cotangent,
    layouts.layouts_do_not_matter,
)
_BALLS: tuple[Property, ...] = (
    projections.interior_is_left_alone,
    projections.projected_stays,
    projections.no_two_rows_apart,
    projections.entries_trade_places,
    projections.scale_does_not_matter,
    projections.gradient_is_the_derivative,
    batches.rows_are_independent,
    batches.zero_cotangent,
    layouts.layouts_do_not_matter,
)

_ANY: tuple[Property, ...] = (batches.zero_cotangent, layouts.layouts_do_not_matter)

PROPERTIES: dict[str, tuple[Property, ...]] = {
    "group_sort": (*_SORTS, sorting.groups_do_not_mix),
    "max_min": (*_SORTS, sorting.groups_do_not_mix),
    "full_sort": _SORTS,
    "affine": (
        affine.exact_on_whole_numbers,
        affine.gradient_is_the_derivative,
        batches.rows_are_independent,
        batches.gradients_add_over_the_batch,
        batches.zero_cotangent,
        layouts.layouts_do_not_matter,
    ),
    "bjorck": (
        bjorck.one_step_to_the_bit,
        bjorck.gradient_of_one_step_is_the_derivative,
        bjorck.gradient_is_the_derivative,
        bjorck.orthonormal_matrices_stay,
        bjorck.signed_permutations,
        bjorck.transposition,
        batches.zero_cotangent,
        layouts.layouts_do_not_matter,
    ),
    "spectral_norm": (symmetries.scaled, symmetries.transposed, symmetries.signed_permutations, *_ANY),
    "spectral_normalize": (symmetries.scaled, symmetries.transposed, symmetries.signed_permutations, *_ANY),
    "project_l1_ball": _BALLS,
    "project_l2_ball": _BALLS,
    "project_linf_ball": _BALLS,
    "operator_norm": (symmetries.scaled, symmetries.signed_permutations, *_ANY),
    "hinge": (symmetries.classes_trade_places, symmetries.batch_in_any_order, *_ANY),
    "cross_entropy": (symmetries.classes_trade_places, symmetries.batch_in_any_order, *_ANY),
    "kr": (symmetries.samples_trade_places, symmetries.batch_in_any_order, *_ANY),
    "hkr": (symmetries.batch_in_any_order, *_ANY),
    "certified_radius": (
        symmetries.classes_trade_places,
        symmetries.batch_in_any_order,
        layouts.layouts_do_not_matter,
    ),
    "network": (symmetries.batch_in_any_order, *_ANY),
}
"""For each operation what must hold, the most telling first."""

REFUSALS: dict[str, Property] = {
    "group_sort": refusals.bad_sorts_are_refused,
    "max_min": refusals.bad_sorts_are_refused,
    "full_sort": refusals.bad_sorts_are_refused,
    "affine": refusals.matrices_that_do_not_fit_are_refused,
}
"""For each operation the bad input that it must not answer. To be asked last: it may crash what does not check."""

NOTES: dict[str, tuple[Callable[[Ask, Case], str | None], ...]] = {
    op: (sorting.norm_at_ties, layouts.refused_layouts) if op in sorting.SORTS else (layouts.refused_layouts,)
    for op in PROPERTIES
}
"""For each operation what is reported and not judged: a sentence, or None where there is nothing to say."""

LARGEST_CASE = 4096
"""The entries of the largest case that properties are asked of: what they compare, they compare in exact numbers."""


def further(adapter: Adapter, case: Case, properties: Sequence[Property] | None = None) -> list[Comparison]:
    """Put `properties` to `adapter` at `case`: all of `PROPERTIES` of its operation by default.

    Returns
    -------
    list of Comparison
        Those that passed; where no bound exists, none was made. Without a gradient, those of the values. None for an
        empty case or one of more than `LARGEST_CASE` entries, which single calls judge.

    Raises
    ------
    Mismatch
        For the first that is violated; its claim names the property.
    NotImplementedError
        Where the adapter does not have the operation.

    Examples
    --------
    >>> import numpy as np
    >>> from refsort.oracle.adapter import load
    >>> x, g = np.array([[2.0, 1.0, 3.0, 3.0]]), np.array([[1.0, 2.0, 4.0, 8.0]])
    >>> case = Case("max_min", "float64", (x,), {"axis": -1}, g)
    >>> [c.ratio for c in further(load("numpy"), case, [sorting.negation_reverses])]
    [Fraction(0, 1)]
    """
    if adapter.ops is not None and case.op not in adapter.ops:
        raise NotImplementedError
    sizes = [array.size for array in case.arrays]
    if not all(sizes) or sum(sizes) > LARGEST_CASE:
        return []
    comparisons: list[Comparison] = []
    ask = Ask(adapter)
    ask(case, False)  # an operation that is not implemented says so here
    for prop in PROPERTIES.get(case.op, ()) if properties is None else properties:
        try:
            for comparison in prop(ask, case):
                if comparison.ratio > 1:
                    claim = f"{prop.__name__}: {comparison.what}"
                    ratio = float(min(comparison.ratio, LARGEST))
                    raise Mismatch(case, claim, comparison.expected, comparison.found, ratio, "property")
                comparisons.append(comparison)
        except (NotImplementedError, NoBoundError):  # there is no gradient, or no bound
            continue
    return [comparison for comparison in comparisons if comparison.ratio == comparison.ratio]


def notes(adapter: Adapter, case: Case) -> list[str]:
    """What `NOTES` has to say of `adapter` at `case`."""
    said = []
    for note in NOTES.get(case.op, ()):
        try:
            said.append(note(Ask(adapter), case))
        except (Mismatch, NotImplementedError):  # judged elsewhere
            continue
    return [sentence for sentence in said if sentence is not None]
