"""Margins and radii: rounded the safe way against exact rationals; certificates hold and are tight."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refsort import spec
from refsort.certify import certified_accuracy, certified_radius, margins

INF = math.inf
finite = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e200, max_value=1e200)
logits_rows = st.lists(finite, min_size=2, max_size=5)


@given(logits_rows, st.data())
def test_margins_are_the_exact_difference_rounded_down(row, data):
    label = data.draw(st.integers(0, len(row) - 1))
    exact = Fraction(row[label]) - max(Fraction(v) for i, v in enumerate(row) if i != label)
    (m,) = margins([row], [label]).tolist()
    assert Fraction(m) <= exact
    assert exact < Fraction(math.nextafter(m, INF)) or m == exact


@given(logits_rows, st.data(), st.floats(1e-3, 1e3), st.sampled_from([1, 2, 3, 7, INF]))
def test_radii_are_below_the_definition_and_close_to_it(row, data, lipschitz, p):
    label = data.draw(st.integers(0, len(row) - 1))
    (r,) = certified_radius([row], [label], lipschitz, p).tolist()
    exact = spec.certified_radius_squared(row, label, lipschitz, p)
    assert Fraction(r) ** 2 <= exact.hi
    if p in (1, 2, INF):
        assert Fraction(r) ** 2 <= exact.lo
    # margin, factor, quotient: a few units in the last place, or one subnormal
    assert Fraction(r + 5e-324) ** 2 >= exact.lo * (1 - Fraction(12, 2**52))


def test_irrational_divisors_are_rounded_the_safe_way():
    # many margins for each p: where 2^((p-1)/p) comes out too small, some quotient lands on the wrong side
    for p in range(2, 30):
        for m in np.random.default_rng(p).uniform(1, 2, 40).tolist():
            (r,) = certified_radius([[m, 0.0]], [0], 1.0, p).tolist()
            # exactly: r <= m / 2^((p-1)/p), that is r^p 2^(p-1) <= m^p
            assert Fraction(r) ** p * 2 ** (p - 1) <= Fraction(m) ** p


@pytest.mark.parametrize("p", [1, 2, 5, INF])
def test_the_radius_is_tight(p):
    # f(x) = 2^(-1/p) K x (1, -1) + (m / 2, -m / 2) is K-Lipschitz from the line into the p-norm, with margin m at 0
    k, m = 3.0, 2.0
    slope = k * 2 ** (-1 / p)
    (r,) = certified_radius([[m / 2, -m / 2]], [0], k, p).tolist()
    beyond = -r * (1 + 1e-12)
    assert slope * beyond + m / 2 < -slope * beyond - m / 2
    inside = -r * (1 - 1e-12)
    assert slope * inside + m / 2 > -slope * inside - m / 2


def test_wrong_and_tied_predictions_are_certified_for_nothing():
    logits = [[1.0, 2.0, 0.0], [1.0, 1.0, 0.0], [2.0, 1.0, 0.0]]
    assert certified_radius(logits, [0, 0, 0], 1.0, INF).tolist() == [0.0, 0.0, 0.5]
    assert certified_accuracy(logits, [0, 0, 0], 1.0, [0.0, 0.5, 0.49], INF).tolist() == [1 / 3, 0.0, 1 / 3]


@pytest.mark.parametrize(
    ("logits", "labels", "error", "words"),
    [
        ([[1.0, np.nan]], [0], ValueError, "1 rows of logits are not finite"),
        ([[np.inf, 0.0]], [0], ValueError, "not finite"),
        ([[1.0]], [0], ValueError, "k >= 2"),
        ([1.0, 2.0], [0], ValueError, "must be"),
        ([[1, 2]], [0], TypeError, "int64"),
        ([[1.0, 2.0]], [0.0], TypeError, "labels have dtype float64"),
        ([[1.0, 2.0]], [2], ValueError, r"0 \.\.\. 1, got 2"),
        ([[1.0, 2.0]], [-1], ValueError, "got -1"),
        ([[1.0, 2.0]], [0, 1], ValueError, r"as many labels, got shape \(2,\)"),
    ],
)
def test_bad_logits_and_labels(logits, labels, error, words):
    with pytest.raises(error, match=words):
        certified_radius(logits, labels, 1.0)


@pytest.mark.parametrize("lipschitz", [0.0, -1.0, np.nan, np.inf])
def test_bad_constants(lipschitz):
    with pytest.raises(ValueError, match="positive and finite"):
        certified_radius([[1.0, 0.0]], [0], lipschitz)


def test_bad_norms_radii_and_batches():
    with pytest.raises(ValueError, match="p must be at least 1"):
        certified_radius([[1.0, 0.0]], [0], 1.0, 0.5)
    for radii in ([-0.1], [np.nan], 0.5):
        with pytest.raises(ValueError, match="radii must be"):
            certified_accuracy([[1.0, 0.0]], [0], 1.0, radii)
    with pytest.raises(ValueError, match="no inputs"):
        certified_accuracy(np.zeros((0, 3)), np.zeros(0, int), 1.0, [0.1])
