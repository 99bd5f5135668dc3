"""A layer: a weight map, an affine map and an activation, in that order.

h = sigma(x A^T + b),      A = gain * constraint(w).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from refsort.nets.activations import Activation, Identity, Jacobian
from refsort.nets.constraints import Constraint, Free
from refsort.ops.affine import AffineJacobian, affine, affine_forward
from refsort.ops.arrays import Array


class LayerJacobian(NamedTuple):
    """The Jacobian of a layer at (x, w, b): those of its three maps, and the gain.

    Attributes
    ----------
    constraint : Jacobian of the weight map
    gain : real
    affine : AffineJacobian
    activation : Jacobian of the activation
    """

    constraint: Jacobian
    gain: Any
    affine: AffineJacobian
    activation: Jacobian

    def backward(self, h_bar: ArrayLike) -> tuple[Array, Array, Array]:
        """``(x_bar, w_bar, b_bar)``."""
        z_bar = self.activation.backward(h_bar)
        x_bar, a_bar, b_bar = self.affine.backward(z_bar)
        return x_bar, self.constraint.backward(a_bar if self.gain == 1 else self.gain * a_bar), b_bar

    def backward_parameters(self, h_bar: ArrayLike) -> tuple[Array, Array]:
        """``(w_bar, b_bar)`` alone: for the first layer, whose input is data."""
        a_bar, b_bar = self.affine.backward_parameters(self.activation.backward(h_bar))
        return self.constraint.backward(a_bar if self.gain == 1 else self.gain * a_bar), b_bar

    def backward_input(self, h_bar: ArrayLike) -> Array:
        """``x_bar`` alone, without the cost of the parameters' cotangents."""
        x_bar: Array = self.activation.backward(h_bar) @ self.affine.w
        return x_bar

    def backward_inputs(self, h_bars: Array) -> Array:
        """``x_bar`` for each of k cotangents, (k, n, features) to (k, n, d_in): one product for all of them."""
        z_bars = np.stack([self.activation.backward(h_bar) for h_bar in h_bars])
        k, n, d = z_bars.shape
        x_bars: Array = (z_bars.reshape(k * n, d) @ self.affine.w).reshape(k, n, self.affine.w.shape[1])
        return x_bars

    def tangent(self, x_dot: ArrayLike, w_dot: ArrayLike, b_dot: ArrayLike) -> Array:
        """``h_dot``."""
        a_dot = self.constraint.tangent(w_dot)
        z_dot = self.affine.tangent(x_dot, a_dot if self.gain == 1 else self.gain * a_dot, b_dot)
        return self.activation.tangent(z_dot)

    def tangent_input(self, x_dot: Array) -> Array:
        """``h_dot`` for fixed parameters."""
        return self.activation.tangent(x_dot @ self.affine.w.T)


@dataclass(frozen=True)
class Layer:
    """What a layer is, without its parameters w (d_out, d_in) and b (d_out,).

    Attributes
    ----------
    d_in, d_out : int
        Features before and after the affine map. The layer gives `features`: CReLU and Maxout change their number.
    activation : Activation
        Applied along the d_out features.
    constraint : Constraint
        The weight map and the retraction.
    gain : real
        Multiplies the mapped weight: a 1-Lipschitz map becomes gain-Lipschitz.
    """

    d_in: int
    d_out: int
    activation: Activation = field(default_factory=Identity)
    constraint: Constraint = field(default_factory=Free)
    gain: Any = 1

    @property
    def features(self) -> int:
        """The number of features of h."""
        return self.activation.features(self.d_out)

    def check(self, name: str, w: Array, b: Array) -> None:
        """Raise an error unless the parameters fit; `name` says which layer in it."""
        require_shapes(name, w, b, (self.d_out, self.d_in), (self.d_out,))

    def init(
        self, rng: np.random.Generator, weight: Callable[[np.random.Generator, int, int], Array], dtype: Any
    ) -> tuple[Array, Array]:
        """A weight from ``weight(rng, d_out, d_in)``, retracted, and a zero bias."""
        return self.retract(weight(rng, self.d_out, self.d_in).astype(dtype)), np.zeros(self.d_out, dtype)

    def retract(self, w: Array) -> Array:
        """w after an update, brought back to where the constraint needs it."""
        return self.constraint.retract(w)

    def folded(self) -> Layer:
        """The layer without its weight map, for the weight that `weight` gives."""
        return replace(self, constraint=Free(), gain=1)

    def constrained(self, constraint: Constraint) -> Layer:
        """The layer with another constraint."""
        return replace(self, constraint=constraint)

    def weight(self, w: Array) -> Array:
        """The weight that is used: ``gain * constraint(w)``."""
        a = self.constraint.value(w)
        return a if self.gain == 1 else self.gain * a

    def value(self, w: Array, b: Array, x: Array) -> Array:
        """h (n, features) for x (n, d_in)."""
        return self.activation.value(affine(x, self.weight(w), b))

    def forward(self, w: Array, b: Array, x: Array) -> tuple[Array, LayerJacobian]:
        """h and the Jacobian at (x, w, b)."""
        a, c = self.constraint.forward(w)
        z, f = affine_forward(x, a if self.gain == 1 else self.gain * a, b)
        h, s = self.activation.forward(z)
        return h, LayerJacobian(c, self.gain, f, s)


def require_shapes(name: str, w: Array, b: Array, w_shape: tuple[int, ...], b_shape: tuple[int, ...]) -> None:
    """Raise a ValueError unless the parameters of the layer called `name` have these shapes."""
    if w.shape != w_shape or b.shape != b_shape:
        raise ValueError(f"{name} needs w {w_shape} and b {b_shape}, got {w.shape} and {b.shape}")
