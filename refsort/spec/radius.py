"""The certified radius of a K-Lipschitz classifier, squared.

    m = y_t - max_{j != t} y_j,     radius = m / (2^((p-1)/p) K) for m > 0,   0 otherwise.

If f is K-Lipschitz from any norm of the input to the p-norm of the logits, no perturbation of norm strictly below the
radius changes the prediction t: a difference of two logits is linear with dual norm |(1, -1)|_{p*} = 2^((p-1)/p), so it
changes by less than m. p = inf is the case where each logit is K-Lipschitz; the radius is then m / (2 K).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from refsort.spec.exact import Enclosure, frac, integer, vector


def certified_radius_squared(logits: Iterable[Any], label: int, lipschitz: Any, p: float, bits: int = 128) -> Enclosure:
    """The square of the radius that the margin at `label` certifies.

    Parameters
    ----------
    logits : sequence of at least two numbers
    label : int
        The class t whose prediction is certified, in 0..k-1.
    lipschitz : number
        The constant K > 0 from the input's norm to the p-norm of the logits.
    p : int or math.inf
        At least 1.
    bits : int
        The relative width wanted, as in `sqrt_enclosure`.

    Returns
    -------
    Enclosure
        Exact for p = 1, 2 and inf, and for the radius 0 of a label that is not the strict maximum.

    Raises
    ------
    TypeError
        For a label or a finite p that is no integer.
    ValueError
        For fewer than two logits, a label out of range, p < 1, and K <= 0.

    Examples
    --------
    The margin 3 with K = 2 in the 2-norm: (3 / (sqrt(2) 2))^2.

    >>> certified_radius_squared([5, 2, -1], label=0, lipschitz=2, p=2)
    Enclosure(lo=Fraction(9, 8), hi=Fraction(9, 8))
    """
    logits, lipschitz = vector(logits), frac(lipschitz)
    label = integer("certified_radius_squared", "label", label, 0)
    if len(logits) < 2 or label >= len(logits):
        raise ValueError(
            f"certified_radius_squared: at least two logits and a label among them are needed, "
            f"got {len(logits)} logits and label {label}"
        )
    if lipschitz <= 0:
        raise ValueError(f"certified_radius_squared: lipschitz must be positive, got {lipschitz}")
    margin = logits[label] - max(y for j, y in enumerate(logits) if j != label)
    squared = (max(margin, Fraction(0)) / lipschitz) ** 2
    factor = _factor_squared(p, integer("certified_radius_squared", "bits", bits, 0))
    return Enclosure(squared / factor.hi, squared / factor.lo)


def _factor_squared(p: float, bits: int) -> Enclosure:
    """``(2^((p-1)/p))^2 = (4^(p-1))^(1/p)``: 1 for p = 1, 2 for p = 2, 4 for p = inf, irrational for other p."""
    if p == math.inf:
        return Enclosure(Fraction(4), Fraction(4))
    p = integer("certified_radius_squared", "p (unless it is math.inf)", p, 1)
    power = 4 ** (p - 1) << p * bits  # the p-th power of 2^bits times the factor, and the factor is at least 1
    root = _floor_root(power, p)
    return Enclosure(Fraction(root, 2**bits), Fraction(root + (root**p != power), 2**bits))


def _floor_root(n: int, p: int) -> int:
    """The largest integer whose p-th power is at most `n`, for ``n >= 1``."""
    lo, hi = 1, 2 ** (n.bit_length() // p + 1)  # lo^p <= n < 2^bit_length(n) <= hi^p
    while hi - lo > 1:
        middle = (lo + hi) // 2
        lo, hi = (middle, hi) if middle**p <= n else (lo, middle)
    return lo
