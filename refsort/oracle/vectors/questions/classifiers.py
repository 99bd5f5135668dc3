"""Logits with labels: the hinge, cross-entropy, and the certified radius."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import product
from typing import Any

from refsort.oracle.vectors.questions.asked import Asked, matrix, power, scattered, tensor
from refsort.strategies import FORMATS

Rows = Sequence[Sequence[Any]]


def hinge(op: str) -> Iterator[Asked]:
    """All of them: small pairs whole, more classes, batches, margins, cotangents, scales."""
    for row in product(range(-1, 3), repeat=2):
        for t in (0, 1):
            yield _hinge([row], [t], 1, 4)
    for row in product(range(3), repeat=3):
        yield _hinge([row], [sum(row) % 3], 1, 6, "every-class")
    for margin in (Fraction(1, 4), Fraction(1, 2), 2, 5):
        for n, k in ((1, 4), (2, 3), (3, 2), (2, 4), (4, 2)):
            logits = [scattered(k, 3, 7, Fraction(1, 8)) for _ in range(n)]
            yield _hinge(logits, [i % 2 for i in range(n)], margin, 1, "hinge-margin", "batch-mean")
    for n in (1, 2, 4, 8):
        yield _hinge([[0, 1, 3, 0]] * n, [0] * n, 2, 32, "batch-mean", "missing-class")
    for y_bar in (-3, Fraction(5, 4), 64):
        yield _hinge([[0, 3, 1, 0], [5, 0, 1, 2]], [1, 3], 1, y_bar, "batch-mean")
    for form in FORMATS.values():
        for e in (form.highest // 2, -(form.highest // 2)):
            yield _hinge([[power(e) * x for x in (0, 3, 1, 1)]], [2], 2 * power(e), 1, "scale-invariance")


def _hinge(logits: Rows, labels: Sequence[int], margin: Any, y_bar: Any, *flags: str) -> Asked:
    lacking = [margin - row[t] + y for row, t in zip(logits, labels, strict=True) for j, y in enumerate(row) if j != t]
    places = [name for name, at in (("corner", 0 in lacking), ("open-hinge", max(lacking) > 0)) if at] or ["satisfied"]
    return _labelled("hinge", logits, labels, {"margin": _number(margin)}, y_bar, (*flags, *places))


def cross_entropy(op: str) -> Iterator[Asked]:
    """All of them: equal logits, small ones, confident ones, temperatures, margins, offsets, batches."""
    for k in (2, 3, 5):
        yield _entropy([[0] * k], [k - 1], 0, 1, 1, "equal-logits")
        yield _entropy([[7] * k], [0], 0, 1, 2, "equal-logits", "offset-logits")
    for row in ([1, 0], [0, 1], [2, -1, 0], [1, 3, 2, 0]):
        for t in range(len(row)):
            yield _entropy([row], [t], 0, 1, 1, "small-logits")
    for temperature in (Fraction(1, 4), Fraction(1, 2), 2, 4):
        for margin in (0, Fraction(1, 2), 2):
            flags = ("temperature", "entropy-margin") if margin else ("temperature",)
            yield _entropy([[1, -1, 2], [0, 3, 1]], [0, 1], margin, temperature, 1, *flags)
    for margin in (Fraction(1, 4), 1, 3):
        yield _entropy([[1, 0, 2]], [2], margin, 1, -2, "entropy-margin")
    for size in (8, 12, 32, 64, 200):
        yield _entropy([[size, 0]], [0], 0, 1, 1, "confident")
        yield _entropy([[size, 0, -1]], [1], 0, 1, 1, "confident")
    for offset in (-256, 64, 512, 1024, 2**14):
        yield _entropy([[offset, offset + 1, offset - 1]], [1], 0, 1, 1, "offset-logits")
    for n in (2, 3, 5):
        yield _entropy([[1, 0, 2, 1]] * n, [0, 2] * (n // 2) + [2] * (n % 2), 0, 1, 8, "batch-mean", "missing-class")
    for form in FORMATS.values():
        p = form.precision
        all_bits = [Fraction(2**p * k // 7 | 1, 2 ** (p - 1)) for k in (4, 5, 6)]
        yield _entropy([all_bits], [1], 0, 1, 1, "all-bits")


def _entropy(logits: Rows, labels: Sequence[int], margin: Any, temperature: Any, y_bar: Any, *flags: str) -> Asked:
    params = {"margin": _number(margin), "temperature": _number(temperature)}
    return _labelled("cross_entropy", logits, labels, params, y_bar, flags)


def certified_radius(op: str) -> Iterator[Asked]:
    """All of them: every p, constants, runners-up, wrong and tied predictions, batches, scales, empty batches."""
    for p in ("1", "2", "3", "inf"):
        for lipschitz in (1, Fraction(1, 2), 3, 10):
            flags = ("divisor",) if lipschitz == 1 else ("divisor", "constant")
            yield _radius([[5, 2, -1]], [0], lipschitz, p, *flags)
            yield _radius([[0, 1, 4, 3], [2, 9, 1, 1]], [2, 1], lipschitz, p, *flags, "runner-up")
        yield _radius([[3, 5, 1]], [0], 1, p, "wrong-prediction")
        yield _radius([[3, 3, 1]], [0], 2, p, "tied-margin")
        yield _radius([[-2, -2]], [1], 1, p, "tied-margin")
        yield _radius([[1, 0], [0, 1], [2, 2], [0, 4]], [0, 0, 1, 1], 1, p, "wrong-prediction", "tied-margin")
        yield _radius([[-3, -5, -9]], [0], 1, p, "runner-up")
        yield _radius([[0, 8, 7, -8]], [1], 1, p, "runner-up")
        empty = tensor((0, 3), [])
        params = {"lipschitz": "1", "p": p}
        yield Asked(op, (empty, tensor((0,), [])), params, tensor((0,), []), ("empty-batch",))
        for form in FORMATS.values():
            for e in (form.highest // 2, -(form.highest // 2)):
                yield _radius([[5 * power(e), 2 * power(e)]], [0], 1, p, "scale-invariance")


def _radius(logits: Rows, labels: Sequence[int], lipschitz: Any, p: str, *flags: str) -> Asked:
    arrays = (matrix(logits), tensor((len(labels),), labels))
    params = {"lipschitz": _number(lipschitz), "p": p}
    return Asked("certified_radius", arrays, params, tensor((len(labels),), [0] * len(labels)), flags)


def _labelled(
    op: str, logits: Rows, labels: Sequence[int], params: dict[str, str], y_bar: Any, flags: Sequence[str]
) -> Asked:
    arrays = (matrix(logits), tensor((len(labels),), labels))
    return Asked(op, arrays, params, tensor((), [y_bar]), tuple(dict.fromkeys(flags)))


def _number(x: Any) -> str:
    return tensor((), [x]).values[0]
