"""Numbers as strings: one spelling for each, nothing rounded."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refsort.oracle.vectors.numerals import is_dyadic, read, valuation, write


@given(st.fractions())
def test_every_rational_survives(x):
    assert read(write(x)) == x


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_double_survives_and_python_reads_its_hexadecimal_form(x):
    text = write(Fraction(x))
    assert read(text) == Fraction(x)
    if text.startswith(("0x", "-0x")):
        assert float.fromhex(text) == x


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (Fraction(0), "0"),
        (Fraction(-3, 1024), "-3/1024"),
        (Fraction(3, 2048), "0x1.8p-10"),
        (Fraction(2**53 - 1), "9007199254740991"),
        (Fraction(2**53), "0x1p+53"),
        (Fraction(2**53 + 1), "9007199254740993"),  # no double
        (Fraction(1, 2**1074), "0x1p-1074"),
        (Fraction(1, 2**1075), str(Fraction(1, 2**1075))),  # no double
        (Fraction(1, 3 * 2**60), str(Fraction(1, 3 * 2**60))),
        (-Fraction(math.ulp(0.0)) * 5, "-0x1.4p-1072"),
    ],
)
def test_spellings(x, text):
    assert write(x) == text
    assert read(text) == x


def test_the_negative_zero_is_zero():
    assert read("-0") == 0


OTHERS = """1.5 1e3 nan inf +1 01 2/4 1/0 1/-2 4/2 -0/1 1_0 ٣
0x1.80p+0 0x1.8p0 0x3p+0 0X1p+60 0x1p+1 0x1.8p-1"""


@pytest.mark.parametrize("text", ["", " 1", "1 ", *OTHERS.split()])
def test_anything_else_is_refused(text):
    with pytest.raises(ValueError, match=r"must be spelled|is no integer"):
        read(text)


@given(st.integers(-(2**60), 2**60).filter(bool), st.integers(-80, 80))
def test_the_valuation_is_the_power_of_two(k, e):
    x = Fraction(k) * Fraction(2) ** e
    assert is_dyadic(x)
    odd = x / Fraction(2) ** valuation(x)
    assert odd.denominator == 1
    assert odd.numerator % 2 == 1
