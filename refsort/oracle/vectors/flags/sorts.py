"""Flags of the sorts."""

from __future__ import annotations

from refsort.oracle.vectors.flags.threads import LAYOUT, TIES
from refsort.oracle.vectors.vector import Flag

SORTS: dict[str, Flag] = {
    "permutation": Flag(
        "B1",
        "All orders of distinct entries, with a cotangent that spells out where each of its entries went: the gradient "
        "is the inverse of the permutation that sorts. Random directions hardly notice a wrong permutation.",
        ("pytorch/pytorch#57166",),
    ),
    "tie": Flag(
        "B3",
        "Entries of one group are equal. The gradient must be majorised by the cotangent of the block: any permutation "
        "or mean of it. Both cotangents given to one entry make a Jacobian of norm sqrt 2; none given loses gradient.",
        TIES,
    ),
    "near-tie": Flag(
        "B19",
        "Entries that differ by a few units in the last place are not tied. A comparison in fewer bits, or with a "
        "tolerance, merges or swaps them.",
        (),
    ),
    "signed-zero": Flag(
        "B3",
        "+0 and -0 are equal, hence tied: a sort by bit pattern may order them, and its gradient must stay admissible.",
        TIES,
    ),
    "signed-cotangent": Flag(
        "B1",
        "Cotangents with negative entries and zeros: a gradient made of absolute values or of comparisons with the "
        "cotangent shows.",
        (),
    ),
    "neighbours": Flag(
        "B11",
        "Several groups: refsort sorts neighbours, ascending. Halves (i with i + d / 2), blocks (all minima, then all "
        "maxima) and descending order give other results unless they are declared.",
        LAYOUT,
    ),
    "group-count": Flag(
        "B11",
        "group_size is the number of entries in a group, not the number of groups.",
        LAYOUT,
    ),
    "group-of-one": Flag(
        "B13",
        "Groups of one entry: the identity, in result and gradient.",
        (),
    ),
    "axis": Flag(
        "B12",
        "Two and three dimensions with pairwise distinct sides, every axis by its positive and its negative number: a "
        "fixed axis, a swapped one, and a cotangent that is not moved along with the data show.",
        ("cemanil/LNets#7",),
    ),
    "one-dimensional": Flag(
        "B13",
        "A single vector, without a batch axis.",
        (),
    ),
}
