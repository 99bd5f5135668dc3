"""What sorting in groups does to other data than those that were asked about: identities with nothing to round.

Values are compared with zero tolerance, +0 and -0 being one value. Gradients are compared at generic points only, where
no two entries of the array are equal.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from refsort.oracle.cases import Case
from refsort.oracle.claims import Comparison
from refsort.oracle.operations.exactly import exact
from refsort.oracle.operations.sorting import group_size
from refsort.oracle.properties.asking import (
    Array,
    Ask,
    Slope,
    agree,
    alternating,
    codes,
    inner,
    like,
    ranks,
    slopes_agree,
)
from refsort.strategies import FORMATS

SORTS = ("group_sort", "max_min", "full_sort")


def sorted_stays_sorted(ask: Ask, case: Case) -> Iterator[Comparison]:
    """``GS(GS(x)) = GS(x)``: sorted groups stay. Layouts that differ in and out break it (B11). 2 calls."""
    out, _ = ask(case, False)
    yield agree("value", "sorting what was sorted changes nothing", exact(out), ask.value(_at(case, out)))


def axis_by_either_name(ask: Ask, case: Case) -> Iterator[Comparison]:
    """Axis a and axis a - ndim are one axis, and moving it moves the answer: hard-coded axes (B12). 3 calls."""
    x, axis = case.arrays[0], case.params["axis"]
    expected = ask.value(case)
    other = case._replace(params=case.params | {"axis": axis - x.ndim if axis >= 0 else axis + x.ndim})
    yield agree("value", "the same axis counted from the other end", expected, ask.value(other))
    moved = [np.ascontiguousarray(np.moveaxis(array, axis, 0)) for array in (x, case.cotangent)]
    first = case._replace(arrays=(moved[0],), cotangent=moved[1], params=case.params | {"axis": 0})
    yield agree("value", "the axis moved to the front", np.moveaxis(expected, axis, 0), ask.value(first))


def groups_do_not_mix(ask: Ask, case: Case) -> Iterator[Comparison]:
    """Groups in another order give the same groups in that order: pairs (i, i + d / 2), a group count taken for a
    group size (B11). 2 calls."""
    places = np.arange(case.arrays[0].shape[case.params["axis"]]).reshape(-1, group_size(case))[::-1].ravel()
    reversed_groups = _at(case, np.take(case.arrays[0], places, case.params["axis"]))
    expected = np.take(ask.value(case), places, case.params["axis"])
    yield agree("value", "the groups in reverse order", expected, ask.value(reversed_groups))


def negation_reverses(ask: Ask, case: Case) -> Iterator[Comparison]:
    """``GS(-x)`` is ``-GS(x)``, reversed in each group, as the order of the reals is: wrong sentinels (0 for minus
    infinity as the padding of a maximum, unsigned comparisons of bits), and order conventions. 2 calls."""
    places = np.arange(case.arrays[0].shape[case.params["axis"]]).reshape(-1, group_size(case))[:, ::-1].ravel()
    expected = -np.take(ask.value(case), places, case.params["axis"])
    yield agree("value", "the negated input", expected, ask.value(_at(case, -case.arrays[0])))


def translation_and_scale(ask: Ask, case: Case) -> Iterator[Comparison]:
    """``GS(s x + c) = s GS(x) + c`` for s > 0, on a lattice where nothing is rounded: absolute epsilons and thresholds,
    formulas that cancel (B7). The scales reach 1e-30 and 1e30 where the format does. 4 calls."""
    bits, x = ask.bits(case), case.arrays[0]
    generic = ranks(x) - x.size // 2
    if x.size >= 2 ** (bits - 2):
        return
    base = _at(case, like(generic, x))
    expected, c = ask.value(base), 2 ** (bits - 2)
    yield agree("value", f"the input and {c}", expected + c, ask.value(_at(case, like(generic + c, case.arrays[0]))))
    for e in _powers(case, x.size):
        scaled = _at(case, like(np.ldexp(generic.astype(np.float64), e), x))
        yield agree("value", f"2^{e} times the input", expected * Fraction(2) ** e, ask.value(scaled))


def gradient_decodes_the_permutation(ask: Ask, case: Case) -> Iterator[Comparison]:
    """Where entries differ, y = x[p] tells p from the result, and x_bar[p] = y_bar tells it from the gradient.

    The entries are distinct whole numbers, the cotangent is the position of each output, digit by digit where the
    format is too short for it. So *which* cotangent went where is read off, with zero tolerance, from the adapter's own
    result: a gradient that uses another permutation than the values, or its inverse (B1, B3). Random projections hardly
    notice. One call with gradients for each digit, 1 without.
    """
    bits, x = ask.bits(case), case.arrays[0]
    if not 0 < x.size <= 2**bits:
        return
    generic = _at(case, like(ranks(x), x))
    out = ask.value(generic)
    place_of = np.argsort(ranks(x).ravel())  # the position of the entry of each rank
    came_from = place_of[out.astype(np.int64).ravel() % x.size]
    base = 2 ** (bits - 1)
    for digit in range(1 + (x.size > base)):
        code = (np.arange(x.size) // base**digit % base + 1).reshape(x.shape)
        expected = np.zeros(x.size, dtype=np.int64)
        expected[came_from] = code.ravel()
        (found,) = ask.gradients(generic._replace(cotangent=like(code, x)))
        wanted = exact(like(expected.reshape(x.shape), x))
        yield agree("gradient", "each cotangent goes where its output came from", wanted, found)


def gradient_is_the_derivative(ask: Ask, case: Case) -> Iterator[Comparison]:
    """``<x_bar, d> = <y_bar, GS(x + d) - GS(x)>`` where x and x + d have one order: the map is linear in between.

    The entries of x are whole numbers further apart than those of d, and so small that the sum of two is exact as well
    (a minimum may be (a + b - |a - b|) / 2). So both sides are sums of whole numbers and there is nothing to tolerate:
    detached or scaled gradients (B1), none at all (B2). 3 calls, 1 with gradients.
    """
    bits, x = ask.bits(case), case.arrays[0]
    most = min(x.size, 2**bits // (4 * max(x.size, 1)) - 1)
    if most < 1:
        return
    spaced = ranks(x) * (2 * most + 1)
    cotangent = codes(x.shape, 2**bits)
    (x_bar,) = ask.gradients(_at(case, like(spaced, x))._replace(cotangent=like(cotangent, x)))
    here, slopes = ask.value(_at(case, like(spaced, x))), []
    for name, d in (("1, -2, 3, ...", alternating(x.shape, most)), ("..., 3, 2, 1", codes(x.shape, most)[..., ::-1])):
        rise = ask.value(_at(case, like(spaced + d, x))) - here
        slopes.append(Slope(name, inner(cotangent, rise), inner(x_bar, d), Fraction(0)))
    yield from slopes_agree(slopes)


def norm_at_ties(ask: Ask, case: Case) -> str | None:
    """Whether the gradient keeps its norm at ties: reported, not judged, as averages are admissible too. 1 call.

    All entries equal, distinct cotangents: a permutation keeps the sum of their squares, anything else in the
    generalised Jacobian makes it smaller.
    """
    x = case.arrays[0]
    if group_size(case) < 2 or x.size == 0:
        return None
    cotangent = codes(x.shape, 2 ** ask.bits(case))
    (x_bar,) = ask.gradients(_at(case, np.zeros_like(x))._replace(cotangent=like(cotangent, x)))
    before, after = inner(cotangent, cotangent), inner(x_bar, x_bar)
    answer = "yes" if after == before else "no (averages)" if after < before else "no (enlarges it)"
    return f"keeps the gradient norm at ties: {answer}"


def generic(ask: Ask, case: Case) -> Case:
    """The case at a point without ties in the same order, where the format has numbers enough for one."""
    x = case.arrays[0]
    return _at(case, like(ranks(x), x)) if x.size <= 2 ** ask.bits(case) else case


def _at(case: Case, x: Array) -> Case:
    return case._replace(arrays=(x,))


def _powers(case: Case, size: int) -> list[int]:
    """Exponents near those of 1e-30 and 1e30, or as near as the format gets to them with whole numbers up to `size`."""
    form = FORMATS[case.dtype]
    return [max(-100, form.lowest), min(100, form.highest - 1 - int(size).bit_length())]
