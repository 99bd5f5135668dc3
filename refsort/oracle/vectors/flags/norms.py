"""Flags of norms: the spectral norm, weights divided by it, operator norms."""

from __future__ import annotations

from refsort.oracle.vectors.flags.threads import BACKWARD, DEGENERATE, POWER, TIES
from refsort.oracle.vectors.vector import Flag

NORMS: dict[str, Flag] = {
    "single-entry": Flag(
        "B17",
        "A diagonal matrix, or a permuted one: the norm is the largest entry in size, and its gradient a single entry "
        "with a sign. The sign is lost by a root of squares.",
        (),
    ),
    "frobenius": Flag(
        "B9",
        "Several singular values: the Frobenius norm, a bound from rows and columns, and sqrt(|W|_1 |W|_inf) are other "
        "numbers. Division by those is safe and no longer tight.",
        (),
    ),
    "not-eigenvalue": Flag(
        "B6",
        "No symmetric matrix: the largest eigenvalue is smaller than the largest singular value, and a power iteration "
        "with W in place of W^T W finds that.",
        ("odlgroup/odl#1561",),
    ),
    "known-vectors": Flag(
        "B1",
        "Pythagorean triples, reflections and Hadamard matrices: the singular value and its vectors are rational, and "
        "the gradient is exactly u v^T, not its transpose and not W / norm.",
        BACKWARD,
    ),
    "from-below": Flag(
        "B6",
        "The second singular value is near the first, or the first vector orthogonal to (1, 1, ...): power iteration "
        "that stops early, or starts from ones, falls short of the norm.",
        POWER,
    ),
    "rank-one": Flag(
        "B7",
        "All other singular values are zero, and equal: the gradient of a whole singular value decomposition divides "
        "by their differences.",
        DEGENERATE,
    ),
    "multiple": Flag(
        "B3",
        "The largest singular value is multiple. Any subgradient is right; u v^T summed over the pairs is none, and no "
        "more is the NaN of 1 / (s_i - s_j).",
        DEGENERATE,
    ),
    "irrational": Flag("EDGE", "The norm is irrational, and given to 2^-64 of itself.", ()),
    "orientation": Flag(
        "B23",
        "Rectangles, both ways: W^T W and W W^T have the same largest eigenvalue, and vectors of other lengths.",
        ("deel-ai/deel-lip#73",),
    ),
    "zero-weight": Flag(
        "B7",
        "The zero matrix: the norm is 0, and any gradient in the dual unit ball is right; the NaN of 0 / 0 is not.",
        DEGENERATE,
    ),
    "detached-norm": Flag(
        "B1",
        "The gradient goes through the norm as well, which takes away the part along W. A norm that is taken for a "
        "constant leaves every forward test green.",
        BACKWARD,
    ),
    "norm-below-one": Flag(
        "B9",
        "Norms of 1 and less: the weight is divided by its norm, and so enlarged; max(1, norm) leaves it less than "
        "1-Lipschitz.",
        (),
    ),
    "transposed-pair": Flag(
        "B15",
        "All pairs (p, q) on one matrix: (1, 1) for (inf, inf), (1, 2) for (2, inf), and the dual norm forgotten, "
        "give the norm of the transpose or another one.",
        ("niklasnolte/MonotonicNetworks#8", "niklasnolte/MonotonicNetworks#11"),
    ),
    "largest-one": Flag(
        "B17",
        "The largest column, row or entry alone counts and alone has a gradient: a sum or a mean over all shows.",
        (),
    ),
    "norm-tie": Flag(
        "B3",
        "Several columns, rows or entries attain the norm. Shares of sum 1 are right; a full gradient to each is not.",
        TIES,
    ),
    "zero-entry": Flag(
        "B3",
        "A zero inside of the largest column or row: its gradient is anything between both signs.",
        (),
    ),
}
