"""row_scaling: lengths and directions of rows in exact rationals, and the derivative against its formula."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from refsort import rounding
from refsort.ops.row_norms import norm_gradient, scaled_norm
from refsort.ops.row_scaling import row_scaling, row_scaling_forward

DTYPES = ["float16", "float32", "float64", "longdouble"]
NORMS = [1, 2, math.inf]


def exact(values):
    """Any array of floats, as an object array of Fractions."""
    entries = [Fraction(*x.as_integer_ratio()) for x in np.asarray(values).flat]
    return np.array([*entries, None], dtype=object)[:-1].reshape(np.shape(values))


def measure(row, p):
    """``||row||_p``, for p = 2 its square: a rational number."""
    sizes = [abs(x) for x in row]
    return max(sizes) if p == math.inf else sum(x ** int(p) for x in sizes)


def power(x, p):
    return x * x if p == 2 else x


@st.composite
def cases(draw, dtype):
    low, high = {"float16": (-24, 15), "float32": (-149, 126)}.get(dtype, (-1074, 1020))
    shape = draw(st.sampled_from([(1, 3), (2, 5), (3, 2), (2, 1), (1, 17)]))
    mantissas = draw(hnp.arrays(np.float64, shape, elements=st.integers(-64, 64).map(lambda k: k / 64)))
    noise, e = draw(st.sampled_from([0.0, 1 / 3, 1e-3])), draw(st.integers(low, high))
    w = np.ldexp(mantissas * (1 - noise), e).astype(dtype)
    size = float(np.abs(w[0]).max()) or float(np.finfo(dtype).tiny)
    with np.errstate(over="ignore"):
        radius = np.dtype(dtype).type(size * draw(st.sampled_from([1, 1.25, 2.0, 3.0, 1 / 300])))
    assume(0 < radius < np.inf)
    return w, radius


@pytest.mark.parametrize("p", NORMS)
@pytest.mark.parametrize("dtype", DTYPES)
@settings(max_examples=50)
@given(data=st.data())
def test_rows_keep_the_promised_bounds(dtype, p, data):
    w, radius = data.draw(cases(dtype))
    y, at = row_scaling_forward(w, p, radius)
    assert y.dtype == at.unit.dtype == at.shrink.dtype == w.dtype
    d, r = w.shape[1], Fraction(*radius.as_integer_ratio())
    u, eta = rounding.UNIT_ROUNDOFF[dtype], rounding.SMALLEST_SUBNORMAL[dtype]
    gamma = rounding.gamma(d + 4, rounding.UNIT_ROUNDOFF["longdouble" if dtype == "longdouble" else "float64"])
    underflow = 2 * d * max(1, r) * eta
    for row, result, original, got, shrink in zip(exact(w), exact(y), w, y, at.shrink[:, 0], strict=True):
        if measure(row, p) <= power(r, p):
            assert original.tobytes() == got.tobytes()
            assert shrink == 1
            continue
        assert measure(result, p) <= power((1 + u) * (1 + gamma) * r + underflow, p)
        # the right length from below too: y is w with the factor r / ||w||, each entry with its own relative error
        floor = (1 - u) * (1 - gamma) * r - underflow
        assert floor <= 0 or measure(result, p) >= power(floor, p)
        for i in range(d):  # the direction of w: the minors vanish, to the relative errors of two entries
            for j in range(i):
                size = abs(row[i] * result[j]) + abs(row[j] * result[i])
                bound = size * (u + (1 + u) * gamma) + underflow * (abs(row[i]) + abs(row[j]))
                assert abs(row[i] * result[j] - row[j] * result[i]) <= bound


# rows whose 1-norm, 2-norm and inf-norm are powers of two or Pythagorean: m times the radius, so shrink = 1 / m
@pytest.mark.parametrize(("p", "radius"), [(1, 8), (2, 13), (math.inf, 4)])
@given(
    x=hnp.arrays(np.float64, (2, 1, 3), elements=st.integers(-8, 8).map(float)),
    m=st.sampled_from([2, 3, 16]),
    dtype=st.sampled_from(DTYPES),
)
def test_jacobian_against_its_formula_in_rationals(p, radius, x, m, dtype):
    row = {1: [-3, 0, 5], 2: [-3, 4, 12], math.inf: [1, -4, 4]}[p]
    # 0 at a zero entry; the first of the greatest entries
    gradient = {1: [-1, 0, 1], 2: [Fraction(-3, 13), Fraction(4, 13), Fraction(12, 13)], math.inf: [0, -1, 0]}[p]
    w = m * np.array([row], dtype)
    _, at = row_scaling_forward(w, p, radius)
    assert at.gradient.dtype == (w.dtype if p == 2 else np.int8)
    g, e = (np.array([Fraction(v) for v in values], dtype=object) for values in (gradient, row))
    e = e / radius
    u_dot, y_bar = x.astype(dtype)
    u, v = exact(u_dot[0]), exact(y_bar[0])
    tangent, backward = exact(at.tangent(u_dot)[0]), exact(at.backward(y_bar)[0])
    roundoff = rounding.UNIT_ROUNDOFF[dtype]
    slack = 4 * roundoff * Fraction(3, m)  # unit, gradient, factor and result round once; sums of at most 3 |x| / m
    assert (abs(tangent - (u - e * np.dot(g, u)) / m) <= slack * sum(abs(u))).all()
    assert (abs(backward - (v - g * np.dot(e, v)) / m) <= slack * sum(abs(v))).all()
    adjoint = abs(np.dot(tangent, v) - np.dot(u, backward))
    assert adjoint <= 2 * slack * sum(abs(u)) * sum(abs(v))


@pytest.mark.parametrize("p", NORMS)
def test_derivative_is_the_limit_of_difference_quotients(p):
    rng = np.random.default_rng(5)
    w, d = rng.normal(size=(3, 5)), rng.normal(size=(3, 5))
    w[2] /= 10  # inside
    _, at = row_scaling_forward(w, p, 0.75)
    assert (at.shrink[:, 0] == 1).tolist() == [False, False, True]
    step = 2.0**-17
    central = (row_scaling(w + step * d, p, 0.75) - row_scaling(w - step * d, p, 0.75)) / (2 * step)
    # truncation step^2 |third derivative| / 6 and rounding u / step are both near 1e-10 here
    np.testing.assert_allclose(at.tangent(d), central, atol=1e-9)


@pytest.mark.parametrize("p", NORMS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_rows_on_the_sphere_are_untouched(dtype, p):
    w = np.array([[3.0, -4.0, 0.0], [0.0, 0.0, 0.0], [-0.0, 0.25, 0.5]], dtype)
    radius = {1: 7, 2: 5, math.inf: 4}[p]
    y, at = row_scaling_forward(w, p, radius)
    assert y.tobytes() == w.tobytes()
    assert at.tangent(w).tolist() == at.backward(w).tolist() == w.tolist()
    longer = np.nextafter(w[:1], np.array(np.copysign(np.inf, w[:1]), dtype))
    assert row_scaling_forward(longer, p, radius)[1].shrink[0, 0] <= 1
    assert row_scaling_forward(longer, p, radius)[1].unit.any()


def test_it_is_no_projection_for_p_1():
    w = np.array([[3.0, 1.0]])
    scaled, nearest = row_scaling(w, 1), np.array([[1.0, 0.0]])  # both in the ball
    assert scaled.tolist() == [[0.75, 0.25]]
    assert np.linalg.norm(w - nearest) < np.linalg.norm(w - scaled)


@pytest.mark.parametrize("dtype", DTYPES)
def test_no_scale_is_special(dtype):
    top, tiny = np.finfo(dtype).max, np.finfo(dtype).smallest_subnormal
    w = np.array([[top, -top, top, top], [tiny, tiny, -tiny, tiny]], dtype)
    for p, entry in [(1, 0.25), (2, 0.5), (math.inf, 1.0)]:
        signs = np.array([1, -1, 1, 1])
        assert row_scaling(w, p).tolist() == [(entry * signs).tolist(), w[1].tolist()]


@pytest.mark.parametrize(
    ("row", "radius"),
    [([0.37, 0.82], 0.8996110270555825), ([0.88, 0.79, 0.7], 1.374227055475186), ([0.89, 0.66], 1.1080162453682707)],
)
def test_the_side_of_the_sphere_is_decided_exactly(row, radius):
    # found by search: here the rounded 2-norm is on the wrong side of the radius
    v = np.array([row])
    outside = measure(exact(v)[0], 2) > Fraction(radius) ** 2
    _, at = row_scaling_forward(v, 2, radius)
    assert at.unit.any() == outside
    # ten times the double 0.1 is above 1, though its sum in floats is not
    assert row_scaling_forward(np.full((1, 10), 0.1), 1)[1].unit.all()


@pytest.mark.parametrize("p", NORMS)
def test_scaled_norm_and_its_gradient_at_zero_and_at_a_row(p):
    v = np.array([[0.0, 0.0, 0.0], [3.0, 0.0, -4.0]])
    scale, norm = scaled_norm(v, p)
    assert (scale * norm)[:, 0].tolist() == [0, {1: 7, 2: 5, math.inf: 4}[p]]
    wanted = {1: [1, 0, -1], 2: [0.6, 0, -0.8], math.inf: [0, 0, -1]}[p]
    np.testing.assert_allclose(norm_gradient(v, p), [[0, 0, 0], wanted], rtol=4e-16)


def test_shapes_strides_read_only_input_and_out():
    w = np.arange(24.0).reshape(4, 6)[::-2, ::-1] / 7 - 1
    before = w.copy()
    w.setflags(write=False)
    for p in NORMS:
        out = np.empty((2, 6))
        assert row_scaling(w, p, 2, out=out) is out
        assert (out == np.concatenate([row_scaling(row[None], p, 2) for row in w])).all()
        for shape in [(0, 3), (3, 0), (0, 0)]:
            empty, at = row_scaling_forward(np.empty(shape), p)
            assert empty.shape == at.tangent(empty).shape == at.backward(empty).shape == shape
        assert row_scaling(np.array([[-7.0], [1.0]]), p, 2).tolist() == [[-2.0], [1.0]]
    assert (w == before).all()
    with pytest.raises(ValueError, match="shares memory"):
        row_scaling(before, 1, out=before)


@pytest.mark.parametrize("p", NORMS)
def test_nan_and_infinite_entries(p):
    w = np.array([[np.nan, 0.1], [np.inf, 0.1], [-np.inf, np.inf], [0.25, 0.5]])
    y, at = row_scaling_forward(w, p)
    assert np.isnan(y[:3]).all()
    assert y[3].tolist() == [0.25, 0.5]
    assert np.isnan(at.backward(np.ones((4, 2)))[:3]).any(axis=1).all()


def test_bad_input_is_refused():
    w = np.ones((2, 3))
    with pytest.raises(TypeError, match="row_scaling: w has dtype int"):
        row_scaling([[1, 2]], 1)
    with pytest.raises(TypeError, match="row_scaling: w has dtype object"):
        row_scaling(np.array([[Fraction(1)]], dtype=object), 1)
    with pytest.raises(ValueError, match="w must have 2 dimensions"):
        row_scaling(np.ones(3), 1)
    for p in (3, 0, -1, float("nan"), 1.5):
        with pytest.raises(ValueError, match=r"p must be 1, 2 or math\.inf, got"):
            row_scaling(w, p)
    for p in ("inf", None, True):
        with pytest.raises(TypeError, match=r"p must be 1, 2 or math\.inf, got"):
            row_scaling(w, p)
    for radius in (0, -2, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="row_scaling: radius must be positive and finite"):
            row_scaling(w, 1, radius)
    with pytest.raises(TypeError, match="radius must be a real number"):
        row_scaling(w, 1, "1")
    _, at = row_scaling_forward(w.astype(np.float32), 1)
    with pytest.raises(ValueError, match="y_bar must have shape"):
        at.backward(np.ones((3, 2), np.float32))
    with pytest.raises(TypeError, match="share one dtype"):
        at.tangent(w)
