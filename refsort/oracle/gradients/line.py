"""f along lines through x: at steps of a geometric sequence to both sides, from large to small."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Entry = tuple[int, tuple[int, ...]]
"""An input and an index into it."""

_EVERY = 32  # with so few entries, each is a direction of its own


class Step(NamedTuple):
    """f at x + t d and at x - t d: the changes of its value, and the displacements that rounding made of +-t d."""

    t: float
    changes: tuple[Array, Array]
    moves: tuple[list[Array], list[Array]]


def value(f: Callable[..., Any], xs: Sequence[Array]) -> Any:
    """f at a copy of x; what NumPy warns of on the way is seen in the result."""
    with np.errstate(all="ignore"):
        y = f(*(array.copy() for array in xs))
    return np.asarray(y) if isinstance(y, np.generic) else y  # NumPy makes scalars of arrays without axes


def digits(x: Array) -> int:
    """The bits after the leading one that the dtype of x has."""
    return int(-math.log2(np.finfo(x.dtype).eps))


def steps(f: Callable[..., Any], xs: list[Array], y: Array, d: list[Array]) -> Iterator[Step]:
    """From large steps to small ones; those that leave the domain of f are left out."""
    bits = min(digits(a) for a in [*xs, y])
    ratio = 4.0 if bits > 30 else 2.0
    for k in range(1, int((bits - 3) / math.log2(ratio)) + 1):
        t = ratio**-k
        moved = [[(a + s * t * e).astype(a.dtype) for a, e in zip(xs, d, strict=True)] for s in (1, -1)]
        ends = [value(f, end) for end in moved]
        if all(np.shape(end) == y.shape and np.isfinite(end).all() for end in ends):
            wide = [[a.astype(np.longdouble) for a in end] for end in (xs, *moved)]
            moves = [[b - a for a, b in zip(wide[0], end, strict=True)] for end in wide[1:]]
            changes = [end.astype(np.longdouble) - y.astype(np.longdouble) for end in ends]
            yield Step(t, (changes[0], changes[1]), (moves[0], moves[1]))


def directions(xs: list[Array], rng: np.random.Generator) -> Iterator[tuple[str, list[Array], Entry | None]]:
    """Names, directions, and the entry where a direction moves only one; all as large as the entries of x."""
    sizes = [2.0 ** math.frexp(float(np.abs(a).max(initial=0)) or 1.0)[1] for a in xs]
    zeros = [np.zeros(a.shape) for a in xs]
    normal = [size * rng.standard_normal(a.shape) / 2 for size, a in zip(sizes, xs, strict=True)]
    yield "all entries", normal, None
    yield "all entries with other signs", [rng.choice([-1.0, 1.0], a.shape) * a for a in normal], None
    if len(xs) > 1:
        for i in range(len(xs)):
            yield f"input {i}", [*zeros[:i], normal[i], *zeros[i + 1 :]], None
    if sum(a.size for a in xs) <= _EVERY:
        for i, a in enumerate(xs):
            for at in np.ndindex(a.shape):
                d = zeros[i].copy()
                d[at] = sizes[i] / 2
                yield f"input {i} entry {list(at)}", [*zeros[:i], d, *zeros[i + 1 :]], (i, at)
