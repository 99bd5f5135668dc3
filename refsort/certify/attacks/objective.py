"""What an attack increases, and its gradient in the input: the lead of another class, or the cross-entropy.

    margin:         max_{i != t} y_i - y_t,            cotangent e_j - e_t with j the greatest other logit;
    cross-entropy:  log sum exp y - y_t,               cotangent softmax(y) - e_t.

A loss is given as the function from logits and labels to that cotangent. The margin is what a certificate speaks of,
and its gradient does not vanish where the network is sure of itself.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from refsort.nets import Network, Parameters
from refsort.ops.arrays import Array

Loss = Callable[[Array, Array], Array]


def margin_loss(logits: Array, labels: Array) -> Array:
    """The gradient of ``max_{i != t} y_i - y_t`` in the logits, (n, k); at ties that of the first greatest class.

    Examples
    --------
    >>> margin_loss(np.array([[3.0, 1.0, 2.0]]), np.array([0]))
    array([[-1.,  0.,  1.]])
    """
    others = logits.copy()
    np.put_along_axis(others, labels[:, None], -np.inf, axis=1)
    return pair_loss(logits, labels, np.argmax(others, axis=1))


def pair_loss(logits: Array, labels: Array, targets: Array) -> Array:
    """The gradient of ``y_j - y_t`` in the logits, for one other class j of each row."""
    y_bar = np.zeros_like(logits)
    np.put_along_axis(y_bar, targets[:, None], 1, axis=1)
    np.put_along_axis(y_bar, labels[:, None], -1, axis=1)
    return y_bar


def cross_entropy_loss(logits: Array, labels: Array) -> Array:
    """The gradient of ``log sum exp y - y_t`` in the logits, (n, k), one row a sample.

    Examples
    --------
    >>> cross_entropy_loss(np.array([[2.0, 2.0]]), np.array([0]))
    array([[-0.5,  0.5]])
    """
    weights = np.exp(logits - np.max(logits, axis=1, keepdims=True))
    y_bar: Array = weights / np.sum(weights, axis=1, keepdims=True)
    # exactly minus the sum of the others: no cancellation where the true class has nearly all the weight
    np.put_along_axis(y_bar, labels[:, None], 0, axis=1)
    np.put_along_axis(y_bar, labels[:, None], -np.sum(y_bar, axis=1, keepdims=True), axis=1)
    return y_bar


def input_gradient(network: Network, params: Parameters, x: Array, labels: Array, loss: Loss) -> Array:
    """The gradient of a loss in the input, (n, d): one forward and one backward pass in the dtype of the parameters.

    An element of Clarke's generalised gradient where a sort has ties, as `Network.forward` chooses it.

    Examples
    --------
    The margin of a linear classifier has the difference of two rows for its gradient:

    >>> from refsort.nets import Layer, Network
    >>> network, params = Network((Layer(2, 2),)), [(np.array([[1.0, 2.0], [5.0, 3.0]]), np.zeros(2))]
    >>> input_gradient(network, params, np.array([[1.0, 1.0]]), np.array([1]), margin_loss)
    array([[-4., -1.]])
    """
    logits, at = network.forward(params, x)
    return at.backward_input(loss(logits, labels))
