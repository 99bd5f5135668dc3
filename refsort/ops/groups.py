"""Groups of consecutive features along an axis: what the activations that work on groups share."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from refsort.ops.arrays import Array, axis_of, checked, integer


def in_groups(op: str, x: ArrayLike, axis: int, group_size: int) -> tuple[Array, int, int]:
    """x as an array, its axis counted from the front and the group size, which divides that axis; or an error."""
    x = checked(op, "x", x)
    axis = axis_of(op, x, axis)
    group_count(op, x.shape[axis], group_size, f" of axis {axis}")
    return x, axis, int(group_size)


def group_count(op: str, d: int, group_size: int, where: str = "") -> int:
    """How many groups d features make, or an error."""
    group_size = integer(op, "group_size", group_size)
    if d % group_size:
        raise ValueError(f"{op}: group_size {group_size} does not divide the {d} features{where}")
    return d // group_size


def grouped(x: Array, axis: int, group_size: int) -> Array:
    """A view of x with `axis` split into (groups, group_size): splitting an axis never copies."""
    return x.reshape(*x.shape[:axis], x.shape[axis] // group_size, group_size, *x.shape[axis + 1 :])


def group_by_group(move: Callable[[Array, Array], None], x: Array, axis: int, group_size: int, out: Array) -> Array:
    """Call ``move(x, out)`` with both as contiguous arrays (groups, group_size), and return `out`.

    Features that are not contiguous are copied on their way in, and out.
    """
    source = np.ascontiguousarray(np.moveaxis(x, axis, -1))
    direct = axis == x.ndim - 1 and out.flags.c_contiguous
    target = out if direct else np.empty(source.shape, out.dtype)
    move(source.reshape(-1, group_size), target.reshape(-1, group_size))
    if not direct:
        out[...] = np.moveaxis(target, -1, axis)
    return out
