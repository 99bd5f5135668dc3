"""Bjorck's iterate after exactly so many steps, and how far rounded steps and a reverse pass may be from it.

The model is that of `refsort.oracle.tolerances`. The bounds are doubles, made of sums and products of non-negative
numbers by fewer than 10^6 operations: `_SLACK` covers their own rounding. They go step by step and grow like g'(0)^K,
so they are for few iterations.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import partial
from math import comb
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from refsort import spec, strategies
from refsort.oracle.claims import Claims, normwise
from refsort.oracle.operations.exactly import exact, fractions
from refsort.oracle.operations.operation import Case, Operation, matrix_sides
from refsort.oracle.tolerances import Precision
from refsort.rounding import gamma

Array = NDArray[Any]

_SLACK = 1 + 2.0**-20


@st.composite
def _cases(draw: st.DrawFn, op: str, dtype: str) -> Case:
    # weights with eighths for entries and no structure: few steps move them far. In formats of so few bits that bounds
    # are wide, tell-tale are one step of a small weight with large entries, and two of one with small entries
    inside = draw(st.sampled_from([True, False]))
    short = draw(st.sampled_from([1, 2])) if inside and strategies.FORMATS[dtype].precision < 12 else 0
    m, n = draw(st.sampled_from([(1, 1), (1, 2), (2, 1), (2, 2)]) if short else matrix_sides(4))
    bits = 3 if inside else draw(st.sampled_from([3, strategies.FORMATS[dtype].precision - 2]))
    eighths = strategies.lattice(dtype, (m, n), 3, (-3, 0 if short else -3))
    order, beta = draw(st.sampled_from([(1, 0.5), (1, 0.25), (1, 0.125), *[(2, 0.5), (3, 0.5)] * 2]))
    w = _tamed(
        draw(eighths if inside else strategies.weights(dtype, (m, n), bits)),
        {0: 4.0 if order == 1 else 2.0, 1: 16.0, 2: 0.25}[short],
    )
    most = max(k for k in range(6) if k < 2 or _digits(w) * (2 * order + 1) ** k <= 2200)
    iterations = short or draw(st.sampled_from([*range(1, most + 1)] * 6 + [0]))
    params = {"iterations": iterations, "order": order, "beta": beta}
    return Case(op, dtype, (w,), params, draw(strategies.lattice(dtype, (m, n), 3, (-2, -2))))


def truth(case: Case) -> Array:
    """A_K after K exact steps."""
    return iterates_of(case)[-1]


def iterates_of(case: Case) -> list[Array]:
    """A_0 to A_K, K exact steps."""
    iterates = [exact(case.arrays[0])]
    for _ in range(case.params["iterations"]):
        iterates.append(_like(iterates[0], _step_of(case)(iterates[-1].tolist())))
    return iterates


def cotangents_of(case: Case, iterates: list[Array]) -> list[Array]:
    """The cotangents H_0 to H_K of the iterates: H_K is given, H_0 is the gradient.

    A step is the gradient of the scalar ``tr psi(A^T A) / 2`` with ``psi' = sum_j c_j (1 - t)^j``. So its derivative is
    a Hessian, and symmetric: its transpose along H is its directional derivative along H, which dual numbers give.
    """
    cotangents = [exact(case.cotangent)]
    for a in reversed(iterates[:-1]):
        cotangents.append(_like(a, spec.derivative(_step_of(case), a.tolist(), cotangents[-1].tolist())))
    return cotangents[::-1]


def _values(case: Case, out: Array, precision: Precision) -> Claims:
    iterates = iterates_of(case)
    bound = iterate_errors(iterates, *_order_and_beta(case), precision)[-1]
    yield normwise("value", "the iterate", iterates[-1], out, bound)


def _gradients(case: Case, gradients: Sequence[Array], precision: Precision) -> Claims:
    iterates = iterates_of(case)
    cotangents = cotangents_of(case, iterates)
    errors = iterate_errors(iterates, *_order_and_beta(case), precision)
    bound = gradient_error(iterates, errors, cotangents, *_order_and_beta(case), precision)
    yield normwise("gradient", "the gradient of w", cotangents[0], gradients[0], bound)


@np.errstate(over="ignore", invalid="ignore")  # a bound that overflows is none, and says so by not being finite
def iterate_errors(iterates: Sequence[Array], order: int, beta: Fraction, precision: Precision) -> list[float]:
    """e_0 to e_K: bounds of the Frobenius norms of the errors of K rounded Bjorck steps.

    Let S(A) = A sum_j c_j (I - A^T A)^j be a step of order p, and d the longer side of A. Norms are Frobenius norms.

    One step. However its products are associated (A (I + Q / 2), 3/2 A - 1/2 A A^T A, either Gram side, Horner or
    powers), the computed step expands into terms, each a product of a coefficient and of entries of A and I. A term
    passes through at most 2 p + 1 matrix products, d roundings each, and 4 p + 4 roundings more for identities,
    coefficients and sums. The absolute values of all terms add up to P(|A|) = |A| sum_j |c_j| (I + |A|^T |A|)^j. So
    ``|fl(S(A)) - S(A)| <= gamma_n P(|A|)`` with n = (2 p + 1) d + 4 p + 4.

    K steps. With g(s) = s sum_j c_j (1 - s^2)^j, what a step does to singular values,

        e_0 = 0,   e_{k+1} = L_k e_k + gamma_n ||P(|A_k| + e_k)||,   L_k = max |g'| on [0, ||A_k||_2 + e_k].

    For the derivative of a step is self-adjoint, and its eigenvalues are divided differences of the odd function g,
    which are means of g', between singular values of a matrix no further than e_k from A_k. For c_j = C(2j, j) / 4^j
    one has g'(s) = g'(0) (1 - s^2)^p; for order 1 with beta g'(s) = 1 + beta - 3 beta s^2.

    Underflow: each of the 2 p + 1 products and 4 p + 4 other operations of a step adds at most d eta to each of at most
    d^2 entries, and what follows magnifies that by no more than 2 (1 + ||A||^2)^{p+1}.
    """
    c, d = coefficients_of(order, beta), max(iterates[0].shape)
    rounding = float(gamma((2 * order + 1) * (d + precision.operands) + 4 * order + 4, precision.u))
    underflow = 2 * (6 * order + 5) * d**3 * float(precision.eta)
    errors = [0.0]
    for a in iterates[:-1]:
        size = _sizes(a) + errors[-1]
        local = rounding * np.linalg.norm(_step(c, size)) + underflow * _growth(order, size)
        errors.append(float(_stretch(c, _norm_above(a) + errors[-1]) * errors[-1] + local) * _SLACK)
    return errors


@np.errstate(over="ignore", invalid="ignore")
def gradient_error(
    iterates: Sequence[Array],
    errors: Sequence[float],
    cotangents: Sequence[Array],
    order: int,
    beta: Fraction,
    precision: Precision,
) -> float:
    """A bound of the Frobenius norm of the error of the reverse pass through K rounded steps.

    The notation is that of `iterate_errors`, H_k are the exact cotangents of the A_k. A reverse step is linear in H.
    Its terms add up to P'(|A|)[|H|] in absolute value, and pass through at most one matrix product and 2 p + 4
    roundings more than those of a step. With f_K = 0,

        f_k = L_k f_{k+1} + M_k e_k ||H_{k+1}|| + gamma_n' ||P'(|A_k| + e_k)[|H_{k+1}| + f_{k+1}]||.

    M_k e_k bounds how much the derivative of a step changes between the exact and the computed A_k: a monomial
    a_j A (A^T A)^j has (2 j + 1) 2 j second derivatives, each of norm |a_j| s^{2 j - 1} at most, s = ||A_k||_2 + e_k.
    What underflows is magnified by 1 + ||H_{k+1}|| more than in a step.
    """
    c, d = coefficients_of(order, beta), max(iterates[0].shape)
    rounding = float(gamma((2 * order + 2) * (d + precision.operands) + 6 * order + 8, precision.u))
    underflow = 2 * (8 * order + 10) * d**3 * float(precision.eta)
    f = 0.0
    for a, e, h in zip(iterates[-2::-1], errors[-2::-1], cotangents[:0:-1], strict=True):
        size, h_size, norm = _sizes(a) + e, _sizes(h), _norm_above(a) + e
        local = rounding * np.linalg.norm(_step_derivative(c, size, h_size + f))
        local += underflow * _growth(order, size) * (1 + np.linalg.norm(h_size + f))
        moved = curvature(c, norm) * e * np.linalg.norm(h_size)
        f = float(_stretch(c, norm) * f + moved + local) * _SLACK
    return f


def coefficients_of(order: int, beta: Fraction) -> list[float]:
    """c_0 to c_p of a step, with beta for c_1 in order 1."""
    return [1.0, float(beta)] if order == 1 else [float(c) for c in spec.coefficients(order)]


def _sizes(a: Array) -> Array:
    """|a| as doubles, each off by one rounding."""
    return np.abs(a.astype(np.float64))


def _norm_above(a: Array) -> float:
    """An upper bound of ||a||_2 from ||a||_2^2 = ||a^T a||_2 <= min(||a^T a||_inf, ||a^T a||_F)."""
    floats = a.astype(np.float64)
    floats = floats if a.shape[0] >= a.shape[1] else floats.T
    # the Gram matrix in doubles is off by gamma_{d+2} |a|^T |a| at most, far less than what is added
    gram = np.abs(floats.T @ floats) + 2.0**-40 * (np.abs(floats).T @ np.abs(floats))
    return float(np.sqrt(min(gram.sum(axis=1).max(), np.linalg.norm(gram)))) * _SLACK


def _stretch(c: list[float], norm: float) -> float:
    """max |g'(s)| for 0 <= s <= norm: at 0, or at the far end once that has left [0, 1]."""
    if len(c) == 2:
        return max(1 + c[1], 3 * c[1] * norm**2 - 1 - c[1])
    return sum(c) * max(1.0, norm**2 - 1) ** (len(c) - 1)


