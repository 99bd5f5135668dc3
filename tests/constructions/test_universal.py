"""Approximation within eps: the error against f at points of the box in exact arithmetic, sizes, norms and refusals."""

import math
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofs.networks import evaluate, norms
from refsort.certify import lipschitz_bound
from refsort.constructions import universal, universal_size
from refsort.constructions.cones import count, loss
from refsort.constructions.grid import centres
from tests.constructions.exactly import INF, array, depth, distance, units, vectors

NAMES = {1: "l1", 2: "l2", INF: "linf"}
unit_interval = st.fractions(0, 1, max_denominator=12)


def cones(centres, heights, metric):
    """min_i (h_i + d(x, c_i)) on points (n, d): a 1-Lipschitz function with kinks, in plain Python."""

    def f(x):
        rows = [min(h + distance(metric, row, c) for c, h in zip(centres, heights, strict=True)) for row in x.tolist()]
        return array(rows) if x.dtype == object else np.array(rows, x.dtype)

    return f


@given(st.data(), st.sampled_from([1, INF]), st.integers(1, 3), st.sampled_from([Fraction(1, 2), Fraction(2, 7)]))
@settings(max_examples=25)
def test_rational_networks_are_within_eps(data, p, d, eps):
    centres = data.draw(st.lists(vectors(d, unit_interval), min_size=1, max_size=3))
    f = cones(centres, data.draw(vectors(len(centres), unit_interval)), NAMES[p])
    box = array([[Fraction(0), Fraction(1)]] * d)
    network, params, error = universal(f, box, eps, p)
    assert error <= eps
    assert all(norm.lo == norm.hi == 1 for norm in norms(network, params, p, INF))
    for x in data.draw(st.lists(vectors(d, unit_interval), min_size=1, max_size=5)):
        assert abs(evaluate(network, params, x)[0] - f(array([x]))[0]) <= error


@given(st.data(), st.integers(1, 2))
@settings(max_examples=20)
def test_rational_networks_for_the_two_norm(data, d):
    """f is a 1-Lipschitz function of one direction (3/5, 4/5), which keeps it rational."""
    knot = data.draw(unit_interval)

    def f(x):
        along = x[:, 0] if d == 1 else x[:, 0] * Fraction(3, 5) + x[:, 1] * Fraction(4, 5)
        return np.abs(along - knot)

    eps = Fraction(1, 4)
    network, params, error = universal(f, array([[Fraction(-1, 2), Fraction(1)]] * d), eps, 2)
    assert error <= eps
    assert all(sum(v * v for v in row) <= 1 for row in params[0][0])
    assert all(norm.hi == 1 for norm in norms(network, params, 2, INF)[1:])
    for x in data.draw(st.lists(vectors(d, unit_interval), min_size=1, max_size=4)):
        assert abs(evaluate(network, params, x)[0] - f(array([x]))[0]) <= error


