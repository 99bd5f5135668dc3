"""In the 2-norm the gap between ReLU networks and the absolute value closes with depth, like 1/depth.

Statement
---------
For even N and R > 0 there is a ReLU network R -> R with N hidden layers of width 2 and every ||W_l||_2 = 1 that equals
c |x| on [-R, R] with c = cos(t)^(N/2) sin(N t/2), for every angle 0 < t <= pi/(N + 1). At t = pi/(N + 1) this is c_N =
cos(t)^(N/2) cos(t/2) >= 1 - pi^2/(4 N), so the error on [-R, R] is at most R pi^2/(4 N). With the last weight divided
by c the network is |x| exactly, and the norms multiply to 1/c, which tends to 1.

Our reading
-----------
ReLU networks with ||W_l||_2 <= 1 "cannot represent |x|" is true of each single network, and false of the limit: for p =
1 and inf a distance of 1/4 stays at every depth, for p = 2 it goes to 0. The biases grow with R. The construction is
ours; we have not found it elsewhere.

Argument
--------
(1) The first layer maps R onto a line of the plane; the rays x > 0 and x < 0 go in opposite directions, each with
length |x|. (2) A layer rotates the plane and applies max(z, 0) to the first coordinate; the second has a bias of R
before ReLU, and the next layer takes it off, so it is left alone: no point is longer than R. Turn the axes so that one
ray is at the angle t from the second axis, on the side where the first coordinate is negative, and the other ray where
it is not. ReLU projects the first ray on the second axis: it turns by t towards the other ray, and its length is
multiplied by cos(t). The other ray is unchanged. (3) After j folds the angle between the rays is pi - j t, and the fold
of (2) needs pi - j t >= t, so N folds are possible if N t <= pi. (4) Fold them in turn: both have the length
cos(t)^(N/2) |x| and the angle pi - N t between them. On the bisector both have the component cos((pi - N t)/2) = sin(N
t/2) of their length. (5) With t = pi/(N + 1): sin(N t/2) = sin(pi/2 - t/2) = cos(t/2). Since cos(x) >= 1 - x^2/2 and (1
- a)^n >= 1 - n a, c_N >= 1 - N t^2/4 - t^2/8 >= 1 - (N + 1) t^2/4 = 1 - pi^2/(4 (N + 1)).

Construction
------------
`refsort.constructions.rotation_relu_absolute(N, R, "alternating")` over the rationals: t is an angle slightly below
pi/(N + 1) with rational cosine and sine.

What is checked
---------------
In rationals, for N = 2, 4, 8, 16 and R = 1 and 5/2: all weights are orthonormal, so their norms are 1; the value at -R,
-R/3, 0, R/7 and R is c |x| with one c; c^2 is the stated product, with sin(N t/2)^2 = (1 - cos(N t))/2; and 1 - c <=
5/(2 N), which is the rate: 5/2 > pi^2/4.

What is not shown
-----------------
By the check: larger N. By either: that 1/N is the best rate (the gap is at least some 1/(4 N), by
`relu_networks_of_fixed_depth_miss_the_absolute_value`), and anything for biases that are bounded while R grows.

Uses
----
Nothing.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from proofs.certificate import Certificate, require
from proofs.matrices import has_orthonormal_columns
from proofs.networks import INF, evaluate, norms, rational
from refsort import constructions, spec
from refsort.spec.exact import transpose

GRADE = "EXACT"

DEPTHS = (2, 4, 8, 16)
RADII = (Fraction(1), Fraction(5, 2))


def construct(depth: int, radius: Fraction) -> tuple[Any, Any]:
    """The network that equals c |x| on [-R, R], over the rationals."""
    network, params = constructions.rotation_relu_absolute(depth, radius, "alternating")
    return network, rational(params)


def verify() -> Certificate:
    """Check norms, values and the rate."""
    slopes = {}
    for depth in DEPTHS:
        for radius in RADII:
            network, params = construct(depth, radius)
            require(len(network.layers) == depth + 1, f"N = {depth}: {len(network.layers)} affine maps")
            for w, _ in params:
                rows = spec.matrix(w.tolist())
                tall = rows if len(rows) >= len(rows[0]) else transpose(rows)
                require(has_orthonormal_columns(tall), f"N = {depth}: W = {rows} is not orthonormal")
            slope = evaluate(network, params, [radius])[0] * Fraction(1, radius)
            for x in (-radius, -radius * Fraction(1, 3), Fraction(0), radius * Fraction(1, 7), radius):
                (found,) = evaluate(network, params, [x])
                require(found == slope * abs(x), f"N = {depth}, R = {radius}: f({x}) = {found}, and c = {slope}")
            cos = params[1][0].tolist()[0][0]  # the second layer turns by 2 t, from the first ray to the second
            require(slope**2 == _stated(cos, depth), f"N = {depth}: c^2 = {slope**2} is not the stated product")
            require((1 - slope) * 2 * depth <= 5, f"N = {depth}: c = {slope} is further from 1 than 5/(2 N)")
            slopes[depth] = slope
    hundredths = {depth: (1000 * slope).__floor__() for depth, slope in slopes.items()}
    return Certificate(
        GRADE,
        (
            f"for N = {', '.join(map(str, DEPTHS))} and {len(RADII)} radii it is c |x| at 5 points, all norms 1",
            "thousandths of c: " + ", ".join(f"{c} for N = {depth}" for depth, c in hundredths.items()),
        ),
        "N = 2, R = 1: " + ", relu, ".join(_text(w, b) for w, b in construct(2, Fraction(1))[1]),
    )


def sabotage() -> dict[str, str]:
    """Each hypothesis dropped, with what then fails."""
    network, params = construct(4, Fraction(1))
    slope = evaluate(network, params, [Fraction(1)])[0]
    far = [evaluate(network, params, [Fraction(x)])[0] for x in (-9, 9)]
    require(far != [9 * slope, 9 * slope], f"{far}")
    largest = max(norm.hi for norm in norms(network, params, INF))
    require(largest > 1, f"the inf-norms are at most {largest}")
    unshifted = [(w, 0 * b) for w, b in params]
    folded = [evaluate(network, unshifted, [Fraction(x)])[0] for x in (-1, 1)]
    require(folded != [slope, slope], f"without biases {folded}")
    last = params[-1][0].tolist()[0]
    squared = sum(v * v for v in last) * Fraction(1, slope**2)
    require(squared > 1, f"{squared}")
    return {
        "the box": f"N = 4, R = 1: {_short(far[0])} and {_short(far[1])} at -9 and 9, and c |x| is {_short(9 * slope)}",
        "the 2-norm": f"the weights of N = 4 have inf-norms up to {_short(largest)}",
        "biases": f"without them N = 4 gives {_short(folded[0])} and {_short(folded[1])} at -1 and 1, not "
        f"{_short(slope)}",
        "a limit, not a network": f"|x| itself takes a last weight of squared norm {_short(squared)} > 1",
    }


def _stated(cos: Fraction, depth: int) -> Fraction:
    """``cos(t)^N sin(N t/2)^2`` from cos(2 t): cos(t)^2 = (1 + cos(2 t))/2, sin(N t/2)^2 = (1 - cos(N t))/2."""
    squared = (1 + cos) * Fraction(1, 2)
    turned, before = cos, Fraction(1)  # cos(2 k t) by the recursion of Chebyshev's polynomials
    for _ in range(depth // 2 - 1):
        turned, before = 2 * cos * turned - before, turned
    return squared ** (depth // 2) * (1 - turned) * Fraction(1, 2)


def _text(w: Any, b: Any) -> str:
    return f"W = [{'; '.join(' '.join(map(str, row)) for row in w.tolist())}] b = [{' '.join(map(str, b))}]"


def _short(x: Fraction) -> str:
    return f"{(1000 * x).__floor__()}/1000"
