"""Hull membership against points that are mixtures by construction, and against points that cannot be."""

import math
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from refsort.oracle.hull import Candidate, hull_ratio, over

EXACTLY = [Fraction(0)] * 3
POINTS = st.lists(st.integers(-8, 8).map(Fraction), min_size=3, max_size=3)


@settings(max_examples=50)
@given(st.lists(POINTS, min_size=2, max_size=6), st.data())
def test_mixtures_lie_in_the_hull(points, data):
    weights = data.draw(st.lists(st.integers(0, 5), min_size=len(points), max_size=len(points)).filter(any))
    mixture = [sum(w * p[i] for w, p in zip(weights, points, strict=True)) / Fraction(sum(weights)) for i in range(3)]
    assert hull_ratio(mixture, [Candidate(point, EXACTLY) for point in points]) <= 1


@settings(max_examples=50)
@given(st.lists(POINTS, min_size=1, max_size=6), POINTS.filter(any), st.integers(1, 4))
def test_points_beyond_every_candidate_in_some_direction_do_not(points, direction, beyond):
    """A linear function separates: it is larger at the point than at every candidate."""
    heights = [sum(a * b for a, b in zip(direction, point, strict=True)) for point in points]
    square = sum(a * a for a in direction)
    top = points[heights.index(max(heights))]
    outside = [a + Fraction(beyond, 1000) * d / square for a, d in zip(top, direction, strict=True)]
    assert hull_ratio(outside, [Candidate(point, EXACTLY) for point in points]) > 1


def test_the_bound_of_a_candidate_widens_it():
    candidate = Candidate([Fraction(1), Fraction(0), Fraction(0)], [Fraction(1, 8), Fraction(0), Fraction(0)])
    assert hull_ratio([Fraction(9, 8), Fraction(0), Fraction(0)], [candidate]) == 1
    assert hull_ratio([Fraction(1), Fraction(1, 10**30), Fraction(0)], [candidate]) == math.inf


def test_numbers_out_of_the_range_of_a_solver_are_outside():
    ends = [Candidate([Fraction(x)], [Fraction(0)]) for x in (0, 1)]
    assert hull_ratio([Fraction(10) ** 400], ends) == math.inf


def test_zero_over_zero_is_no_error():
    assert over(Fraction(0), Fraction(0)) == 0
    assert over(Fraction(1), Fraction(0)) == math.inf
    assert over(Fraction(1), Fraction(4)) == Fraction(1, 4)
