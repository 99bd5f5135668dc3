"""The affine map x -> W x + b, on batches: the only place where a network's parameters act.

    y = x @ w.T + b,   x (n, d_in),   w (d_out, d_in),   b (d_out,),   y (n, d_out).

Its Lipschitz constant from the p-norm to the q-norm is the operator norm of W; keeping that at most 1 is the business
of the weight maps (`refsort.ops.bjorck`, the projections), not of this file.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from refsort.ops.arrays import Array, checked, like, output, same_dtype


class AffineJacobian(NamedTuple):
    """The Jacobian of `affine` at (x, w, b). The map is bilinear in (x, w), so its inputs are what must be kept.

    Attributes
    ----------
    x : ndarray, shape (n, d_in)
        The input itself, not a copy: 0 bytes as long as the caller keeps it; not to be written to before `backward`.
    w : ndarray, shape (d_out, d_in)
        The weight itself, likewise.
    """

    x: Array
    w: Array

    def backward(self, y_bar: ArrayLike) -> tuple[Array, Array, Array]:
        """``(x_bar, w_bar, b_bar) = (y_bar W, y_bar^T x, sum of the rows of y_bar)``: two matrix products."""
        y_bar = self._cotangent(y_bar)
        return _product(y_bar, self.w), *self.backward_parameters(y_bar)

    def backward_parameters(self, y_bar: ArrayLike) -> tuple[Array, Array]:
        """``(w_bar, b_bar)`` alone, where nothing asks for ``x_bar``: one matrix product."""
        y_bar = self._cotangent(y_bar)
        return _product(y_bar.T, self.x), row_sum(y_bar)

    def tangent(self, x_dot: ArrayLike, w_dot: ArrayLike, b_dot: ArrayLike) -> Array:
        """``y_dot = x_dot W^T + x w_dot^T + b_dot``: the product rule."""
        x_dot = like("affine", "x_dot", x_dot, self.x.shape)
        w_dot = like("affine", "w_dot", w_dot, self.w.shape)
        b_dot = like("affine", "b_dot", b_dot, self.w.shape[:1])
        same_dtype("affine", x_dot=x_dot, w_dot=w_dot, b_dot=b_dot, x=self.x)
        y_dot: Array = _product(x_dot, self.w.T) + _product(self.x, w_dot.T) + b_dot
        return y_dot

    def _cotangent(self, y_bar: ArrayLike) -> Array:
        y_bar = like("affine", "y_bar", y_bar, (self.x.shape[0], self.w.shape[0]))
        same_dtype("affine", y_bar=y_bar, x=self.x)
        return y_bar


def affine(x: ArrayLike, w: ArrayLike, b: ArrayLike, *, out: Array | None = None) -> Array:
    """Apply ``x -> W x + b`` to every row of x.

    Defined by ``y[i, j] = sum_k w[j, k] x[i, k] + b[j]``. The linear layers of Anil et al. (2019).

    Parameters
    ----------
    x : array_like, shape (n, d_in)
        One sample a row; n may be 0. A single vector is passed as ``x[None]``.
    w : array_like, shape (d_out, d_in)
        One output feature a row. The unit of y is that of w times that of x.
    b : array_like, shape (d_out,)
        The unit of y.
    out : ndarray, optional
        Receives the result; shape (n, d_out), dtype of x, no memory shared with an input.

    Returns
    -------
    ndarray, shape (n, d_out)
        The dtype of x. NaN and infinities follow IEEE arithmetic: ``0 * inf`` and ``inf - inf`` are NaN.

    Raises
    ------
    TypeError
        For integer, bool or complex arrays, and for arrays that do not share one dtype.
    ValueError
        For x or w that is not 2-d, b that is not 1-d, and lengths that do not match.

    See Also
    --------
    affine_forward : the value together with the Jacobian, which exists everywhere.

    Notes
    -----
    One matrix product, 2 n d_in d_out operations. In float32 and float64 it is the BLAS that NumPy was built with, so
    the order of summation, and with it the last bits, is the BLAS's; other dtypes take NumPy's own loops.
    NumPy accumulates a float16 product in float32 and rounds it once before the bias is added.

    References
    ----------
    .. [1] C. Anil, J. Lucas, R. Grosse, "Sorting out Lipschitz function approximation", ICML 2019, arXiv 1811.05381.

    Examples
    --------
    >>> import numpy as np
    >>> x, w, b = np.array([[1.0, 2.0]]), np.array([[3.0, 4.0], [5.0, 6.0], [0.0, -1.0]]), np.array([0.0, 10.0, 0.5])
    >>> affine(x, w, b)
    array([[11. , 27. , -1.5]])
    """
    x, w, b = _checked(x, w, b)
    y = output("affine", out, (x.shape[0], w.shape[0]), x.dtype, x, w, b)
    np.matmul(x, w.T, out=y)
    y += b
    return y


def affine_forward(x: ArrayLike, w: ArrayLike, b: ArrayLike) -> tuple[Array, AffineJacobian]:
    """`affine` and its Jacobian at (x, w, b).

    Parameters and errors are those of `affine`. The map is a polynomial, so the derivative exists everywhere.

    Returns
    -------
    y : ndarray, shape (n, d_out)
        ``affine(x, w, b)``.
    at : AffineJacobian
        ``at.backward(y_bar)`` gives ``(x_bar, w_bar, b_bar)``; ``at.tangent(x_dot, w_dot, b_dot)`` gives ``y_dot``.

    Examples
    --------
    >>> import numpy as np
    >>> y, at = affine_forward([[1.0, 2.0]], [[3.0, 4.0], [5.0, 6.0], [0.0, -1.0]], [0.0, 10.0, 0.5])
    >>> x_bar, w_bar, b_bar = at.backward(np.array([[1.0, 0.0, 10.0]]))
    >>> x_bar, b_bar
    (array([[ 3., -6.]]), array([ 1.,  0., 10.]))
    >>> w_bar
    array([[ 1.,  2.],
           [ 0.,  0.],
           [10., 20.]])
    """
    x, w, b = _checked(x, w, b)
    return affine(x, w, b), AffineJacobian(x, w)


def _checked(x: ArrayLike, w: ArrayLike, b: ArrayLike) -> tuple[Array, Array, Array]:
    x, w, b = checked("affine", "x", x, 2), checked("affine", "w", w, 2), checked("affine", "b", b, 1)
    same_dtype("affine", x=x, w=w, b=b)
    if x.shape[1] != w.shape[1]:
        raise ValueError(f"affine: x has {x.shape[1]} features, but w of shape {w.shape} takes {w.shape[1]}")
    if b.shape[0] != w.shape[0]:
        raise ValueError(f"affine: b has {b.shape[0]} entries, but w of shape {w.shape} makes {w.shape[0]} features")
    return x, w, b


def _product(a: Array, b: Array) -> Array:
    if a.dtype == object and a.shape[1] == 0:  # NumPy's empty sum of objects is the int 0, no Fraction
        return np.full((a.shape[0], b.shape[1]), Fraction(0))
    c: Array = a @ b
    return c


def row_sum(y: Array) -> Array:
    """The sum of the rows of y: the cotangent of a bias that was added to each of them."""
    total: Array
    if y.dtype == object:
        total = np.add.reduce(y, axis=0, initial=Fraction(0))
        return total
    # in float16 a running sum of ones stops at 2048: sum in float32 and round once
    total = y.sum(axis=0, dtype=np.float32 if y.dtype == np.float16 else y.dtype)
    return total.astype(y.dtype, copy=False)
