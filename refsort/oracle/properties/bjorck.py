"""Bjorck's iteration on other matrices than those that were asked about, and one step of it to the bit."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from refsort import spec
from refsort.oracle.cases import Case
from refsort.oracle.claims import Comparison
from refsort.oracle.operations import bjorck
from refsort.oracle.operations.exactly import exact, fractions
from refsort.oracle.properties.asking import Array, Ask, Slope, agree, inner, like, slopes_agree, small
from refsort.oracle.properties.bounds import gradient_bounds, order_and_beta, value_bound


def signed_permutations(ask: Ask, case: Case) -> Iterator[Comparison]:
    """``B(P W Q) = P B(W) Q`` for orthogonal P, Q; here with signed permutations, which round nothing.

    Every step is W times a polynomial of W^T W. A bias of rows or columns, a norm other than those that orthogonal maps
    keep, a start vector (B6, B23). Both answers are within one bound of corresponding results. 2 calls.
    """
    rows, columns = _order(case.arrays[0].shape[0]), _order(case.arrays[0].shape[1])
    turned = _signs(case.arrays[0].shape) * case.arrays[0][rows][:, columns]
    expected = _signs(case.arrays[0].shape) * ask.value(case)[rows][:, columns]
    found, bound = ask.value(_at(case, turned.astype(case.arrays[0].dtype))), value_bound(case, ask.precision(case))
    yield agree("value", "rows and columns permuted, with signs", expected, found, 2 * bound)


def transposition(ask: Ask, case: Case) -> Iterator[Comparison]:
    """``B(W^T) = B(W)^T``, since W (W^T W)^j = (W W^T)^j W: code for tall matrices only (B23). 2 calls."""
    expected, bound = ask.value(case), value_bound(case, ask.precision(case))
    turned = _at(case, np.ascontiguousarray(case.arrays[0].T))
    turned = turned._replace(cotangent=np.ascontiguousarray(case.cotangent.T))
    yield agree("value", "the transposed matrix", expected.T, ask.value(turned), 2 * bound)


def orthonormal_matrices_stay(ask: Ask, case: Case) -> Iterator[Comparison]:
    """Signed permutation matrices, cut to the shape, are fixed points: I - W^T W times W is exactly zero.

    Zero tolerance: a scaling that nobody asked for, coefficients that do not sum up, an epsilon (B4, B7, B9). On the
    longer Gram side the defect is a diagonal of zeros and ones, and its products with W vanish as well. 1 call.
    """
    w = case.arrays[0]
    fixed = like(_signs(w.shape) * np.eye(*w.shape)[_order(w.shape[0])], w)
    yield agree("value", "an orthonormal matrix of zeros and ones stays", exact(fixed), ask.value(_at(case, fixed)))


def one_step_to_the_bit(ask: Ask, case: Case) -> Iterator[Comparison]:
    """One step on multiples of 1/4 (or 1/2, or 1) is exact, with its gradient: zero tolerance. 2 calls.

    See `_lattice` for why. Coefficients that are slightly off, operands of fewer bits (B19), a wrong order (B22).
    """
    found = _lattice(ask, case, reach=0)
    if found is None:
        return
    lattice, _ = found
    yield agree("value", "one step, to the bit", bjorck.truth(lattice), ask.value(lattice))
    expected = bjorck.cotangents_of(lattice, bjorck.iterates_of(lattice))[0]
    yield agree("gradient", "the gradient of one step, to the bit", expected, ask.gradients(lattice)[0])


def gradient_of_one_step_is_the_derivative(ask: Ask, case: Case) -> Iterator[Comparison]:
    """``<w_bar, D> = <y_bar, d/dt B(W + t D)>`` with the derivative taken from values alone, without tolerance.

    One step of order p is a polynomial of degree 2 p + 1 in t. Such a polynomial is known from its values at
    t = -m, ..., m with m = p + 1, and

        f'(0) = sum_{k=1}^m (-1)^(k+1) m!^2 / ((m-k)! (m+k)! k) (f(k) - f(-k))

    exactly, up to degree 2 m. On the lattice of `_lattice` the values are exact. Detached or scaled gradients (B1),
    none at all (B2). 2 m + 1 calls, 1 with gradients.
    """
    m = case.params["order"] + 1
    found = _lattice(ask, case, reach=m)
    if found is None:
        return
    lattice, unit = found
    w, y_bar, d = lattice.arrays[0], exact(lattice.cotangent), _direction(case.arrays[0].shape, unit)
    quotient = Fraction(0)
    for k, weight in enumerate(_stencil(m), 1):
        ends = [ask.value(_at(lattice, like(exact(w) + s * k * d, w))) for s in (1, -1)]
        quotient += weight * inner(y_bar, ends[0] - ends[1])
    (w_bar,) = ask.gradients(lattice)
    yield from slopes_agree([Slope("a line of matrices", quotient, inner(w_bar, d), Fraction(0))])


def gradient_is_the_derivative(ask: Ask, case: Case) -> Iterator[Comparison]:
    """The same for several steps: a central difference, whose remainder is known exactly.

    ``<y_bar, f(W + t D) - f(W - t D)> / 2 t`` and <y_bar, f'(W) D> are computed from the exact polynomial, so their
    difference, the Taylor remainder, is a number and no estimate; t need not be small. What is left is rounding: the
    value bounds over 2 t and the gradient bound, with the Cauchy-Schwarz inequality. A gradient of the last step alone,
    a detached or unscaled iteration (B1). 3 calls, 1 with gradients.
    """
    if (2 * case.params["order"] + 1) ** case.params["iterations"] > 60:
        iterations = 1 if case.params["order"] == 3 else 2
        case = case._replace(params=case.params | {"iterations": iterations})
    w = like(fractions([Fraction(k, 8) for k in small(case.arrays[0], 4).flat], case.arrays[0].shape), case.arrays[0])
    here, d, t = _at(case, w), _direction(w.shape, Fraction(1)), Fraction(1, 8)
    ends = [_at(case, like(exact(w) + s * t * d, w)) for s in (1, -1)]
    y_bar, precision = exact(case.cotangent), ask.precision(case)
    (w_bar,) = ask.gradients(here)
    exactly = [bjorck.truth(end) for end in ends]
    slope = inner(bjorck.cotangents_of(here, bjorck.iterates_of(here))[0], d)
    remainder = inner(y_bar, exactly[0] - exactly[1]) / (2 * t) - slope
    values = [ask.value(end) for end in ends]
    bounds = [
        float(np.asarray(b)) for b in (*(value_bound(e, precision) for e in ends), *gradient_bounds(here, precision))
    ]
    if not np.isfinite(bounds).all():
        return
    e_plus, e_minus, e_gradient = (Fraction(b) for b in bounds)
    bound = _norm(y_bar) * (e_plus + e_minus) / (2 * t) + e_gradient * _norm(d)
    quotient = inner(y_bar, values[0] - values[1]) / (2 * t) - remainder
    yield from slopes_agree([Slope("a line of matrices", quotient, inner(w_bar, d), bound)])


def _lattice(ask: Ask, case: Case, reach: int) -> tuple[Case, Fraction] | None:
    """One step on the richest lattice k / 2^s, |k| <= m, where it and its gradient are exact, and the unit 2^-s.

    Let a be the larger of 1 and the row and column sums of |W| (and of what is `reach` steps away), h those of the
    cotangent. Whatever the association, an intermediate is a sum of terms, each a coefficient times a product of at
    most 2 p + 1 of the matrices; as a >= 1, the terms of W sum_j c_j (I - W^T W)^j add up to at most
    M = a sum_j c_j (1 + a^2)^j in absolute value, those of its derivative to h sum_j c_j ((1 + a^2)^j +
    2 j a^2 (1 + a^2)^(j-1)). They all are multiples of q = 2^(-s (2 p + 1)) over the common denominator of the c_j (and
    of q times the unit of h). So for 2 M <= 2^bits q nothing is rounded; the 2 is for 2 A, 3 A and their like.
    """
    order, beta = order_and_beta(case)
    c = [Fraction(1), beta] if order == 1 else spec.coefficients(order)
    c = [abs(x) for x in c]
    denominator = math.lcm(*(x.denominator for x in c))
    h = small(case.cotangent, 2)
    for s, most in ((2, 4), (2, 2), (1, 2), (1, 1), (0, 1)):
        w = fractions([Fraction(k, 2**s) for k in small(case.arrays[0], most).flat], case.arrays[0].shape)
        a, b = _size(abs(w) + fractions([Fraction(reach, 2**s)] * w.size, w.shape)), _size(h)
        value = a * sum(x * (1 + a * a) ** j for j, x in enumerate(c))
        slope = b * sum(x * ((1 + a * a) ** j + 2 * j * a * a * (1 + a * a) ** max(j - 1, 0)) for j, x in enumerate(c))
        if 2 * max(value, slope) * 2 ** (s * (2 * order + 1)) * denominator <= 2 ** ask.bits(case):
            params = case.params | {"iterations": 1}
            exactly = case._replace(arrays=(like(w, case.arrays[0]),), params=params, cotangent=like(h, case.cotangent))
            return exactly, Fraction(1, 2**s)
    return None


def _stencil(m: int) -> list[Fraction]:
    """The weights of f(k) - f(-k), k = 1, ..., m: those of a derivative that is exact up to degree 2 m."""
    weights, ratio = [], Fraction(1)
    for k in range(1, m + 1):
        ratio *= Fraction(m - k + 1, m + k)  # m!^2 / ((m - k)! (m + k)!)
        weights.append((-1) ** (k + 1) * ratio / k)
    return weights


def _direction(shape: tuple[int, ...], unit: Fraction) -> Array:
    """Entries 1, 0 and -1 units, in no regular order; never all 0."""
    signs = [(i * i + i // 2) % 3 - 1 for i in range(1, math.prod(shape) + 1)]
    return fractions([unit * sign for sign in (signs if any(signs) else [1] * len(signs))], shape)


def _size(a: Array) -> Fraction:
    sums = [*abs(a).sum(axis=0).flat, *abs(a).sum(axis=1).flat]
    return max(Fraction(1), *(Fraction(x) for x in sums))


def _norm(a: Array) -> Fraction:
    return spec.sqrt_enclosure(inner(a, a)).hi


def _order(n: int) -> list[int]:
    """A permutation that is not its own inverse, where there is one."""
    return [(i + 1) % n for i in range(n)]


def _signs(shape: tuple[int, ...]) -> Array:
    """+1 and -1, the product of one for each row and one for each column."""
    rows, columns = (np.array([1 - 2 * (i % 3 == 1) for i in range(n)]) for n in shape)
    return np.asarray(np.outer(rows, columns))


def _at(case: Case, w: Array) -> Case:
    return case._replace(arrays=(w,), cotangent=case.cotangent if w.shape == case.cotangent.shape else np.zeros_like(w))
