"""What a training run minimises: a loss of the network's outputs on a batch, and its gradient in the parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from refsort.nets.network import Gradients, Network, Parameters
from refsort.ops.arrays import Array
from refsort.ops.cross_entropy import cross_entropy_forward
from refsort.ops.hinge import multiclass_hinge_forward
from refsort.ops.kantorovich_rubinstein import (
    hinge_kantorovich_rubinstein_forward,
    kantorovich_rubinstein_forward,
)

Batch = tuple[Array, ...]


class Objective(Protocol):
    """A loss on a batch."""

    def gradient(self, network: Network, params: Parameters, batch: Batch) -> tuple[Any, Gradients]:
        """The loss and its gradient: ``(w_bar, b_bar)`` of each layer."""


@dataclass(frozen=True)
class MulticlassHinge:
    """`refsort.ops.multiclass_hinge` on batches (x, labels)."""

    margin: float = 1.0

    def gradient(self, network: Network, params: Parameters, batch: Batch) -> tuple[Any, Gradients]:
        """The mean hinge and its gradient."""
        x, labels = batch

        def loss(logits: Array) -> tuple[Any, Array]:
            value, at = multiclass_hinge_forward(logits, labels, self.margin)
            return value, at.backward(logits.dtype.type(1))

        return network.gradient(params, x, loss)


@dataclass(frozen=True)
class CrossEntropy:
    """`refsort.ops.cross_entropy` on batches (x, labels)."""

    temperature: float = 1.0
    margin: float = 0.0

    def gradient(self, network: Network, params: Parameters, batch: Batch) -> tuple[Any, Gradients]:
        """The mean cross-entropy and its gradient."""
        x, labels = batch

        def loss(logits: Array) -> tuple[Any, Array]:
            value, at = cross_entropy_forward(logits, labels, self.temperature, self.margin)
            return value, at.backward(logits.dtype.type(1))

        return network.gradient(params, x, loss)


@dataclass(frozen=True)
class Critic:
    """Minus `refsort.ops.kantorovich_rubinstein` on batches (x of P, x of Q), for networks with one output.

    For a 1-Lipschitz network the loss is at least -W1(P, Q), the Wasserstein distance of the two batches.
    """

    def gradient(self, network: Network, params: Parameters, batch: Batch) -> tuple[Any, Gradients]:
        """Minus the estimate and its gradient."""
        n = len(batch[0])

        def loss(values: Array) -> tuple[Any, Array]:
            estimate, at = kantorovich_rubinstein_forward(values[:n, 0], values[n:, 0])
            return -estimate, np.concatenate(at.backward(values.dtype.type(-1)))[:, None]

        return network.gradient(params, np.concatenate(batch), loss)


@dataclass(frozen=True)
class HingeCritic:
    """`refsort.ops.hinge_kantorovich_rubinstein` on batches (x of P, x of Q), for networks with one output."""

    margin: float = 1.0
    alpha: float = 10.0

    def gradient(self, network: Network, params: Parameters, batch: Batch) -> tuple[Any, Gradients]:
        """The loss and its gradient."""
        n = len(batch[0])

        def loss(values: Array) -> tuple[Any, Array]:
            p, q = values[:n, 0], values[n:, 0]
            value, at = hinge_kantorovich_rubinstein_forward(p, q, self.margin, self.alpha)
            return value, np.concatenate(at.backward(values.dtype.type(1)))[:, None]

        return network.gradient(params, np.concatenate(batch), loss)
