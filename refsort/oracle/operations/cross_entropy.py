"""Cross-entropy: ``mean_i log sum_j exp(z_j) - z_t`` with ``z = temperature (y - margin onehot(t))``.

The truth is computed with `decimal`, whose exp and ln are correctly rounded, to 60 digits. Implementations are supposed
to take a shift out of the exponents (without one, logits of some hundreds overflow, and such are drawn), and their exp
and log to err by at most two units in the last place, 4 u.

Value. Let Z be the largest ``temperature (|y_j| + |margin|)`` of a row, k the number of classes.

    z_j                          3 roundings                                3 Z   both in the log-sum and in z_t: 6 Z
    z_j - shift                  1 rounding of something up to 2 Z          2 Z   the log-sum moves by no more
    exp, and k terms added up    4 u and k - 1 roundings of a positive sum  k + 3 as an absolute error of the logarithm
    log                          4 u of at most log k                       4 log k
    shift + log - z_t            2 roundings of three terms                 4 Z + 2 log k

In all ``B = gamma_16 (Z + log k) + gamma_{k+4}`` and (k + 8)(1 + temperature) eta; a mean of n losses adds gamma_{n+1}
of them.

Gradient. ``y_bar temperature (softmax_j - [j = t]) / n``. A softmax from the same exponents, or the exponential of the
logarithm above, has a relative error of at most rho = exp(B) - 1 + gamma_12 <= 2 B + gamma_12 for B <= 1/2; six
roundings of the other factors follow. The entry at the label is ``softmax_t - 1`` or minus the sum of the others, which
errs by rho + gamma_{k+6}. For B > 1/2 no bound is given.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Context, Decimal
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from refsort import spec, strategies
from refsort.oracle.claims import Claims, entrywise, show
from refsort.oracle.operations.exactly import exact, fractions
from refsort.oracle.operations.labelled import logits_and_labels
from refsort.oracle.operations.operation import Case, Operation, scalar_cotangents
from refsort.oracle.tolerances import Precision
from refsort.rounding import gamma

Array = NDArray[Any]

_DIGITS = Context(prec=60, Emin=-(10**9), Emax=10**9)
_TRUTH = Fraction(1, 10**40)  # of sizes below 10^6 and more than 10^-9, sixty digits leave less than that


@st.composite
def _cases(draw: st.DrawFn, op: str, dtype: str) -> Case:
    small = strategies.FORMATS[dtype].precision < 16
    logits, labels, bits, e = draw(logits_and_labels(dtype, 2 if small else 9))
    margin = float(draw(st.integers(0, 2**bits))) * 2.0**e
    temperature = draw(st.sampled_from([1.0, 2.0, 0.25]))
    return Case(
        op, dtype, (logits, labels), {"margin": margin, "temperature": temperature}, draw(scalar_cotangents(dtype))
    )


class Sample(NamedTuple):
    """One row: its loss, its softmax, the bound B of the loss, and its label."""

    loss: Fraction
    softmax: list[Fraction]
    error: Fraction
    label: int


def samples_of(case: Case, precision: Precision) -> list[Sample]:
    """The rows of a case."""
    temperature, margin = (spec.frac(case.params[name]) for name in ("temperature", "margin"))
    result = []
    for row, t in zip(exact(case.arrays[0]).tolist(), case.arrays[1].tolist(), strict=True):
        z = [temperature * (y - margin * (j == t)) for j, y in enumerate(row)]
        loss, softmax = _loss_and_softmax(z, t)
        size, k = temperature * (max(map(abs, row)) + abs(margin)), len(row)
        log_k = Fraction(k.bit_length())  # log k < log2 k <= the bits of k
        error = gamma(16, precision.u) * (size + log_k) + gamma(k + 4, precision.u) + _TRUTH * (1 + size)
        result.append(Sample(loss, softmax, error + (k + 8) * (1 + temperature) * precision.eta, t))
    return result


def _loss_and_softmax(z: list[Fraction], t: int) -> tuple[Fraction, list[Fraction]]:
    top = max(z)
    powers = [_DIGITS.exp(_decimal(entry - top)) for entry in z]
    total = Decimal(0)
    for power in powers:
        total = _DIGITS.add(total, power)
    loss = Fraction(_DIGITS.ln(total)) + top - z[t]
    # exponents go down to 10^-500 or so; a Fraction of that is long and exact
    return loss, [Fraction(_DIGITS.divide(power, total)) for power in powers]


def _decimal(x: Fraction) -> Decimal:
    return _DIGITS.divide(Decimal(x.numerator), Decimal(x.denominator))


def truth(case: Case) -> Array:
    """The loss, to 60 digits."""
    losses = [sample.loss for sample in samples_of(case, Precision.of(case.dtype))]
    return fractions([sum(losses, Fraction(0)) / len(losses)], ())


def value_error(samples: list[Sample], precision: Precision) -> Fraction:
    """The bound of the value."""
    n = len(samples)
    size = sum((sample.loss + sample.error for sample in samples), Fraction(0)) / n
    errors = sum((sample.error for sample in samples), Fraction(0)) / n
    return errors + precision.gamma(n + 1) * size + (n + 1) * precision.eta


def _values(case: Case, out: Array, precision: Precision) -> Claims:
    bound = value_error(samples_of(case, precision), precision)
    yield entrywise("value", "the loss", truth(case), out, fractions([bound], ()))


def _gradients(case: Case, gradients: Sequence[Array], precision: Precision) -> Claims:
    n, k = case.arrays[0].shape
    scale = exact(case.cotangent).item() * spec.frac(case.params["temperature"]) / n
    for i, sample in enumerate(samples_of(case, precision)):
        bounds = gradient_errors(case, sample, precision)
        if bounds is None:
            continue
        expected = [scale * (s - (j == sample.label)) for j, s in enumerate(sample.softmax)]
        shape, what = (k,), f"the gradient at the row {show(case.arrays[0][i])} with label {sample.label}"
        found = np.asarray(gradients[0][i])
        yield entrywise("gradient", what, fractions(expected, shape), found, fractions(bounds, shape))


def gradient_errors(case: Case, sample: Sample, precision: Precision) -> list[Fraction] | None:
    """The bounds of the gradient of one row; None where there is none."""
    if sample.error > Fraction(1, 2):
        return None
    n, k = case.arrays[0].shape
    y_bar = exact(case.cotangent).item()
    scale = y_bar * spec.frac(case.params["temperature"]) / n
    rho = 2 * sample.error + gamma(12, precision.u)
    rounding = (rho + gamma(6, precision.u) * (1 + rho)) * abs(scale)
    bound = [rounding * s for s in sample.softmax]
    bound[sample.label] = (rho + gamma(k + 6, precision.u) * (1 + rho)) * abs(scale)
    underflow = (k + 6) * (1 + abs(scale)) * (1 + abs(y_bar)) * precision.eta
    return [b + underflow for b in bound]


CROSS_ENTROPY = Operation(_cases, truth, _values, _gradients)
