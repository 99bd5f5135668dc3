"""Division by the exact norm: which gradients are admissible, and what the bound says."""

import numpy as np
import pytest

from refsort.oracle import Case
from refsort.oracle.operations import spectral_normalize as module
from refsort.oracle.operations.exactly import exact
from refsort.oracle.tolerances import Precision
from tests.oracle.plain_norms import spectral_normalize

OP = "spectral_normalize"


def claims(w, g, found):
    case = Case(OP, "float64", (w,), {}, g)
    (claim,) = module.SPECTRAL_NORMALIZE.gradients(case, [exact(found)], Precision.of("float64"))
    return claim.kind, claim.ratio <= 1


def test_at_a_multiple_norm_any_subgradient_may_stand_in_the_quotient():
    w, g = np.diag([2.0, 2.0, 1.0]), np.arange(9.0).reshape(3, 3)
    c = (g * w).sum() / 2
    for weights in ([1, 0, 0], [0, 1, 0], [0.5, 0.5, 0]):
        assert claims(w, g, (g - c * np.diag(weights)) / 2) == ("kink", True)
    for weights in ([0, 0, 0], [0, 0, 1], [1, 1, 0], [-1, 0, 0], [1.5, -0.5, 0]):
        assert claims(w, g, (g - c * np.diag(weights)) / 2) == ("kink", False)


def test_the_derivative_along_w_is_zero_and_so_is_the_gradient_of_a_norm_that_is_1():
    w = np.array([[3.0, 1.0], [4.0, 2.0], [0.0, 1.0]])
    _, (found,) = spectral_normalize([w], {}, np.ones((3, 2)))
    assert abs((found * w).sum()) < 1e-14
    assert claims(w, np.ones((3, 2)), found) == ("gradient", True)
    assert claims(w, np.ones((3, 2)), found + 1e-9) == ("gradient", False)


@pytest.mark.parametrize(("dtype", "most"), [("float32", 1e-3), ("float64", 2e-12)])
def test_the_truth_has_norm_1_and_the_bound_says_something(dtype, most):
    w = np.array([[0.5, 0.25], [0.125, 0.75], [0.0, 0.375]], dtype)
    truth = module.truth(Case(OP, dtype, (w,), {}, w))
    assert abs(np.linalg.norm(truth.astype(float), 2) - 1) < 1e-15
    for found, verdict in ((truth, True), (truth * exact(np.array([1 + most]))[0], False)):
        (claim,) = module.SPECTRAL_NORMALIZE.values(Case(OP, dtype, (w,), {}, w), found, Precision.of(dtype))
        assert (claim.ratio <= 1) == verdict
