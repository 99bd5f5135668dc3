"""Selecting features by their indices: the linear map whose matrix has a single 1 in each row, without the matrix.

    select(x, indices)_i = x_{indices[i]}.

Constructed networks read their inputs, drop features and repeat them by such maps. As a list of indices one costs a
number a row; as a matrix it would cost as many numbers as the input has features.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from refsort.ops.arrays import Array, axis_of, checked, like, output, zero


class SelectJacobian(NamedTuple):
    """The Jacobian of `select`: the 0/1 matrix S with ``S[i, indices[i]] = 1``.

    Attributes
    ----------
    indices : ndarray of intp, (k,)
        Which feature each result is; 8 bytes each.
    shape : tuple of int
        The shape of x.
    axis : int
        The axis of the features, counted from the front.
    """

    indices: Array
    shape: tuple[int, ...]
    axis: int

    def backward(self, y_bar: ArrayLike) -> Array:
        """``x_bar = S^T y_bar``: the cotangents of all the results that a feature went to, added; 0 if there are none.

        Half precision is added up in single and rounded once.
        """
        y_bar = like("select", "y_bar", y_bar, _selected(self.shape, self.axis, self.indices.size))
        x_bar = np.full(self.shape, zero(y_bar.dtype), y_bar.dtype)
        if self.indices.size:
            order = np.argsort(self.indices, kind="stable")
            in_order = self.indices[order]
            runs = np.flatnonzero(np.diff(in_order, prepend=-1))  # where the next feature begins
            sums = np.add.reduceat(np.take(y_bar, order, self.axis), runs, axis=self.axis)
            np.moveaxis(x_bar, self.axis, 0)[in_order[runs]] = np.moveaxis(sums, self.axis, 0)
        return x_bar

    def tangent(self, x_dot: ArrayLike) -> Array:
        """``y_dot = S x_dot``."""
        return np.take(like("select", "x_dot", x_dot, self.shape), self.indices, self.axis)


def select(x: ArrayLike, indices: ArrayLike, axis: int = -1, *, out: Array | None = None) -> Array:
    """Take the features of x at `indices` along `axis`, in that order, with repetitions.

    Defined by ``y_i = x_{indices[i]}``: the linear map S with a single 1 in each row. From the p-norm to the infinity
    norm it is 1-Lipschitz for every p; from p to q >= p its norm is c^(1/q), c the number of times that the most
    repeated feature occurs.

    Parameters
    ----------
    x : array_like, any shape with at least one dimension
        Any dtype of `refsort.ops.DTYPES`, Fractions included. Any unit; y has the same.
    indices : array_like of int, (k,)
        Between 0 and d - 1, for d features; k may be 0.
    axis : int
        The axis of the features.
    out : ndarray, optional
        Receives the result; the shape of the result and the dtype of x, no memory shared with x.

    Returns
    -------
    ndarray
        The shape of x with k in the place of d, the dtype of x. Nothing is rounded: every entry is one of x.

    Raises
    ------
    TypeError
        For integer, bool or complex x, and for indices that are no integers.
    ValueError
        For indices that are not 1-d or out of range (negative ones too), an axis out of range, 0-d x.

    See Also
    --------
    select_forward : the value together with the Jacobian, which exists everywhere and is constant.

    Notes
    -----
    One copy of the result; `backward` sorts the k indices.

    Examples
    --------
    >>> import numpy as np
    >>> x, indices = np.array([10.0, 20.0, 30.0]), [2, 0, 2, 1]
    >>> y = select(x, indices)
    >>> y, np.array_equal(y, np.eye(3)[indices] @ x)
    (array([30., 10., 30., 20.]), True)
    """
    x, indices, axis = _checked(x, indices, axis)
    y = output("select", out, _selected(x.shape, axis, indices.size), x.dtype, x)
    np.take(x, indices, axis, out=y, mode="clip")  # the range is checked; this mode needs no copy of `out`
    return y


def select_forward(x: ArrayLike, indices: ArrayLike, axis: int = -1) -> tuple[Array, SelectJacobian]:
    """`select` and its Jacobian, which is the map itself.

    Parameters and errors are those of `select`. The indices are no real numbers, so there is no derivative in them.

    Returns
    -------
    y : ndarray
        ``select(x, indices, axis)``.
    at : SelectJacobian
        ``at.backward(y_bar)`` and ``at.tangent(x_dot)``.

    Examples
    --------
    >>> import numpy as np
    >>> y, at = select_forward(np.array([10.0, 20.0, 30.0]), [2, 0, 2])
    >>> at.backward(np.array([1.0, 2.0, 3.0]))
    array([2., 0., 4.])
    """
    x, indices, axis = _checked(x, indices, axis)
    return select(x, indices, axis), SelectJacobian(indices, x.shape, axis)


def feature_indices(indices: ArrayLike, d: int) -> Array:
    """`indices` as a list of intp between 0 and d - 1, or an error that names the first one that is not."""
    t = np.asarray(indices)
    if t.dtype.kind not in "iu":
        raise TypeError(f"select: indices has dtype {t.dtype}; pass integers 0 to {d - 1}, e.g. indices.astype(int)")
    if t.ndim != 1:
        raise ValueError(f"select: indices must be a list, one dimension, got shape {t.shape}")
    for i in np.flatnonzero((t < 0) | (t >= d)):
        raise ValueError(f"select: indices[{i}] is {t[i]}, out of range for {d} features (0 to {d - 1})")
    return t.astype(np.intp)


def _checked(x: ArrayLike, indices: ArrayLike, axis: int) -> tuple[Array, Array, int]:
    x = checked("select", "x", x)
    axis = axis_of("select", x, axis)
    return x, feature_indices(indices, x.shape[axis]), axis


def _selected(shape: tuple[int, ...], axis: int, count: int) -> tuple[int, ...]:
    return (*shape[:axis], count, *shape[axis + 1 :])
