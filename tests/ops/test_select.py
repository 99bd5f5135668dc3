"""select against its matrix and its definition, exactly in rationals; the adjoint; sums in half precision; refusals."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refsort import spec
from refsort.ops.select import select, select_forward

SHAPES = [(3,), (2, 3), (4, 1), (2, 3, 5), (0, 3)]
fractions = st.integers(-6, 6).map(lambda k: Fraction(k, 4))


@st.composite
def problems(draw):
    """x of Fractions, an axis and indices into it, repeated and left out as they come."""
    shape = draw(st.sampled_from(SHAPES))
    axis = draw(st.integers(-len(shape), len(shape) - 1).filter(lambda a: shape[a] > 0))
    indices = draw(st.lists(st.integers(0, shape[axis] - 1), max_size=7))
    return rational(draw, shape), np.array(indices, np.intp), axis


def rational(draw, shape):
    size = int(np.prod(shape))
    return np.array([*draw(st.lists(fractions, min_size=size, max_size=size)), None], object)[:-1].reshape(shape)


def selector(indices, d):
    return np.array([[Fraction(int(j == i)) for j in range(d)] for i in indices], object).reshape(len(indices), d)


@given(problems())
def test_equals_the_definition_along_every_axis(problem):
    x, indices, axis = problem
    y = select(x, indices, axis)
    assert all(type(entry) is Fraction for entry in y.flat)
    lines = np.moveaxis(x, axis, -1).reshape(-1, x.shape[axis])
    chosen = np.moveaxis(y, axis, -1).reshape(len(lines), len(indices))  # -1 has no meaning for an empty selection
    for line, result in zip(lines, chosen, strict=True):
        assert result.tolist() == spec.select(line.tolist(), indices)


@given(problems(), st.data())
def test_the_jacobian_is_the_matrix_with_a_one_in_each_row(problem, data):
    x, indices, axis = problem
    y, at = select_forward(x, indices, axis)
    assert y.tolist() == select(x, indices, axis).tolist()
    s = selector(indices, x.shape[axis])
    x_dot, y_bar = rational(data.draw, x.shape), rational(data.draw, y.shape)
    by_matrix = np.moveaxis(np.tensordot(s, x_dot, (1, axis)), 0, axis)
    back = np.moveaxis(np.tensordot(s.T, y_bar, (1, axis)), 0, axis) if len(indices) else np.zeros(x.shape, int)
    assert at.tangent(x_dot).tolist() == by_matrix.tolist()
    x_bar = at.backward(y_bar)
    assert x_bar.tolist() == back.tolist()
    assert all(type(entry) is Fraction for entry in x_bar.flat)
    assert np.sum(at.tangent(x_dot) * y_bar) == np.sum(x_dot * x_bar)


@given(problems())
def test_tangent_equals_that_of_dual_numbers(problem):
    x, indices, axis = problem
    lines = np.moveaxis(x, axis, -1).reshape(-1, x.shape[axis])
    for line in lines:
        line_dot = line[::-1] + 1
        exact = spec.derivative(lambda v: spec.select(v, indices), line.tolist(), line_dot.tolist())
        assert select_forward(line, indices)[1].tangent(line_dot).tolist() == exact


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_dtype_in_is_dtype_out_and_nothing_is_rounded_or_written(dtype):
    x = np.array([[0.1, np.nan, -0.0], [np.inf, 5e-8, -3.0]], dtype)
    x.setflags(write=False)
    indices = np.array([2, 0, 2, 1], np.int16)
    for a in (x, x[::-1], np.asfortranarray(x)):
        y, at = select_forward(a, indices)
        assert y.dtype == at.backward(y).dtype == at.tangent(a).dtype == dtype
        np.testing.assert_array_equal(y, a[:, [2, 0, 2, 1]])
        np.testing.assert_array_equal(np.signbit(y), np.signbit(a[:, [2, 0, 2, 1]]))
    assert not np.shares_memory(select(x, [0, 1, 2]), x)


def test_half_precision_is_added_up_in_single():
    # in half precision a running sum of ones stops at 2048
    for shape, axis in (((2,), 0), ((2, 3), 0), ((3, 2), 1)):
        y, at = select_forward(np.zeros(shape, np.float16), np.zeros(5000, int), axis)
        x_bar = np.moveaxis(at.backward(np.ones(y.shape, np.float16)), axis, 0)
        assert np.all(x_bar[0] == 5000)
        assert np.all(x_bar[1] == 0)


def test_out_and_an_empty_selection():
    x = np.arange(6.0).reshape(2, 3)
    out = np.empty((2, 4))
    assert select(x, [0, 2, 2, 1], out=out) is out
    assert out.tolist() == [[0, 2, 2, 1], [3, 5, 5, 4]]
    y, at = select_forward(x, np.array([], int))
    assert y.shape == (2, 0)
    assert at.backward(y).tolist() == [[0, 0, 0], [0, 0, 0]]
    with pytest.raises(ValueError, match="shares memory"):
        select(x, [0, 1, 2], out=x)


def test_a_selection_of_ten_thousand_from_ten_thousand_needs_no_matrix():
    import tracemalloc

    d = 10_000
    indices, x = np.arange(2 * d) // 2, np.ones((3, d))
    tracemalloc.start()
    y, at = select_forward(x, indices)
    x_bar = at.backward(y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (x_bar == 2).all()
    # y and its sorted copy of 3 x 20000 numbers, some arrays of 20000 indices: the matrix would be 1.6 GB
    assert peak < 5e6


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"x": np.ones((2, 3), int)}, TypeError, "select: x has dtype int64"),
        ({"x": np.float64(1.0)}, ValueError, "0-d"),
        ({"indices": [0, 3]}, ValueError, r"indices\[1\] is 3, out of range for 3 features \(0 to 2\)"),
        ({"indices": [-1]}, ValueError, r"indices\[0\] is -1, out of range"),
        ({"indices": np.array([2**63], np.uint64)}, ValueError, "is 9223372036854775808, out of range"),
        ({"indices": [0.0]}, TypeError, "indices has dtype float64; pass integers 0 to 2"),
        ({"indices": [True]}, TypeError, "indices has dtype bool"),
        ({"indices": [[0]]}, ValueError, r"one dimension, got shape \(1, 1\)"),
        ({"axis": 2}, ValueError, "axis 2 is out of range"),
    ],
)
def test_bad_input(arguments, error, words):
    for function in (select, select_forward):
        with pytest.raises(error, match=words):
            function(**{"x": np.ones((2, 3)), "indices": [0, 1], **arguments})


def test_bad_cotangents():
    _, at = select_forward(np.ones((2, 3)), [0, 1])
    with pytest.raises(ValueError, match=r"y_bar must have shape \(2, 2\), got \(2, 3\)"):
        at.backward(np.ones((2, 3)))
    with pytest.raises(ValueError, match=r"x_dot must have shape \(2, 3\), got \(2, 2\)"):
        at.tangent(np.ones((2, 2)))
