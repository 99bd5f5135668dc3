"""Rows, and lines along the sorted axis, are worked on one by one: what else is in a batch is of no account."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from refsort.oracle.cases import Case
from refsort.oracle.claims import Comparison
from refsort.oracle.operations.exactly import exact
from refsort.oracle.properties.asking import Ask, agree
from refsort.oracle.properties.bounds import gradient_bounds, value_bound


def rows_are_independent(ask: Ask, case: Case) -> Iterator[Comparison]:
    """The batch reversed gives the result reversed, and its parts give the parts of the result. 3 calls.

    So a statistic of the batch, an average over it, a row read twice, or a kernel that is wrong in the last lanes (B12,
    and the class of pytorch#20192) shows. Sorts agree exactly, others within two bounds, since each answer is
    within one of the same exact result: another batch may mean another kernel with another order of summation.
    """
    axis = _batch_axis(case)
    if axis is None:
        return
    x = case.arrays[0]
    value, bound = ask.value(case), 2 * value_bound(case, ask.precision(case))
    flipped = np.flip(ask.value(_only(case, axis, slice(None, None, -1))), axis)
    yield agree("value", "the batch in reverse order", value, flipped, bound)
    parts = [ask.value(_only(case, axis, part)) for part in (slice(0, 1), slice(1, x.shape[axis]))]
    yield agree("value", "the batch in two parts", value, np.concatenate(parts, axis), bound)


def gradients_add_over_the_batch(ask: Ask, case: Case) -> Iterator[Comparison]:
    """For shared weights the gradient of a batch is the sum of those of its parts, that of x their concatenation.

    The loss is a sum over rows, so its gradient is. A mean over the batch, or rows that are left out (B1). Within two
    bounds: those of the parts add up to no more than that of the whole. 3 calls with gradients.
    """
    axis = _batch_axis(case)
    if axis is None or case.op != "affine":
        return
    whole, bounds = ask.gradients(case), gradient_bounds(case, ask.precision(case))
    parts = [ask.gradients(_only(case, 0, part)) for part in (slice(0, 1), slice(1, None))]
    joined = [
        np.concatenate([part[0] for part in parts]),
        *(a + b for a, b in zip(*(p[1:] for p in parts), strict=True)),
    ]
    for name, expected, found, bound in zip("xwb", joined, whole, bounds, strict=True):
        yield agree("gradient", f"the gradient of {name} from two parts of the batch", expected, found, 2 * bound)


def zero_cotangent(ask: Ask, case: Case) -> Iterator[Comparison]:
    """A gradient is linear in the cotangent, so nothing in gives nothing out: stale accumulators (B8). 2 calls.

    Only products of zeros are added up, and these round to nothing.
    """
    ask(case, True)  # something to be left over
    for i, gradient in enumerate(ask(case._replace(cotangent=np.zeros_like(case.cotangent)), True)[1]):
        if gradient is not None:  # that of labels is
            found = exact(gradient)
            yield agree("gradient", f"gradient {i} of a zero cotangent", found * Fraction(0), found)


def _batch_axis(case: Case) -> int | None:
    """An axis of the first array along which there are two or more independent rows."""
    x = case.arrays[0]
    if x.size == 0:
        return None
    feature = case.params.get("axis", -1) % x.ndim
    return next((axis for axis in range(x.ndim) if axis != feature and x.shape[axis] > 1), None)


def _only(case: Case, axis: int, part: slice) -> Case:
    index = (*(slice(None),) * axis, part)
    arrays = (np.ascontiguousarray(case.arrays[0][index]), *case.arrays[1:])
    return case._replace(arrays=arrays, cotangent=np.ascontiguousarray(case.cotangent[index]))
