"""Maxout: the greatest feature of each group of neighbours.

    maxout(x)_j = max over group j of x,    groups of `group_size` consecutive entries of an axis.

It is the last entry of each group that `group_sort` makes, the rest left out: 1-Lipschitz in every p-norm. `backward`
keeps the norm of a cotangent; `tangent` drops the entries of a tangent that are left out.

Where the maximum of a group is attained once, the Jacobian picks that entry. At a tie there is no derivative: the
Clarke generalised Jacobian is the hull of the picks of any tied entry, and the first of them is used.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from refsort.ops.arrays import Array, like, output, zero
from refsort.ops.groups import grouped, in_groups


class MaxoutJacobian(NamedTuple):
    """The Jacobian of `maxout` at x: one 1 in each row.

    Attributes
    ----------
    greatest : ndarray of intp, shape of x with the axis d split into (d / group_size, 1)
        Which entry of each group is taken; 8 bytes a group.
    group_size : int
    axis : int
        Where the groups are counted; the entries of a group lie along ``axis + 1`` of `greatest`.
    """

    greatest: Array
    group_size: int
    axis: int

    def backward(self, y_bar: ArrayLike) -> Array:
        """``x_bar``: each cotangent at the entry that its value came from, 0 elsewhere."""
        y_bar = like("maxout", "y_bar", y_bar, self._shape(1))
        x_bar = np.full(self._shape(self.group_size), zero(y_bar.dtype), y_bar.dtype)
        groups = grouped(x_bar, self.axis, self.group_size)
        np.put_along_axis(groups, self.greatest, np.expand_dims(y_bar, self.axis + 1), self.axis + 1)
        return x_bar

    def tangent(self, x_dot: ArrayLike) -> Array:
        """``y_dot``: the tangents of the entries that are taken."""
        groups = grouped(like("maxout", "x_dot", x_dot, self._shape(self.group_size)), self.axis, self.group_size)
        return np.take_along_axis(groups, self.greatest, self.axis + 1).squeeze(self.axis + 1)

    def _shape(self, entries: int) -> tuple[int, ...]:
        """That of x for all entries of a group, that of y for one."""
        shape, axis = self.greatest.shape, self.axis
        return (*shape[:axis], shape[axis] * entries, *shape[axis + 2 :])


def maxout(x: ArrayLike, group_size: int = 2, axis: int = -1, *, out: Array | None = None) -> Array:
    """The maximum of each group of `group_size` consecutive entries along `axis`.

    Parameters
    ----------
    x : array_like, any shape with at least one dimension
        Any dtype of `refsort.ops.DTYPES`, Fractions included. Any unit; y has the same.
    group_size : int
        At least 1; divides the length of `axis`. An empty axis has no groups and is returned empty.
    axis : int
        The axis of the features.
    out : ndarray, optional
        Receives the result; the shape of the result and the dtype of x, no memory shared with x.

    Returns
    -------
    ndarray
        The shape of x with d / group_size features, the dtype of x; no rounding. A group with NaN has maximum NaN.

    Raises
    ------
    TypeError
        For integer, bool or complex x and for a group size that is no integer.
    ValueError
        For a group size below 1 or one that does not divide the axis, an axis out of range, 0-d input.

    See Also
    --------
    maxout_forward : the value together with the Jacobian.
    group_sort : keeps the other entries as well, and with them the gradient's norm.

    References
    ----------
    .. [1] I. Goodfellow, D. Warde-Farley, M. Mirza, A. Courville, Y. Bengio, "Maxout networks", ICML 2013,
       arXiv 1302.4389.

    Examples
    --------
    >>> import numpy as np
    >>> from refsort.ops import group_sort
    >>> x = np.array([3.0, 1.0, 2.0, 9.0, 7.0, 8.0])
    >>> maxout(x, group_size=3), group_sort(x, group_size=3)[2::3]
    (array([3., 9.]), array([3., 9.]))
    """
    x, axis, group_size = in_groups("maxout", x, axis, group_size)
    groups = grouped(x, axis, group_size)
    y = output("maxout", out, (*groups.shape[: axis + 1], *groups.shape[axis + 2 :]), x.dtype, x)
    np.max(groups, axis=axis + 1, out=y)
    return y


def maxout_forward(x: ArrayLike, group_size: int = 2, axis: int = -1) -> tuple[Array, MaxoutJacobian]:
    """`maxout` and its Jacobian at x, which exists where each maximum is attained once; else the first is used.

    Parameters and errors are those of `maxout`. NaN counts as the greatest, the first of them in a group.

    Returns
    -------
    y : ndarray
        ``maxout(x, group_size, axis)``.
    at : MaxoutJacobian
        ``at.backward(y_bar)`` and ``at.tangent(x_dot)``.

    Examples
    --------
    >>> import numpy as np
    >>> y, at = maxout_forward(np.array([3.0, 1.0, 2.0, 9.0, 9.0, 8.0]), group_size=3)
    >>> at.backward(np.array([10.0, 20.0]))
    array([10.,  0.,  0., 20.,  0.,  0.])
    """
    x, axis, group_size = in_groups("maxout", x, axis, group_size)
    greatest = np.argmax(grouped(x, axis, group_size), axis=axis + 1, keepdims=True)
    at = MaxoutJacobian(greatest, group_size, axis)
    return at.tangent(x), at  # what is taken does not change nearby: y = J x
