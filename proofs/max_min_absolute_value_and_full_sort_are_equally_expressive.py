"""In the 2-norm and on compact sets, networks of MaxMin, of abs, of GroupSort and of FullSort are the same functions.

Statement
---------
Let X be a compact set of R^n. For each of the activations MaxMin, the absolute value, GroupSort with groups of k >= 2,
and FullSort, take all networks with that activation after every layer but the last, affine maps with ||W_l||_2 <= 1,
any depth and widths. As functions on X the four families are the same, k by k.

Our reading
-----------
Exactly the same functions, not only the same closure. Biases are free and depend on X. After Anil et al. (2019, an
appendix, as remembered) and Neumayer et al. (2023).

Argument
--------
It is enough to write each activation layer of one family, on a bounded set, as a network of another with norms at most
1; the weights before and after it are multiplied in, which keeps norms at most 1. X is compact, so all inputs of the
layer lie in some box [-R, R]^d. (1) MaxMin from |.|: min and max of x, y are s - |t| and s + |t| with s = (x + y)/2 and
t = (x - y)/2, and s = |s + R| - R on the box. The maps (x, y) -> (s, s, t, t) and (s, s, t, t) -> (s - |t|, s + |t|)
with entries +-1/2 have orthogonal rows or columns of length 1. (2) |.| from MaxMin, and GroupSort from MaxMin by a
sorting network: `group_sort_contains_other_activations`. (3) MaxMin from GroupSort: fill each pair up to a group of k
with k - 2 constants R; they come out last, and zero columns drop them. Zero rows and columns do not change a norm.
(4) GroupSort from FullSort: add 3 j R to the j-th group. The groups then lie in disjoint intervals, so sorting
everything sorts each group, and 3 j R is taken off again. (5) FullSort on d features is GroupSort with k = d, and by
(2) it comes from MaxMin.

Construction
------------
`refsort.constructions.recover("max_min", ...)` for (1); the groups and offsets of (3) and (4) are written here.

What is checked
---------------
In rationals, R = 3: (1) that both weights have W^T W or W W^T equal to the identity, and the values at 49 points of the
box; (3) for k = 3, 4, 5 at the same points; (4) for 3 groups of 2 and 2 groups of 3, at 64 points.

What is not shown
-----------------
By the check: other points and sizes. By either: how much larger the networks get, and that all 1-Lipschitz functions
are in the closure, which is open.

Uses
----
- `group_sort_contains_other_activations`
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import product
from typing import Any

from proofs.certificate import Certificate, require
from proofs.layers import layer as plain
from proofs.layers import value
from proofs.matrices import has_orthonormal_columns
from proofs.networks import INF, evaluate, norms, rational
from refsort import constructions, spec
from refsort.spec.exact import transpose

GRADE = "EXACT"
Vector = list[Fraction]
RADIUS = Fraction(3)


def construct() -> tuple[Any, Any]:
    """The network of absolute values that is MaxMin of two numbers in [-3, 3]."""
    network, params = constructions.recover("max_min", 2, 2, radius=RADIUS, dtype=object)
    return network, rational(params)


def verify() -> Certificate:
    """Check (1), (3) and (4)."""
    network, params = construct()
    (into, _), (out, _) = params
    rows = [spec.matrix(w.tolist()) for w in (into, out)]
    require(has_orthonormal_columns(rows[0]), "the columns of the first weight are not orthonormal")
    require(has_orthonormal_columns(transpose(rows[1])), "the rows of the last weight are not orthonormal")
    kinds = [type(layer.activation).__name__ for layer in network.layers]
    require(kinds == ["Absolute", "Identity"], f"the activations are {kinds}")
    points = [[Fraction(v) for v in x] for x in product(range(-3, 4), repeat=2)]
    for x in points:
        found = evaluate(network, params, x)
        require(found == spec.max_min(x), f"(1): {found} at {x}")
        for k in (3, 4, 5):
            found = pair_from_group(x, k)
            require(found == spec.max_min(x), f"(3), k = {k}: {found} at {x}")
    vectors = [[Fraction(v) for v in x] for x in product((-3, 2), repeat=6)]
    for x in vectors:
        for k in (2, 3):
            found = groups_from_full_sort(x, k)
            require(found == spec.group_sort(x, k), f"(4), k = {k}: {found} at {x}")
    return Certificate(
        GRADE,
        (
            f"(1), (3): |.| and GroupSort with groups of 3, 4, 5 give MaxMin at {len(points)} points of [-3, 3]^2",
            f"(4): FullSort gives GroupSort with groups of 2 and 3 at {len(vectors)} points of [-3, 3]^6",
        ),
        f"MaxMin from |.|: W = {_text(into)} b = {[str(v) for v in params[0][1]]}, |.|, W = {_text(out)}",
    )


def sabotage() -> dict[str, str]:
    """Each hypothesis dropped, with what then goes wrong."""
    network, params = construct()
    beyond = [Fraction(-9), Fraction(-8)]
    found = evaluate(network, params, beyond)
    require(found != spec.max_min(beyond), f"{found} at {beyond}")
    largest = max(norm.hi for norm in norms(network, params, INF))
    rises = [max(x) for x in ((1, 0), (0, 1))]
    require(largest > 1 and sum(rises) > 1, f"inf-norm {largest}")
    homogeneous = [plain([[1, 2], [-1, 1]]), plain([[1, -1]])]
    even = [value(homogeneous, spec.absolute, spec.vector(x)) for x in ((1, 2), (-1, -2))]
    require(even[0] == even[1] and max(1, 2) != max(-1, -2), f"{even}")
    mixed = _offset_sorted([Fraction(0), Fraction(5), Fraction(1), Fraction(2)], 2, Fraction(1))
    require(mixed != spec.group_sort([0, 5, 1, 2], 2), f"{mixed}")
    return {
        "a compact set": f"the network for [-3, 3] gives {[str(v) for v in found]} at (-9, -8): the bias is too small",
        "the 2-norm": f"the network has inf-norm {largest}; and no network of |.| with inf-norms at most 1 is "
        f"max(x, y), which rises by {sum(rises)} in all from (0, 0) to (1, 0) and to (0, 1), where 1 is allowed",
        "biases": f"a network of |.| without biases is even, {even[0][0]} at (1, 2) and at (-1, -2), and max is not",
        "offsets that keep the groups apart": f"with offsets 0 and 1, (0, 5, 1, 2) in pairs becomes "
        f"{[str(v) for v in mixed]}",
    }


def pair_from_group(x: Sequence[Fraction], k: int) -> Vector:
    """(3): one pair among k - 2 constants."""
    rows = [[Fraction(i == j) for j in range(2)] for i in range(k)]
    z = spec.affine(x, rows, [0, 0] + [RADIUS] * (k - 2))
    return spec.affine(spec.group_sort(z, k), transpose(rows), [0, 0])


def groups_from_full_sort(x: Sequence[Fraction], k: int) -> Vector:
    """(4): offsets of 3 R between groups."""
    return _offset_sorted(x, k, 3 * RADIUS)


def _offset_sorted(x: Sequence[Fraction], k: int, step: Fraction) -> Vector:
    offsets = [step * (i // k) for i in range(len(x))]
    raised = spec.full_sort([v + c for v, c in zip(x, offsets, strict=True)])
    return [v - c for v, c in zip(raised, offsets, strict=True)]


def _text(w: Any) -> str:
    return f"[{'; '.join(' '.join(map(str, row)) for row in w.tolist())}]"
