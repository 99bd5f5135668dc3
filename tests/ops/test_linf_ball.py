"""project_linf_ball against its definition entry by entry, in exact rationals and to the bit in floats."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from refsort.ops.linf_ball import project_linf_ball, project_linf_ball_forward

fractions = st.builds(Fraction, st.integers(-9, 9), st.sampled_from([1, 2, 3]))
radii = st.builds(Fraction, st.integers(1, 6), st.sampled_from([1, 2, 3]))
shapes = st.sampled_from([(4,), (2, 3), (5, 1), (0, 3), (3, 0), (0,)])


def rational(values):
    return np.array([*values, None], dtype=object)[:-1]


@given(st.lists(fractions, min_size=1, max_size=6), st.lists(fractions, min_size=6, max_size=6), radii)
def test_rational_rows_satisfy_the_optimality_conditions(values, others, radius):
    v, w = rational(values), rational(others[: len(values)])
    y, z = project_linf_ball(v, radius), project_linf_ball(w, radius)
    assert all(type(entry) is Fraction for entry in y)
    assert max(abs(y)) <= radius
    # v - y is normal to the ball at y: the support function is attained, radius * ||v - y||_1 (Moreau)
    assert np.dot(v - y, y) == radius * sum(abs(v - y))
    assert (project_linf_ball(y, radius) == y).all()
    assert np.dot(y - z, y - z) <= np.dot(y - z, v - w)  # firmly nonexpansive


@given(st.lists(fractions, min_size=1, max_size=6), st.lists(fractions, min_size=6, max_size=6), radii)
def test_a_small_step_is_the_jacobian_exactly(values, direction, radius):
    v, d = rational(values), rational(direction[: len(values)])
    y, at = project_linf_ball_forward(v, radius)
    gaps = [abs(abs(x) - radius) for x in values if abs(x) != radius]
    step = min([radius, *gaps]) / (2 * max(1, *map(abs, direction)))
    change = (project_linf_ball(v + step * d, radius) - y) / step
    for x, kept, got, move, tangent in zip(values, at.kept, change, d, at.tangent(d), strict=True):
        assert kept == (abs(x) <= radius)
        assert tangent == (move if kept else 0)
        if abs(x) != radius or x * move < 0:  # at the kink the derivative used is the one towards the inside
            assert got == tangent
        else:
            assert got == 0


@given(
    st.lists(fractions, min_size=4, max_size=4),
    st.lists(fractions, min_size=4, max_size=4),
    st.lists(fractions, min_size=4, max_size=4),
    radii,
)
def test_adjoint_identity_is_exact_on_rationals(values, u, w, radius):
    _, at = project_linf_ball_forward(rational(values), radius)
    assert np.dot(at.tangent(rational(u)), rational(w)) == np.dot(rational(u), at.backward(rational(w)))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "longdouble"])
@given(data=st.data())
def test_float_entries_are_unchanged_or_the_radius(dtype, data):
    elements = st.floats(width=16, allow_nan=False)  # any half is a number of every other format
    v = data.draw(shapes.flatmap(lambda shape: hnp.arrays(np.float16, shape, elements=elements))).astype(dtype)
    radius = data.draw(st.sampled_from([0.5, 1, Fraction(3, 4), 2.0**-24, 60000]))
    y, at = project_linf_ball_forward(v, radius)
    assert y.dtype == v.dtype
    assert y.shape == at.kept.shape == v.shape
    for x, entry in zip(v.flat, y.flat, strict=True):
        if abs(x) <= float(radius):
            assert x == entry
            assert np.signbit(x) == np.signbit(entry)
        else:
            assert entry == (float(radius) if x > 0 else -float(radius))
    assert (project_linf_ball(y, radius) == y).all()


def test_by_hand_with_strides_read_only_input_and_out():
    v = np.array([[3.0, -0.5], [-2.0, 1.0], [-0.0, -1.5]])[::-1, ::-1]
    v.setflags(write=False)
    out = np.empty((3, 2))
    assert project_linf_ball(v, out=out) is out
    assert out.tolist() == [[-1.0, 0.0], [1.0, -1.0], [-0.5, 1.0]]
    _, at = project_linf_ball_forward(v)
    w = np.arange(1.0, 7).reshape(3, 2)
    assert at.backward(w).tolist() == at.tangent(w).tolist() == [[0.0, 2.0], [3.0, 0.0], [5.0, 0.0]]
    with pytest.raises(ValueError, match="shares memory"):
        project_linf_ball(out, out=out)


def test_nan_stays_in_its_entry_and_infinities_are_clipped():
    y, at = project_linf_ball_forward(np.array([np.nan, np.inf, -np.inf, 0.5]))
    assert np.isnan(y[0])
    assert y[1:].tolist() == [1.0, -1.0, 0.5]
    assert at.kept.tolist() == [False, False, False, True]


def test_bad_input_is_refused():
    with pytest.raises(TypeError, match="project_linf_ball: v has dtype int"):
        project_linf_ball([1, 2])
    with pytest.raises(ValueError, match="one vector"):
        project_linf_ball(np.ones((2, 3, 4)))
    for radius in (0, -2, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="project_linf_ball: radius must be positive and finite"):
            project_linf_ball(np.ones(3), radius)
    with pytest.raises(TypeError, match="radius must be a real number"):
        project_linf_ball(np.ones(3), None)
    _, at = project_linf_ball_forward(np.ones((2, 3)))
    with pytest.raises(ValueError, match="v_dot must have shape"):
        at.tangent(np.ones((3, 2)))
