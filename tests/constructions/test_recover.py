"""Activations as MaxMin networks: equal to the definitions in rationals, with weights of norm exactly 1."""

import math
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofs.networks import norms
from refsort import spec
from refsort.certify import lipschitz_bound
from refsort.constructions import recover
from refsort.constructions.comparators import odd_even_merge_sort, tournament
from refsort.constructions.numbers import squares
from refsort.nets import Absolute, Identity, MaxMin
from tests.constructions.exactly import INF, at, depth, units, vectors

EXPONENTS = (1, 2, INF)
exponents = st.sampled_from(EXPONENTS)


def crelu(x):
    return spec.relu(x) + spec.relu([-v for v in x])


def all_norms_are_one(network, params, p):
    """Rational norms exactly; spectral norms within the enclosure, whose relative width is 2^-64."""
    for norm in norms(network, params, p):
        assert norm.lo <= 1 <= norm.hi
        assert norm.width <= Fraction(1, 2**60)
    assert all(layer.activation in (MaxMin(), Identity()) for layer in network.layers)


@given(st.data(), st.integers(1, 4), exponents, st.sampled_from(["relu", "absolute", "crelu"]))
@settings(max_examples=60)
def test_elementwise(data, d, p, name):
    x = data.draw(vectors(d))
    network, params = recover(name, d, p, dtype=object)
    assert at(network, params, x) == {"relu": spec.relu, "absolute": spec.absolute, "crelu": crelu}[name](x)
    assert depth(network) == 1
    assert network.layers[0].d_out == (4 * d if name == "absolute" and p == 2 else 2 * d)


@given(st.data(), st.integers(1, 3), exponents, st.fractions(-1, 1, max_denominator=12))
@settings(max_examples=60)
def test_leaky_relu_of_every_rational_slope(data, d, p, slope):
    x = data.draw(vectors(d))
    network, params = recover("leaky_relu", d, p, slope=slope, dtype=object)
    assert at(network, params, x) == spec.leaky_relu(x, slope)
    assert network.layers[0].d_out <= 8 * d
    if d == 1:
        all_norms_are_one(network, params, p)


@given(st.data(), st.integers(1, 2), st.integers(1, 6), exponents)
@settings(max_examples=60)
def test_maxout_and_group_sort(data, copies, k, p):
    x = data.draw(vectors(copies * k))
    groups = [x[k * i : k * (i + 1)] for i in range(copies)]
    network, params = recover("maxout", len(x), p, group_size=k, dtype=object)
    assert at(network, params, x) == [max(group) for group in groups]
    assert depth(network) == (k - 1).bit_length()
    network, params = recover("group_sort", len(x), p, group_size=k, dtype=object)
    assert at(network, params, x) == spec.group_sort(x, k)
    t = (k - 1).bit_length()
    assert depth(network) == t * (t + 1) // 2
    assert all(layer.d_out <= (4 if p == 2 else 2) * len(x) for layer in network.layers)


@pytest.mark.parametrize("p", EXPONENTS)
@pytest.mark.parametrize(
    ("name", "d", "options"),
    [("relu", 2, {}), ("absolute", 2, {}), ("crelu", 2, {})]
    + [(name, k, {"group_size": k}) for name in ("maxout", "group_sort") for k in (3, 4)],
)
def test_every_weight_has_norm_one(name, d, options, p):
    network, params = recover(name, d, p, **options, dtype=object)
    all_norms_are_one(network, params, p)
    assert {abs(v) for w, _ in params for v in w.ravel()} <= {Fraction(i, 4) for i in (0, 1, 2, 4)}
    floats = [(w.astype(float), b.astype(float)) for w, b in params]
    same, given_floats = recover(name, d, p, **options)
    assert same == network
    assert all(np.array_equal(v, w) for (v, _), (w, _) in zip(floats, given_floats, strict=True))
    # the certificate's Schatten bound is within a factor 1 + 3e-9 of a spectral norm, and rounding, in each layer
    assert lipschitz_bound(same, given_floats, p).constant <= (1 + 4e-9) ** len(params)


@given(st.floats(-1, 1), exponents)
@settings(max_examples=50)
def test_leaky_relu_in_floats(slope, p):
    network, params = recover("leaky_relu", 1, p, slope=slope)
    x = np.array([[-3.0], [0.0], [0.1], [2.0]])
    assert np.allclose(network.value(params, x), np.where(x > 0, x, slope * x), rtol=4e-16, atol=0 if p != 2 else 2e-15)
    for norm in norms(network, params, p):
        assert abs(norm.hi - 1) <= Fraction(4, 2**53)  # as the docstring says


