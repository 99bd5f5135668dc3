from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refsort.spec import KinkError, derivative, project_l1_ball, project_l2_ball, project_linf_ball, project_simplex

Vector = list[Fraction]

entries = st.integers(-2, 2) | st.fractions(-3, 3, max_denominator=8) | st.floats(allow_nan=False, allow_infinity=False)
vectors = st.lists(entries, min_size=1, max_size=4).map(lambda v: [Fraction(x) for x in v])
radii = st.sampled_from([Fraction(1), Fraction(1, 3), Fraction(7, 2), Fraction(5e-324), Fraction(1e300)])


def is_nearest(v: Vector, x: Vector, vertices: Iterable[Vector]) -> bool:
    """The variational inequality <v - x, z - x> <= 0 over the set: linear in z, so its vertices decide."""
    return all(
        sum((a - b) * (c - b) for a, b, c in zip(v, x, z, strict=True)) <= 0  # equality at x itself
        for z in vertices
    )


def axes(d: int, lengths: tuple[Fraction, ...]) -> list[Vector]:
    return [[r if i == j else Fraction(0) for i in range(d)] for j in range(d) for r in lengths]


@given(vectors, radii)
def test_simplex(v: Vector, radius: Fraction) -> None:
    x = project_simplex(v, radius)
    assert all(t >= 0 for t in x)
    assert sum(x) == radius
    assert is_nearest(v, x, axes(len(v), (radius,)))


@given(vectors, radii)
def test_l1_ball(v: Vector, radius: Fraction) -> None:
    x = project_l1_ball(v, radius)
    assert sum(map(abs, x)) <= radius
    assert is_nearest(v, x, axes(len(v), (radius, -radius)))
    assert (x == v) == (sum(map(abs, v)) <= radius)


@given(vectors, radii)
def test_linf_ball(v: Vector, radius: Fraction) -> None:
    x = project_linf_ball(v, radius)
    assert max(map(abs, x)) <= radius
    assert is_nearest(v, x, [list(z) for z in product((radius, -radius), repeat=len(v))])


@given(vectors, radii, st.sampled_from([0, 20, 200]))
def test_l2_ball(v: Vector, radius: Fraction, bits: int) -> None:
    x = project_l2_ball(v, radius, bits)
    squared = sum(t * t for t in v)
    for t, e in zip(v, x, strict=True):
        if squared <= radius**2:
            assert e == (t, t)
        else:  # x_i has the sign of v_i and the square radius^2 v_i^2 / |v|^2
            assert e.lo <= e.hi
            near, far = sorted((abs(e.lo), abs(e.hi)))
            assert near**2 * squared <= radius**2 * t**2 <= far**2 * squared
            assert min(e.lo * t, e.hi * t) >= 0
            assert e.width * 2**bits <= near
            assert (t == 0) <= (e == (0, 0))


def test_the_l2_ball_is_exact_on_pythagorean_vectors() -> None:
    assert project_l2_ball([2, -3, 6]) == [(Fraction(t, 7), Fraction(t, 7)) for t in (2, -3, 6)]


@pytest.mark.parametrize("project", [project_l1_ball, project_linf_ball, project_l2_ball])
def test_the_sphere_belongs_to_the_ball(project) -> None:
    v = [Fraction(1), Fraction(0)]
    assert [x if isinstance(x, Fraction) else x.lo for x in project(v, 1)] == v


@pytest.mark.parametrize("project", [project_simplex, project_l1_ball, project_linf_ball])
@given(v=vectors, v_dot=st.lists(st.integers(-5, 5), min_size=4, max_size=4))
def test_the_derivative_is_an_exact_difference_quotient(project, v: Vector, v_dot: list[int]) -> None:
    """Piecewise linear, so a short step is exact; the step is halved until both sides lie in one piece."""
    direction = [Fraction(t) for t in v_dot[: len(v)]]
    try:
        slope = derivative(project, v, direction)
    except KinkError:
        return
    h = Fraction(1)
    x = project(v)
    for _ in range(1200):
        moved = project([a + h * b for a, b in zip(v, direction, strict=True)])
        if [(b - a) / h for a, b in zip(x, moved, strict=True)] == slope:
            return
        h /= 2
    raise AssertionError("no short step has the slope")


@given(st.lists(st.integers(-3, 3).map(Fraction), min_size=1, max_size=4))
def test_dual_numbers_are_refused_exactly_at_the_kinks(v: Vector) -> None:
    def refuses(project) -> bool:
        try:
            derivative(project, v, [0] * len(v))
        except KinkError:
            return True
        return False

    tau = max(v) - max(project_simplex(v))
    assert refuses(project_simplex) == (tau in v)
    size = sum(map(abs, v))
    moved = max(map(abs, v)) - max(map(abs, project_l1_ball(v)))
    assert refuses(project_l1_ball) == (size == 1 or (size > 1 and moved in map(abs, v)))
    assert refuses(project_linf_ball) == (1 in map(abs, v))


def test_smooth_points_with_zeros_and_ties_are_not_refused() -> None:
    assert derivative(project_l1_ball, [2, 0, -2], [1, 7, 3]) == [2, 0, 2]  # (1, 3) minus its part along (1, -1)
    assert derivative(project_l1_ball, [0, 0.25], [5, 6]) == [5, 6]
    assert derivative(project_simplex, [3, 3], [1, 3]) == [-1, 1]


@pytest.mark.parametrize(
    ("project", "v"),
    [
        (project_l1_ball, [1, 0]),  # on the sphere
        (project_l1_ball, [2, 1]),  # |v_2| is the threshold
        (project_simplex, [2, 1]),
        (project_linf_ball, [-1, 0.5]),
    ],
)
def test_kinks_are_refused(project, v: list[float]) -> None:
    with pytest.raises(KinkError):
        derivative(project, v, [0, 0])


@pytest.mark.parametrize("project", [project_simplex, project_l1_ball, project_l2_ball, project_linf_ball])
def test_bad_input_is_named(project) -> None:
    for radius in (0, -1.5):
        with pytest.raises(ValueError, match=f"{project.__name__}: the radius must be positive"):
            project([1, 2], radius)
    with pytest.raises(ValueError, match="inf is not a rational number"):
        project([1, np.inf])
    with pytest.raises(ValueError, match="inf is not a rational number"):
        project([1, 2], np.inf)
    if project is project_simplex:
        with pytest.raises(ValueError, match="v has no entries"):
            project([])
    else:
        assert project([]) == []


def test_the_l2_ball_refuses_dual_numbers() -> None:
    with pytest.raises(TypeError, match="a real number is needed"):
        derivative(project_l2_ball, [3, 4], [1, 0])
