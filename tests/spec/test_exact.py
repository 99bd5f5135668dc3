from __future__ import annotations

import decimal
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refsort.spec.exact import (
    Enclosure,
    dot,
    frac,
    identity,
    integer,
    matrix,
    product,
    sqrt_enclosure,
    transpose,
    vector,
)

finite = st.floats(allow_nan=False, allow_infinity=False)
rationals = st.fractions(min_value=0, max_value=50, max_denominator=60)


def is_python(x: Fraction) -> bool:
    return type(x) is Fraction and type(x.numerator) is int and type(x.denominator) is int


@given(finite)
def test_a_float_is_the_rational_that_its_hexadecimal_digits_say(x: float) -> None:
    mantissa, exponent = math.frexp(x)
    assert frac(x) == Fraction(int(math.ldexp(mantissa, 53))) * Fraction(2) ** (exponent - 53)
    assert is_python(frac(x))


@given(st.floats(width=16, allow_nan=False, allow_infinity=False))
def test_every_width_of_numpy_float_gives_the_same_number(x: float) -> None:
    for kind in (np.float16, np.float32, np.float64, np.longdouble):
        assert frac(kind(x)) == Fraction(x)
        assert is_python(frac(kind(x)))


def test_longdouble_is_not_rounded_to_double() -> None:
    if np.finfo(np.longdouble).nmant <= 52:
        pytest.skip("longdouble is double here")
    assert frac(np.longdouble(1) + np.finfo(np.longdouble).eps) > 1
    assert frac(np.finfo(np.longdouble).smallest_subnormal) < frac(5e-324)


@pytest.mark.parametrize("kind", [np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint64])
def test_numpy_integers_become_python_integers(kind: type) -> None:
    x = np.iinfo(kind).max
    assert frac(kind(x)) == x
    assert is_python(frac(kind(x)))


def test_the_numpy_integer_overflow_is_stopped_at_the_gate() -> None:
    trap = Fraction(np.int64(2**40))
    assert trap**2 == 0  # the reason for the gate; a Fraction of NumPy integers is repaired as well
    assert frac(np.int64(2**40)) ** 2 == 2**80
    assert frac(trap) ** 2 == 2**80


@pytest.mark.parametrize(
    "x",
    [True, np.True_, "1", b"1", None, 1j, np.complex128(1), decimal.Decimal(1), [1], np.array(1.0), np.array([1.0])],
)
def test_what_is_no_real_number_is_a_type_error(x: object) -> None:
    with pytest.raises(TypeError, match="a real number is needed"):
        frac(x)


@pytest.mark.parametrize("kind", [float, np.float16, np.float32, np.float64, np.longdouble])
@pytest.mark.parametrize("x", ["nan", "inf", "-inf"])
def test_nan_and_infinities_are_value_errors(kind: type, x: str) -> None:
    with pytest.raises(ValueError, match=f"{x} is not a rational number"):
        frac(kind(x))


def test_vectors_and_matrices_take_any_sequence() -> None:
    expected = [[Fraction(1), Fraction(1, 2), Fraction(3)], [Fraction(4), Fraction(5), Fraction(-6)]]
    rows = [[1, 0.5, 3], [4, 5, -6]]
    assert matrix(rows) == matrix(tuple(map(tuple, rows))) == matrix(np.array(rows)) == expected
    assert vector(np.array([1, 2, 3])[::-1]) == [3, 2, 1]
    assert vector([]) == [] == matrix([])


def test_bad_vectors_and_matrices_are_named() -> None:
    with pytest.raises(TypeError, match=r"a sequence of numbers is needed, got 3"):
        vector(3)
    with pytest.raises(TypeError, match="a sequence of numbers is needed"):
        matrix([1, 2])
    with pytest.raises(ValueError, match=r"lengths \[2, 3\]"):
        matrix([[1, 2], [3, 4, 5]])
    with pytest.raises(TypeError, match="a real number is needed, got '1'"):
        vector("12")


def test_integer_takes_integers_only() -> None:
    assert integer("op", "n", np.int8(3), 1) == 3
    for value in (True, np.True_, 2.0, "2", None):
        with pytest.raises(TypeError, match="op: n must be an integer"):
            integer("op", "n", value, 1)
    with pytest.raises(ValueError, match="op: n must be at least 1, got 0"):
        integer("op", "n", 0, 1)


def test_matrix_arithmetic_entry_by_entry() -> None:
    a = [[Fraction(3 * i + j * j + 1, j + 2) for j in range(3)] for i in range(2)]
    b = [[Fraction(i - 5 * j, i + 1) for j in range(4)] for i in range(3)]
    c = product(a, b)
    assert [len(c), len(c[0])] == [2, 4]
    for i in range(2):
        for j in range(4):
            assert c[i][j] == a[i][0] * b[0][j] + a[i][1] * b[1][j] + a[i][2] * b[2][j] == transpose(c)[j][i]
    assert product(identity(2), a) == a == product(a, identity(3))
    assert dot([], []) == 0


@given(rationals, st.integers(0, 200))
def test_the_square_root_lies_between_and_the_relative_width_is_kept(x: Fraction, bits: int) -> None:
    root = sqrt_enclosure(x, bits)
    assert root.lo >= 0
    assert root.lo**2 <= x <= root.hi**2
    assert root.width * 2**bits <= root.lo


@given(finite.filter(lambda x: x > 0))
def test_the_square_root_of_any_double(x: float) -> None:
    root = sqrt_enclosure(x)
    assert root.lo**2 <= frac(x) <= root.hi**2
    assert root.width * 2**128 <= root.lo


@given(rationals)
def test_a_rational_square_root_is_exact(r: Fraction) -> None:
    assert sqrt_enclosure(r * r) == (r, r)


def test_a_square_over_a_non_square_is_not_exact() -> None:
    for x in (Fraction(4, 3), Fraction(3, 4), Fraction(1, 2), Fraction(2)):
        assert sqrt_enclosure(x).width > 0


def test_bad_square_roots() -> None:
    with pytest.raises(ValueError, match="negative number was asked for, x = -2"):
        sqrt_enclosure(-2)
    with pytest.raises(ValueError, match="bits must be at least 0"):
        sqrt_enclosure(2, bits=-1)


def test_an_enclosure_contains_its_ends_and_nothing_outside() -> None:
    e = Enclosure(Fraction(-1, 3), Fraction(1, 2))
    assert e.width == Fraction(5, 6)
    assert e.contains(e.lo)
    assert e.contains(0.5)
    assert not e.contains(Fraction(51, 100))
    assert not e.contains(-0.34)
