"""Norms of selections against those of their matrices, and attained where these are NP-hard in general."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refsort import spec
from refsort.certify import operator_norm_bound, selection_norm_bound

INF = math.inf
PAIRS = [(2, 2), (1, 1), (INF, INF), (1, INF), (2, INF), (1, 2)]
selections = st.lists(st.integers(0, 4), max_size=6)


def one_hot(indices):
    return [[int(i == j) for j in range(5)] for i in indices]


@given(selections, st.sampled_from(PAIRS))
def test_the_norms_of_a_selection_are_those_of_its_matrix(indices, pair):
    bound = Fraction(selection_norm_bound(np.array(indices, int), *pair))
    norm = spec.operator_norm(one_hot(indices), *pair)
    assert norm.lo <= bound <= norm.hi * (1 + Fraction(2, 2**52))
    if norm.lo == norm.hi:
        assert bound == norm.lo  # 1, 2, ...: whole numbers and their whole roots
    if indices:  # and the bound of a matrix finds them too: signs and zeros around them change nothing
        signed = np.array(one_hot(indices), float) * np.array([1, -1, 1, -1, 1])
        assert operator_norm_bound(signed, *pair) == bound


@given(selections, st.sampled_from([(INF, 1), (INF, 2), (2, 1)]))
def test_the_norms_that_are_np_hard_in_general_are_attained_by_a_selection(indices, pair):
    p, q = pair
    bound = selection_norm_bound(np.array(indices, int), p, q)
    counts = [indices.count(j) for j in range(5)]
    # the vector that attains it: all ones for p = inf; the counts themselves for (2, 1), by Cauchy and Schwarz
    x = [1] * 5 if p == INF else counts
    after = [x[i] for i in indices]
    squared = Fraction(sum(after)) ** 2 if q == 1 else Fraction(sum(t * t for t in after))
    length = 1 if p == INF else sum(t * t for t in x)
    attained = squared / length if length else Fraction(0)
    assert attained <= Fraction(bound) ** 2 <= attained * (1 + Fraction(4, 2**52))
    # and no vector of a small grid does better
    rng = np.random.default_rng(0)
    for v in rng.integers(-3, 4, (50, 5)).tolist():
        image = [abs(v[i]) for i in indices]
        size = max(map(abs, v)) ** 2 if p == INF else sum(t * t for t in v)
        assert (sum(image) ** 2 if q == 1 else sum(t * t for t in image)) <= Fraction(bound) ** 2 * size


@pytest.mark.parametrize(
    ("indices", "pair", "error", "words"),
    [
        ([0, -1], (2, 2), ValueError, r"indices\[1\] is -1, out of range"),
        ([0.5], (2, 2), TypeError, "indices has dtype float64"),
        ([[0]], (2, 2), ValueError, "one dimension"),
        ([0], (3, 2), ValueError, "p must be 1, 2 or math.inf, got 3"),
        ([0], (2, 0), ValueError, "q must be 1, 2 or math.inf, got 0"),
    ],
)
def test_bad_selections(indices, pair, error, words):
    with pytest.raises(error, match=words):
        selection_norm_bound(indices, *pair)
