"""w / s(w) for a positive scale s: the derivative that every normalisation shares."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from refsort.ops.arrays import Array, like


class QuotientJacobian(NamedTuple):
    """The Jacobian of ``y = w / s(w)``: ``y_dot = (w_dot - y <D, w_dot>) / s`` with D the gradient of s.

    Where s is homogeneous, <D, w> = s: the derivative along w itself is zero, as it must be.

    Attributes
    ----------
    y : ndarray, the shape of w
        The quotient.
    scale : scalar of the dtype of w
        s(w) > 0.
    gradient : ndarray, the shape of w
        D; zeros where s does not depend on the entries.
    """

    y: Array
    scale: Any
    gradient: Array

    def backward(self, y_bar: ArrayLike) -> Array:
        """``w_bar = (y_bar - D <y, y_bar>) / s``."""
        y_bar = like("quotient", "y_bar", y_bar, self.y.shape)
        w_bar: Array = (y_bar - self.gradient * np.vdot(self.y, y_bar)) / self.scale
        return w_bar

    def tangent(self, w_dot: ArrayLike) -> Array:
        """``y_dot = (w_dot - y <D, w_dot>) / s``."""
        w_dot = like("quotient", "w_dot", w_dot, self.y.shape)
        y_dot: Array = (w_dot - self.y * np.vdot(self.gradient, w_dot)) / self.scale
        return y_dot
