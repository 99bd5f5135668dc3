"""Certified radii of the network that runs: in floating point, for every input of floats within the radius.

Guarantee. Let r be the radius of an input x with label t, in the p-norm. For every x' of finite floats of the dtype of
x with |x' - x|_p < r, in exact arithmetic: evaluated in that dtype, under the model of `refsort.certify.evaluation`, at
any batch size and in any order of summation, the logit t of x' is strictly the largest, and nothing overflows.

Argument. With y and y' the computed logits of x and x', ``y'_t - y'_j >= (y_t - y_j) - |(y' - y)_t - (y' - y)_j|``, for
floats compare as the numbers that they are. Let D = offset + slope |x' - x|_p bound how far the features before the
last layer move in the q-norm, and D_L how far the logits do (`refsort.certify.movement`). The last term is at most

    joint      |e_t - e_j|_q* D_L,  which is sqrt(2) D_L for q = 2 and 2 D_L for q = inf;
    per logit  the sum of what y_t and y_j move,  (1 + gamma) |w_i|_q* D + 2 (gamma (|w_i| |g| + |b_i|) + eta)  for i;
    per pair   (|w_t - w_j|_q* + gamma (|w_t|_q* + |w_j|_q*)) D, and the same roundings of both.

The last two are for logits ``W g + b``. All three are ``offset + slope |x' - x|_p`` again, and y'_t > y'_j where that
is less than y_t - y_j: at every distance below (y_t - y_j - offset) / slope. Every step is rounded outward.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from refsort.certify.directed import DUAL, down, row_norms_up, sum_slack, up
from refsort.certify.evaluation import affine_last
from refsort.certify.margins import margins, share_above
from refsort.certify.movement import Movement, least_distance, movements
from refsort.certify.norms import sqrt_up
from refsort.nets import Network, Parameters
from refsort.ops.arrays import Array
from refsort.rounding import round_up

_APART = {1: 1.0, 2: sqrt_up(Fraction(2)), math.inf: 2.0}  # |e_t - e_j|_q*, rounded up


class Radii(NamedTuple):
    """Radii around each input, in the p-norm, (n,) each; 0 where the prediction is wrong, tied or not certain.

    Attributes
    ----------
    radius : ndarray of float64
        The largest of the three that follow.
    joint, per_logit, per_pair : ndarray of float64
        Sound. The last two are 0 for a last layer that is not affine; where it is, `per_pair`
        is the largest, up to roundings.
    naive : ndarray
        **Not sound**: what is published, in the dtype of the logits. The constant is taken as 1 and rounding does not
        occur: the margin over sqrt(2) for q = 2, over 2 for q = inf, over 1 for q = 1.
    logits : ndarray, (n, k)
        As computed at the inputs.
    """

    radius: Array
    joint: Array
    per_logit: Array
    per_pair: Array
    naive: Array
    logits: Array


def sound_radius(
    network: Network, params: Parameters, x: ArrayLike, labels: ArrayLike, p: float = 2, q: float | None = None
) -> Radii:
    """The largest radii that the weights' norms and the rounding errors of the evaluation support.

    Parameters
    ----------
    network, params
        As `Network.fold` returns them, in float16, float32 or float64: the dtype in which the network is to run.
    x : array_like, (n, d_in)
        In the same dtype. Taken as the numbers that they are.
    labels : array_like of int, (n,)
        The classes that must be predicted, in 0 ... k - 1, k >= 2.
    p : {1, 2, inf}
        The norm of the radii.
    q : {1, 2, inf}, optional
        The norm between the layers; p where it is not given. As in `lipschitz_bound`.

    Returns
    -------
    Radii
        In the unit of x. Beyond 1e300 where the logits are constant in float64.

    Raises
    ------
    TypeError, ValueError
        As in `evaluation_error` and `margins`; for pairs (p, q) and weights that have no finite norm bound.

    Notes
    -----
    The cost of one more evaluation, in float64, and of the layers' norms; memory for some six times the features of the
    widest layer in float64.

    Examples
    --------
    x -> (x + 1/4, -x - 1/4) is tied at -1/4, a distance of 1 from 3/4. Float16 gives up a little of it:

    >>> from refsort.nets import Layer
    >>> network = Network((Layer(1, 2),))
    >>> params = [(np.array([[1.0], [-1.0]]), np.array([0.25, -0.25]))]
    >>> bool(1 - 1e-14 < sound_radius(network, params, np.array([[0.75]]), [0]).radius[0] < 1)
    True
    >>> half = [(w.astype(np.float16), b.astype(np.float16)) for w, b in params]
    >>> sound_radius(network, half, np.array([[0.75]], np.float16), [0]).radius.round(3)
    array([0.996])
    """
    q = p if q is None else q
    x = np.asarray(x)
    for last in movements(network, params, x, p, q):  # noqa: B007 - the last layer's is what is used
        pass
    logits = last.run.h
    margin = margins(logits, labels)
    t = np.asarray(labels)
    with np.errstate(over="ignore", invalid="ignore"):
        slope = math.nextafter(_APART[q] * last.slope_after, math.inf)
        joint = least_distance(margin, up(_APART[q] * last.offset_after), slope)
    per_logit = per_pair = np.full(len(x), -np.inf)
    if affine_last(network):
        per_logit, per_pair = _by_rows(params[-1][0].astype(np.float64), t, last)
    joint, per_logit, per_pair = (np.maximum(np.minimum(r, last.room), 0) for r in (joint, per_logit, per_pair))
    best = np.maximum(joint, np.maximum(per_logit, per_pair))
    return Radii(best, joint, per_logit, per_pair, _naive(logits, t, q), logits)


def sound_accuracy(
    network: Network,
    params: Parameters,
    x: ArrayLike,
    labels: ArrayLike,
    radii: ArrayLike,
    p: float = 2,
    q: float | None = None,
) -> Array:
    """The share of inputs that the network, as it runs, classifies rightly at every distance up to each of the `radii`.

    At radius 0 it is the share of those that every evaluation classifies rightly. Parameters and errors are those of
    `sound_radius` and, for the radii, of `certified_accuracy`. Where the radii are at hand: `share_above`.
    """
    return share_above(sound_radius(network, params, x, labels, p, q).radius, radii)


def _by_rows(w: Array, labels: Array, last: Movement) -> tuple[Array, Array]:
    """The radii per logit and per pair, from the rows of the last weight."""
    y, relative = last.run.h.astype(np.float64), last.run.relative
    radii = np.empty((2, len(y)))
    with np.errstate(over="ignore", invalid="ignore"):
        rounded = up(up(last.run.sizes * round_up(relative)) + round_up(last.run.absolute))
        norms = row_norms_up(w, DUAL[last.q])
        for t in np.unique(labels):
            rows = labels == t
            others = np.arange(len(w)) != t
            gap = down(y[rows, t][:, None] - y[np.ix_(rows, others)])
            both = 2 * up(rounded[rows, t][:, None] + rounded[np.ix_(rows, others)])
            lengths = up(norms[t] + norms[others])
            # the subtraction rounds once, relative to its result
            apart = up(row_norms_up(w[t] - w[others], DUAL[last.q]) * sum_slack(1))
            factors = up(lengths * round_up(1 + relative)), up(apart + up(lengths * round_up(relative)))
            for kind, factor in enumerate(factors):
                offset = up(up(np.outer(last.offset[rows], factor)) + both)
                radii[kind, rows] = np.min(least_distance(gap, offset, up(factor * last.slope)), axis=1)
    return radii[0], radii[1]


def _naive(logits: Array, labels: Array, q: float) -> Array:
    """The margin over the divisor, each operation rounded to nearest in the dtype of the logits."""
    rows = np.arange(len(logits))
    others = logits.copy()
    others[rows, labels] = -np.inf
    with np.errstate(over="ignore"):
        margin = logits[rows, labels] - np.max(others, axis=1)
        divisor = logits.dtype.type({1: 1.0, 2: math.sqrt(2), math.inf: 2.0}[q])
        result: Array = np.maximum(margin / divisor, logits.dtype.type(0))
    return result
