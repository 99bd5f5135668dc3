"""Bjorck's iteration: associations, sides, precisions, ways to differentiate."""

import math

import numpy as np

from refsort.rounding import UNIT_ROUNDOFF
from tests.oracle.plain import bfloat16, bjorck, cut
from tests.oracle.variants import variant

ALL = ("float16", "bfloat16", "float32", "float64")
COEFFICIENTS = (3 / 8, 5 / 16)


def by(step, step_backward, rounded=lambda a: a):
    """K steps and K steps back; a step is given the coefficients c_1, ..., c_p; `rounded` what leaves it."""

    def function(arrays, params, g):
        a, iterates = arrays[0], []
        c = [a.dtype.type(x) for x in (params["beta"], *COEFFICIENTS)[: params["order"]]]
        for _ in range(params["iterations"]):
            iterates.append(a)
            a = rounded(step(a, c))
        for at in reversed(iterates):
            g = rounded(step_backward(at, c, g))
        return a, [g]

    return function


def registered(name, step, step_backward, dtypes, unit_roundoff=None, **others):
    function = by(step, step_backward, **others)
    function.__name__ = name
    variant("bjorck", dtypes, unit_roundoff=unit_roundoff)(function)


def monomials(c):
    """The coefficients of (A^T A)^j in sum_j c_j (I - A^T A)^j with c_0 = 1."""
    full = [1.0, *map(float, c)]
    return [sum((-1) ** j * math.comb(i, j) * x for i, x in enumerate(full)) for j in range(len(full))]


def expanded(a, c):
    """(1 + beta) A - beta A A^T A, and its like for higher orders, multiplied from the left."""
    total, power = 0 * a, a
    for x in monomials(c):
        total, power = total + a.dtype.type(x) * power, (a @ a.T) @ power
    return total


def expanded_from_the_right(a, c):
    """The same, A (A^T A) (A^T A) ... from the left to the right, the highest power added first."""
    powers = [a]
    for _ in c:
        powers.append((powers[-1] @ a.T) @ a)
    return sum((a.dtype.type(x) * power for x, power in list(zip(monomials(c), powers, strict=True))[::-1]), 0 * a)


def expanded_backward(a, c, g):
    """The product rule on A (A^T A)^j, one factor at a time."""
    total, power = 0 * a, [np.eye(a.shape[1], dtype=a.dtype)]
    for _ in c:
        power.append(power[-1] @ (a.T @ a))
    for j, x in enumerate(monomials(c)):
        total = total + a.dtype.type(x) * g @ power[j]
        for i in range(j):
            inner = power[i] @ (g.T @ a) @ power[j - 1 - i] + power[j - 1 - i].T @ (a.T @ g) @ power[i].T
            total = total + a.dtype.type(x) * a @ inner
    return total


def horner(a, c):
    """A (I + Q (c_1 I + Q (c_2 I + ...)))."""
    eye = np.eye(a.shape[1], dtype=a.dtype)
    q, total = eye - a.T @ a, eye * c[-1]
    for x in [*c[-2::-1], a.dtype.type(1)]:
        total = x * eye + q @ total
    return a @ total


def residual(a, c):
    """A + A Q (c_1 I + ...): the correction is added to A."""
    eye = np.eye(a.shape[1], dtype=a.dtype)
    q, total = eye - a.T @ a, eye * c[-1]
    for x in c[-2::-1]:
        total = x * eye + q @ total
    return a + (a @ q) @ total


def on_the_other_side(a, c):
    return horner(a.T, c).T


def on_the_smaller_side(a, c):
    return horner(a, c) if a.shape[1] <= a.shape[0] else on_the_other_side(a, c)


def forward_differentiated(a, c, g):
    """The derivative of a step is symmetric, so the reverse pass is the directional derivative along g."""
    eye = np.eye(a.shape[1], dtype=a.dtype)
    q, q_dot = eye - a.T @ a, -(g.T @ a + a.T @ g)
    total, total_dot = eye * c[-1], 0 * eye
    for x in [*c[-2::-1], a.dtype.type(1)]:
        total, total_dot = x * eye + q @ total, q_dot @ total + q @ total_dot
    return g @ total + a @ total_dot


def symmetric_product(a, b):
    """The lower half of a symmetric product, mirrored, as the BLAS routine syrk does."""
    full = np.tril(a @ b)
    return full + np.tril(full, -1).T


def with_a_mirrored_gram_matrix(a, c):
    eye = np.eye(a.shape[1], dtype=a.dtype)
    q, total = eye - symmetric_product(a.T, a), eye * c[-1]
    for x in [*c[-2::-1], a.dtype.type(1)]:
        total = x * eye + q @ total
    return a @ total


registered("expanded", expanded, expanded_backward, ALL)
registered("expanded_from_the_right", expanded_from_the_right, expanded_backward, ("float32",))
registered("nested", horner, expanded_backward, ("float16", "float32"))
registered("a_correction_added", residual, forward_differentiated, ("float32", "float64"))
registered("on_the_other_side", on_the_other_side, expanded_backward, ("float32", "float64"))
registered("on_the_smaller_side", on_the_smaller_side, forward_differentiated, ("float16", "bfloat16", "float32"))
registered("a_mirrored_gram_matrix", with_a_mirrored_gram_matrix, forward_differentiated, ("float32",))
registered("every_step_rounded_to_bfloat16", horner, forward_differentiated, ("bfloat16",), rounded=bfloat16)
registered(
    "every_step_on_operands_of_eleven_bits_declared",
    lambda a, c: horner(cut(a, 11), c),
    lambda a, c, g: forward_differentiated(cut(a, 11), c, cut(g, 11)),
    ("float32",),
    {"float32": UNIT_ROUNDOFF["float16"]},
)
variant("bjorck", ALL)(bjorck)


@variant("bjorck", ("float16", "float32"))
def in_longdouble(arrays, params, g):
    wide = [array.astype(np.longdouble) for array in arrays]
    out, (w_bar,) = by(on_the_other_side, expanded_backward)(wide, params, g.astype(np.longdouble))
    return out.astype(arrays[0].dtype), [w_bar.astype(arrays[0].dtype)]


@variant("bjorck", ("float32",))
def in_fortran_order(arrays, params, g):
    out, (w_bar,) = bjorck([np.asfortranarray(arrays[0])], params, np.asfortranarray(g))
    w_bar = np.asfortranarray(w_bar)
    w_bar.flags.writeable = False
    return np.asfortranarray(out), [w_bar]


@variant("bjorck", ("float32", "float64"))
def products_as_sums_of_outer_products(arrays, params, g):
    """Products as sums of outer products, from the last to the first: no BLAS."""

    class Matrix(np.ndarray):
        def __matmul__(self, other):
            terms = (
                np.multiply.outer(np.asarray(self)[:, k], np.asarray(other)[k]) for k in reversed(range(len(other)))
            )
            return sum(terms, np.zeros((len(self), other.shape[1]), self.dtype)).view(Matrix)

    if arrays[0].size > 100:
        raise NotImplementedError("more than a hundred entries")
    out, (w_bar,) = bjorck([arrays[0].view(Matrix)], params, g.view(Matrix))
    return np.asarray(out), [np.asarray(w_bar)]
