"""Bjorck steps: single singular values in and out of the basin, rectangles, orders, beta, ranks, fixed points."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

from refsort.oracle.vectors.questions.asked import Asked, power, scattered, tensor

_HALF = Fraction(1, 2)
_HADAMARD = [1, 1, 1, 1, 1, -1, 1, -1, 1, 1, -1, -1, 1, -1, -1, 1]  # a 4 by 4 orthogonal matrix, but for the factor 2


def questions(op: str) -> Iterator[Asked]:
    """All of them."""
    yield from _scalars()
    yield from _rectangles()
    yield from _orders()
    yield from _betas()
    yield from _steps()
    yield from _ranks()
    yield from _fixed_points()
    yield from _sign_flips()
    yield from _scales()


def _scalars() -> Iterator[Asked]:
    """One singular value s = k / 4: what a step does to it can be done by hand."""
    for order in (1, 2, 3):
        for k in range(1, 13):
            for iterations in (1, 2):
                yield _asked((1, 1), [Fraction(k, 4)], [1], iterations, order, _HALF, *_basin(Fraction(k, 4), order))
    yield _asked((1, 1), [Fraction(13, 8)], [1], 1, 3, _HALF, "sign-flip")  # in (1.589, 1.732)


def _basin(s: Fraction, order: int) -> list[str]:
    if order == 1 and s * s > 3:
        return ["sign-flip" if s * s < 5 else "divergence"]
    return ["scalar"] * (2 * s <= 3) + ["order"] * (order > 1)  # order 2 and above lose the basin soon after 3/2


def _rectangles() -> Iterator[Asked]:
    for m, n in ((1, 2), (2, 1), (2, 3), (3, 2), (1, 4), (4, 1), (3, 4), (4, 3), (2, 2), (3, 3)):
        for step in (3, 5):
            w = scattered(m * n, step, 5 if m * n < 9 else 3, Fraction(1, 4))
            flag = "wide" if m < n else "tall" if m > n else "square"
            yield _asked((m, n), w, _cotangent(m * n), 1, 1, _HALF, flag, "lattice", "detached")


def _orders() -> Iterator[Asked]:
    for order in (1, 2, 3):
        for m, n in ((2, 3), (3, 2), (2, 2)):
            for step in (3, 5):
                w = scattered(m * n, step, 7, Fraction(1, 8))
                yield _asked((m, n), w, _cotangent(m * n), 1, order, _HALF, "order", "detached")


def _betas() -> Iterator[Asked]:
    for beta in (Fraction(1, 4), Fraction(3, 8), Fraction(1, 8)):
        for m, n in ((1, 1), (2, 3), (3, 2)):
            for iterations in (1, 2):
                w = scattered(m * n, 3, 5, Fraction(1, 4)) if m * n > 1 else [Fraction(3, 4)]
                yield _asked((m, n), w, _cotangent(m * n), iterations, 1, beta, "beta")


def _steps() -> Iterator[Asked]:
    for m, n in ((2, 3), (3, 1), (2, 2)):
        w = scattered(m * n, 3, 7, Fraction(1, 8))
        for iterations in (0, 1, 2, 3):
            yield _asked((m, n), w, _cotangent(m * n), iterations, 1, _HALF, "steps")
        for order in (2, 3):
            yield _asked((m, n), w, _cotangent(m * n), 2, order, _HALF, "steps", "order")
    for order in (2, 3):
        yield _asked((1, 2), [Fraction(1, 2), 1], [1, 2], 0, order, _HALF, "steps")


def _ranks() -> Iterator[Asked]:
    for order in (1, 2, 3):
        for m, n in ((1, 1), (2, 3), (3, 2), (2, 2)):
            yield _asked((m, n), [0] * (m * n), _cotangent(m * n), 2, order, _HALF, "zero-matrix")
        for u, v in (([1, 2], [1, 0, -1]), ([1, -1, 1], [1, 2]), ([0, 2], [2, 1])):
            w = [Fraction(a * b, 4) for a in u for b in v]
            yield _asked((len(u), len(v)), w, _cotangent(len(w)), 1, order, _HALF, "rank-deficient")
    for m, n in ((2, 2), (2, 4), (4, 3)):
        yield _asked((m, n), [_HALF] * (m * n), _cotangent(m * n), 1, 1, _HALF, "rank-deficient")


def _fixed_points() -> Iterator[Asked]:
    """Orthonormal columns, or rows: signed permutations, and a Hadamard matrix over 2."""
    signed = [([0, -1, 1, 0], (2, 2)), ([0, 0, -1, 1, 0, 0, 0, -1, 0], (3, 3))]
    signed += [([0, 1, 0, -1, 0, 0], (2, 3)), ([0, -1, 0, 0, 1, 0], (3, 2))]
    for order in (1, 2, 3):
        for w, shape in signed:
            yield _asked(shape, w, _cotangent(len(w)), 2, order, _HALF, "orthonormal")
        for m, n in ((4, 4), (4, 2), (3, 4)):
            half = [Fraction(_HADAMARD[4 * i + j], 2) for i in range(m) for j in range(n)]
            yield _asked((m, n), half, _cotangent(m * n), 1, order, _HALF, "orthonormal")
        for c, s in ((3, 4), (5, 12), (8, 15)):  # c / r and s / r, r^2 = c^2 + s^2, rounded to eight bits
            r = {3: 5, 5: 13, 8: 17}[c]
            c128, s128 = (Fraction(round(Fraction(128 * k, r)), 128) for k in (c, s))
            yield _asked((2, 2), [c128, -s128, s128, c128], _cotangent(4), 1, order, _HALF, "near-orthonormal")


def _sign_flips() -> Iterator[Asked]:
    """All singular values 2: one step of order 1 leads to minus the polar factor, exactly."""
    for w, (m, n) in (([2], (1, 1)), ([0, -2, 2, 0], (2, 2)), ([0, 2, 0, -2, 0, 0], (2, 3)), ([2, 0], (2, 1))):
        for iterations in (1, 2, 3):
            yield _asked((m, n), w, _cotangent(m * n), iterations, 1, _HALF, "sign-flip")
    yield _asked((4, 4), _HADAMARD, _cotangent(16), 1, 1, _HALF, "sign-flip")
    yield _asked(
        (4, 2), [x for i in range(4) for x in _HADAMARD[4 * i : 4 * i + 2]], _cotangent(8), 1, 1, _HALF, "sign-flip"
    )
    for side in (2, 4):
        yield _asked((side, side), [2] * side**2, _cotangent(side**2), 1, 1, _HALF, "divergence", "unscaled")
    for m, n in ((2, 3), (3, 2), (4, 4)):
        yield _asked((m, n), scattered(m * n, 5, 3, _HALF), _cotangent(m * n), 1, 1, _HALF, "unscaled")


def _scales() -> Iterator[Asked]:
    for e in (-4, -8, -20, -60):
        for m, n in ((2, 3), (3, 2)):
            w = scattered(m * n, 3, 7, power(e))
            yield _asked((m, n), w, _cotangent(m * n), 1, 1, _HALF, "small")
    yield _asked((2, 3), [1, power(-5), 0, 0, power(-10), power(-6)], _cotangent(6), 1, 1, _HALF, "small")


def _cotangent(count: int) -> list[int]:
    """1, 2, -1, 0, 1, 2, ...: few bits, no symmetry."""
    return [(1, 2, -1, 0, -2)[i % 5] for i in range(count)]


def _asked(
    shape: tuple[int, int], w: Sequence[Any], g: Sequence[Any], iterations: int, order: int, beta: Fraction, *flags: str
) -> Asked:
    params = {"beta": str(beta), "iterations": str(iterations), "order": str(order)}
    return Asked("bjorck", (tensor(shape, w),), params, tensor(shape, g), flags)
