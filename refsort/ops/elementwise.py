"""Elementwise activations, for comparison with sorting: ReLU, leaky ReLU and the absolute value.

    relu(x) = max(x, 0),    leaky_relu(x) = x where x > 0, slope * x elsewhere,    absolute(x) = |x|.

ReLU and leaky ReLU (slope in [0, 1)) are monotone and lose gradient norm wherever x < 0; with weights of 2-norm at most
1, a scalar network of them whose gradient has norm 1 almost everywhere is affine (after Anil et al. 2019). The absolute
value is not monotone: its derivative is +-1, and it keeps the norm as MaxMin does.

At 0 none of them has a derivative. The Clarke generalised derivative there is the interval between the slopes on
either side; `backward` takes 0 for ReLU, `slope` for leaky ReLU, and +1 for the absolute value, so that it keeps the
gradient's norm at 0 too. +0 and -0 are the same number and get the same derivative.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from refsort.ops.arrays import Array, checked, like, number, output, same_dtype, zero


class ReluJacobian(NamedTuple):
    """The Jacobian of `relu` at x: a diagonal of zeros and ones.

    Attributes
    ----------
    positive : ndarray of bool, shape of x
        Where x > 0; 1 byte an entry of x.
    """

    positive: Array

    def backward(self, y_bar: ArrayLike) -> Array:
        """``x_bar = y_bar`` where x > 0, else 0."""
        return self._kept("y_bar", y_bar)

    def tangent(self, x_dot: ArrayLike) -> Array:
        """``y_dot = x_dot`` where x > 0, else 0: a diagonal is its own transpose."""
        return self._kept("x_dot", x_dot)

    def _kept(self, name: str, v: ArrayLike) -> Array:
        v = like("relu", name, v, self.positive.shape)
        return np.where(self.positive, v, zero(v.dtype))


class LeakyReluJacobian(NamedTuple):
    """The Jacobian of `leaky_relu` at x: a diagonal of ones and slopes.

    Attributes
    ----------
    positive : ndarray of bool, shape of x
        Where x > 0; 1 byte an entry of x.
    slope : scalar of the dtype of x
    """

    positive: Array
    slope: Any

    def backward(self, y_bar: ArrayLike) -> Array:
        """``x_bar = y_bar`` where x > 0, else ``slope * y_bar``."""
        return self._scaled("y_bar", y_bar)

    def tangent(self, x_dot: ArrayLike) -> Array:
        """``y_dot = x_dot`` where x > 0, else ``slope * x_dot``."""
        return self._scaled("x_dot", x_dot)

    def _scaled(self, name: str, v: ArrayLike) -> Array:
        v = like("leaky_relu", name, v, self.positive.shape)
        same_dtype("leaky_relu", **{name: v, "slope": np.asarray(self.slope)})
        return _leaky(v, self.positive, self.slope, np.empty(v.shape, v.dtype))


class AbsoluteJacobian(NamedTuple):
    """The Jacobian of `absolute` at x: a diagonal of signs.

    Attributes
    ----------
    negative : ndarray of bool, shape of x
        Where x < 0; 1 byte an entry of x.
    """

    negative: Array

    def backward(self, y_bar: ArrayLike) -> Array:
        """``x_bar = -y_bar`` where x < 0, else ``y_bar``."""
        return self._signed("y_bar", y_bar)

    def tangent(self, x_dot: ArrayLike) -> Array:
        """``y_dot = -x_dot`` where x < 0, else ``x_dot``."""
        return self._signed("x_dot", x_dot)

    def _signed(self, name: str, v: ArrayLike) -> Array:
        v = like("absolute", name, v, self.negative.shape)
        return np.where(self.negative, -v, v)


def relu(x: ArrayLike, *, out: Array | None = None) -> Array:
    """Replace every negative entry by zero: ``max(x, 0)``.

    Parameters
    ----------
    x : array_like, any shape
        Any dtype of `refsort.ops.DTYPES`, Fractions included. Any unit; y has the same.
    out : ndarray, optional
        Receives the result; shape and dtype of x, no memory shared with x.

    Returns
    -------
    ndarray
        Shape and dtype of x. NaN stays NaN.

    Raises
    ------
    TypeError
        For integer, bool or complex x.

    See Also
    --------
    relu_forward : the value together with the Jacobian.

    Examples
    --------
    >>> import numpy as np
    >>> relu(np.array([-2.0, 0.0, 3.0]))
    array([0., 0., 3.])
    """
    x = checked("relu", "x", x)
    y = output("relu", out, x.shape, x.dtype, x)
    np.maximum(x, zero(x.dtype), out=y)
    return y


def relu_forward(x: ArrayLike) -> tuple[Array, ReluJacobian]:
    """`relu` and its Jacobian at x, which exists where no entry is 0; at 0, and at NaN, 0 of [0, 1] is used.

    Examples
    --------
    >>> import numpy as np
    >>> y, at = relu_forward(np.array([-2.0, 0.0, 3.0]))
    >>> at.backward(np.array([5.0, 6.0, 7.0]))
    array([0., 0., 7.])
    """
    x = checked("relu", "x", x)
    return relu(x), ReluJacobian(x > 0)


def leaky_relu(x: ArrayLike, slope: Any, *, out: Array | None = None) -> Array:
    """Multiply every entry that is not positive by `slope`.

    Defined by ``y = x`` where x > 0 and ``y = slope * x`` elsewhere; 1-Lipschitz where ``|slope| <= 1``, which is not
    enforced. Slope 0 is `relu`, slope -1 is `absolute`, but for the derivative at 0.

    Parameters
    ----------
    x : array_like, any shape
        Any dtype of `refsort.ops.DTYPES`, Fractions included. Any unit; y has the same.
    slope : real
        Finite, dimensionless; for Fractions a Fraction or an int. Rounded to the dtype of x.
    out : ndarray, optional
        Receives the result; shape and dtype of x, no memory shared with x.

    Returns
    -------
    ndarray
        Shape and dtype of x. NaN stays NaN, and ``0 * -inf`` is NaN for slope 0.

    Raises
    ------
    TypeError
        For integer, bool or complex x, and for a slope that is no real number.
    ValueError
        For a slope that is not finite.

    See Also
    --------
    leaky_relu_forward : the value together with the Jacobian.

    Examples
    --------
    >>> import numpy as np
    >>> leaky_relu(np.array([-2.0, 0.0, 3.0]), slope=0.5)
    array([-1.,  0.,  3.])
    """
    x = checked("leaky_relu", "x", x)
    slope = number("leaky_relu", "slope", slope, x.dtype)
    return _leaky(x, x > 0, slope, output("leaky_relu", out, x.shape, x.dtype, x))


def leaky_relu_forward(x: ArrayLike, slope: Any) -> tuple[Array, LeakyReluJacobian]:
    """`leaky_relu` and its Jacobian at x, which exists where no entry is 0; at 0, and at NaN, `slope` is used.

    Examples
    --------
    >>> import numpy as np
    >>> y, at = leaky_relu_forward(np.array([-2.0, 0.0, 3.0]), slope=0.5)
    >>> at.backward(np.array([5.0, 6.0, 7.0]))
    array([2.5, 3. , 7. ])
    """
    x = checked("leaky_relu", "x", x)
    slope = number("leaky_relu", "slope", slope, x.dtype)
    return leaky_relu(x, slope), LeakyReluJacobian(x > 0, slope)


def absolute(x: ArrayLike, *, out: Array | None = None) -> Array:
    """Drop the sign of every entry: ``|x|``.

    Parameters
    ----------
    x : array_like, any shape
        Any dtype of `refsort.ops.DTYPES`, Fractions included. Any unit; y has the same.
    out : ndarray, optional
        Receives the result; shape and dtype of x, no memory shared with x.

    Returns
    -------
    ndarray
        Shape and dtype of x. NaN stays NaN.

    Raises
    ------
    TypeError
        For integer, bool or complex x.

    See Also
    --------
    absolute_forward : the value together with the Jacobian.

    Examples
    --------
    >>> import numpy as np
    >>> absolute(np.array([-2.0, 0.0, 3.0]))
    array([2., 0., 3.])
    """
    x = checked("absolute", "x", x)
    y = output("absolute", out, x.shape, x.dtype, x)
    np.abs(x, out=y)
    return y


def absolute_forward(x: ArrayLike) -> tuple[Array, AbsoluteJacobian]:
    """`absolute` and its Jacobian at x, which exists where no entry is 0; at 0, and at NaN, +1 of [-1, 1] is used.

    Examples
    --------
    >>> import numpy as np
    >>> y, at = absolute_forward(np.array([-2.0, 0.0, 3.0]))
    >>> at.backward(np.array([5.0, 6.0, 7.0]))
    array([-5.,  6.,  7.])
    """
    x = checked("absolute", "x", x)
    return absolute(x), AbsoluteJacobian(x < 0)


def _leaky(v: Array, positive: Array, slope: Any, out: Array) -> Array:
    np.copyto(out, v)
    np.multiply(v, slope, out=out, where=~positive)  # only where it counts: slope * inf elsewhere may be NaN
    return out
