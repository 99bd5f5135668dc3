"""Bjorck's iterate of a large matrix, in the Frobenius norm, with amplification read off the spectrum.

Let S be one step, g what it does to a singular value, f_r the r-fold g, and A_0, ..., A_K the exact iterates. Computed
steps err by E_k. What becomes of E_k is its image under the derivative of f_{K-k-1} somewhere between, a self-adjoint
map whose eigenvalues are the divided differences f[s, t], f[s, -t] and f(s) / s of the trajectory's singular values.
The roundings of different steps are independent, so that with ||E_k||_F <= eps_k

    e_K^2 <= sum_k M_k^2 eps_k^2,   M_k = max |f_{K-k-1}[s, +-t]| for s, t within e_{k+1} of the spectrum of A_{k+1},

instead of 3/2 for each step of order 1. The maximum is taken on a grid of that interval.

A step is a sum of the terms ``c_j C(j, i) A (A^T A)^i``, however it is written. A term passes through at most 2 i
products, and has the 2-norm a^(2 i) ||A||_F at most, a = ||A||_2. The roundings of the l-th products are those of
`products`, for all terms with 2 i >= l together, and independent of those of the others; 4 p + 4 elementwise ones are
small beside them. A term of the reverse step has H in one of 2 i + 1 places. In the reverse pass H_k is the exact
cotangent of A_k, and what is lost at step k comes to the gradient through the derivative of f_k at W:

    f_0 <= (sum_k N_k^2 eps'_k^2)^(1/2) + sum_k N_k C_k e_k ||H_{k+1}||_2,   N_k = max |f_k[s, +-t]|,

C_k a bound of the second derivative of a step (`operations.bjorck`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from math import comb
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from refsort.oracle.claims import Comparison
from refsort.oracle.operations.bjorck import coefficients_of, curvature
from refsort.oracle.operations.operation import Case
from refsort.oracle.realistic.finding import RESTS_ON, Ask, Findings, both, located
from refsort.oracle.realistic.products import Size, bits_seen, matmul, product_error, wider
from refsort.oracle.tolerances import Precision
from refsort.spec import frac

Array = NDArray[Any]
UNIT = Size(1.0, math.inf, 1.0)  # a matrix of 2-norm 1
_GRID = 65


def findings(ask: Ask, case: Case, precision: Precision, rng: np.random.Generator) -> Findings:
    """The result and the gradient, each as a whole."""
    order, steps = case.params["order"], case.params["iterations"]
    real, judged = wider(precision)
    w, g = (array.astype(real) for array in (case.arrays[0], case.cotangent))
    c = coefficients_of(order, frac(case.params["beta"]))
    iterates, residuals = iterate(w, c, steps)
    cotangents = pull_back(iterates, residuals, c, g)
    analysis = Analysis.of(w, c, steps, judged)
    out, gradients = both(ask, case)
    about = f"{steps} steps of order {order} on {w.shape[0]}x{w.shape[1]}"
    answers = [("value", "the result", out, iterates[-1], analysis.value_error())]
    if gradients:
        bound = analysis.gradient_error([float(np.linalg.norm(h.astype(np.float64), 2)) for h in cotangents], g)
        answers.append(("gradient", "the gradient", gradients[0], cotangents[0], bound))
    for array, (kind, what, found, expected, bound) in enumerate(answers, -1):
        distance = float(np.linalg.norm((found.astype(real) - expected).astype(np.float64)))
        size = float(np.linalg.norm(expected.astype(np.float64)))
        seen = bits_seen(distance / bound, analysis.size(), UNIT, max(w.shape), judged)
        text = f"{what} of {about}, the F-norm of the error ({RESTS_ON}{seen})"
        near = f"at most {bound:.3g} from the truth, which has norm {size:.3g}"
        yield located(Comparison(kind, text, distance / bound, near, f"{distance:.3g} from it"), array, found, expected)


def iterate(w: Array, c: Sequence[float], steps: int) -> tuple[list[Array], list[Array]]:
    """A_0 to A_K, and the I - A^T A of all but the last."""
    iterates, residuals = [w], []
    for _ in range(steps):
        a = iterates[-1]
        q = np.eye(a.shape[1], dtype=a.dtype) - matmul(a.T, a)
        residuals.append(q)
        iterates.append(matmul(a, _polynomial(q, c)))
    return iterates, residuals


def _polynomial(q: Array, c: Sequence[float]) -> Array:
    identity = np.eye(len(q), dtype=q.dtype)
    total = c[-2] * identity + c[-1] * q
    for x in c[-3::-1]:
        total = x * identity + matmul(q, total)
    return total


def pull_back(iterates: Sequence[Array], residuals: Sequence[Array], c: Sequence[float], g: Array) -> list[Array]:
    """H_0 to H_K; the derivative of a step is self-adjoint, so its transpose along H is the product rule along H."""
    cotangents = [g]
    for a, q in zip(iterates[-2::-1], residuals[::-1], strict=True):
        h, identity = cotangents[-1], np.eye(len(q), dtype=q.dtype)
        q_dot = -(matmul(h.T, a) + matmul(a.T, h))
        total, total_dot = c[-2] * identity + c[-1] * q, c[-1] * q_dot
        for x in c[-3::-1]:
            total, total_dot = x * identity + matmul(q, total), matmul(q_dot, total) + matmul(q, total_dot)
        cotangents.append(matmul(h, total) + matmul(a, total_dot))
    return cotangents[::-1]


class Analysis(NamedTuple):
    """The errors of K rounded steps.

    Attributes
    ----------
    spectra : list of ndarray
        The singular values of A_0 to A_K.
    errors : list of float
        e_0 to e_K.
    """

    spectra: list[Array]
    errors: list[float]
    c: list[float]
    shape: tuple[int, int]
    precision: Precision

    @classmethod
    def of(cls, w: Array, c: list[float], steps: int, precision: Precision) -> Analysis:
        """The analysis of the iteration that starts at w."""
        doubles = w.astype(np.float64)
        spectra = [np.linalg.svd(doubles, compute_uv=False)]
        for _ in range(steps):
            spectra.append(np.abs(_repeated(c, 1)(spectra[-1])[0]))
        self = cls(spectra, [0.0], c, w.shape, precision)
        local: list[float] = []
        for k in range(steps):
            local.append(self._step_error(k))
            reached = math.hypot(*(self._amplified(i + 1, k - i) * local[i] for i in range(k + 1)))
            self.errors.append(reached * (1 + 2.0**-20))
        return self

    def value_error(self) -> float:
        """e_K."""
        return self.errors[-1]

    def gradient_error(self, norms: Sequence[float], g: Array) -> float:
        """f_0, from the 2-norms of H_0 to H_K."""
        steps, moved = len(self.errors) - 1, 0.0
        frobenius = float(np.linalg.norm(g.astype(np.float64)))
        lost: list[float] = []
        for k in reversed(range(steps)):
            behind = math.hypot(*lost) + moved
            # ||H_{k+1}||_F from ||G||_F, and the 2-norm, each with what is lost behind it
            h = Size(norms[k + 1] + behind, self._amplified(k + 1, steps - k - 1) * frobenius + behind, 0.0)
            amplified, a = self._amplified(0, k), self._norm(k)
            lost.append(amplified * self._lost([(i, (2 * i + 1) * x * a ** (2 * i)) for i, x in self._terms()], h))
            moved += amplified * curvature(self.c, a) * self.errors[k] * h.two
        return (math.hypot(*lost) + moved) * (1 + 2.0**-20)

    def _amplified(self, start: int, steps: int) -> float:
        """The largest divided difference of so many steps from A_start on, or from a matrix within its error."""
        if steps == 0:
            return 1.0
        error, s = self.errors[min(start, len(self.errors) - 1)], self.spectra[start]
        x = np.linspace(max(float(s.min()) - error, 1e-6), float(s.max()) + error, _GRID)
        f, slope = _repeated(self.c, steps)(x)
        apart = x[:, None] - x + np.eye(_GRID)
        same = np.where(np.eye(_GRID, dtype=bool), slope, (f[:, None] - f) / apart)
        across = (f[:, None] + f) / (x[:, None] + x)
        return max(float(np.abs(same).max()), float(np.abs(across).max()))

    def _terms(self) -> list[tuple[int, float]]:
        """i and the sum over j of c_j C(j, i), what stands before A (A^T A)^i in absolute value."""
        return [(i, sum(x * comb(j, i) for j, x in enumerate(self.c))) for i in range(len(self.c))]

    def size(self, k: int = 0) -> Size:
        """Of A_k, or of the identity where that is larger in the F-norm."""
        frobenius = math.sqrt(float((self.spectra[k] ** 2).sum())) + self.errors[k]
        return Size(self._norm(k), max(frobenius, math.sqrt(max(self.shape))), self._norm(k))

    def _norm(self, k: int) -> float:
        return float(self.spectra[k].max()) + self.errors[k]

    def _step_error(self, k: int) -> float:
        a = self._norm(k)
        return self._lost([(i, x * a ** (2 * i)) for i, x in self._terms()], self.size(k))

    def _lost(self, terms: Sequence[tuple[int, float]], factor: Size) -> float:
        """What rounding adds to terms of these sizes, in units of their one factor that is not of 2-norm 1."""
        product = product_error(factor._replace(line=factor.two), UNIT, self.shape, max(self.shape), self.precision)
        through = [sum(x for i, x in terms if 2 * i >= count) for count in range(1, 2 * len(terms) - 1)]
        plain = 8 * len(terms) * float(self.precision.u) * factor.frobenius * sum(x for _, x in terms)
        return product * math.hypot(*through) + plain


def _repeated(c: Sequence[float], steps: int) -> Callable[[Array], tuple[Array, Array]]:
    """s -> (f(s), f'(s)) of so many steps."""

    def function(s: Array) -> tuple[Array, Array]:
        slope = np.ones_like(s)
        for _ in range(steps):
            q = 1 - s * s
            value = sum(x * q**j for j, x in enumerate(c))
            inner = sum(j * x * q ** (j - 1) for j, x in enumerate(c) if j)
            slope = slope * (value - 2 * s * s * inner)
            s = s * value
        return s, slope

    return function
