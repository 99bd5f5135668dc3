"""Other people's layouts of sorted features, as permutations between their positions and refsort's.

refsort sorts ascending in groups of neighbours. Declared otherwise, an adapter is handed its data in its own layout and
its answer is brought back; both are permutations of the features, so nothing is rounded and no tie is decided.

    layout "contiguous"    groups of neighbours, in and out (the default)
           "halves"        slot k of group j stands at k G + j, in and out, G groups: pairs (i, i + d/2) for max-min
           "blocks"        groups of neighbours in, "halves" out: all first slots, then all second slots
    order  "ascending"     the first slot of a group holds the smallest entry (the default)
           "descending"    it holds the largest
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_LAYOUTS = {"contiguous": (False, False), "halves": (True, True), "blocks": (False, True)}  # strided in, strided out
_ORDERS = ("ascending", "descending")
_SORTS = ("group_sort", "max_min", "full_sort")


class Convention(NamedTuple):
    """How an implementation lays out sorted features."""

    order: str = "ascending"
    layout: str = "contiguous"

    def places(self, features: int, group_size: int) -> tuple[Array, Array]:
        """For each of their input and output positions the position of refsort's that it corresponds to.

        Examples
        --------
        >>> places = Convention("descending", "halves").places(6, group_size=2)
        >>> [place.tolist() for place in places]
        [[0, 2, 4, 1, 3, 5], [1, 3, 5, 0, 2, 4]]
        """
        strided_in, strided_out = _LAYOUTS[self.layout]
        ours = np.arange(features).reshape(-1, group_size)
        slots = ours if self.order == "ascending" else ours[:, ::-1]
        return (ours.T if strided_in else ours).ravel(), (slots.T if strided_out else slots).ravel()

    def source(self) -> tuple[str, str]:
        """What `places` does to an array with a row for each group, as source text: going in, and coming out.

        Examples
        --------
        >>> Convention("descending", "halves").source()
        ('.T', '[:, ::-1].T')
        """
        strided_in, strided_out = _LAYOUTS[self.layout]
        slots = "" if self.order == "ascending" else "[:, ::-1]"
        return ".T" if strided_in else "", slots + (".T" if strided_out else "")


def declared(conventions: Any) -> dict[str, Convention]:
    """The CONVENTIONS of an adapter, checked.

    Raises
    ------
    ValueError
        For anything that this file does not know: a declared convention is never passed over.

    Examples
    --------
    >>> declared({"group_sort": {"order": "descending"}})
    {'group_sort': Convention(order='descending', layout='contiguous')}
    >>> declared({"affine": {"weight": "transposed"}})
    Traceback (most recent call last):
    ...
    ValueError: unsupported convention for affine: {'weight': 'transposed'}; supported are order (ascending, descending)
    and layout (contiguous, halves, blocks) of group_sort, max_min, full_sort
    """
    allowed = {"order": _ORDERS, "layout": tuple(_LAYOUTS)}
    supported = f"supported are order ({', '.join(_ORDERS)}) and layout ({', '.join(_LAYOUTS)}) of {', '.join(_SORTS)}"
    if not isinstance(conventions, dict):
        raise ValueError(f"CONVENTIONS must be a dict of dicts, got {conventions!r}; {supported}")
    for op, entries in conventions.items():
        known = op in _SORTS and isinstance(entries, dict) and set(entries) <= set(allowed)
        if not known or any(value not in allowed[key] for key, value in entries.items()):
            raise ValueError(f"unsupported convention for {op}: {entries!r}; {supported}")
    return {op: Convention(**entries) for op, entries in conventions.items()}


def moved(x: Array, places: Array, axis: int) -> Array:
    """Their array: position p of `axis` holds our entry ``places[p]``."""
    return np.take(x, places, axis)


def moved_back(x: Array, places: Array, axis: int) -> Array:
    """The inverse of `moved`."""
    return np.take(x, np.argsort(places), axis)
