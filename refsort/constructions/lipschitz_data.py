"""Whether data can belong to a Lipschitz function: |y_i - y_j| <= L d(x_i, x_j) for all pairs; else the worst pair."""

from __future__ import annotations

from typing import Any

import numpy as np

from refsort.ops.arrays import Array

_BLOCK = 1 << 20  # numbers that are compared at once


def require_lipschitz(op: str, points: Array, values: Array, metric: str, lipschitz: Any) -> None:
    """Raise a ValueError that names the worst pair and its ratio, unless the data satisfy the condition.

    Parameters
    ----------
    op : str
        For the message.
    points, values : ndarray, (n, d) and (n, C)
        Each column of values must satisfy the condition.
    metric : "linf", "l1" or "l2"
    lipschitz : real
        L.

    Notes
    -----
    Fractions are compared exactly, in squares for "l2". Floats may exceed the condition by `slack`, what the rounding
    of the data themselves and of the comparison can amount to. n^2 d / 2 operations, O(n d) memory.
    """
    n, d = points.shape
    allowed = slack(points, values, lipschitz)
    squared = metric == "l2" and points.dtype.kind == "O"
    worst: tuple[Any, int, int] | None = None
    rows = max(1, _BLOCK // (n * d))
    for start in range(0, n, rows):
        rise = np.max(np.abs(values[start : start + rows, None] - values[None, start:]), axis=-1)
        run = lipschitz * distances(points[start : start + rows, None] - points[None, start:], metric)
        rise = rise * rise if squared else rise
        run = run * lipschitz if squared else run
        i, j = np.nonzero(rise > run + allowed)
        if not i.size:
            continue
        apart = run[i, j] > 0
        if not np.all(apart):
            k = int(np.argmin(apart))
            a, b = start + int(i[k]), start + int(j[k])
            raise ValueError(
                f"{op}: points {a} and {b} are the same, {_text(points[a])}, with different values {_text(values[a])} "
                f"and {_text(values[b])}; keep one of them"
            )
        ratios = rise[i, j] / run[i, j]
        k = int(np.argmax(ratios))
        if worst is None or ratios[k] > worst[0]:
            worst = ratios[k], start + int(i[k]), start + int(j[k])
    if worst is not None:
        ratio, a, b = worst
        slope = float(ratio) ** (0.5 if squared else 1) * float(lipschitz)
        raise ValueError(
            f"{violation(op, metric, lipschitz, slope, points[[a, b]], values[[a, b]])}; the worst pair are points {a} "
            f"and {b}; pass lipschitz >= {slope:.6g}, or correct the data"
        )


def violation(op: str, metric: str, lipschitz: Any, slope: float, points: Array, values: Array) -> str:
    """What is wrong with two points, (2, d), and their values, (2, C)."""
    return (
        f"{op}: the values are not {float(lipschitz):g}-Lipschitz in the {metric} metric: from {_text(points[0])} to "
        f"{_text(points[1])} they go from {_text(values[0])} to {_text(values[1])}, {slope:.6g} times the distance"
    )


def distances(v: Array, metric: str) -> Array:
    """The norm of v along its last axis; its square for "l2" and Fractions."""
    if metric == "linf":
        return np.asarray(np.max(np.abs(v), axis=-1))
    if metric == "l1":
        return np.asarray(np.sum(np.abs(v), axis=-1))
    squares = np.sum(v * v, axis=-1)
    return np.asarray(squares if v.dtype.kind == "O" else np.sqrt(squares))


def slack(points: Array, values: Array, lipschitz: Any) -> Any:
    """What rounding can add to a rise: 0 for Fractions.

    Values and coordinates that were rounded to the dtype carry half a unit each, the comparison some d + 2 more.
    """
    if points.dtype.kind == "O":
        return 0
    d = points.shape[1]
    unit = np.finfo(points.dtype).eps
    return 4 * (d + 2) * unit * (np.max(np.abs(values)) + lipschitz * d * np.max(np.abs(points)))


def _text(v: Array) -> str:
    entries = ", ".join(str(x) for x in v.tolist())
    return entries if len(v) == 1 else f"({entries})"
