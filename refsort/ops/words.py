"""Floats as the integers that have the same bits: to move them without rounding, and to order them as integers."""

from __future__ import annotations

from typing import Any

import numpy as np

from refsort.ops.arrays import Array


def has_words(dtype: np.dtype[Any]) -> bool:
    """Whether the numbers of `dtype` are IEEE floats of 2, 4 or 8 bytes in the machine's order of bytes.

    Longdouble and Fractions are not, nor is what was written on a machine of the other order.
    """
    return dtype.kind == "f" and dtype.itemsize <= 8 and dtype.isnative


def words(x: Array) -> Array:
    """A view of x as signed integers of the same width."""
    return x.view(f"i{x.itemsize}")


def ordered_words(x: Array) -> Array:
    """Integers in the order of the floats x: ``x_i < x_j`` where, and only where, ``k_i < k_j``; NaN excepted.

    IEEE floats of one sign are ordered as their bits are, read as integers. Negative ones are ordered the other way
    round, sign and magnitude: so all their bits but the sign are inverted. -0 becomes +0 before, by adding 0.

    Examples
    --------
    >>> x = np.array([-np.inf, -2.0, -5e-324, -0.0, 0.0, 5e-324, 1.0, np.inf])
    >>> np.sign(np.diff(ordered_words(x)))
    array([1, 1, 1, 0, 1, 1, 1])
    """
    keys = words(x + x.dtype.type(0))
    signs = keys >> (8 * keys.itemsize - 1)  # the sign, spread over all bits
    signs &= np.iinfo(keys.dtype).max
    keys ^= signs
    return keys


def has_nan(x: Array) -> bool:
    """Whether there is a NaN in x, which the maximum would pass on."""
    return x.dtype != object and x.size > 0 and bool(np.isnan(x.max()))


def equal_is_identical(x: Array) -> bool:
    """Whether equal entries of x have equal bits, and unequal ones compare: there is neither -0, nor NaN.

    As an integer -0 is the smallest of all words.
    """
    if not has_words(x.dtype):
        return x.dtype == object or not np.any(np.isnan(x) | (x == 0) & np.signbit(x))
    bits = words(x)
    return x.size == 0 or bool(bits.min() != np.iinfo(bits.dtype).min and not np.isnan(x.max()))
