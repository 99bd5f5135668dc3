"""ReLU networks with every spectral norm 1 that tend to the absolute value as they get deeper.

The first layer puts the line into the plane: the two rays from 0 point in opposite directions. Every further layer
rotates, applies ReLU to its first coordinate, and leaves the second one alone by a bias. With the first axis chosen
so that one ray lies just behind it, ReLU projects this ray on the second axis: it turns by theta towards the other ray
and shrinks by cos(theta), while the other ray is left alone. N such folds bring two rays at the angle pi to the angle
theta = pi / (N + 1), and then one linear map is nearly 1 on both.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np

from refsort.constructions.max_min_tree import Parametrised
from refsort.constructions.numbers import scalar
from refsort.nets import Identity, Layer, Network, ReLU
from refsort.ops.arrays import integer

Direction = Callable[[int], tuple[Any, Any]]


def rotation_relu_absolute(depth: int, radius: Any = 1.0, form: str = "one_sided") -> Parametrised:
    """The ReLU network R -> R of width 2 with N hidden layers, close to |x| where ``|x| <= radius``.

    With theta = pi / (N + 1), on the whole box:

    "one_sided"     x cos(theta) for x > 0 and |x| cos(theta)^N for x < 0: folds the left ray N times;
    "alternating"   c_N |x| exactly, c_N = cos(theta)^(N/2) cos(theta/2): N even, folds the rays in turn.

    Parameters
    ----------
    depth : int
        N, at least 1.
    radius : real
        R: a float, or a Fraction for a network over the rationals.
    form : "one_sided" or "alternating"

    Returns
    -------
    network, params
        2 N units, N + 1 affine maps.

    Raises
    ------
    TypeError, ValueError
        For a depth that is no positive integer, or odd for "alternating"; a radius that is not positive and finite.

    Notes
    -----
    The error on the box is R (1 - cos(theta)^N), about R pi^2 / (2 N), and R (1 - c_N), about R pi^2 / (4 N). Outside
    of it the bias R no longer keeps the second coordinate. All weights are rotations or unit vectors: spectral norm 1,
    up to rounding. No ReLU network with such weights is |x| itself (after Anil et al. 2019).

    Over the rationals the rotation is by an angle theta' <= theta nearby whose cosine and sine are rational: every
    weight has norm 1 exactly, and the slopes are -cos(N theta') and cos(theta')^N for "one_sided", and
    cos(theta')^(N/2) sin(N theta' / 2) on both sides for "alternating".

    Examples
    --------
    >>> network, params = rotation_relu_absolute(8, 2.0, "alternating")
    >>> y = network.value(params, np.array([[-2.0], [0.0], [1.0]]))[:, 0]
    >>> slope = math.cos(math.pi / 9) ** 4 * math.cos(math.pi / 18)
    >>> np.allclose(y, slope * np.array([2.0, 0.0, 1.0]), rtol=0, atol=1e-14)
    True
    """
    n = integer("rotation_relu_absolute", "depth", depth)
    if form not in ("one_sided", "alternating"):
        raise ValueError(f"rotation_relu_absolute: form must be 'one_sided' or 'alternating', got {form!r}")
    if form == "alternating" and n % 2:
        raise ValueError(f"rotation_relu_absolute: the alternating form needs an even depth, got {n}")
    dtype = np.dtype(object if isinstance(radius, Fraction) else np.float64)
    bias = scalar("rotation_relu_absolute", "radius", radius, dtype)
    zero = bias - bias
    turn = _rational_turns(n) if dtype.kind == "O" else _turns(n)
    # layer j has its first axis at the angle pi/2 + axes[j] theta, perpendicular to the ray that it folds
    axes = [-j for j in range(1, n + 1)] if form == "one_sided" else [k for j in range(1, n // 2 + 1) for k in (-j, j)]
    c, s = turn(axes[0])
    weights, biases = [[[-s], [-c]]], [[zero, bias]]
    for before, after in pairwise(axes):
        c, s = turn(after - before)
        weights.append([[c, s], [-s, c]])
        biases.append([-s * bias, bias - c * bias])
    # read along the folded ray, the second axis; or along the bisector of the rays, at the angle pi/2
    c, s = (zero, turn(0)[0]) if form == "one_sided" else turn(-axes[-1])
    weights.append([[c, s]])
    biases.append([-s * bias])
    layers = [Layer(1, 2, ReLU()), *(Layer(2, 2, ReLU()) for _ in range(n - 1)), Layer(2, 1, Identity())]
    return Network(tuple(layers)), [
        (np.array(w, dtype), np.array(b, dtype)) for w, b in zip(weights, biases, strict=True)
    ]


def _turns(n: int) -> Direction:
    return lambda k: (math.cos(k * math.pi / (n + 1)), math.sin(k * math.pi / (n + 1)))


def _rational_turns(n: int) -> Direction:
    """(cos, sin) of k theta', where tan(theta' / 2) is a fraction at most tan(theta / 2): so no ray turns too far.

    tan(x) = x / (1 - x^2 / (3 - x^2 / (5 - ...))) is cut off, which makes it smaller, at an x below theta / 2.
    """
    x, below = Fraction(157079, 100000 * (n + 1)), Fraction(9)
    for odd in (7, 5, 3, 1):
        below = odd - x * x / below
    steps = 1000 * (n + 1)
    t = Fraction(math.floor(x / below * steps), steps)
    c, s = (1 - t * t) / (1 + t * t), 2 * t / (1 + t * t)

    def turn(k: int) -> tuple[Fraction, Fraction]:
        a, b = Fraction(1), Fraction(0)
        for _ in range(abs(k)):
            a, b = a * c - b * s, a * s + b * c
        return (a, b) if k >= 0 else (a, -b)

    return turn
