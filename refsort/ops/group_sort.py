"""GroupSort and its two ends, MaxMin and FullSort: sort inside groups of neighbouring features.

    group_sort(x)_{group j} = sort(x_{group j}),   ascending,   groups of `group_size` consecutive entries of an axis.

Where the entries of a group are pairwise distinct this is a permutation that does not change nearby. So the Jacobian
is a permutation matrix P(x): |P v|_p = |v|_p for every p, forward and backward, and the map is 1-Lipschitz in every
p-norm (Anil et al. 2019, the section on GroupSort).

At a tie the derivative does not exist. The Clarke generalised Jacobian is the hull of the permutations that sort x;
`backward` uses the one that was applied, ties kept in the order of the input. It is the same for the same input, and
it keeps the gradient's norm at ties as well.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from refsort.ops.arrays import Array, axis_of, like, output
from refsort.ops.groups import grouped, in_groups


class GroupSortJacobian(NamedTuple):
    """The Jacobian of `group_sort` at x: a permutation inside each group.

    Attributes
    ----------
    order : ndarray of intp, shape of x with the sorted axis d split into (d / group_size, group_size)
        ``y[group][k] = x[group][order[k]]``; 8 bytes an entry of x.
    axis : int
        Where the groups are counted; the entries of a group lie along ``axis + 1`` of `order`.
    """

    order: Array
    axis: int

    def backward(self, y_bar: ArrayLike) -> Array:
        """``x_bar = P^T y_bar``: every cotangent returns to the entry that its value came from."""
        y_bar = like("group_sort", "y_bar", y_bar, _joined(self.order.shape, self.axis))
        x_bar = np.empty_like(y_bar, order="C", subok=False)
        groups = x_bar.reshape(self.order.shape)
        np.put_along_axis(groups, self.order, y_bar.reshape(self.order.shape), self.axis + 1)
        return x_bar

    def tangent(self, x_dot: ArrayLike) -> Array:
        """``y_dot = P x_dot``."""
        x_dot = like("group_sort", "x_dot", x_dot, _joined(self.order.shape, self.axis))
        return np.take_along_axis(x_dot.reshape(self.order.shape), self.order, self.axis + 1).reshape(x_dot.shape)


class MaxMinJacobian(NamedTuple):
    """The Jacobian of `max_min` at x: each pair is swapped or left as it is.

    Attributes
    ----------
    swapped : ndarray of bool, shape of x with the sorted axis d halved
        Whether a pair came in descending order; half a byte an entry of x.
    axis : int
        The sorted axis.
    """

    swapped: Array
    axis: int

    def backward(self, y_bar: ArrayLike) -> Array:
        """``x_bar = P^T y_bar``; a swap is its own transpose."""
        return self._swap("y_bar", y_bar)

    def tangent(self, x_dot: ArrayLike) -> Array:
        """``y_dot = P x_dot``."""
        return self._swap("x_dot", x_dot)

    def _swap(self, name: str, v: ArrayLike) -> Array:
        half = self.swapped.shape
        v = like("max_min", name, v, (*half[: self.axis], 2 * half[self.axis], *half[self.axis + 1 :]))
        first, second = _pairs(v, self.axis)
        result = np.empty_like(v, order="C", subok=False)
        new_first, new_second = _pairs(result, self.axis)
        new_first[...] = np.where(self.swapped, second, first)
        new_second[...] = np.where(self.swapped, first, second)
        return result


def group_sort(x: ArrayLike, group_size: int = 2, axis: int = -1, *, out: Array | None = None) -> Array:
    """Sort ascending inside consecutive groups of `group_size` entries along `axis`.

    Defined by ``y[group] = P x[group]`` with P the permutation that makes ``y[group]`` ascending. GroupSort of Anil et
    al. (2019); group size 2 is `max_min`, one group is `full_sort`.

    Parameters
    ----------
    x : array_like, any shape with at least one dimension
        Real numbers in any of the dtypes of `refsort.ops.DTYPES`, Fractions included. Any unit; y has the same.
    group_size : int
        At least 1; divides the length of `axis`. An empty axis has no groups and is returned empty.
    axis : int
        The axis of the features.
    out : ndarray, optional
        Receives the result; shape and dtype of x, no memory shared with x.

    Returns
    -------
    ndarray
        Shape and dtype of x. NaN goes last in its group, as in `numpy.sort`. +0 and -0 compare equal; which of the two
        stands where among equal zeros is not promised by this function (`group_sort_forward` keeps their order).

    Raises
    ------
    TypeError
        For integer, bool or complex x and for a group size that is no integer.
    ValueError
        For a group size below 1 or one that does not divide the axis, an axis out of range, 0-d input.

    See Also
    --------
    group_sort_forward : the value together with the Jacobian (where it exists, and what is used at ties).

    Notes
    -----
    O(n log group_size) comparisons, no memory beyond the result.

    References
    ----------
    .. [1] C. Anil, J. Lucas, R. Grosse, "Sorting out Lipschitz function approximation", ICML 2019, arXiv 1811.05381.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([3.0, 1.0, 2.0, 9.0, 7.0, 8.0])
    >>> y = group_sort(x, group_size=3)
    >>> y
    array([1., 2., 3., 7., 8., 9.])
    >>> all(np.sum(np.abs(y) ** p) == np.sum(np.abs(x) ** p) for p in (1, 2, 3))
    True
    """
    x, axis, group_size = in_groups("group_sort", x, axis, group_size)
    y = output("group_sort", out, x.shape, x.dtype, x)
    if group_size == 2:
        first, second = _pairs(x, axis)
        low, high = _pairs(y, axis)
        np.fmin(first, second, out=low)  # fmin passes the number where one of the two is NaN,
        np.maximum(first, second, out=high)  # maximum passes the NaN: so NaN goes last, as in a sort
    else:
        np.copyto(y, x)
        grouped(y, axis, group_size).sort(axis=axis + 1)
    return y


def group_sort_forward(
    x: ArrayLike, group_size: int = 2, axis: int = -1
) -> tuple[Array, GroupSortJacobian | MaxMinJacobian]:
    """`group_sort` and its Jacobian at x.

    Parameters and errors are those of `group_sort`. The Jacobian exists where the entries of each group are pairwise
    distinct; at ties it is the permutation that keeps tied entries in their order, an extreme point of the Clarke
    generalised Jacobian. One stable argsort.

    Returns
    -------
    y : ndarray
        ``group_sort(x, group_size, axis)``.
    at : GroupSortJacobian, or MaxMinJacobian for groups of two
        ``at.backward(y_bar)`` and ``at.tangent(x_dot)``.

    Examples
    --------
    The gradient's norm is kept, at the tie in the first group too:

    >>> import numpy as np
    >>> y, at = group_sort_forward(np.array([1.0, 0.0, 1.0, 5.0, 4.0, 3.0]), group_size=3)
    >>> at.backward(np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]))
    array([2., 1., 3., 6., 5., 4.])
    """
    x, axis, group_size = in_groups("group_sort", x, axis, group_size)
    if group_size == 2:
        return _max_min_forward(x, axis)
    groups = grouped(x, axis, group_size)
    order = np.argsort(groups, axis=axis + 1, kind="stable")
    return np.take_along_axis(groups, order, axis + 1).reshape(x.shape), GroupSortJacobian(order, axis)


def max_min(x: ArrayLike, axis: int = -1, *, out: Array | None = None) -> Array:
    """Sort each pair of neighbours along `axis`: ``group_sort(x, group_size=2)``, the paper's MaxMin activation.

    Everything said there holds here. In this package a pair comes out as (min, max); other layouts of MaxMin, such as
    all maxima before all minima, differ by a fixed permutation of the features.

    Examples
    --------
    ``|a| = max(a, -a)`` is half of a MaxMin:

    >>> import numpy as np
    >>> a = np.array([-2.0, 0.5])
    >>> max_min(np.stack([a, -a], axis=-1))[:, 1]
    array([2. , 0.5])
    """
    return group_sort(x, 2, axis, out=out)


def max_min_forward(x: ArrayLike, axis: int = -1) -> tuple[Array, MaxMinJacobian]:
    """`max_min` and its Jacobian at x: a swap or nothing for each pair; a tie is left as it is.

    Examples
    --------
    >>> import numpy as np
    >>> y, at = max_min_forward(np.array([2.0, 1.0, 3.0, 3.0]))
    >>> y, at.swapped
    (array([1., 2., 3., 3.]), array([ True, False]))
    """
    x, axis, _ = in_groups("max_min", x, axis, 2)
    return _max_min_forward(x, axis)


def full_sort(x: ArrayLike, axis: int = -1, *, out: Array | None = None) -> Array:
    """Sort along the whole of `axis`: ``group_sort`` with one group.

    Examples
    --------
    >>> import numpy as np
    >>> full_sort(np.array([[3.0, 1.0], [2.0, 4.0]]), axis=0)
    array([[2., 1.],
           [3., 4.]])
    """
    return group_sort(x, _whole("full_sort", x, axis), axis, out=out)


def full_sort_forward(x: ArrayLike, axis: int = -1) -> tuple[Array, GroupSortJacobian | MaxMinJacobian]:
    """`full_sort` and its Jacobian at x, as in `group_sort_forward`.

    Examples
    --------
    >>> import numpy as np
    >>> y, at = full_sort_forward(np.array([3.0, 1.0, 2.0]))
    >>> at.tangent(np.array([30.0, 10.0, 20.0]))
    array([10., 20., 30.])
    """
    return group_sort_forward(x, _whole("full_sort", x, axis), axis)


def _max_min_forward(x: Array, axis: int) -> tuple[Array, MaxMinJacobian]:
    first, second = _pairs(x, axis)
    # strictly descending, or NaN before a number (only NaN differs from itself): what a stable sort would swap
    swapped = (second < first) | ((first != first) & (second == second))
    at = MaxMinJacobian(swapped, axis)
    return at.tangent(x), at  # sorting is linear for a fixed permutation: y = P x


def _whole(op: str, x: ArrayLike, axis: int) -> int:
    x = np.asarray(x)
    length: int = x.shape[axis_of(op, x, axis)]
    return max(1, length)  # an empty axis has no groups, of any size


def _joined(shape: tuple[int, ...], axis: int) -> tuple[int, ...]:
    return (*shape[:axis], shape[axis] * shape[axis + 1], *shape[axis + 2 :])


def _pairs(x: Array, axis: int) -> tuple[Array, Array]:
    """Views of the first and the second entry of each pair."""
    before: tuple[Any, ...] = (slice(None),) * axis
    return x[(*before, slice(0, None, 2))], x[(*before, slice(1, None, 2))]
