"""Flags of the projections on balls."""

from __future__ import annotations

from refsort.oracle.vectors.flags.threads import BALL
from refsort.oracle.vectors.vector import Flag

BALLS: dict[str, Flag] = {
    "inside": Flag(
        "B14",
        "A row inside of the ball is its own projection and the gradient is the cotangent: the formula for the sphere, "
        "applied inside, moves it. The most frequent published bug of projections.",
        BALL,
    ),
    "zero-row": Flag("B14", "The zero row stays zero: signs and quotients of zero show.", BALL),
    "sphere": Flag(
        "B14",
        "A row on the sphere stays. Its gradient lies in the hull of those from inside and from outside.",
        BALL,
    ),
    "outside": Flag(
        "B1",
        "A row outside: every entry moves towards zero by one threshold, or to zero. The gradient subtracts the signed "
        "mean over the kept entries; soft thresholding alone forgets that.",
        (),
    ),
    "threshold-tie": Flag(
        "B3",
        "An entry whose size equals the threshold: it may count as kept or not, and the gradient lies in the hull.",
        (),
    ),
    "radius": Flag("B10", "One row, many radii: a radius that is ignored or fixed to 1 shows.", ()),
    "support": Flag(
        "B14",
        "Every number of kept entries: a search that stops too early, or counts from the wrong end, shows.",
        ("odlgroup/odl#1613",),
    ),
    "rows": Flag(
        "B12",
        "Several rows of different kinds: each is projected on its own, not the columns and not the whole matrix.",
        (),
    ),
    "rescaled": Flag(
        "B1",
        "A row outside of an l2 ball is shortened. Its gradient loses the part along the row; the factor r / |v| alone "
        "forgets that.",
        (),
    ),
    "clipped": Flag(
        "B1",
        "Entries outside of an linf ball: each is clipped on its own, and its gradient is zero. A rescaled row, or a "
        "gradient that passes straight through, shows.",
        (),
    ),
}
