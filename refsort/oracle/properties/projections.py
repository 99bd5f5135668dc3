"""What a projection on a ball does, whatever the ball: it leaves the ball alone and takes no two points apart."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from fractions import Fraction

import numpy as np

from refsort import spec
from refsort.oracle.cases import Case
from refsort.oracle.claims import Comparison
from refsort.oracle.hull import over
from refsort.oracle.operations import l1_ball
from refsort.oracle.operations.exactly import exact
from refsort.oracle.properties.asking import (
    Array,
    Ask,
    Slope,
    agree,
    alternating,
    codes,
    held,
    inner,
    like,
    slopes_agree,
)
from refsort.oracle.properties.bounds import BALLS, ball_bounds, radius
from refsort.oracle.tolerances import Precision
from refsort.strategies import FORMATS

_NORMS: dict[str, Callable[[Array], Fraction]] = {
    "project_l1_ball": lambda row: sum(map(abs, row), Fraction(0)),
    "project_l2_ball": lambda row: spec.sqrt_enclosure(inner(row, row)).hi,
    "project_linf_ball": lambda row: max(map(abs, row), default=Fraction(0)),
}


def projected_stays(ask: Ask, case: Case) -> Iterator[Comparison]:
    """``P(P(v)) = P(v)`` up to rounding: a point of the ball is its own projection (B14). 2 calls.

    The computed y = P(v) + e, |e_i| <= b_i, may lie outside of the ball by |e|, and is projected back by no more than
    that, in each entry by at most |e|_1; then it is rounded as any other point.
    """
    out, _ = ask(case, False)
    again, precision = case._replace(arrays=(out,)), ask.precision(case)
    bound = ball_bounds(case, precision).sum(axis=1, keepdims=True) + ball_bounds(again, precision)
    yield agree("value", "the projection of a projection", exact(out), ask.value(again), bound)


def interior_is_left_alone(ask: Ask, case: Case) -> Iterator[Comparison]:
    """A row of norm at most radius / 2 comes back with the same bits, and so does its cotangent. 2 calls, 1 with them.

    Zero tolerance, since no rounding makes such a row lie outside: the sphere taken for the ball, which also moves
    zeros (B14; LNets, odlgroup/odl#1613), rows rescaled in any case (B9). The rows are those of the case, divided by
    powers of two until they are inside.
    """
    v, rows = case.arrays[0], []
    for row in exact(v):
        while 2 * _NORMS[case.op](row) > radius(case):
            row = row / 2
        rows.append(row)
    if not held(case.dtype, np.array(rows, dtype=object)):  # below the smallest subnormal
        return
    inside = like(np.array(rows, dtype=object), v)
    within = case._replace(arrays=(inside,))
    yield agree("value", "rows inside of the ball stay, to the bit", exact(inside), ask.value(within))
    (v_bar,) = ask.gradients(within)
    yield agree("gradient", "the gradient at rows inside is the cotangent, to the bit", exact(case.cotangent), v_bar)


def no_two_rows_apart(ask: Ask, case: Case) -> Iterator[Comparison]:
    """``|P(v) - P(w)|_2 <= |v - w|_2``, as for every projection on a convex set: what is no such projection. 2 calls.

    It is asked of the rows of v and those of v with the entries shifted by one, and halved, so that one call more gives
    the partners. The excess is compared with the norms of the bounds.
    """
    v, precision = case.arrays[0], ask.precision(case)
    halves = exact(np.roll(v, 1, axis=1)) / 2
    if not held(case.dtype, halves):
        return
    partner = case._replace(arrays=(like(halves, v),))
    cases = (case, partner)
    outs, bounds = [ask.value(each) for each in cases], [ball_bounds(each, precision) for each in cases]
    for i, (a, b) in enumerate(zip(exact(v), exact(partner.arrays[0]), strict=True)):
        before, after = _length(a - b).hi, _length(outs[0][i] - outs[1][i]).lo
        excess, slack = max(after - before, Fraction(0)), _length(bounds[0][i]).hi + _length(bounds[1][i]).hi
        what = f"the projections of row {i} and of its entries shifted and halved are no further apart than they are"
        yield Comparison("value", what, over(excess, slack), f"at most {float(before)}", repr(float(after)))


def entries_trade_places(ask: Ask, case: Case) -> Iterator[Comparison]:
    """``P(Q v) = Q P(v)`` for signed permutations Q of the entries, under which the balls are invariant. 2 calls.

    Signs that are lost or taken as +1 at zeros (B14), an algorithm that relies on the order. Within two bounds.
    """
    v = case.arrays[0]
    order, signs = np.roll(np.arange(v.shape[1]), 1), 1 - 2 * (np.arange(v.shape[1]) % 2)
    turned = case._replace(arrays=((v[:, order] * signs).astype(v.dtype),))
    bound = 2 * ball_bounds(case, ask.precision(case))[:, order]
    expected = ask.value(case)[:, order] * signs
    yield agree("value", "entries permuted, with signs", expected, ask.value(turned), bound)


def scale_does_not_matter(ask: Ask, case: Case) -> Iterator[Comparison]:
    """``P(2^k v, 2^k r) = 2^k P(v, r)``, towards 1e-30 and 1e30 as far as the format goes: absolute epsilons (B7).

    The scales keep every entry and the radius exact, and sums (for the 2-norm sums of squares) below overflow. The
    bounds of both answers are added, each at its scale. 3 calls.
    """
    v, form, r = exact(case.arrays[0]), FORMATS[case.dtype], radius(case)
    sizes = [abs(x) for x in (*v.flat, r) if x]
    top = max(math.ceil(x).bit_length() if x >= 1 else 1 - (math.ceil(1 / x).bit_length() - 1) for x in sizes)
    lowest = -max(x.denominator.bit_length() - 1 for x in sizes)  # all are multiples of 2^lowest
    room = form.highest // (2 if case.op == "project_l2_ball" else 1) - 2 - v.shape[1].bit_length()
    value, precision = ask.value(case), ask.precision(case)
    for k in (max(-100, form.lowest - lowest), min(100, room - top)):
        factor = Fraction(2) ** k
        if not held(case.dtype, v * factor):
            continue
        scaled = case._replace(arrays=(like(v * factor, case.arrays[0]),), params={"radius": float(r * factor)})
        bound = ball_bounds(case, precision) + ball_bounds(scaled, precision) / factor
        yield agree("value", f"2^{k} times rows and radius", value, ask.value(scaled) / factor, bound)


def gradient_is_the_derivative(ask: Ask, case: Case) -> Iterator[Comparison]:
    """``<v_bar, d> = <y_bar, P(v + t d) - P(v)> / t`` on a piece where P is linear: a gradient of another map (B1, B2).

    Both ends have the same kept and dropped entries, by more than rounding could blur; the pieces are convex, so the
    segment lies in one. Rows with no such neighbour get no cotangent. What is left is rounding: the bounds of both
    values over t, and that of the gradient. Not for the 2-norm, whose projection bends. 3 calls, 1 with gradients.
    """
    if case.op == "project_l2_ball":
        return
    v, precision, r = exact(case.arrays[0]), ask.precision(case), radius(case)
    unit = Fraction(1, max(x.denominator for x in (*v.flat, r)))
    d = (unit * alternating(v.shape, 2)).astype(object)
    y_bar = codes(v.shape, 8).astype(object)
    for i, (row, end) in enumerate(zip(v.tolist(), (v + d).tolist(), strict=True)):
        pieces = [_piece(case.op, x, r, precision) for x in (row, end)]
        if pieces[0] is None or pieces[0] != pieces[1] or not held(case.dtype, (v + d)[i]):
            y_bar[i], d[i] = 0, 0
    here = case._replace(cotangent=like(y_bar, case.cotangent))
    there = here._replace(arrays=(like(v + d, case.arrays[0]),))
    (v_bar,) = ask.gradients(here)
    bounds = ball_bounds(here, precision) + ball_bounds(there, precision)
    quotient = inner(y_bar, ask.value(there) - ask.value(here)) / unit
    gradient_error = sum((_gradient_error(case.op, *rows, r, precision) for rows in zip(v, d, y_bar, strict=True)), 0)
    bound = inner(abs(y_bar), bounds) / unit + Fraction(gradient_error) / unit
    yield from slopes_agree([Slope("a step of each row", quotient, inner(v_bar, d) / unit, bound)])


def _piece(op: str, row: list[Fraction], radius: Fraction, precision: Precision) -> tuple[int, ...] | None:
    """Which entries the map moves, and to which side; None where rounding may decide that otherwise."""
    if op == "project_linf_ball":
        blurred = any(abs(abs(x) - radius) <= precision.u * radius for x in row)
        return None if blurred else tuple((x > radius) - (x < -radius) for x in row)
    threshold = l1_ball.threshold_of(row, radius, precision)
    if abs(threshold.excess) <= threshold.doubt:
        return None
    if threshold.excess < 0:
        return ()
    blurred = any(abs(abs(x) - threshold.tau) <= 2 * threshold.error for x in row)
    return None if blurred else tuple((x > threshold.tau) - (x < -threshold.tau) for x in row)


def _gradient_error(op: str, row: Array, d: Array, g: Array, radius: Fraction, precision: Precision) -> Fraction:
    """``sum_i |d_i| |error of v_bar_i|``: clipping passes entries on or drops them, which rounds nothing."""
    if op == "project_linf_ball" or not any(g):
        return Fraction(0)
    jacobian = spec.l1_ball_jacobians(row, radius)[0]
    errors = l1_ball.gradient_errors(jacobian, [Fraction(x) for x in g], precision)
    return sum((abs(x) * e for x, e in zip(d, errors, strict=True)), Fraction(0))


def _length(x: Array) -> spec.Enclosure:
    return spec.sqrt_enclosure(inner(x, x))


assert set(_NORMS) == set(BALLS)
