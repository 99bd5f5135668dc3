"""Cross-entropy: the truth against closed forms, and what the bound says."""

import math
from fractions import Fraction

import numpy as np
import pytest

from refsort.oracle import Case
from refsort.oracle.operations import cross_entropy
from refsort.oracle.tolerances import Precision

OP = "cross_entropy"


def test_the_truth_is_that_of_closed_forms():
    def sample(logits, t, temperature=1.0, margin=0.0):
        params = {"temperature": temperature, "margin": margin}
        case = Case(OP, "float64", (np.array([logits]), np.array([t])), params, np.array(1.0))
        return cross_entropy.samples_of(case, Precision.of("float64"))[0]

    for found, expected in (
        (sample([1.0, 1.0, 1.0], 2).loss, math.log(3)),
        (sample([0.0, 0.0], 0, 2.0, 1.5).loss, math.log1p(math.exp(3))),
        (sample([2.0, -1.0], 0, 0.5).loss, math.log1p(math.exp(-1.5))),
        (sample([1000.0, 0.0], 1).loss, 1000.0),
    ):
        assert abs(float(found) - expected) <= 1e-15 * expected
    assert [float(s) for s in sample([1.0, 1.0], 0).softmax] == [0.5, 0.5]
    total = sum(sample([3.0, -7.0, 0.5], 1).softmax)
    assert abs(total - 1) < Fraction(1, 10**55)


@pytest.mark.parametrize(("dtype", "most"), [("float16", 0.1), ("float32", 1e-5), ("float64", 2e-14)])
def test_the_bound_says_something(dtype, most):
    y = np.array([[1, 0, -1], [0, 1, 0]], dtype)
    params = {"temperature": 1.0, "margin": 0.5}
    case = Case(OP, dtype, (y, np.array([0, 1])), params, np.array(1, dtype))
    precision = Precision.of(dtype)
    assert 0 < cross_entropy.value_error(cross_entropy.samples_of(case, precision), precision) < most
