"""What the losses share: labels, means over a batch, and half precision widened for its sums."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from refsort.ops.arrays import Array, like, number


def class_labels(op: str, labels: ArrayLike, shape: tuple[int, ...]) -> Array:
    """`labels` as intp, one of k for each of the n rows of logits of `shape` (n, k), n >= 1 and k >= 2, or an error."""
    n, k = shape
    not_empty(op, "logits", n)
    if k < 2:
        raise ValueError(f"{op}: logits need at least 2 classes, got shape {shape}")
    t = np.asarray(labels)
    if t.dtype.kind not in "iu":
        raise TypeError(f"{op}: labels has dtype {t.dtype}; pass integers 0 to {k - 1}, e.g. labels.astype(int)")
    if t.shape != (n,):
        raise ValueError(f"{op}: labels must have shape {(n,)}, one for each row of logits, got {t.shape}")
    for i in np.flatnonzero((t < 0) | (t >= k)):
        raise ValueError(f"{op}: labels[{i}] is {t[i]}, out of range for {k} classes (0 to {k - 1})")
    return t.astype(np.intp)


def not_empty(op: str, name: str, n: int) -> None:
    """Raise a `ValueError` for an empty batch, which has no mean."""
    if n == 0:
        raise ValueError(f"{op}: {name} is empty, and an empty batch has no mean; pass at least one sample")


def mean(terms: Array) -> Any:
    """The mean over all entries: pairwise sums for floats, exact for Fractions."""
    return sum(terms.flat, Fraction(0)) / terms.size if terms.dtype.kind == "O" else terms.mean()


def shared_out(op: str, y_bar: Any, count: int, dtype: np.dtype[Any]) -> Any:
    """``y_bar / count``, the share of each of `count` averaged terms; for float16 a float32, which does not vanish."""
    return number(op, "y_bar", y_bar, np.dtype(np.float32) if dtype == np.float16 else dtype, finite=False) / count


def direction(op: str, name: str, value: ArrayLike, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """A tangent of the given `shape` and `dtype`, widened, or an error."""
    dot = like(op, name, value, shape)
    if dot.dtype != dtype:
        raise TypeError(f"{op}: {name} has dtype {dot.dtype}, the loss was taken in {dtype}; convert with .astype")
    return widened(dot)


def widened(x: Array) -> Array:
    """Float16 as float32, everything else as it is: losses sum over a whole batch."""
    return x.astype(np.float32) if x.dtype == np.float16 else x


def narrowed(value: Any, dtype: np.dtype[Any]) -> Any:
    """A scalar back in `dtype`."""
    return value if dtype.kind == "O" else dtype.type(value)
