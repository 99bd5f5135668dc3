"""Spectral norms and normalised weights: `weights`, and for the norm zero matrices."""

from __future__ import annotations

from collections.abc import Iterator

from refsort.oracle.vectors.questions.asked import Asked, matrix, power, tensor
from refsort.oracle.vectors.questions.weights import weights


def norms(op: str) -> Iterator[Asked]:
    """All of spectral_norm."""
    for i, (w, flags) in enumerate(weights()):
        yield Asked(op, (matrix(w),), {}, tensor((), [(1, -2, 3)[i % 3]]), flags)
    for m, n in ((1, 1), (2, 2), (2, 3), (3, 2)):
        yield Asked(op, (matrix([[0] * n] * m),), {}, tensor((), [2]), ("zero-weight",))


def normalised(op: str) -> Iterator[Asked]:
    """All of spectral_normalize."""
    for w, flags in weights():
        count = len(w) * len(w[0])
        for g in ([(1, 2, -1, 0, -2)[i % 5] for i in range(count)], [int(i == 0) for i in range(count)]):
            yield Asked(op, (matrix(w),), {}, tensor((len(w), len(w[0])), g), (*flags, "detached-norm"))
    for e in (-3, 0, 3):
        w = [[power(e), 0], [0, power(e - 1)]]
        yield Asked(op, (matrix(w),), {}, tensor((2, 2), [1, 2, 3, 4]), ("norm-below-one",))
