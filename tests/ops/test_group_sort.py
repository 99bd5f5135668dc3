"""GroupSort against Python's sorted(), group by group; its Jacobian as the permutation that was applied."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refsort.ops.group_sort import (
    GroupSortJacobian,
    MaxMinJacobian,
    full_sort,
    full_sort_forward,
    group_sort,
    group_sort_forward,
    max_min,
    max_min_forward,
)

# few enough to tie often; with both zeros, subnormals, infinities, huge and tiny numbers
POOL = [0.0, -0.0, 1.0, -1.0, 2.5, -2.5, 5e-324, -5e-324, 2.0**-1030, 1.7e308, -1.7e308, np.inf, -np.inf, 3.0, -7.0]
FLOATS = [np.float16, np.float32, np.float64, np.longdouble]
POOL_ENTRIES = st.sampled_from(POOL)


@st.composite
def problems(draw, entries=POOL_ENTRIES, max_ndim=4):
    """(x, group_size, axis): pairwise distinct lengths, so that a mistaken axis cannot pass."""
    group_size = draw(st.integers(1, 6))
    length = group_size * draw(st.integers(1, 3))
    shape = draw(st.permutations([2, 3, 5]))[: draw(st.integers(0, max_ndim - 1))]
    shape = [n + 1 if n == length else n for n in shape]
    axis = draw(st.integers(0, len(shape)))
    shape.insert(axis, length)
    size = int(np.prod(shape))
    values = draw(st.lists(entries, min_size=size, max_size=size))
    x = np.empty(size, object if isinstance(values[0], Fraction) else np.float64)
    x[:] = values
    return x.reshape(shape), group_size, draw(st.sampled_from([axis, axis - len(shape)]))


RATIONALS = st.integers(-8, 8).map(lambda k: Fraction(k, 6))


def groups_of(x, group_size, axis):
    """The groups as lists of Python objects, in the order of np.ndindex over the other axes."""
    rows = np.moveaxis(x, axis, -1).reshape(-1, x.shape[axis]).tolist()
    return [row[i : i + group_size] for row in rows for i in range(0, len(row), group_size)]


def as_fractions(values, shape):
    x = np.empty(len(values), object)
    x[:] = [Fraction(int(v)) for v in values]
    return x.reshape(shape)


def permuted_codes(shape):
    """Pairwise distinct cotangents, none equal to another's negative."""
    return np.arange(1.0, 1.0 + np.prod(shape)).reshape(shape)


@given(problems())
def test_every_group_comes_out_as_python_sorts_it(problem):
    x, group_size, axis = problem
    expected = [sorted(group) for group in groups_of(x, group_size, axis)]
    for y in (group_sort(x, group_size, axis), group_sort_forward(x, group_size, axis)[0]):
        assert y.shape == x.shape
        assert y.dtype == x.dtype
        assert groups_of(y, group_size, axis) == expected


@given(problems())
def test_forward_moves_entries_and_changes_no_bit_of_them(problem):
    x, group_size, axis = problem
    y, _ = group_sort_forward(x, group_size, axis)

    def bits(values):  # repr tells +0 from -0
        return [sorted(map(repr, group)) for group in groups_of(values, group_size, axis)]

    assert bits(y) == bits(x)


@given(problems())
def test_backward_returns_each_cotangent_to_where_its_value_came_from(problem):
    x, group_size, axis = problem
    y, at = group_sort_forward(x, group_size, axis)
    codes = permuted_codes(x.shape)
    x_bar = at.backward(codes)
    assert x_bar.dtype == codes.dtype
    for x_group, y_group, y_codes, x_codes in zip(
        *(groups_of(v, group_size, axis) for v in (x, y, codes, x_bar)), strict=True
    ):
        assert sorted(x_codes) == y_codes  # a permutation inside the group, at ties as well: every p-norm is kept
        assert [x_group[x_codes.index(code)] for code in y_codes] == y_group
        # a stable sort: Python's sorted is one
        assert [x_codes.index(code) for code in y_codes] == sorted(range(group_size), key=x_group.__getitem__)


@given(problems())
def test_gradient_magnitudes_survive_exactly_in_both_directions(problem):
    x, group_size, axis = problem
    _, at = group_sort_forward(x, group_size, axis)
    v = np.sin(permuted_codes(x.shape))  # numbers without structure
    for moved in (at.backward(v), at.tangent(v)):
        before, after = groups_of(np.abs(v), group_size, axis), groups_of(np.abs(moved), group_size, axis)
        assert [sorted(group) for group in before] == [sorted(group) for group in after]


