"""A margin m certifies the radius m/(2^((p-1)/p) K) of a K-Lipschitz classifier, and no larger one.

Statement
---------
Let f: X -> R^k be K-Lipschitz from a norm |.| on the input to the p-norm of the logits, 1 <= p <= inf, on a set X, and
m = f_t(x) - max_(i != t) f_i(x) > 0. (1) For every x + v in X with |v| < m/(2^((p-1)/p) K) the logit t is still the
strict largest. (2) For every p, K and m there is an affine f that attains K and a v of exactly that length at which it
is not. So the divisor is sqrt(2) K for p = 2, and 2 K for p = inf, where each logit by itself is K-Lipschitz.

Our reading
-----------
The two certificates are those of Anil et al. (2019) and of most work since; the factor for all p is the dual norm of
e_t - e_i. The constant has to hold on X alone, which must contain x and x + v: if it is known from the gradient, along
the segment between them, so for a convex X. "Strictly less" is part of the statement.

Argument
--------
(1) Write d = f(x + v) - f(x), so |d|_p <= K |v|. For i != t, f_t(x + v) - f_i(x + v) >= m + d_t - d_i, and by Hoelder's
inequality |d_t - d_i| <= |e_t - e_i|_q |d|_p with 1/p + 1/q = 1, where |e_t - e_i|_q = 2^(1/q) = 2^((p-1)/p). So the
difference stays positive while 2^((p-1)/p) K |v| < m. (2) Take f(x) = (a x + m/2, -a x - m/2) on R with a > 0. It is
K-Lipschitz with K = 2^(1/p) a and no smaller constant, its margin at 0 is m, and at v = -m/(2a) both logits are 0; and
m/(2^((p-1)/p) 2^(1/p) a) = m/(2a).

Construction
------------
The f of (2) for given a and m.

What is checked
---------------
In rationals. (2) for p = 1, 2, 3, 4 and inf by p-th powers: |f(x) - f(y)|_p^p = (2 a^p) |x - y|^p, the tie at exactly
the radius whose p-th power is m^p / (2^(p-1) K^p), and the exact definition of the radius for p = 1, 2, inf. (1) for a
network of two layers and MaxMin with the norms of its layers, p = 1 and inf: on a grid of points, no move on a grid
that is shorter than the radius changes the largest logit, and some move of less than four times the radius does.

What is not shown
-----------------
By the check: other networks and other p; these rest on the argument. By either: that K is the smallest constant of a
network (the product of norms is rarely), and what rounding does to margins that were computed in floats.

Uses
----
Nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import product

from proofs.certificate import Certificate, require
from proofs.layers import Layer, Vector, layer, norm_product, text, value
from proofs.networks import INF
from refsort import spec

GRADE = "EXACT"

CLASSIFIER = [  # R^2 -> R^4, MaxMin, R^4 -> R^3
    layer([[1, 0], [-1, 0], [0, 1], [1, -1]], [0, Fraction(1, 2), 0, -1]),
    layer([[1, 0, -1, 0], [0, 1, 0, Fraction(1, 2)], [0, 0, 1, -1]], [0, 0, Fraction(1, 3)]),
]


def construct(slope: Fraction, margin: Fraction) -> list[Layer]:
    """``f(x) = (a x + m/2, -a x - m/2)``."""
    half = Fraction(margin, 2)
    return [layer([[slope], [-slope]], [half, -half])]


def verify() -> Certificate:
    """Check that the constant is attained and the radius tight, and that no network contradicts (1)."""
    attained = 0
    for slope, margin in product((Fraction(1, 3), Fraction(5, 2)), (Fraction(1), Fraction(7, 4))):
        f, radius = construct(slope, margin), Fraction(margin, 2 * slope)
        require(logits(f, [Fraction(0)]) == [margin * Fraction(1, 2), -margin * Fraction(1, 2)], "the margin at 0")
        require(len(set(logits(f, [-radius]))) == 1, f"no tie at -{radius}")
        for p in (1, 2, 3, 4):
            power = 2 * slope**p  # K^p
            for x, y in product((Fraction(-2), Fraction(0), Fraction(3, 7)), repeat=2):
                found = sum(abs(a - b) ** p for a, b in zip(logits(f, [x]), logits(f, [y]), strict=True))
                require(found == power * abs(x - y) ** p, f"p = {p}: |f({x}) - f({y})|^p = {found}")
            require(radius**p * 2 ** (p - 1) * power == margin**p, f"p = {p}: the radius is not {radius}")
            attained += 1
        for p, constant in ((1, 2 * slope), (INF, slope)):
            squared = spec.certified_radius_squared(logits(f, [Fraction(0)]), 0, constant, p)
            require(squared.lo == squared.hi == radius**2, f"p = {p}: the definition gives {squared}")
    moves = sum(_unchanged(p) for p in (1, INF))
    return Certificate(
        GRADE,
        (
            f"(2): for {attained} triples (p, a, m) the constant is attained and the tie is exactly at the radius",
            f"(1): {moves} moves below the radius change no prediction of a MaxMin network, p = 1 and inf",
        ),
        f"a = 1, m = 1: {text(construct(Fraction(1), Fraction(1)))}, tied at x = -1/2 = -m/(2a)",
    )


def sabotage() -> dict[str, str]:
    """Each hypothesis dropped, with a move inside the alleged radius that changes the prediction."""
    f = construct(Fraction(1), Fraction(1))
    tie = logits(f, [Fraction(-1, 2)])
    require(tie[0] == tie[1], "no tie at the radius")
    # each logit is 1-Lipschitz: with the divisor sqrt(2) of the 2-norm, moves of squared length below 1/2 are alleged
    move = Fraction(-3, 5)
    moved = logits(f, [move])
    require(move**2 < Fraction(1, 2) and moved[0] < moved[1], f"{moved} after {move}")
    steep = construct(Fraction(2), Fraction(1))
    after = logits(steep, [Fraction(-1, 3)])
    require(after[0] < after[1], f"{after} after -1/3")
    # constant 0 on each of two intervals, 1-Lipschitz on each, and not on their union
    apart = [(Fraction(0), [Fraction(1), Fraction(0)]), (Fraction(1, 4), [Fraction(0), Fraction(1)])]
    require(_largest(apart[0][1]) != _largest(apart[1][1]), "the two pieces agree")
    return {
        "the strict inequality": f"{text(f)}, p = inf, K = 1: at -1/2, the radius itself, the logits are "
        f"{tie[0]} and {tie[1]}",
        "the p of the constant": f"{text(f)}: each logit is 1-Lipschitz; the divisor sqrt(2) would allow the move "
        f"{move}, after which the logits are {moved[0]} and {moved[1]}",
        "the constant": f"{text(steep)} with K = 1 claimed and 2 true: the move -1/3 is shorter than 1/2 and gives "
        f"{after[0]} and {after[1]}",
        "Lipschitz on all of X": "f = (1, 0) at 0 and (0, 1) at 1/4 is constant near both points, so K = 0 by its "
        "gradients, and the move 1/4 changes the prediction",
    }


def logits(f: Sequence[Layer], x: Vector) -> Vector:
    """f(x), with MaxMin between the layers."""
    return value(f, spec.max_min, x)


def _unchanged(p: float) -> int:
    """How many moves shorter than the radius there are on the grid; each leaves the prediction as it is."""
    constant, count, tightest = norm_product(CLASSIFIER, p), 0, None
    steps = [Fraction(i, 8) for i in range(-4, 5)]
    for x in product((Fraction(-1), Fraction(1, 3), Fraction(2)), repeat=2):
        here = logits(CLASSIFIER, list(x))
        label = _largest(here)
        squared = spec.certified_radius_squared(here, label, constant, p).lo
        for v in product(steps, repeat=2):
            length = max(map(abs, v)) if p == INF else sum(map(abs, v), Fraction(0))
            there = logits(CLASSIFIER, [a + b for a, b in zip(x, v, strict=True)])
            changed = any(there[i] >= there[label] for i in range(len(there)) if i != label)
            if length**2 < squared:
                require(not changed, f"p = {p}: at {x}, {v} is shorter than the radius and changes the prediction")
                count += 1
            elif changed and squared:
                share = Fraction(length**2, squared)
                tightest = share if tightest is None else min(tightest, share)
    require(tightest is not None and tightest < 16, f"p = {p}: nothing changes anywhere near the radius: {tightest}")
    return count


def _largest(y: Vector) -> int:
    return y.index(max(y))
