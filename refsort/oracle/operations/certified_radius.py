"""The certified radius ``max(0, y_t - max_{j != t} y_j) / (2^((p-1)/p) K)``, two-sided: too small is wrong as well.

A maximum is exact; the difference and the products or quotients with K and with the power of 2 are three roundings, and
the power itself errs by at most two units in the last place, 4 u. A careful implementation rounds each of these against
itself, by 2 u instead of u, and takes off the error of the power again. So the error is at most gamma_16 times the
radius, and what two quotients underflow. A wrong or tied prediction has the radius 0, with no tolerance at all.

It has no derivative worth a name here: values only.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from refsort import spec
from refsort.oracle.claims import Claims, entrywise
from refsort.oracle.operations.exactly import exact, fractions
from refsort.oracle.operations.labelled import logits_and_labels
from refsort.oracle.operations.operation import Case, Operation
from refsort.oracle.tolerances import TRUTH, Precision, middle
from refsort.rounding import gamma

Array = NDArray[Any]


@st.composite
def _cases(draw: st.DrawFn, op: str, dtype: str) -> Case:
    logits, labels, _, _ = draw(logits_and_labels(dtype, 3 if dtype == "float16" else 40, empty=True))
    if len(labels) and draw(st.booleans()):
        labels = np.argmax(logits, axis=1).astype(np.int64)  # predictions that are right, or tied
    params = {
        "lipschitz": draw(st.sampled_from([1.0, 0.5, 3.0, 10.0])),
        "p": draw(st.sampled_from([2, math.inf, 1, 2, 3])),
    }
    return Case(op, dtype, (logits, labels), params, np.zeros(len(labels), logits.dtype))


def truth(case: Case) -> Array:
    """The radius of each row, known to 128 bits."""
    rows, labels = exact(case.arrays[0]).tolist(), case.arrays[1].tolist()
    squares = [
        spec.certified_radius_squared(row, t, case.params["lipschitz"], case.params["p"], 160)
        for row, t in zip(rows, labels, strict=True)
    ]
    return fractions([middle(spec.sqrt_enclosure(middle(square), 128)) for square in squares], case.cotangent.shape)


def value_errors(radii: Array, precision: Precision) -> Array:
    """The bounds of the radii."""
    relative = gamma(16, precision.u) + TRUTH
    bounds = [relative * radius + 2 * precision.eta * (radius > 0) for radius in radii]
    return fractions(bounds, radii.shape)


def _values(case: Case, out: Array, precision: Precision) -> Claims:
    radii = truth(case)
    yield entrywise("value", "the radii", radii, out, value_errors(radii, precision))


CERTIFIED_RADIUS = Operation(_cases, truth, _values, None)
