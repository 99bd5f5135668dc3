"""The activations that a layer can have, as plain values: what a checkpoint stores and a forward pass calls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from numpy.typing import ArrayLike

from refsort.ops.arrays import Array, checked
from refsort.ops.crelu import crelu, crelu_forward
from refsort.ops.elementwise import absolute, absolute_forward, leaky_relu, leaky_relu_forward, relu, relu_forward
from refsort.ops.group_sort import full_sort, full_sort_forward, group_sort, group_sort_forward
from refsort.ops.groups import group_count
from refsort.ops.maxout import maxout, maxout_forward


class Jacobian(Protocol):
    """What every forward of one array returns beside its value."""

    def backward(self, y_bar: ArrayLike, /) -> Array:
        """J^T y_bar."""

    def tangent(self, x_dot: ArrayLike, /) -> Array:
        """J x_dot."""


class Activation(Protocol):
    """A 1-Lipschitz map along the last axis, in every p-norm."""

    def features(self, d: int) -> int:
        """How many features it makes of d, or a ValueError where it cannot take d."""

    def value(self, z: Array) -> Array:
        """The activations of z (n, d)."""

    def forward(self, z: Array) -> tuple[Array, Jacobian]:
        """The activations and their Jacobian at z."""


class SameFeatures:
    """What most activations share: as many features after as before."""

    def features(self, d: int) -> int:
        """d."""
        return d


class IdentityJacobian(NamedTuple):
    """The identity: keeps nothing."""

    def backward(self, y_bar: ArrayLike) -> Array:
        """y_bar itself."""
        return checked("affine", "y_bar", y_bar)

    def tangent(self, x_dot: ArrayLike) -> Array:
        """x_dot itself."""
        return checked("affine", "x_dot", x_dot)


@dataclass(frozen=True)
class Identity(SameFeatures):
    """No activation: the last layer."""

    def value(self, z: Array) -> Array:
        """z."""
        return z

    def forward(self, z: Array) -> tuple[Array, Jacobian]:
        """z and the identity."""
        return z, IdentityJacobian()


@dataclass(frozen=True)
class GroupSort(SameFeatures):
    """`refsort.ops.group_sort` over the features; `group_size` 2 is MaxMin."""

    group_size: int = 2

    def value(self, z: Array) -> Array:
        """Each group sorted."""
        return group_sort(z, self.group_size)

    def forward(self, z: Array) -> tuple[Array, Jacobian]:
        """Each group sorted, and the permutation."""
        return group_sort_forward(z, self.group_size)


@dataclass(frozen=True)
class FullSort(SameFeatures):
    """`refsort.ops.full_sort` over the features."""

    def value(self, z: Array) -> Array:
        """All features sorted."""
        return full_sort(z)

    def forward(self, z: Array) -> tuple[Array, Jacobian]:
        """All features sorted, and the permutation."""
        return full_sort_forward(z)


@dataclass(frozen=True)
class ReLU(SameFeatures):
    """max(z, 0): for comparison; it does not keep the gradient's norm."""

    def value(self, z: Array) -> Array:
        """max(z, 0)."""
        return relu(z)

    def forward(self, z: Array) -> tuple[Array, Jacobian]:
        """max(z, 0) and where it is active."""
        return relu_forward(z)


@dataclass(frozen=True)
class LeakyReLU(SameFeatures):
    """max(z, 0) + slope min(z, 0); 1-Lipschitz for abs(slope) <= 1."""

    slope: Any = 0.1

    def value(self, z: Array) -> Array:
        """max(z, 0) + slope min(z, 0)."""
        return leaky_relu(z, self.slope)

    def forward(self, z: Array) -> tuple[Array, Jacobian]:
        """max(z, 0) + slope min(z, 0) and its slopes."""
        return leaky_relu_forward(z, self.slope)


@dataclass(frozen=True)
class Absolute(SameFeatures):
    """abs(z): elementwise, keeps the gradient's norm, not monotone."""

    def value(self, z: Array) -> Array:
        """abs(z)."""
        return absolute(z)

    def forward(self, z: Array) -> tuple[Array, Jacobian]:
        """abs(z) and its signs."""
        return absolute_forward(z)


@dataclass(frozen=True)
class CReLU:
    """`refsort.ops.crelu` over the features: (max(z, 0), max(-z, 0)), twice as many as z has."""

    def features(self, d: int) -> int:
        """2 d."""
        return 2 * d

    def value(self, z: Array) -> Array:
        """The positive parts, then the negative parts."""
        return crelu(z)

    def forward(self, z: Array) -> tuple[Array, Jacobian]:
        """The positive and the negative parts, and the signs."""
        return crelu_forward(z)


@dataclass(frozen=True)
class Maxout:
    """`refsort.ops.maxout` over the features: the greatest of each group, so that d / group_size are left."""

    group_size: int = 2

    def features(self, d: int) -> int:
        """d / group_size."""
        return group_count("maxout", d, self.group_size)

    def value(self, z: Array) -> Array:
        """The greatest of each group."""
        return maxout(z, self.group_size)

    def forward(self, z: Array) -> tuple[Array, Jacobian]:
        """The greatest of each group, and which it is."""
        return maxout_forward(z, self.group_size)


def MaxMin() -> GroupSort:
    """The paper's MaxMin: groups of two."""
    return GroupSort(2)
