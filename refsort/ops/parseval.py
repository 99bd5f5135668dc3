"""The Parseval step: one gradient step towards the matrices with orthonormal rows or columns."""

from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike

from refsort.ops.arrays import Array
from refsort.ops.bjorck import BjorckJacobian, bjorck, bjorck_forward


def parseval_step(w: ArrayLike, beta: Any = 0.5) -> Array:
    """``(1 + beta) W - beta W W^T W``, a step of length beta down the gradient of ``||W^T W - I||_F^2 / 4``.

    This is one Bjorck step of order 1 with that beta, which is how it is computed. Cisse et al. (2017) take it after
    each update of the optimiser with a small beta; it pulls singular values towards 1 and guarantees no bound.

    Parameters
    ----------
    w : array_like, (m, n)
        Any dtype of `refsort.ops.DTYPES`, Fractions included.
    beta : real
        Positive and finite. A singular value s keeps its sign where s^2 < 1 + 1 / beta.

    Returns
    -------
    ndarray, (m, n)

    Raises
    ------
    TypeError, ValueError
        As `refsort.ops.bjorck`.

    See Also
    --------
    parseval_step_forward : with the derivative, which exists everywhere.

    References
    ----------
    .. [1] M. Cisse, P. Bojanowski, E. Grave, Y. Dauphin, N. Usunier, "Parseval networks", ICML 2017, arXiv 1704.08847.

    Examples
    --------
    >>> import numpy as np
    >>> parseval_step(np.diag([0.5, 1.0]), beta=0.25)
    array([[0.59375, 0.     ],
           [0.     , 1.     ]])
    """
    return bjorck(w, 1, 1, beta=beta)


def parseval_step_forward(w: ArrayLike, beta: Any = 0.5) -> tuple[Array, BjorckJacobian]:
    """`parseval_step` and its Jacobian at w.

    Examples
    --------
    >>> import numpy as np
    >>> w, at = parseval_step_forward(np.eye(2), beta=0.5)
    >>> at.backward(np.eye(2))
    array([[0., 0.],
           [0., 0.]])
    """
    return bjorck_forward(w, 1, 1, beta=beta)
