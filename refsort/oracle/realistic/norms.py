"""Operator norms of large matrices: the largest column or row, and the largest singular value with a gap below it.

Columns and rows. One of each is the largest by so much that rounding cannot choose another, so the norm is that of
the two largest ones, with the exact truth and the bounds of `refsort.oracle.operations`; gradients are zero elsewhere.

The singular value. A-priori bounds of an SVD say nothing at this size. With random roundings: W is reduced by 2 k
reflections and some 6 k sweeps of rotations, k and L its sides (as in `operations.spectral_norm`, but for the sweeps:
six for each singular value instead of LAPACK's last resort). A stage x -> x - tau v (v^T x) leaves an error E. For
fixed unit vectors a, b, ``a^T E b`` and |E b| have, by independence, a root mean square of at most
``2 u sqrt(L + 4) ||W||_2``: the entries of x that a row or a column combines have squares of sum ``||W||_2^2`` at most,
and v^T x passes through L + 1 roundings. A rotation leaves ``2 u ||W||_2``. The stages are independent, so all together
they leave

    e = (sqrt(2) + 4 sqrt(log(4 / p))) u ||W||_2 sqrt(2 k 4 (L + 4) + 6 k 4)

but for the probability p, by the inequality of `products` (the operator norm is no larger than the root mean square).
To first order that moves the singular value by e, and its vectors by e over the gap, as in
`operations.spectral_norm`. The truth: singular vectors of LAPACK, whose value is the Rayleigh quotient in long doubles,
and whose residual over the gap bounds their angle (Davis and Kahan) and, squared, the error of the value.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from refsort.oracle.claims import Comparison, show
from refsort.oracle.operations import OPERATIONS
from refsort.oracle.operations.exactly import exact
from refsort.oracle.operations.operation import Case
from refsort.oracle.realistic.finding import FAILURE, RESTS_ON, Ask, Findings, both, located, of_operation
from refsort.oracle.realistic.products import TAIL, matmul
from refsort.oracle.tolerances import Precision
from refsort.rounding import probable_gamma

Array = NDArray[Any]


def findings(ask: Ask, case: Case, precision: Precision, rng: np.random.Generator) -> Findings:
    """The value and the gradient."""
    if (case.params.get("p", 2), case.params.get("q", 2)) != (2, 2):
        return _largest_vector(ask, case, precision._replace(failure=FAILURE))
    return _normalised(ask, case, precision) if case.op == "spectral_normalize" else _spectral(ask, case, precision)


def _largest_vector(ask: Ask, case: Case, precision: Precision) -> Findings:
    w, (p, q) = case.arrays[0], (case.params["p"], case.params["q"])
    axis = 1 if p == 1 else 0  # which index names the vectors
    sizes = np.linalg.norm(w.astype(np.float64), q if p == 1 else {1: np.inf, 2: 2, np.inf: 1}[p], axis=1 - axis)
    largest = np.sort(np.argsort(-sizes, kind="stable")[:2])
    smaller = case._replace(arrays=(np.take(w, largest, axis),))
    operation = OPERATIONS[case.op]
    assert operation.gradients is not None
    out, gradients = both(ask, case)
    about = f"from l_{p} to l_{q} of a matrix {w.shape[0]}x{w.shape[1]}"
    for c in operation.values(smaller, exact(out), precision):
        yield of_operation(c, -1, f"the norm {about} ({RESTS_ON})")
    if not gradients:
        return
    for c in operation.gradients(smaller, [exact(np.take(gradients[0], largest, axis))], precision):
        shown = c._replace(
            expected=f"a subgradient on {'rows' if axis == 0 else 'columns'} {largest.tolist()}", found=""
        )
        yield of_operation(shown, 0, f"the gradient of the norm {about} ({RESTS_ON})")
    others = gradients[0].copy()
    np.swapaxes(others, 0, axis)[largest] = 0
    wrong = np.count_nonzero(others)
    what, ratio = f"the gradient of the norm {about}", math.inf if wrong else Fraction(0)
    c = Comparison("gradient", what, ratio, "zero but on the largest vector", f"{wrong} others")
    yield located(c, 0, others, np.zeros_like(others))


class Leading(NamedTuple):
    """The largest singular value and its vectors, how far these may be from the true ones, and the next value."""

    sigma: Any
    u: Array
    v: Array
    angle: float
    gap: float
    error: float

    @classmethod
    def of(cls, case: Case, precision: Precision) -> Leading:
        """Those of the weight of a case, with the error e of an SVD of its dtype."""
        w = case.arrays[0]
        left, values, right = np.linalg.svd(w.astype(np.float64), full_matrices=False)
        long, u, v = w.astype(np.longdouble), left[:, :1].astype(np.longdouble), right[:1].T.astype(np.longdouble)
        u, v = u / np.sqrt((u * u).sum()), v / np.sqrt((v * v).sum())
        image, back = matmul(long, v), matmul(long.T, u)
        sigma = (u * image).sum()
        residual = math.hypot(*(float(np.sqrt((r * r).sum())) for r in (image - sigma * u, back - sigma * v)))
        # the next singular value is that of LAPACK, or larger by a thousandth at the very most
        gap = float(sigma) - float(values[1]) * 1.001
        k, longer = min(w.shape), max(w.shape)
        inside = Precision.of("float32") if case.dtype in ("float16", "bfloat16") else precision
        inside = precision if precision.operands else inside
        stages = 2 * k * 4 * (longer + 4) + 24 * k
        error = (math.sqrt(2) + TAIL) * float(inside.u) * float(sigma) * math.sqrt(stages)
        return cls(sigma, u[:, 0], v[:, 0], 2 * residual / gap, gap, error + residual**2 / gap)

    def value_error(self, precision: Precision) -> float:
        """The bound of a computed norm."""
        u = float(precision.u) + 2.0**-60
        return self.error * (1 + u) + u * float(self.sigma) + float(precision.eta)

    def pair_error(self) -> float:
        """The bound of a computed u v^T in the F-norm: by how much both vectors turn, and are not of length 1."""
        return 3 * self.error / (self.gap - self.error) + 3 * self.error / float(self.sigma) + 2 * self.angle


def _spectral(ask: Ask, case: Case, precision: Precision) -> Findings:
    top = Leading.of(case, precision)
    w, y_bar = case.arrays[0], float(case.cotangent)
    out, gradients = both(ask, case)
    about = f"of a matrix {w.shape[0]}x{w.shape[1]} ({RESTS_ON})"
    ratio = float(abs(out.astype(np.longdouble) - top.sigma)) / top.value_error(precision)
    c = Comparison("value", f"the largest singular value {about}", ratio, show(top.sigma), show(out[()]))
    yield located(c, -1, out, np.asarray(top.sigma))
    if gradients:
        expected = y_bar * np.outer(top.u, top.v)
        # each entry is rounded four times, its products with the cotangent among them
        bound = abs(y_bar) * (top.pair_error() + 4 * float(precision.u)) + w.size * float(precision.eta)
        yield _normwise("gradient", f"the gradient of the norm {about}", 0, gradients[0], expected, bound)


def _normalised(ask: Ask, case: Case, precision: Precision) -> Findings:
    """W / sigma entry by entry, and ``(g - c D) / sigma`` with c = <g, W> / sigma, D = u v^T, in the F-norm.

    Of the gradient, terms are divided by the computed norm up to three times and rounded ten times more, c is a sum of
    as many products as W has entries, and D errs as the gradient of the norm does.
    """
    top = Leading.of(case, precision)
    w, g = (array.astype(np.longdouble) for array in (case.arrays[0], case.cotangent))
    sigma, u, eta = float(top.sigma), float(precision.u), float(precision.eta)
    out, gradients = both(ask, case)
    about = f"of a matrix {w.shape[0]}x{w.shape[1]} ({RESTS_ON})"
    relative = (top.value_error(precision) / sigma + 3 * u) / (1 - top.error / sigma - 3 * u)
    expected = w / top.sigma
    sizes = np.abs(expected).astype(np.float64) * relative + 2 * eta
    ratios = np.abs((out - expected).astype(np.float64)) / sizes
    c = Comparison("value", f"the normalised matrix {about}", float(ratios.max()), "W / ||W||_2, entry by entry", "")
    yield located(c, -1, out, expected)
    if not gradients:
        return
    inner, size = (g * w).sum() / top.sigma, float(np.abs(g * w).sum()) / sigma
    expected = (g - inner * np.outer(top.u, top.v)) / top.sigma
    length = float(np.sqrt((g * g).sum()))
    rounding = (1 + relative) ** 3 * (1 + u) ** 10 - 1
    sums = float(probable_gamma(w.size, precision.u, 1, FAILURE)) * size
    bound = (
        rounding * (length + abs(float(inner))) + sums * (1 + rounding) + abs(float(inner)) * top.pair_error()
    ) / sigma
    bound += w.size * (1 + 1 / sigma) ** 2 * eta
    yield _normwise("gradient", f"the gradient of the normalised matrix {about}", 0, gradients[0], expected, bound)


def _normwise(kind: str, what: str, array: int, found: Array, expected: Array, bound: float) -> Any:
    distance = float(np.sqrt(((found - expected) ** 2).sum()))
    c = Comparison(kind, what, distance / bound, f"at most {bound:.3g} from the truth", f"{distance:.3g} from it")
    return located(c, array, found, expected)
