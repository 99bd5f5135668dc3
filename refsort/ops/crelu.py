"""CReLU: every feature split into its positive and its negative part.

    crelu(x) = (max(x, 0), max(-x, 0)),    twice as many features as x has.

The two parts of a feature are x and 0, or 0 and -x: nothing of x is lost, and x = y_first - y_second. Between two
points both parts move the same way, by lengths that add up to the way of x; so the map is 1-Lipschitz in every p-norm,
and it keeps the length of every tangent exactly, in every p-norm.

Where an entry is 0 there is no derivative. The Clarke generalised Jacobian sends x_dot_i to any mixture of (x_dot_i, 0)
and (0, -x_dot_i); the first of them is used, as for `absolute`, which is the sum of the two parts.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from refsort.ops.arrays import Array, axis_of, checked, like, output, zero


class CreluJacobian(NamedTuple):
    """The Jacobian of `crelu` at x: one entry of +-1 in each column.

    Attributes
    ----------
    negative : ndarray of bool, shape of x
        Where x < 0; 1 byte an entry of x.
    axis : int
        The axis of the features, counted from the front.
    """

    negative: Array
    axis: int

    def backward(self, y_bar: ArrayLike) -> Array:
        """``x_bar = -y_bar_second`` where x < 0, else ``y_bar_first``."""
        y_bar = like("crelu", "y_bar", y_bar, _doubled(self.negative.shape, self.axis))
        first, second = np.split(y_bar, 2, self.axis)
        return np.where(self.negative, -second, first)

    def tangent(self, x_dot: ArrayLike) -> Array:
        """``y_dot = (0, -x_dot)`` where x < 0, else ``(x_dot, 0)``."""
        x_dot = like("crelu", "x_dot", x_dot, self.negative.shape)
        nothing = zero(x_dot.dtype)
        parts = np.where(self.negative, nothing, x_dot), np.where(self.negative, -x_dot, nothing)
        return np.concatenate(parts, self.axis)


def crelu(x: ArrayLike, axis: int = -1, *, out: Array | None = None) -> Array:
    """The positive parts of the features along `axis`, then their negative parts: ``(max(x, 0), max(-x, 0))``.

    Parameters
    ----------
    x : array_like, any shape with at least one dimension
        Any dtype of `refsort.ops.DTYPES`, Fractions included. Any unit; y has the same.
    axis : int
        The axis of the features.
    out : ndarray, optional
        Receives the result; the shape of the result and the dtype of x, no memory shared with x.

    Returns
    -------
    ndarray
        The shape of x with twice the features, the dtype of x; no rounding. NaN makes both of its parts NaN.

    Raises
    ------
    TypeError
        For integer, bool or complex x.
    ValueError
        For an axis out of range and 0-d x.

    See Also
    --------
    crelu_forward : the value together with the Jacobian.

    References
    ----------
    .. [1] W. Shang, K. Sohn, D. Almeida, H. Lee, "Understanding and improving convolutional neural networks via
       concatenated rectified linear units", ICML 2016, arXiv 1603.05201.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([-2.0, 0.0, 3.0])
    >>> y = crelu(x)
    >>> y, y[:3] - y[3:]
    (array([0., 0., 3., 2., 0., 0.]), array([-2.,  0.,  3.]))
    """
    x = checked("crelu", "x", x)
    axis = axis_of("crelu", x, axis)
    y = output("crelu", out, _doubled(x.shape, axis), x.dtype, x)
    first, second = np.split(y, 2, axis)  # views
    np.maximum(x, zero(x.dtype), out=first)
    np.maximum(-x, zero(x.dtype), out=second)
    return y


def crelu_forward(x: ArrayLike, axis: int = -1) -> tuple[Array, CreluJacobian]:
    """`crelu` and its Jacobian at x, which exists where no entry is 0; at 0, and at NaN, that of x > 0 is used.

    Examples
    --------
    >>> import numpy as np
    >>> y, at = crelu_forward(np.array([-2.0, 0.0, 3.0]))
    >>> at.tangent(np.array([5.0, 6.0, 7.0]))
    array([ 0.,  6.,  7., -5.,  0.,  0.])
    """
    x = checked("crelu", "x", x)
    return crelu(x, axis), CreluJacobian(x < 0, axis_of("crelu", x, axis))


def _doubled(shape: tuple[int, ...], axis: int) -> tuple[int, ...]:
    return (*shape[:axis], 2 * shape[axis], *shape[axis + 1 :])
