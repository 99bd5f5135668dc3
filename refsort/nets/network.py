"""A network: layers one after another, with its value, Jacobian and folded form written out.

Composition: if layer l is k_l-Lipschitz, the network is (k_1 ... k_L)-Lipschitz. So a K-Lipschitz network has gain
K^{1/L} in each of its L layers (Anil et al. 2019).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from refsort.nets.activations import Activation, Identity
from refsort.nets.constraints import Constraint, Free
from refsort.nets.initial import orthonormal
from refsort.nets.layer import Layer, LayerJacobian
from refsort.nets.selection import Selection, SelectionJacobian
from refsort.ops.arrays import Array

Parameters = list[tuple[Array, Array]]  # (w, b) of each layer; of a `Selection` (indices, b)
Gradients = list[tuple[Any, Array]]  # (w_bar, b_bar) of each layer; of a `Selection` (None, b_bar)


class NetworkJacobian(NamedTuple):
    """The Jacobian of a network at (x, parameters).

    Attributes
    ----------
    layers : tuple of LayerJacobian or SelectionJacobian
        Those of its layers, the first first.
    shape : tuple of int
        (n, d_out), the shape of y.
    dtype : numpy.dtype
        The dtype of y.
    """

    layers: tuple[LayerJacobian | SelectionJacobian, ...]
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def backward(self, y_bar: ArrayLike) -> tuple[Array, Gradients]:
        """``x_bar (n, d_in)`` and ``(w_bar, b_bar)`` of each layer, for ``y_bar (n, d_out)``; None for indices."""
        h_bar, grads = np.asarray(y_bar), []
        w_bar: Array | None
        for layer in reversed(self.layers):
            h_bar, w_bar, b_bar = layer.backward(h_bar)
            grads.append((w_bar, b_bar))
        return h_bar, grads[::-1]

    def backward_input(self, y_bar: ArrayLike) -> Array:
        """``x_bar`` alone."""
        h_bar = np.asarray(y_bar)
        for layer in reversed(self.layers):
            h_bar = layer.backward_input(h_bar)
        return h_bar

    def tangent(self, x_dot: ArrayLike, params_dot: Gradients | None = None) -> Array:
        """``y_dot (n, d_out)`` along ``x_dot (n, d_in)`` and, where given, along a direction of the parameters.

        The direction has the form of a gradient: None where a `Selection` has its indices.
        """
        h_dot = np.asarray(x_dot)
        for i, layer in enumerate(self.layers):
            h_dot = layer.tangent_input(h_dot) if params_dot is None else layer.tangent(h_dot, *params_dot[i])
        return h_dot

    def jacobian(self) -> Array:
        """dy/dx of each sample, (n, d_out, d_in): a backward pass for all outputs at once."""
        n, d_out = self.shape
        unit = np.eye(d_out, dtype=self.dtype) if self.dtype != object else np.vectorize(Fraction)(np.eye(d_out))
        rows = np.broadcast_to(unit[:, None, :], (d_out, n, d_out))
        for layer in reversed(self.layers):
            rows = layer.backward_inputs(rows)
        return np.ascontiguousarray(np.moveaxis(rows, 0, 1))


@dataclass(frozen=True)
class Network:
    """The layers of a network, without their parameters.

    Attributes
    ----------
    layers : tuple of Layer and Selection
        Each takes as many features as the one before gives.

    Examples
    --------
    The Jacobian of a network of square orthonormal weights and MaxMin is orthogonal: every singular value is 1.

    >>> import numpy as np
    >>> from refsort.nets import Bjorck, MaxMin, Network
    >>> network = Network.dense([4, 4, 4], MaxMin(), Bjorck(iterations=10))
    >>> params = network.init(np.random.default_rng(1))
    >>> y, at = network.forward(params, np.array([[0.3, -0.2, 0.5, 0.1]]))
    >>> np.allclose(np.linalg.svd(at.jacobian()[0], compute_uv=False), 1, rtol=0, atol=1e-14)
    True
    """

    layers: tuple[Layer | Selection, ...]

    def __post_init__(self) -> None:
        if not self.layers:
            raise ValueError("a network needs at least one layer")
        given = [layer.features for layer in self.layers]
        for i, (features, after) in enumerate(zip(given[:-1], self.layers[1:], strict=True)):
            if features != after.d_in:
                raise ValueError(f"layer {i} gives {features} features and layer {i + 1} takes {after.d_in}")

    @classmethod
    def dense(
        cls,
        sizes: Sequence[int],
        activation: Activation,
        constraint: Constraint | None = None,
        lipschitz: float = 1.0,
    ) -> Network:
        """A fully connected network d_0 -> d_1 -> ... -> d_L with no activation after the last layer.

        Parameters
        ----------
        sizes : sequence of int
            d_0 to d_L, at least two of them: the features before the first and after each affine map. An activation
            that changes their number changes what the next layer takes.
        activation : Activation
            Of all layers but the last.
        constraint : Constraint, optional
            Of all layers; without one the network is unconstrained.
        lipschitz : float
            K > 0: each layer has gain K^{1/L}.
        """
        if len(sizes) < 2 or min(sizes) < 1:
            raise ValueError(f"a dense network needs at least two sizes, all positive, got {list(sizes)}")
        if not (np.isfinite(lipschitz) and lipschitz > 0):
            raise ValueError(f"the Lipschitz constant must be positive and finite, got {lipschitz!r}")
        last = len(sizes) - 2
        gain = 1 if lipschitz == 1 else float(lipschitz) ** (1 / (last + 1))
        return cls(
            tuple(
                Layer(
                    activation.features(before) if i else before,
                    after,
                    Identity() if i == last else activation,
                    constraint or Free(),
                    gain,
                )
                for i, (before, after) in enumerate(pairwise(sizes))
            )
        )

    def init(
        self,
        rng: np.random.Generator,
        weight: Callable[[np.random.Generator, int, int], Array] = orthonormal,
        dtype: Any = np.float64,
    ) -> Parameters:
        """Initial parameters: weights from `weight(rng, d_out, d_in)`, retracted, and zero biases.

        A `Selection` starts with the features in turn.
        """
        return [layer.init(rng, weight, dtype) for layer in self.layers]

    def value(self, params: Parameters, x: Array) -> Array:
        """y (n, d_L) for x (n, d_0)."""
        h = x
        for layer, (w, b) in zip(self.layers, self.checked(params), strict=True):
            h = layer.value(w, b, h)
        return h

    def forward(self, params: Parameters, x: Array) -> tuple[Array, NetworkJacobian]:
        """y (n, d_L) and the Jacobian at (x, params)."""
        at: list[LayerJacobian | SelectionJacobian] = []
        h = x
        j: LayerJacobian | SelectionJacobian
        for layer, (w, b) in zip(self.layers, self.checked(params), strict=True):
            h, j = layer.forward(w, b, h)
            at.append(j)
        return h, NetworkJacobian(tuple(at), h.shape, h.dtype)

    def gradient(
        self, params: Parameters, x: Array, loss: Callable[[Array], tuple[Any, Array]]
    ) -> tuple[Any, Gradients]:
        """A loss of y, and its gradient in the parameters; ``loss(y)`` returns its value and the cotangent of y.

        The same numbers as by `forward` and `NetworkJacobian.backward`, in less memory: what a layer keeps is let go of
        as soon as it has been used, and the cotangent of x is not computed.

        Examples
        --------
        >>> network = Network.dense([2, 1], Identity())
        >>> network.gradient([(np.array([[3.0, 1.0]]), np.zeros(1))], np.array([[1.0, 2.0]]), lambda y: (y.sum(), y))
        (np.float64(5.0), [(array([[ 5., 10.]]), array([5.]))])
        """
        kept: list[LayerJacobian | SelectionJacobian] = []
        h = x
        for layer, (w, b) in zip(self.layers, self.checked(params), strict=True):
            h, at = layer.forward(w, b, h)
            kept.append(at)
            del at  # or the last one would stay
        value, h_bar = loss(h)
        grads: Gradients = []
        while len(kept) > 1:
            h_bar, w_bar, b_bar = kept.pop().backward(h_bar)
            grads.append((w_bar, b_bar))
        grads.append(kept.pop().backward_parameters(h_bar))
        return value, grads[::-1]

    def retract(self, params: Parameters) -> Parameters:
        """The parameters after an update, each weight brought back to where its constraint needs it."""
        return [(layer.retract(w), b) for layer, (w, b) in zip(self.layers, params, strict=True)]

    def cast(self, params: Parameters, dtype: Any) -> Parameters:
        """The parameters rounded to a dtype; the indices of a `Selection` stay as they are."""
        return [
            (w if isinstance(layer, Selection) else w.astype(dtype), b.astype(dtype))
            for layer, (w, b) in zip(self.layers, params, strict=True)
        ]

    def fold(self, params: Parameters) -> tuple[Network, Parameters]:
        """The same function with the weight maps baked in: a network without constraints, and its parameters.

        What is deployed, saved for others and certified. `constrained` gives the network more Bjorck steps first, and
        `cast` the parameters more digits.
        """
        weights = [(layer.weight(w), b) for layer, (w, b) in zip(self.layers, self.checked(params), strict=True)]
        plain = Network(tuple(layer.folded() for layer in self.layers))
        return plain, [(np.array(w), np.array(b)) for w, b in weights]

    def constrained(self, constraint: Constraint) -> Network:
        """The same network with another constraint in every layer."""
        return Network(tuple(layer.constrained(constraint) for layer in self.layers))

    def checked(self, params: Parameters) -> Parameters:
        """`params`, or an error that names the first layer that they do not fit."""
        if len(params) != len(self.layers):
            raise ValueError(f"the network has {len(self.layers)} layers and got parameters for {len(params)}")
        for i, (layer, (w, b)) in enumerate(zip(self.layers, params, strict=True)):
            layer.check(f"layer {i}", w, b)
        return params
