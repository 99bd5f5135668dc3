"""First-order optimisers: `start` makes the state, `step` updates parameters and state in place, rows by rows.

The gradient is g, the parameter w, the learning rate eta, the number of the step t = 1, 2, ... Integer parameters, the
indices of a `Selection`, have no gradient and stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from refsort.nets.network import Gradients, Parameters
from refsort.ops.arrays import Array

_BLOCK = 1 << 15  # entries
State = dict[str, Parameters]  # named arrays, each shaped like the parameters


class Optimiser(Protocol):
    """An update rule."""

    def start(self, params: Parameters) -> State:
        """The state before the first step."""

    def step(self, params: Parameters, grads: Gradients, state: State, eta: float, t: int) -> None:
        """Update `params` and `state` in place."""


@dataclass(frozen=True)
class SGD:
    """Gradient descent, with momentum mu, optionally Nesterov's.

        v <- mu v + g;    w <- w - eta v,    or with Nesterov    w <- w - eta (g + mu v).

    Examples
    --------
    >>> params = [(np.array([[1.0]]), np.array([0.0]))]
    >>> optimiser = SGD()
    >>> optimiser.step(params, [(np.array([[2.0]]), np.array([1.0]))], optimiser.start(params), eta=0.25, t=1)
    >>> params
    [(array([[0.5]]), array([-0.25]))]
    """

    momentum: float = 0.0
    nesterov: bool = False

    def __post_init__(self) -> None:
        _require_fraction("momentum", self.momentum)

    def start(self, params: Parameters) -> State:
        """Zero velocity; nothing without momentum."""
        return {"v": _zeros(params)} if self.momentum else {}

    def step(self, params: Parameters, grads: Gradients, state: State, eta: float, t: int) -> None:
        """One step."""
        if not self.momentum:
            for w, g in _flat(params, grads):
                w -= eta * g
            return
        for w, g, v in _flat(params, grads, state["v"]):
            v *= self.momentum
            v += g
            w -= eta * (g + self.momentum * v) if self.nesterov else eta * v


@dataclass(frozen=True)
class Adam:
    """Adam (Kingma & Ba, ICLR 2015).

        m <- beta_1 m + (1 - beta_1) g;    v <- beta_2 v + (1 - beta_2) g^2;
        w <- w - eta m / (1 - beta_1^t) / (sqrt(v / (1 - beta_2^t)) + eps).

    It moves every coordinate by about eta, so one step can move a row of 784 entries by 784 eta in the l1 norm: a poor
    partner for `RowsL1`; see `AggMo`.
    """

    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8

    def __post_init__(self) -> None:
        _require_fraction("beta1", self.beta1)
        _require_fraction("beta2", self.beta2)

    def start(self, params: Parameters) -> State:
        """Zero moments."""
        return {"m": _zeros(params), "v": _zeros(params)}

    def step(self, params: Parameters, grads: Gradients, state: State, eta: float, t: int) -> None:
        """One step."""
        rate, root = eta / (1 - self.beta1**t), 1 / np.sqrt(1 - self.beta2**t)
        for w, g, m, v in _flat(params, grads, state["m"], state["v"]):
            m += (1 - self.beta1) * (g - m)
            v += (1 - self.beta2) * (g * g - v)
            w -= rate * m / (float(root) * np.sqrt(v) + self.eps)


@dataclass(frozen=True)
class AggMo:
    """Aggregated momentum (Lucas, Sun, Zemel, Grosse, ICLR 2019): the mean over several velocities.

    v_k <- beta_k v_k + g;    w <- w - eta / K sum_k v_k.
    """

    betas: tuple[float, ...] = (0.0, 0.9, 0.99)

    def __post_init__(self) -> None:
        if not self.betas:
            raise ValueError("AggMo needs at least one beta")
        for beta in self.betas:
            _require_fraction("beta", beta)

    def start(self, params: Parameters) -> State:
        """Zero velocities."""
        return {f"v{k}": _zeros(params) for k in range(len(self.betas))}

    def step(self, params: Parameters, grads: Gradients, state: State, eta: float, t: int) -> None:
        """One step."""
        for k, beta in enumerate(self.betas):
            for w, g, v in _flat(params, grads, state[f"v{k}"]):
                v *= beta
                v += g
                w -= eta / len(self.betas) * v


def _zeros(params: Parameters) -> Parameters:
    return [(np.zeros_like(w), np.zeros_like(b)) for w, b in params]


def _flat(params: Parameters, *trees: Gradients) -> Iterator[tuple[Array, ...]]:
    """Views of corresponding rows of parameters and of what is shaped like them; not of integers, the indices.

    So few rows at a time that what an update computes for them stays in the cache: on whole weights every operation of
    its formula would go through main memory.
    """
    for pairs in zip(params, *trees, strict=True):
        for arrays in zip(*pairs, strict=True):
            if arrays[0].dtype.kind in "iu":
                continue
            rows = max(1, _BLOCK * len(arrays[0]) // max(1, arrays[0].size))
            for i in range(0, len(arrays[0]), rows):
                yield tuple(array[i : i + rows] for array in arrays)


def _require_fraction(name: str, value: float) -> None:
    if not 0 <= value < 1:
        raise ValueError(f"{name} must lie in [0, 1), got {value!r}")
