"""Three affine maps and two FullSorts: exact on the box against the formula, and what happens outside of it."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refsort.constructions import piecewise_linear, three_layer
from refsort.nets import FullSort
from tests.constructions.exactly import INF, array, at, product_of_norms, rationals, units
from tests.constructions.test_piecewise_linear import formula, pieces


@given(st.data(), st.integers(1, 4), st.integers(1, 3), st.integers(1, 2))
@settings(max_examples=40)
def test_equals_the_formula_on_the_box(data, k, m, d):
    a, b = pieces(data.draw, k, m, d), pieces(data.draw, k, m)
    if not any(v for rows in a for row in rows for v in row):
        a[0][0][0] = Fraction(1)
    radius = data.draw(rationals().filter(lambda r: r > 0))
    x = [radius * data.draw(rationals(3, (3, 4))) for _ in range(d)]
    network, params = three_layer(array(a), array(b), radius)
    if max(map(abs, x)) <= radius:
        assert at(network, params, x) == [formula(a, b, x)]
    assert [layer.activation for layer in network.layers[:2]] == [FullSort()] * 2
    assert len(network.layers) == 3
    assert units(network) == k * m + k + 1
    steepest = max(sum(map(abs, row)) for rows in a for row in rows)
    assert product_of_norms(network, params, INF) == steepest


def test_corners_of_the_box_and_beyond():
    """The offset is needed as it is: a little outside of the box groups mix."""
    a, b = array([[[Fraction(1)]], [[Fraction(-1)]]]), array([[Fraction(0)], [Fraction(0)]])
    network, params = three_layer(a, b, Fraction(2))
    for x in (Fraction(-2), Fraction(2)):
        assert at(network, params, [x]) == [2]
    assert at(network, params, [Fraction(3)]) != [3]


def test_floats_agree_with_the_tree():
    rng = np.random.default_rng(1)
    a, b = rng.standard_normal((6, 3, 2)), rng.standard_normal((6, 3))
    x = rng.uniform(-3, 3, (500, 2))
    one, other = (net.value(params, x) for net, params in (three_layer(a, b, 3.0), piecewise_linear(a, b)))
    # offsets up to 5 * 2 R, R below 15: units in the last place of 150, a few of them
    assert np.max(np.abs(one - other)) <= 8 * np.spacing(256.0)


def test_bad_input():
    with pytest.raises(ValueError, match="radius must be positive"):
        three_layer(np.ones((1, 1, 1)), np.ones((1, 1)), 0.0)
    with pytest.raises(ValueError, match="needs b"):
        three_layer(np.ones((1, 2, 1)), np.ones((2, 1)), 1.0)
    with pytest.raises(TypeError, match="as the data are Fractions"):
        three_layer(array([[[Fraction(1)]]]), array([[Fraction(1)]]), 0.5)
