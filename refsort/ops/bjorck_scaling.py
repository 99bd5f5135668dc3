"""Scalings that bring a weight into the basin of the Bjorck iteration: divide by an upper bound of the spectral norm.

The polar factor of w / s is that of w, so a converged iteration does not see the scale; K steps do, and the derivative
is taken through s as well.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from refsort.ops.arrays import Array, checked
from refsort.ops.quotient import QuotientJacobian

RULES = ("schur", "frobenius", "size")


def bjorck_scaling(w: ArrayLike, rule: str = "schur") -> Array:
    """w divided by an upper bound s(w) of its spectral norm, so that all singular values lie in [0, 1].

    ============  =============================  =======================================================
    rule          s(w)                           safe
    ============  =============================  =======================================================
    "schur"       sqrt(||W||_1 ||W||_inf)        always (Schur's test: the interpolation between 1 and inf)
    "frobenius"   ||W||_F                        always; at most sqrt(rank) too large
    "size"        sqrt(rows * columns)           only where all abs(w_ij) <= 1: the paper code's choice
    ============  =============================  =======================================================

    Parameters
    ----------
    w : array_like, (m, n)
        float16, float32, float64 or longdouble.
    rule : str
        One of the above.

    Returns
    -------
    ndarray, (m, n)
        ``w / s(w)``. For "schur" and "frobenius" invariant to the scale of w. The bounds hold in exact arithmetic;
        in floating point the spectral norm of the result may exceed 1 by rounding, some (m + n) units roundoff.

    Raises
    ------
    ValueError
        For a zero or empty w (nothing to scale), a non-finite w, an unknown rule, and for "size" with an entry above 1.

    See Also
    --------
    bjorck_scaling_forward : with the derivative. ||W||_F is differentiable for w != 0; ||W||_1 and ||W||_inf have kinks
        where the largest sum is attained twice (the first is used) and at zero entries in it (derivative 0 is used).

    Notes
    -----
    O(m n).

    Examples
    --------
    >>> import numpy as np
    >>> w = np.array([[3.0, -4.0], [0.0, 5.0], [1.0, 1.0]])
    >>> [bool(np.linalg.norm(bjorck_scaling(w, rule), 2) <= 1) for rule in ("schur", "frobenius")]
    [True, True]
    """
    return bjorck_scaling_forward(w, rule)[0]


def bjorck_scaling_forward(w: ArrayLike, rule: str = "schur") -> tuple[Array, QuotientJacobian]:
    """`bjorck_scaling` and its Jacobian at w.

    Examples
    --------
    The result does not change along w itself:

    >>> import numpy as np
    >>> w = np.array([[3.0, -4.0], [0.0, 5.0]])
    >>> y, at = bjorck_scaling_forward(w)
    >>> bool(np.max(np.abs(at.tangent(w))) < 1e-15)
    True
    """
    w, exponent = _checked(w, rule)
    scale = _scale(w, rule, exponent)
    y: Array = w / scale
    # s is homogeneous of degree 1, so its gradient is the same at 2^-e w; only the scale itself carries the 2^e
    return y, QuotientJacobian(y, np.ldexp(scale, exponent), _gradient(w, scale, rule))


def _scale(w: Array, rule: str, exponent: int) -> Any:
    if rule == "size":
        return np.ldexp(w.dtype.type(np.sqrt(w.size)), -exponent)
    if rule == "frobenius":
        return np.sqrt(np.sum(w * w))
    return np.sqrt(np.max(np.sum(np.abs(w), axis=0))) * np.sqrt(np.max(np.sum(np.abs(w), axis=1)))


def _gradient(w: Array, scale: Any, rule: str) -> Array:
    gradient: Array = np.zeros_like(w)
    if rule == "frobenius":
        gradient = w / scale
    if rule != "schur":
        return gradient
    columns, rows = np.sum(np.abs(w), axis=0), np.sum(np.abs(w), axis=1)
    j, i = int(np.argmax(columns)), int(np.argmax(rows))
    # d sqrt(a b) = sqrt(a b) / 2 (da / a + db / b); a is the sum of |w| over column j, b over row i
    gradient[:, j] += scale / 2 / columns[j] * np.sign(w[:, j])
    gradient[i, :] += scale / 2 / rows[i] * np.sign(w[i, :])
    return gradient


def _checked(w: ArrayLike, rule: str) -> tuple[Array, int]:
    """w brought to entries below 1 by a power of two, which is exact and keeps sums and squares in range."""
    w = checked("bjorck_scaling", "w", w, ndim=2)
    if rule not in RULES:
        raise ValueError(f"bjorck_scaling: rule must be one of {', '.join(RULES)}, got {rule!r}")
    largest = np.max(np.abs(w), initial=0)
    if not (np.isfinite(largest) and largest > 0):
        raise ValueError(f"bjorck_scaling: needs a finite w other than zero, and its largest entry is {largest}")
    if rule == "size" and largest > 1:
        raise ValueError(
            f"bjorck_scaling: sqrt(rows * columns) bounds the spectral norm only where all |w_ij| <= 1, and the "
            f"largest is {largest}; use rule='schur'"
        )
    exponent = int(np.frexp(largest)[1])
    return np.ldexp(w, -exponent), exponent
