"""GroupSort, MaxMin and FullSort: nothing is computed, so results are exact; at ties gradients are majorised.

The entries of a case share one quantum, so that their differences are exact: a + relu(b - a) and (a + b - |a - b|) / 2
are then as exact as a comparison, and none of them is accused of rounding.

At a tie the generalised Jacobian is the hull of the permutations of the tied block, the doubly stochastic matrices D,
and {D g} is what the cotangents g of the block majorise. An implementation that averages the block rounds, and may
exceed majorisation by what `shared_cotangent` bounds; a block of one is an equality.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from refsort import spec, strategies
from refsort.oracle.claims import Claims, Comparison, entrywise, show
from refsort.oracle.hull import over
from refsort.oracle.operations.exactly import exact, fractions, rows
from refsort.oracle.operations.operation import Case, Operation
from refsort.oracle.tolerances import Precision
from refsort.rounding import gamma

Array = NDArray[Any]

_ANY = (-2000, 2000)  # every exponent that the format has


def group_size(case: Case) -> int:
    """How many neighbours a sorting case sorts."""
    length: int = case.arrays[0].shape[case.params["axis"]]
    whole = {"max_min": 2, "full_sort": length}
    return whole.get(case.op) or int(case.params["group_size"])


@st.composite
def _cases(draw: st.DrawFn, op: str, dtype: str) -> Case:
    # the ends of a list of choices are drawn more often than its middle
    group_size = 2 if op == "max_min" else draw(st.sampled_from([2, 1, 3, 5, 4] if op == "full_sort" else [2, 1, 4, 3]))
    features = group_size * (1 if op == "full_sort" else draw(st.integers(1, 3)))
    # mostly several axes, of pairwise distinct lengths: one that is hard-coded has to show
    dimensions = draw(st.sampled_from([1, 2, 2, 3, 3, 3]))
    others = [side for side in draw(st.permutations([2, 3, 4, 1])) if side != features][: dimensions - 1]
    if others and draw(st.sampled_from([False] * 8 + [True] + [False] * 7)):
        others[0] = 0
    axis = draw(st.integers(0, len(others)))
    shape = (*others[:axis], features, *others[axis:])
    x = draw(st.one_of(strategies.tied(dtype, shape, None, _ANY), strategies.lattice(dtype, shape, None, _ANY)))
    params = {"axis": axis - draw(st.sampled_from([0, len(shape)]))}
    params |= {"group_size": group_size} if op == "group_sort" else {}
    return Case(op, dtype, (x,), params, draw(strategies.cotangents(dtype, shape)))


def truth(case: Case) -> Array:
    """The groups of the exact entries, sorted."""
    x, axis = exact(case.arrays[0]), case.params["axis"]
    moved = np.moveaxis(x, axis, -1)
    expected = [entry for row in rows(x, axis).tolist() for entry in spec.group_sort(row, group_size(case))]
    return np.moveaxis(fractions(expected, moved.shape), -1, axis)


def shared_cotangent(block: Sequence[Fraction], precision: Precision) -> Fraction:
    """By how much a gradient at a tie of k entries may exceed majorisation by the cotangents g of the block.

    An exact admissible gradient is D g with D doubly stochastic. Averaging gives an entry of it with k products, k - 1
    additions and weights 1 / k that were themselves rounded, so it errs by ``gamma_{k+1} sum_j D_ij |g_j|``; a sum of
    entries errs by at most the sum of these, and the columns of D sum to 1. A block of one is passed on unchanged.
    """
    k = len(block)
    if k == 1:
        return Fraction(0)
    return gamma(k + 1, precision.u) * sum((abs(g) for g in block), Fraction(0)) + k * k * precision.eta


def _values(case: Case, out: Array, precision: Precision) -> Claims:
    axis = case.params["axis"]
    expected, found = rows(truth(case), axis), rows(out, axis)
    yield entrywise("value", "the result, row by row along the axis", expected, found, np.zeros_like(found))


def _gradients(case: Case, gradients: Sequence[Array], precision: Precision) -> Claims:
    """On each block of tied entries the gradient is majorised by the cotangent; a block of one is an equality."""
    axis, size = case.params["axis"], group_size(case)
    arrays = (exact(case.arrays[0]), exact(case.cotangent), gradients[0])
    for x, y_bar, x_bar in zip(*(rows(array, axis).tolist() for array in arrays), strict=True):
        for inputs, outputs in spec.sort_blocks(x, size):
            given, found = [y_bar[o] for o in outputs], [x_bar[i] for i in inputs]
            yield Comparison(
                "kink" if len(inputs) > 1 else "gradient",
                f"the gradient at the entries {inputs} = {show(x[inputs[0]])} of the row {show(x)}",
                over(spec.majorisation_excess(found, given), shared_cotangent(given, precision)),
                f"a vector majorised by the cotangent {show(given)}" if len(inputs) > 1 else show(given),
                show(found),
            )


SORTING = Operation(_cases, truth, _values, _gradients)
