"""The Lipschitz constant that a network's weights guarantee: the product of its layers' norms.

The input may be measured in another norm than the layers after it: a network into (R^k, q-norm) whose first layer has
norm 1 from the p-norm to the q-norm, and later ones from the q-norm to itself, is 1-Lipschitz in the p-norm of its
input (after Anil et al. 2019, who take q = infinity).
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from refsort.certify.norms import operator_norm_bound
from refsort.certify.selection_norm import selection_norm_bound
from refsort.nets import Layer, LeakyReLU, Network, Parameters, Selection
from refsort.nets.activations import Activation
from refsort.ops.arrays import Array
from refsort.rounding import round_up


class LipschitzBound(NamedTuple):
    """An upper bound of a network's Lipschitz constant.

    Attributes
    ----------
    constant : float
        At least sup |f(x) - f(y)|_q / |x - y|_p.
    layers : tuple of float
        An upper bound of each layer's; their product, rounded up, is the constant.
    p, q : float
        The norm of the input, and the norm after every layer.
    """

    constant: float
    layers: tuple[float, ...]
    p: float
    q: float


def lipschitz_bound(network: Network, params: Parameters, p: float = 2, q: float | None = None) -> LipschitzBound:
    """Bound the Lipschitz constant of a folded network from the p-norm to the q-norm.

    The composition of k_l-Lipschitz maps is (k_1 ... k_L)-Lipschitz; a layer's constant is its weight's operator norm
    times that of its activation, which is 1 for sorting, ReLU, abs, CReLU and maxout. The first layer's norm is that
    from p to q, every later one's that from q to q.

    Parameters
    ----------
    network, params
        As returned by `Network.fold`: the weights that are used, with no weight map left to run. The bound is for
        these very numbers, floats or Fractions.
    p : {1, 2, inf}
        The norm of the input.
    q : {1, 2, inf}, optional
        The norm after every layer; p where it is not given. For p != q a first layer with a weight needs p = 1 or
        q = inf, since the other norms are NP-hard; a `Selection` has them all.

    Returns
    -------
    LipschitzBound
        A bound for the function that the weights define in exact arithmetic. The rounding errors of its evaluation are
        not a matter of its Lipschitz constant and are not covered. Where every norm is a double (selections, rows that
        add up to 1), their product is exact but for one rounding up.

    Raises
    ------
    ValueError
        For a network that is not folded, for weights that are not finite, and for norms that have no bound.

    Examples
    --------
    >>> import numpy as np
    >>> from refsort.nets import MaxMin
    >>> network = Network.dense([2, 2, 1], MaxMin())
    >>> params = [(np.array([[0.6, -0.8], [0.8, 0.6]]), np.zeros(2)), (np.array([[0.0, 3.0]]), np.zeros(1))]
    >>> bound = lipschitz_bound(network, params)
    >>> 3 <= bound.constant < 3 + 1e-7
    True

    The rows of the first weight have 2-norm 1 up to rounding, and 1-norm 1.4:

    >>> [round(lipschitz_bound(network, params, p, q=np.inf).constant, 7) for p in (2, np.inf)]
    [3.0, 4.2]
    """
    require_folded("lipschitz_bound", network)
    network.checked(params)
    q = p if q is None else q
    before = [p, *[q] * (len(network.layers) - 1)]
    layers = tuple(
        _layer_bound(layer, w, r, q) for layer, (w, _), r in zip(network.layers, params, before, strict=True)
    )
    if math.inf in layers:
        return LipschitzBound(0.0 if 0 in layers else math.inf, layers, p, q)
    return LipschitzBound(round_up(math.prod(map(Fraction, layers), start=Fraction(1))), layers, p, q)


def _layer_bound(layer: Layer | Selection, w: Array, p: float, q: float) -> float:
    bound = linear_bound(layer, w, p, q)
    return bound if bound == math.inf else round_up(Fraction(bound) * activation_bound(layer.activation))


def linear_bound(layer: Layer | Selection, w: Array, p: float, q: float) -> float:
    """An upper bound of the norm of a layer's linear map, its weight or its selection."""
    return selection_norm_bound(w, p, q) if isinstance(layer, Selection) else operator_norm_bound(w, p, q)


def activation_bound(activation: Activation, dtype: np.dtype[Any] | None = None) -> Fraction:
    """The Lipschitz constant of an activation in every p-norm: 1, unless a leaky ReLU has a steeper second slope.

    With a `dtype` it is that of the slope as rounded to it, which is the one that is used there.
    """
    if not isinstance(activation, LeakyReLU):
        return Fraction(1)
    slope = activation.slope if dtype is None else float(dtype.type(activation.slope))
    return max(Fraction(1), abs(Fraction(slope)))


def require_folded(name: str, network: Network) -> None:
    """Raise a ValueError for a network whose weights still pass through weight maps."""
    if Network(tuple(layer.folded() for layer in network.layers)) != network:
        raise ValueError(f"{name}: the network still has weight maps; pass network.fold(params)")
