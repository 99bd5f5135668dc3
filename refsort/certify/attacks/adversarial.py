"""Networks for which a certificate that leaves something out is wrong, each by what it leaves out.

The claim under test is that of published certificates: logits in float arithmetic, taken as exact, of a network taken
as 1-Lipschitz, so that ``margin / sqrt 2`` is a radius (`certified_radius(logits, labels, 1)`). Every network here has
weights with orthonormal rows up to what its weakness is. Its layers are as steep as they may be, everywhere for the
affine ones, so that the margin at the edge of that radius is zero but for the weakness.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from refsort.nets import Layer, MaxMin, Network, Parameters, orthonormal
from refsort.nets.activations import Activation, Identity
from refsort.ops.arrays import Array


class WeakSpot(NamedTuple):
    """A network that a naive certificate is wrong about, with inputs in [0, 1] and the classes computed for them.

    Attributes
    ----------
    name : str
        What the naive certificate leaves out.
    network, params
        Folded.
    x : ndarray, (n, d)
        In the dtype of the evaluation.
    labels : ndarray of int, (n,)
    """

    name: str
    network: Network
    params: Parameters
    x: Array
    labels: Array


def weak_spots(rng: np.random.Generator, n: int = 100) -> list[WeakSpot]:
    """All of the networks below, with n inputs each.

    Examples
    --------
    >>> [spot.name for spot in weak_spots(np.random.default_rng(0), 2)]
    ['norms above 1', 'rows that oppose each other', 'biases that cancel', 'half precision', 'a long chain in float32']
    """
    return [
        norms_above_one(rng, n),
        opposing_rows(rng, n),
        cancelling_biases(rng, n),
        chain("half precision", rng, n, np.float16, depth=2),
        chain("a long chain in float32", rng, n, np.float32, depth=24),
    ]


def boundary_inputs(network: Network, params: Parameters, x: ArrayLike, halvings: int = 12) -> WeakSpot:
    """Inputs next to the decision boundary of any network: on the segment from each x to one of another class.

    Where gradients keep their norm, as GroupSort after orthonormal weights has it, certificates are tight near the
    boundary: no kink comes between the input and the edge of its radius. A box keeps the attack from that edge where
    inputs have many entries at its bounds, as images do; the certificates speak of all points, so attack without one.

    Parameters
    ----------
    network, params
        Folded or not.
    x : array_like, (n, d)
        In the dtype of the parameters; of at least two computed classes.
    halvings : int
        How often the segment to the next input of another class is halved. The box that holds x holds the result too.

    Raises
    ------
    ValueError
        For inputs of a single class.

    Examples
    --------
    >>> network, params = Network((Layer(1, 2),)), [(np.array([[1.0], [-1.0]]), np.zeros(2))]
    >>> spot = boundary_inputs(network, params, [[1.0], [-1.5]], halvings=3)
    >>> spot.x.ravel(), spot.labels
    (array([ 0.0625, -0.25  ]), array([0, 1]))
    """
    network, params = network.fold(params)
    near = np.array(x)
    labels = np.argmax(network.value(params, near), axis=1)
    if np.all(labels == labels[:1]):
        raise ValueError(f"boundary_inputs: all {len(near)} inputs are of one class, so no boundary lies between them")
    partner = np.roll(np.arange(len(near)), -1)
    while np.any(same := labels[partner] == labels):
        partner = np.where(same, (partner + 1) % len(near), partner)
    far = near[partner]
    for _ in range(halvings):
        middle = near + (far - near) / 2
        stays = (np.argmax(network.value(params, middle), axis=1) == labels)[:, None]
        near, far = np.where(stays, middle, near), np.where(stays, far, middle)
    return WeakSpot("inputs at the boundary", network, params, near, labels)


def norms_above_one(rng: np.random.Generator, n: int, depth: int = 8, excess: float = 1e-6) -> WeakSpot:
    """A chain of `depth` MaxMin layers of norm 1 + excess each, as iterations that stop early leave them.

    The Lipschitz constant is (1 + excess)^depth, and the naive radius is too large by that factor.
    """
    network, params = _chain(rng, depth, MaxMin())
    return _spot("norms above 1", network, [(w * (1 + excess), b) for w, b in params], n, rng)


def opposing_rows(rng: np.random.Generator, n: int) -> WeakSpot:
    """Two logits <w, x> and -<w, x> with ||w|| = 1: each is 1-Lipschitz, and their difference 2-Lipschitz.

    The last layer has norm sqrt 2. Rows of norm 1 support a radius of margin / 2, not margin / sqrt 2.
    """
    row = orthonormal(rng, 1, 8)
    params = [(np.concatenate([row, -row]), np.array([0.5, -0.5]) * -float(row.sum()))]
    return _spot("rows that oppose each other", Network((Layer(8, 2),)), params, n, rng)


def cancelling_biases(
    rng: np.random.Generator, n: int, size: float = 2.0**9, dtype: DTypeLike = np.float32
) -> WeakSpot:
    """A layer adds a bias of this size, and the next one takes it off: logits are rounded to multiples of size * u.

    Every norm is 1, and in exact arithmetic the two biases are not there.
    """
    network, params = _chain(rng, 2, Identity())
    (w, b), (v, c) = params
    shift = np.full(w.shape[0], size)
    return _spot("biases that cancel", network, _cast([(w, b + shift), (v, c - v @ shift)], dtype), n, rng)


def chain(name: str, rng: np.random.Generator, n: int, dtype: DTypeLike, depth: int) -> WeakSpot:
    """Orthonormal layers, rounded to the dtype: the norm, the logits and the moved logits are off by its roundings."""
    network, params = _chain(rng, depth, Identity())
    return _spot(name, network, _cast(params, dtype), n, rng)


def _chain(rng: np.random.Generator, depth: int, activation: Activation, d: int = 6) -> tuple[Network, Parameters]:
    """Square orthonormal layers and a last one with 4 orthonormal rows; logits around 0 for inputs around 1/2."""
    network = Network.dense([d] * depth + [4], activation)
    params = network.init(rng, orthonormal)
    w, b = params[-1]
    params[-1] = (w, b - network.value(params, np.full((1, d), 0.5))[0])
    return network, params


def _cast(params: Parameters, dtype: DTypeLike) -> Parameters:
    return [(w.astype(dtype), b.astype(dtype)) for w, b in params]


def _spot(name: str, network: Network, params: Parameters, n: int, rng: np.random.Generator) -> WeakSpot:
    # radii of all sizes: near the middle rounding decides everything, farther out some certificates are right
    spread = 0.01 * 40.0 ** rng.uniform(0, 1, (n, 1))
    x = np.clip(0.5 + spread * rng.standard_normal((n, params[0][0].shape[1])), 0, 1).astype(params[0][0].dtype)
    return WeakSpot(name, network, params, x, np.argmax(network.value(params, x), axis=1))
