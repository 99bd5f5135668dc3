"""MaxMin between weights of norm 1 is ReLU, leaky ReLU, CReLU, the absolute value, maxout and every GroupSort.

Statement
---------
For p = 1, 2 and inf, each of the following maps of R^d equals, on all of R^d, a network of affine maps of operator norm
at most 1 in the p-norm with MaxMin in between: ReLU, leaky ReLU of any rational slope in [-1, 1] (the absolute value is
slope -1), CReLU, maxout over groups of k, and GroupSort with groups of k. The first three take one layer of MaxMin,
maxout of k takes ceil(log2 k), GroupSort t (t + 1)/2 with t = ceil(log2 k).

Our reading
-----------
After Anil et al. (2019), who say so of ReLU, leaky ReLU, |x|, CReLU and maxout. That all p have such networks with no
bias and exactly on the whole space, and with rational weights for p = 2, is our wording of it.

Argument
--------
Write v = max(z, 0) + s min(z, 0). p = inf: (z, s z) goes through MaxMin, and its maximum is v, since |s| <= 1. p = 1:
(z, 0) goes through MaxMin, and s min + max is v; a column (1, 0) and a row (s, 1) have 1-norm 1. p = 2: if (c z, e z)
goes through MaxMin with c >= e, and (e, c) comes out of it, a positive z gives (e^2 + c^2) z and a negative one
2 c e z. Over several pairs the squares have to add up to 1 and the products to s/2, that is, with a = c + e and
b = c - e, the a^2 to 1 + s and the b^2 to 1 - s. Every rational number that is not negative is a sum of four rational
squares (Lagrange, on numerator times denominator). A maximum of k numbers is a tree of maxima of two, and a
sorting network of comparators is a network of MaxMin; the comparators of one layer act on disjoint pairs. A wire that
is not compared passes as copies, which MaxMin leaves alone: (z, z) read by (1, 0) for p = inf, (z, z)/2 read by (1, 1)
for p = 1, (z, z, z, z)/2 read by (1, 1, 1, 1)/2 for p = 2, all columns and rows of norm 1. CReLU is the larger of
(z, 0), and minus the smaller. A sorting network is right if it sorts all vectors of zeros and ones (Knuth's 0-1
principle).

Construction
------------
`refsort.constructions.recover`.

What is checked
---------------
In rationals, for p = 1, 2, inf: the norms of all layers, exactly at most 1 for p = 1 and inf, and for p = 2 by I - W^T
W positive semidefinite; the number of MaxMin layers; the values against the definitions, for ReLU, leaky ReLU with six
slopes, |x| and CReLU at -2, 0 and 1, which decides a map that is linear on both sides of 0; for GroupSort and maxout
with groups of 2 to 5 at all 0-1 vectors and at all orders of 1, ..., k up to k = 4.

What is not shown
-----------------
By the check: groups of more than 5, and slopes that were not tried; these rest on the argument. By either: irrational
slopes for p = 2 in rational weights, where square roots are needed.

Uses
----
Nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import permutations, product
from typing import Any

from proofs.certificate import Certificate, require
from proofs.matrices import is_semidefinite
from proofs.networks import INF, evaluate, norms, rational
from refsort import constructions, spec
from refsort.spec.exact import identity, transpose
from refsort.spec.exact import product as multiplied

GRADE = "EXACT"
Vector = list[Fraction]
Definition = Callable[[Vector], Vector]

SLOPES = [Fraction(n, d) for n, d in ((-1, 2), (1, 10), (1, 3), (7, 9), (1, 1), (-1, 1))]


def construct(activation: str, d: int, p: Any, **parameters: Any) -> tuple[Any, Any]:
    """The network over the rationals that equals `activation` on R^d."""
    network, params = constructions.recover(activation, d, p, dtype=object, **parameters)
    return network, rational(params)


def verify() -> Certificate:
    """Check norms, depths and values."""
    counts = {"elementwise": 0, "groups": 0}
    for p in (1, 2, INF):
        for name, parameters, definition in _elementwise():
            network, params = construct(name, 2, p, **parameters)
            _check_norms(network, params, p, name)
            require(depth(network) == 1, f"{name}, p = {p}: {depth(network)} layers of MaxMin")
            for x in product((Fraction(-2), Fraction(0), Fraction(1)), repeat=2):
                _check_value(network, params, list(x), definition, f"{name} {parameters}, p = {p}")
            counts["elementwise"] += 1
        for size in (2, 3, 4, 5):
            t = (size - 1).bit_length()
            definitions: dict[str, tuple[int, Definition]] = {
                "maxout": (t, lambda x: spec.maxout(x, len(x))),
                "group_sort": (t * (t + 1) // 2, spec.full_sort),
            }
            for name, (layers, definition) in definitions.items():
                network, params = construct(name, size, p, group_size=size)
                _check_norms(network, params, p, name)
                require(depth(network) == layers, f"{name} of {size}, p = {p}: {depth(network)} layers of MaxMin")
                for x in _orders(size):
                    _check_value(network, params, x, definition, f"{name} of {size}, p = {p}")
                counts["groups"] += 1
    return Certificate(
        GRADE,
        (
            f"{counts['elementwise']} networks for ReLU and its like, with one layer of MaxMin and norms at most 1",
            f"{counts['groups']} networks for maxout and GroupSort with groups of 2 to 5, with norms at most 1",
        ),
        "|x| for p = 2: " + " -> MaxMin -> ".join(_text(w) for w, _ in construct("absolute", 1, 2)[1]),
    )


def sabotage() -> dict[str, str]:
    """Each hypothesis dropped, with what then cannot be had."""
    steep = [spec.leaky_relu([Fraction(x)], Fraction(-2))[0] for x in (-1, 0)]
    require(steep[0] - steep[1] == 2, f"a slope of -2 gives {steep}")
    bends = [sum(spec.relu([Fraction(x), Fraction(-x)])) * Fraction(1, 2) for x in (1, -1, 0)]
    require(bends[0] + bends[1] - 2 * bends[2] < 2, f"{bends}")
    copied = [[Fraction(1)], [Fraction(1)]]
    norm = spec.operator_norm(copied, 1, 1).hi
    require(norm == 2, f"a copy has norm {norm}")
    swapped = [list(x) for x in product((0, 1), repeat=3)]
    wrong = [x for x in swapped if _two_comparators(x) != sorted(x)]
    require(bool(wrong), "two comparators sort three numbers")
    return {
        "slopes in [-1, 1]": "leaky ReLU of slope -2 moves 0 and -1, which are 1 apart, to values 2 apart",
        "MaxMin": f"with ReLU in its place, the network (relu(x) + relu(-x))/2 has the values {bends[0]}, {bends[1]}, "
        f"{bends[2]} at 1, -1, 0, and |x| is 1 there",
        "the p of the construction": f"(z, z) is harmless for p = inf and has norm {norm} for p = 1",
        "a sorting network": f"comparators (1, 2), (2, 3) leave {wrong[0]} as {_two_comparators(wrong[0])}",
    }


def depth(network: Any) -> int:
    """How many layers sort."""
    return sum(type(layer.activation).__name__ == "GroupSort" for layer in network.layers)


def _elementwise() -> Iterator[tuple[str, dict[str, Any], Definition]]:
    yield "relu", {}, spec.relu
    yield "absolute", {}, spec.absolute
    yield "crelu", {}, spec.crelu
    for slope in SLOPES:
        yield "leaky_relu", {"slope": slope}, lambda x, s=slope: spec.leaky_relu(x, s)


def _check_norms(network: Any, params: Any, p: Any, name: str) -> None:
    if p != 2:
        require(all(norm.hi <= 1 for norm in norms(network, params, p)), f"{name}: a {p}-norm exceeds 1")
        return
    for w, _ in params:
        if w.dtype.kind == "i":
            require(len(set(w.tolist())) == len(w), f"{name}: {w.tolist()} selects an entry twice")
            continue
        rows = spec.matrix(w.tolist())
        gram = multiplied(transpose(rows), rows)
        rest = [[a - b for a, b in zip(*pair, strict=True)] for pair in zip(identity(len(gram)), gram, strict=True)]
        require(is_semidefinite(rest), f"{name}: I - W^T W is not semidefinite for W = {_text(w)}")


def _check_value(network: Any, params: Any, x: Vector, definition: Definition, name: str) -> None:
    found, expected = evaluate(network, params, x), definition(x)
    require(found == expected, f"{name}: {found} at {x}, where {expected} is due")


def _orders(size: int) -> Iterator[Vector]:
    """All vectors of zeros and ones, and for small sizes all orders of 1, ..., size."""
    yield from ([Fraction(v) for v in x] for x in product((0, 1), repeat=size))
    if size <= 4:
        yield from ([Fraction(v) for v in x] for x in permutations(range(1, size + 1)))


def _two_comparators(x: list[int]) -> list[int]:
    a, b, c = x
    a, b = sorted((a, b))
    return [a, *sorted((b, c))]


def _text(w: Any) -> str:
    return f"[{'; '.join(' '.join(map(str, row)) for row in w.tolist())}]" if w.ndim == 2 else f"select {w.tolist()}"
