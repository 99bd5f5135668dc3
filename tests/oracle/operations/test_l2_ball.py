"""Shortening rows: the bound holds for the worst roundings and says something; the gradient is a derivative."""

import itertools
from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from refsort import spec
from refsort.oracle import Case
from refsort.oracle.operations import l2_ball
from refsort.oracle.operations.exactly import exact
from refsort.oracle.tolerances import Precision

OP = "project_l2_ball"
COARSE = Precision(Fraction(1, 2**10), Fraction(0))


@settings(max_examples=60)
@given(st.lists(st.integers(-9, 9).map(Fraction), min_size=1, max_size=4).filter(any), st.integers(1, 5), st.data())
def test_the_worst_roundings_stay_within_the_bound_of_a_row_outside(v, radius, data):
    radius = Fraction(radius)
    row = l2_ball.row_of(v, radius, COARSE)
    if row.inside:
        return
    signs = itertools.cycle(data.draw(st.lists(st.sampled_from([1, -1]), min_size=9, max_size=20)))

    def rounded(x):
        return x * (1 + next(signs) * COARSE.u)

    square = Fraction(0)
    for x in v:
        square = rounded(square + rounded(x * x))
    factor = rounded(radius / rounded(spec.sqrt_enclosure(square).lo))
    case = Case(OP, "float64", (np.array([[float(x) for x in v]]),), {"radius": float(radius)}, np.zeros((1, len(v))))
    bounds = l2_ball.value_errors(row, COARSE)
    for x, expected, bound in zip(v, l2_ball.truth(case)[0], bounds, strict=True):
        assert abs(rounded(x * factor) - expected) <= bound <= 20 * COARSE.u * max(abs(expected), COARSE.u)


def test_the_gradient_is_the_limit_of_differences():
    v, g, h = np.array([3.0, -1.0, 2.0]), np.array([1.0, 2.0, -1.0]), 1e-6
    case = Case(OP, "float64", (v[None],), {"radius": 2.0}, g[None])
    (end,) = l2_ball.candidates(
        l2_ball.row_of(exact(v).tolist(), Fraction(2), Precision.of("float64")),
        exact(g).tolist(),
        Precision.of("float64"),
    )

    def value(x):
        return float(sum(l2_ball.truth(case._replace(arrays=(x[None],)))[0] * exact(g)))

    for i, found in enumerate(end.gradient):
        step = h * (np.arange(3) == i)
        assert abs((value(v + step) - value(v - step)) / (2 * h) - float(found)) < 1e-8
