"""What a Lipschitz constant says about a classifier: how far an input may move before its class can change."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike

from refsort.ops.arrays import Array
from refsort.rounding import round_down


def margins(logits: ArrayLike, labels: ArrayLike) -> Array:
    """The lead of the true class, ``y_t - max_{i != t} y_i``; positive exactly where the prediction is right.

    Parameters
    ----------
    logits : array_like, (n, k)
        float16, float32 or float64; k >= 2.
    labels : array_like of int, (n,)
        Classes in 0 ... k - 1.

    Returns
    -------
    ndarray of float64, (n,)
        The difference of the two logits, rounded down. NaN where a logit of the row is NaN.

    Raises
    ------
    TypeError, ValueError
        For logits or labels that are not as above.

    Examples
    --------
    >>> margins([[3.0, 1.0, 0.0], [3.0, 1.0, 0.0]], [0, 1])
    array([ 2., -2.])
    """
    y, t = _checked(logits, labels)
    rows = np.arange(len(y))
    others = y.copy()
    others[rows, t] = -np.inf
    true, other = y[rows, t], np.max(others, axis=1)
    with np.errstate(invalid="ignore"):
        difference = true - other
        # Knuth's two-sum: the exact error of the subtraction; where the rounded difference is too large, step down
        back = true - difference
        error = (true - (difference + back)) + (back - other)
    result: Array = np.where(error < 0, np.nextafter(difference, -np.inf), difference)
    return result


def certified_radius(logits: ArrayLike, labels: ArrayLike, lipschitz: float, p: float = 2) -> Array:
    """How far each input can move, in the norm that `lipschitz` is about, without changing the predicted class.

    For a K-Lipschitz map into (R^k, p-norm) a difference of two logits is 2^((p-1)/p) K-Lipschitz, so the prediction
    stays the same at every distance *below* ``m / (2^((p-1)/p) K)``, m the margin: ``m / (sqrt(2) K)`` for p = 2, and
    ``m / (2 K)`` for p = inf, which also is the case of logits that are K-Lipschitz one by one. Both are tight.

    Parameters
    ----------
    logits, labels
        As in `margins`.
    lipschitz : float
        K > 0, finite: an upper bound, such as `lipschitz_bound` gives. An estimate from below certifies nothing.
    p : float
        The norm of the logits' space, 1 <= p <= inf.

    Returns
    -------
    ndarray of float64, (n,)
        Rounded down; 0 where the prediction is wrong or tied. In the unit of the inputs.

    Raises
    ------
    TypeError, ValueError
        For K or p out of range; for logits that are not finite: nothing is certified by accident.

    Notes
    -----
    The logits are taken as exact. What rounding does to the network's evaluation is not covered here.

    Examples
    --------
    >>> certified_radius([[3.0, 1.0]], [0], lipschitz=2.0, p=np.inf)
    array([0.5])
    """
    if not (math.isfinite(lipschitz) and lipschitz > 0):
        raise ValueError(f"certified_radius: the Lipschitz constant must be positive and finite, got {lipschitz!r}")
    if not p >= 1:
        raise ValueError(f"certified_radius: p must be at least 1, got {p!r}")
    m = margins(logits, labels)
    if not np.all(np.isfinite(m)):
        raise ValueError(f"certified_radius: {np.count_nonzero(~np.isfinite(m))} rows of logits are not finite")
    exponent = 1.0 if p == math.inf else (p - 1) / p
    # exact for exponents 0 and 1; else pow errs by at most two units in the last place, and three steps cover it
    factor = 2.0**exponent if exponent in (0.0, 1.0) else 2.0**exponent * (1 + 3 * 2.0**-52)
    divisor = Fraction(factor) * Fraction(lipschitz)
    return np.array([round_down(Fraction(v) / divisor) for v in np.maximum(m, 0).tolist()])


def certified_accuracy(logits: ArrayLike, labels: ArrayLike, lipschitz: float, radii: ArrayLike, p: float = 2) -> Array:
    """The share of inputs that are classified rightly, and stay so at every distance up to each of the `radii`.

    Parameters
    ----------
    logits, labels, lipschitz, p
        As in `certified_radius`.
    radii : array_like, (r,)
        Not negative. Radius 0 asks for a right prediction alone: the clean accuracy.

    Returns
    -------
    ndarray of float64, (r,)
        The share of inputs whose certified radius is *above* the radius.

    Raises
    ------
    ValueError
        For negative or NaN radii and an empty batch.

    Examples
    --------
    >>> certified_accuracy([[3.0, 1.0], [0.0, 1.0]], [0, 0], 1.0, [0.0, 1.4, 1.5])
    array([0.5, 0.5, 0. ])
    """
    return share_above(certified_radius(logits, labels, lipschitz, p), radii)


def share_above(radius: Array, radii: ArrayLike) -> Array:
    """The share of inputs whose certified `radius` (n,) is above each of the `radii` (r,).

    Examples
    --------
    >>> share_above(np.array([0.0, 1.0, 2.0, 3.0]), [0.0, 2.0])
    array([0.75, 0.25])
    """
    wanted = np.asarray(radii, dtype=np.float64)
    if wanted.ndim != 1 or not np.all(wanted >= 0):
        raise ValueError(f"certified accuracy: radii must be a list of numbers that are not negative, got {radii!r}")
    if radius.size == 0:
        raise ValueError("certified accuracy: no inputs, so there is no share of them")
    shares: Array = np.mean(radius[None, :] > wanted[:, None], axis=1)
    return shares


def _checked(logits: ArrayLike, labels: ArrayLike) -> tuple[Array, Array]:
    y, t = np.asarray(logits), np.asarray(labels)
    if y.dtype.type not in (np.float16, np.float32, np.float64):
        raise TypeError(f"margins: logits have dtype {y.dtype}; pass float16, float32 or float64")
    if y.ndim != 2 or y.shape[1] < 2:
        raise ValueError(f"margins: logits must be (n, k) with k >= 2 classes, got shape {y.shape}")
    if not np.issubdtype(t.dtype, np.integer):
        raise TypeError(f"margins: labels have dtype {t.dtype}; pass integers")
    if t.shape != (len(y),):
        raise ValueError(f"margins: {len(y)} rows of logits need as many labels, got shape {t.shape}")
    if t.size and not (np.min(t) >= 0 and np.max(t) < y.shape[1]):
        raise ValueError(f"margins: labels must lie in 0 ... {y.shape[1] - 1}, got {np.min(t)} ... {np.max(t)}")
    return y.astype(np.float64), t
