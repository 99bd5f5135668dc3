"""Differences of means: other orders of summation pass, other divisors and signs do not."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refsort.oracle import Case
from refsort.oracle.operations import kr
from refsort.oracle.tolerances import Precision

OP, ALL = "kr", ("float16", "float32", "float64")
COARSE = Precision(Fraction(1, 2**10), Fraction(0))


def value(arrays, params, g):
    (p, q), f = arrays, arrays[0].dtype.type
    return p.mean(dtype=p.dtype) - q.mean(dtype=q.dtype), [
        np.full_like(p, g / f(p.size)),
        np.full_like(q, -g / f(q.size)),
    ]


def weighted(arrays, params, g):
    """Every value times a rounded reciprocal, from the last to the first."""
    p, q = arrays
    total = p.dtype.type(0)
    for sample, sign in ((q, -1), (p, 1)):
        weight = sample.dtype.type(sign) / sample.dtype.type(sample.size)
        for v in sample[::-1]:
            total = total + weight * v
    return total, [np.full_like(a, g * (a.dtype.type(s) / a.dtype.type(a.size))) for a, s in ((p, 1), (q, -1))]


@pytest.mark.parametrize("function", [value, weighted])
def test_correct_ways_pass(passes, function):
    passes(OP, function, dtypes=ALL)


FAULTS = {
    "minus_the_value": lambda v, a, b, p, q: (-v, a, b),
    "the_absolute_value": lambda v, a, b, p, q: (abs(v), a, b),
    "a_sum_for_the_mean": lambda v, a, b, p, q: (p.sum() - q.sum(), a, b),
    "both_divided_by_the_size_of_p": lambda v, a, b, p, q: ((p.sum() - q.sum()) / p.size, a, b),
    "divided_by_all_values": lambda v, a, b, p, q: ((p.sum() - q.sum()) / (p.size + q.size), a, b),
    "the_gradient_on_q_with_the_sign_of_p": lambda v, a, b, p, q: (v, a, -b),
    "the_gradient_of_sums": lambda v, a, b, p, q: (v, a * p.size, b * q.size),
    "the_gradient_divided_by_all_values": lambda v, a, b, p, q: (v, a * p.size / (p.size + q.size), b),
    "the_gradients_exchanged": lambda v, a, b, p, q: (v, np.full_like(p, b[0]), np.full_like(q, a[0])),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_failed(fails, name):
    def function(arrays, params, g):
        v, (p_bar, q_bar) = value(arrays, params, g)
        v, p_bar, q_bar = FAULTS[name](v, p_bar, q_bar, *arrays)
        dtype = arrays[0].dtype
        return v.astype(dtype), [p_bar.astype(dtype), q_bar.astype(dtype)]

    fails(OP, function)


@settings(max_examples=60)
@given(
    st.lists(st.integers(-9, 9), min_size=1, max_size=4),
    st.lists(st.integers(-9, 9), min_size=1, max_size=4),
    st.data(),
)
def test_the_worst_roundings_stay_within_the_bound(p, q, data):
    signs = itertools.cycle(data.draw(st.lists(st.sampled_from([1, -1]), min_size=5, max_size=20)))

    def rounded(x):
        return x * (1 + next(signs) * COARSE.u)

    means = []
    for sample in (p, q):
        total, weight = Fraction(sample[0]), rounded(Fraction(1, len(sample)))
        for v in sample[1:]:
            total = rounded(total + v)
        means.append(rounded(total * weight))
    case = Case(OP, "float64", (np.array(p, float), np.array(q, float)), {}, np.array(1.0))
    bound = kr.value_error(case, COARSE)
    assert kr.truth(case).item() == Fraction(sum(p), len(p)) - Fraction(sum(q), len(q))
    assert abs(rounded(means[0] - means[1]) - kr.truth(case).item()) <= bound <= 7 * COARSE.u * 18
