"""The hinge-regularised loss: the interval of slopes at its corners, and what the bound says."""

from fractions import Fraction

import numpy as np

from refsort.oracle import Case
from refsort.oracle.operations import hkr
from refsort.oracle.operations.exactly import exact
from refsort.oracle.tolerances import Precision

OP = "hkr"


def test_the_interval_at_a_corner():
    case = Case(OP, "float64", (np.array([1.0]), np.array([5.0, -7.0])), {"margin": 1.0, "alpha": 3.0}, np.array(1.0))
    assert hkr.truth(case).item() == Fraction(-1 - 1) + 3 * Fraction(6, 3)

    def ratios(p_bar, *q_bar):
        found = [exact(np.array([p_bar])), exact(np.array(q_bar))]
        return [claim.ratio <= 1 for claim in hkr.HKR.gradients(case, found, Precision.of("float64"))]

    assert ratios(-1.0, 1.5, 0.5) == ratios(-2.0, 1.5, 0.5) == ratios(-1.25, 1.5, 0.5) == [True, True]
    assert ratios(-0.9, 1.5, 0.5) == ratios(-2.1, 1.5, 0.5) == [False, True]
    assert ratios(-1.0, 1.5, 0.6) == [True, False]


def test_the_bound_says_something():
    case = Case(
        OP,
        "float32",
        (np.array([1, 2], np.float32), np.array([0.5], np.float32)),
        {"margin": 1.0, "alpha": 2.0},
        np.array(1, np.float32),
    )
    assert 0 < hkr.value_error(case, Precision.of("float32")) < Fraction(1, 2**17)
