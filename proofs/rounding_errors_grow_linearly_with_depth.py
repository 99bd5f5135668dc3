"""Rounding errors of a 1-Lipschitz GroupSort network add up, one term a layer: linear in depth if features are bounded.

Statement
---------
Let y_0 = x and y_(l+1) = S(W_l y_l + b_l) with W_l of n columns and S sorting inside groups, and let z_l be what
floating point computes for y_l, with unit roundoff u and no underflow: every sum of products added up in any order,
with or without fused multiply-adds. Then e_l = |z_l - y_l|_2 has e_(l+1) <= ||W_l||_2 e_l + gamma_(n+1) | |W_l| |z_l| +
|b_l| |_2, where gamma_k = k u/(1 - k u). If every norm is at most 1, then e_L <= gamma_(n+1) (sum over l of | |W_l|
|z_l| + |b_l| |_2): one term a layer, L times the largest.

Our reading
-----------
The standard model of floating-point arithmetic (Higham 2002, chapters 2 and 3) and nothing else about the machine. The
sizes in the bound are of computed values, so it can be evaluated after the fact. The bound is a guarantee and no
estimate: rounding errors mostly cancel, and at widths of some hundred the bound is thousands of times the error.

Argument
--------
(1) Each product w_ij z_j passes through one rounding as a product and at most n as the terms and b_i are added up; b_i
itself passes through at most n. A number that passes through at most n + 1 roundings has a relative error of at most
gamma_(n+1). So the computed W z + b is W z + b + d with |d| <= gamma_(n+1) (|W| |z| + |b|), entry by entry. (2) Sorting
compares and moves floats and rounds nothing. It is 1-Lipschitz in the 2-norm, so z_(l+1) = S(W_l z_l + b_l + d) is at
most |W_l (z_l - y_l) + d|_2 <= ||W_l||_2 e_l + |d|_2 from y_(l+1). (3) With norms at most 1 the terms add up, e_0 = 0.

Construction
------------
Depth 32, width 6: weights are a rational orthogonal matrix times 1 - 2^-20, rounded to the format, so that their
2-norms stay below 1; biases and the input are pseudo-random multiples of 1/64.

What is checked
---------------
In float32 and float64, with sums from the first to the last term, from the last to the first and in NumPy's own order:
that the norms are below 1 by less than 2^-19, so that errors do not fade by themselves, and the exact error of every
layer against both bounds, in rationals, square roots enclosed.

What is not shown
-----------------
By the check: other networks; these rest on the argument. By either: underflow, which adds at most the smallest
subnormal a product, Strassen's products, and arithmetic that rounds operands before it multiplies (TF32).

Uses
----
- `group_sort_is_a_permutation`
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from proofs.certificate import Certificate, require
from proofs.matrices import orthogonal
from refsort import spec
from refsort.rounding import UNIT_ROUNDOFF, gamma

GRADE = "CERTIFIED"
DEPTH, WIDTH, GROUP = 32, 6, 3
Array = np.ndarray[Any, Any]
Sums = Callable[[Array, Array, Array], Array]
Layer = tuple[Array, Array]


def construct(dtype: Any) -> tuple[list[Layer], Array]:
    """The weights, the biases and an input in the floats of `dtype`."""
    exact = orthogonal([1, 2, 3, 1, 1, 2], [2, -1, 1, 3, 1, 1], [1, 1, -2, 1, 5, 1])
    shrunk = np.array([[float(v) for v in row] for row in exact]) * (1 - 2.0**-20)
    turned = [np.roll(shrunk, i, axis=i % 2).astype(dtype) for i in range(DEPTH)]  # permuted rows or columns
    numbers = np.array([(37 * i * i + 11 * i) % 101 - 50 for i in range(1, (DEPTH + 1) * WIDTH + 1)]) / 64
    biases = numbers.astype(dtype).reshape(DEPTH + 1, WIDTH)
    return list(zip(turned, biases[1:], strict=True)), biases[0]


def forwards(w: Array, z: Array, b: Array) -> Array:
    """W z + b, added up from the first term to the last."""
    total = np.zeros_like(b)
    for j in range(len(z)):
        total = total + w[:, j] * z[j]
    return total + b


def backwards(w: Array, z: Array, b: Array) -> Array:
    """W z + b, added up from the bias to the first term."""
    total = b
    for j in reversed(range(len(z))):
        total = total + w[:, j] * z[j]
    return total


def by_numpy(w: Array, z: Array, b: Array) -> Array:
    """W z + b in the order of NumPy's product."""
    return w @ z + b


