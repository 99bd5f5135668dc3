"""The Lipschitz constant that a network's weights guarantee: the product of its layers' norms."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import NamedTuple

from refsort.certify.norms import operator_norm_bound
from refsort.nets import LeakyReLU, Network, Parameters
from refsort.nets.activations import Activation
from refsort.rounding import round_up


class LipschitzBound(NamedTuple):
    """An upper bound of a network's Lipschitz constant.

    Attributes
    ----------
    constant : float
        At least sup |f(x) - f(y)|_p / |x - y|_p.
    layers : tuple of float
        An upper bound of each layer's; their product, rounded up, is the constant.
    p : float
        The norm, before and after every layer.
    """

    constant: float
    layers: tuple[float, ...]
    p: float


def lipschitz_bound(network: Network, params: Parameters, p: float = 2) -> LipschitzBound:
    """Bound the Lipschitz constant of a folded network in the p-norm.

    The composition of k_l-Lipschitz maps is (k_1 ... k_L)-Lipschitz; a layer's constant is its weight's operator norm
    times that of its activation, which is 1 for every sorting activation, ReLU and abs.

    Parameters
    ----------
    network, params
        As returned by `Network.fold`: the weights that are used, with no weight map left to run. The bound is for
        these very numbers.
    p : {1, 2, inf}
        The norm before and after every layer.

    Returns
    -------
    LipschitzBound
        A bound for the function that the weights define in exact arithmetic. The rounding errors of its evaluation are
        not a matter of its Lipschitz constant and are not covered.

    Raises
    ------
    ValueError
        For a network that is not folded, and for weights that are not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from refsort.nets import MaxMin
    >>> network = Network.dense([2, 2, 1], MaxMin())
    >>> params = [(np.array([[0.6, -0.8], [0.8, 0.6]]), np.zeros(2)), (np.array([[0.0, 3.0]]), np.zeros(1))]
    >>> bound = lipschitz_bound(network, params)
    >>> 3 <= bound.constant < 3 + 1e-7
    True
    """
    if network.fold(params)[0] != network:
        raise ValueError("lipschitz_bound: the network still has weight maps; pass network.fold(params)")
    layers = tuple(
        round_up(Fraction(operator_norm_bound(w, p, p)) * _activation_bound(layer.activation))
        for layer, (w, _) in zip(network.layers, params, strict=True)
    )
    return LipschitzBound(round_up(math.prod(map(Fraction, layers), start=Fraction(1))), layers, p)


def _activation_bound(activation: Activation) -> Fraction:
    """The Lipschitz constant of an activation in every p-norm: 1, unless a leaky ReLU has a steeper second slope."""
    return max(Fraction(1), abs(Fraction(activation.slope))) if isinstance(activation, LeakyReLU) else Fraction(1)
