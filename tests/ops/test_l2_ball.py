"""project_l2_ball: the exact side of the sphere, the direction and the length, by squared norms in rationals."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from refsort import rounding
from refsort.ops.l2_ball import project_l2_ball, project_l2_ball_forward

DTYPES = ["float16", "float32", "float64", "longdouble"]
triples = [(3, 4, 5), (5, 12, 13), (8, 15, 17), (7, 24, 25), (20, 21, 29)]


def exact(values):
    """Any array of floats, as an object array of Fractions."""
    entries = [Fraction(*x.as_integer_ratio()) for x in np.asarray(values).flat]
    return np.array([*entries, None], dtype=object)[:-1].reshape(np.shape(values))


def working_gamma(n, dtype):
    return rounding.gamma(n, rounding.UNIT_ROUNDOFF["longdouble" if dtype == "longdouble" else "float64"])


def float_rows(dtype, shape):
    low, high = {"float16": (-24, 15), "float32": (-149, 126)}.get(dtype, (-1074, 1020))
    mantissas = hnp.arrays(np.float64, shape, elements=st.integers(-64, 64).map(lambda k: k / 64))
    noise = st.sampled_from([0.0, 1 / 3, 1e-3])
    return st.builds(lambda m, e, c: np.ldexp(m * (1 - c), e).astype(dtype), mantissas, st.integers(low, high), noise)


@st.composite
def cases(draw, dtype):
    v = draw(float_rows(dtype, draw(st.sampled_from([(1, 3), (2, 5), (3, 2), (2, 1), (1, 17)]))))
    size = float(np.abs(v[0]).max()) or float(np.finfo(dtype).tiny)
    factor = draw(st.sampled_from([1, 1.25, 2.0, 5.0, 1 / 300, 1e-8]))
    with np.errstate(over="ignore"):
        radius = np.dtype(dtype).type(size * factor)
    assume(0 < radius < np.inf)
    return v, radius


@pytest.mark.parametrize("dtype", DTYPES)
@settings(max_examples=80)
@given(data=st.data())
def test_rows_keep_the_promised_bounds(dtype, data):
    v, radius = data.draw(cases(dtype))
    y, at = project_l2_ball_forward(v, radius)
    assert y.dtype == at.unit.dtype == at.shrink.dtype == v.dtype
    d, r = v.shape[1], Fraction(*radius.as_integer_ratio())
    u, eta = rounding.UNIT_ROUNDOFF[dtype], rounding.SMALLEST_SUBNORMAL[dtype]
    gamma = working_gamma(d + 4, dtype)
    slack = (u + (1 + u) * gamma) * r + 2 * d * max(1, r) * eta
    for row, result, original, got, unit, shrink in zip(
        exact(v), exact(y), v, y, at.unit, at.shrink[:, 0], strict=True
    ):
        if np.dot(row, row) <= r * r:
            assert original.tobytes() == got.tobytes()
            assert shrink == 1
            assert not unit.any()
            continue
        length = np.dot(result, result)
        assert length <= (r + slack) ** 2
        assert slack >= r or length >= (r - slack) ** 2
        # y is a positive multiple of v: all the minors vanish, to the relative errors of two entries and underflow
        for i in range(d):
            for j in range(i):
                size = abs(row[i] * result[j]) + abs(row[j] * result[i])
                bound = size * (u + (1 + u) * gamma) + 2 * max(1, r) * eta * (abs(row[i]) + abs(row[j]))
                assert abs(row[i] * result[j] - row[j] * result[i]) <= bound
        assert all(a * b >= 0 for a, b in zip(row, result, strict=True))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("a", "b", "c"), triples)
def test_pythagorean_rows_on_the_sphere_are_inside_and_one_step_longer_are_not(dtype, a, b, c):
    v = np.array([[a, -b], [np.nextafter(np.array(a, dtype), np.inf), -b]], dtype)
    y, at = project_l2_ball_forward(v, c)
    assert y[0].tobytes() == v[0].tobytes()
    assert at.shrink[0, 0] == 1
    assert at.unit.any(axis=1).tolist() == [False, True]
    # multiples of it come back to it: a relative error of at most u + gamma_{d+4}, far below 4 u here
    back = project_l2_ball(v[:1] * 16, c)
    assert (abs(exact(back) - exact(v[:1])) <= 4 * rounding.UNIT_ROUNDOFF[dtype] * abs(exact(v[:1]))).all()


@pytest.mark.parametrize(("a", "b", "c"), triples)
@given(
    w=hnp.arrays(np.float64, (2, 2), elements=st.integers(-8, 8).map(float)),
    m=st.sampled_from([2, 3, 16]),
    dtype=st.sampled_from(DTYPES),
)
def test_jacobian_at_pythagorean_rows_against_its_formula_in_rationals(a, b, c, w, m, dtype):
    v = np.array([m * a, -m * b], dtype)
    u_dot, y_bar = w.astype(dtype)
    _, at = project_l2_ball_forward(v, c)
    unit = np.array([Fraction(a, c), Fraction(-b, c)], dtype=object)
    for got, x in ((at.tangent(u_dot), u_dot), (at.backward(y_bar), y_bar)):
        assert got.dtype == v.dtype
        wanted = (exact(x) - unit * np.dot(unit, exact(x))) / m  # r / ||v|| = 1 / m
        # the unit row enters twice, the factor and the result round once: 4 u of sums of at most 3 |x| / m
        assert (abs(exact(got) - wanted) <= 4 * rounding.UNIT_ROUNDOFF[dtype] * 3 * sum(abs(exact(x))) / m).all()
    # the adjoint identity, within the bounds above
    left, right = np.dot(exact(at.tangent(u_dot)), exact(y_bar)), np.dot(exact(u_dot), exact(at.backward(y_bar)))
    sizes = sum(abs(exact(u_dot))) * sum(abs(exact(y_bar)))
    assert abs(left - right) <= 2 * 12 * rounding.UNIT_ROUNDOFF[dtype] * sizes / m


def test_derivative_is_the_limit_of_difference_quotients():
    rng = np.random.default_rng(3)
    v, d = rng.normal(size=(3, 5)), rng.normal(size=(3, 5))
    v[2] /= 10  # inside
    _, at = project_l2_ball_forward(v, 0.75)
    step = 2.0**-17
    central = (project_l2_ball(v + step * d, 0.75) - project_l2_ball(v - step * d, 0.75)) / (2 * step)
    # truncation step^2 |third derivative| / 6 and rounding u / step are both near 1e-10 here
    np.testing.assert_allclose(at.tangent(d), central, atol=1e-9)


def test_nonexpansive_and_idempotent_to_rounding():
    rng = np.random.default_rng(4)
    v, w = rng.normal(size=(2, 50, 7))
    y, z = project_l2_ball(v), project_l2_ball(w)
    slack = 4 * float(
        rounding.gamma(7 + 4, rounding.UNIT_ROUNDOFF["float64"])
    )  # radius 1: the error of each of the rows
    assert (np.linalg.norm(y - z, axis=1) <= np.linalg.norm(v - w, axis=1) * (1 + slack) + slack).all()
    assert (np.abs(project_l2_ball(y) - y) <= slack).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_squares_neither_overflow_nor_vanish(dtype):
    top, tiny = np.finfo(dtype).max, np.finfo(dtype).smallest_subnormal
    v = np.array([[top, -top, top, top], [tiny, tiny, -tiny, tiny]], dtype)
    assert project_l2_ball(v).tolist() == [[0.5, -0.5, 0.5, 0.5], v[1].tolist()]
    assert project_l2_ball(v[1], tiny).tolist() in ([0, 0, 0, 0], v[1].tolist())  # half of the smallest number
    _, at = project_l2_ball_forward(v[0])
    assert at.unit.tolist() == [0.5, -0.5, 0.5, 0.5]


@given(st.integers(-300, 300), st.sampled_from([0.3, 1.0, 7.0]))
def test_powers_of_two_scale_through_to_the_bit(exponent, radius):
    v = np.array([[3.0, -1.7, 0.2], [0.01, 0.2, 0.0]])
    scaled = project_l2_ball(np.ldexp(v, exponent), np.ldexp(radius, exponent))
    assert scaled.tolist() == np.ldexp(project_l2_ball(v, radius), exponent).tolist()


@pytest.mark.parametrize(("row", "radius"), [([0.37, 0.82], 0.8996110270555825), ([0.89, 0.66], 1.1080162453682707)])
def test_the_side_of_the_sphere_is_decided_exactly(row, radius):
    # found by search: here the rounded norm is on the wrong side of the radius
    v = np.array(row)
    outside = np.dot(exact(v), exact(v)) > Fraction(radius) ** 2
    y, at = project_l2_ball_forward(v, radius)
    assert at.unit.any() == outside
    assert outside or y.tobytes() == v.tobytes()


def test_shapes_strides_read_only_input_and_out():
    v = np.arange(24.0).reshape(4, 6)[::-2, ::-1] / 7 - 1
    before = v.copy()
    v.setflags(write=False)
    y, at = project_l2_ball_forward(v)
    for row, result, unit, shrink in zip(v, y, at.unit, at.shrink, strict=True):
        one, at_one = project_l2_ball_forward(row)
        assert (one == result).all()
        assert (at_one.unit == unit).all()
        assert (at_one.shrink == shrink).all()
        assert at_one.backward(row).shape == (6,)
    assert (v == before).all()
    for shape in [(0, 3), (3, 0), (0, 0), (0,)]:
        empty, at = project_l2_ball_forward(np.empty(shape))
        assert empty.shape == at.tangent(empty).shape == shape
    assert project_l2_ball(np.array([[-7.0], [1.0]]), 2).tolist() == [[-2.0], [1.0]]
    out = np.empty((2, 6))
    assert project_l2_ball(v, out=out) is out
    assert (out == y).all()


def test_nan_and_infinite_entries():
    v = np.array([[np.nan, 0.1], [np.inf, 0.1], [-np.inf, np.inf], [0.25, 0.5]])
    y, at = project_l2_ball_forward(v)
    assert np.isnan(y[:3]).all()
    assert y[3].tolist() == [0.25, 0.5]
    assert np.isnan(at.backward(np.ones((4, 2)))[:3]).all()


def test_bad_input_is_refused():
    with pytest.raises(TypeError, match="project_l2_ball: v has dtype int"):
        project_l2_ball([1, 2])
    with pytest.raises(TypeError, match="project_l2_ball: v has dtype object"):
        project_l2_ball(np.array([Fraction(1)], dtype=object))
    with pytest.raises(ValueError, match="one vector"):
        project_l2_ball(np.ones((2, 3, 4)))
    for radius in (0, -2, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="project_l2_ball: radius must be positive and finite"):
            project_l2_ball(np.ones(3), radius)
    with pytest.raises(TypeError, match="radius must be a real number"):
        project_l2_ball(np.ones(3), "1")
    _, at = project_l2_ball_forward(np.ones((2, 3), np.float32))
    with pytest.raises(ValueError, match="v_dot must have shape"):
        at.tangent(np.ones((3, 2), np.float32))
    with pytest.raises(TypeError, match="share one dtype"):
        at.backward(np.ones((2, 3)))
