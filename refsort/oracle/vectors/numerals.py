"""Numbers as strings, which no JSON reader rounds: an integer, p/q, or a hexadecimal float as C and Java write it.

Each number has one spelling, so that equal content has equal bytes and equal ids:

    -3           an integer below 2^53 in size; -0 is the negative zero of floating point, equal to 0
    3/8          a fraction in lowest terms, wherever none of the others applies
    0x1.8p-24    m 2^e with 1 <= m < 2, for sums of powers of two that a double holds and whose denominator exceeds 1024
"""

from __future__ import annotations

import re
from fractions import Fraction

_HEX = re.compile(r"(-?)0x1(?:\.([0-9a-f]+))?p([+-][0-9]+)")
_RATIONAL = re.compile(r"-?[0-9]+(/[0-9]+)?")
_DOUBLE = 53


def write(x: Fraction) -> str:
    """The spelling of `x`.

    Examples
    --------
    >>> [write(Fraction(*x)) for x in [(3, 1), (-3, 8), (1, 3), (3, 2**25), (2**60, 1)]]
    ['3', '-3/8', '1/3', '0x1.8p-24', '0x1p+60']
    """
    small = abs(x.numerator) < 2**_DOUBLE and (x.denominator <= 1024 or not is_dyadic(x))
    return str(x) if small else _hex(x) or str(x)


def read(text: str) -> Fraction:
    """The number that `text` spells.

    Raises
    ------
    ValueError
        For text that is no number, and for any other spelling of a number than the one of `write`.

    Examples
    --------
    >>> read("-0x1.8p+60") == Fraction(-3, 2) * 2**60
    True
    >>> read("2/6")
    Traceback (most recent call last):
    ...
    ValueError: 2/6 must be spelled 1/3
    """
    hexadecimal = _HEX.fullmatch(text)
    if hexadecimal:
        sign, digits, exponent = hexadecimal.groups(default="")
        x = Fraction(int(f"{sign}1{digits}", 16)) * Fraction(2) ** (int(exponent) - 4 * len(digits))
    elif _RATIONAL.fullmatch(text) and not text.endswith("/0"):
        x = Fraction(text)
    else:
        raise ValueError(f"{text!r} is no integer, no fraction p/q and no hexadecimal float")
    if text not in (write(x), "-0"):
        raise ValueError(f"{text} must be spelled {write(x)}")
    return x


def is_dyadic(x: Fraction) -> bool:
    """Whether x is a whole number over a power of two."""
    return x.denominator & (x.denominator - 1) == 0


def valuation(x: Fraction) -> int:
    """The largest e such that 2^e divides the dyadic number x, which is not 0.

    Examples
    --------
    >>> valuation(Fraction(12)), valuation(Fraction(3, 8))
    (2, -3)
    """
    return (x.numerator & -x.numerator).bit_length() - x.denominator.bit_length()


def _hex(x: Fraction) -> str:
    """x as a hexadecimal float, or nothing where no double is equal to it."""
    if not is_dyadic(x):
        return ""
    e = valuation(x)
    m = abs(x / Fraction(2) ** e).numerator
    exponent = e + m.bit_length() - 1
    if m.bit_length() > _DOUBLE or exponent > 1023 or e < -1074:
        return ""
    bits = m.bit_length() - 1  # those behind the point, filled up to whole hexadecimal digits
    digits = f"{(m - (1 << bits)) << -bits % 4:0{-(-bits // 4)}x}" if bits else ""
    return f"{'-' if x < 0 else ''}0x1{'.' if digits else ''}{digits}p{exponent:+d}"
