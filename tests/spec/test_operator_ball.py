from __future__ import annotations

import math
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refsort.spec import Enclosure, derivative, operator_norm, project_operator_ball

Matrix = list[list[Fraction]]
INF = math.inf

fractions = st.fractions(-3, 3, max_denominator=8)
radii = st.sampled_from([Fraction(1), Fraction(1, 3), Fraction(7, 2)])


@st.composite
def matrices(draw: st.DrawFn) -> Matrix:
    m, n = draw(st.sampled_from([(1, 2), (2, 1), (2, 2), (2, 3), (3, 2)]))
    return draw(st.lists(st.lists(fractions, min_size=n, max_size=n), min_size=m, max_size=m))


def inner(a: Matrix, b: Matrix) -> Fraction:
    return sum((s * t for x, y in zip(a, b, strict=True) for s, t in zip(x, y, strict=True)), Fraction(0))


def minus(a: Matrix, b: Matrix) -> Matrix:
    return [[s - t for s, t in zip(x, y, strict=True)] for x, y in zip(a, b, strict=True)]


def extreme_points(m: int, n: int, pair: tuple[float, float], r: Fraction) -> list[Matrix]:
    """The corners of the ball: all entries +-r; or in each row (column) a single one, +-r."""
    if pair == (1, INF):
        corners = product((r, -r), repeat=m * n)
        return [[list(c[i * n : (i + 1) * n]) for i in range(m)] for c in corners]
    if pair == (INF, INF):
        lines = [[s if i == j else Fraction(0) for i in range(n)] for j in range(n) for s in (r, -r)]
        return [[list(line) for line in rows] for rows in product(lines, repeat=m)]
    return [[list(row) for row in zip(*corner, strict=True)] for corner in extreme_points(n, m, (INF, INF), r)]


@given(matrices(), radii, st.sampled_from([(1, 1), (INF, INF), (1, INF)]))
def test_is_the_nearest_matrix_of_the_ball(w: Matrix, radius: Fraction, pair: tuple[float, float]) -> None:
    x = project_operator_ball(w, *pair, radius)
    assert operator_norm(x, *pair).hi <= radius
    gap = minus(w, x)
    for z in extreme_points(len(w), len(w[0]), pair, radius):  # <w - x, z - x> <= 0, linear in z: its corners decide
        assert inner(gap, minus(z, x)) <= 0
    assert (x == w) == (operator_norm(w, *pair).lo <= radius)


@given(matrices(), radii, st.sampled_from([(1, 2), (2, INF)]))
def test_balls_in_the_2_norm(w: Matrix, radius: Fraction, pair: tuple[float, float]) -> None:
    x = project_operator_ball(w, *pair, radius)
    lines, found = (zip(*w, strict=True), zip(*x, strict=True)) if pair == (1, 2) else (w, x)
    for line, result in zip(lines, found, strict=True):
        squared = sum(t * t for t in line)
        for t, e in zip(line, result, strict=True):
            assert isinstance(e, Enclosure)
            near, far = sorted((abs(e.lo), abs(e.hi)))
            if squared <= radius**2:
                assert e == (t, t)
            else:  # shortened along itself, to the radius
                assert near**2 * squared <= radius**2 * t**2 <= far**2 * squared
                assert min(e.lo * t, e.hi * t) >= 0


def test_the_derivative_sees_only_its_own_line() -> None:
    w, w_dot = [[2, Fraction(1, 2)], [-2, Fraction(1, 4)]], [[1, 10], [3, 20]]
    # columns: the first is outside, where (1, 3) loses its part along (1, -1); the second is inside
    assert derivative(lambda v: project_operator_ball(v, 1, 1), w, w_dot) == [[2, 10], [2, 20]]
    assert derivative(lambda v: project_operator_ball(v, 1, INF), w, w_dot) == [[0, 10], [0, 20]]


def test_bad_input_and_empty_matrices() -> None:
    for pair in ((2, 2), (INF, 1), (INF, 2), (2, 1), (3, INF), (1, 3)):
        with pytest.raises(ValueError, match=f"project_operator_ball: no projection for p = {pair[0]}, q = {pair[1]}"):
            project_operator_ball([[1, 2]], *pair)
    with pytest.raises(ValueError, match="the radius must be positive"):
        project_operator_ball([[1, 2]], 1, 1, 0)
    assert project_operator_ball([], 1, 1) == project_operator_ball([], INF, INF) == []
    assert project_operator_ball([[], []], 1, 1) == project_operator_ball([[], []], INF, INF) == [[], []]
    assert project_operator_ball(np.eye(2), INF, INF) == [[1, 0], [0, 1]]
