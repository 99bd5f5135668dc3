"""How a layer keeps its weight small: a weight map that is differentiated, a retraction that is not, or both.

    weight used = gain * value(w),          after each update of the optimiser: w <- retract(w).

==========  ==========================  ===============================  ==========================================
constraint  weight map                  retraction                       guarantees
==========  ==========================  ===============================  ==========================================
Free        w                           none                             nothing
Bjorck      K steps of Bjorck           into the basin of convergence    ||W||_2 <= 1 beyond rounding, once converged
Stiefel     w, tangent gradient         Bjorck, from inside the basin    nothing by itself: fold with `Bjorck`
Spectral    w / ||w||_2                 none                             ||W||_2 = 1 up to rounding
Parseval    w                           one Parseval step                nothing; pulls towards orthonormal
RowsL1      w                           rows on the unit l1 ball         ||W||_inf <= 1 up to rounding
SquaresL1   signed squares of rows      rows of 2-norm 1                 ||W||_inf = 1 up to rounding
==========  ==========================  ===============================  ==========================================

What a trained network guarantees is measured on its folded weights, by `refsort.certify`.
"""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike

from refsort.nets.activations import IdentityJacobian, Jacobian
from refsort.ops.arrays import Array, like
from refsort.ops.bjorck import bjorck, bjorck_forward
from refsort.ops.bjorck_scaling import bjorck_scaling, bjorck_scaling_forward
from refsort.ops.bjorck_spectral import bjorck_spectral, bjorck_spectral_forward
from refsort.ops.operator_ball import project_operator_ball
from refsort.ops.parseval import parseval_step
from refsort.ops.row_norms import scaled_norm, wide
from refsort.ops.signed_squares import signed_squares, signed_squares_forward
from refsort.ops.spectral_norm import spectral_norm_schatten, spectral_normalize, spectral_normalize_forward
from refsort.ops.symmetric import gram, symmetric_product


class Constraint(Protocol):
    """A weight map and a retraction."""

    def value(self, w: Array) -> Array:
        """The weight that the layer uses, before its gain."""

    def forward(self, w: Array) -> tuple[Array, Jacobian]:
        """The weight that the layer uses, and its Jacobian at w."""

    def retract(self, w: Array) -> Array:
        """w after an update, brought back to where the constraint needs it; w itself if it is there."""


_ROUTES = ("auto", "products", "spectral")
# measured, one and two threads, sizes 128 to 1024: 15 to 45 products with the derivative
_PRODUCTS_OF_A_DECOMPOSITION, _SMALLEST_DECOMPOSED = 40, 128


class ChainJacobian(NamedTuple):
    """The Jacobian of one map after another, the first first."""

    jacobians: tuple[Jacobian, ...]

    def backward(self, y_bar: ArrayLike) -> Array:
        """The transposes, the last first."""
        v = np.asarray(y_bar)
        for jacobian in reversed(self.jacobians):
            v = jacobian.backward(v)
        return v

    def tangent(self, x_dot: ArrayLike) -> Array:
        """The Jacobians, the first first."""
        v = np.asarray(x_dot)
        for jacobian in self.jacobians:
            v = jacobian.tangent(v)
        return v


@dataclass(frozen=True)
class Free:
    """No constraint."""

    def value(self, w: Array) -> Array:
        """w."""
        return w

    def forward(self, w: Array) -> tuple[Array, Jacobian]:
        """w and the identity."""
        return w, IdentityJacobian()

    def retract(self, w: Array) -> Array:
        """w."""
        return w