def verify() -> Certificate:
    """Compare the exact error of every layer with the bounds."""
    worst, count = 0.0, 0
    for dtype in ("float32", "float64"):
        layers, x = construct(dtype)
        sizes = [spec.operator_norm(w.tolist(), 2, 2, bits=40) for w, _ in layers[:WIDTH]]  # then permuted copies
        norms = [size.hi for size in sizes]
        require(max(norms) < 1, f"{dtype}: a norm is {float(max(norms))}")
        require(min(size.lo for size in sizes) > 1 - Fraction(1, 2**19), f"{dtype}: a norm is far below 1")
        for sums in (forwards, backwards, by_numpy):
            errors, terms = trace(layers, x, sums, UNIT_ROUNDOFF[dtype])
            total = Fraction(0)
            for i, (before, after, term) in enumerate(zip(errors, errors[1:], terms, strict=False)):
                total += term
                step = min(norms[i % WIDTH] * before.hi + term, total)
                require(after.hi <= step, f"{dtype}, {sums.__name__}: {i + 1} layers are off by {float(after.hi)}")
                worst, count = max(worst, float(after.hi / total)), count + 1
    return Certificate(
        GRADE,
        (
            f"the errors of {count} layers, two formats and three orders of summation, are within both bounds",
            f"the largest is {worst:.2g} of its bound",
        ),
        f"{DEPTH} layers of {WIDTH} features in groups of {GROUP}, orthogonal weights shrunk by 2^-20",
    )


def sabotage() -> dict[str, str]:
    """Each hypothesis dropped, with a computation whose error exceeds the bound."""
    u = UNIT_ROUNDOFF["float32"]
    one = np.ones(1, np.float32)
    third: Layer = (np.float32([[1 / 3]]), 0 * one)
    growing = [third] + [(np.float32([[3]]), np.float32([-2 / 3]))] * 16
    errors, terms = trace(growing, np.float32([1.1]), forwards, u, group=1)
    require(errors[-1].lo > sum(terms), "a norm of 3 did no harm")

    tiny: Layer = (np.float32([[1e-30]]), 0 * one)
    lost, bound = trace([tiny], np.float32([1e-30]), forwards, u, group=1)
    require(lost[-1].lo > bound[0], "underflow did no harm")

    def coarse(w: Array, z: Array, b: Array) -> Array:
        return forwards(*(a.astype(np.float16) for a in (w, z, b))).astype(np.float32)

    layers, x = construct("float32")
    rough, fine = trace(layers[:1], x, coarse, u)
    require(rough[-1].lo > fine[0], "sums in float16 did no harm")

    def tent(z: Any) -> list[Any]:
        return [2 * abs(v) - 1 for v in z]  # 2-Lipschitz; keeps [-1, 1]

    folded = [third] + [(np.float32([[1]]), 0 * one)] * 20
    far, small = trace(folded, np.float32([1.1]), forwards, u, group=1, activation=tent)
    require(far[-1].lo > sum(small), "an activation that doubles distances did no harm")
    return {
        "norms at most 1": f"16 layers y -> 3 y - 2/3 are off by {float(errors[-1].lo):.2g}, the sum of the terms is "
        f"{float(sum(terms)):.2g}",
        "no underflow": f"1e-30 * 1e-30 is 0 in float32: off by {float(lost[-1].lo):.2g}, the bound is "
        f"{float(bound[0]):.2g}",
        "the roundoff of every step": f"sums in float16 are off by {float(rough[-1].lo):.2g}, more than "
        f"{float(fine[0]):.2g}",
        "a 1-Lipschitz activation": f"2 |z| - 1 after each of 21 layers: off by {float(far[-1].lo):.2g}, the sum "
        f"of the terms is {float(sum(small)):.2g}",
    }


def trace(
    layers: list[Layer],
    x: Array,
    sums: Sums,
    u: Fraction,
    group: int = GROUP,
    activation: Callable[[Any], Any] | None = None,
) -> tuple[list[spec.Enclosure], list[Fraction]]:
    """The exact error after each layer, and the term that each layer adds to the bound, rounded up."""
    exact, computed = spec.vector(x), x
    errors, terms = [spec.sqrt_enclosure(0)], []
    for w, b in layers:
        size = spec.affine(np.abs(computed).tolist(), np.abs(w).tolist(), np.abs(b).tolist())
        terms.append(gamma(w.shape[1] + 1, u) * spec.sqrt_enclosure(sum(v * v for v in size)).hi)
        exact, raw = spec.affine(exact, w.tolist(), b.tolist()), sums(w, computed, b)
        if activation is None:
            exact, computed = spec.group_sort(exact, group), np.sort(raw.reshape(-1, group), axis=1).ravel()
        else:
            exact, computed = activation(exact), np.array(activation(raw), raw.dtype)
        squared = sum((spec.frac(c) - e) ** 2 for c, e in zip(computed.tolist(), exact, strict=True))
        errors.append(spec.sqrt_enclosure(squared))
    return errors, terms
