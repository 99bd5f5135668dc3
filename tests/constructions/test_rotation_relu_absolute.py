"""ReLU networks of rotations: slopes by formula, exact in rationals, spectral norms 1, and what the box is for."""

import math
from fractions import Fraction

import numpy as np
import pytest

from proofs.networks import norms
from refsort.certify import lipschitz_bound
from refsort.constructions import rotation_relu_absolute
from refsort.nets import Identity, ReLU, load_network, save_network
from tests.constructions.exactly import at

CASES = [("one_sided", n) for n in (1, 2, 3, 7, 32, 256)] + [("alternating", n) for n in (2, 4, 32, 256)]


def slopes(form, n, theta):
    """To the right of 0 and to the left, as the theory has it."""
    if form == "one_sided":
        return math.cos(theta), math.cos(theta) ** n
    c = math.cos(theta) ** (n // 2) * math.cos(theta / 2)
    return c, c


@pytest.mark.parametrize(("form", "n"), CASES)
@pytest.mark.parametrize("radius", [1.0, 5.0])
def test_slopes_on_the_box(form, n, radius):
    network, params = rotation_relu_absolute(n, radius, form)
    x = np.linspace(-radius, radius, 41)
    right, left = slopes(form, n, math.pi / (n + 1))
    y = network.value(params, x[:, None])[:, 0]
    # n layers of two products of numbers up to the radius, each passed on without growing: some 4 n u R, below 1e-12
    assert np.max(np.abs(y - np.where(x > 0, right * x, -left * x))) <= 1e-12 * radius
    assert [layer.activation for layer in network.layers] == [ReLU()] * n + [Identity()]
    assert {(layer.d_in, layer.d_out) for layer in network.layers[1:-1]} <= {(2, 2)}


@pytest.mark.parametrize(("form", "n"), CASES)
def test_spectral_norms_are_one_up_to_rounding(form, n):
    network, params = rotation_relu_absolute(n, 1.0, form)
    for norm in norms(network, params, 2):
        assert abs(norm.hi - 1) <= Fraction(3, 2**53)  # cos and sin are each rounded by about a unit of 2^-53
    # orthonormal up to rounding, where the certificate adds some units of rounding of its own in each of n + 1 layers
    assert lipschitz_bound(network, params, 2).constant <= 1 + 1e-13 * (n + 1)


@pytest.mark.parametrize(("form", "n"), [("one_sided", 1), ("one_sided", 2), ("one_sided", 9), ("alternating", 8)])
def test_rational_rotations_are_exact(form, n):
    network, params = rotation_relu_absolute(n, Fraction(2), form)
    c, s = params[1][0][0] if form == "one_sided" and n > 1 else (None, None)
    for w, _ in params:
        rows = [list(row) for row in w] if w.shape[0] <= w.shape[1] else [list(column) for column in w.T]
        gram = [[sum(a * b for a, b in zip(u, v, strict=True)) for v in rows] for u in rows]
        assert gram == [[Fraction(i == j) for j in range(len(rows))] for i in range(len(rows))]  # norm 1, exactly
    left, right = at(network, params, [Fraction(-2)])[0] / 2, at(network, params, [Fraction(2)])[0] / 2
    assert at(network, params, [Fraction(0)]) == [0]
    assert at(network, params, [Fraction(-1, 3)]) == [left / 3]  # linear on each side
    assert at(network, params, [Fraction(1, 3)]) == [right / 3]
    if form == "alternating":
        assert left == right
    elif c is not None:
        assert left == c**n
        assert s < 0
    near = slopes(form, n, math.pi / (n + 1))
    # the rotation is short of theta by less than 1 / (500 (n + 1)), n times
    assert abs(float(right) - near[0]) <= 2e-3
    assert abs(float(left) - near[1]) <= 2e-3


def test_the_gap_closes_with_depth():
    """R (1 - cos^N theta) ~ pi^2 / 2N, R (1 - c_N) ~ pi^2 / 4N: the products tend to the constants."""
    for form, constant in (("one_sided", math.pi**2 / 2), ("alternating", math.pi**2 / 4)):
        scaled = []
        for n in (64, 256, 1024):
            network, params = rotation_relu_absolute(n, 1.0, form)
            scaled.append(n * (1 - network.value(params, np.array([[-1.0]]))[0, 0]))
        assert abs(scaled[2] - constant) < abs(scaled[1] - constant) < abs(scaled[0] - constant) < 0.5


def test_beyond_the_box_the_bias_does_not_hold():
    """Where the second coordinate falls below the bias it is cut off, and the value departs from the slope."""
    network, params = rotation_relu_absolute(2, Fraction(1), "alternating")
    slope = at(network, params, [Fraction(1)])[0]
    assert at(network, params, [Fraction(10)]) != [10 * slope]


def test_saved_and_loaded(tmp_path):
    network, params = rotation_relu_absolute(4, 1.0)
    save_network(tmp_path / "net.npz", network, params)
    again, same = load_network(tmp_path / "net.npz")
    x = np.linspace(-1, 1, 9)[:, None]
    assert np.array_equal(again.value(same, x), network.value(params, x))


def test_bad_input():
    with pytest.raises(ValueError, match="depth must be at least 1"):
        rotation_relu_absolute(0)
    with pytest.raises(TypeError, match="depth must be an integer"):
        rotation_relu_absolute(2.0)
    with pytest.raises(ValueError, match="even depth, got 3"):
        rotation_relu_absolute(3, 1.0, "alternating")
    with pytest.raises(ValueError, match="positive and finite"):
        rotation_relu_absolute(3, math.inf)
    with pytest.raises(ValueError, match="form must be"):
        rotation_relu_absolute(3, 1.0, "both")