def test_max_min_of_absolute_values():
    """The other direction, on its box, for p = 2; beyond the box it fails."""
    network, params = recover("max_min", 4, radius=Fraction(3), dtype=object)
    for x in product((Fraction(-3), Fraction(1, 2), Fraction(3)), repeat=2):
        assert at(network, params, [*x, *reversed(x)]) == spec.max_min([*x, *reversed(x)])
    assert network.layers[0].activation == Absolute()
    assert units(network) == 12
    for norm in norms(network, params, 2):
        assert norm.lo <= 1 <= norm.hi
    outside = [Fraction(-4)] * 4
    assert at(network, params, outside) != outside


@pytest.mark.parametrize("n", range(1, 11))
def test_sorting_networks_by_the_zero_one_principle(n):
    """A comparator network that sorts all vectors of zeros and ones sorts everything (Knuth 5.3.4 Z)."""
    for x in product((0, 1), repeat=n):
        wires = list(x)
        for stage in odd_even_merge_sort(n):
            assert len({i for pair in stage for i in pair}) == 2 * len(stage)  # disjoint pairs
            for i, j in stage:
                wires[i], wires[j] = min(wires[i], wires[j]), max(wires[i], wires[j])
        assert wires == sorted(x)
        stages, last = tournament(n)
        wires = list(x)
        for i, j in (pair for stage in stages for pair in stage):
            wires[i], wires[j] = min(wires[i], wires[j]), max(wires[i], wires[j])
        assert wires[last] == max(x)


@given(st.fractions(0, 3, max_denominator=100))
def test_squares(x):
    roots = squares(x)
    assert sum(r * r for r in roots) == x
    assert len(roots) <= 4


def test_gradients_keep_their_norm():
    """|x| and GroupSort keep the gradient's 2-norm; ReLU does not."""
    x = np.array([[0.5, -1.5, 0.25, -2.0]])
    for name, options in (("absolute", {}), ("group_sort", {"group_size": 4})):
        network, params = recover(name, 4, 2, **options)
        singular = np.linalg.svd(network.forward(params, x)[1].jacobian()[0], compute_uv=False)
        assert np.array_equal(singular, np.ones(4)) or np.allclose(singular, 1, rtol=0, atol=1e-15)
    network, params = recover("relu", 4, 2)
    assert np.array_equal(network.forward(params, x)[1].jacobian()[0], np.diag([1.0, 0.0, 1.0, 0.0]))


def test_bad_input():
    with pytest.raises(ValueError, match="must be one of relu"):
        recover("tanh", 2)
    with pytest.raises(ValueError, match="group_size 3 does not divide the 4 features"):
        recover("maxout", 4, group_size=3)
    with pytest.raises(TypeError, match="group_size must be an integer, got None"):
        recover("group_sort", 4)
    with pytest.raises(ValueError, match="group_size must be at least 1"):
        recover("group_sort", 4, group_size=0)
    with pytest.raises(TypeError, match=r"relu has no slope, got 0\.5"):
        recover("relu", 4, slope=0.5)
    with pytest.raises(ValueError, match=r"slope must lie in \[-1, 1\]"):
        recover("leaky_relu", 2, slope=1.5)
    with pytest.raises(ValueError, match="slope must lie"):
        recover("leaky_relu", 2, slope=math.nan)
    with pytest.raises(TypeError, match="needs a slope"):
        recover("leaky_relu", 2)
    with pytest.raises(TypeError, match="Fraction or an int"):
        recover("leaky_relu", 2, slope=0.5, dtype=object)
    with pytest.raises(ValueError, match="four squares"):
        recover("leaky_relu", 2, 2, slope=Fraction(1, 999_983), dtype=object)
    with pytest.raises(ValueError, match="p must be one of 1, 2, inf, got 3"):
        recover("relu", 2, 3)
    with pytest.raises(ValueError, match="p must be one of 2, got 1"):
        recover("max_min", 2, 1, radius=1.0)
    with pytest.raises(ValueError, match="even number"):
        recover("max_min", 3, radius=1.0)
    with pytest.raises(TypeError, match="radius must be a real number"):
        recover("max_min", 2)
    with pytest.raises(TypeError, match="dtype must be a floating type"):
        recover("relu", 2, dtype=int)
    with pytest.raises(ValueError, match="d must be at least 1"):
        recover("relu", 0)
