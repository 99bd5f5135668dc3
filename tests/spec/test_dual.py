from __future__ import annotations

import operator
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refsort.spec import Dual, KinkError, affine, bjorck, derivative, group_sort, kr, pullback

rationals = st.fractions(-9, 9, max_denominator=9)
duals = st.builds(Dual, rationals, rationals)

# a + a' e  <->  [[a, a'], [0, a]] is an isomorphism onto upper triangular Toeplitz matrices
Toeplitz = tuple[tuple[Fraction, Fraction], tuple[Fraction, Fraction]]


def as_matrix(x: Dual) -> Toeplitz:
    return ((x.value, x.tangent), (Fraction(0), x.value))


def times(a: Toeplitz, b: Toeplitz) -> Toeplitz:
    (p, q), (r, s) = a
    (t, u), (v, w) = b
    return ((p * t + q * v, p * u + q * w), (r * t + s * v, r * u + s * w))


@given(duals, duals)
def test_arithmetic_is_that_of_triangular_matrices(x: Dual, y: Dual) -> None:
    assert as_matrix(x * y) == times(as_matrix(x), as_matrix(y))
    assert (x + y).value == x.value + y.value
    assert (x + y).tangent == x.tangent + y.tangent
    assert x - y + y == x == 0 - (-x)
    if y.value != 0:
        assert times(as_matrix(x / y), as_matrix(y)) == as_matrix(x)
    else:
        with pytest.raises(ZeroDivisionError):
            x / y


@given(duals, rationals)
def test_constants_mix_from_either_side(x: Dual, c: Fraction) -> None:
    constant = Dual(c, 0)
    assert x + c == c + x == x + constant
    assert x * c == c * x == x * constant
    assert x - c == x - constant
    assert c - x == constant - x
    if c != 0:
        assert x / c == x / constant
    if x.value != 0:
        assert c / x == constant / x


@pytest.mark.parametrize("two", [2, 2.0, Fraction(2), np.int64(2), np.float32(2)])
def test_every_number_of_the_gate_mixes(two) -> None:
    x = Dual(3, 5)
    assert x * two == Dual(6, 10)
    assert x + two == Dual(5, 5)
    assert two > x - 2
    for wrong in ("2", True, None):
        with pytest.raises(TypeError, match="a real number is needed"):
            x + wrong
        with pytest.raises(TypeError, match="a real number is needed"):
            Dual(1, wrong)


@given(st.lists(rationals, min_size=1, max_size=6), rationals, rationals)
def test_polynomials_have_the_derivative_of_the_power_rule(c: list[Fraction], x: Fraction, x_dot: Fraction) -> None:
    def horner(t):
        total = Fraction(0)
        for coefficient in reversed(c):
            total = total * t + coefficient
        return total

    power_rule = sum((k * c[k] * x ** (k - 1) for k in range(1, len(c))), Fraction(0))
    assert derivative(horner, x, x_dot) == power_rule * x_dot


@given(rationals, rationals)
def test_the_difference_quotient_of_a_reciprocal_in_the_limit(x: Fraction, h: Fraction) -> None:
    """(1/(x+h) - 1/x) / h = -1/(x (x+h)) exactly, which is -1/x^2 at h = 0."""
    if x == 0 or h == 0 or x + h == 0:
        return
    assert (1 / (x + h) - 1 / x) / h == -1 / (x * (x + h))
    assert derivative(lambda t: 1 / t, x, 1) == -1 / (x * x)


@pytest.mark.parametrize("compare", [operator.lt, operator.le, operator.gt, operator.ge])
@given(x=duals, y=duals)
def test_comparisons_are_those_of_the_values_and_refused_where_equal(compare, x: Dual, y: Dual) -> None:
    for other, other_value in ((y, y.value), (y.value, y.value), (x, x.value)):
        if x.value == other_value:
            for sides in ((x, other), (other, x)):
                with pytest.raises(KinkError, match="comparison of equal values"):
                    compare(*sides)
        else:
            assert compare(x, other) == compare(x.value, other_value)
            assert compare(other, x) == compare(other_value, x.value)


def test_a_kink_error_is_a_value_error() -> None:
    assert issubclass(KinkError, ValueError)


def smooth_map(args):
    w, x = args
    return group_sort(affine(x, bjorck(w, 1, order=2), [1, 2]), 2)


W, X = [[Fraction(1, 2), Fraction(1, 3), 0], [1, Fraction(-1, 4), Fraction(2, 5)]], [3, 1, Fraction(-1, 2)]


@settings(max_examples=25)
@given(st.lists(rationals, min_size=9, max_size=9), st.lists(rationals, min_size=2, max_size=2))
def test_pullback_is_the_adjoint_of_the_derivative(direction: list[Fraction], y_bar: list[Fraction]) -> None:
    w_dot, x_dot = [direction[:3], direction[3:6]], direction[6:]
    y_dot = derivative(smooth_map, [W, X], [w_dot, x_dot])
    w_bar, x_bar = pullback(smooth_map, [W, X], y_bar)
    assert [len(w_bar), len(w_bar[0]), len(x_bar)] == [2, 3, 3]
    left = sum(a * b for a, b in zip(y_bar, y_dot, strict=True))
    flat_bar = [t for row in w_bar for t in row] + x_bar
    assert left == sum(a * b for a, b in zip(flat_bar, direction, strict=True))


def test_shapes_are_kept_and_constants_have_derivative_0() -> None:
    assert derivative(lambda x: [[x, 7], 3 * x], 2, 5) == [[5, 0], 15]
    assert pullback(lambda x: [x[0] * x[1][0], 4], [2, [3]], [10, 1]) == [30, [20]]
    assert derivative(lambda v: kr(v, [1]), np.array([1.0, 2.0]), np.array([3.0, 4.0])) == Fraction(7, 2)


def test_shapes_that_differ_are_named() -> None:
    for x, x_dot in (([1, 2], [1]), ([1, 2], 1), (1, [1]), ([[1], [2]], [[1], [2, 3]])):
        with pytest.raises(ValueError, match="x and x_dot must have one shape"):
            derivative(lambda v: v, x, x_dot)
    with pytest.raises(ValueError, match=r"y_bar must have the 2 entries of f\(x\), got 3"):
        pullback(lambda v: v, [1, 2], [1, 2, 3])