@given(problems())
def test_backward_undoes_tangent(problem):
    x, group_size, axis = problem
    _, at = group_sort_forward(x, group_size, axis)
    v = permuted_codes(x.shape)
    assert np.array_equal(at.backward(at.tangent(v)), v)  # P^T P = I
    assert np.array_equal(at.tangent(at.backward(v)), v)


@settings(max_examples=50)
@given(problems(RATIONALS, max_ndim=2), st.data())
def test_adjoint_identity_in_rationals(problem, data):
    x, group_size, axis = problem
    y, at = group_sort_forward(x, group_size, axis)
    u, v = (data.draw(st.lists(st.integers(-9, 9), min_size=x.size, max_size=x.size)) for _ in range(2))
    u, v = as_fractions(u, x.shape), as_fractions(v, x.shape)
    assert np.sum(at.tangent(u) * v) == np.sum(u * at.backward(v))
    assert {type(value) for value in y.flat} == {Fraction}


@settings(max_examples=50)
@given(problems(RATIONALS, max_ndim=2), st.data())
def test_tangent_is_the_exact_difference_quotient_where_ties_are_broken_in_input_order(problem, data):
    """Near x, at x + eps * (position), the map is differentiable: its Jacobian there is the one used at x."""
    x, group_size, axis = problem
    _, at = group_sort_forward(x, group_size, axis)
    position = np.moveaxis(as_fractions(range(x.size), np.moveaxis(x, axis, -1).shape), -1, axis)
    v = as_fractions(data.draw(st.lists(st.integers(-9, 9), min_size=x.size, max_size=x.size)), x.shape)
    # distinct multiples of 1/6 differ by at least 1/6; the shifts stay far below that, and the
    # second below the first, so neither reorders anything
    nearby = x + position / (100 * x.size)
    step = Fraction(1, 10**4 * x.size)
    quotient = (group_sort(nearby + step * v, group_size, axis) - group_sort(nearby, group_size, axis)) / step
    assert np.array_equal(quotient, at.tangent(v))


@settings(max_examples=50)
@given(problems(RATIONALS, max_ndim=1), st.data())
def test_no_p_norm_grows(problem, data):
    x, group_size, axis = problem
    z = as_fractions(data.draw(st.lists(st.integers(-4, 4), min_size=x.size, max_size=x.size)), x.shape)
    before = np.abs(x - z)
    after = np.abs(group_sort(x, group_size, axis) - group_sort(z, group_size, axis))
    assert max(after) <= max(before)
    for p in (1, 2, 3):
        assert np.sum(after**p) <= np.sum(before**p)


@given(problems(st.integers(-1000, 1000).map(float)), st.integers(-20, 20))
def test_exact_equivariances(problem, shift):
    x, group_size, axis = problem
    y = group_sort(x, group_size, axis)
    assert np.array_equal(group_sort(x + shift, group_size, axis), y + shift)  # integers: no rounding
    assert np.array_equal(group_sort(x * 2.0**-30, group_size, axis), y * 2.0**-30)
    assert np.array_equal(group_sort(y, group_size, axis), y)  # idempotent
    flipped = np.flip(group_sort(-np.flip(x, axis), group_size, axis), axis)
    assert np.array_equal(-flipped, y)  # the smallest of -x is minus the largest of x


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("group_size", [1, 2, 3, 4, 6, 12])
def test_nan_goes_last_in_its_group_as_in_numpy_sort(dtype, group_size):
    rng = np.random.default_rng(group_size)
    x = rng.integers(-3, 4, (40, 12)).astype(dtype)
    x[rng.random(x.shape) < 0.3] = np.nan
    expected = np.sort(x.reshape(40, -1, group_size), axis=-1).reshape(x.shape)
    y, at = group_sort_forward(x, group_size)
    for result in (y, group_sort(x, group_size)):
        assert result.dtype == x.dtype
        assert np.array_equal(result, expected, equal_nan=True)
    codes = permuted_codes(x.shape)
    assert np.array_equal(at.tangent(at.backward(codes)), codes)
    assert np.array_equal(at.tangent(x), y, equal_nan=True)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("group_size", [1, 2, 3, 6])
def test_every_float_type_is_returned_as_it_came(dtype, group_size):
    x = np.array([[3, -1, 2, 2, 0, 7], [0, 0, -5, 1, 1, 1]], dtype)
    x = x + np.finfo(dtype).eps * x  # entries that a narrower type would merge
    expected = np.sort(x.reshape(2, -1, group_size), axis=-1).reshape(2, 6)
    y, at = group_sort_forward(x, group_size)
    assert y.dtype == dtype
    assert at.backward(x).dtype == dtype
    assert at.tangent(x).dtype == dtype
    assert np.array_equal(y, expected)
    assert np.array_equal(group_sort(x, group_size), expected)


