"""ReLU, leaky ReLU and |.| entry by entry, their kinks against the Clarke interval, and the gradient norm."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refsort.ops.elementwise import (
    absolute,
    absolute_forward,
    leaky_relu,
    leaky_relu_forward,
    relu,
    relu_forward,
)

FLOATS = [np.float16, np.float32, np.float64, np.longdouble]
POOL = [0.0, -0.0, 1.0, -1.0, 2.5, -3.75, 5e-324, -5e-324, 1.7e308, -1.7e308, np.inf, 2.0**-1030]
SLOPE = Fraction(1, 4)  # a power of two: floats multiply by it exactly unless they underflow

# name: (value, forward, definition on one number, slope left of 0, slope right of 0, the element used at 0)
OPS = {
    "relu": (relu, relu_forward, lambda v: v if v > 0 else 0, 0, 1, 0),
    "absolute": (absolute, absolute_forward, lambda v: v if v > 0 else -v, -1, 1, 1),
    "leaky_relu": (
        lambda x, **out: leaky_relu(x, SLOPE if x.dtype == object else float(SLOPE), **out),
        lambda x: leaky_relu_forward(x, SLOPE if x.dtype == object else float(SLOPE)),
        lambda v: v if v > 0 else v / 4,
        SLOPE,
        1,
        SLOPE,
    ),
}
every_op = pytest.mark.parametrize("name", OPS)


def fractions(values):
    x = np.empty(len(values), object)
    x[:] = [Fraction(v, 6) for v in values]
    return x


def triples():
    """x, a tangent and a cotangent of one length, in rationals; x has zeros."""
    entry = st.integers(-9, 9)
    return st.lists(st.tuples(st.sampled_from([0, 0, 1, -1, 7, -12]), entry, entry)).map(
        lambda rows: [fractions([row[i] for row in rows]) for i in range(3)]
    )


@every_op
@given(st.lists(st.sampled_from(POOL), max_size=6), st.sampled_from([(-1,), (1, -1), (-1, 1, 1)]))
def test_value_is_the_definition_entry_by_entry(name, values, shape):
    value, forward, definition, *_ = OPS[name]
    x = np.array(values, float).reshape(shape if values else (0, 3))
    expected = np.array([definition(v) for v in x.flat]).reshape(x.shape)
    for y in (value(x), forward(x)[0]):
        assert (y.shape, y.dtype) == (x.shape, x.dtype)
        assert np.array_equal(y, expected)


@every_op
@settings(max_examples=50)
@given(triples())
def test_adjoint_identity_and_value_in_rationals(name, triple):
    value, forward, definition, *_ = OPS[name]
    x, x_dot, y_bar = triple
    y, at = forward(x)
    assert list(y) == list(value(x)) == [definition(v) for v in x]
    x_bar, y_dot = at.backward(y_bar), at.tangent(x_dot)
    assert np.sum(x_dot * x_bar) == np.sum(y_dot * y_bar)
    assert {type(v) for array in (y, value(x), x_bar, y_dot) for v in array} <= {Fraction}


@every_op
@settings(max_examples=50)
@given(triples())
def test_tangent_is_the_exact_difference_quotient_off_the_kink_and_a_clarke_element_on_it(name, triple):
    _, forward, definition, left, right, at_zero = OPS[name]
    x, x_dot, _ = triple
    y_dot = forward(x)[1].tangent(x_dot)
    step = Fraction(1, 100)  # |x| >= 1/6 and |x_dot| <= 3/2: no sign changes
    for x_i, v, result in zip(x, x_dot, y_dot, strict=True):
        if x_i:
            assert result == (definition(x_i + step * v) - definition(x_i)) / step
        else:
            assert min(left * v, right * v) <= result <= max(left * v, right * v)
            assert result == at_zero * v


@every_op
@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_both_zeros_get_the_documented_element(name, zero):
    _, forward, *_, at_zero = OPS[name]
    _, at = forward(np.array([zero]))
    assert at.backward(np.array([8.0])) == 8 * at_zero
    assert at.tangent(np.array([8.0])) == 8 * at_zero


def test_absolute_keeps_the_gradient_entry_by_entry_at_zero_too():
    x = np.array([0.0, -0.0, 5e-324, -5e-324, -np.inf, np.nan, 3.0])
    y_bar = np.sin(np.arange(1.0, 8.0))
    _, at = absolute_forward(x)
    assert np.array_equal(np.abs(at.backward(y_bar)), np.abs(y_bar))


def test_leaky_relu_of_slope_zero_and_minus_one():
    x = np.array([-2.0, 3.0, -5e-324, 0.0])
    assert np.array_equal(leaky_relu(x, 0), relu(x))
    assert np.array_equal(leaky_relu(x, -1), absolute(x))


def test_the_slope_is_rounded_to_the_type_of_x():
    x = np.array([-1.0], np.float32)
    assert leaky_relu(x, 0.1) == -np.float32(0.1)
    assert leaky_relu(x, np.float64(0.1)).dtype == np.float32
    _, at = leaky_relu_forward(x, np.float64(0.1))
    assert type(at.slope) is np.float32
    assert at.backward(x).dtype == np.float32


@every_op
@pytest.mark.parametrize("dtype", FLOATS)
def test_every_float_type_is_returned_as_it_came(name, dtype):
    value, forward, definition, left, _, _ = OPS[name]
    x = np.array([-2, 1 + np.finfo(dtype).eps, 0, -4], dtype)
    y, at = forward(x)
    for result in (value(x), y, at.backward(x), at.tangent(x)):
        assert result.dtype == dtype
    assert np.array_equal(y, [definition(v) for v in x])
    assert np.array_equal(at.backward(x), [float(left) * -2, x[1], 0, float(left) * -4])


@every_op
def test_nan_is_passed_on_and_infinities_do_not_make_one(name):
    value, forward, definition, *_ = OPS[name]
    x = np.array([np.nan, np.inf, -np.inf, 1.0])
    y, at = forward(x)
    for result in (y, value(x)):
        assert np.array_equal(result[1:], [np.inf, definition(-np.inf), 1.0])
        assert np.isnan(result[0])
    assert not np.isnan(at.backward(np.full(4, np.inf))).any()  # 0 * inf is never formed


def test_nan_takes_the_documented_element():
    nan = np.array([np.nan])
    one = np.array([1.0])
    assert relu_forward(nan)[1].backward(one) == 0
    assert absolute_forward(nan)[1].backward(one) == 1
    assert leaky_relu_forward(nan, 0.25)[1].backward(one) == 0.25


@every_op
def test_any_strides_0d_and_read_only_and_no_shared_memory(name):
    value, forward, definition, *_ = OPS[name]
    base = np.array([[1.0, -2.0, 3.0], [-4.0, 5.0, 0.0]])
    base.flags.writeable = False
    for x in (base[:, ::-2], base.T, base[1, 2], base[::-1]):
        y, at = forward(x)
        expected = [definition(v) for v in x.flat]
        for result in (y, value(x)):
            assert result.shape == x.shape
            assert list(result.flat) == expected
            assert not np.may_share_memory(result, base)
        assert at.backward(x).shape == x.shape
    assert np.array_equal(base, [[1.0, -2.0, 3.0], [-4.0, 5.0, 0.0]])


@every_op
def test_out_receives_the_result(name):
    value, _, definition, *_ = OPS[name]
    x = np.array([1.0, -2.0, 0.0])
    out = np.full(6, np.nan)[::2]
    assert value(x, out=out) is out
    assert list(out) == [definition(v) for v in x]
    with pytest.raises(ValueError, match=r"out must be an array of shape \(3,\) and dtype float64, got \(2,\)"):
        value(x, out=np.empty(2))
    with pytest.raises(ValueError, match="out shares memory"):
        value(x, out=x)


@every_op
def test_types_and_shapes_that_are_refused(name):
    value, forward, *_ = OPS[name]
    for x in (np.arange(3), np.arange(3) > 1, np.arange(3) * 1j):
        for call in (value, forward):
            with pytest.raises(TypeError, match=f"{name}: x has dtype {x.dtype}"):
                call(x)
    _, at = forward(np.zeros((2, 3)))
    for move, argument in ((at.backward, "y_bar"), (at.tangent, "x_dot")):
        with pytest.raises(ValueError, match=rf"{name}: {argument} must have shape \(2, 3\), got \(3, 2\)"):
            move(np.zeros((3, 2)))
        with pytest.raises(TypeError, match=f"{name}: {argument} has dtype int64"):
            move(np.zeros((2, 3), np.int64))


@pytest.mark.parametrize(
    ("slope", "error", "message"),
    [
        (np.nan, ValueError, "slope must be finite in float64, got nan"),
        (np.inf, ValueError, "slope must be finite"),
        ("0.1", TypeError, r"slope must be a real number, got '0.1' \(str\)"),
        (True, TypeError, "slope must be a real number"),
        (None, TypeError, "slope must be a real number"),
        (0.1j, TypeError, "slope must be a real number"),
        (np.array([0.1, 0.2]), TypeError, "slope must be a real number"),
    ],
)
def test_slopes_that_are_refused(slope, error, message):
    for call in (leaky_relu, leaky_relu_forward):
        with pytest.raises(error, match=message):
            call(np.zeros(2), slope)


def test_rational_input_takes_a_rational_slope():
    x = fractions([-6])
    assert leaky_relu(x, 2) == Fraction(-2)
    with pytest.raises(TypeError, match=r"slope must be a Fraction or an int, got 0.25 \(float\)"):
        leaky_relu(x, 0.25)


def test_a_cotangent_of_another_type_than_the_slope():
    _, at = leaky_relu_forward(np.zeros(2), 0.1)
    with pytest.raises(TypeError, match="must share one dtype, got y_bar float32, slope float64"):
        at.backward(np.zeros(2, np.float32))
