"""Every 1-Lipschitz piecewise linear function is exactly a MaxMin network, and two FullSorts do on a box.

Statement
---------
Let f: R^d -> R be continuous and piecewise linear with pieces g_1, ..., g_m, and 1-Lipschitz in the p-norm. (1) There
are sets S_1, ..., S_K of pieces with f = max_k min over S_k of g_i, everywhere. (2) So f equals a MaxMin network with
one affine layer whose rows are gradients of f, of norm at most 1 from the p-norm to the inf-norm, and weights that
select, of inf-norm 1. With K sets of M pieces, both powers of two, it has 2 K M - 1 units and log2 K + log2 M layers of
MaxMin. (3) On a box, three affine maps and two FullSorts are enough, with the same norms.

Our reading
-----------
(1) is due to Ovchinnikov (2002), (2) is what Tanielian and Biau (2021) have, (3) follows Cohen, Huster, Cohen (2019).
"Pieces" are the finitely many affine functions that f agrees with on open sets; there may be more cells than pieces.

Argument
--------
(1) Cut R^d by all hyperplanes g_i = g_j. In the interior of a cell Q the order of all pieces is fixed, so f, which is
continuous, is one of them, and S_Q = {i: g_i >= f on Q} is decided at any interior point. Let F = max_Q min over S_Q of
g_i. On Q the piece that is f is in S_Q and the others there are no smaller, so F >= f. For F <= f take a cell Q, x
inside it, and any y; a piece i with g_i(x) >= f(x) and g_i(y) <= f(y) is in S_Q and shows that min over S_Q of g_i is
at most f(y). To find it, let u(t) be f(x + t (y - x)) minus the chord, so that u(0) = u(1) = 0, and let r(t) be the
piece that u follows, minus the chord. Pieces with r(0) >= 0 occur, as the first has r(0) = 0. Let s be the end of the
last interval with such a piece r. If s = 1, then r(1) = u(1) = 0: done. If u(s) <= 0, then r falls from r(0) >= 0 to
r(s) <= 0, so r(1) <= 0: done. If u(s) > 0, every later piece starts at a negative value at 0 and is positive where it
begins, so it rises; then u rises up to 1, and u(1) > 0, which is not so. (2) The gradient of a piece has dual norm at
most 1, as f is 1-Lipschitz on the open set where the piece is f. Sets are filled up by repeating pieces; a tree of
MaxMin takes minima of pairs log2 M times and maxima log2 K times: K M + K M/2 + ... + 1 units. (3) Let C exceed the
range of all pieces on the box. Add k C to the pieces of S_k: one FullSort sorts every group; select the first of each
group, take k C off, and the last of a FullSort is the maximum.

Construction
------------
`refsort.constructions.piecewise_linear` and `three_layer`, for the sets S_Q found at the points of a grid.

What is checked
---------------
In rationals, for | |x| - |y| |/2 and for min(max(x, y), max(-x, y + 1), 3/2 - y) (p = inf, and the second for p = 1 as
well): the sets, F against f, both networks against f at 121 points, norms, units and depth.

What is not shown
-----------------
By the check: other functions. By either: how many sets a function needs; K can grow fast with the number of pieces.

Uses
----
- `maximum_needs_logarithmic_depth`
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import product
from typing import Any, NamedTuple

from proofs.certificate import Certificate, require
from proofs.networks import INF, evaluate, norms, rational
from refsort import constructions, spec

GRADE = "EXACT"
Vector = list[Fraction]

HALF = Fraction(1, 2)
GRID = [[Fraction(a, 2), Fraction(b, 2)] for a, b in product(range(-5, 6), repeat=2)]
GENERIC = [[a + Fraction(1, 17), b + Fraction(1, 31)] for a, b in GRID]  # inside a cell: on no hyperplane g_i = g_j


class Piecewise(NamedTuple):
    """A function of the plane with its pieces: gradients and constants."""

    name: str
    value: Callable[[Fraction, Fraction], Fraction]
    gradients: list[Vector]
    constants: Vector
    norms: tuple[Any, ...]

    def at(self, x: Vector) -> Vector:
        """All pieces at x."""
        return spec.affine(x, self.gradients, self.constants)


FUNCTIONS = [
    Piecewise(
        "| |x| - |y| |/2",
        lambda x, y: abs(abs(x) - abs(y)) * HALF,
        [[s * HALF, t * HALF] for s, t in product((1, -1), repeat=2)],
        [Fraction(0)] * 4,
        (INF,),
    ),
    Piecewise(
        "min(max(x, y), max(-x, y + 1), 3/2 - y)",
        lambda x, y: min(max(x, y), max(-x, y + 1), Fraction(3, 2) - y),
        [[Fraction(v) for v in row] for row in ((1, 0), (0, 1), (-1, 0), (0, 1), (0, -1))],
        [Fraction(0), Fraction(0), Fraction(0), Fraction(1), Fraction(3, 2)],
        (1, INF),
    ),
]


def construct(f: Piecewise) -> list[list[int]]:
    """The sets S_Q, each once, without those that contain another: these have no larger minimum."""
    found = {frozenset(i for i, g in enumerate(f.at(x)) if g >= f.value(*x)) for x in GENERIC}
    return sorted(sorted(s) for s in found if not any(other < s for other in found))


def verify() -> Certificate:
    """Check the sets, F, and both networks."""
    sizes = []
    for f in FUNCTIONS:
        sets = construct(f)
        rows, depth = 1 << (len(sets) - 1).bit_length(), 1 << (max(map(len, sets)) - 1).bit_length()
        filled = [_filled(_filled(sets, rows)[k], depth) for k in range(rows)]
        a = [[f.gradients[i] for i in s] for s in filled]
        b = [[f.constants[i] for i in s] for s in filled]
        network, params = constructions.piecewise_linear(a, b)
        flat, flat_params = constructions.three_layer(a, b, Fraction(5, 2))
        units = sum(layer.d_out for layer in network.layers)
        require(units == 2 * rows * depth - 1, f"{f.name}: {units} units for K = {rows}, M = {depth}")
        layers = [type(layer.activation).__name__ for layer in network.layers]
        require(layers.count("GroupSort") == (rows * depth).bit_length() - 1, f"{f.name}: activations {layers}")
        kinds = [type(layer.activation).__name__ for layer in flat.layers]
        require(kinds == ["FullSort", "FullSort", "Identity"], f"{f.name}: activations {kinds}")
        for p, (net, weights) in product(f.norms, ((network, params), (flat, flat_params))):
            require(
                all(n.hi <= 1 for n in norms(net, rational(weights), p, INF)), f"{f.name}: a norm exceeds 1, p = {p}"
            )
        for x in GRID:
            pieces, expected = f.at(x), f.value(*x)
            require(max(min(pieces[i] for i in s) for s in sets) == expected, f"{f.name}: F differs at {x}")
            for net, weights in ((network, params), (flat, flat_params)):
                found = evaluate(net, weights, x)
                require(found == [expected], f"{f.name}: {found} at {x}, where {expected} is due")
        sizes.append(f"{f.name}: K = {len(sets)}, {units} units")
    return Certificate(
        GRADE,
        (f"both networks are the function at {len(GRID)} points, with norms at most 1: {'; '.join(sizes)}",),
        "the sets of the second function: " + " ".join(str(s) for s in construct(FUNCTIONS[1])),
    )


def sabotage() -> dict[str, str]:
    """Each hypothesis dropped, with what then fails."""
    f = FUNCTIONS[0]
    sets = construct(f)
    fewer = sets[1:]
    missed = [x for x in GRID if max(min(f.at(x)[i] for i in s) for s in fewer) != f.value(*x)]
    require(bool(missed), "one set can be left out")

    def jump(x: Fraction) -> Fraction:
        return Fraction(x > 0)

    pieces, inside = [Fraction(0), Fraction(1)], [Fraction(-1), Fraction(1)]
    sides = [{i for i, g in enumerate(pieces) if g >= jump(x)} for x in inside]
    extended = max(min(pieces[i] for i in s) for s in sides)
    require(extended != jump(Fraction(-1)), "a jump is a maximum of minima")
    a, b = [[f.gradients[i] for i in s] for s in sets], [[f.constants[i] for i in s] for s in sets]
    network, params = constructions.three_layer(a, b, Fraction(1, 2))
    far = next(x for x in GRID if evaluate(network, rational(params), x) != [f.value(*x)])
    found = evaluate(network, params, far)[0]
    steep = max(sum(map(abs, g)) for g in [[2 * v for v in row] for row in f.gradients])
    require(steep > 1, f"{steep}")
    return {
        "all cells": f"without the set {sets[0]} F differs from {f.name} at ({missed[0][0]}, {missed[0][1]})",
        "continuity": f"for the step from 0 to 1 the sets give F = {extended} everywhere, and f(-1) is "
        f"{jump(inside[0])}",
        "the box, in (3)": f"offsets for |x|_inf <= 1/2 give {found} at ({far[0]}, {far[1]}), and f is "
        f"{f.value(*far)} there",
        "1-Lipschitz": f"2 ({f.name}) has rows of l1-norm {steep}",
    }


def _filled(items: list[Any], length: int) -> list[Any]:
    return items + [items[-1]] * (length - len(items))
