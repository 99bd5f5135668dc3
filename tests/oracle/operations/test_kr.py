"""Differences of means: the bound holds for the worst roundings."""

import itertools
from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from refsort.oracle import Case
from refsort.oracle.operations import kr
from refsort.oracle.tolerances import Precision

OP = "kr"
COARSE = Precision(Fraction(1, 2**10), Fraction(0))


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
