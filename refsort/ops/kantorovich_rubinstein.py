"""Kantorovich-Rubinstein losses of a critic: the dual of the Wasserstein distance, and its hinge-regularised form.

    kantorovich_rubinstein(p, q)       = mean(p) - mean(q),
    hinge_kantorovich_rubinstein(p, q) = -kantorovich_rubinstein(p, q) + alpha * hinge,

p and q the critic's values on samples of two distributions P and Q, hinge the mean of ``max(0, margin - s v)`` over
both samples together, s = +1 on P and -1 on Q. Over all 1-Lipschitz critics the first has the supremum W_1(P, Q), which
a critic estimates from below; the second is minimised to classify with a margin (Serrurier et al. 2021).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from refsort.ops.arrays import Array, checked, like, number, same_dtype
from refsort.ops.batch import direction, mean, narrowed, not_empty, shared_out, widened
from refsort.ops.hinge import BinaryHingeJacobian, binary_hinge_forward


class KantorovichRubinsteinJacobian(NamedTuple):
    """The Jacobian of `kantorovich_rubinstein`, which is linear: only the sizes of the samples matter.

    Attributes
    ----------
    n, m : int
        The number of values on P and on Q.
    dtype : dtype
        Of the values, and so of the gradients.
    """

    n: int
    m: int
    dtype: np.dtype[Any]

    def backward(self, y_bar: Any) -> tuple[Array, Array]:
        """``(p_bar, q_bar) = (y_bar / n, -y_bar / m)``, constant in each sample."""
        p_share = shared_out("kantorovich_rubinstein", y_bar, self.n, self.dtype)
        q_share = shared_out("kantorovich_rubinstein", y_bar, self.m, self.dtype)
        return np.full(self.n, p_share, self.dtype), np.full(self.m, -q_share, self.dtype)

    def tangent(self, p_dot: ArrayLike, q_dot: ArrayLike) -> Any:
        """``y_dot = mean(p_dot) - mean(q_dot)``: the map itself."""
        p_dot = direction("kantorovich_rubinstein", "p_dot", p_dot, (self.n,), self.dtype)
        q_dot = direction("kantorovich_rubinstein", "q_dot", q_dot, (self.m,), self.dtype)
        return narrowed(mean(p_dot) - mean(q_dot), self.dtype)


class HingeKantorovichRubinsteinJacobian(NamedTuple):
    """The Jacobian of `hinge_kantorovich_rubinstein`: minus the one of the linear part, plus alpha times the hinge's.

    Attributes
    ----------
    kr : KantorovichRubinsteinJacobian
    hinge : BinaryHingeJacobian
        Over the n values on P and then the m on Q; 1 byte a value.
    alpha : scalar of the dtype of the values
    """

    kr: KantorovichRubinsteinJacobian
    hinge: BinaryHingeJacobian
    alpha: Any

    def backward(self, y_bar: Any) -> tuple[Array, Array]:
        """``y_bar`` times ``-1/n - alpha o_i / (n + m)`` on P and ``1/m + alpha o_i / (n + m)`` on Q, o = 1 or 0."""
        y_bar = number("hinge_kantorovich_rubinstein", "y_bar", y_bar, self.kr.dtype, finite=False)
        p_bar, q_bar = self.kr.backward(-y_bar)
        hinge_bar = self.hinge.backward(self.alpha * y_bar)
        return p_bar + hinge_bar[: self.kr.n], q_bar + hinge_bar[self.kr.n :]

    def tangent(self, p_dot: ArrayLike, q_dot: ArrayLike) -> Any:
        """``y_dot = -(mean(p_dot) - mean(q_dot)) + alpha hinge_dot``."""
        p_dot = like("hinge_kantorovich_rubinstein", "p_dot", p_dot, (self.kr.n,))
        q_dot = like("hinge_kantorovich_rubinstein", "q_dot", q_dot, (self.kr.m,))
        return -self.kr.tangent(p_dot, q_dot) + self.alpha * self.hinge.tangent(np.concatenate([p_dot, q_dot]))


def kantorovich_rubinstein(p_values: ArrayLike, q_values: ArrayLike) -> Any:
    """Subtract the mean of a critic's values on Q from the mean of its values on P.

    For every 1-Lipschitz critic this is at most the Wasserstein distance W_1 of the two samples. To be maximised.

    Parameters
    ----------
    p_values : array_like, shape (n,), n >= 1
        The critic's values on the sample of P. Any dtype of `refsort.ops.DTYPES`, Fractions included.
    q_values : array_like, shape (m,), m >= 1
        Likewise on the sample of Q; the same dtype.

    Returns
    -------
    scalar of the dtype of the values
        In float16 computed in float32 and rounded once. The two means may cancel: the error is a small multiple of the
        unit roundoff times ``mean(|p|) + mean(|q|)``, not times the result. NaN and ``inf - inf`` give NaN.

    Raises
    ------
    TypeError
        For values that are no floats or Fractions, or that do not share one dtype.
    ValueError
        For an empty sample and for arrays that are not 1-d.

    See Also
    --------
    kantorovich_rubinstein_forward : the value together with the gradient, which is constant.

    Notes
    -----
    O(n + m), pairwise summation.

    References
    ----------
    .. [1] C. Anil, J. Lucas, R. Grosse, "Sorting out Lipschitz function approximation", ICML 2019, arXiv 1811.05381.

    Examples
    --------
    The critic -|x| tells the point 0 from the points -1 and 1, at distance 1:

    >>> import numpy as np
    >>> kantorovich_rubinstein(-np.abs([0.0]), -np.abs([-1.0, 1.0]))
    np.float64(1.0)
    """
    return kantorovich_rubinstein_forward(p_values, q_values)[0]


def kantorovich_rubinstein_forward(
    p_values: ArrayLike, q_values: ArrayLike
) -> tuple[Any, KantorovichRubinsteinJacobian]:
    """`kantorovich_rubinstein` and its Jacobian, which exists everywhere and is constant.

    Parameters and errors are those of `kantorovich_rubinstein`.

    Returns
    -------
    value : scalar of the dtype of the values
    at : KantorovichRubinsteinJacobian
        ``at.backward(y_bar)`` takes the scalar cotangent of the value and gives ``(p_bar, q_bar)``.

    Examples
    --------
    >>> import numpy as np
    >>> value, at = kantorovich_rubinstein_forward(np.array([1.0, 3.0]), np.array([1.0, 0.0, 0.0, 1.0]))
    >>> value, *at.backward(2.0)
    (np.float64(1.5), array([1., 1.]), array([-0.5, -0.5, -0.5, -0.5]))
    """
    p, q = _checked("kantorovich_rubinstein", p_values, q_values)
    value = narrowed(mean(widened(p)) - mean(widened(q)), p.dtype)
    return value, KantorovichRubinsteinJacobian(p.size, q.size, p.dtype)


def hinge_kantorovich_rubinstein(p_values: ArrayLike, q_values: ArrayLike, margin: Any = 1, alpha: Any = 10) -> Any:
    """Trade the Kantorovich-Rubinstein value against a hinge that asks for a margin on either side of zero.

    Defined by ``-(mean(p) - mean(q)) + alpha hinge`` with hinge the mean of ``max(0, margin - p_i)`` and
    ``max(0, margin + q_j)`` over all n + m values. To be minimised (Serrurier et al. 2021).

    Parameters
    ----------
    p_values, q_values : array_like, shapes (n,) and (m,), n, m >= 1
        As in `kantorovich_rubinstein`.
    margin : real
        Finite, in the unit of the values; for Fractions a Fraction or an int. Rounded to the dtype of the values.
    alpha : real
        Finite, dimensionless, likewise.

    Returns
    -------
    scalar of the dtype of the values
        The two parts are each rounded to the dtype and then combined in it.

    Raises
    ------
    TypeError, ValueError
        As in `kantorovich_rubinstein`, and for a margin or alpha that is no finite real number.

    See Also
    --------
    hinge_kantorovich_rubinstein_forward : the value together with the gradient.

    Notes
    -----
    O(n + m), pairwise summation.

    References
    ----------
    .. [1] M. Serrurier, F. Mamalet, A. Gonzalez-Sanz, T. Boissin, J.-M. Loubes, E. del Barrio, "Achieving robustness in
       classification using optimal transport with hinge regularization", CVPR 2021, arXiv 2006.06520.

    Examples
    --------
    >>> import numpy as np
    >>> p, q = np.array([2.0, 0.5]), np.array([-3.0, 0.25])
    >>> hinge_kantorovich_rubinstein(p, q, margin=1.0, alpha=8.0)  # -(1.25 + 1.375) + 8 * (0 + 0.5 + 0 + 1.25) / 4
    np.float64(0.875)
    """
    return hinge_kantorovich_rubinstein_forward(p_values, q_values, margin, alpha)[0]


def hinge_kantorovich_rubinstein_forward(
    p_values: ArrayLike, q_values: ArrayLike, margin: Any = 1, alpha: Any = 10
) -> tuple[Any, HingeKantorovichRubinsteinJacobian]:
    """`hinge_kantorovich_rubinstein` and its Jacobian at the values.

    Parameters and errors are those of `hinge_kantorovich_rubinstein`. The derivative exists where no value is exactly
    at its margin; there the hinge counts as closed.

    Returns
    -------
    value : scalar of the dtype of the values
    at : HingeKantorovichRubinsteinJacobian
        ``at.backward(y_bar)`` takes the scalar cotangent of the value and gives ``(p_bar, q_bar)``.

    Examples
    --------
    >>> import numpy as np
    >>> p, q = np.array([2.0, 0.5]), np.array([-3.0, 0.25])
    >>> value, at = hinge_kantorovich_rubinstein_forward(p, q, margin=1.0, alpha=8.0)
    >>> at.backward(1.0)
    (array([-0.5, -2.5]), array([0.5, 2.5]))
    """
    op = "hinge_kantorovich_rubinstein"
    p, q = _checked(op, p_values, q_values)
    margin, alpha = number(op, "margin", margin, p.dtype), number(op, "alpha", alpha, p.dtype)
    kr, kr_at = kantorovich_rubinstein_forward(p, q)
    signs = np.repeat([1, -1], [p.size, q.size])
    hinge, hinge_at = binary_hinge_forward(np.concatenate([p, q]), signs, margin)
    return -kr + alpha * hinge, HingeKantorovichRubinsteinJacobian(kr_at, hinge_at, alpha)


def _checked(op: str, p_values: ArrayLike, q_values: ArrayLike) -> tuple[Array, Array]:
    p, q = checked(op, "p_values", p_values, 1), checked(op, "q_values", q_values, 1)
    same_dtype(op, p_values=p, q_values=q)
    not_empty(op, "p_values", p.size)
    not_empty(op, "q_values", q.size)
    return p, q
