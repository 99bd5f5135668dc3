from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refsort.spec import certified_radius_squared

number = st.integers(-3, 3).map(Fraction) | st.floats(-1e6, 1e6).map(Fraction)
logits = st.lists(number, min_size=2, max_size=4)
constants = st.fractions(Fraction(1, 9), 9, max_denominator=9)


def margin(y: list[Fraction], t: int) -> Fraction:
    return min(y[t] - other for j, other in enumerate(y) if j != t)


@given(logits, constants)
def test_the_rational_exponents(y: list[Fraction], k: Fraction) -> None:
    for t in range(len(y)):
        m = max(margin(y, t), Fraction(0))
        for p, factor_squared in ((1, 1), (2, 2), (math.inf, 4)):
            exact = m**2 / (factor_squared * k**2)
            assert certified_radius_squared(y, t, k, p) == (exact, exact)


@given(logits, constants, st.integers(1, 7), st.sampled_from([0, 1, 40, 128]))
def test_any_exponent_by_its_power(y: list[Fraction], k: Fraction, p: int, bits: int) -> None:
    """radius^(2p) 2^(2(p-1)) K^(2p) = m^(2p), without a root."""
    radius = certified_radius_squared(y, 0, k, p, bits)
    m = max(margin(y, 0), Fraction(0))
    assert (radius.lo * k**2) ** p * 4 ** (p - 1) <= m ** (2 * p) <= (radius.hi * k**2) ** p * 4 ** (p - 1)
    assert 0 <= radius.lo <= radius.hi
    assert radius.width * 2**bits <= radius.lo
    assert (radius.lo > 0) == (m > 0)


def test_the_radius_is_attained_by_the_extremal_map() -> None:
    """f(x) = c K x (1, -1) + (m/2, -m/2) is K-Lipschitz from the line to the p-norm for c = 2^(-1/p); it ties at -r."""
    m, k = Fraction(3), Fraction(5)
    for p, c in ((1, Fraction(1, 2)), (math.inf, Fraction(1))):
        radius = m / (2 * c * k)  # where c K x + m/2 = 0
        assert certified_radius_squared([m / 2, -m / 2], 0, k, p) == (radius**2, radius**2)
    assert certified_radius_squared([m / 2, -m / 2], 0, k, 2).lo == (m / (2 * k)) ** 2 * 2  # c^2 = 1/2


def test_a_tie_or_a_wrong_prediction_certifies_nothing() -> None:
    assert certified_radius_squared([1, 1, 0], 0, 1, 3) == (0, 0)
    assert certified_radius_squared([0, 1], 0, 1, 2) == (0, 0)


def test_bad_input_is_named() -> None:
    with pytest.raises(ValueError, match="at least two logits"):
        certified_radius_squared([1], 0, 1, 2)
    with pytest.raises(ValueError, match="got 2 logits and label 2"):
        certified_radius_squared([1, 2], 2, 1, 2)
    with pytest.raises(ValueError, match="label must be at least 0, got -1"):
        certified_radius_squared([1, 2], -1, 1, 2)
    for k in (0, -1.0):
        with pytest.raises(ValueError, match="lipschitz must be positive"):
            certified_radius_squared([1, 2], 0, k, 2)
    with pytest.raises(ValueError, match="must be at least 1, got 0"):
        certified_radius_squared([1, 2], 0, 1, 0)
    for p in (2.0, True, "inf", 1.5, -math.inf):
        with pytest.raises(TypeError, match=r"p \(unless it is math.inf\) must be an integer"):
            certified_radius_squared([1, 2], 0, 1, p)
