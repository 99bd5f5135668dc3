"""CReLU against its definition, dual numbers and the lengths that it keeps, exactly in rationals."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refsort import spec
from refsort.ops.crelu import crelu, crelu_forward

fractions = st.integers(-3, 3).map(lambda k: Fraction(k, 2))
SIZES = st.integers(0, 5)


def rational(values, *shape):
    return np.array([*values, None], object)[:-1].reshape(shape or len(values))


@st.composite
def vectors(draw, count):
    d = draw(SIZES)
    return [rational(draw(st.lists(fractions, min_size=n, max_size=n))) for n in [d] * (count - 1) + [2 * d]]


@given(vectors(2))
def test_equals_the_definition_and_loses_nothing(arrays):
    x, _ = arrays
    y = crelu(x)
    assert y.tolist() == spec.crelu(x.tolist())
    assert (y[: len(x)] - y[len(x) :]).tolist() == x.tolist()


@given(vectors(3))
def test_tangent_and_backward_are_adjoint_and_the_tangents_length_is_kept(arrays):
    x, x_dot, y_bar = arrays
    at = crelu_forward(x)[1]
    y_dot = at.tangent(x_dot)
    assert np.sum(y_dot * y_bar) == np.sum(x_dot * at.backward(y_bar))
    for p in (1, 2, 3):
        assert sum(abs(v) ** p for v in y_dot) == sum(abs(v) ** p for v in x_dot)
    assert all(type(v) is Fraction for v in (*y_dot, *at.backward(y_bar)))


@given(vectors(3))
def test_tangent_is_the_derivative_where_there_is_one_and_one_sided_at_zero(arrays):
    x, x_dot, _ = arrays
    tangent = crelu_forward(x)[1].tangent(x_dot)
    if 0 not in x.tolist():
        assert tangent.tolist() == spec.derivative(spec.crelu, x.tolist(), x_dot.tolist())
    else:
        with pytest.raises(spec.KinkError):
            spec.derivative(spec.crelu, x.tolist(), x_dot.tolist())
        # at 0 the derivative towards x > 0 is used: the slope of a short step up from the kink
        step = Fraction(1, 100)
        up = x + np.where(x == 0, step, Fraction(0))
        slope = (crelu(up) - crelu(x)) / step
        assert crelu_forward(x)[1].tangent(np.where(x == 0, Fraction(1), Fraction(0))).tolist() == slope.tolist()


@given(vectors(3), st.sampled_from([1, 2, 5]))
def test_is_one_lipschitz_in_every_norm(arrays, p):
    x, y, _ = arrays
    before, after = x - y, crelu(x) - crelu(y)
    assert sum(abs(v) ** p for v in after) <= sum(abs(v) ** p for v in before)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_dtypes_axes_and_strides(dtype):
    x = np.array([[1.5, -2.0, 0.0], [-0.5, 5e-8, 3.0]], dtype)
    x.setflags(write=False)
    expected = np.concatenate([np.where(x > 0, x, 0), np.where(x < 0, -x, 0)], axis=0)
    for a in (x, np.asfortranarray(x)):
        y, at = crelu_forward(a, axis=0)
        assert y.dtype == at.backward(y).dtype == at.tangent(a).dtype == dtype
        np.testing.assert_array_equal(y, expected)
        np.testing.assert_array_equal(at.backward(y), np.abs(a) * np.sign(a))  # J^T (max(x, 0), max(-x, 0)) = x
    out = np.empty((4, 3), dtype)
    assert crelu(x, 0, out=out) is out
    np.testing.assert_array_equal(out, expected)


def test_both_zeros_are_one_number_and_nan_stays():
    _, at = crelu_forward(np.array([0.0, -0.0]))
    assert at.tangent(np.array([3.0, 3.0])).tolist() == [3, 3, 0, 0]
    y, at = crelu_forward(np.array([np.nan, -np.inf]))
    assert np.isnan(y[[0, 2]]).all()
    assert y[[1, 3]].tolist() == [0, np.inf]
    assert at.tangent(np.array([2.0, 5.0])).tolist() == [2, 0, 0, -5]


def test_empty_batches():
    y, at = crelu_forward(np.zeros((0, 3)))
    assert y.shape == (0, 6)
    assert at.backward(y).shape == (0, 3)


def test_bad_input():
    with pytest.raises(TypeError, match="crelu: x has dtype int64"):
        crelu(np.array([1, 2]))
    with pytest.raises(ValueError, match="crelu: x is 0-d"):
        crelu_forward(np.float64(1.0))
    with pytest.raises(ValueError, match="axis 1 is out of range"):
        crelu(np.ones(3), axis=1)
    _, at = crelu_forward(np.ones((2, 3)))
    with pytest.raises(ValueError, match=r"y_bar must have shape \(2, 6\), got \(2, 3\)"):
        at.backward(np.ones((2, 3)))
    with pytest.raises(ValueError, match=r"x_dot must have shape \(2, 3\)"):
        at.tangent(np.ones((2, 6)))
    out = np.ones(3)
    with pytest.raises(ValueError, match=r"out must be an array of shape \(6,\)"):
        crelu(np.ones(3), out=out)
