"""Hinge losses: multi-class, as the paper's classifiers are trained with, and binary.

    multiclass_hinge(y, t) = mean_i (1/k) sum_{j != t_i} max(0, margin - (y[i, t_i] - y[i, j])),
    binary_hinge(v, s)     = mean_i max(0, margin - s_i v_i),                                      s_i = +1 or -1.

Both ask for a margin in the unit of the network's output. Behind a K-Lipschitz network a margin is K times a distance
in the input, up to a constant that the norms decide: where the loss is zero, every sample of the batch has that radius.

Where a hinge is exactly at its margin the derivative does not exist; both losses use 0 there, an end of [0, 1].

The helpers at the end of the file serve the other losses too.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from refsort.ops.arrays import Array, checked, number, zero
from refsort.ops.batch import class_labels, direction, mean, narrowed, not_empty, shared_out, widened


class MulticlassHingeJacobian(NamedTuple):
    """The Jacobian of `multiclass_hinge` at the logits: which of the hinges are open.

    Attributes
    ----------
    active : ndarray of bool, shape (n, k)
        Where ``margin - (y[i, t_i] - y[i, j]) > 0``, False for j = t_i; 1 byte an entry of the logits.
    labels : ndarray of intp, shape (n,)
        The true classes; 8 bytes a sample.
    dtype : dtype
        Of the logits, and so of the gradient.
    """

    active: Array
    labels: Array
    dtype: np.dtype[Any]

    def backward(self, y_bar: Any) -> Array:
        """``logits_bar``: ``y_bar / (n k)`` where a hinge is open, and minus its row's sum at the true class."""
        share = shared_out("multiclass_hinge", y_bar, self.active.size, self.dtype)
        logits_bar = np.where(self.active, share, zero(self.dtype))
        opened = np.count_nonzero(self.active, axis=1).astype(logits_bar.dtype)
        logits_bar[np.arange(len(self.labels)), self.labels] = -opened * share
        result: Array = logits_bar.astype(self.dtype, copy=False)
        return result

    def tangent(self, logits_dot: ArrayLike) -> Any:
        """``y_dot``: the mean over all (i, j) of ``dot[i, j] - dot[i, t_i]`` where hinge (i, j) is open, else 0."""
        dot = direction("multiclass_hinge", "logits_dot", logits_dot, self.active.shape, self.dtype)
        closing = dot - dot[np.arange(len(self.labels)), self.labels, None]
        return narrowed(mean(np.where(self.active, closing, zero(self.dtype))), self.dtype)


class BinaryHingeJacobian(NamedTuple):
    """The Jacobian of `binary_hinge` at the values.

    Attributes
    ----------
    slopes : ndarray of int8, shape (n,)
        ``-s_i`` where the hinge is open, else 0; 1 byte a value.
    dtype : dtype
        Of the values, and so of the gradient.
    """

    slopes: Array
    dtype: np.dtype[Any]

    def backward(self, y_bar: Any) -> Array:
        """``values_bar = y_bar slopes / n``."""
        share = shared_out("binary_hinge", y_bar, self.slopes.size, self.dtype)
        values_bar: Array = self.slopes.astype(np.asarray(share).dtype) * share
        return values_bar.astype(self.dtype, copy=False)

    def tangent(self, values_dot: ArrayLike) -> Any:
        """``y_dot = mean_i slopes_i dot_i``."""
        dot = direction("binary_hinge", "values_dot", values_dot, self.slopes.shape, self.dtype)
        return narrowed(mean(self.slopes.astype(dot.dtype) * dot), self.dtype)


def multiclass_hinge(logits: ArrayLike, labels: ArrayLike, margin: Any = 1) -> Any:
    """Average over the batch, and over the k classes, what each wrong logit lacks to be `margin` below the true one.

    Defined by ``mean_i (1/k) sum_{j != t_i} max(0, margin - (y[i, t_i] - y[i, j]))``, with which Anil et al. (2019)
    train robust classifiers; ``torch.nn.MultiMarginLoss`` with p = 1. The sum has k - 1 terms and is divided by k.

    Parameters
    ----------
    logits : array_like, shape (n, k), n >= 1, k >= 2
        Any dtype of `refsort.ops.DTYPES`, Fractions included.
    labels : array_like of integers, shape (n,)
        The true classes, 0 to k - 1.
    margin : real
        Finite, in the unit of the logits; for Fractions a Fraction or an int. Rounded to the dtype of the logits.

    Returns
    -------
    scalar of the dtype of logits
        In float16 computed in float32 and rounded once. NaN logits make it NaN; ``inf - inf`` is NaN.

    Raises
    ------
    TypeError
        For logits that are no floats or Fractions, labels that are no integers, a margin that is no real number.
    ValueError
        For an empty batch, fewer than two classes, shapes that do not match, labels out of range.

    See Also
    --------
    multiclass_hinge_forward : the value together with the gradient.

    Notes
    -----
    n k operations and one array of the size of the logits. All terms are non-negative and summed pairwise.

    References
    ----------
    .. [1] C. Anil, J. Lucas, R. Grosse, "Sorting out Lipschitz function approximation", ICML 2019, arXiv 1811.05381.

    Examples
    --------
    The hinge against class 2 lacks 1 - (3 - 2.5) = 0.5, the one against class 0 nothing:

    >>> import numpy as np
    >>> multiclass_hinge(np.array([[1.0, 3.0, 2.5]]), [1], margin=1.0) == 0.5 / 3
    np.True_
    """
    return multiclass_hinge_forward(logits, labels, margin)[0]