def curvature(c: list[float], norm: float) -> float:
    """The sum over j of |a_j| (2 j + 1) 2 j norm^{2 j - 1}, where |a_j| = sum_i c_i C(i, j) belongs to s^{2 j + 1}."""
    monomials = [sum(x * comb(i, j) for i, x in enumerate(c)) for j in range(len(c))]
    return sum(a * (2 * j + 1) * 2 * j * norm ** (2 * j - 1) for j, a in enumerate(monomials) if j)


def _growth(order: int, size: Array) -> float:
    return float((1 + np.linalg.norm(size) ** 2) ** (order + 1))


def _step(c: list[float], a: Array) -> Array:
    """P(a) = a sum_j c_j (I + a^T a)^j for a >= 0."""
    r = np.eye(a.shape[1]) + a.T @ a
    total = c[-1] * np.eye(a.shape[1])
    for x in c[-2::-1]:
        total = x * np.eye(a.shape[1]) + r @ total
    return np.asarray(a @ total)


def _step_derivative(c: list[float], a: Array, h: Array) -> Array:
    """P'(a)[h]: the product rule on the lines of `_step`."""
    identity = np.eye(a.shape[1])
    r, r_dot = identity + a.T @ a, h.T @ a + a.T @ h
    total, total_dot = c[-1] * identity, 0 * identity
    for x in c[-2::-1]:
        total_dot = r_dot @ total + r @ total_dot
        total = x * identity + r @ total
    return np.asarray(h @ total + a @ total_dot)


def _step_of(case: Case) -> Callable[[Any], Any]:
    return partial(spec.bjorck, iterations=1, order=case.params["order"], beta=spec.frac(case.params["beta"]))


def _like(a: Array, rows: list[list[Fraction]]) -> Array:
    return fractions([entry for row in rows for entry in row], a.shape)


def _order_and_beta(case: Case) -> tuple[int, Fraction]:
    return case.params["order"], spec.frac(case.params["beta"])


def _tamed(w: Array, square: float) -> Array:
    """w, halved until ``||w||_1 ||w||_inf <= square``: an upper bound of its squared spectral norm."""
    sizes = np.abs(w.astype(np.float64))
    while sizes.sum(axis=0).max() * sizes.sum(axis=1).max() > square:
        w, sizes = w / 2, sizes / 2  # halving is exact here: the entries are far above the subnormals
    return w


def _digits(w: Array) -> int:
    """The bits of the common denominator: exact Bjorck steps multiply them by 2 order + 1 each."""
    exact: list[Fraction] = [spec.frac(entry) for entry in w.flat]
    return max(entry.denominator for entry in exact).bit_length()


BJORCK = Operation(_cases, truth, _values, _gradients)
