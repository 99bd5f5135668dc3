"""Projections on balls of operator norms: exact against the definition, nearest by the support function."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refsort import spec
from refsort.certify import operator_norm_bound
from refsort.ops.operator_ball import project_operator_ball, project_operator_ball_forward

INF = math.inf
RATIONAL_PAIRS = [(1, 1), (1, INF), (INF, INF)]
PAIRS = [*RATIONAL_PAIRS, (1, 2), (2, INF)]
fractions = st.integers(-9, 9).map(lambda k: Fraction(k, 4))
radii = st.builds(Fraction, st.integers(1, 9), st.sampled_from([1, 2, 5]))


@st.composite
def matrices(draw, count):
    m, n = draw(st.sampled_from([(2, 3), (3, 2), (1, 4), (4, 1), (0, 2), (2, 0)]))
    flat = st.lists(fractions, min_size=m * n, max_size=m * n)
    return [np.array([*draw(flat), None], object)[:-1].reshape(m, n) for _ in range(count)]


def lines_and_dual(pair, w):
    """The rows or columns that the norm is about, and the dual of its norm of one."""
    p, q = pair
    return (w.T, {1: INF, 2: 2, INF: 1}[q]) if p == 1 else (w, p)


def norm(x, p):
    return max(map(abs, x), default=Fraction(0)) if p == INF else sum(map(abs, x), Fraction(0))


@given(matrices(1), radii, st.sampled_from(RATIONAL_PAIRS))
def test_equals_the_definition_and_is_nearest(arrays, radius, pair):
    (w,) = arrays
    y = project_operator_ball(w, *pair, radius)
    assert y.tolist() == spec.project_operator_ball(w.tolist(), *pair, radius)
    assert spec.operator_norm(y.tolist(), *pair).hi <= radius
    # w - y is normal to the ball at y: the support function is attained. For a product of balls it is the sum of the
    # balls' support functions, each the radius times the dual norm.
    gaps, dual = lines_and_dual(pair, w - y)
    assert np.sum((w - y) * y) == radius * sum((norm(gap, dual) for gap in gaps), Fraction(0))


@given(matrices(3), radii, st.sampled_from(RATIONAL_PAIRS))
def test_the_jacobian_is_self_adjoint_and_that_of_dual_numbers(arrays, radius, pair):
    w, w_dot, y_bar = arrays
    y, at = project_operator_ball_forward(w, *pair, radius)
    assert y.tolist() == project_operator_ball(w, *pair, radius).tolist()
    assert np.sum(at.tangent(w_dot) * y_bar) == np.sum(w_dot * at.backward(y_bar))
    assert at.tangent(w_dot).tolist() == at.backward(w_dot).tolist()
    try:
        exact = spec.derivative(lambda v: spec.project_operator_ball(v, *pair, radius), w.tolist(), w_dot.tolist())
    except spec.KinkError:
        return
    assert at.tangent(w_dot).tolist() == exact


@given(matrices(1), radii, st.sampled_from([(1, 2), (2, INF)]))
def test_the_2_norm_balls_hold_and_leave_the_inside_alone(arrays, radius, pair):
    w, r = arrays[0].astype(float), float(radius)
    y = project_operator_ball(w, *pair, r)
    if w.size:
        assert operator_norm_bound(y, *pair) <= r * (1 + 16 * 2.0**-53)  # some d + 4 <= 8 roundings of a row
    lines, _ = lines_and_dual(pair, w)
    results, _ = lines_and_dual(pair, y)
    for line, result in zip(lines, results, strict=True):
        length = sum(Fraction(v) ** 2 for v in line)
        if length <= Fraction(r) ** 2:
            assert line.tolist() == result.tolist()
        else:  # shortened along itself
            np.testing.assert_allclose(result, line * (r / math.sqrt(length)), rtol=1e-14, atol=0)


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_dtypes_strides_and_the_adjoint_in_floats(pair, dtype):
    rng = np.random.default_rng(0)
    w, w_dot, y_bar = (rng.integers(-8, 9, (3, 5)).astype(dtype) for _ in range(3))
    w.setflags(write=False)
    for a in (w, np.asfortranarray(w), w[::-1, ::-1]):
        y, at = project_operator_ball_forward(a, *pair, 4)
        assert y.dtype == at.backward(y_bar).dtype == at.tangent(w_dot).dtype == dtype
        out = np.empty_like(y)
        assert project_operator_ball(a, *pair, 4, out=out) is out
        assert np.array_equal(out, y)
        left, right = np.sum(at.tangent(w_dot) * y_bar, dtype=float), np.sum(w_dot * at.backward(y_bar), dtype=float)
        # 15 products of numbers up to 8 and results up to 30 in a row of 5, each result rounded once to the dtype
        assert abs(left - right) <= 15 * 8 * 30 * 4 * max(float(np.finfo(dtype).eps), 2.0**-52)


def test_by_hand():
    w = np.array([[2.0, 0.5], [-2.0, 0.25], [0.0, 0.0]])
    assert project_operator_ball(w, 1, 1).tolist() == [[0.5, 0.5], [-0.5, 0.25], [0, 0]]
    assert project_operator_ball(w, 1, INF).tolist() == [[1, 0.5], [-1, 0.25], [0, 0]]
    assert project_operator_ball(w, INF, INF).tolist() == [[1, 0], [-1, 0], [0, 0]]
    assert project_operator_ball(np.array([[3.0, -4.0], [0.5, 0.0]]), 2, INF, 2.5).tolist() == [[1.5, -2], [0.5, 0]]
    assert project_operator_ball(np.array([[3.0, 0.5], [-4.0, 0.0]]), 1, 2, 2.5).tolist() == [[1.5, 0.5], [-2, 0]]


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"w": np.ones(3)}, ValueError, "project_operator_ball: w must have 2 dimensions"),
        ({"w": np.ones((2, 2), int)}, TypeError, "project_operator_ball: w has dtype int64"),
        ({"w": np.array([[Fraction(1)]]), "q": INF}, TypeError, "project_l2_ball: v has dtype object"),
        ({"p": 3}, ValueError, "p must be 1, 2 or math.inf, got 3"),
        ({"q": "2"}, TypeError, "q must be 1, 2 or math.inf"),
        ({"q": 2}, ValueError, "p = 2, q = 2 bounds the singular values; see bjorck"),
        ({"q": 1}, ValueError, "p = 2, q = 1 is NP-hard"),
        ({"p": INF, "q": 2}, ValueError, "p = inf, q = 2 is NP-hard"),
        ({"q": INF, "radius": 0}, ValueError, "project_operator_ball: radius must be positive and finite, got 0"),
        ({"q": INF, "radius": None}, TypeError, "project_operator_ball: radius must be a real number"),
    ],
)
def test_bad_input(arguments, error, words):
    for function in (project_operator_ball, project_operator_ball_forward):
        with pytest.raises(error, match=words):
            function(**{"w": np.ones((2, 3)), "p": 2, "q": INF, **arguments})


def test_bad_cotangents_and_out():
    _, at = project_operator_ball_forward(np.ones((2, 3)), 1, 1)
    with pytest.raises(ValueError, match=r"y_bar must have shape \(2, 3\), got \(3, 2\)"):
        at.backward(np.ones((3, 2)))
    with pytest.raises(ValueError, match="out must be an array of shape"):
        project_operator_ball(np.ones((2, 3)), 1, 1, out=np.ones((3, 2)))
    w = np.ones((2, 3))
    with pytest.raises(ValueError, match="shares memory"):
        project_operator_ball(w, 1, 1, out=w)
