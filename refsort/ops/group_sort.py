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

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from refsort.ops.arrays import Array, axis_of, like, output
from refsort.ops.groups import group_by_group, in_groups
from refsort.ops.sorted_groups import send, send_back, sort_groups, sort_groups_forward
from refsort.ops.sorted_pairs import sort_pairs, sort_pairs_forward, swap_pairs


class GroupSortJacobian(NamedTuple):
    """The Jacobian of `group_sort` at x: a permutation inside each group.

    Attributes
    ----------
    places : ndarray of unsigned integers, shape of x with the sorted axis d moved to the end and split into
        (d / group_size, group_size). For groups of up to 8 the rank of each entry, ``y[group][rank[j]] = x[group][j]``;
        for longer ones the order of the results, ``y[group][k] = x[group][order[k]]``. 1 byte an entry of x for groups
        of up to 256, 2 for up to 65,536.
    axis : int
        The sorted axis of x.
    """

    places: Array
    axis: int

    def backward(self, y_bar: ArrayLike, *, out: Array | None = None) -> Array:
        """``x_bar = P^T y_bar``: every cotangent returns to the entry that its value came from; into `out` if given."""
        y_bar = like("group_sort", "y_bar", y_bar, self._shape())
        x_bar = output("group_sort", out, y_bar.shape, y_bar.dtype, y_bar)
        places = self.places.reshape(-1, self.places.shape[-1])
        return group_by_group(lambda v, r: send_back(v, places, r), y_bar, self.axis, places.shape[1], x_bar)

    def tangent(self, x_dot: ArrayLike) -> Array:
        """``y_dot = P x_dot``."""
        x_dot = like("group_sort", "x_dot", x_dot, self._shape())
        places = self.places.reshape(-1, self.places.shape[-1])
        y_dot = np.empty(x_dot.shape, x_dot.dtype)
        return group_by_group(lambda v, r: send(v, places, r), x_dot, self.axis, places.shape[1], y_dot)

    def _shape(self) -> tuple[int, ...]:
        *others, groups, group_size = self.places.shape
        return (*others[: self.axis], groups * group_size, *others[self.axis :])


class MaxMinJacobian(NamedTuple):
    """The Jacobian of `max_min` at x: each pair is swapped or left as it is.

    Attributes
    ----------
    swapped : ndarray of bool, shape of x with the sorted axis moved to the end
        At the first entry of a pair, whether the pair came in descending order; False at second entries. 1 byte an
        entry of x.
    axis : int
        The sorted axis of x.
    """

    swapped: Array
    axis: int

    def backward(self, y_bar: ArrayLike, *, out: Array | None = None) -> Array:
        """``x_bar = P^T y_bar``; a swap is its own transpose. Into `out` if given."""
        return self._swap("y_bar", y_bar, out)

    def tangent(self, x_dot: ArrayLike) -> Array:
        """``y_dot = P x_dot``."""
        return self._swap("x_dot", x_dot, None)

    def _swap(self, name: str, v: ArrayLike, out: Array | None) -> Array:
        *others, d = self.swapped.shape
        v = like("max_min", name, v, (*others[: self.axis], d, *others[self.axis :]))
        result = output("max_min", out, v.shape, v.dtype, v)
        swapped = self.swapped.reshape(-1)

        def move(source: Array, target: Array) -> None:
            swap_pairs(source.reshape(-1), swapped, target.reshape(-1))

        return group_by_group(move, v, self.axis, 2, result)


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
        Shape and dtype of x. NaN goes last in its group, as in `numpy.sort`. +0 and -0 compare equal; the signs of
        zeros are not kept by this function (`group_sort_forward` keeps them, and their order).

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
    O(n log group_size) comparisons, O(n log^2 group_size) minima and maxima for groups of up to 8 (see
    `refsort.ops.sorting_network`). Beyond the result some arrays as long as a block of 2^16 entries or a group, and a
    copy of x where the features are not contiguous.

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
        return group_by_group(lambda v, r: sort_pairs(v.reshape(-1), r.reshape(-1)), x, axis, 2, y)
    return group_by_group(sort_groups, x, axis, group_size, y)


def group_sort_forward(
    x: ArrayLike, group_size: int = 2, axis: int = -1, *, out: Array | None = None
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
    y = output("group_sort", out, x.shape, x.dtype, x)
    if group_size == 2:
        return _max_min_forward(x, axis, y)
    *others, d = np.moveaxis(x, axis, -1).shape
    places = np.empty((*others, d // group_size, group_size), np.min_scalar_type(group_size - 1))
    flat = places.reshape(-1, group_size)
    group_by_group(lambda v, r: sort_groups_forward(v, r, flat), x, axis, group_size, y)
    return y, GroupSortJacobian(places, axis)


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


def max_min_forward(x: ArrayLike, axis: int = -1, *, out: Array | None = None) -> tuple[Array, MaxMinJacobian]:
    """`max_min` and its Jacobian at x: a swap or nothing for each pair; a tie is left as it is.

    Examples
    --------
    >>> import numpy as np
    >>> y, at = max_min_forward(np.array([2.0, 1.0, 3.0, 3.0]))
    >>> y, at.swapped
    (array([1., 2., 3., 3.]), array([ True, False, False, False]))
    """
    x, axis, _ = in_groups("max_min", x, axis, 2)
    return _max_min_forward(x, axis, output("max_min", out, x.shape, x.dtype, x))


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


def full_sort_forward(
    x: ArrayLike, axis: int = -1, *, out: Array | None = None
) -> tuple[Array, GroupSortJacobian | MaxMinJacobian]:
    """`full_sort` and its Jacobian at x, as in `group_sort_forward`.

    Examples
    --------
    >>> import numpy as np
    >>> y, at = full_sort_forward(np.array([3.0, 1.0, 2.0]))
    >>> at.tangent(np.array([30.0, 10.0, 20.0]))
    array([10., 20., 30.])
    """
    return group_sort_forward(x, _whole("full_sort", x, axis), axis, out=out)


def _max_min_forward(x: Array, axis: int, y: Array) -> tuple[Array, MaxMinJacobian]:
    swapped = np.empty(np.moveaxis(x, axis, -1).shape, bool)

    def move(source: Array, target: Array) -> None:
        sort_pairs_forward(source.reshape(-1), target.reshape(-1), swapped.reshape(-1))

    return group_by_group(move, x, axis, 2, y), MaxMinJacobian(swapped, axis)


def _whole(op: str, x: ArrayLike, axis: int) -> int:
    x = np.asarray(x)
    length: int = x.shape[axis_of(op, x, axis)]
    return max(1, length)  # an empty axis has no groups, of any size
