"""The exact gradients by another route: every entry from a dual number along its own direction."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refsort import spec
from refsort.oracle import Case
from refsort.oracle.operations import affine, bjorck
from refsort.oracle.operations.exactly import exact, rows


def small(shape):
    entries = st.integers(-8, 8).map(lambda k: k / 8)
    count = int(np.prod(shape))
    return st.lists(entries, min_size=count, max_size=count).map(lambda xs: np.array(xs).reshape(shape))


@settings(max_examples=20)
@given(st.sampled_from([(1, 3), (3, 2), (2, 4)]), st.sampled_from([(1, 1), (1, 3), (2, 2), (3, 1)]), st.data())
def test_the_gradient_of_bjorck_is_the_pullback_entry_by_entry(shape, order_and_steps, data):
    """The oracle uses the symmetry of the derivative step by step; this route does not know of it."""
    order, iterations = order_and_steps
    beta = data.draw(st.sampled_from([0.5, 0.375])) if order == 1 else 0.5
    params = {"iterations": iterations, "order": order, "beta": beta}
    case = Case("bjorck", "float64", (data.draw(small(shape)),), params, data.draw(small(shape)))
    iterates = bjorck.iterates_of(case)
    w, g = (exact(array).tolist() for array in (case.arrays[0], case.cotangent))
    assert iterates[-1].tolist() == spec.bjorck(w, iterations, order, Fraction(beta))
    expected = spec.pullback(lambda a: spec.bjorck(a, iterations, order, Fraction(beta)), w, g)
    assert bjorck.cotangents_of(case, iterates)[0].tolist() == expected


@settings(max_examples=20)
@given(st.data())
def test_the_gradients_of_the_affine_map_are_pullbacks(data):
    x, w, b, g = (data.draw(small(shape)) for shape in ((2, 3), (4, 3), (4,), (2, 4)))
    case = Case("affine", "float64", (x, w, b), {}, g)

    def function(arguments):
        return [spec.affine(row, arguments[1], arguments[2]) for row in arguments[0]]

    points = [exact(array).tolist() for array in (x, w, b)]
    assert affine.truth(case).tolist() == function(points)
    expected = spec.pullback(function, points, exact(g).tolist())
    assert [gradient.tolist() for gradient in affine.gradients(case)] == expected


def test_exact_takes_every_dtype_and_refuses_what_is_no_number():
    for dtype in (np.float16, np.float32, np.float64):
        third = dtype(1) / dtype(3)
        assert exact(np.array([[third]]))[0, 0] == Fraction(*third.as_integer_ratio())
    with pytest.raises(ValueError, match="finite"):
        exact(np.array([np.nan]))


def test_rows_run_along_the_axis():
    x = np.arange(24).reshape(2, 3, 4)
    assert rows(x, 1)[1].tolist() == [1, 5, 9]
    assert rows(x, -2).tolist() == rows(x, 1).tolist()