@dataclass(frozen=True)
class Bjorck:
    """Orthonormal rows or columns by Bjorck's iteration, differentiated through its steps.

    The parameter itself moves freely, and a large step of the optimiser could carry a singular value out of the basin,
    where the iteration diverges. `retract` divides such a parameter by an upper bound of its norm: that changes neither
    its polar factor nor the weight of a converged iteration. With singular values at most sqrt 2 every order converges.

    Attributes
    ----------
    iterations, order : int
        Of `refsort.ops.bjorck`.
    scaling : str or None
        A rule of `refsort.ops.bjorck_scaling` that is applied, and differentiated, before the iteration. Then the
        iteration starts inside the basin whatever w is; but small singular values need more steps.
    route : "auto", "products" or "spectral"
        How the steps are computed: by products (`bjorck`), or by one decomposition (`bjorck_spectral`),
        which gives the same iterate and derivative to rounding. "auto" takes the decomposition where the products of
        all steps and their derivatives, 5 + 4 (order - 1) a step, are more than the 40 that it costs: from 9 steps of
        order 1, 5 of order 2, 4 of order 3. Products it takes below 128 rows or columns, where calls cost more than
        arithmetic, and for what `bjorck_spectral` refuses: what is not finite, neither float32 nor float64, or has a
        singular value so small that the decomposition would lose its direction.
    """

    iterations: int = 20
    order: int = 1
    scaling: str | None = None
    route: str = "auto"

    def __post_init__(self) -> None:
        if self.route not in _ROUTES:
            raise ValueError(f"Bjorck: route must be one of {', '.join(_ROUTES)}, got {self.route!r}")

    def value(self, w: Array) -> Array:
        """The iterate after all steps."""
        w = w if self.scaling is None else bjorck_scaling(w, self.scaling)
        if self._pays(w):
            with suppress(ValueError):
                return bjorck_spectral(w, self.iterations, self.order)
        return (bjorck_spectral if self.route == "spectral" else bjorck)(w, self.iterations, self.order)

    def forward(self, w: Array) -> tuple[Array, Jacobian]:
        """The iterate and its Jacobian, the scaling's included."""
        if self.scaling is None:
            return self._steps(w)
        scaled, before = bjorck_scaling_forward(w, self.scaling)
        a, after = self._steps(scaled)
        return a, ChainJacobian((before, after))

    def _steps(self, w: Array) -> tuple[Array, Jacobian]:
        if self._pays(w):
            with suppress(ValueError):
                return bjorck_spectral_forward(w, self.iterations, self.order)
        steps = bjorck_spectral_forward if self.route == "spectral" else bjorck_forward
        return steps(w, self.iterations, self.order)

    def _pays(self, w: Array) -> bool:
        """Whether "auto" tries the decomposition."""
        products = (5 + 4 * (self.order - 1)) * self.iterations
        pays = products > _PRODUCTS_OF_A_DECOMPOSITION and min(w.shape) >= _SMALLEST_DECOMPOSED
        return self.route == "auto" and pays and w.dtype in (np.float32, np.float64)

    def retract(self, w: Array) -> Array:
        """w where its spectral norm is surely at most sqrt 2; else w over an upper bound of that norm."""
        if w.dtype == object or self.scaling is not None:
            return w  # exact weights are not trained, and scaled ones start in the basin
        a = w if w.shape[0] >= w.shape[1] else w.T
        with np.errstate(over="ignore", invalid="ignore"):  # then the comparison below is false, as it should be
            q = gram(a)
            q[np.diag_indices_from(q)] -= 1
            # ||W||_2^2 <= 1 + ||W^T W - I||_F, nearly sharp for the almost orthonormal weights of a training run;
            # 1.9 instead of 2 leaves room for the rounding of the product
            if np.vdot(q, q) <= 0.9**2:
                return w
        bound = spectral_norm_schatten(w)
        return w if bound <= math.sqrt(1.9) else np.asarray(w / bound)


class TangentProjection(NamedTuple):
    """The derivative of the polar factor at an orthonormal w: what is orthogonal to w's stretches stays.

    For a tall w it is V -> V - W sym(W^T V), the limit of the derivative of Bjorck's iteration; it is symmetric.

    Attributes
    ----------
    w : ndarray, (m, n)
        The weight itself, not a copy.
    """

    w: Array

    def backward(self, a_bar: ArrayLike) -> Array:
        """``w_bar``: two products."""
        v = like("bjorck", "a_bar", a_bar, self.w.shape)
        if self.w.shape[0] < self.w.shape[1]:
            return TangentProjection(self.w.T).backward(v.T).T
        s = symmetric_product(self.w, v)
        projected: Array = v - self.w @ (0.5 * s)
        return projected

    def tangent(self, w_dot: ArrayLike) -> Array:
        """``a_dot``, by the same map."""
        return self.backward(w_dot)


