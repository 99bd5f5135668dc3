"""The spectral norm sigma = ||W||_2, the largest singular value, and its gradient u v^T.

Value. W is reduced by 2 k reflections and at most 6 k^2 sweeps of 2 (k - 1) plane rotations, k and L the smaller and
the larger side: LAPACK's bidiagonal iteration gives up after so many. A computed reflection x - tau v (v^T x) has
4 L + 30 roundings in terms of norm 2 |x|, so it moves x by gamma_{8L+64} |x| at most, a rotation by gamma_10 |x|. The
result is the exact one of a matrix W + E with (Wilkinson)

    ||E||_F <= e = gamma_N ||W||_F,   N = 2 k (8 L + 64) + 6 k^2 2 (k - 1) 10,

and so errs by e at most (Weyl).

An estimate from below, such as power iteration stopped early, falls short of that. No SVD is computed in 16 bits: there
e is that of single precision, and the result is rounded once more.

Gradient. The admissible set is the subdifferential, also where sigma is multiple or zero:

    { G : ||G||_* <= 1, <G, W> = sigma },   ||.||_* the sum of the singular values.

Computed vectors are those of W + E up to gamma_N of orthogonality, so that <G, W> >= sigma - 5 e and
||G||_* <= 1 + 3 gamma_N, plus the rounding of the entries of y_bar u v^T. ||G||_* is bounded from below by <G, Q>, Q a
matrix with ||Q||_2 <= 1 found by an SVD that is not trusted.

Where the gap delta to the second singular value exceeds e, Wedin's theorem bounds the angles of the vectors,
sin^2 + sin^2 <= 2 (e / (delta - e))^2, and so ``||u v^T computed - u v^T||_F <= 3 e / (delta - e) + 3 gamma_N``. The
exact u v^T is W P / sigma, P the limit of (W^T W)^(2^j) / trace: P^2 = P is checked to 100 bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from refsort import spec, strategies
from refsort.oracle.claims import Claims, Comparison, entrywise, show
from refsort.oracle.hull import Ratio, over
from refsort.oracle.operations.exactly import exact, fractions
from refsort.oracle.operations.operation import Case, Operation, matrix_sides, scalar_cotangents
from refsort.oracle.tolerances import TRUTH, Precision, middle
from refsort.rounding import gamma
from refsort.spec import sqrt_enclosure

Array = NDArray[Any]

_BITS = 300
_SQUARINGS = 12


@st.composite
def weights(draw: st.DrawFn, dtype: str) -> Array:
    """Weights of all kinds at several scales, LAPACK's business included."""
    form = strategies.FORMATS[dtype]
    m, n = draw(matrix_sides(4))
    w = draw(strategies.weights(dtype, (m, n), min(form.precision - 2, draw(st.sampled_from([3, 12])))))
    scaled: Array = np.ldexp(w, draw(st.sampled_from([0, 0, 40, -40])) if form.highest > 100 else 0)
    return scaled


@st.composite
def _cases(draw: st.DrawFn, op: str, dtype: str) -> Case:
    return Case(op, dtype, (draw(weights(dtype)),), {}, draw(scalar_cotangents(dtype)))


class Top(NamedTuple):
    """What is known of a weight's largest singular value.

    Attributes
    ----------
    w : ndarray of Fractions
    sigma : Fraction
        To 80 bits.
    error : Fraction
        The e of this file.
    vectors : Fraction
        gamma_N: how far computed singular vectors are from orthonormal ones.
    rounding : Fraction
        u of the result.
    """

    w: Array
    sigma: Fraction
    error: Fraction
    vectors: Fraction
    rounding: Fraction
    eta: Fraction


def top_of(w: Array, dtype: str, precision: Precision) -> Top | None:
    """The largest singular value of w and the bound e; None where there is no bound."""
    inside = Precision.of("float32") if dtype in ("float16", "bfloat16") else precision
    k, longer = min(w.shape), max(w.shape)
    roundings = 2 * k * (8 * longer + 64) + 120 * k**2 * (k - 1)
    if roundings * inside.u >= 1:
        return None
    vectors = gamma(roundings, inside.u)
    length = sqrt_enclosure((w * w).sum()).hi
    sigma = middle(spec.operator_norm(w.tolist(), 2, 2, 80))
    underflow = roundings * inside.eta * (length > 0)
    return Top(w, sigma, vectors * length + underflow + sigma / 2**80, vectors, precision.u, precision.eta)


def truth(case: Case) -> Array:
    """The norm, known to 80 bits."""
    return fractions([middle(spec.operator_norm(exact(case.arrays[0]).tolist(), 2, 2, 80))], ())


def value_error(top: Top) -> Fraction:
    """The bound of the value."""
    return top.error + top.rounding * (top.sigma + top.error) + top.eta * (top.sigma > 0)


def subgradient_ratio(found: Array, scale: Fraction, top: Top, extra: Fraction = Fraction(0)) -> Ratio:
    """Error over bound of ``found`` as ``scale`` times a subgradient; `extra` is a further error in the F-norm."""
    sign = 1 if scale >= 0 else -1
    missing = abs(scale) * top.sigma - sign * (found * top.w).sum()
    missing_error, size_error = subgradient_errors(scale, top, extra)
    return max(
        over(max(missing, Fraction(0)), missing_error),
        over(max(_nuclear_below(found) - abs(scale), Fraction(0)), size_error),
    )


