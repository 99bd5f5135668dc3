from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refsort.spec import KinkError, absolute, crelu, derivative, leaky_relu, relu

vectors = st.lists(st.integers(-2, 2) | st.floats(allow_nan=False, allow_infinity=False), max_size=5)
slopes = st.fractions(min_value=-1, max_value=1, max_denominator=9)


@given(vectors)
def test_positive_and_negative_parts(x: list[float]) -> None:
    up, down, size = relu(x), relu([-t for t in x]), absolute(x)
    for t, a, b, s in zip(map(Fraction, x), up, down, size, strict=True):
        assert a >= 0
        assert b >= 0
        assert a * b == 0
        assert a - b == t  # these four say a = max(t, 0), b = max(-t, 0)
        assert s == a + b
        assert s * s == t * t


@given(vectors, slopes)
def test_leaky_relu_mixes_the_identity_and_relu(x: list[float], slope: Fraction) -> None:
    assert leaky_relu(x, slope) == [slope * Fraction(t) + (1 - slope) * r for t, r in zip(x, relu(x), strict=True)]
    assert leaky_relu(x, 0) == relu(x)
    assert leaky_relu(x, -1) == absolute(x)


@given(vectors)
def test_crelu_is_the_positive_and_the_negative_parts(x: list[float]) -> None:
    y = crelu(x)
    assert len(y) == 2 * len(x)
    for t, up, down in zip(map(Fraction, x), y[: len(x)], y[len(x) :], strict=True):
        assert min(up, down) == 0  # with the next line: one of the two is |t|, and which says the sign
        assert up - down == t


def test_derivatives_on_either_side_and_none_at_zero() -> None:
    assert derivative(relu, [-2, 3], [10, 100]) == [0, 100]
    assert derivative(absolute, [-2, 3], [10, 100]) == [-10, 100]
    assert derivative(lambda x: leaky_relu(x, 0.5), [-2, 3], [10, 100]) == [5, 100]
    assert derivative(crelu, [-2, 3], [10, 100]) == [0, 100, -10, 0]
    for f in (relu, absolute, crelu, lambda x: leaky_relu(x, 0.5)):
        with pytest.raises(KinkError):
            derivative(f, [0], [0])
