"""Constants against NumPy's own arithmetic, gamma against the worst products, intervals against their points."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refsort import rounding

TYPES = {"float16": np.float16, "float32": np.float32, "float64": np.float64, "longdouble": np.longdouble}
FRACTIONS = st.fractions(-100, 100, max_denominator=64)


@pytest.mark.parametrize("name", TYPES)
def test_one_plus_u_is_a_tie_that_goes_to_one_and_anything_above_it_does_not(name):
    kind, u = TYPES[name], rounding.UNIT_ROUNDOFF[name]
    half_ulp = kind(u.numerator) / kind(u.denominator)
    assert kind(1) + half_ulp == kind(1)
    assert kind(1) + np.nextafter(half_ulp, kind(1)) > kind(1)


@pytest.mark.parametrize("name", TYPES)
def test_the_smallest_subnormal_is_the_number_next_to_zero(name):
    numerator, denominator = np.nextafter(TYPES[name](0), TYPES[name](1)).as_integer_ratio()
    assert Fraction(int(numerator), int(denominator)) == rounding.SMALLEST_SUBNORMAL[name]


def test_bfloat16_is_float32_with_sixteen_bits_fewer():
    assert rounding.UNIT_ROUNDOFF["bfloat16"] == 2**16 * rounding.UNIT_ROUNDOFF["float32"]
    assert rounding.SMALLEST_SUBNORMAL["bfloat16"] == 2**16 * rounding.SMALLEST_SUBNORMAL["float32"]


@given(st.integers(0, 30), st.sampled_from([Fraction(1, 256), Fraction(1, 2048)]), st.integers(0, 30))
def test_gamma_bounds_every_product_and_quotient_of_roundings(n, u, divisions):
    divisions = min(n, divisions)
    for sign in (1, -1):
        accumulated = (1 + sign * u) ** (n - divisions) / (1 - sign * u) ** divisions
        assert abs(accumulated - 1) <= rounding.gamma(n, u)


def test_gamma_is_attained_to_first_order():
    u = Fraction(1, 2**40)
    assert (1 + u) ** 7 - 1 > rounding.gamma(7, u) * (1 - 8 * u)


@pytest.mark.parametrize("n", [-1, 256, 300])
def test_gamma_refuses_where_there_is_no_bound(n):
    with pytest.raises(ValueError, match="must lie in"):
        rounding.gamma(n, Fraction(1, 256))


@given(
    st.one_of(FRACTIONS, st.integers(-(2**80), 2**80).map(Fraction), st.floats(allow_nan=False).filter(math.isfinite))
)
def test_directed_rounding_takes_the_neighbours(x):
    x = Fraction(x)
    up, down = rounding.round_up(x), rounding.round_down(x)
    assert Fraction(down) <= x <= Fraction(up)
    assert down == up or math.nextafter(down, math.inf) == up  # so none lies between
    assert (down == up) == (Fraction(float(x)) == x)


def test_directed_rounding_at_the_ends_of_the_range():
    largest, smallest = Fraction(np.finfo(np.float64).max.item()), rounding.SMALLEST_SUBNORMAL["float64"]
    assert rounding.round_up(largest) == float(largest)
    assert rounding.round_up(largest + 1) == math.inf
    assert rounding.round_up(-largest - 1) == rounding.round_up(-(Fraction(10) ** 400)) == -float(largest)
    assert rounding.round_down(largest * 2) == float(largest)
    assert rounding.round_up(smallest / 3) == float(smallest)
    assert rounding.round_down(smallest / 3) == 0


@given(st.integers(1, 3), st.integers(1, 3), st.data())
def test_sorted_points_stay_in_the_sorted_interval_and_reach_its_ends(group_size, groups, data):
    n = group_size * groups
    entries = st.lists(FRACTIONS, min_size=n, max_size=n)
    low, width, share = data.draw(entries), data.draw(entries), data.draw(entries)
    high = [a + abs(b) for a, b in zip(low, width, strict=True)]
    x = [a + (b - a) * abs(t) / 100 for a, b, t in zip(low, high, share, strict=True)]
    lo, hi = rounding.sort_interval(low, high, group_size)
    for start in range(0, n, group_size):
        group = slice(start, start + group_size)
        assert all(a <= b <= c for a, b, c in zip(lo[group], sorted(x[group]), hi[group], strict=True))
        assert lo[group] == sorted(low[group])
        assert hi[group] == sorted(high[group])


@pytest.mark.parametrize(
    ("lo", "hi", "group_size", "message"),
    [
        ([1, 2], [1], 1, "2 entries and hi has 1"),
        ([1, 2], [3, 4], 3, "does not divide"),
        ([1], [0], 1, "empty interval"),
    ],
)
def test_sort_interval_names_what_is_wrong(lo, hi, group_size, message):
    with pytest.raises(ValueError, match=message):
        rounding.sort_interval(lo, hi, group_size)


@pytest.mark.parametrize(("n", "sums"), [(10, 1), (1000, 1), (1000, 500)])
def test_random_roundings_stay_within_the_probable_bound_and_it_grows_like_a_square_root(n, sums):
    u = Fraction(1, 2**11)
    bound = float(rounding.probable_gamma(n, u, sums))
    roundings = np.random.default_rng(n).uniform(-1, 1, (2000, n)) * float(u)
    assert np.max(np.abs(np.prod(1 + roundings, axis=1) - 1)) <= bound
    # roundings of full size u and random sign, the worst that the model allows
    signs = np.random.default_rng(n).choice([-1.0, 1.0], (2000, n)) * float(u)
    worst = np.max(np.abs(np.prod(1 + signs, axis=1) - 1))
    assert worst <= bound
    assert worst >= bound / 8  # 2000 trials see some 3.5 of the 8 or 9 deviations
    if n == 1000:
        assert bound < float(rounding.gamma(n, u))


def test_a_smaller_failure_probability_or_more_sums_cost_little_but_something():
    u = Fraction(1, 2**24)
    ordered = [
        rounding.probable_gamma(500, u, 1, 1e-6),
        rounding.probable_gamma(500, u, 1, 1e-12),
        rounding.probable_gamma(500, u, 10**6, 1e-12),
    ]
    assert ordered == sorted(set(ordered))
    assert ordered[-1] < 2 * ordered[0]


def test_probable_bounds_that_do_not_exist():
    for failure in (0.0, 1.0, -1.0, float("nan")):
        with pytest.raises(ValueError, match="failure probability"):
            rounding.probable_gamma(10, Fraction(1, 2**24), 1, failure)
    with pytest.raises(ValueError, match="no useful bound"):
        rounding.probable_gamma(10**6, Fraction(1, 2**8))


def test_zero_is_rounded_to_zero_without_a_sign():
    for zero in (rounding.round_down(Fraction(0)), rounding.round_up(Fraction(0))):
        assert math.copysign(1, zero) == 1
