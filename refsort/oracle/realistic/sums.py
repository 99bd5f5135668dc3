"""Affine maps: drawn entries against exact sums, which also tell how many bits the arithmetic has; and all at once."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from refsort import spec
from refsort.oracle.claims import Comparison, show
from refsort.oracle.hull import over
from refsort.oracle.operations.operation import Case
from refsort.oracle.realistic.finding import FAILURE, RESTS_ON, Ask, Finding, Findings, both, located
from refsort.oracle.realistic.products import Size, bits_seen, matmul, product_error, wider
from refsort.oracle.tolerances import Precision
from refsort.rounding import probable_gamma

Array = NDArray[Any]

_PROBES = 80


class Sums(NamedTuple):
    """Probed entries of an array of sums of products ``a_i . b_i + c_i``.

    Attributes
    ----------
    what : str
    a, b : ndarray, (probes, inner)
        The factors, as floats.
    c : ndarray, (probes,)
        Zero where nothing is added.
    found : ndarray, (probes,)
    """

    what: str
    a: Array
    b: Array
    c: Array
    found: Array


def findings(ask: Ask, case: Case, precision: Precision, rng: np.random.Generator) -> Findings:
    """Probes of the result and of each gradient, then each as a whole."""
    x, w, b = case.arrays
    y_bar, n, (d_out, width) = case.cotangent, len(x), w.shape
    i, j, k = (rng.integers(side, size=_PROBES) for side in (n, d_out, width))
    zeros, ones = np.zeros(_PROBES, x.dtype), np.ones((_PROBES, n), x.dtype)
    out, gradients = both(ask, case)
    yield _probed("value", -1, [i, j], Sums("the result", x[i], w[j], b[j], out[i, j]), precision)
    if gradients:
        x_bar, w_bar, b_bar = gradients
        of_x = Sums("the gradient of x", y_bar[i], w[:, k].T, zeros, x_bar[i, k])
        of_w = Sums("the gradient of w", y_bar[:, j].T, x[:, k].T, zeros, w_bar[j, k])
        of_b = Sums("the gradient of b", y_bar[:, j].T, ones, zeros, b_bar[j])
        for array, (places, sums) in enumerate((([i, k], of_x), ([j, k], of_w), ([j], of_b))):
            yield _probed("gradient", array, places, sums, precision)
    yield from _whole(case, [out, *gradients[:2]], precision)


def _probed(kind: str, array: int, places: Sequence[Array], sums: Sums, precision: Precision) -> Finding:
    comparison = judge_sums(kind, sums, precision)
    expected = (sums.a.astype(np.float64) * sums.b).sum(axis=1) + sums.c
    shown = located(comparison, array, sums.found, expected)
    return shown._replace(places=[tuple(int(side[at]) for side in places) for (at,) in shown.places])


def _whole(case: Case, found: Sequence[Array], precision: Precision) -> Findings:
    """All entries in the Frobenius norm. The bias is one rounding more, of something no larger than the result."""
    real, judged = wider(precision)
    x, w, b, y_bar = (array.astype(real) for array in (*case.arrays, case.cotangent))
    factors: list[tuple[str, Array, Array, Array | float]] = [
        ("the result", x, w.T, b),
        ("the gradient of x", y_bar, w, 0.0),
        ("the gradient of w", y_bar.T, x, 0.0),
    ]
    for array, ((name, left, right, offset), answer) in enumerate(zip(factors, found, strict=False), -1):
        expected = matmul(left, right) + offset
        rows, columns, inner = Size.of(left, 1), Size.of(right, 0), left.shape[1]
        bound = product_error(rows, columns, expected.shape, inner, judged)
        bound += 2 * float(judged.u) * float(np.linalg.norm(expected.astype(np.float64)))
        distance = float(np.linalg.norm((answer.astype(real) - expected).astype(np.float64)))
        seen = bits_seen(distance / bound, rows, columns, inner, judged)
        what = f"{name} as a whole, the F-norm of the error of {expected.size} entries ({RESTS_ON}{seen})"
        near, kind = f"at most {bound:.3g} from the truth", "value" if array < 0 else "gradient"
        yield located(
            Comparison(kind, what, distance / bound, near, f"{distance:.3g} from it"), array, answer, expected
        )


def judge_sums(kind: str, sums: Sums, precision: Precision) -> Comparison:
    """The probed sums against their exact values, with `probable_gamma` in place of gamma."""
    roundings = sums.a.shape[1] + 1 + precision.operands
    gamma = probable_gamma(roundings, precision.u, len(sums.found), FAILURE)
    underflow = sums.a.shape[1] * precision.eta
    exact = list(_exact(sums))
    ratios = [over(abs(probe.found - probe.value), gamma * probe.size + underflow) for probe in exact]
    worst = max(range(len(ratios)), key=ratios.__getitem__)
    bits = effective_bits(exact)
    seen = "" if bits is None else f"; errors as of arithmetic with about {bits:.0f} bits"
    what = f"{sums.what}: {len(exact)} probed sums of {sums.a.shape[1]} products ({RESTS_ON}{seen})"
    return Comparison(kind, what, ratios[worst], show(exact[worst].value), show(exact[worst].found))


class Probe(NamedTuple):
    """One sum: its exact value, the sum of the absolute values of its terms, that of their squares, and the answer."""

    value: Fraction
    size: Fraction
    squares: Fraction
    found: Fraction


def effective_bits(probes: Sequence[Probe]) -> float | None:
    """How many bits arithmetic would have whose products alone are rounded, and whose errors are those that are seen.

    If each product is off by an independent relative error of size u / sqrt(3), the error of a sum has the root mean
    square ``u / sqrt(3) sqrt(sum_k (a_k b_k)^2)``. Solved for u from the probes, the bits are -log2 u. Rounded
    additions make them fewer, by up to half of log2 of the length. None where every probe is exact.
    """
    shares = [float((p.found - p.value) ** 2 / p.squares) for p in probes if p.squares]
    mean = sum(shares) / max(1, len(shares))
    return -math.log2(math.sqrt(3 * mean)) if mean > 0 else None


def _exact(sums: Sums) -> Iterator[Probe]:
    """In whole numbers of one quantum 2^e, which is many times faster than with a Fraction for each product."""
    for a, b, c, found in zip(sums.a, sums.b, sums.c, sums.found, strict=True):
        (left, e), (right, f) = _whole_numbers(a), _whole_numbers(b)
        products, offset = [x * y for x, y in zip(left, right, strict=True)], spec.frac(c)
        quantum = Fraction(2) ** (e + f)
        value, size = quantum * sum(products) + offset, quantum * sum(map(abs, products)) + abs(offset)
        yield Probe(value, size, quantum**2 * sum(p * p for p in products), spec.frac(found))


def _whole_numbers(x: Array) -> tuple[list[int], int]:
    """Integers k and one e with ``x = k 2^e``."""
    mantissas, exponents = np.frexp(x.astype(np.float64))
    lowest = int(exponents.min(initial=0))
    whole = np.ldexp(mantissas, 53).astype(np.int64).tolist()
    return [k << (e - lowest) for k, e in zip(whole, exponents.tolist(), strict=True)], lowest - 53