def subgradient_errors(scale: Fraction, top: Top, extra: Fraction = Fraction(0)) -> tuple[Fraction, Fraction]:
    """For G, ``scale`` times a computed subgradient: how far <G, W> may be below its value, and ||G||_* above it."""
    k, length = min(top.w.shape), sqrt_enclosure((top.w * top.w).sum()).hi
    entries = gamma(4, top.rounding)  # products with the cotangent and a final rounding
    extra = extra + top.w.size * top.eta * (1 + abs(scale))
    missing = abs(scale) * (5 * top.error + entries * length) + extra * length
    return missing, abs(scale) * (3 * top.vectors + k * entries) + k * extra


def _nuclear_below(g: Array) -> Fraction:
    """A lower bound of the sum of the singular values of g, sharp to about 2^-50."""
    largest = max(map(abs, g.flat))
    if largest == 0:
        return Fraction(0)
    u, _, vt = np.linalg.svd((g / largest).astype(np.float64), full_matrices=False)
    q = exact(u @ vt)
    gram = q.T @ q if q.shape[0] >= q.shape[1] else q @ q.T
    defect = gram - exact(np.eye(len(gram)))
    # ||Q||^2 <= 1 + ||defect||_F, and a square root is at most its argument above 1
    size: Fraction = (g * q).sum() / (1 + sqrt_enclosure((defect * defect).sum()).hi)
    return size


def leading_pair(top: Top) -> tuple[Array, Fraction] | None:
    """The exact u v^T, to 100 bits, and the gap; None where the largest singular value is not simple enough."""
    if top.sigma == 0:
        return None
    tall = top.w.shape[0] >= top.w.shape[1]
    w = top.w if tall else top.w.T
    p = _on_grid(w.T @ w)
    for _ in range(_SQUARINGS):
        square = p @ p
        if ((square - p) ** 2).sum() <= Fraction(1, 2**240):
            break
        p = _on_grid(square)
    else:
        return None
    rest = w - w @ p
    gap = top.sigma - _norm_above(rest.T @ rest)
    pair = w @ p / top.sigma
    return pair if tall else pair.T, gap


def _on_grid(p: Array) -> Array:
    """p / trace, rounded to 300 bits: squarings double the number of digits otherwise."""
    trace = sum((p[i, i] for i in range(len(p))), Fraction(0))
    return fractions([Fraction(round(entry / trace * 2**_BITS), 2**_BITS) for entry in p.flat], p.shape)


def _norm_above(gram: Array) -> Fraction:
    """An upper bound of the root of the largest eigenvalue, by that of the trace of the eighth power."""
    trace = sum((gram[i, i] for i in range(len(gram))), Fraction(0))
    if trace == 0:
        return trace
    power = _on_grid(gram)
    power = power @ power
    power = power @ power
    eighth: Fraction = (power * power).sum() + Fraction(1, 2 ** (_BITS // 2))
    for _ in range(3):
        eighth = sqrt_enclosure(eighth, 64).hi
    return sqrt_enclosure(trace * eighth, 64).hi


def pair_error(top: Top, gap: Fraction) -> Fraction | None:
    """The bound of a computed u v^T in the F-norm, without the rounding of its entries; None without a gap."""
    if gap <= 2 * top.error:
        return None
    return 3 * top.error / (gap - top.error) + 3 * top.vectors + TRUTH


def gradient_error(y_bar: Fraction, pair: Fraction, top: Top) -> Fraction:
    """The bound of a computed ``y_bar u v^T`` in the F-norm, `pair` that of u v^T."""
    return abs(y_bar) * (pair + gamma(4, top.rounding)) + top.w.size * (1 + abs(y_bar)) * top.eta


def _values(case: Case, out: Array, precision: Precision) -> Claims:
    top = top_of(exact(case.arrays[0]), case.dtype, precision)
    if top is not None:
        expected = fractions([top.sigma], ())
        yield entrywise("value", "the norm", expected, out, fractions([value_error(top)], ()))


def _gradients(case: Case, gradients: Sequence[Array], precision: Precision) -> Claims:
    top = top_of(exact(case.arrays[0]), case.dtype, precision)
    if top is None:
        return
    y_bar = exact(case.cotangent).item()
    ratio = subgradient_ratio(gradients[0], y_bar, top)
    leading = leading_pair(top)
    error = None if leading is None else pair_error(top, leading[1])
    if leading is None or error is None:
        what = "the gradient of w, where the largest singular value is zero or not simple"
        yield Comparison("kink", what, ratio, f"{show(y_bar)} times a subgradient", show(gradients[0]))
        return
    expected = y_bar * leading[0]
    distance = sqrt_enclosure(((gradients[0] - expected) ** 2).sum()).lo
    ratio = max(ratio, over(distance, gradient_error(y_bar, error, top)))
    yield Comparison("gradient", "the gradient of w", ratio, show(expected), show(gradients[0]))


SPECTRAL_NORM = Operation(_cases, truth, _values, _gradients)
