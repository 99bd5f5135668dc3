"""signed_squares: values and derivatives against the definition in exact rationals."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from refsort import rounding
from refsort.ops import signed_squares, signed_squares_forward

DTYPES = ["float16", "float32", "float64", "longdouble"]


def exact(values):
    """Any array of floats, as nested lists of Fractions."""
    return [[Fraction(*x.as_integer_ratio()) for x in row] for row in values]


def definition(row):
    s = sum(x * x for x in row)
    return [x * abs(x) / s for x in row]


def derivative(row):
    """J_ij = 2 |u_i| delta_ij / s - 2 u_i |u_i| u_j / s^2, from the quotient rule."""
    s = sum(x * x for x in row)
    n = range(len(row))
    return [[2 * abs(row[i]) * (i == j) / s - 2 * row[i] * abs(row[i]) * row[j] / s**2 for j in n] for i in n]


def precision(dtype):
    """Roundoff and smallest subnormal of the result, and the roundoff of the work."""
    work = rounding.UNIT_ROUNDOFF["longdouble" if dtype == "longdouble" else "float64"]
    return rounding.UNIT_ROUNDOFF[dtype], rounding.SMALLEST_SUBNORMAL[dtype], work


@st.composite
def cases(draw, dtype, low, high):
    shape = draw(st.sampled_from([(1, 3), (2, 5), (3, 2), (2, 1), (1, 17)]))
    mantissas = draw(hnp.arrays(np.float64, shape, elements=st.integers(-64, 64).map(lambda k: k / 64)))
    mantissas[np.arange(shape[0]), draw(st.integers(0, shape[1] - 1))] = draw(st.sampled_from([1.0, -1 / 3, 0.75]))
    spread = draw(hnp.arrays(np.int64, shape, elements=st.integers(-20, 0)))
    exponent = draw(st.integers(low, high))
    # longdouble scales past the range of double
    return np.ldexp(np.ldexp(mantissas, spread).astype("longdouble"), exponent).astype(dtype)


SCALES = {"float16": (-2, 14), "float32": (-120, 126), "float64": (-1000, 1020), "longdouble": (-16000, 16000)}


@pytest.mark.parametrize("dtype", DTYPES)
@settings(max_examples=60)
@given(data=st.data())
def test_values_and_lengths_keep_the_promised_bounds_at_every_scale(dtype, data):
    u = data.draw(cases(dtype, *SCALES[dtype]))
    if not np.all(np.any(u, axis=1)):
        return  # vanished in the cast
    y = signed_squares(u)
    assert y.dtype == u.dtype
    roundoff, eta, work = precision(dtype)
    relative = (1 + roundoff) * (1 + rounding.gamma(u.shape[1] + 6, work)) - 1
    for row, got in zip(exact(u), exact(y), strict=True):
        wanted = definition(row)
        assert sum(map(abs, wanted)) == 1
        for a, b in zip(got, wanted, strict=True):
            assert abs(a - b) <= relative * abs(b) + eta
        assert abs(sum(map(abs, got)) - 1) <= relative + len(row) * eta


@pytest.mark.parametrize("dtype", DTYPES)
@settings(max_examples=60)
@given(data=st.data())
def test_jacobian_is_that_of_the_quotient_rule(dtype, data):
    u = data.draw(cases(dtype, -2, 3))
    elements = st.integers(-8, 8).map(float)
    v = data.draw(hnp.arrays(np.float64, u.shape, elements=elements)).astype(dtype)
    _, at = signed_squares_forward(u)
    tangent, backward = at.tangent(v), at.backward(v)
    assert tangent.dtype == backward.dtype == u.dtype
    roundoff, eta, work = precision(dtype)
    d = u.shape[1]
    # each term is a product of at most 6 rounded factors and a sum of d
    relative = (1 + roundoff) * (1 + rounding.gamma(4 * d + 24, work)) - 1
    for row, direction, along, against in zip(exact(u), exact(v), exact(tangent), exact(backward), strict=True):
        j = derivative(row)
        s = sum(x * x for x in row)
        for i in range(d):
            # what the two terms of a sum amount to before they cancel
            second = sum(abs(row[i] * row[k] * direction[k]) for k in range(d)) / s
            size = 2 * abs(row[i]) / s * (abs(direction[i]) + second)
            wanted = sum(j[i][k] * direction[k] for k in range(d))
            assert abs(along[i] - wanted) <= relative * size + 2 * eta
            second = sum(row[k] ** 2 * abs(direction[k]) for k in range(d)) / s
            size = 2 * abs(row[i]) / s * (abs(direction[i]) + second)
            wanted = sum(j[k][i] * direction[k] for k in range(d))
            assert abs(against[i] - wanted) <= relative * size + 2 * eta


def test_an_entry_passes_through_zero_smoothly():
    _, at = signed_squares_forward(np.array([[1.0, 0.0]]))
    assert at.tangent(np.array([[0.0, 1.0]])).tolist() == [[0.0, 0.0]]
    for t in (1e-3, -1e-3):
        assert signed_squares(np.array([[1.0, t]]))[0, 1] == pytest.approx(np.copysign(1e-6, t), rel=1e-5)


def test_empty_strided_and_read_only():
    u = (np.arange(24.0).reshape(4, 6)[::-2, ::-1] - 7.25) / 3
    before = u.copy()
    u.setflags(write=False)
    assert np.array_equal(signed_squares(u), np.concatenate([signed_squares(row[None]) for row in u]))
    assert np.array_equal(u, before)
    for shape in [(0, 3), (0, 0)]:
        y, at = signed_squares_forward(np.empty(shape))
        assert y.shape == at.backward(y).shape == at.tangent(y).shape == shape


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="row 1 of u is 0"):
        signed_squares(np.array([[1.0, 2.0], [0.0, -0.0]]))
    with pytest.raises(ValueError, match="row 0 of u is 0"):
        signed_squares(np.ones((3, 0)))
    with pytest.raises(TypeError, match="signed_squares: u has dtype int"):
        signed_squares([[1, 2]])
    with pytest.raises(ValueError, match="signed_squares: u must"):
        signed_squares(np.ones(3))
    _, at = signed_squares_forward(np.ones((2, 3)))
    with pytest.raises(ValueError, match="y_bar must have shape"):
        at.backward(np.ones((3, 2)))
    with pytest.raises(TypeError, match="must share one dtype"):
        at.tangent(np.ones((2, 3), np.float32))


def test_nan_and_infinity_make_their_rows_nan_alone():
    y = signed_squares(np.array([[np.nan, 1.0], [np.inf, 1.0], [1.0, -1.0]]))
    assert np.isnan(y[0]).all()
    assert np.isnan(y[1]).any()
    assert y[2].tolist() == pytest.approx([0.5, -0.5])
