"""Open, to our knowledge: whether GroupSort networks with 2-norms at most 1 are dense in the 1-Lipschitz functions.

Statement
---------
Let N_2 be the GroupSort networks R^d -> R, any groups, depth, widths and biases, with ||W_l||_2 <= 1 in every layer,
and X a compact convex set with interior. Question: is every 1-Lipschitz f: X -> R, in the 2-norm, a uniform limit of
N_2? We know of no answer. What is shown here: (1) f(x) = max_i a_i . x is in N_2, exactly and with one hidden layer, if
a_1, ..., a_n are the unit vectors from the centre to the vertices of a regular simplex in R^(n-1): for n = 3, three
directions in the plane at 120 degrees. (2) Exactness on all of R^d cannot be had in general, for d = 1 already: no
network of N_2 equals the zigzag f(x) = x for x <= 0, -x for 0 <= x <= 1, x - 2 for x >= 1, on all of R.

Our reading
-----------
The authors of SortNet (2022) call it "a fantastic open problem", Neumayer et al. (2022) list it as open for d > 1. (2)
is about single networks and all of R, and says nothing about limits on X. (1) and (2) are small, and may have been
noticed before. The numbers below are samples: they decide nothing.

Argument
--------
(1) There is a linear isometry U from R^(n-1) onto the y in R^n with sum 0, and U a_i is e_i less its mean, divided by
its length r, r^2 = 1 - 1/n. So a_i . x = y_i/r with y = U x, and f(x) = max(y)/r = v . sort(y) for v = (-1/n, ...,
-1/n, 1 - 1/n)/r, as the entries of y sum to 0. |v| = 1. (2) Suppose a network equals f. All its parts are 1-Lipschitz,
and f is isometric on each of the three intervals; so are the features before and after each sort, as functions of x,
and in the 2-norm an isometric curve is straight: unit directions a, c and d on the three intervals. The features at -T
and at T are T |a + d|, up to a constant, and at least 2 T - 2 apart, so a = d. An affine map keeps the product <a, c>:
from |W a| = |a| and I - W^T W being positive semidefinite follows W^T W a = a, hence <W a, W c> = <a, c>. So does a
sort: for x far to the left the sorted direction is a in descending order inside each group, far to the right it is d =
a in ascending order, and the two are equal by the above. So a is constant on each group, and as sorting permutes c
inside groups, <a, c> stays. It is 1 for x itself, and -1 for f.

Construction
------------
(1): the network on the plane sum y = 0 in R^3 and R^4. For the probe: MaxMin networks of width 8 whose weights are kept
orthonormal by the polar factor, by gradient descent with NumPy, from a fixed seed.

What is checked
---------------
(1) in rationals at all integer y in [-2, 2]^n with sum 0, r taken out. Probe: the best sup-norm error on a grid with 0
to 3 hidden layers, for the maximum of three rational unit vectors that no rotation or reflection permutes, on [-1,
1]^2, and for the zigzag on [-2, 3]; norms of the best networks, and for them alone a bound of the error on all of X:
error on a fine grid plus its step. Affine functions against a bound.

What is not shown
-----------------
By the check: the question. That training finds small errors does not show that arbitrarily small ones exist; where it
finds none, better networks may. (2) is not checked by numbers. By either: that (2) holds on compact intervals.

Uses
----
- `rounding_errors_grow_linearly_with_depth`
- `lipschitz_maps_compose`
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import combinations, pairwise, product
from typing import Any

import numpy as np

from proofs.certificate import Certificate, require
from proofs.networks import INF, evaluate, norms
from refsort import constructions, spec

GRADE = "SAMPLED"
Array = np.ndarray[Any, Any]
Layers = list[tuple[Array, Array]]
Target = Callable[[Array], Array]

WIDTH, STEPS, RATE = 8, 700, 0.2
DEPTHS = (0, 1, 2, 3)
ROUNDING = 1e-12  # gamma_9 times the sizes of four layers, some 1e-14, with room
DIRECTIONS = np.array([[3 / 5, 4 / 5], [-12 / 13, 5 / 13], [8 / 17, -15 / 17]])


def construct(n: int) -> tuple[list[Fraction], Fraction]:
    """r v and r^2 of (1)."""
    return [-Fraction(1, n)] * (n - 1) + [1 - Fraction(1, n)], 1 - Fraction(1, n)


def three_directions(x: Array) -> Array:
    """max_i a_i . x for three unit vectors at no equal angles."""
    result: Array = np.max(x @ DIRECTIONS.T, axis=1)
    return result


def zigzag(x: Array) -> Array:
    """The function of (2)."""
    t = x[:, 0]
    return np.maximum(np.minimum(t, -t), t - 2)


def square(steps: int) -> Array:
    """A grid on [-1, 1]^2."""
    t = np.linspace(-1, 1, steps)
    return np.stack(np.meshgrid(t, t), axis=-1).reshape(-1, 2)


def interval(steps: int) -> Array:
    """A grid on [-2, 3]."""
    return np.linspace(-2, 3, steps)[:, None]


def verify() -> Certificate:
    """Check (1), and search for networks near two functions."""
    points = sum(_check_simplex(n) for n in (3, 4))
    lines = []
    for f, grid, coarse, fine, radius in (
        (three_directions, square, 21, 161, 2**0.5 / 160),
        (zigzag, interval, 101, 2001, 5 / 4000),
    ):
        found = {depth: search(f, grid(coarse), depth) for depth in DEPTHS}
        errors = {depth: farthest(layers, f, grid(coarse)) for depth, layers in found.items()}
        best = min(DEPTHS, key=lambda depth: errors[depth])
        bound = 1.0
        for w, _ in found[best]:
            size = spec.operator_norm(w.tolist(), 2, 2, bits=40).hi
            require(size <= 1 + Fraction(1, 10**12), f"{f.__name__}: a norm is {float(size)}")
            bound *= float(size)
        everywhere = (
            farthest(found[best], f, grid(fine)) + (1 + bound) * radius + ROUNDING
        )  # each point is within `radius` of the fine grid
        require(errors[0] >= affine_bound(f, grid(coarse)), f"{f.__name__}: an affine map is off by {errors[0]}")
        require(2 * errors[best] < errors[1], f"{f.__name__}: nothing better than {errors} was found")
        lines.append(
            f"{f.__name__}: errors found " + ", ".join(f"{e:.2g}" for e in errors.values()) + " with 0 to 3 layers of "
            f"MaxMin; the one with {best} is within {everywhere:.2g} on all of X"
        )
    return Certificate(
        GRADE,
        (f"(1): {points} points, 3 and 4 directions", *lines),
        f"three directions at 120 degrees: v = ({', '.join(map(str, construct(3)[0]))})/r with r^2 = {construct(3)[1]}",
    )


def sabotage() -> dict[str, str]:
    """Each hypothesis dropped, with what then fails."""
    v, _ = construct(3)
    y = [Fraction(1), Fraction(1), Fraction(1)]
    off = spec.affine(spec.full_sort(y), [v], [0])[0]
    require(off != max(y), f"{off}")
    cosines = sorted(float(a @ b) for a, b in combinations(DIRECTIONS, 2))
    require(cosines[-1] - cosines[0] > 0.1, f"{cosines}")
    one = Fraction(1)
    network, params = constructions.piecewise_linear([[[one], [-one]], [[one], [one]]], [[0 * one] * 2, [-2 * one] * 2])
    xs = [Fraction(n, 2) for n in range(-8, 9)]
    values = [evaluate(network, params, [x])[0] for x in xs]
    require(values == [max(min(x, -x), x - 2) for x in xs], f"{values}")
    flat, steep = (max(norm.hi for norm in norms(network, params, p)) for p in (INF, 2))
    require(flat == 1 and steep > 1, f"{flat}, {steep}")
    left = [max(min(x, -x), x - 2) + abs(x) for x in xs]
    require(any(left) and not any(d for x, d in zip(xs, left, strict=True) if x <= 1), f"{left}")
    return {
        "a regular simplex": "the products of the three directions of the probe are "
        + ", ".join(f"{c:.3f}" for c in cosines)
        + ": the formula of (1) needs them equal",
        "sum y = 0": f"at y = (1, 1, 1) v . sort(y) is {off}/r, and the maximum is 1",
        "the 2-norm, for (2)": f"max(min(x, -x), x - 2) is a MaxMin network of inf-norms {flat}; its largest 2-norm "
        f"is {float(steep):.3f}",
        "three pieces, for (2)": "for x <= 1 the zigzag is -|x| at all of 11 points, and this is in N_2",
    }


def farthest(layers: Layers, f: Target, x: Array) -> float:
    """The largest distance of the network from f on a grid (n, d)."""
    return float(np.max(np.abs(_forward(layers, x)[0] - f(x))))


def affine_bound(f: Target, x: Array) -> float:
    """For affine g, f(x) + f(y) - 2 f((x + y)/2) is at most 4 max |f - g|; here for points opposite in the grid."""
    middle = f(np.mean(x, axis=0, keepdims=True))[0]
    return float(np.max(np.abs(f(x) + f(x[::-1]) - 2 * middle))) / 4 - ROUNDING


def search(f: Target, x: Array, depth: int) -> Layers:
    """The better of two runs of gradient descent on powers of the error, weights made orthonormal after each step."""
    runs = [_descend(x, f(x), depth, power) for power in (4, 8)]
    return min(runs, key=lambda layers: farthest(layers, f, x))


def _descend(x: Array, y: Array, depth: int, power: int) -> Layers:
    generator = np.random.default_rng(0)
    sizes = [x.shape[1], *[WIDTH] * depth, 1]
    layers = [
        (_polar(generator.standard_normal((m, n))), 0.3 * generator.standard_normal(m) if m > 1 else np.zeros(1))
        for n, m in pairwise(sizes)
    ]
    momentum = [(0 * w, 0 * b) for w, b in layers]
    best, least = layers, np.inf
    for step in range(STEPS):
        output, features, swapped = _forward(layers, x)
        error = output - y
        largest = float(np.max(np.abs(error)))
        if largest < least:
            best, least = layers, largest
        g = ((error / largest) ** (power - 1))[:, None]
        g = g / np.sum(np.abs(g))
        rate = RATE * (1 + np.cos(np.pi * step / STEPS)) / 2
        updated = []
        for i in reversed(range(len(layers))):
            w, b = layers[i]
            momentum[i] = (0.9 * momentum[i][0] + g.T @ features[i], 0.9 * momentum[i][1] + np.sum(g, axis=0))
            g = g @ w
            if i:
                g = _swap(g, swapped[i - 1])
            updated.append((_polar(w - rate * momentum[i][0]), b - rate * momentum[i][1]))
        layers = updated[::-1]
    return best


def _forward(layers: Layers, x: Array) -> tuple[Array, list[Array], list[Array]]:
    """Values, what enters each layer, and which pairs were swapped."""
    features, swapped = [x], []
    for w, b in layers[:-1]:
        z = features[-1] @ w.T + b
        swapped.append(z[:, ::2] > z[:, 1::2])
        features.append(_swap(z, swapped[-1]))
    w, b = layers[-1]
    return (features[-1] @ w.T + b)[:, 0], features, swapped


def _swap(z: Array, which: Array) -> Array:
    pairs = z.reshape(len(z), -1, 2)
    result: Array = np.where(which[..., None], pairs[..., ::-1], pairs).reshape(z.shape)
    return result


def _polar(w: Array) -> Array:
    u, _, v = np.linalg.svd(w, full_matrices=False)
    result: Array = u @ v
    return result


def _check_simplex(n: int) -> int:
    v, square_of_r = construct(n)
    require(sum(t * t for t in v) == square_of_r, f"n = {n}: |v| is not 1")
    points = [[Fraction(t) for t in y] for y in product(range(-2, 3), repeat=n) if sum(y) == 0]
    for y in points:
        found = spec.affine(spec.full_sort(y), [v], [0])
        require(found == [max(y)], f"n = {n}: {found} at {y}")
    return len(points)
