"""In the inf-norm, M layers of groups of k miss the maximum of d numbers by at least (1 - k^M/d)/2; a tree misses none.

Statement
---------
Let f: R^d -> R be a network of affine maps with ||W_l||_inf <= 1 and M hidden layers of GroupSort with groups of at
most k. (1) Sum_i |f(e_i) - f(0)| <= k^M, so the largest |f(x) - max_i x_i| over [0, 1]^d is at least (1 - k^M/d)/2. (2)
If k^M divides d this is attained. (3) So the maximum itself takes at least log_k d layers; a tree of ceil(log2 d)
layers of MaxMin is the maximum on all of R^d, with weights that select and have inf-norm 1.

Our reading
-----------
After Zhang et al. (2022, SortNet), for k = 2. Widths and biases are free. The bound is about depth: a single FullSort,
k = d, is enough.

Argument
--------
(1) For a function u let N(u) = sum_i |u(e_i) - u(0)|. It is 1 for an input coordinate, biases cancel in it, and a row
with sum_j |w_j| <= 1 gives at most max_j N(u_j). A sorted entry y of a group u_1, ..., u_k moves by no more than the
entry that moves most, |y(e_i) - y(0)| <= max_j |u_j(e_i) - u_j(0)| <= sum_j |u_j(e_i) - u_j(0)|, so N(y) <= k max_j
N(u_j). After M layers, N(f) <= k^M. The maximum rises by 1 from 0 to each e_i; if f is within e of it at these points,
each |f(e_i) - f(0)| >= 1 - 2 e, and d (1 - 2 e) <= k^M. (2) Take the maximum of each of d/k^M blocks of k^M entries,
and the mean of these maxima, m. The maximum is one of them, and all are in [0, 1], so max - m lies between 0 and 1 -
k^M/d, and m + (1 - k^M/d)/2 is off by at most half of that. (3) The larger of each pair of neighbours halves the number
of candidates, rounded up.

Construction
------------
`refsort.constructions.max_min_tree`; for (2) the mean of the outputs of trees with M layers.

What is checked
---------------
In rationals. (3): that trees for d = 2, ..., 9 have ceil(log2 d) layers of MaxMin, norms 1, and equal the maximum at
all x in {0, 1, 2}^d up to d = 5, and at all e_i + e_j and -e_i - e_j beyond. (2): for k = 2, d = 4, 6, 8 and M with 2^M
dividing d, the error at all corners of the cube; and sum_i |f(e_i) - f(0)| = k^M there, so (1) is sharp.

What is not shown
-----------------
By the check: other points, though selections and MaxMin depend on the order of the entries alone; other networks. By
either: how many units an approximation needs, and anything for other norms.

Uses
----
Nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from typing import Any

from proofs.certificate import Certificate, require
from proofs.networks import INF, evaluate, norms, rational
from refsort import constructions, spec

GRADE = "EXACT"
Vector = list[Fraction]


def construct(blocks: int, size: int) -> tuple[Any, Any]:
    """The network that takes the maximum of each of `blocks` blocks of `size` entries, over the rationals."""
    network, params = constructions.max_min_tree((blocks, size), ("max",), dtype=object)
    return network, rational(params)


def verify() -> Certificate:
    """Check the trees, and that blocks of them attain the bound."""
    points = 0
    for d in range(2, 10):
        network, params = construct(1, d)
        require(depth(network) == (d - 1).bit_length(), f"d = {d}: {depth(network)} layers of MaxMin")
        require(all(norm.hi == 1 for norm in norms(network, params, INF)), f"d = {d}: a norm is not 1")
        for x in _points(d):
            (found,) = evaluate(network, params, x)
            require(found == max(x), f"d = {d}, x = {x}: the tree gives {found}")
            points += 1
    cases = [(d, m) for d in (4, 6, 8) for m in range(4) if d % 2**m == 0]
    for d, m in cases:
        share = Fraction(2**m, d)
        error = max(abs(mean_of_maxima(x, m) - max(x)) for x in _corners(d))
        require(error == (1 - share) * Fraction(1, 2), f"d = {d}, M = {m}: the error is {error}")
        require(rise(d, m) == 2**m, f"d = {d}, M = {m}: sum |f(e_i) - f(0)| = {rise(d, m)}")
    return Certificate(
        GRADE,
        (
            f"(3): the trees for 2 to 9 numbers have ceil(log2 d) layers and are the maximum at {points} points",
            f"(2): for {len(cases)} pairs (d, M) the mean of maxima of blocks is off by exactly (1 - 2^M/d)/2",
        ),
        "d = 5: " + " -> MaxMin -> ".join(f"select {w.tolist()}" for w, _ in construct(1, 5)[1]),
    )


def sabotage() -> dict[str, str]:
    """Each hypothesis dropped, with a network of M layers that has more than k^M."""
    corners = list(_corners(4))
    units = [x for x in corners if sum(x) == 1]
    total = sum(spec.affine(x, [[1, 1, 1, 1]], [0])[0] for x in units)
    require(total > 1, f"the sum of four entries has {total}")
    halves = sum(spec.affine(x, [[Fraction(1, 2)] * 4], [0])[0] for x in units)
    require(halves > 1, f"half of the sum has {halves}")
    sorted_once = [spec.full_sort(x)[-1] for x in corners]
    require(sorted_once == [max(x) for x in corners], "the last of a full sort is not the maximum")
    doubled = sum(2 * spec.max_min(x[:2])[1] for x in units)
    require(doubled > 2, f"a doubled MaxMin has {doubled}")
    return {
        "inf-norms at most 1": f"x_1 + x_2 + x_3 + x_4 has norm 4, M = 0 and sum |f(e_i) - f(0)| = {total} > 1",
        "the inf-norm": f"(x_1 + x_2 + x_3 + x_4)/2 has 2-norm 1, M = 0 and sum |f(e_i) - f(0)| = {halves} > 1",
        "groups of k": "one FullSort of 4 numbers, M = 1, is their maximum at all 16 corners: k = 4",
        "sorting": f"2 max(x_1, x_2) of a doubled MaxMin, M = 1, has sum |f(e_i) - f(0)| = {doubled} > 2",
    }


def depth(network: Any) -> int:
    """How many layers sort."""
    return sum(type(layer.activation).__name__ == "GroupSort" for layer in network.layers)


def mean_of_maxima(x: Vector, m: int) -> Fraction:
    """The construction of (2), for k = 2."""
    blocks = len(x) >> m
    network, params = construct(blocks, 2**m)
    require(depth(network) == m, f"{depth(network)} layers of MaxMin for blocks of {2**m}")
    weights, shift = [[Fraction(1, blocks)] * blocks], Fraction(blocks - 1, 2 * blocks)
    return spec.affine(evaluate(network, params, x), weights, [shift])[0]


def rise(d: int, m: int) -> Fraction:
    """``sum_i |f(e_i) - f(0)|`` of the construction of (2)."""
    zero = [Fraction(0)] * d
    units = [[Fraction(i == j) for j in range(d)] for i in range(d)]
    return sum((abs(mean_of_maxima(x, m) - mean_of_maxima(zero, m)) for x in units), Fraction(0))


def _points(d: int) -> Iterator[Vector]:
    """{0, 1, 2}^d, or where that is much, all e_i + e_j and -e_i - e_j."""
    if d <= 5:
        yield from ([Fraction(v) for v in x] for x in product(range(3), repeat=d))
        return
    for i, j, sign in product(range(d), range(d), (1, -1)):
        yield [Fraction(sign * ((k == i) + (k == j))) for k in range(d)]


def _corners(d: int) -> Iterator[Vector]:
    return ([Fraction(v) for v in x] for x in product(range(2), repeat=d))
