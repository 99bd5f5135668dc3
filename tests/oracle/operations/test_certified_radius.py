"""Certified radii: the truth and its bound, and what is drawn."""

import math
from fractions import Fraction

import numpy as np

from refsort.oracle import Case, cases
from refsort.oracle.operations import certified_radius as module
from refsort.oracle.tolerances import Precision

OP = "certified_radius"


def test_truth_and_bound():
    y, t = np.array([[3.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 4.0, 1.0]]), np.array([0, 0, 0])
    case = Case(OP, "float64", (y, t), {"lipschitz": 0.5, "p": math.inf}, np.zeros(3))
    assert module.truth(case).tolist() == [2, 0, 0]
    assert abs(module.truth(case._replace(params={"lipschitz": 0.5, "p": 2}))[0] ** 2 - 8) < Fraction(1, 10**30)
    bounds = module.value_errors(module.truth(case), Precision.of("float64"))
    assert bounds[1] == bounds[2] == 0 < bounds[0] < Fraction(1, 2**47)


def test_empty_batches_and_every_p_are_drawn():
    from hypothesis import find

    for p in (1, 2, 3, math.inf):
        assert find(cases(OP, "float32"), lambda case, p=p: case.params["p"] == p).params["p"] == p
    assert find(cases(OP, "float32"), lambda case: case.arrays[0].shape[0] == 0).cotangent.shape == (0,)