@pytest.mark.parametrize("group_size", [2, 3, 6])
def test_strided_reversed_transposed_and_read_only_arrays(group_size):
    base = np.random.default_rng(0).integers(-9, 9, (12, 14)).astype(float)
    base.flags.writeable = False
    before = base.copy()
    for x in (base[::2], base[::-1, ::-1], base.T[::-2][:, ::-1].T, np.asfortranarray(base)[:6]):
        expected = [sorted(group) for group in groups_of(x, group_size, 0)]
        y, at = group_sort_forward(x, group_size, axis=0)
        assert groups_of(y, group_size, 0) == expected
        assert groups_of(group_sort(x, group_size, axis=0), group_size, 0) == expected
        assert np.array_equal(at.tangent(x), y)
        assert np.array_equal(at.backward(y), x)
    assert np.array_equal(base, before)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("group_size", [1, 2, 3, 12])
def test_bytes_in_the_other_order(dtype, group_size):
    """Numbers from a machine of the other byte order, and its -0, are what they are."""
    x = np.random.default_rng(0).integers(-3, 4, (50, 12)).astype(dtype)
    x[x == 0] = np.copysign(0, np.random.default_rng(1).choice([-1, 1], np.count_nonzero(x == 0)))
    other = x.astype(x.dtype.newbyteorder())
    y, at = group_sort_forward(x, group_size)
    y_other, at_other = group_sort_forward(other, group_size)
    assert y.tolist() == y_other.tolist()
    assert np.array_equal(np.signbit(y), np.signbit(y_other))
    assert np.array_equal(group_sort(other, group_size), y)
    codes = permuted_codes(x.shape)
    assert np.array_equal(at.backward(codes), at_other.backward(codes))
    assert np.array_equal(at.backward(y), at_other.backward(y_other))
    assert np.array_equal(at_other.tangent(other), y)


def test_results_own_their_memory():
    x = np.array([1.0, 2.0, 3.0, 4.0])  # sorted already, or groups of one: still no view
    for group_size in (1, 2, 4):
        y, at = group_sort_forward(x, group_size)
        for result in (y, group_sort(x, group_size), at.backward(x), at.tangent(x)):
            assert not np.may_share_memory(result, x)


@pytest.mark.parametrize("group_size", [1, 2, 3])
def test_out_receives_the_result(group_size):
    x = np.array([[3.0, 1.0, 2.0, 9.0, 7.0, 8.0]])
    out = np.full((1, 12), np.nan)[:, ::2]
    assert group_sort(x, group_size, out=out) is out
    assert np.array_equal(out, group_sort(x, group_size))
    for named in (max_min, full_sort):
        out = np.empty_like(x)
        assert named(x, out=out) is out
        assert np.array_equal(out, named(x))


@pytest.mark.parametrize("forward", [max_min_forward, full_sort_forward, lambda x, **o: group_sort_forward(x, 3, **o)])
def test_out_receives_value_and_gradient(forward):
    x = np.array([[3.0, 1.0, 2.0, 9.0, 7.0, 8.0], [1.0, 5.0, 2.0, 2.0, 4.0, 0.0]])
    y_bar = permuted_codes(x.shape)
    expected, at = forward(x)
    for out in (np.empty_like(x), np.full((2, 12), np.nan)[:, ::2], np.empty((6, 2)).T):
        y, at_out = forward(x, out=out)
        assert y is out
        assert np.array_equal(y, expected)
        assert at_out.backward(y_bar, out=out) is out
        assert np.array_equal(out, at.backward(y_bar))
    with pytest.raises(ValueError, match="shares memory"):
        forward(x, out=x)
    with pytest.raises(ValueError, match="shares memory"):
        at.backward(y_bar, out=y_bar)
    with pytest.raises(ValueError, match=r"out must be an array of shape \(2, 6\)"):
        at.backward(y_bar, out=np.empty(12))


def test_out_that_does_not_fit_is_refused():
    x = np.array([3.0, 1.0, 2.0, 9.0])
    with pytest.raises(ValueError, match=r"shape \(4,\) and dtype float64, got \(3,\) float64"):
        group_sort(x, out=np.empty(3))
    with pytest.raises(ValueError, match=r"dtype float64, got \(4,\) float32"):
        group_sort(x, out=np.empty(4, np.float32))
    with pytest.raises(ValueError, match="got list"):
        group_sort(x, out=[0.0] * 4)
    with pytest.raises(ValueError, match="shares memory"):
        group_sort(x, out=x)
    with pytest.raises(ValueError, match="shares memory"):
        group_sort(x, out=x[::-1])
    assert np.array_equal(x, [3.0, 1.0, 2.0, 9.0])


