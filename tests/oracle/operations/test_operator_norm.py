"""Operator norms: which shares at ties and zeros are admissible; the truth is the definition."""

import math
from fractions import Fraction

import numpy as np
import pytest

from refsort import spec
from refsort.oracle import Case
from refsort.oracle.operations import operator_norm
from refsort.oracle.operations.exactly import exact
from refsort.oracle.tolerances import Precision

OP = "operator_norm"
SPLIT = [pair for pair in operator_norm.PAIRS if pair != (2, 2)]


def ratio(w, p, q, found, y_bar=1.0):
    case = Case(OP, "float64", (np.array(w),), {"p": p, "q": q}, np.array(y_bar))
    gradients = [exact(np.array(found, dtype=float))]
    (claim,) = operator_norm.OPERATOR_NORM.gradients(case, gradients, Precision.of("float64"))
    return claim.kind, claim.ratio <= 1


def test_membership_in_the_hull_of_tied_columns():
    w = [[1.0, -2.0], [1.0, 0.0]]
    assert ratio(w, 1, 1, [[1, 0], [1, 0]]) == ("kink", True)
    assert ratio(w, 1, 1, [[0, -1], [0, 0]]) == ("kink", True)
    assert ratio(w, 1, 1, [[0, -1], [0, 1]]) == ("kink", True)
    assert ratio(w, 1, 1, [[0.25, -0.75], [0.25, -0.5]]) == ("kink", True)
    assert ratio(w, 1, 1, [[0.25, -0.75], [0.25, 1]]) == ("kink", False)  # more at the zero than its column's share
    assert ratio(w, 1, 1, [[0.25, -0.75], [0.5, 0]]) == ("kink", False)  # one column, two shares
    assert ratio(w, 1, 1, [[1, -1], [1, 0]]) == ("kink", False)  # shares of sum 2
    assert ratio(w, 1, 1, [[2, 1], [2, 0]]) == ("kink", False)  # a negative share


def test_unit_vectors_and_zero():
    w = [[3.0, 0.0], [4.0, 1.0]]
    assert ratio(w, 1, 2, [[0.6, 0], [0.8, 0]]) == ("gradient", True)
    assert ratio(w, 1, 2, [[-1.2, 0], [-1.6, 0]], y_bar=-2.0) == ("gradient", True)
    assert ratio(w, 1, 2, [[0.8, 0], [0.6, 0]]) == ("gradient", False)
    assert ratio(w, 1, 2, [[0.6, 0], [0.8, 0.001]]) == ("gradient", False)
    zeros = [[0.0, 0.0], [0.0, 0.0]]
    assert ratio(zeros, 1, 2, [[0.3, 0], [0.4, 0.5]]) == ("kink", True)
    assert ratio(zeros, 1, 2, [[0.6, 0], [0.8, 0.5]]) == ("kink", False)
    assert ratio(zeros, 1, math.inf, [[0.25, 0.25], [0.25, 0.25]]) == ("kink", True)
    assert ratio(zeros, 1, math.inf, [[0.25, 0.25], [0.25, 0.5]]) == ("kink", False)


@pytest.mark.parametrize(("p", "q"), SPLIT)
def test_the_truth_is_the_definition_and_the_bound_says_something(p, q):
    w = np.random.default_rng(3).integers(-50, 50, (3, 4)) / 8
    case = Case(OP, "float64", (w,), {"p": p, "q": q}, np.array(1.0))
    enclosure = spec.operator_norm(w.tolist(), p, q)
    assert enclosure.lo * (1 - Fraction(1, 2**60)) <= operator_norm.truth(case).item() <= enclosure.hi
    bound = max(vector.error for vector in operator_norm.vectors_of(case, Precision.of("float64")))
    assert bound <= 12 * Precision.of("float64").u * enclosure.hi
