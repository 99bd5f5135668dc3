"""Floats as the rational numbers that they are, in arrays of Fractions; the lists in them go to `refsort.spec`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from refsort import spec

Array = NDArray[Any]


def exact(x: Array) -> Array:
    """The floats of x as Fractions: every finite float is a rational number."""
    return fractions(x.flat, x.shape)


def fractions(entries: Any, shape: Sequence[int]) -> Array:
    """An array of Fractions of that shape, also where it is empty."""
    values = [spec.frac(entry) for entry in entries]
    result = np.empty(len(values), dtype=object)
    result[:] = values
    return result.reshape(tuple(shape))


def rows(x: Array, axis: int) -> Array:
    """The vectors along `axis`, one a row, in an order that depends on the shape alone."""
    return np.moveaxis(x, axis, -1).reshape(-1, x.shape[axis])
