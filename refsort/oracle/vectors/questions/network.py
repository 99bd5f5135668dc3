"""Whole GroupSort networks of whole numbers: depths, widths, group sizes, ties in hidden layers, empty batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

from refsort.oracle.vectors.questions.asked import Asked, power, scattered, tensor
from refsort.strategies import FORMATS

_WIDTHS = {
    2: ([3, 2], [1, 1], [2, 4, 1], [3, 2, 2], [1, 4, 3], [2, 4, 2, 1], [3, 2, 4, 2], [1, 2, 2, 2, 3]),
    3: ([2, 3, 1], [1, 6, 2], [2, 3, 3, 2], [2, 3, 6]),
    4: ([2, 4, 3], [3, 8, 1], [3, 4, 4]),
}


def questions(op: str) -> Iterator[Asked]:
    """All of them."""
    for size, all_widths in _WIDTHS.items():
        for widths in all_widths:
            for n, step in ((1, 5), (2, 4), (3, 3)):
                flags = ["backpropagation", "network-groups"] if len(widths) > 2 else ["one-layer"]
                flags += ["no-last-sort"] * (widths[-1] % size == 0)
                yield _asked(widths, n, size, step, 1, *flags)
            yield _asked(widths, 0, size, 5, 1, "empty-batch")
    for widths in ([2, 4, 1], [2, 4, 4, 2], [1, 2, 2]):
        yield _asked(widths, 2, 2, 5, 1, "hidden-tie", zero_weights=True)
    for form in FORMATS.values():
        unit = power(3 - form.precision)
        for widths in ([2, 4, 2], [3, 2], [2, 4, 4, 1]):
            for k in (1, 3):
                yield _asked(widths, 2, 2, 5, 1 + k * unit, "all-bits")
    for e in (-6, 6):
        yield _asked([2, 4, 2], 2, 2, 5, power(e), "layer-scales")


def _asked(
    widths: Sequence[int], n: int, group_size: int, step: int, scale: Any, *flags: str, zero_weights: bool = False
) -> Asked:
    """Few bits, no symmetry; `scale` multiplies x, zero weights leave equal offsets in the first layer."""
    layers = list(pairwise(widths))
    weights = [scattered(a * b, step + i, 11, Fraction(1, 2)) for i, (a, b) in enumerate(layers)]
    biases = [scattered(b, step + i, 13, Fraction(1, 4)) for i, (_, b) in enumerate(layers)]
    if zero_weights:
        weights[0], biases[0] = [Fraction(0)] * len(weights[0]), [Fraction(1)] * len(biases[0])
    arrays = [tensor((n, widths[0]), [scale * x for x in scattered(n * widths[0], step, 7)])]
    arrays += [tensor((b, a), w) for (a, b), w in zip(layers, weights, strict=True)]
    arrays += [tensor((len(b),), b) for b in biases]
    g = tensor((n, widths[-1]), [(1, 2, -1, 3, -2)[i % 5] for i in range(n * widths[-1])])
    return Asked("network", tuple(arrays), {"group_size": str(group_size)}, g, flags)
