"""A layer that selects features by their indices: what constructed networks use where a matrix would be 0/1.

h = sigma(x[:, indices] + b).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from refsort.nets.activations import Activation, Identity, Jacobian
from refsort.nets.constraints import Constraint
from refsort.nets.layer import require_shapes
from refsort.ops.affine import row_sum
from refsort.ops.arrays import Array, checked, same_dtype
from refsort.ops.select import SelectJacobian, feature_indices, select, select_forward


class SelectionJacobian(NamedTuple):
    """The Jacobian of a selection at (x, b): those of its two maps.

    Attributes
    ----------
    select : SelectJacobian
    activation : Jacobian of the activation
    """

    select: SelectJacobian
    activation: Jacobian

    def backward(self, h_bar: ArrayLike) -> tuple[Array, None, Array]:
        """``(x_bar, None, b_bar)``: indices are no real numbers and have no cotangent."""
        z_bar = self.activation.backward(h_bar)
        return self.select.backward(z_bar), None, row_sum(z_bar)

    def backward_parameters(self, h_bar: ArrayLike) -> tuple[None, Array]:
        """``(None, b_bar)`` alone."""
        return None, row_sum(self.activation.backward(h_bar))

    def backward_input(self, h_bar: ArrayLike) -> Array:
        """``x_bar`` alone."""
        return self.select.backward(self.activation.backward(h_bar))

    def backward_inputs(self, h_bars: Array) -> Array:
        """``x_bar`` for each of k cotangents, (k, n, features) to (k, n, d_in)."""
        return np.stack([self.backward_input(h_bar) for h_bar in h_bars])

    def tangent(self, x_dot: ArrayLike, w_dot: None, b_dot: ArrayLike) -> Array:
        """``h_dot``; `w_dot` stands where a layer's weight has its direction, and must be None."""
        if w_dot is not None:
            raise ValueError("a selection has indices and no weight, so there is no direction of one; pass None")
        z_dot: Array = self.select.tangent(x_dot) + b_dot
        return self.activation.tangent(z_dot)

    def tangent_input(self, x_dot: Array) -> Array:
        """``h_dot`` for fixed parameters."""
        return self.activation.tangent(self.select.tangent(x_dot))


@dataclass(frozen=True)
class Selection:
    """A layer whose weight has a single 1 in each row; its parameters are indices (d_out,) and b (d_out,).

    The indices are integers: they are saved and loaded like weights, have no gradient, and no optimiser changes them.

    Attributes
    ----------
    d_in, d_out : int
        Features before, and after the selection: as many as there are indices.
    activation : Activation
        Applied along the selected features.

    Examples
    --------
    max(x_1, x_2) + max(x_2, x_3), of which the last layer takes the sum:

    >>> from refsort.nets import Layer, MaxMin, Network
    >>> network = Network((Selection(3, 4, MaxMin()), Layer(4, 1)))
    >>> params = [(np.array([0, 1, 1, 2]), np.zeros(4)), (np.array([[0.0, 1.0, 0.0, 1.0]]), np.zeros(1))]
    >>> network.value(params, np.array([[5.0, 2.0, 3.0]]))
    array([[8.]])
    """

    d_in: int
    d_out: int
    activation: Activation = field(default_factory=Identity)

    @property
    def features(self) -> int:
        """The number of features of h."""
        return self.activation.features(self.d_out)

    def check(self, name: str, indices: Array, b: Array) -> None:
        """Raise an error unless the parameters fit; `name` says which layer in it."""
        require_shapes(name, indices, b, (self.d_out,), (self.d_out,))
        try:
            feature_indices(indices, self.d_in)
        except (TypeError, ValueError) as error:
            raise type(error)(f"{name}: {error}") from None

    def init(
        self, rng: np.random.Generator, weight: Callable[[np.random.Generator, int, int], Array], dtype: Any
    ) -> tuple[Array, Array]:
        """The features in turn, over and over: the identity where d_out = d_in. Nothing is drawn."""
        return np.arange(self.d_out) % self.d_in, np.zeros(self.d_out, dtype)

    def weight(self, indices: Array) -> Array:
        """The indices: they are what is used, and no matrix is made of them."""
        return indices

    def retract(self, indices: Array) -> Array:
        """The indices: nothing constrains them."""
        return indices

    def folded(self) -> Selection:
        """Itself: there is no weight map to bake in."""
        return self

    def constrained(self, constraint: Constraint) -> Selection:
        """Itself: its norms are what they are."""
        return self

    def value(self, indices: Array, b: Array, x: Array) -> Array:
        """h (n, features) for x (n, d_in)."""
        return self.activation.value(_shifted(select(self._checked(x), indices), b))

    def forward(self, indices: Array, b: Array, x: Array) -> tuple[Array, SelectionJacobian]:
        """h and the Jacobian at (x, b)."""
        z, s = select_forward(self._checked(x), indices)
        h, a = self.activation.forward(_shifted(z, b))
        return h, SelectionJacobian(s, a)

    def _checked(self, x: ArrayLike) -> Array:
        x = np.asarray(x)
        if x.ndim != 2 or x.shape[1] != self.d_in:
            raise ValueError(f"a selection from {self.d_in} features takes x (n, {self.d_in}), got shape {x.shape}")
        return x


def _shifted(z: Array, b: ArrayLike) -> Array:
    b = checked("select", "b", b)
    same_dtype("select", x=z, b=b)
    z += b  # select made z: it is ours to write to
    return z
