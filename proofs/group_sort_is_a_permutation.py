"""GroupSort is 1-Lipschitz in every p-norm, and a permutation wherever it has a derivative.

Statement
---------
Let S sort ascending inside consecutive groups of k entries of R^d, k dividing d. (1) Where the entries of each group
are pairwise distinct, S has a derivative, and it is a permutation matrix. (2) |S x - S y|_p <= |x - y|_p for all x, y
and all p in [1, inf]. (3) At every x the Jacobians at differentiable points near x are exactly the permutation
matrices P with S x = P x that act inside the groups.

Our reading
-----------
After Anil, Lucas, Grosse (2019), who state gradient-norm preservation almost everywhere: (1) gives it, since a
permutation keeps every p-norm of a vector, forward and transposed, and the x with a tie form a null set. By (3) the
Clarke generalised Jacobian at x, the convex hull of those limits, is the hull of the permutations that sort x.

Argument
--------
(1) If the entries of a group differ by at least g > 0, then every x' with |x' - x|_inf < g / 2 has the same order, so S
is linear near x: the permutation that sorts x. (2) It is enough to treat one group. On each of the finitely many closed
cones where one permutation sorts, S is that permutation. The segment from y to x crosses finitely many of them; on each
piece S keeps the p-norm of the difference of the end points, and the triangle inequality adds the pieces up to the
length of the segment. (3) A differentiable point near x has a strict order that refines the order of x, so its
permutation sorts x; and if P sorts x, then x + t P^T (1, 2, ..., k) has for small t > 0 the strict order that P sorts.

Construction
------------
All x in {0, 1, 2}^4: every pattern of ties and orders that four numbers with three values can have.

What is checked
---------------
At these x, for groups of 2 and of 4, in rationals. (1) and (3): the Jacobians at x + t P^T (1, ..., k) by dual
numbers, for every P that acts inside the groups, against the P that sort x. (2): for all pairs, for every p at once, by
weak majorisation: each sum of the m largest |S x - S y|_i is at most that of the m largest |x - y|_i, which gives
every p-norm (Hardy, Littlewood, Polya).

What is not shown
-----------------
By the check: other dimensions and other points; these rest on the argument. By either: anything about networks, whose
generalised Jacobian need not be the product of those of their layers.

Uses
----
Nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import permutations, product

from proofs.certificate import Certificate, require
from refsort import spec

GRADE = "EXACT"
DIMENSION = 4
Vector = tuple[Fraction, ...]
Permutation = tuple[int, ...]  # (P x)_i = x[P[i]]


def construct() -> list[Vector]:
    """All points of {0, 1, 2}^4: every pattern of ties and orders that four numbers with three values can have."""
    return [tuple(map(Fraction, x)) for x in product(range(3), repeat=DIMENSION)]


def verify() -> Certificate:
    """Check the three parts on the constructed points."""
    points, jacobians, pairs = construct(), 0, 0
    for group_size in (2, 4):
        for x in points:
            near = {_permutation_at(_beside(x, p), group_size) for p in _inside_groups(group_size)}
            sorting = {p for p in _inside_groups(group_size) if [x[i] for i in p] == spec.group_sort(x, group_size)}
            require(near == sorting, f"x = {x}, groups of {group_size}: {near} near x, {sorting} sort x")
            jacobians += len(near)
        images = {x: spec.group_sort(x, group_size) for x in points}
        for x, y in product(points, repeat=2):
            pairs += 1
            require(
                _majorised([a - b for a, b in zip(images[x], images[y], strict=True)], _difference(x, y)),
                f"x = {x}, y = {y}, groups of {group_size}: the images are further apart in some p-norm",
            )
    return Certificate(
        GRADE,
        (
            f"(1), (3): {jacobians} Jacobians near {len(points)} points are the permutations that sort the point",
            f"(2): {pairs} pairs of points are not moved apart in any p-norm",
        ),
        f"{len(points)} points, from {_text(points[0])} to {_text(points[-1])}",
    )


def sabotage() -> dict[str, str]:
    """Each hypothesis dropped, with the counterexample that it excludes."""
    tied = [Fraction(0), Fraction(0)]
    quotients = [
        [s * (after - before) for after, before in zip(spec.max_min([Fraction(s), Fraction(0)]), tied, strict=True)]
        for s in (1, -1)
    ]
    require(quotients[0] != quotients[1], "the one-sided derivatives at a tie agree")
    copied = [[Fraction(1), Fraction(0)], [Fraction(1), Fraction(0)]]  # min and max that both take the first at a tie
    image = [sum(a * b for a, b in zip(row, [Fraction(1), Fraction(0)], strict=True)) for row in copied]
    stretched = sum(v * v for v in image)
    require(stretched > 1, "the copied row keeps the norm")
    x, y = [Fraction(0), Fraction(3)], [Fraction(2), Fraction(3)]
    apart = abs(sorted(x)[0] - sorted(y, reverse=True)[0])
    require(apart > max(abs(a - b) for a, b in zip(x, y, strict=True)), "one order for both points was not needed")
    return {
        "distinct entries": f"at (0, 0) the one-sided derivatives along (1, 0) are {_text(quotients[0])} and "
        f"{_text(quotients[1])}: there is no derivative",
        "one permutation": f"min and max that both pass their gradient to the first of two equal entries have the "
        f"Jacobian ((1, 0), (1, 0)), which takes (1, 0) to a vector of squared length {stretched}",
        "the same order everywhere": f"ascending at (0, 3) and descending at (2, 3), first entries are {apart} apart, "
        "and the points 2",
    }


def _inside_groups(group_size: int) -> list[Permutation]:
    """The permutations of the entries that stay inside their groups."""
    starts = range(0, DIMENSION, group_size)
    blocks = [[tuple(s + i for i in p) for p in permutations(range(group_size))] for s in starts]
    return [sum(choice, ()) for choice in product(*blocks)]


def _beside(x: Vector, p: Permutation) -> Vector:
    """x + t P^T (1, 2, ...) for a t small against the gaps of x, which are at least 1."""
    rank = {i: position + 1 for position, i in enumerate(p)}
    return tuple(v + Fraction(rank[i], 100) for i, v in enumerate(x))


def _permutation_at(x: Vector, group_size: int) -> Permutation:
    """The Jacobian of GroupSort at x by dual numbers, as a permutation; an error if it is none."""
    unit = [[Fraction(int(i == j)) for j in range(DIMENSION)] for i in range(DIMENSION)]
    columns = [spec.derivative(lambda v: spec.group_sort(v, group_size), list(x), e) for e in unit]
    rows = [[column[i] for column in columns] for i in range(DIMENSION)]
    require(sorted(rows) == sorted(unit), f"x = {x}: the Jacobian {rows} is no permutation matrix")
    return tuple(row.index(1) for row in rows)


def _difference(x: Vector, y: Vector) -> list[Fraction]:
    return [a - b for a, b in zip(x, y, strict=True)]


def _majorised(a: list[Fraction], b: list[Fraction]) -> bool:
    """Whether the m largest |a_i| sum to at most the m largest |b_i|, for every m."""
    return all(s <= t for s, t in zip(_partial_sums(a), _partial_sums(b), strict=True))


def _partial_sums(v: list[Fraction]) -> Iterator[Fraction]:
    total = Fraction(0)
    for entry in sorted(map(abs, v), reverse=True):
        total += entry
        yield total


def _text(v: Sequence[Fraction]) -> str:
    return f"({', '.join(map(str, v))})"