def multiclass_hinge_forward(
    logits: ArrayLike, labels: ArrayLike, margin: Any = 1
) -> tuple[Any, MulticlassHingeJacobian]:
    """`multiclass_hinge` and its Jacobian at the logits.

    Parameters and errors are those of `multiclass_hinge`. The derivative exists where no hinge is exactly at its
    margin; such a hinge counts as closed, and so does one that is NaN.

    Returns
    -------
    loss : scalar of the dtype of logits
    at : MulticlassHingeJacobian
        ``at.backward(y_bar)`` takes the scalar cotangent of the loss and gives ``logits_bar``; labels have none.

    Examples
    --------
    >>> import numpy as np
    >>> loss, at = multiclass_hinge_forward(np.array([[1.0, 3.0, 2.5, 2.75]]), [1], margin=1.0)
    >>> at.backward(4.0)
    array([[ 0., -2.,  1.,  1.]])
    """
    y = checked("multiclass_hinge", "logits", logits, 2)
    t = class_labels("multiclass_hinge", labels, y.shape)
    level = number("multiclass_hinge", "margin", margin, y.dtype)
    wide, true = widened(y), (np.arange(len(t)), t)
    with np.errstate(invalid="ignore"):  # an infinite true logit makes inf - inf at j = t, which is not used
        lacking = level - (wide[true][:, None] - wide)
    lacking[true] = zero(y.dtype)
    loss = narrowed(mean(np.maximum(lacking, zero(y.dtype))), y.dtype)
    return loss, MulticlassHingeJacobian(lacking > 0, t, y.dtype)


def binary_hinge(values: ArrayLike, signs: ArrayLike, margin: Any = 1) -> Any:
    """Average over the batch what each value lacks to be `margin` on the side of zero that its sign asks for.

    Defined by ``mean_i max(0, margin - s_i v_i)``.

    Parameters
    ----------
    values : array_like, shape (n,), n >= 1
        Any dtype of `refsort.ops.DTYPES`, Fractions included.
    signs : array_like, shape (n,)
        +1 or -1 each, as integers, floats or Fractions.
    margin : real
        Finite, in the unit of the values; for Fractions a Fraction or an int. Rounded to the dtype of the values.

    Returns
    -------
    scalar of the dtype of values
        In float16 computed in float32 and rounded once. A NaN value makes it NaN.

    Raises
    ------
    TypeError
        For values that are no floats or Fractions, a margin that is no real number.
    ValueError
        For an empty batch, shapes that do not match, signs other than +1 and -1.

    See Also
    --------
    binary_hinge_forward : the value together with the gradient.

    Notes
    -----
    O(n); all terms are non-negative and summed pairwise.

    Examples
    --------
    >>> import numpy as np
    >>> binary_hinge(np.array([3.0, 0.5, 0.5, -4.0]), [1, 1, -1, -1])  # lacks 0, 0.5, 1.5, 0
    np.float64(0.5)
    """
    return binary_hinge_forward(values, signs, margin)[0]


def binary_hinge_forward(values: ArrayLike, signs: ArrayLike, margin: Any = 1) -> tuple[Any, BinaryHingeJacobian]:
    """`binary_hinge` and its Jacobian at the values.

    Parameters and errors are those of `binary_hinge`. The derivative exists where no value is exactly at its margin;
    there, and at NaN, 0 is used.

    Returns
    -------
    loss : scalar of the dtype of values
    at : BinaryHingeJacobian
        ``at.backward(y_bar)`` takes the scalar cotangent of the loss and gives ``values_bar``; signs have none.

    Examples
    --------
    >>> import numpy as np
    >>> loss, at = binary_hinge_forward(np.array([3.0, 0.5, 0.5, -1.0]), [1, 1, -1, -1])
    >>> at.backward(4.0)
    array([ 0., -1.,  1.,  0.])
    """
    v = checked("binary_hinge", "values", values, 1)
    not_empty("binary_hinge", "values", v.size)
    positive = _positive(signs, v.shape)
    level = number("binary_hinge", "margin", margin, v.dtype)
    wide = widened(v)
    lacking = level - np.where(positive, wide, -wide)
    loss = narrowed(mean(np.maximum(lacking, zero(v.dtype))), v.dtype)
    slopes = np.where(lacking > 0, np.where(positive, -1, 1), 0).astype(np.int8)
    return loss, BinaryHingeJacobian(slopes, v.dtype)


def _positive(signs: ArrayLike, shape: tuple[int, ...]) -> Array:
    s = np.asarray(signs)
    if s.shape != shape:
        raise ValueError(f"binary_hinge: signs must have shape {shape}, got {s.shape}")
    for found in s[(s != 1) & (s != -1)]:
        raise ValueError(f"binary_hinge: signs must be +1 or -1, got {found!r}; labels 0 and 1 become 2 * labels - 1")
    positive: Array = s == 1
    return positive


# What all losses ask of their arguments, and how they average.
