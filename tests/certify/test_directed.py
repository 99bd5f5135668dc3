"""Directed rounding of arrays against exact rationals."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from refsort.certify.directed import down, ones_norm, row_norms_up, up

INF = math.inf
finite = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False), st.sampled_from([5e-324, -1e-310, 1e-160, 1e200, 1.7e308, 0.0])
)


@given(arrays(np.float64, (2, 3), elements=finite), st.sampled_from([1, 2, INF]))
def test_row_norms_are_bounds_and_close(a, q):
    for row, bound in zip(a.tolist(), row_norms_up(a, q).tolist(), strict=True):
        v = [abs(Fraction(x)) for x in row]
        exact = {1: sum(v), 2: sum(x * x for x in v), INF: max(v)}[q]
        if bound == INF:
            assert (exact if q != 2 else exact / 2**1024) >= Fraction(2) ** 1022  # a norm that nearly overflows
            continue
        found = Fraction(bound) ** (2 if q == 2 else 1)
        assert found >= exact
        # (d + 8) u and the steps up, squared for q = 2; or the least subnormals
        step = Fraction(bound - 2 * 5e-324 if bound > 2 * 5e-324 else 0) ** (2 if q == 2 else 1)
        assert step <= exact * (1 + 2 * Fraction(16, 2**53))


def test_long_rows_need_the_slack_of_a_sum():
    a = np.random.default_rng(0).uniform(0, 1, (40, 500))
    for q, bounds in ((1, row_norms_up(a, 1)), (2, row_norms_up(a, 2))):
        for row, bound in zip(a.tolist(), bounds.tolist(), strict=True):
            assert Fraction(bound) ** q >= sum(Fraction(v) ** q for v in row)
    # a running sum that loses every small term: 500 of u each, so the slack is needed in full
    lost = np.full((1, 500), 2.0**-27)
    lost[0, 0] = 1.0
    assert Fraction(row_norms_up(lost, 2)[0].item()) ** 2 >= 1 + 499 * Fraction(1, 2**54)


def test_infinite_rows_and_no_columns():
    for q in (1, 2, INF):
        assert row_norms_up(np.array([[np.inf, 1.0]]), q)[0] == INF
        assert row_norms_up(np.zeros((2, 0)), q).max() <= 2 * 5e-324  # two steps up from 0


@given(finite, finite)
def test_one_step_is_enough_for_one_operation(a, b):
    with np.errstate(over="ignore"):
        product, difference = np.array([a]) * b, np.array([a]) - b
        high, low = up(product)[0], down(difference)[0]
    assert high == INF or Fraction(float(high)) >= Fraction(a) * Fraction(b)
    assert low == -INF or Fraction(float(low)) <= Fraction(a) - Fraction(b)


@pytest.mark.parametrize("d", [1, 2, 5])
def test_ones(d):
    assert (ones_norm(d, 1), ones_norm(d, INF)) == (d, 1)
    assert d <= ones_norm(d, 2) ** 2 <= d * (1 + Fraction(4, 2**52))
