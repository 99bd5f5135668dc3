"""Losses and certificates of a large batch, by the exact truth and the bounds of `refsort.oracle.operations`.

A mean of a thousand terms gets the bound of random roundings. Of the gradients that have a row for each sample some
are drawn: a power of two in the size of the batch makes them exactly those of the sample alone.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from refsort.oracle.claims import Claims, entrywise
from refsort.oracle.operations import OPERATIONS
from refsort.oracle.operations.cross_entropy import samples_of, value_error
from refsort.oracle.operations.exactly import exact, fractions
from refsort.oracle.operations.operation import Case
from refsort.oracle.realistic.finding import FAILURE, RESTS_ON, Ask, Findings, both, of_operation
from refsort.oracle.tolerances import Precision

Array = NDArray[Any]

_SAMPLES = 64


def findings(ask: Ask, case: Case, precision: Precision, rng: np.random.Generator) -> Findings:
    """The value, and the gradient of drawn samples."""
    judged = precision._replace(failure=FAILURE)
    operation = OPERATIONS[case.op]
    out, gradients = (ask(case, False)[0], ()) if operation.gradients is None else both(ask, case)
    about = " and ".join(str(len(array)) for array in case.arrays[: 2 if case.op in ("kr", "hkr") else 1])
    values = _cross_entropy if case.op == "cross_entropy" else operation.values
    for c in values(case, exact(out), judged):
        yield of_operation(c, -1, f"{c.what}: a batch of {about} ({RESTS_ON})")
    if operation.gradients is None or not len(gradients):
        return
    if case.op in ("kr", "hkr"):
        for i, c in enumerate(operation.gradients(case, [exact(gradient) for gradient in gradients], judged)):
            yield of_operation(c, i, f"the gradient of the values on {'PQ'[i]}, {about} of them")
        return
    logits, labels = case.arrays
    for i in rng.choice(len(logits), min(_SAMPLES, len(logits)), replace=False).tolist():
        # a mean over n, with the cotangent g: for the sample alone it is the mean over 1, with g / n
        share = case.cotangent / case.cotangent.dtype.type(len(logits))
        alone = case._replace(arrays=(logits[i : i + 1], labels[i : i + 1]), cotangent=np.asarray(share))
        for c in operation.gradients(alone, [exact(gradients[0][i : i + 1]), None], judged):
            yield of_operation(c, 0, f"the gradient of sample {i} of a batch of {about}", (i,))


def _cross_entropy(case: Case, out: Array, precision: Precision) -> Claims:
    """The operation's own claim, of one pass over the samples instead of two."""
    samples = samples_of(case, precision)
    truth = sum((sample.loss for sample in samples), Fraction(0)) / len(samples)
    bound = value_error(samples, precision)
    yield entrywise("value", "the loss", fractions([truth], ()), out, fractions([bound], ()))
