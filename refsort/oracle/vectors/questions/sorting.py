"""Sorts: every order and every pattern of ties of small groups, axes, layouts, and the ends of the formats.

A cotangent 1, 2, 4, ... tells which entry of it went where: every sum of some of its entries is a different number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations, product
from typing import Any

from refsort.oracle.vectors.questions.asked import NEGATIVE_ZERO, Asked, power, scattered, tensor
from refsort.strategies import FORMATS


def questions(op: str) -> Iterator[Asked]:
    """All of `op`, which is group_sort, max_min or full_sort."""
    yield from _orders(op)
    yield from _signed_cotangents(op)
    yield from _axes(op)
    yield from _zeros(op)
    yield from _scales(op)
    yield from _empty(op)
    if op != "full_sort":
        yield from _neighbours(op)
    if op == "group_sort":
        yield from _counts(op)


def weak_orders(n: int) -> list[tuple[int, ...]]:
    """The ranks of n entries, with ties: the surjections onto 0, 1, ..., k.

    Examples
    --------
    >>> weak_orders(2), [len(weak_orders(n)) for n in (1, 2, 3, 4)]
    ([(0, 0), (0, 1), (1, 0)], [1, 3, 13, 75])
    """
    return [ranks for ranks in product(range(n), repeat=n) if set(ranks) == set(range(max(ranks) + 1))]


def _orders(op: str) -> Iterator[Asked]:
    for n in (2,) if op == "max_min" else (1, 2, 3, 4):
        for ranks in weak_orders(n):
            centred = [rank - n // 2 for rank in ranks]
            yield _row(op, centred, [2**k for k in range(n)], n, _ties([ranks]), *["group-of-one"] * (n == 1))


def _signed_cotangents(op: str) -> Iterator[Asked]:
    for n, g in ((2, [-3, 5]), (2, [4, 0]), (3, [-7, 0, 5])):
        if n == 2 or op != "max_min":
            for ranks in weak_orders(n):
                yield _row(op, [3 * rank for rank in ranks], g, n, _ties([ranks]), "signed-cotangent")


def _neighbours(op: str) -> Iterator[Asked]:
    for order in permutations(range(4)):
        yield _row(op, [2 * value - 3 for value in order], [1, 2, 4, 8], 2, "neighbours")
    for first, second in product(weak_orders(2), repeat=2):
        yield _row(op, [*first, *second], [1, 2, 4, 8], 2, _ties([first, second]), "neighbours")
    for x in ([5, 4, 3, 2, 1, 0], [0, 3, 1, 4, 2, 5], [3, 3, 3, 1, 3, 3]):
        yield _row(op, x, [2**k for k in range(6)], 2, _ties([x[i : i + 2] for i in (0, 2, 4)]), "neighbours")


def _counts(op: str) -> Iterator[Asked]:
    for size, features in ((1, 2), (1, 3), (2, 6), (3, 6), (2, 8), (4, 8), (3, 9), (5, 10), (2, 10)):
        x = scattered(features, 7, 11)
        flag = "group-of-one" if size == 1 else "group-count"
        yield _row(op, x, list(range(1, features + 1)), size, flag)
        yield _row(op, [value % 3 for value in x], [2**k % 31 for k in range(features)], size, flag)


def _axes(op: str) -> Iterator[Asked]:
    """One- to three-dimensional, sides pairwise distinct, every axis by its positive and its negative number."""
    sizes = {"max_min": [2], "group_sort": [2, 3, 1], "full_sort": [4]}[op]
    for size in sizes:
        length = {1: 4, 2: 4, 3: 6, 4: 4}[size]
        for others in ([], [3], [3, 5], [2, 3]):
            for axis in range(len(others) + 1):
                shape = (*others[:axis], length, *others[axis:])
                count = length * (others[0] if others else 1) * (others[1] if len(others) > 1 else 1)
                flags = ["axis"] if others else ["one-dimensional"]
                for sign in (0, len(shape)):
                    params = _params(op, axis - sign, size)
                    distinct = tensor(shape, [(i * 37 + 11) % count for i in range(count)])
                    g = tensor(shape, range(1, count + 1))
                    yield Asked(op, (distinct,), params, g, (*flags, "permutation"))
                tied = tensor(shape, [(i * i + i // 2) % 3 for i in range(count)])
                yield Asked(op, (tied,), _params(op, axis, size), g, (*flags, "tie"))


def _zeros(op: str) -> Iterator[Asked]:
    rows: list[list[Any]] = [[NEGATIVE_ZERO, 0], [0, NEGATIVE_ZERO], [NEGATIVE_ZERO, NEGATIVE_ZERO], [0, 0]]
    rows += [[1, NEGATIVE_ZERO, 0, -1], [NEGATIVE_ZERO, 1, -1, 0]]
    for row in rows:
        size = 2 if op == "max_min" else len(row)
        yield _row(op, row, [2**k for k in range(len(row))], size, "signed-zero")


def _scales(op: str) -> Iterator[Asked]:
    for form in FORMATS.values():
        most = 2 ** (form.precision - 2)
        for ranks in ([0, 1], [1, 0], [1, 1]):
            scaled = {
                "subnormal": [(rank + 1) * power(form.lowest) for rank in ranks],
                "huge": [(2 * rank - 3) * power(form.highest - 5) for rank in ranks],
                "near-tie": [(most - rank) * power(2 - form.precision) for rank in ranks],
            }
            for flag, x in scaled.items():
                if flag != "near-tie" or ranks != [1, 1]:
                    yield _row(op, x, [1, 2], 2, flag, _ties([ranks]))
        if op != "max_min":
            x = [(most - k) * power(2 - form.precision) for k in (1, 0, 2)]
            yield _row(op, x, [1, 2, 4], 3, "near-tie", "permutation")


def _empty(op: str) -> Iterator[Asked]:
    for shape, axis in (((0, 4), -1), ((0, 4), 1), ((4, 0), 0), ((2, 0, 4), 2)):
        size = 2 if op != "full_sort" else 4
        yield Asked(op, (tensor(shape, []),), _params(op, axis, size), tensor(shape, []), ("empty-batch",))


def _row(op: str, x: Sequence[Any], g: Sequence[Any], size: int, *flags: str) -> Asked:
    shape = (1, len(x))
    return Asked(op, (tensor(shape, x),), _params(op, -1, size), tensor(shape, g), tuple(dict.fromkeys(flags)))


def _params(op: str, axis: int, size: int) -> dict[str, str]:
    return {"axis": str(axis)} | ({"group_size": str(size)} if op == "group_sort" else {})


def _ties(groups: Sequence[Sequence[Any]]) -> str:
    return "tie" if any(len(set(group)) < len(group) for group in groups) else "permutation"
