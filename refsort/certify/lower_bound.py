"""A lower bound of a network's Lipschitz constant, found by search and proved by two points."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from refsort.certify.directed import DUAL
from refsort.certify.evaluation import evaluation_error, require_finite
from refsort.certify.norms import sqrt_up
from refsort.nets import Network, NetworkJacobian, Parameters
from refsort.ops.arrays import Array
from refsort.rounding import round_down

_STEPS = 2.0 ** -np.arange(0, 24, 4)  # long steps leave the linear piece, short ones drown in rounding


class LowerBound(NamedTuple):
    """A quotient that the network attains, so that its constant is no smaller.

    Attributes
    ----------
    constant : float
        At most ``|f(y) - f(x)|_q / |y - x|_p``, rounding errors of f included; 0 where they hide everything.
    x, y : ndarray of float64, (d_in,)
        The two points.
    """

    constant: float
    x: Array
    y: Array


def lipschitz_lower_bound(
    network: Network,
    params: Parameters,
    x: ArrayLike,
    rng: np.random.Generator,
    p: float = 2,
    q: float | None = None,
    steps: int = 10,
) -> LowerBound:
    """Search, from the points in x, for the steepest chord of a folded network.

    Power iteration for the norm of the Jacobian J from the p-norm to the q-norm (Boyd 1974): v goes to the unit vector
    that maximises ``<J^T s, v>``, s a unit vector of the dual norm with ``<s, J v> = |J v|_q``. It runs at all points
    side by side; then each point moves to the end of the steepest chord found from it, and the search goes on there.
    Last, the steepest chord of all is judged: its length in rationals, its rise less the errors of both evaluations.

    Parameters
    ----------
    network, params
        As `Network.fold` returns them, in floats. Evaluated in float64, which holds the narrower formats' numbers.
    x : array_like, (n, d_in)
        Where to start, n >= 1; data, for a bound that says something about data.
    rng : numpy.random.Generator
        Draws the first directions.
    p, q : {1, 2, inf}
        The norms of input and logits; q is p where it is not given.
    steps : int
        Power iterations before each move, at least 1; three moves.

    Returns
    -------
    LowerBound
        The gap to `lipschitz_bound` is looseness of the product of norms, or of this search.

    Raises
    ------
    ValueError
        For no points, norms other than these, and as in `evaluation_error`.

    References
    ----------
    .. [1] D. W. Boyd, "The power method for l^p norms", Linear Algebra and its Applications 9, 1974.

    Examples
    --------
    >>> from refsort.nets import Layer
    >>> params = [(np.array([[3.0, 4.0]]), np.zeros(1))]
    >>> network, rng = Network((Layer(2, 1),)), np.random.default_rng(0)
    >>> [round(lipschitz_lower_bound(network, params, [[0.0, 0.0]], rng, p).constant, 9) for p in (1, 2, math.inf)]
    [4.0, 5.0, 7.0]
    """
    q = p if q is None else q
    if not {p, q} <= {1, 2, math.inf}:
        raise ValueError(f"lipschitz_lower_bound: p and q must be 1, 2 or math.inf, got {p!r} and {q!r}")
    params = network.cast(params, np.float64)
    points: Array = np.asarray(x, dtype=np.float64)
    require_finite("x", points)
    if points.ndim != 2 or not len(points) or steps < 1:
        raise ValueError(f"lipschitz_lower_bound: needs points (n, d_in) and steps, got {points.shape} and {steps!r}")
    # nearly what the proof at the end subtracts from a rise; away from the points, which may be 0 and without error
    around = points + _steepest(rng.standard_normal(points.shape), p)
    noise = 2 * np.max(np.linalg.norm(evaluation_error(network, params, around).entrywise, q, axis=1))
    steepest, best = -math.inf, (points[0], points[0])
    for _ in range(3):
        value, at = network.forward(params, points)
        v = _direction(at, _steepest(rng.standard_normal(points.shape), p), p, q, steps)
        ends: Array = points + _STEPS[:, None, None] * v
        rises = network.value(params, ends.reshape(-1, points.shape[1])).reshape(len(_STEPS), *value.shape) - value
        runs = np.linalg.norm(ends - points, p, axis=2)
        slopes = (np.linalg.norm(rises, q, axis=2) - noise) / np.where(runs > 0, runs, np.inf)
        k, i = np.unravel_index(np.argmax(slopes), slopes.shape)
        if slopes[k, i] > steepest:
            steepest, best = float(slopes[k, i]), (points[i].copy(), ends[k, i].copy())
        points = ends[np.argmax(slopes, axis=0), np.arange(len(points))]
    return LowerBound(_proved(network, params, *best, p, q), *best)


def _direction(at: NetworkJacobian, v: Array, p: float, q: float, steps: int) -> Array:
    for _ in range(steps):
        v = _steepest(at.backward_input(_steepest(at.tangent(v), DUAL[q])), p)
    return v


def _steepest(z: Array, p: float) -> Array:
    """The unit vectors of the p-norm along which ``<z, v>`` is greatest, one for each row of z."""
    if p == math.inf:
        return np.where(z < 0, -1.0, 1.0)
    if p == 2:
        length = np.linalg.norm(z, axis=1, keepdims=True)
        return z / np.where(length > 0, length, 1)
    v = np.zeros_like(z)
    rows, i = np.arange(len(z)), np.argmax(np.abs(z), axis=1)
    v[rows, i] = np.where(z[rows, i] < 0, -1.0, 1.0)
    return v


def _proved(network: Network, params: Parameters, x: Array, y: Array, p: float, q: float) -> float:
    """The quotient of the two points, rounded down, with the errors of both values subtracted entry by entry."""
    logits, errors, _ = evaluation_error(network, params, np.stack([x, y]))
    if not np.all(np.isfinite(errors)):
        return 0.0
    low = [
        max(abs(Fraction(b) - Fraction(a)) - Fraction(e) - Fraction(f), Fraction(0))
        for a, b, e, f in zip(*logits.tolist(), *errors.tolist(), strict=True)
    ]
    run = [abs(Fraction(b) - Fraction(a)) for a, b in zip(x.tolist(), y.tolist(), strict=True)]
    if not any(run) or not any(low):
        return 0.0
    return round_down(_lower(low, q) / _upper(run, p))


def _lower(v: list[Fraction], q: float) -> Fraction:
    if q != 2:
        return max(v) if q == math.inf else sum(v, Fraction(0))
    # s / sqrt_up(s) <= sqrt(s)
    square = sum((a * a for a in v), Fraction(0))
    return square / Fraction(sqrt_up(square))


def _upper(v: list[Fraction], p: float) -> Fraction:
    if p != 2:
        return max(v) if p == math.inf else sum(v, Fraction(0))
    return Fraction(sqrt_up(sum((a * a for a in v), Fraction(0))))