@pytest.mark.parametrize("p", [1, 2, INF])
@pytest.mark.parametrize(("d", "eps"), [(1, 0.01), (2, 0.1), (3, 0.4)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_floats(p, d, eps, dtype):
    rng = np.random.default_rng(d)
    box = np.stack([rng.uniform(-1, 0, d), rng.uniform(0.5, 1, d)], axis=1).astype(dtype)
    centres = rng.uniform(-1, 1, (4, d)).astype(dtype)

    def f(x):
        return np.min(np.linalg.norm(x[:, None] - centres[None], p, axis=2), axis=1).astype(dtype)

    unit = float(np.finfo(dtype).eps)
    made = universal(f, box, eps, p, value_error=8 * unit)
    assert 0.3 * eps <= made.error <= dtype(eps)
    x = rng.uniform(box[:, 0], box[:, 1], (2000, d)).astype(dtype)
    # both evaluations round by some units of numbers below 4
    assert np.max(np.abs(made.network.value(made.params, x)[:, 0] - f(x))) <= float(made.error) + 16 * unit
    assert lipschitz_bound(made.network, made.params, p, INF).constant <= 1 + 2.0**-51
    size = universal_size(box, eps - 16 * d * unit, p)
    assert units(made.network) == size.units
    assert depth(made.network) == size.depth


@pytest.mark.parametrize("d", [1, 2, 3])
def test_the_error_is_attained(d):
    """f = -|x|_inf + const around a corner of the cells: the bound h is no overestimate."""
    box = array([[Fraction(-1), Fraction(1)]] * d)
    network, params, error = universal(lambda x: np.max(np.abs(x), axis=1), box, Fraction(1, 2), INF)
    assert error == Fraction(1, 2)
    corner = [Fraction(0)] * d  # between the cells, all centres 1/2 away: f = 0 there and 1/2 at the centres
    assert evaluate(network, params, corner) == [Fraction(1, 2) + Fraction(1, 2) - Fraction(1, 2)]


@pytest.mark.parametrize("d", [1, 2, 3])
@pytest.mark.parametrize("p", [1, 2, INF])
def test_sizes_by_the_formula(d, p):
    """Cells and directions of the a-priori formula, and the growth exponents d, and (3 d - 1) / 2 for p = 2."""
    box = array([[Fraction(0), Fraction(1)]] * d)
    inverse = (8, 64, 2**18, 2**21)
    sizes = [universal_size(box, Fraction(1, n), p) for n in inverse]
    for n, size in zip(inverse, sizes, strict=True):
        if p != 2 or d == 1:
            side = -(-n * (d if p == 1 else 1) // 2)  # ceil(n s d / 2)
            assert size.cells == (side,) * d
            assert size.directions == (2**d if p == 1 else 2 * d)
        else:
            share = Fraction(2 * d, 3 * d - 1)  # of eps, for the grid
            side = math.ceil(math.sqrt(d) * n / (2 * share))
            assert size.cells == (side,) * d
            assert size.directions == count("l2", d, size.m)
        functions = math.prod(size.cells) * size.directions
        assert (
            functions < size.units <= 2 * math.prod(1 << (k - 1).bit_length() for k in (size.directions, *size.cells))
        )
        assert size.depth == (math.prod(size.cells) - 1).bit_length() + (size.directions - 1).bit_length()
    exponent = math.log(sizes[-1].units / sizes[-2].units) / math.log(8)
    # rounding up changes the number of cells by a factor of at most 1 + 1/cells an axis, the net's by some 1 + (d-1)/m
    rounding = d / sizes[-2].cells[0] + ((d - 1) / sizes[-2].m if p == 2 else 0)
    assert abs(exponent - (d if p != 2 else (3 * d - 1) / 2)) <= rounding / math.log(8) + 1e-3


@given(st.floats(-5, 5, width=32), st.floats(2**-10, 3, width=32), st.integers(1, 9))
def test_no_point_is_farther_from_the_stored_centres_than_the_fill(low, side, n):
    """In float32 the centres are rounded, and one end of the interval can be farther away than half a cell."""
    ends = [np.float32(low), np.float32(low) + np.float32(side)]
    stored, half = centres(*ends, n, np.dtype(np.float32))
    low, high, *at_centres = (Fraction(float(v)) for v in (*ends, *stored))
    farthest = [low, high] + [(a + b) / 2 for a, b in pairwise(at_centres)]
    assert half == max(min(abs(x - c) for c in at_centres) for x in farthest)


def test_the_error_for_the_two_norm_is_the_sum_of_its_parts():
    """h + r D / 2 on a box of sides 3 and 4, so that D = 5 is rational; h is a root, rounded up below 2^-64."""
    box = array([[Fraction(0), Fraction(3)], [Fraction(0), Fraction(4)]])
    eps = Fraction(1, 2)
    size = universal_size(box, eps, 2)
    error = universal(lambda x: x[:, 0], box, eps, 2).error
    h = error - loss("l2", 2, np.dtype(object), size.m) * 5 / 2
    square = sum((Fraction(side, 2 * n) ** 2 for side, n in zip((3, 4), size.cells, strict=True)), Fraction(0))
    assert (h - Fraction(1, 2**64)) ** 2 < square <= h * h


def test_float_evaluation_is_covered_by_value_error():
    noise = 1e-3

    def noisy(x):
        return np.abs(x[:, 0]) + noise * np.where(np.arange(len(x)) % 2, 1, -1)

    box = np.array([[-1.0, 1.0]])
    with pytest.raises(ValueError, match="are not 1-Lipschitz"):
        universal(noisy, box, 0.1)
    made = universal(lambda x: np.abs(x[:, 0]) + noise, box, 0.1, value_error=noise)
    plain = universal(lambda x: np.abs(x[:, 0]), box, 0.1)
    x = np.linspace(-1, 1, 1001)[:, None]
    for net, slack in ((made, noise), (plain, 0)):
        assert np.max(np.abs(net.network.value(net.params, x)[:, 0] - np.abs(x[:, 0]))) <= net.error <= 0.1
        assert net.error >= slack


def test_bad_input():
    box, flat = np.array([[0.0, 1.0]] * 2), lambda x: 0 * x[:, 0]
    with pytest.raises(ValueError, match=r"would have \d+ units, .* limit is max_units"):
        universal(flat, box, 1e-4)
    for p in (1, 2, INF):
        with pytest.raises(ValueError, match=r"would have (at least 2\^)?\d+ units"):
            universal(flat, box, 1e-15, p)
    calls = []
    with pytest.raises(ValueError, match="limit"):
        universal(lambda x: calls.append(x), box, 1e-3, max_units=1000)
    assert not calls
    with pytest.raises(ValueError, match=r"not finite at 1 points, the first is f\(\[0\.25, 0\.75\]\) = nan"):
        universal(lambda x: np.where((x[:, 0] < 0.5) & (x[:, 1] > 0.5), np.nan, 0.0), box, 0.25)
    with pytest.raises(ValueError, match=r"f must return \(4,\) values of float64"):
        universal(lambda x: x, box, 0.25)
    with pytest.raises(ValueError, match=r"got shape .* of float32"):
        universal(lambda x: x[:, 0].astype(np.float32), box, 0.25)
    with pytest.raises(ValueError, match=r"2 times the distance; divide f by its Lipschitz constant"):
        universal(lambda x: x[:, 0] + x[:, 1], box, 0.1)  # in l_inf only diagonal neighbours show it
    with pytest.raises(ValueError, match="2 times the distance"):
        universal(lambda x: x[:, 0] - x[:, 1], box, 0.1)  # and here the other diagonal
    universal(lambda x: x[:, 0] + x[:, 1], box, 0.1, 1)
    with pytest.raises(ValueError, match=r"1\.41421 times"):
        universal(lambda x: x[:, 0] + x[:, 1], box, 0.1, 2)
    for eps in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(ValueError, match="eps must be positive and finite"):
            universal(flat, box, eps)
    with pytest.raises(ValueError, match="less than what the rounding"):
        universal(flat, np.array([[1e6, 1e6 + 1e-9]]), 1e-10)
    with pytest.raises(ValueError, match="must have an interior"):
        universal(flat, np.array([[0.0, 0.0]]), 0.1)
    with pytest.raises(ValueError, match="box must have a row"):
        universal(flat, np.array([[1.0, 0.0]]), 0.1)
    with pytest.raises(ValueError, match="p must be one of"):
        universal(flat, box, 0.1, 3)
    with pytest.raises(TypeError, match="Fractions"):
        universal(flat, array([[Fraction(0), Fraction(1)]]), 0.1)
