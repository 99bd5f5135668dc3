"""Cross-entropy with a temperature and a margin, for networks whose Lipschitz constant is fixed.

    cross_entropy(y, t) = mean_i -log softmax(z_i)[t_i],    z_i = temperature * (y_i - margin * onehot(t_i)).

A network of fixed Lipschitz constant cannot lower the loss by scaling its logits up. The temperature does that instead
and decides between accuracy (large) and margin (small), after Bethune et al. (2022); the margin offset keeps pushing
samples that are already right, until they are right by `margin` (Prach and Lampert 2022).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from refsort.ops.arrays import Array, checked, number
from refsort.ops.batch import class_labels, direction, mean, narrowed, shared_out, widened


class CrossEntropyJacobian(NamedTuple):
    """The Jacobian of `cross_entropy` at the logits.

    Attributes
    ----------
    residual : ndarray, shape (n, k)
        ``softmax(z) - onehot(t)``; as large as the logits (float32 for float16 logits). Its rows sum to 0.
    temperature : scalar
        Of the dtype of the residual.
    dtype : dtype
        Of the logits, and so of the gradient.
    """

    residual: Array
    temperature: Any
    dtype: np.dtype[Any]

    def backward(self, y_bar: Any) -> Array:
        """``logits_bar = y_bar temperature residual / n``."""
        share = shared_out("cross_entropy", y_bar, len(self.residual), self.dtype)
        logits_bar: Array = self.residual * (self.temperature * share)
        return logits_bar.astype(self.dtype, copy=False)

    def tangent(self, logits_dot: ArrayLike) -> Any:
        """``y_dot = temperature mean_i sum_j residual[i, j] dot[i, j]``."""
        dot = direction("cross_entropy", "logits_dot", logits_dot, self.residual.shape, self.dtype)
        return narrowed(self.temperature * mean(np.sum(self.residual * dot, axis=1)), self.dtype)


def cross_entropy(logits: ArrayLike, labels: ArrayLike, temperature: Any = 1.0, margin: Any = 0.0) -> Any:
    """Average over the batch the negative log-probability of the true class.

    Defined by ``mean_i log sum_j exp(z[i, j]) - z[i, t_i]`` with ``z = temperature * (y - margin * onehot(t))``: the
    offset lowers the true logit by `margin` before the softmax. The temperature multiplies; many libraries divide.

    Parameters
    ----------
    logits : array_like, shape (n, k), n >= 1, k >= 2
        float16, float32, float64 or longdouble.
    labels : array_like of integers, shape (n,)
        The true classes, 0 to k - 1.
    temperature : real
        Positive and finite, in the inverse unit of the logits.
    margin : real
        Finite, in the unit of the logits. Like the temperature it is rounded to the dtype of the logits (float32 for
        float16).

    Returns
    -------
    scalar of the dtype of logits
        In nats; in float16 computed in float32 and rounded once. A NaN or +inf logit makes it NaN; -inf is a class of
        probability 0, and makes the loss +inf where it is the true one.

    Raises
    ------
    TypeError
        For logits that are no floats, labels that are no integers, a temperature or margin that is no real number.
    ValueError
        For an empty batch, fewer than two classes, shapes that do not match, labels out of range, a temperature that is
        not positive.

    See Also
    --------
    cross_entropy_forward : the value together with the gradient.

    Notes
    -----
    O(n k) operations and exponentials. With the largest entry m of z taken out, ``log sum exp(z) - z_t`` is
    ``log1p(sum over j != m of exp(z_j - z_m)) + (z_m - z_t)``: nothing overflows unless the loss does, and as a sum of
    non-negative terms it keeps its *relative* accuracy, tiny losses of well classified samples included. With u the
    unit roundoff and D the largest ``z_m - z_j`` whose exponential is a normal number (D < 709 in float64, < 88 in
    float32; what lies below adds an absolute error of the size of the subnormals), the relative error of a sample's
    loss is below ``(2 D + k + 8) u``, plus ``1.5 u temperature |y_t - margin|`` where the margin is not 0; temperature
    and margin are taken as rounded to the dtype. Averaging adds the error of a pairwise sum.

    References
    ----------
    .. [1] L. Bethune, T. Boissin, M. Serrurier, F. Mamalet, C. Friedrich, A. Gonzalez-Sanz, "Pay attention to your
       loss: understanding misconceptions about 1-Lipschitz neural networks", NeurIPS 2022, arXiv 2104.05097.
    .. [2] B. Prach, C. Lampert, "Almost-orthogonal layers for efficient general-purpose Lipschitz networks", ECCV 2022,
       arXiv 2208.03160.

    Examples
    --------
    Equal logits cost log k, and a margin of log 3 makes the true class three times less likely than the other:

    >>> import numpy as np
    >>> np.exp(cross_entropy(np.zeros((1, 5)), [2])).round(12)
    np.float64(5.0)
    >>> np.exp(cross_entropy(np.zeros((1, 2)), [0], margin=np.log(3))).round(12)
    np.float64(4.0)
    """
    return cross_entropy_forward(logits, labels, temperature, margin)[0]


def cross_entropy_forward(
    logits: ArrayLike, labels: ArrayLike, temperature: Any = 1.0, margin: Any = 0.0
) -> tuple[Any, CrossEntropyJacobian]:
    """`cross_entropy` and its Jacobian at the logits, which exists everywhere.

    Parameters and errors are those of `cross_entropy`. The residual at the true class is minus the sum of the others,
    not ``softmax - 1``, which would cancel where the sample is well classified.

    Returns
    -------
    loss : scalar of the dtype of logits
    at : CrossEntropyJacobian
        ``at.backward(y_bar)`` takes the scalar cotangent of the loss and gives ``logits_bar``; labels have none.

    Examples
    --------
    >>> import numpy as np
    >>> loss, at = cross_entropy_forward(np.zeros((1, 4)), [1], temperature=2.0)
    >>> at.backward(2.0)
    array([[ 1., -3.,  1.,  1.]])
    """
    y = checked("cross_entropy", "logits", logits, 2)
    t = class_labels("cross_entropy", labels, y.shape)
    wide = widened(y)
    beta = number("cross_entropy", "temperature", temperature, wide.dtype)
    if not beta > 0:
        raise ValueError(f"cross_entropy: temperature must be positive, got {temperature!r}")
    offset = number("cross_entropy", "margin", margin, wide.dtype)
    below, top = _below_the_largest(wide, t, beta, offset)
    weights = np.exp(below)
    rows = np.arange(len(t))
    weights[rows, top] = 0
    rest = weights.sum(axis=1)  # the exponentials of all but the largest, whose own is 1
    losses = np.log1p(rest) - below[rows, t]
    weights[rows, top] = 1
    return narrowed(mean(losses), y.dtype), CrossEntropyJacobian(_residual(weights, rest, t), beta, y.dtype)


def _below_the_largest(y: Array, t: Array, temperature: Any, margin: Any) -> tuple[Array, Array]:
    """``z - max(z)`` for each row, at most 0, and where the largest stands."""
    rows = np.arange(len(t))
    z = y.copy()
    z[rows, t] -= margin
    top = np.argmax(z, axis=1)
    with np.errstate(over="ignore"):  # -inf is right: its exponential is 0; at the true class the loss is out of range
        return temperature * (z - z[rows, top][:, None]), top


def _residual(weights: Array, rest: Array, t: Array) -> Array:
    residual: Array = weights / (1 + rest)[:, None]
    true = (np.arange(len(t)), t)
    residual[true] = 0
    residual[true] = -residual.sum(axis=1)
    return residual
