"""The affine map against its definition in exact arithmetic, and its rounding against gamma_{d+1}."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refsort.ops.affine import affine, affine_forward

ROUNDOFF = {"float16": Fraction(1, 2**11), "float32": Fraction(1, 2**24), "float64": Fraction(1, 2**53)}


def exact(x):
    """An array of floats as Fractions: every float is one."""
    result = np.empty(x.shape, object)
    result[...] = np.vectorize(lambda v: Fraction(float(v)), otypes=[object])(x) if x.size else 0
    return result


def by_definition(x, w, b):
    """y[i, j] = sum_k w[j, k] x[i, k] + b[j], entry by entry."""
    y = np.empty((len(x), len(w)), object)
    for i, j in np.ndindex(*y.shape):
        y[i, j] = sum((w[j, k] * x[i, k] for k in range(x.shape[1])), Fraction(0)) + b[j]
    return y


@st.composite
def rational_arrays(draw, shape):
    size = int(np.prod(shape))
    x = np.empty(size, object)
    x[:] = [Fraction(v, 6) for v in draw(st.lists(st.integers(-20, 20), min_size=size, max_size=size))]
    return x.reshape(shape)


@st.composite
def problems(draw):
    """x, w, b and a second such triple as tangents; the sizes are pairwise distinct, and may be 0."""
    n, d_in, d_out = draw(st.permutations([0, 1, 2, 3, 4]))[:3]
    shapes = ((n, d_in), (d_out, d_in), (d_out,))
    return [draw(rational_arrays(shape)) for shape in (*shapes, *shapes, (n, d_out))]


def are_fractions(*arrays):
    return all(type(value) is Fraction for array in arrays for value in array.flat)


@settings(max_examples=50)
@given(problems())
def test_value_is_the_definition_in_rationals(problem):
    x, w, b, *_ = problem
    y = affine(x, w, b)
    assert y.shape == (len(x), len(w))
    assert np.array_equal(y, by_definition(x, w, b))
    assert np.array_equal(affine_forward(x, w, b)[0], y)
    assert are_fractions(y)


@settings(max_examples=50)
@given(problems())
def test_adjoint_identity_in_rationals(problem):
    x, w, b, x_dot, w_dot, b_dot, y_bar = problem
    _, at = affine_forward(x, w, b)
    x_bar, w_bar, b_bar = at.backward(y_bar)
    assert (x_bar.shape, w_bar.shape, b_bar.shape) == (x.shape, w.shape, b.shape)
    inner = np.sum(x_dot * x_bar) + np.sum(w_dot * w_bar) + np.sum(b_dot * b_bar)
    y_dot = at.tangent(x_dot, w_dot, b_dot)
    assert inner == np.sum(y_dot * y_bar)
    assert are_fractions(x_bar, w_bar, b_bar, y_dot)


@settings(max_examples=50)
@given(problems())
def test_tangent_is_the_central_difference_which_is_exact_for_a_quadratic(problem):
    x, w, b, x_dot, w_dot, b_dot, _ = problem
    _, at = affine_forward(x, w, b)
    step = Fraction(3, 7)
    ahead = by_definition(x + step * x_dot, w + step * w_dot, b + step * b_dot)
    behind = by_definition(x - step * x_dot, w - step * w_dot, b - step * b_dot)
    assert np.array_equal((ahead - behind) / (2 * step), at.tangent(x_dot, w_dot, b_dot))


@pytest.mark.parametrize("dtype", ROUNDOFF)
@pytest.mark.parametrize("d_in", [1, 17, 300])
def test_rounding_stays_within_gamma(dtype, d_in):
    """|error| <= gamma_{d+1} (|x| |w|^T + |b|), in whatever order the products are summed."""
    rng = np.random.default_rng(d_in)
    x, w, b, y_bar = (rng.standard_normal(s).astype(dtype) for s in ((5, d_in), (7, d_in), (7,), (5, 7)))
    y, at = affine_forward(x, w, b)
    assert np.array_equal(y, affine(x, w, b))
    zero = exact(np.zeros(d_in, dtype))
    cases = (
        (y, exact(x), exact(w), exact(b)),
        (at.backward(y_bar)[0], exact(y_bar), exact(w).T, zero),
        (at.backward(y_bar)[1], exact(y_bar).T, exact(x).T, zero),
        (at.backward(y_bar)[2][None], exact(np.ones((1, 5))), exact(y_bar).T, zero[:1].repeat(7)),
    )
    for result, left, right, offset in cases:
        assert result.dtype == dtype
        u = (left.shape[1] + 1) * ROUNDOFF[dtype]
        bound = u / (1 - u) * by_definition(np.abs(left), np.abs(right), np.abs(offset))
        assert np.all(np.abs(exact(result) - by_definition(left, right, offset)) <= bound)


def test_float16_products_are_accumulated_in_float32_in_every_layout():
    rng = np.random.default_rng(2)
    x, w = rng.standard_normal((4, 700)).astype(np.float16), rng.standard_normal((3, 700)).astype(np.float16)
    wide = x.astype(np.float64) @ w.T.astype(np.float64)  # exact to 2^-45
    size = np.abs(x).astype(np.float64) @ np.abs(w).T.astype(np.float64)
    bound = 2.0**-11 * np.abs(wide) + 701 * 2.0**-24 * size  # one rounding, and 700 products summed in float32
    for left, right in ((x, w), (np.asfortranarray(x), w), (x, np.asfortranarray(w)), (x[:, ::-1], w[:, ::-1])):
        y = affine(left, right, np.zeros(3, np.float16))
        assert np.all(np.abs(y - wide) <= bound)


def test_float16_sums_do_not_stop_at_2048():
    n = 5000
    x, w, b = np.ones((n, 3), np.float16), np.ones((2, 3), np.float16), np.zeros(2, np.float16)
    _, at = affine_forward(x, w, b)
    _, w_bar, b_bar = at.backward(np.ones((n, 2), np.float16))
    assert np.array_equal(b_bar, [n, n])  # 5000 is a float16
    assert np.array_equal(w_bar, np.full((2, 3), n))
    assert affine(np.ones((1, n), np.float16), np.ones((1, n), np.float16), np.zeros(1, np.float16)) == n


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_an_empty_batch_or_no_features(dtype):
    for n, d_in, d_out in ((0, 3, 2), (4, 0, 2), (4, 3, 0)):
        x, w, b = np.ones((n, d_in), dtype), np.ones((d_out, d_in), dtype), np.full(d_out, 5, dtype)
        y, at = affine_forward(x, w, b)
        assert (y.shape, y.dtype) == ((n, d_out), dtype)
        assert np.array_equal(y, np.full((n, d_out), d_in + 5))
        assert [v.shape for v in at.backward(y)] == [x.shape, w.shape, b.shape]
        assert {v.dtype for v in at.backward(y)} == {np.dtype(dtype)}


def test_longdouble_is_kept():
    tiny = np.finfo(np.longdouble).eps
    x = np.array([[1 + tiny, -1]], np.longdouble)
    y, at = affine_forward(x, np.ones((1, 2), np.longdouble), np.zeros(1, np.longdouble))
    assert y == tiny  # 0 in any narrower type
    assert {v.dtype for v in at.backward(y)} == {np.dtype(np.longdouble)}


def test_strided_and_read_only_inputs_are_left_alone():
    rng = np.random.default_rng(1)
    x, w, b = rng.integers(-5, 6, (8, 6)).astype(float), rng.integers(-5, 6, (9, 3)).astype(float), np.arange(9.0)
    for array in (x, w, b):
        array.flags.writeable = False
    views = (x[::-2, ::2], w[:, ::-1], b[::-1])
    y, at = affine_forward(*views)
    assert np.array_equal(y, by_definition(*map(exact, views)).astype(float))  # small integers: exact
    x_bar, w_bar, b_bar = at.backward(y[:, ::-1])
    zero = exact(np.zeros(9))
    assert np.array_equal(x_bar, by_definition(exact(y[:, ::-1]), exact(views[1]).T, zero).astype(float))
    assert np.array_equal(w_bar, by_definition(exact(y[:, ::-1]).T, exact(views[0]).T, zero).astype(float))
    assert np.array_equal(b_bar, exact(y[:, ::-1]).sum(axis=0).astype(float))


def test_what_is_kept_is_no_copy():
    x, w = np.ones((4, 3)), np.ones((2, 3))
    _, at = affine_forward(x, w, np.zeros(2))
    assert at.x is x
    assert at.w is w


def test_out_receives_the_result():
    x, w, b = np.ones((4, 3)), np.full((2, 3), 2.0), np.array([0.5, -1.0])
    out = np.full((4, 4), np.nan)[:, ::2]
    assert affine(x, w, b, out=out) is out
    assert np.array_equal(out, np.tile([6.5, 5.0], (4, 1)))
    rational = np.empty((4, 2), object)
    affine(exact(x), exact(w), exact(b), out=rational)
    assert np.array_equal(rational, out)
    with pytest.raises(ValueError, match=r"out must be an array of shape \(4, 2\) and dtype float64, got \(2, 4\)"):
        affine(x, w, b, out=np.empty((2, 4)))
    with pytest.raises(ValueError, match="out shares memory"):
        affine(np.ones((2, 2)), w[:, :2], b, out=w[:, :2])


def test_nan_stays_in_its_row():
    x = np.array([[np.nan, 1.0], [2.0, 3.0]])
    y = affine(x, np.ones((3, 2)), np.zeros(3))
    assert np.isnan(y[0]).all()
    assert np.array_equal(y[1], [5.0, 5.0, 5.0])


def test_an_infinite_input_follows_ieee_arithmetic():
    with np.errstate(invalid="ignore"):
        y = affine([[np.inf, 1.0]], [[1.0, 1.0], [0.0, 1.0], [-2.0, 0.0]], [0.0, 0.0, 0.0])
    assert np.array_equal(y, [[np.inf, np.nan, -np.inf]], equal_nan=True)


@pytest.mark.parametrize(
    ("x", "w", "b", "message"),
    [
        (np.ones(3), np.ones((2, 3)), np.ones(2), r"x must have 2 dimensions, got shape \(3,\)"),
        (np.ones((4, 3)), np.ones(3), np.ones(2), r"w must have 2 dimensions, got shape \(3,\)"),
        (np.ones((4, 3)), np.ones((2, 3)), np.ones((1, 2)), r"b must have 1 dimensions, got shape \(1, 2\)"),
        (np.ones((4, 3)), np.ones((3, 2)), np.ones(2), r"x has 3 features, but w of shape \(3, 2\) takes 2"),
        (np.ones((4, 3)), np.ones((2, 3)), np.ones(3), r"b has 3 entries, but w of shape \(2, 3\) makes 2"),
        (np.ones((4, 3)), np.ones((2, 3)), np.ones(1), "b has 1 entries"),  # no broadcasting
    ],
)
def test_shapes_that_do_not_match(x, w, b, message):
    for call in (affine, affine_forward):
        with pytest.raises(ValueError, match=message):
            call(x, w, b)


def test_types_that_do_not_match():
    x, w, b = np.ones((4, 3)), np.ones((2, 3)), np.ones(2)
    with pytest.raises(TypeError, match="x has dtype int64"):
        affine(x.astype(np.int64), w, b)
    with pytest.raises(TypeError, match="must share one dtype, got x float64, w float64, b float32"):
        affine(x, w, b.astype(np.float32))
    _, at = affine_forward(x, w, b)
    with pytest.raises(TypeError, match="must share one dtype, got y_bar float32, x float64"):
        at.backward(np.ones((4, 2), np.float32))
    with pytest.raises(TypeError, match="must share one dtype, got x_dot float64, w_dot float32"):
        at.tangent(x, w.astype(np.float32), b)


def test_cotangents_and_tangents_of_another_shape():
    x, w, b = np.ones((4, 3)), np.ones((2, 3)), np.ones(2)
    _, at = affine_forward(x, w, b)
    with pytest.raises(ValueError, match=r"y_bar must have shape \(4, 2\), got \(2, 4\)"):
        at.backward(np.ones((2, 4)))
    with pytest.raises(ValueError, match=r"x_dot must have shape \(4, 3\), got \(1, 3\)"):
        at.tangent(x[:1], w, b)
    with pytest.raises(ValueError, match=r"w_dot must have shape \(2, 3\), got \(3, 2\)"):
        at.tangent(x, w.T, b)
    with pytest.raises(ValueError, match=r"b_dot must have shape \(2,\), got \(1,\)"):
        at.tangent(x, w, b[:1])
