"""Products at size: the split one is exact to 63 bits, and rounded ones are within the bound but not far within it."""

from fractions import Fraction

import numpy as np
import pytest

from refsort.oracle.realistic.products import Size, bits_seen, matmul, product_error, wider
from refsort.oracle.tolerances import Precision
from refsort.spec import frac


def sizes(a, b):
    return Size.of(a, 1), Size.of(b, 0)


@pytest.mark.parametrize("spread", [0, 30])
def test_split_products_lose_less_than_63_bits(spread):
    rng = np.random.default_rng(3)
    a, b = (np.ldexp(rng.standard_normal(s), rng.integers(-spread, spread + 1, s)) for s in ((5, 40), (40, 7)))
    a, b = a.astype(np.longdouble) / 3, b.astype(np.longdouble) / 7
    found = matmul(a, b)
    for i in range(5):
        for j in range(7):
            exact = sum((frac(x) * frac(y) for x, y in zip(a[i], b[:, j], strict=True)), Fraction(0))
            largest = frac(abs(a[i]).max()) * frac(abs(b[:, j]).max())
            assert abs(frac(found[i, j]) - exact) <= 40 * largest / 2**62


def one_by_one(a, b):
    total = np.zeros((len(a), b.shape[1]), a.dtype)
    for k in range(a.shape[1]):
        total += np.outer(a[:, k], b[k])
    return total


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("product", [np.matmul, one_by_one])
def test_rounded_products_are_within_the_bound(seed, product):
    rng = np.random.default_rng(seed)
    a, b = (rng.standard_normal(shape) for shape in ((96, 300), (300, 80)))
    a[:, 0] += seed * 3  # not random in sign
    a, b = a.astype(np.float32), b.astype(np.float32)
    error = float(np.linalg.norm(product(a, b) - a.astype(np.float64) @ b))
    bound = product_error(*sizes(a, b), (96, 80), 300, Precision.of("float32"))
    assert error <= bound / 2
    assert product is np.matmul or error >= bound / 200  # no more than that is given away


def test_operands_of_fewer_bits_are_told_by_their_number():
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal(shape).astype(np.float32) for shape in ((96, 300), (300, 80)))

    def short(x):
        mantissa, exponent = np.frexp(x.astype(np.float64))
        return np.ldexp(np.round(mantissa * 2**11) / 2**11, exponent)

    precision = Precision.of("float32")
    error = float(np.linalg.norm(short(a) @ short(b) - a.astype(np.float64) @ b))
    ratio = error / product_error(*sizes(a, b), (96, 80), 300, precision)
    assert ratio > 1
    said = bits_seen(ratio, *sizes(a, b), 300, precision)
    assert any(f"at most {bits} bits" in said for bits in (11, 12, 13))
    assert bits_seen(0.0, *sizes(a, b), 300, precision) == ""


def test_norms_are_bounded_from_above():
    rng = np.random.default_rng(1)
    for shape in ((7, 3), (3, 7), (1, 1)):
        a = rng.standard_normal(shape)
        size = Size.of(a, 1)
        assert np.linalg.norm(a, 2) <= size.two <= np.linalg.norm(a, 2) * (1 + 1e-8)
        assert np.linalg.norm(a) <= size.frobenius
        assert np.linalg.norm(a, axis=1).max() <= size.line


def test_truth_is_wider_than_what_is_judged():
    assert wider(Precision.of("float32"))[0] is np.float64
    real, precision = wider(Precision.of("float64"))
    assert real is np.longdouble
    assert precision.u > Precision.of("float64").u
