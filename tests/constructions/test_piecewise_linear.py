"""Maxima of minima of affine functions as MaxMin networks: exact against the formula, in rationals."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refsort.certify import lipschitz_bound
from refsort.constructions import piecewise_linear
from refsort.constructions.piecewise_linear import units as units_of
from refsort.nets import load_network, save_network
from tests.constructions.exactly import INF, array, at, depth, product_of_norms, units, vectors


def pieces(draw, *shape):
    """Nested lists of rationals."""
    return array(draw(vectors(math.prod(shape)))).reshape(shape).tolist()


def formula(a, b, x, outer=max, inner=min):
    return outer(
        inner(sum(s * t for s, t in zip(row, x, strict=True)) + c for row, c in zip(rows, constants, strict=True))
        for rows, constants in zip(a, b, strict=True)
    )


@given(st.data(), st.integers(1, 5), st.integers(1, 4), st.integers(1, 3), st.booleans())
@settings(max_examples=50)
def test_equals_the_formula(data, k, m, d, flipped):
    a, b, x = pieces(data.draw, k, m, d), pieces(data.draw, k, m), data.draw(vectors(d))
    network, params = piecewise_linear(array(a), array(b), ("min", "max") if flipped else ("max", "min"))
    assert at(network, params, x) == [formula(a, b, x, min, max) if flipped else formula(a, b, x)]
    assert depth(network) == (k - 1).bit_length() + (m - 1).bit_length()
    assert units(network) == units_of((k, m)) <= 2 * (1 << (k - 1).bit_length()) * (1 << (m - 1).bit_length()) - 1


@given(st.data(), st.integers(1, 3), st.integers(1, 3), st.integers(1, 3))
@settings(max_examples=25)
def test_several_outputs(data, c, k, m):
    a, b, x = pieces(data.draw, c, k, m, 2), pieces(data.draw, c, k, m), data.draw(vectors(2))
    network, params = piecewise_linear(array(a), array(b))
    assert at(network, params, x) == [formula(*one, x) for one in zip(a, b, strict=True)]


@given(st.data(), st.integers(1, 4), st.integers(1, 3), st.sampled_from([(1, INF), (INF, 1)]))
@settings(max_examples=40)
def test_norms_are_those_of_the_gradients(data, k, m, exponents):
    p, dual = exponents
    a, b = pieces(data.draw, k, m, 2), pieces(data.draw, k, m)
    steepest = max((max if dual == INF else sum)(abs(v) for v in row) for rows in a for row in rows)
    network, params = piecewise_linear(array(a), array(b))
    assert product_of_norms(network, params, p, INF) == steepest


def test_units_of_the_issue():
    """2 K M - 1 units and depth log2 K + log2 M for powers of two."""
    for k, m in [(2, 2), (4, 2), (8, 4)]:
        network, _ = piecewise_linear(np.zeros((k, m, 3)), np.zeros((k, m)))
        assert units(network) == 2 * k * m - 1
        assert 2 ** depth(network) == k * m


def test_floats_bounds_gradients_and_files(tmp_path):
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((5, 3, 4)), rng.standard_normal((5, 3))
    a /= np.linalg.norm(a, axis=-1, keepdims=True)
    network, params = piecewise_linear(a, b)
    # rows of length 1 up to rounding, and the bound is rounded up
    assert lipschitz_bound(network, params, 2, INF).constant <= 1 + 1e-15
    x = rng.standard_normal((200, 4))
    y, j = network.forward(params, x)
    # one affine map of four terms, all of size below 10; the rest selects
    assert np.allclose(y[:, 0], np.max(np.min(np.einsum("kmd,nd->nkm", a, x) + b, -1), -1), rtol=0, atol=1e-14)
    assert np.allclose(np.linalg.norm(j.jacobian()[:, 0], axis=-1), 1, rtol=0, atol=1e-15)
    save_network(tmp_path / "net.npz", network, params)
    assert np.array_equal(load_network(tmp_path / "net.npz")[0].value(load_network(tmp_path / "net.npz")[1], x), y)


def test_bad_input():
    with pytest.raises(ValueError, match=r"a \(2, 3, 1\) needs b \(2, 3\), got \(3, 2\)"):
        piecewise_linear(np.zeros((2, 3, 1)), np.zeros((3, 2)))
    with pytest.raises(ValueError, match="1 numbers that are not finite"):
        piecewise_linear(np.full((1, 1, 1), np.nan), np.zeros((1, 1)))
    with pytest.raises(ValueError, match="non-empty"):
        piecewise_linear(np.zeros((0, 3, 1)), np.zeros((0, 3)))
    with pytest.raises(TypeError, match="share one dtype"):
        piecewise_linear(np.zeros((1, 1, 1)), np.zeros((1, 1), np.float32))
    with pytest.raises(TypeError, match="int64"):
        piecewise_linear(np.zeros((1, 1, 1), int), np.zeros((1, 1), int))
    with pytest.raises(ValueError, match="two ops"):
        piecewise_linear(np.zeros((1, 1, 1)), np.zeros((1, 1)), ("max",))