@dataclass(frozen=True)
class Stiefel:
    """The parameter itself is kept orthonormal up to the square of an update: Riemannian descent at the cost of a step.

    The gradient is projected on the tangents, two products, and after each update one step of Bjorck is taken, two
    products, where the weight map of `Bjorck` takes and differentiates K steps. An update of relative size d leaves a
    residual of order d^2, which a single step squares; so the residual vanishes with the learning rate.

    Attributes
    ----------
    iterations : int
        Bjorck steps of a retraction.
    """

    iterations: int = 1

    def value(self, w: Array) -> Array:
        """w."""
        return w

    def forward(self, w: Array) -> tuple[Array, Jacobian]:
        """w and the projection on its tangents."""
        return w, TangentProjection(w)

    def retract(self, w: Array) -> Array:
        """w after its Bjorck steps, divided by an upper bound of its norm first where it may be outside the basin."""
        if w.dtype == object:
            return w  # exact weights are not trained
        a = w if w.shape[0] >= w.shape[1] else w.T
        for _ in range(self.iterations):
            with np.errstate(over="ignore", invalid="ignore"):  # then the comparison below is false, as it should be
                q = gram(a)
                np.negative(q, out=q)
                q[np.diag_indices_from(q)] += 1
                inside = np.vdot(q, q) <= _RESIDUAL_INSIDE**2
            a = a + a @ (0.5 * q) if inside else bjorck(a / max(1.0, spectral_norm_schatten(a)), 2)
        return a if a.shape == w.shape else np.ascontiguousarray(a.T)


# of order 1 the basin is ||W||_2^2 < 3, and ||W||_2^2 <= 1 + ||I - W^T W||_F
_RESIDUAL_INSIDE = 1.8


@dataclass(frozen=True)
class Spectral:
    """Spectral normalisation with the exact norm."""

    def value(self, w: Array) -> Array:
        """w / ||w||_2."""
        return spectral_normalize(w)

    def forward(self, w: Array) -> tuple[Array, Jacobian]:
        """w / ||w||_2 and its Jacobian."""
        return spectral_normalize_forward(w)

    def retract(self, w: Array) -> Array:
        """w."""
        return w


@dataclass(frozen=True)
class Parseval:
    """A Parseval step of length `beta` after each update; no bound is guaranteed."""

    beta: float = 0.5

    def value(self, w: Array) -> Array:
        """w."""
        return w

    def forward(self, w: Array) -> tuple[Array, Jacobian]:
        """w and the identity."""
        return w, IdentityJacobian()

    def retract(self, w: Array) -> Array:
        """w after one step, from inside the basin (see `Bjorck.retract`)."""
        return parseval_step(Bjorck().retract(w), self.beta)


@dataclass(frozen=True)
class RowsL1:
    """Each row projected on the unit l1 ball after each update: ||W||_inf <= 1."""

    def value(self, w: Array) -> Array:
        """w."""
        return w

    def forward(self, w: Array) -> tuple[Array, Jacobian]:
        """w and the identity."""
        return w, IdentityJacobian()

    def retract(self, w: Array) -> Array:
        """The nearest matrix whose rows have l1 norm at most 1."""
        return project_operator_ball(w, math.inf, math.inf)


@dataclass(frozen=True)
class SquaresL1:
    """Rows of l1 norm 1 as signed squares of rows of 2-norm 1: ||W||_inf = 1, and Adam may move the parameter.

    The weight does not depend on the lengths of the parameter's rows. They are brought back to 1 after each update, so
    that the learning rate keeps its meaning.
    """

    def value(self, w: Array) -> Array:
        """The signed squares."""
        return signed_squares(w)

    def forward(self, w: Array) -> tuple[Array, Jacobian]:
        """The signed squares and their Jacobian."""
        return signed_squares_forward(w)

    def retract(self, w: Array) -> Array:
        """The rows divided by their 2-norms."""
        scale, norm = scaled_norm(wide(w), 2)
        with np.errstate(invalid="ignore"):  # a row of zeros, or an infinite one: NaN, which training reports
            return np.asarray(w / scale / norm).astype(w.dtype, copy=False)
