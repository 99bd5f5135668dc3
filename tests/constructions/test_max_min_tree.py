"""Trees of maxima and minima: against Python's own max and min, with their depth, size and norms."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refsort.constructions import max_min_tree
from refsort.nets import load_network, save_network
from tests.constructions.exactly import INF, at, depth, product_of_norms, rationals, units

PYTHON = {"max": max, "min": min}


@given(st.data(), st.integers(1, 13), st.sampled_from(["max", "min"]))
def test_one_axis(data, n, op):
    x = data.draw(st.lists(rationals(), min_size=n, max_size=n))
    network, params = max_min_tree(n, op, dtype=object)
    assert at(network, params, x) == [PYTHON[op](x)]
    assert depth(network) == (n - 1).bit_length()


@given(st.data(), st.tuples(st.integers(1, 3), st.integers(1, 5), st.integers(1, 4)), st.permutations(["max", "min"]))
def test_two_axes_with_one_kept(data, shape, ops):
    c, k, m = shape
    x = data.draw(st.lists(rationals(), min_size=c * k * m, max_size=c * k * m))
    network, params = max_min_tree(shape, ops, dtype=object)
    outer, inner = (PYTHON[op] for op in ops)
    rows = [x[m * i : m * (i + 1)] for i in range(c * k)]
    assert at(network, params, x) == [outer(inner(row) for row in rows[k * i : k * (i + 1)]) for i in range(c)]
    assert depth(network) == (k - 1).bit_length() + (m - 1).bit_length()
    assert units(network) <= c * (2 * (1 << (k - 1).bit_length()) * (1 << (m - 1).bit_length()) - 1)


@pytest.mark.parametrize(("n", "expected"), [(8, 1), (1, 1), (5, 2)])
def test_norms(n, expected):
    """Infinity norm 1 always; in the other norms 1 if no feature is repeated, else 2 or sqrt(2) for that layer."""
    network, params = max_min_tree(n, dtype=object)
    assert product_of_norms(network, params, INF) == 1
    for p in (1, 2):
        assert product_of_norms(network, params, p, INF) == 1
    repeats = [max(np.bincount(indices)) for indices, _ in params]
    assert max(repeats) == expected
    assert product_of_norms(network, params, 1) == np.prod(repeats)


def test_gradient_is_a_unit_vector_at_the_maximum():
    network, params = max_min_tree(5)
    x = np.array([[1.0, 7.0, 3.0, -2.0, 6.5], [9.0, 7.0, 3.0, -2.0, 6.5]])
    jacobian = network.forward(params, x)[1].jacobian()
    assert np.array_equal(jacobian[:, 0], np.eye(5)[[1, 0]])


def test_saved_and_loaded(tmp_path):
    network, params = max_min_tree((3, 2), ("max", "min"))
    save_network(tmp_path / "tree.npz", network, params)
    again, same = load_network(tmp_path / "tree.npz")
    assert again == network
    x = np.arange(6.0)[None]
    assert all(np.array_equal(i, j) for (i, _), (j, _) in zip(params, same, strict=True))
    assert np.array_equal(again.value(same, x), network.value(params, x))


def test_bad_input():
    with pytest.raises(ValueError, match="at least 1"):
        max_min_tree((3, 0), ("max", "min"))
    with pytest.raises(TypeError, match="must be an integer"):
        max_min_tree((2, 2.0), ("max", "min"))
    with pytest.raises(TypeError, match="dtype must be a floating type"):
        max_min_tree(3, dtype=bool)
    with pytest.raises(ValueError, match="must be 'max' or 'min'"):
        max_min_tree(4, "mean")
    with pytest.raises(ValueError, match="some of the axes"):
        max_min_tree(4, ("max", "min"))


def test_biases_have_the_dtype():
    for dtype in (np.float32, np.float64):
        assert all(b.dtype == dtype for _, b in max_min_tree(3, dtype=dtype)[1])
    assert all(type(v) is Fraction for _, b in max_min_tree(3, dtype=object)[1] for v in b)