@given(problems())
def test_max_min_and_full_sort_are_the_two_ends(problem):
    x, _, axis = problem
    assert np.array_equal(full_sort(x, axis), group_sort(x, x.shape[axis], axis))
    y, at = full_sort_forward(x, axis)
    codes = permuted_codes(x.shape)
    assert np.array_equal(y, full_sort(x, axis))
    assert np.array_equal(at.backward(codes), group_sort_forward(x, x.shape[axis], axis)[1].backward(codes))
    if x.shape[axis] % 2 == 0:
        y, at = max_min_forward(x, axis)
        assert np.array_equal(y, group_sort(x, 2, axis))
        assert np.array_equal(max_min(x, axis), y)
        assert np.array_equal(at.backward(codes), group_sort_forward(x, 2, axis)[1].backward(codes))


def test_what_is_kept_has_the_documented_shape_and_bytes():
    x = np.random.default_rng(0).standard_normal((5, 6, 7))
    _, at = group_sort_forward(x, 3, axis=1)
    assert isinstance(at, GroupSortJacobian)
    assert (at.places.shape, at.places.dtype, at.axis, at.places.nbytes) == ((5, 7, 2, 3), np.uint8, 1, x.size)
    _, at = max_min_forward(x, axis=-2)
    assert isinstance(at, MaxMinJacobian)
    assert (at.swapped.shape, at.swapped.dtype, at.axis, at.swapped.nbytes) == ((5, 7, 6), bool, 1, x.size)
    assert full_sort_forward(np.zeros((2, 257)))[1].places.dtype == np.uint16
    assert full_sort_forward(np.zeros((2, 256)))[1].places.dtype == np.uint8


@pytest.mark.parametrize("group_size", [1, 2, 3, 1000])
def test_an_empty_axis_or_batch_is_returned_empty(group_size):
    for x, axis in ((np.empty((4, 0)), -1), (np.empty((0, 6000), np.float32), 1)):
        y, at = group_sort_forward(x, group_size, axis)
        for result in (y, group_sort(x, group_size, axis), at.backward(x), at.tangent(x)):
            assert (result.shape, result.dtype) == (x.shape, x.dtype)
    assert full_sort(np.empty((4, 0))).shape == (4, 0)
    assert full_sort_forward(np.empty((4, 0)))[0].shape == (4, 0)
    assert max_min(np.empty(0)).shape == (0,)


@pytest.mark.parametrize("call", [group_sort, group_sort_forward])
@pytest.mark.parametrize(
    ("group_size", "error", "message"),
    [
        (0, ValueError, "group_size must be at least 1, got 0"),
        (-2, ValueError, "group_size must be at least 1, got -2"),
        (4, ValueError, "group_size 4 does not divide the 6 features of axis 1"),
        (7, ValueError, "group_size 7 does not divide the 6 features of axis 1"),
        (12, ValueError, "group_size 12 does not divide"),
        (2.0, TypeError, r"group_size must be an integer, got 2.0 \(float\)"),
        (True, TypeError, r"group_size must be an integer, got True \(bool\)"),
        ("2", TypeError, "group_size must be an integer"),
        (None, TypeError, "group_size must be an integer"),
    ],
)
def test_bad_group_sizes(call, group_size, error, message):
    with pytest.raises(error, match=message):
        call(np.zeros((5, 6)), group_size)


@pytest.mark.parametrize("call", [group_sort, group_sort_forward, full_sort, full_sort_forward, max_min])
def test_arrays_that_cannot_be_sorted(call):
    with pytest.raises(ValueError, match="0-d"):
        call(np.float64(1.0))
    for x in (np.arange(6), np.arange(6) > 2, np.arange(6) * 1j, np.array(["a", "b"])):
        with pytest.raises(TypeError, match=f"x has dtype {x.dtype}"):
            call(x)
    with pytest.raises(TypeError, match=r"holds 1 \(int\)"):
        call(np.array([1, Fraction(1)], object))


@pytest.mark.parametrize("call", [group_sort, group_sort_forward])
@pytest.mark.parametrize("axis", [2, -3, 100])
def test_an_axis_out_of_range(call, axis):
    with pytest.raises(ValueError, match="axis"):
        call(np.zeros((4, 6)), 2, axis)


@pytest.mark.parametrize("group_size", [2, 3])
def test_cotangents_and_tangents_of_another_shape_or_type(group_size):
    _, at = group_sort_forward(np.zeros((4, 6)), group_size)
    for move, name in ((at.backward, "y_bar"), (at.tangent, "x_dot")):
        with pytest.raises(ValueError, match=rf"{name} must have shape \(4, 6\), got \(6,\)"):
            move(np.zeros(6))
        with pytest.raises(TypeError, match=f"{name} has dtype int64"):
            move(np.zeros((4, 6), int))
