"""The affine map: single entries, whole numbers in rectangles of all orientations, and sums that must be rounded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import permutations
from typing import Any

from refsort.oracle.vectors.questions.asked import Asked, power, scattered, tensor
from refsort.strategies import FORMATS


def questions(op: str) -> Iterator[Asked]:
    """All of them."""
    yield from _impulses()
    yield from _rectangles()
    yield from _squares()
    yield from _biases()
    yield from _batches()
    yield from _cancellations()
    yield from _all_bits()
    yield from _scales()
    for d_in, d_out in ((1, 1), (3, 2)):
        yield _asked((0, d_in, d_out), [], scattered(d_in * d_out, 3, 7), scattered(d_out, 2, 5), [], "empty-batch")


def _impulses() -> Iterator[Asked]:
    n, d_in, d_out = 2, 3, 4
    for at in range(d_in * d_out):
        w = [int(i == at) for i in range(d_in * d_out)]
        yield _asked(
            (n, d_in, d_out),
            [1, 2, 4, 8, 16, 32],
            w,
            [0] * d_out,
            list(range(1, n * d_out + 1)),
            "impulse",
            "rectangle",
        )


def _rectangles() -> Iterator[Asked]:
    for sides in [*permutations((1, 2, 3)), *permutations((2, 3, 5)), *permutations((1, 4, 6))]:
        n, d_in, d_out = sides
        for step in (5, 7):
            yield _asked(
                sides,
                scattered(n * d_in, step, 9, Fraction(1, 2)),
                scattered(d_out * d_in, step + 6, 11, Fraction(1, 4)),
                scattered(d_out, 3, 7, Fraction(1, 4)),
                scattered(n * d_out, 2, 5),
                "rectangle",
                "lattice",
            )


def _squares() -> Iterator[Asked]:
    for side in (2, 3, 4):
        for n in (1, side + 1):
            yield _asked(
                (n, side, side),
                scattered(n * side, 3, 7),
                scattered(side * side, 5, 17),
                scattered(side, 2, 5),
                scattered(n * side, 4, 7),
                "square",
                "lattice",
            )
    for n in (1, 2):
        yield _asked((n, 1, 1), [3, -2][:n], [Fraction(5, 4)], [Fraction(1, 2)], [4, 1][:n], "one-by-one", "lattice")


def _biases() -> Iterator[Asked]:
    for n, d_in, d_out in ((2, 3, 4), (1, 2, 5), (3, 1, 2)):
        b, g = scattered(d_out, 3, 7), scattered(n * d_out, 5, 9)
        x, w = scattered(n * d_in, 4, 7), scattered(d_out * d_in, 3, 8)
        yield _asked((n, d_in, d_out), [0] * len(x), w, b, g, "bias")
        yield _asked((n, d_in, d_out), x, [0] * len(w), b, g, "bias")


def _batches() -> Iterator[Asked]:
    for n in (2, 3, 4, 5, 7):
        x, w = scattered(n * 2, 3, 7), scattered(2, 2, 5)
        yield _asked((n, 2, 1), x, w, [1], [2**k % 31 for k in range(n)], "batch-sum", "lattice")


def _cancellations() -> Iterator[Asked]:
    """Large terms that cancel: what is left of 1 depends on the order of summation, and the bound allows each."""
    for form in FORMATS.values():
        large = power(form.precision - 1)
        for x in permutations((large, Fraction(1), -large)):
            yield _asked((1, 3, 2), x, [1, 1, 1, 2, 2, 2], [0, Fraction(1, 2)], [1, 2], "cancellation")


def _all_bits() -> Iterator[Asked]:
    """Factors with all the bits of a format: products must be rounded, and factors of fewer bits show."""
    for form in FORMATS.values():
        p = form.precision
        factors = [Fraction(2**p * k // 7 | 1, 2 ** (p - 1)) for k in (4, 5, 6)]  # odd numbers of p bits
        for d in (1, 2, 3):
            for sign in (1, -1):
                x = [sign**j * factors[j] for j in range(d)]
                w = [factors[(i + j + 1) % 3] for i in range(2) for j in range(d)]
                g = [factors[2], -factors[0]]
                yield _asked((1, d, 2), x, w, [factors[1], Fraction(1)], g, "all-bits")


def _scales() -> Iterator[Asked]:
    """A tiny or huge factor beside whole numbers: exact, down to the subnormals."""
    for form in FORMATS.values():
        for flag, scale in (("subnormal", power(form.lowest)), ("huge", power(form.highest - 8))):
            small = [scale * k for k in (1, 2, 3, 1, 1, 2)]
            yield _asked((2, 3, 1), small, [1, 2, 1], [scale], [1, 3], flag)
            yield _asked((1, 2, 3), [1, 3], small, [0, scale, 0], [1, 0, 2], flag)


def _asked(
    sides: Sequence[int], x: Sequence[Any], w: Sequence[Any], b: Any, y_bar: Sequence[Any], *flags: str
) -> Asked:
    n, d_in, d_out = sides
    arrays = (tensor((n, d_in), x), tensor((d_out, d_in), w), tensor((d_out,), b))
    return Asked("affine", arrays, {}, tensor((n, d_out), y_bar), flags)
