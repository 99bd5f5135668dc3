"""Cones of finitely many directions: their gradients' norms, and how flat the net of the 2-norm is at most."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refsort.constructions.cones import count, directions, loss, resolution
from tests.constructions.exactly import rationals, vectors

EXACT = np.dtype(object)


def cone(u, v):
    return max(sum(a * b for a, b in zip(row, v, strict=True)) for row in u)


@given(st.data(), st.integers(1, 4))
def test_finite_cones_are_the_norms(data, d):
    v = data.draw(vectors(d))
    assert cone(directions("linf", d, EXACT), v) == max(map(abs, v))
    assert cone(directions("l1", d, EXACT), v) == sum(map(abs, v))


@pytest.mark.parametrize("d", [1, 2, 3, 4])
@pytest.mark.parametrize("m", [1, 2, 3])
@pytest.mark.parametrize("dtype", [object, np.float64, np.float32])
def test_the_net_has_distinct_symmetric_directions_of_length_at_most_one(d, m, dtype):
    u = [[Fraction(*v.as_integer_ratio()) for v in row] for row in directions("l2", d, np.dtype(dtype), m)]
    assert len(u) == len({tuple(row) for row in u}) == count("l2", d, m)
    assert {tuple(row) for row in u} == {tuple(-v for v in row) for row in u}
    squares = [sum(v * v for v in row) for row in u]
    assert max(squares) <= 1
    shortest = 1 - loss("l2", d, np.dtype(dtype), m)
    assert min(squares) >= shortest * shortest


@given(st.data(), st.integers(2, 3), st.integers(1, 6))
@settings(max_examples=40)
def test_the_loss_is_a_bound_and_of_the_right_size(data, d, m):
    u, bound = directions("l2", d, EXACT, m), loss("l2", d, EXACT, m)
    v = data.draw(vectors(d, rationals(12)).filter(any))
    square = sum(x * x for x in v)
    c = cone(u, v)
    assert c >= 0
    assert (1 - bound) ** 2 * square <= c * c <= square


@pytest.mark.parametrize("m", [1, 2, 5, 20])
def test_the_planar_loss_against_the_polygon(m):
    """In the plane the least c(v) / |v| is the distance of the polygon's nearest edge, |u x u'| / |u - u'|."""
    u = directions("l2", 2, np.dtype(float), m)
    u = u[np.argsort(np.arctan2(u[:, 1], u[:, 0]))]
    nxt = np.roll(u, -1, axis=0)
    nearest = np.min(np.abs(u[:, 0] * nxt[:, 1] - u[:, 1] * nxt[:, 0]) / np.linalg.norm(u - nxt, axis=1))
    bound = float(loss("l2", 2, np.dtype(float), m))
    assert 1 - nearest <= bound <= 6 * (1 - nearest)  # rounding by 1 / 2m, where neighbours are as near as half of that


@given(st.integers(2, 3), st.fractions(Fraction(1, 10**6), 1))
def test_resolution_is_the_least(d, wanted):
    m = resolution("test", d, EXACT, wanted)
    assert loss("l2", d, EXACT, m) <= wanted
    assert m == 1 or loss("l2", d, EXACT, m - 1) > wanted


def test_the_net_contains_the_axes_and_the_one_dimensional_net_is_exact():
    assert directions("l2", 1, EXACT, 3).tolist() == [[-1], [1]]
    assert loss("l2", 1, EXACT) == 0
    u = {tuple(row) for row in directions("l2", 3, EXACT, 2)}
    assert all(
        tuple(Fraction(v) for v in axis) in u for axis in product((-1, 0, 1), repeat=3) if sum(map(abs, axis)) == 1
    )
    with pytest.raises(ValueError, match="too fine for float16"):
        resolution("test", 2, np.dtype(np.float16), Fraction(1, 10**5))
