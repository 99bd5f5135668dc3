"""The affine map on whole numbers so small that every sum of products is exact, whatever its order."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import isqrt

import numpy as np

from refsort.oracle.cases import Case
from refsort.oracle.claims import Comparison
from refsort.oracle.operations import affine
from refsort.oracle.operations.exactly import exact
from refsort.oracle.properties.asking import Ask, Slope, agree, inner, like, slopes_agree, small


def exact_on_whole_numbers(ask: Ask, case: Case) -> Iterator[Comparison]:
    """``y = x W^T + b`` and its gradients, bit for bit. 1 call with gradients, and 1 without.

    With entries up to m and at most L products, all partial sums are whole numbers up to (L + 1) (m + 1)^2 <= 2^p, and
    nothing is rounded, fused or not, in any order. So whatever differs is a bug, however small: operands of fewer bits
    (TF32, B19), a wrong accumulator, weights read in another layout, a bias left out.
    """
    lattice = _whole(ask, case)
    if lattice is None:
        return
    yield agree("value", "the result on whole numbers, to the bit", affine.truth(lattice), ask.value(lattice))
    gradients = zip("xwb", affine.gradients(lattice), ask.gradients(lattice), strict=True)
    for name, expected, found in gradients:
        yield agree("gradient", f"the gradient of {name} on whole numbers, to the bit", expected, found)


def gradient_is_the_derivative(ask: Ask, case: Case) -> Iterator[Comparison]:
    """``<gradients, d> = <y_bar, f(. + d) - f(. - d)> / 2`` along a direction of each argument, without tolerance.

    f is of degree two in all arguments together, so the central difference is its derivative; on whole numbers nothing
    is rounded. A detached argument, a factor, a transposed gradient (B1, B2). 7 calls, 1 with gradients.
    """
    lattice = _whole(ask, case)
    if lattice is None:
        return
    gradients, y_bar = ask.gradients(lattice), exact(lattice.cotangent)
    slopes = []
    for i, (name, array, gradient) in enumerate(zip("xwb", lattice.arrays, gradients, strict=True)):
        d = (np.arange(array.size) % 3 - 1 + (array.size < 2)).reshape(array.shape)
        ends = [
            ask.value(
                lattice._replace(arrays=(*lattice.arrays[:i], like(array + s * d, array), *lattice.arrays[i + 1 :]))
            )
            for s in (1, -1)
        ]
        slopes.append(
            Slope(f"a direction of {name}", inner(y_bar, ends[0] - ends[1]) / 2, inner(gradient, d), Fraction(0))
        )
    for slope in slopes:
        yield from slopes_agree([slope])


def _whole(ask: Ask, case: Case) -> Case | None:
    """The case on whole numbers that leave room for a step of 1; None where the format is too short for its sizes."""
    x, w, b = case.arrays
    length = max(*x.shape, *w.shape) + 1
    most = min(isqrt(2 ** ask.bits(case) // length) - 1, 100)
    if most < 1 or not x.size or not w.size:
        return None
    most -= most % 2 if most > 1 else 0  # an odd modulus: the integers may share powers of two
    arrays = tuple(like(small(array, most), array) for array in (x, w, b))
    return case._replace(arrays=arrays, cotangent=like(small(case.cotangent, most), case.cotangent))
