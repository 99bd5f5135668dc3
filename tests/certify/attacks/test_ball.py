"""Balls and boxes against exact rationals: what is inside, and the nearest point by its optimality conditions."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refsort.certify.attacks.ball import Ball
from refsort.certify.attacks.distance import within

INF = math.inf


def exactly_inside(moved, x, radius, p):
    """The definition, in rationals."""
    gaps = [abs(Fraction(a) - Fraction(b)) for a, b in zip(moved.tolist(), x.tolist(), strict=True)]
    return max(gaps) <= Fraction(radius) if p == INF else sum(g * g for g in gaps) <= Fraction(radius) ** 2


entries = st.one_of(
    st.floats(-2, 2), st.sampled_from([0.0, 1.0, 1e-30, -1e-30, 5e-324, 0.1, 0.3]), st.integers(-3, 3).map(float)
)


@given(st.lists(st.tuples(entries, entries), min_size=1, max_size=4), st.sampled_from([2, INF]), st.data())
def test_within_decides_as_rationals_do(pairs, p, data):
    a, b = (np.array(v)[None] for v in zip(*pairs, strict=True))
    distance = float(np.linalg.norm(a[0] - b[0], p))
    candidates = [1.0, 0.2, *(math.nextafter(max(distance, 1e-99), to) for to in (0, INF)), max(distance, 1e-99)]
    radius = data.draw(st.sampled_from(candidates))
    assert within(a, b, np.array([radius]), p)[0] == exactly_inside(a[0], b[0], radius, p)


def test_what_is_not_finite_is_not_inside():
    points = np.array([[np.nan, 0.0], [np.inf, 0.0], [0.0, 0.0]])
    for p in (2, INF):
        assert within(points, np.zeros((3, 2)), np.ones(3), p).tolist() == [False, False, True]


@settings(max_examples=60)
@given(
    st.sampled_from([np.float16, np.float32, np.float64]),
    st.sampled_from([2, INF]),
    st.sampled_from([None, (0.0, 1.0), (-0.5, 2.0)]),
    st.sampled_from([1e-99, 1e-9, 1e-4, 0.013, 0.3, 1.0, 7.0, 1e6]),
    st.integers(0, 2**32),
    st.sampled_from([(1,), (0, 0.25, 0.5, 1, 2), ()]),
)
def test_projections_lie_in_ball_and_box_exactly(dtype, p, box, radius, seed, inward):
    rng = np.random.default_rng(seed)
    x = rng.choice([0.0, 1.0, 0.5, 1 / 3, 0.9], (3, 5)).astype(dtype)
    x[0] = 0  # where entries are not rounded at all, and cannot save a delta that is too long
    delta = radius * rng.choice([0.0, 1e-3, 0.5, 1.0, 40.0], (3, 1)) * rng.standard_normal((3, 5))
    radii = np.full(3, radius)
    moved = Ball.around(x, radii, p, box).project(delta, inward)
    assert moved.dtype == dtype
    for z, c in zip(moved, x, strict=True):
        assert exactly_inside(z, c, radius, p)
        assert box is None or (box[0] <= z.min() and z.max() <= box[1])
    # and no farther from x + delta than rounding explains, where that point is inside anyway
    if box is None:
        inside = (np.linalg.norm(delta, p, axis=1) <= 0.9 * radius) & np.all(np.abs(delta) < 6e4, axis=1)
        # drawn in by 0 to 2 units eps (max |x| + r), then rounded, or rounded towards x: a unit for each entry
        unit = float(np.finfo(dtype).eps) * (1 + radius)
        assert np.all(np.abs(moved.astype(float) - (x + delta))[inside] <= 3 * unit)


@pytest.mark.parametrize("box", [(0.0, 1.0), None])
def test_the_projection_on_ball_and_box_is_the_nearest_point(box):
    rng = np.random.default_rng(5)
    x = rng.uniform(0, 1, (200, 7))
    x[:, 0] = 0.0  # entries at the box's edge have no room at all on one side
    delta = rng.standard_normal((200, 7))
    radius = rng.uniform(0.1, 1.5, 200)
    v = x + delta
    z = Ball.around(x, radius, 2, box).project(delta)
    # z is the projection of v on a convex set exactly if <v - z, y - z> <= 0 for every y in the set
    for _ in range(200):
        y = rng.standard_normal((200, 7))
        y = x + y * (radius / np.linalg.norm(y, axis=1) * rng.uniform(0, 1, 200) ** 0.1)[:, None]
        if box is not None:
            y = np.clip(y, *box)  # towards x, so still in the ball
        assert np.all(np.einsum("ij,ij->i", v - z, y - z) <= 1e-12)  # 1e3 roundings of numbers of order 1
    # the multiplier exists: the free entries of z - x are one multiple t of those of delta
    for i in range(200):
        free = np.ones(7, bool) if box is None else (z[i] > 1e-9) & (z[i] < 1 - 1e-9)
        t = (z[i] - x[i])[free] / delta[i][free]
        assert np.ptp(t) <= 1e-9 if t.size else True
        length = np.linalg.norm(z[i] - x[i])
        assert length >= radius[i] * (1 - 1e-11) or np.all(t >= 1 - 1e-9)


def test_the_order_of_projections_matters_and_this_is_not_clipping_after_scaling():
    # scaled to the sphere and clipped, (30, 40) gives (3, 4 -> 2) of norm sqrt 13; the nearest point has norm 5
    ball = Ball.around(np.zeros((1, 2)), np.array([5.0]), 2, (-10.0, 2.0))
    assert ball.project(np.array([[30.0, 40.0]])).tolist() == [[2.0, 2.0]]
    ball = Ball.around(np.zeros((1, 2)), np.array([5.0]), 2, (-10.0, 3.5))
    assert np.allclose(ball.project(np.array([[30.0, 40.0]])), [[3.5, 3.5]], rtol=0, atol=1e-12)
    ball = Ball.around(np.zeros((1, 2)), np.array([5.0]), 2, (-10.0, 3.8))
    assert np.allclose(ball.project(np.array([[30.0, 40.0]])), [[math.sqrt(25 - 3.8**2), 3.8]], rtol=0, atol=1e-12)


def test_in_the_infinity_norm_the_farthest_floats_are_reached():
    for dtype in (np.float16, np.float32, np.float64):
        x = np.random.default_rng(0).uniform(-1, 1, (4, 6)).astype(dtype)
        r = np.full(4, 0.1)
        z = Ball.around(x, r, INF, None).project(np.full((4, 6), 9.0))
        beyond = np.nextafter(z, dtype(np.inf))
        for a, b, c in zip(z.ravel().tolist(), beyond.ravel().tolist(), x.ravel().tolist(), strict=True):
            assert Fraction(a) - Fraction(c) <= Fraction(0.1) < Fraction(b) - Fraction(c)


def test_rounding_to_nearest_comes_nearer_to_the_sphere_than_rounding_towards_the_centre():
    rng = np.random.default_rng(0)
    x, radius = rng.uniform(0.5, 1, (50, 400)).astype(np.float32), np.full(50, 0.7)
    ball, delta = Ball.around(x, radius, 2, None), rng.standard_normal((50, 400))
    ulp = 2.0**-24  # of numbers in [1/2, 1)
    gaps = {}
    for inward in ((0, 0.25, 0.5, 1, 2), (1,), ()):
        z = ball.project(delta, inward)
        gaps[inward] = 0.7 - np.linalg.norm(z.astype(float) - x, axis=1)
    # to nearest: 400 errors of at most ulp / 2 (ulp where z is above 1) along a unit vector, of deviation 0.6 ulp at
    # most; towards x: each entry gives up ulp / 2 on average, times the 1-norm of a unit vector, which is 16
    assert np.mean(gaps[0, 0.25, 0.5, 1, 2]) <= ulp
    assert 0.7 * 2 * ulp <= np.mean(gaps[1,]) <= 4 * 2 * ulp
    assert np.mean(gaps[()]) >= 6 * ulp


@pytest.mark.parametrize("inward", [(1,), (0, 0.25, 0.5, 1, 2), ()])
def test_points_on_the_sphere_up_to_rounding_are_not_taken_for_points_of_the_ball(inward):
    # around 0 the entries of a delta are not rounded again, so nothing saves one whose norm is an ulp too long
    delta, radius = np.random.default_rng(0).standard_normal((100, 5)), np.full(100, 0.3)
    z = Ball.around(np.zeros((100, 5)), radius, 2, None).project(delta, inward)
    assert all(exactly_inside(point, np.zeros(5), 0.3, 2) for point in z)
    assert np.all(np.linalg.norm(z, axis=1) >= 0.3 * (1 - 1e-13))
