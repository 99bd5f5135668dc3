"""Weights with singular values that are known by construction, and some whose norm is irrational.

Columns of a matrix with orthogonal columns of one length r, times d_1, d_2, ...: the singular values are r |d_j|. Such
matrices of whole numbers come from Pythagorean triples, from reflections ``|v|^2 I - 2 v v^T``, and from Hadamard.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from refsort.oracle.vectors.questions.asked import power
from refsort.strategies import FORMATS

Rows = Sequence[Sequence[int | Fraction]]
Named = tuple[Rows, tuple[str, ...]]

HADAMARD: Rows = [[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]]
_TRIPLES: list[Rows] = [[[3, -4], [4, 3]], [[5, -12], [12, 5]], [[8, -15], [15, 8]]]


def weights() -> Iterator[Named]:
    """All of them, each with the flags that say why; the zero matrix is not among them."""
    yield from _single_entries()
    yield from _known()
    yield from _close()
    yield from _ranks()
    yield from _multiple()
    yield from _irrational()
    yield from _scaled()


def _single_entries() -> Iterator[Named]:
    """Diagonal matrices and permuted ones: the norm is the largest entry in size."""
    yield [[-3]], ("single-entry",)
    for w in ([[3, 0], [0, -2]], [[0, -3], [2, 0]], [[2, 0, 0], [0, 0, 5]], [[0, -7], [0, 0], [4, 0]]):
        yield w, ("single-entry", "frobenius") + (("orientation",) if len(w) != len(w[0]) else ())
    for w in ([[0, 4], [0, 0]], [[0, 3, 0], [0, 0, 2], [0, 0, 0]], [[0, 6], [-1, 0]]):
        yield w, ("single-entry", "not-eigenvalue")


def _known() -> Iterator[Named]:
    for q in _TRIPLES:
        yield _columns(q, (2, 1)), ("frobenius", "known-vectors")
        yield _product(_columns(q, (1, 3)), _TRIPLES[0]), ("frobenius", "known-vectors", "not-eigenvalue")
    for v in ([1, 1, 1], [1, 2, 2]):
        for d in ((4, 2, 1), (1, -3, 2)):
            yield _columns(_reflection(v), d), ("frobenius", "known-vectors")
        tall = [row[:2] for row in _columns(_reflection(v), (2, 3, 1))]
        yield tall, ("known-vectors", "orientation")
        yield [list(row) for row in zip(*tall, strict=True)], ("known-vectors", "orientation")
    yield _columns(HADAMARD, (4, 1, 2, 3)), ("frobenius", "known-vectors")
    yield [row[:3] for row in _columns(HADAMARD, (1, 4, 2, 1))], ("known-vectors", "orientation")


def _close() -> Iterator[Named]:
    """The second singular value is near the first, or the first vector is orthogonal to (1, 1, ...)."""
    for d in ((64, 63), (32, -31), (17, 16)):
        yield [[d[0], 0], [0, d[1]]], ("from-below",)
        yield _columns(_TRIPLES[0], d), ("from-below", "known-vectors")
    yield _columns(HADAMARD, (15, 16, 15, 14)), ("from-below", "known-vectors")
    yield [[3, -2], [-2, 3]], ("from-below", "known-vectors")
    yield [[2, -2, 0], [-2, 2, 0], [0, 0, 1]], ("from-below", "known-vectors")


def _ranks() -> Iterator[Named]:
    for u, v in (([1, 2], [2, 1]), ([3, 4], [1, 2, 2]), ([1, -1, 1, 1], [2, 1, 2]), ([1, 2], [1, 1]), ([0, 2], [0, 3])):
        yield [[a * b for b in v] for a in u], ("rank-one",)
    yield [[1, 1], [1, 1]], ("rank-one",)
    yield [[3, 4]], ("rank-one", "orientation")
    yield [[2], [-3], [6]], ("rank-one", "orientation")


def _multiple() -> Iterator[Named]:
    for w in ([[3, 0], [0, 3]], [[0, -2], [2, 0]], [[2, 0, 0], [0, 2, 0]], [[2, 0, 0], [0, -2, 0], [0, 0, 1]]):
        yield w, ("multiple",)
    yield _TRIPLES[0], ("multiple",)
    yield _reflection([1, 1, 1]), ("multiple",)
    yield HADAMARD, ("multiple",)


def _irrational() -> Iterator[Named]:
    for w in ([[1, 1], [0, 1]], [[1, 2], [3, 4]], [[1, 2, 3], [4, 5, 6]], [[2, -1], [1, 1], [0, 3]]):
        yield w, ("irrational",)


def _scaled() -> Iterator[Named]:
    """Times 2^e, far from 1, where nothing over- or underflows that need not."""
    for form in FORMATS.values():
        for e in (form.highest // 3, -(form.highest // 3)):
            for w in ([[6, -4], [8, 3]], [[1, 2], [3, 4]]):
                yield [[x * power(e) for x in row] for row in w], ("scale-invariance",)


def _columns(q: Rows, d: Sequence[int]) -> Rows:
    return [[x * y for x, y in zip(row, d, strict=True)] for row in q]


def _reflection(v: Sequence[int]) -> Rows:
    square = sum(x * x for x in v)
    return [[square * (i == j) - 2 * a * b for j, b in enumerate(v)] for i, a in enumerate(v)]


def _product(a: Rows, b: Rows) -> Rows:
    return [[sum((x * y for x, y in zip(row, column, strict=True)), 0) for column in zip(*b, strict=True)] for row in a]
