"""Sums to twice the precision, against rationals."""

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from refsort.transport.sums import dot, total

NUMBERS = st.floats(-1e100, 1e100)


@given(st.lists(NUMBERS, min_size=1, max_size=30))
def test_total(values):
    exact = sum(map(Fraction, values), Fraction(0))
    value, error = total(np.array(values))
    assert abs(value - exact) <= error <= abs(exact) / 2**104


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=30))
def test_dot(pairs):
    exact = sum((Fraction(u) * Fraction(v) for u, v in pairs), Fraction(0))
    value, error = dot(*np.array(pairs).T)
    assert abs(value - exact) <= error <= abs(exact) / 2**104 + len(pairs) * Fraction(1, 2**1072)


def test_integers_have_no_error():
    u, v = np.array([3.0, 2.0**52 + 1, -7.0]), np.array([2.0**52 - 1, 5.0, 1.0])
    assert dot(u, v) == (3 * (2**52 - 1) + 5 * (2**52 + 1) - 7, 0)
