"""Mistakes in sorting: layout, axis, sizes; and on the way back, permutations and ties."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from refsort.oracle.cases import Case
from refsort.oracle.conventions import Convention
from refsort.oracle.diagnosis.gradients import common
from refsort.oracle.diagnosis.witness import Array, Explanation, Witness, is_right, wide
from refsort.oracle.judge import Mismatch, answer
from refsort.oracle.operations.sorting import group_size

_CONVENTIONS = [
    (name, Convention(order, layout))
    for name, order, layout in [
        ("descending", "descending", "contiguous"),
        ("halves", "ascending", "halves"),
        ("blocks", "ascending", "blocks"),
        ("descending halves", "descending", "halves"),
        ("descending blocks", "descending", "blocks"),
        ("ascending", "ascending", "contiguous"),
    ]
]


def values(witnesses: Sequence[Witness]) -> Iterator[Explanation]:
    """What a wrong result of a sort may come from."""
    op, adapter = witnesses[0].case.op, witnesses[0].adapter
    for name, convention in _CONVENTIONS:
        if convention != adapter.conventions.get(op, Convention()):
            declaration = (
                f"CONVENTIONS = {{{op!r}: {{'order': {convention.order!r}, 'layout': {convention.layout!r}}}}}"
            )
            sentence = f"it sorts {_layout(convention)}; that is another convention, so declare {declaration}"
            yield Explanation(name, sentence, partial(_under, convention=convention))
    for name, where, axis in (
        ("last axis", "the last axis", -1),
        ("first axis", "axis 0", 0),
        ("second axis", "axis 1", 1),
    ):
        sentence = f"it sorts along {where}, whichever was asked for"
        yield Explanation(name, sentence, partial(_along, axis=axis))
    questions: list[tuple[str, str, Callable[[Case], Case | None]]] = [
        ("group count", "it takes the group size for the number of groups", _group_count),
        ("group size ignored", "it sorts groups of 2, whatever the group size", partial(_sized, size=2)),
        ("full sort", "it sorts all features at once instead of group by group", partial(_sized, size=None)),
        ("flattened", "it sorts the flattened array, whichever axis was asked for", _flat),
        ("nothing sorted", "it returns its input unchanged", partial(_sized, size=1)),
    ]
    for name, sentence, question in questions:
        yield Explanation(name, sentence, partial(_answers, question=question))


def gradients(witnesses: Sequence[Witness]) -> Iterator[Explanation]:
    """What a wrong gradient beside a right result may come from."""
    yield from common(witnesses, lambda case: [_permuted(case)], ["x"])
    sentence = "the gradient goes through the permutation forwards (gather) instead of backwards (scatter): P for P^T"
    yield Explanation("inverse permutation", sentence, partial(_rearranged, rearrange=_inverse))
    sentence = "the gradient belongs to the opposite order: the cotangent of each group is taken back to front"
    yield Explanation("reversed gradient", sentence, partial(_rearranged, rearrange=_reversed))
    ties = "entries that are tied"
    shares: list[tuple[str, str, Callable[[Array], Array]]] = [
        ("all gradients to the first at ties", f"the gradients of {ties} all go to the first of them", _first),
        ("all gradients to the last at ties", f"the gradients of {ties} all go to the last of them", _last),
        ("all gradients to each at ties", f"each of the {ties} gets the gradients of all of them", _each),
        ("no gradient at ties", f"{ties} get no gradient", np.zeros_like),
    ]
    for name, sentence, share in shares:
        yield Explanation(name, _with_norm(name, sentence), partial(_shares, share=share))


def _with_norm(name: str, sentence: str) -> str:
    norms = {"all gradients to each at ties": "2", "no gradient at ties": "0"}
    return f"{sentence}: for a pair that Jacobian has norm {norms.get(name, 'sqrt(2)')}"


def _layout(convention: Convention) -> str:
    where = {
        "contiguous": "groups of neighbours",
        "halves": "strided groups, slot k of group j at k G + j of G groups (for max-min the halves i and i + d/2)",
        "blocks": "groups of neighbours and puts all first slots before all second ones",
    }
    return f"{where[convention.layout]}, in {convention.order} order"


def _under(witness: Witness, convention: Convention) -> bool | None:
    """Whether the result is right once this convention is declared."""
    case, conventions = witness.case, {**witness.adapter.conventions, witness.case.op: convention}
    try:
        out, _ = answer(witness.adapter._replace(conventions=conventions), case, with_gradients=False)
    except (Mismatch, NotImplementedError):
        return None
    return is_right(case, out, None, witness.adapter.unit_roundoff)


def _answers(witness: Witness, question: Callable[[Case], Case | None]) -> bool | None:
    """Whether the result is right for another question; None where that cannot be asked."""
    other = question(witness.case)
    if other is None:
        return None
    return is_right(other, witness.out.reshape(other.cotangent.shape), None, witness.adapter.unit_roundoff)


def _features(case: Case) -> int:
    return int(case.arrays[0].shape[case.params["axis"]])


def _as_group_sort(case: Case, size: int, axis: int) -> Case | None:
    features = case.arrays[0].shape[axis]
    if size < 1 or features % size:
        return None
    return case._replace(op="group_sort", params={"group_size": size, "axis": axis})


def _group_count(case: Case) -> Case | None:
    return _as_group_sort(case, _features(case) // group_size(case), case.params["axis"])


def _sized(case: Case, size: int | None) -> Case | None:
    return _as_group_sort(case, _features(case) if size is None else size, case.params["axis"])


def _along(witness: Witness, axis: int) -> bool | None:
    """Whether the result is right for another axis; one that groups do not divide could not have been answered."""
    case = witness.case
    shape = case.arrays[0].shape
    if axis >= len(shape):
        return None
    other = _as_group_sort(case, shape[axis] if case.op == "full_sort" else group_size(case), axis)
    return other is not None and is_right(other, witness.out, None, witness.adapter.unit_roundoff)


def _flat(case: Case) -> Case | None:
    x, g = case.arrays[0].reshape(-1), case.cotangent.reshape(-1)
    size = x.size if case.op == "full_sort" else group_size(case)
    return _as_group_sort(case._replace(arrays=(x,), cotangent=g), size, 0)


def _grouped(x: Array, case: Case) -> Array:
    """One group a row."""
    return np.moveaxis(x, case.params["axis"], -1).reshape(-1, group_size(case))


def _ungrouped(rows: Array, case: Case) -> Array:
    x, axis = case.arrays[0], case.params["axis"]
    return np.ascontiguousarray(np.moveaxis(rows.reshape(np.moveaxis(x, axis, -1).shape), -1, axis))


def _permuted(case: Case) -> Array:
    x, g = _grouped(case.arrays[0], case), _grouped(wide(case.cotangent), case)
    x_bar = np.empty_like(g)
    np.put_along_axis(x_bar, np.argsort(x, axis=-1, kind="stable"), g, -1)
    return _ungrouped(x_bar, case)


def _inverse(order: Array, g: Array) -> Array:
    return np.take(g, order)


def _reversed(order: Array, g: Array) -> Array:
    result: Array = g[::-1][np.argsort(order)]
    return result


def _rearranged(witness: Witness, rearrange: Callable[[Array, Array], Array]) -> bool | None:
    """Whether each group has its cotangent so rearranged, and one at least that shows it; ties leave a choice."""
    case, told = witness.case, False
    if witness.gradients is None:
        return None
    arrays = (case.arrays[0], case.cotangent, witness.gradients[0])
    for x, g, found in zip(*(_grouped(array, case) for array in arrays), strict=True):
        order = np.argsort(x, kind="stable")
        if np.array_equal(found, rearrange(order, g)):
            told = told or not np.array_equal(found, g[np.argsort(order)])  # for pairs, P^T is P
        elif len(np.unique(x)) == len(x):
            return False
    return True if told else None


def _first(g: Array) -> Array:
    return np.concatenate([[g.sum()], np.zeros(len(g) - 1)])


def _last(g: Array) -> Array:
    return _first(g)[::-1]


def _each(g: Array) -> Array:
    return np.full(len(g), g.sum())


def _shares(witness: Witness, share: Callable[[Array], Array]) -> bool | None:
    """Whether the gradient is so shared at every tie, and right once that is undone."""
    if witness.gradients is None:
        return None
    case, undone = witness.case, _grouped(witness.gradients[0], case=witness.case).copy()
    for x, g, found in zip(_grouped(case.arrays[0], case), _grouped(case.cotangent, case), undone, strict=True):
        ordered = np.sort(x)
        for tied in (value for value in np.unique(x) if (x == value).sum() > 1):
            block: Any = wide(g[ordered == tied])
            if np.any(np.abs(found[x == tied] - share(block)) > 4 * witness.u * np.abs(block).sum()):
                return False
            found[x == tied] = g[ordered == tied]
    return is_right(case, witness.out, [_ungrouped(undone, case)], witness.adapter.unit_roundoff)
