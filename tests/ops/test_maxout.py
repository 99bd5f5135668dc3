"""Maxout against its definition, dual numbers and the sort whose last entries it keeps, exactly in rationals."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refsort import spec
from refsort.ops import group_sort
from refsort.ops.maxout import maxout, maxout_forward

fractions = st.integers(-3, 3).map(lambda k: Fraction(k, 2))


def rational(values, *shape):
    return np.array([*values, None], object)[:-1].reshape(shape or len(values))


@st.composite
def problems(draw):
    """x, x_dot (n k) and y_bar (n), ties included."""
    size, count = draw(st.integers(1, 4)), draw(st.integers(0, 3))
    lengths = [size * count, size * count, count]
    return size, [rational(draw(st.lists(fractions, min_size=n, max_size=n))) for n in lengths]


@given(problems())
def test_equals_the_definition_and_the_last_entries_of_a_sort(problem):
    size, (x, _, _) = problem
    y = maxout(x, size)
    assert y.tolist() == spec.maxout(x.tolist(), size) == group_sort(x, size)[size - 1 :: size].tolist()
    assert maxout_forward(x, size)[0].tolist() == y.tolist()


@given(problems())
def test_tangent_and_backward_are_adjoint_and_the_cotangents_length_is_kept(problem):
    size, (x, x_dot, y_bar) = problem
    at = maxout_forward(x, size)[1]
    x_bar = at.backward(y_bar)
    assert np.sum(at.tangent(x_dot) * y_bar) == np.sum(x_dot * x_bar)
    assert all(type(v) is Fraction for v in x_bar)
    for p in (1, 2, 3):
        assert sum(abs(v) ** p for v in x_bar) == sum(abs(v) ** p for v in y_bar)


@given(problems())
def test_tangent_is_the_derivative_where_there_is_one_and_a_pick_of_a_maximum_at_ties(problem):
    size, (x, x_dot, _) = problem
    at = maxout_forward(x, size)[1]
    groups = x.reshape(-1, size)
    if all(list(group).count(max(group)) == 1 for group in groups):
        assert at.tangent(x_dot).tolist() == spec.derivative(lambda v: spec.maxout(v, size), x.tolist(), x_dot.tolist())
    else:
        with pytest.raises(spec.KinkError):
            spec.derivative(lambda v: spec.maxout(v, size), x.tolist(), x_dot.tolist())
    for j, group in enumerate(groups.tolist()):  # the first of the greatest
        assert at.tangent(x_dot)[j] == x_dot[j * size + group.index(max(group))]


@given(problems(), st.sampled_from([1, 2, 5]))
def test_is_one_lipschitz_in_every_norm(problem, p):
    size, (x, y, _) = problem
    after = maxout(x, size) - maxout(y, size)
    assert sum(abs(v) ** p for v in after) <= sum(abs(v) ** p for v in x - y)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_dtypes_axes_and_strides(dtype):
    x = np.array([[1.5, -2.0, 0.5], [-0.5, 2.0**-24, 3.0], [2.0, -1.0, 3.0], [0.0, 0.0, -7.0]], dtype)
    x.setflags(write=False)
    for a in (x, np.asfortranarray(x), x[:, ::-1]):
        y, at = maxout_forward(a, 2, axis=0)
        assert y.dtype == at.backward(y).dtype == at.tangent(a).dtype == dtype
        np.testing.assert_array_equal(y, np.stack([np.max(a[:2], axis=0), np.max(a[2:], axis=0)]))
        np.testing.assert_array_equal(at.tangent(a), y)  # positively homogeneous
    out = np.empty((1, 3), dtype)
    assert maxout(x, 4, axis=0, out=out) is out
    np.testing.assert_array_equal(out, [[2.0, 2.0**-24, 3.0]])


def test_nan_is_the_greatest():
    y, at = maxout_forward(np.array([1.0, np.nan, 3.0, np.nan, 2.0, 7.0]), 3)
    assert np.isnan(y).all()
    assert at.greatest.ravel().tolist() == [1, 0]
    assert np.isnan(maxout(np.array([1.0, np.nan, 3.0]), 3)).all()


def test_empty_batches_and_features():
    for shape, expected in (((0, 4), (0, 2)), ((3, 0), (3, 0))):
        y, at = maxout_forward(np.zeros(shape))
        assert y.shape == maxout(np.zeros(shape)).shape == expected
        assert at.backward(y).shape == shape


def test_bad_input():
    for function in (maxout, maxout_forward):
        with pytest.raises(TypeError, match="maxout: x has dtype int64"):
            function(np.array([1, 2]))
        with pytest.raises(ValueError, match="maxout: group_size 2 does not divide the 3 features of axis 1"):
            function(np.ones((2, 3)))
        with pytest.raises(ValueError, match="group_size must be at least 1, got 0"):
            function(np.ones(4), 0)
        with pytest.raises(TypeError, match=r"group_size must be an integer, got 2\.0"):
            function(np.ones(4), 2.0)
        with pytest.raises(ValueError, match="0-d"):
            function(np.float64(1.0))
    _, at = maxout_forward(np.ones((2, 6)), 3)
    with pytest.raises(ValueError, match=r"y_bar must have shape \(2, 2\), got \(2, 6\)"):
        at.backward(np.ones((2, 6)))
    with pytest.raises(ValueError, match=r"x_dot must have shape \(2, 6\)"):
        at.tangent(np.ones((2, 2)))
