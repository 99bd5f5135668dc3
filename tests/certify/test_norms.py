"""Norm bounds are bounds, proved against exact enclosures, and close to the norm."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from refsort import spec
from refsort.certify import operator_norm_bound

INF = math.inf
PAIRS = [(2, 2), (1, 1), (INF, INF), (1, INF), (2, INF), (1, 2)]
shapes = st.sampled_from([(1, 1), (2, 3), (4, 3), (1, 5), (5, 1)])
floats = st.one_of(
    st.floats(-2, 2), st.integers(-8, 8).map(float), st.sampled_from([1e-320, 5e-324, -1e-310, 1e-160, -0.0])
)
weights = shapes.flatmap(lambda shape: arrays(np.float64, shape, elements=floats))


@settings(max_examples=60)
@given(weights, st.sampled_from(PAIRS), st.sampled_from([0, -900, 900]))
def test_the_bound_is_above_the_exact_norm_and_close_to_it(w, pair, k):
    w = np.ldexp(w, k)
    bound = Fraction(operator_norm_bound(w, *pair))
    norm = spec.operator_norm(w.tolist(), *pair)
    assert bound >= norm.lo  # lo <= norm: a failure here would be a proof that the bound is none
    if pair == (2, 2):  # 3e-9 of the Schatten index and rounding; 2^-1040 where the bound is subnormal
        assert bound <= norm.hi * (1 + Fraction(4, 10**9)) + Fraction(1, 2**1040)
    else:  # one rounding up; for a square root its enclosure's width and the integer root's unit come before
        assert bound <= norm.hi * (1 + Fraction(3, 2**52)) + Fraction(2, 2**1074)
    if norm.lo == norm.hi and norm.lo == float(norm.lo) and pair != (2, 2):
        assert bound == norm.lo  # a norm that is a double is found


def test_a_tight_enclosure_cannot_catch_the_bound_out():
    rng = np.random.default_rng(0)
    for m, n in ((3, 2), (4, 6), (5, 5)):
        w = rng.standard_normal((m, n))
        bound = Fraction(operator_norm_bound(w))
        # bound^2 I - W^T W positive definite, by exact elimination: so ||W|| < bound
        exact = [[Fraction(v) for v in row] for row in w.tolist()]
        gram = [[sum(exact[k][i] * exact[k][j] for k in range(m)) for j in range(n)] for i in range(n)]
        a = [[bound**2 * (i == j) - gram[i][j] for j in range(n)] for i in range(n)]
        for i in range(n):
            assert a[i][i] > 0
            for j in range(i + 1, n):
                factor = a[j][i] / a[i][i]
                a[j] = [x - factor * y for x, y in zip(a[j], a[i], strict=True)]


@pytest.mark.parametrize(("m", "n"), [(64, 48), (48, 64), (32, 32)])
def test_orthonormal_weights_get_a_sharp_bound(m, n):
    q = np.linalg.qr(np.random.default_rng(0).standard_normal((max(m, n), min(m, n))))[0]
    bound = operator_norm_bound(q if m >= n else q.T)
    assert 1 - 1e-15 <= bound <= 1 + 1e-11  # gamma_{m+1} (n + n) / 2 is below 4e-13


def test_extreme_scales():
    w = np.array([[3.0, 0.0], [4.0, 0.0]])
    for scale in (1e-323, 1e-200, 1e200, 2e307):
        bound = operator_norm_bound(scale * w)
        column = Fraction(scale * 3.0) ** 2 + Fraction(scale * 4.0) ** 2
        assert Fraction(bound) ** 2 >= column
        assert bound <= 5 * scale * (1 + 1e-8) + 1e-323
    assert operator_norm_bound(np.zeros((2, 3))) <= 1e-300


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_narrow_floats_are_taken_as_the_numbers_they_are(dtype):
    w = np.array([[0.1, 0.2], [0.7, -0.3]], dtype)
    assert operator_norm_bound(w) == operator_norm_bound(w.astype(np.float64))


@pytest.mark.parametrize(
    ("w", "pair", "error", "words"),
    [
        (np.ones(3), (2, 2), ValueError, "matrix"),
        (np.ones((0, 3)), (2, 2), ValueError, "at least one entry"),
        (np.array([[np.nan]]), (2, 2), ValueError, "1 non-finite"),
        (np.array([[np.inf, 0.0]]), (INF, INF), ValueError, "1 non-finite"),
        (np.ones((2, 2), int), (2, 2), TypeError, "int64"),
        (np.ones((2, 2), np.longdouble), (2, 2), TypeError, "pass float16"),
        (np.array([[0.5]], object), (2, 2), TypeError, r"every element must be a fractions\.Fraction"),
        (np.ones((2, 2)), (INF, 2), ValueError, "no bound for p = inf, q = 2"),
        (np.ones((2, 2)), (3, 3), ValueError, "no bound"),
    ],
)
def test_bad_input(w, pair, error, words):
    with pytest.raises(error, match=words):
        operator_norm_bound(w, *pair)


@settings(max_examples=40)
@given(
    shapes.flatmap(
        lambda s: st.lists(st.fractions(-9, 9, max_denominator=7), min_size=s[0] * s[1], max_size=s[0] * s[1]).map(
            lambda v: np.array([*v, None], object)[:-1].reshape(s)
        )
    ),
    st.sampled_from(PAIRS),
    st.sampled_from([Fraction(1), Fraction(3, 10) ** 400, Fraction(10, 3) ** 900]),
)
def test_weights_of_fractions_have_bounds_from_exact_norms(w, pair, scale):
    w = scale * w
    bound, norm = operator_norm_bound(w, *pair), spec.operator_norm(w.tolist(), *pair)
    if bound == INF:
        assert norm.hi > Fraction(10) ** 307  # only beyond the doubles, or where a square is
        return
    assert Fraction(bound) >= norm.lo
    if pair != (2, 2):
        assert Fraction(bound) <= norm.hi * (1 + Fraction(3, 2**52)) + Fraction(1, 2**1074)
    else:
        assert Fraction(bound) <= norm.hi * (1 + Fraction(4, 10**9)) + Fraction(1, 2**1000)


def test_orthonormal_fractions_have_norm_one_exactly():
    c, s = Fraction(3, 5), Fraction(4, 5)
    assert operator_norm_bound(np.array([[c, -s], [s, c]], object)) == 1.0
    third = np.array([[Fraction(1, 3), Fraction(2, 3), Fraction(2, 3)]], object)
    assert operator_norm_bound(third) == operator_norm_bound(third.T) == 1.0


def test_nothing_is_lost_below_the_last_digit():
    # sqrt(1 + 2^-1080) is above 1 by far less than a unit roundoff, and so is the sum of 1 and 2^-540
    w = np.array([[1.0, 2.0**-540]])
    assert Fraction(operator_norm_bound(w, 2, INF)) ** 2 >= 1 + Fraction(1, 2**1080)
    assert Fraction(operator_norm_bound(w)) ** 2 >= 1 + Fraction(1, 2**1080)
    assert operator_norm_bound(w, INF, INF) >= 1 + Fraction(1, 2**540)
    # a hundred entries that are 0 as doubles: the 2-norm is ten of them
    tiny = np.full((1, 100), Fraction(2, 5 * 2**1074))
    assert Fraction(operator_norm_bound(tiny)) >= Fraction(4, 2**1074)
