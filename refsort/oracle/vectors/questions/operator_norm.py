"""Operator norms: every pair on the same matrices, ties of columns, rows and entries, zeros, and scales."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from refsort.oracle.vectors.questions.asked import Asked, matrix, power, tensor
from refsort.strategies import FORMATS

PAIRS = (("1", "1"), ("inf", "inf"), ("1", "2"), ("2", "inf"), ("1", "inf"), ("2", "2"))


def questions(op: str) -> Iterator[Asked]:
    """All of them."""
    for p, q in PAIRS:
        for w in ([[3, -4], [2, 12]], [[1, -2, 2], [5, 3, -1]], [[3, 1], [-4, 1], [12, -1]], [[-5]], [[2, -7, 3]]):
            for y_bar in (1, -3):
                yield _asked(w, p, q, y_bar, "transposed-pair", "largest-one")
        yield _asked([[9, -2], [-12, 1]], p, q, 2, "transposed-pair")
        for m, n in ((1, 1), (2, 2), (2, 3)):
            yield _asked([[0] * n] * m, p, q, 1, "zero-weight")
        for form in FORMATS.values():
            for e in (form.highest // 3, -(form.highest // 3)):
                yield _asked([[3 * power(e), -power(e)], [4 * power(e), power(e)]], p, q, 1, "scale-invariance")
    yield from _ties()


def _ties() -> Iterator[Asked]:
    """Two columns, rows or entries of the largest norm, and zeros inside the largest one."""
    for y_bar in (1, -2):
        for w in ([[3, 4], [4, -3]], [[1, -1], [1, 1]], [[2, 0, 1], [1, 3, 2]], [[0, 5], [5, 0]]):
            for p, q in (("1", "1"), ("inf", "inf"), ("1", "inf")):
                yield _asked(w, p, q, y_bar, "norm-tie")
        for p, q in (("1", "2"), ("2", "inf")):
            yield _asked([[3, 4], [4, -3]], p, q, y_bar, "norm-tie")
            yield _asked([[0, 5], [5, 0]], p, q, y_bar, "norm-tie")
            yield _asked([[3, 0, 0], [0, 3, 0], [0, 0, 2]], p, q, y_bar, "norm-tie")
        for p, q in (("1", "1"), ("inf", "inf")):
            yield _asked([[7, 0], [0, 2]], p, q, y_bar, "zero-entry")
            yield _asked([[0, 1, 0], [1, 0, 8]], p, q, y_bar, "zero-entry")


def _asked(w: Sequence[Sequence[Any]], p: str, q: str, y_bar: int, *flags: str) -> Asked:
    return Asked("operator_norm", (matrix(w),), {"p": p, "q": q}, tensor((), [y_bar]), flags)
