"""Values of a critic on two samples: their difference of means, and with the hinge."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import product
from typing import Any

from refsort.oracle.vectors.questions.asked import Asked, power, scattered, tensor
from refsort.strategies import FORMATS

_SIZES = ((1, 1), (2, 2), (4, 4), (1, 2), (2, 1), (4, 2), (1, 4), (2, 3), (3, 1), (5, 4), (3, 7))


def kr(op: str) -> Iterator[Asked]:
    """All of them: sizes of samples, single values, scales, and sums that must be rounded."""
    for n, m in _SIZES:
        for y_bar in (1, -3, Fraction(5, 2)):
            p, q = scattered(n, 3, 7), scattered(m, 5, 11, Fraction(1, 2))
            yield _asked(op, p, q, {}, y_bar, "sample-means", *["unequal-samples"] * (n != m))
    for on_p, on_q in product((-2, 0, 3), repeat=2):
        yield _asked(op, [on_p], [on_q], {}, 1, "p-minus-q")
    for form in FORMATS.values():
        for e in (form.highest // 2, -(form.highest // 2)):
            yield _asked(op, [power(e), 3 * power(e)], [-power(e)], {}, 1, "scale-invariance")
        yield _asked(op, *_all_bits(form.precision), {}, 1, "all-bits")


def hkr(op: str) -> Iterator[Asked]:
    """All of them: as for kr, with margins, weights and corners."""
    for n, m in _SIZES:
        for margin, alpha in ((1, 1), (Fraction(1, 2), 4), (2, Fraction(1, 2))):
            p, q = scattered(n, 3, 7, Fraction(3, 4)), scattered(m, 5, 11, Fraction(3, 4))
            yield _hkr(p, q, margin, alpha, 1, "sample-means", *["unequal-samples"] * (n != m))
    for on_p, on_q in product((-2, 0, 1, 3), repeat=2):
        for y_bar in (1, -2):
            yield _hkr([on_p], [on_q], 1, 2, y_bar, "p-minus-q")
    for alpha in (0, 1, 10, Fraction(1, 4)):
        yield _hkr([0, 2, -1], [1, -3], 1, alpha, 1, "alpha")
        yield _hkr([0, 2], [Fraction(1, 2), -3], 1, alpha, 4, "alpha")
    for margin in (Fraction(1, 4), 1, 3):
        yield _hkr([Fraction(1, 2), 2], [Fraction(-1, 2), 0], margin, 2, 4, "hinge-margin")
    for form in FORMATS.values():
        for e in (form.highest // 2, -(form.highest // 2)):
            yield _hkr([power(e), 3 * power(e)], [-power(e)], 2 * power(e), 1, 1, "scale-invariance")
        yield _hkr(*_all_bits(form.precision), Fraction(1, 2), 1, 1, "all-bits")


def _hkr(p: Sequence[Any], q: Sequence[Any], margin: Any, alpha: Any, y_bar: Any, *flags: str) -> Asked:
    lacking = [margin - v for v in p] + [margin + v for v in q]
    places = [name for name, at in (("corner", 0 in lacking), ("open-hinge", max(lacking) > 0)) if at] or ["satisfied"]
    params = {name: tensor((), [x]).values[0] for name, x in (("alpha", alpha), ("margin", margin))}
    return _asked("hkr", p, q, params, y_bar, *flags, *places)


def _all_bits(p: int) -> tuple[list[Fraction], list[Fraction]]:
    values = [Fraction(2**p * k // 11 | 1, 2 ** (p - 1)) for k in (3, 7, 5, 9, 4)]
    return values[:3], [-values[3], values[4]]


def _asked(op: str, p: Sequence[Any], q: Sequence[Any], params: dict[str, str], y_bar: Any, *flags: str) -> Asked:
    arrays = (tensor((len(p),), p), tensor((len(q),), q))
    return Asked(op, arrays, params, tensor((), [y_bar]), tuple(dict.fromkeys(flags)))
