"""What a network proves about the Wasserstein distance of two samples.

A critic f with Lipschitz constant at most L in the ground metric gives, by Kantorovich and Rubinstein,

    W_1(P, Q) >= |E_P f - E_Q f| / L.

Here it is an inequality about the real numbers that weights and samples are: L is a sound bound, the errors of all
evaluations are subtracted, the means are summed to twice the precision, and the quotient is rounded down.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from refsort.certify import evaluation_error, lipschitz_bound
from refsort.nets import Network, Parameters
from refsort.ops.arrays import Array
from refsort.rounding import round_down
from refsort.transport.samples import METRICS, Measure, measures, require_metric
from refsort.transport.sums import Sum, dot

_OP = "critic_lower_bound"
_ROWS = 2048  # points that are evaluated at once
_MIDDLE = {1: (1, 2, math.inf), 2: (2, math.inf), math.inf: (math.inf,)}
_LARGEST = 2.0**900
STEEP = 0.99


class CriticBound(NamedTuple):
    """A lower bound of W_1 that a critic proves, and how near its gradients are to the ones of an optimal critic.

    Attributes
    ----------
    lower : float
        At most W_1 of the two samples; 0 where the critic proves nothing.
    difference : float
        ``E_P f - E_Q f`` as computed. Negative where -f is the critic.
    error : float
        A bound of the rounding error of the difference.
    lipschitz : float
        The sound bound L of the critic's Lipschitz constant from the ground metric.
    norm : {1, 2, inf}
        The norm after the layers for which L is smallest.
    gradients : ndarray of float64, (n + m,)
        The dual norms of the critic's gradients over L, at the points of x and then of y: at most 1 up to rounding. An
        optimal critic's gradient has norm 1 along the rays on which mass moves (Gulrajani et al. 2017).
    """

    lower: float
    difference: float
    error: float
    lipschitz: float
    norm: float
    gradients: Array

    @property
    def steep(self) -> float:
        """The share of points whose gradient has a norm above 0.99 L."""
        return float(np.mean(self.gradients > STEEP))


def critic_lower_bound(
    network: Network,
    params: Parameters,
    x: ArrayLike,
    y: ArrayLike,
    metric: str = "l2",
    a: ArrayLike | None = None,
    b: ArrayLike | None = None,
) -> CriticBound:
    """Bound W_1 of two weighted finite samples from below by a folded network with one output.

    Parameters
    ----------
    network, params
        As `Network.fold` returns them, in floats. Evaluated in float64, which holds the narrower formats' numbers.
    x, y, metric, a, b
        As in `wasserstein1`.

    Returns
    -------
    CriticBound

    Raises
    ------
    TypeError, ValueError
        As in `wasserstein1`; for a network with more than one output, of other inputs than the points, with weight maps
        or with numbers that are not finite.

    Notes
    -----
    Two evaluations and a backward pass, 2,048 points at a time: no matrix of distances. The norms after the layers are
    free, since all norms agree on one output: the smallest product of those that can be bounded is taken
    (`lipschitz_bound`).

    References
    ----------
    .. [1] I. Gulrajani, F. Ahmed, M. Arjovsky, V. Dumoulin, A. Courville, "Improved training of Wasserstein GANs",
       NeurIPS 2017, arXiv 1704.00028.

    Examples
    --------
    The critic 3 - 2 |x|, a product of norms 2, between 0 and the points -1 and 1, at distance 1:

    >>> from refsort.nets import MaxMin
    >>> network = Network.dense([1, 2, 1], MaxMin())
    >>> params = [(np.array([[1.0], [-1.0]]), np.zeros(2)), (np.array([[1.0, -1.0]]), np.array([3.0]))]
    >>> found = critic_lower_bound(network, params, [0.0], [-1.0, 1.0])
    >>> found.difference, found.lipschitz, 1 - 1e-14 < found.lower <= 1, found.steep
    (2.0, 2.0, True, 1.0)
    """
    require_metric(_OP, metric)
    p, q = measures(_OP, x, y, a, b)
    params = network.cast(params, np.float64)
    d_in, d_out = network.layers[0].d_in, network.layers[-1].features
    if d_out != 1:
        raise ValueError(f"{_OP}: a critic has one output, and the network has {d_out}")
    if d_in != p.points.shape[1]:
        raise ValueError(
            f"{_OP}: the network takes points of {d_in} dimensions, and the samples have {p.points.shape[1]}"
        )
    norm = METRICS[metric]
    constant, middle = min((lipschitz_bound(network, params, norm, r).constant, r) for r in _MIDDLE[norm])
    means = [_mean(network, params, side) for side in (p, q)]
    value, error = means[0].minus(means[1])
    proved = max(abs(value) - error, Fraction(0))
    return CriticBound(
        lower=round_down(proved / Fraction(constant)) if proved and 0 < constant < math.inf else 0.0,
        difference=float(value),
        error=float(error),
        lipschitz=constant,
        norm=middle,
        gradients=np.concatenate([_gradients(network, params, side.points, norm, constant) for side in (p, q)]),
    )


def _mean(network: Network, params: Parameters, side: Measure) -> Sum:
    """E f with a bound of its error, that of the evaluations included."""
    runs = [evaluation_error(network, params, block) for block in _blocks(side.points)]
    values = np.concatenate([run.logits[:, 0] for run in runs])
    errors = np.concatenate([run.entrywise[:, 0] for run in runs])
    if not np.all(np.isfinite(errors)):
        raise ValueError(f"{_OP}: nothing is certified: the rounding error of the critic has no finite bound")
    if np.max(np.abs(values)) > _LARGEST or np.max(errors) > _LARGEST:  # sums of them might overflow
        raise ValueError(f"{_OP}: nothing is certified: the critic has values up to {np.max(np.abs(values)):.3g}")
    value, wrong = dot(side.weights, values).times(side.scale), dot(side.weights, errors).times(side.scale)
    return Sum(value.value, value.error + wrong.value + wrong.error)


def _gradients(network: Network, params: Parameters, points: Array, p: float, constant: float) -> Array:
    dual = {1: math.inf, 2: 2, math.inf: 1}[p]
    norms = []
    for block in _blocks(points):
        _, at = network.forward(params, block)
        norms.append(np.linalg.norm(at.backward_input(np.ones((len(block), 1))), dual, axis=1))
    return np.concatenate(norms) / (constant or 1.0)


def _blocks(points: Array) -> list[Array]:
    return [points[i : i + _ROWS] for i in range(0, len(points), _ROWS)]
