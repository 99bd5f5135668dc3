"""How far two right implementations may lie apart: derived from roundings where a derivation says something.

A tolerance is a callable ``(inputs, expected) -> float`` of a case's inputs and of refsort's outputs, the value and, in
passes with a gradient, the gradient. It is in units roundoff of the dtype, for the norm of
`refsort.bench.agreement.difference`, and counts both sides: each may err by half of it.

Sorting rounds nothing. The projection on the l1 ball has a bound for whatever roundings do; Bjorck's iteration has one
for independent roundings of mean zero (Higham and Mary 2019): without that model it would say nothing in float32. For
singular value decompositions no constants are known beforehand, and bounds for whole networks are a thousand times what
happens, or more: there the tolerance is chosen, far above what rounding was seen to do and far below what a wrong
formula does. Rows report how far the sides lay apart, so that it can be seen how much room was left.

References
----------
.. [1] N. J. Higham, T. Mary, "A new approach to probabilistic rounding error analysis", SIAM J. Sci. Comput. 41(5),
   2019.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from refsort.ops import bjorck_coefficients
from refsort.ops.arrays import Array

Inputs = Mapping[str, Array]
Tolerance = Callable[[Inputs, Sequence[Array]], float]


def exact(inputs: Inputs, expected: Sequence[Array]) -> float:
    """Zero: nothing is rounded."""
    return 0.0


def chosen(units: float) -> Tolerance:
    """So many units roundoff, without a derivation."""
    return lambda inputs, expected: units


def product(inputs: Inputs, expected: Sequence[Array]) -> float:
    """Of x with itself: an entry errs by at most n roundings of the sum of its terms' magnitudes."""
    x = np.abs(np.asarray(inputs["x"], dtype=float))
    return float(2 * len(x) * _norm(x @ x) / (_norm(expected[0]) or 1))


def project_l1_ball(inputs: Inputs, expected: Sequence[Array]) -> float:
    """To first order, where both sides find the same entries active: gradients jump elsewhere.

    tau is the mean of the active entries less ``radius / count``: at most d + 4 roundings of two numbers that are at
    most ``max |v|`` of the row, for ``radius <= count max |v|``. Each active entry errs by as much, and by one rounding
    of its own. The gradient is the cotangent of the active entries less its mean: no more roundings.
    """
    v, y = (np.asarray(array, dtype=float) for array in (inputs["x"], expected[0]))
    d, active = v.shape[1], y != 0
    outside = np.any(v != y, axis=1, keepdims=True)  # rows inside stay as they are
    found = 2 * (d + 4) * _norm(np.max(np.abs(v), axis=1, keepdims=True) * (active & outside)) / (_norm(y) or 1) + 1
    if len(expected) > 1:
        found = max(found, (d + 6) * _norm(inputs["y_bar"][active]) / (_norm(expected[1]) or 1))
    return float(2 * found)


class Step(NamedTuple):
    """What one step of Bjorck's iteration does to errors; singular values of its A lie between two numbers.

    Attributes
    ----------
    grows : float
        The most by which its derivative stretches a matrix, in the Euclidean norm.
    bends : float
        The same for its second derivative, in the Euclidean norm of one matrix times the 2-norm of the other.
    factor : float
        The most by which the 2-norms of what a product is multiplied with enlarge its error.
    """

    grows: float
    bends: float
    factor: float


def bjorck(order: int, iterations: int) -> Tolerance:
    """To first order, twice the root of the mean square of each side's error (it is a sum of very many).

    A product X Y over an inner length m errs by at most ``sqrt(m + 1) u ||X||_2 ||Y||_F`` in the mean square, since
    each rounding is one of an entry of a partial product, and a part of X has no larger norm than X. One step
    multiplies ``order + 1`` times forward, and no more than ``4 order`` times backward, tape or no tape; sums of
    matrices are one more rounding. Later steps stretch what a step errs by.

    That is for the iteration by products. A side that takes one decomposition in their place has an
    error of which no constant is known beforehand: it is held to the same.

    The gradient also inherits: its steps take place at matrices that err. There one factor is the cotangent, normal and
    so of a 2-norm of about ``sqrt m + sqrt n``, which no step enlarges by more than it enlarges single matrices.
    """

    def tolerance(inputs: Inputs, expected: Sequence[Array]) -> float:
        w = np.asarray(inputs["x"], dtype=float)
        m, n = max(w.shape), min(w.shape)
        steps = bjorck_steps(np.linalg.svd(w, compute_uv=False), order, iterations)
        growth = math.prod(max(1.0, step.grows) for step in steps)
        error, inherited, fresh = 0.0, 0.0, 0.0
        for step in steps:
            inherited += step.bends * error
            fresh = math.hypot(fresh, 2 * step.factor * math.sqrt(4 * order * (m + 2)))
            error = math.hypot(step.grows * error, step.factor * math.sqrt((order + 1) * (m + 2) * n))
        found = error / (_norm(expected[0]) or 1)
        if len(expected) > 1:
            y_bar = inherited * (math.sqrt(m) + math.sqrt(n)) + fresh * _norm(inputs["y_bar"])
            found = max(found, growth * y_bar / (_norm(expected[1]) or 1))
        return 2 * 2 * found

    return tolerance


def bjorck_steps(singular_values: Array, order: int, iterations: int) -> list[Step]:
    """The steps from a matrix of these singular values, which stay between the images of all numbers between them.

    ``g(s) = s h(s)``, h = sum_j c_j (1 - s^2)^j, acts on singular values; the derivative of a step has the eigenvalues
    ``(g(s) - g(t)) / (s - t)``, a value of g', and ``(g(s) + g(t)) / (s + t)``, a mean of values of h. Second
    derivatives by the product rule from ``A Q^j``, Q = I - A^T A, with ``|Q_dot| <= 2 |A| |V|``.

    Examples
    --------
    From singular values in (0, 1) the first step may stretch by 3/2, and where it has converged none does:

    >>> steps = bjorck_steps(np.array([0.5, 1.0]), order=1, iterations=9)
    >>> steps[0].grows, round(steps[-1].grows, 12), round(steps[-1].bends, 12)
    (1.375, 1.0, 3.0)
    """
    c = [float(coefficient) for coefficient in bjorck_coefficients(order)]
    c_1 = [j * a for j, a in enumerate(c)][1:]  # of the derivative in Q
    c_2 = [j * a for j, a in enumerate(c_1)][1:]
    low, high = float(np.min(singular_values)), float(np.max(singular_values))
    steps = []
    for _ in range(iterations):
        s = np.linspace(low, high, 65)
        q = 1 - s * s
        h, slopes, far = _sum(c, q), _sum(c_1, q), np.max(np.abs(q))
        slope, curve = float(_sum(c_1, far)), float(_sum(c_2, far))
        grows = max(float(np.max(np.abs(h - 2 * s * s * slopes))), float(np.max(h)))
        steps.append(Step(grows, 6 * high * slope + 4 * high**3 * curve, max(1.0, high) ** 3 * max(1.0, slope)))
        low, high = float(np.min(s * h)), float(np.max(s * h))
    return steps


def _sum(coefficients: Sequence[float], q: Array) -> Array:
    """The polynomial of q with these coefficients."""
    return np.polynomial.polynomial.polyval(q, coefficients or [0.0])


def _norm(a: Array) -> float:
    return float(np.linalg.norm(np.ravel(np.asarray(a, dtype=float))))
