"""Division by the exact norm: the derivative of the norm belongs to it, and estimates and epsilons do not."""

import numpy as np
import pytest

from refsort.oracle import Case
from refsort.oracle.operations import spectral_normalize as module
from refsort.oracle.operations.exactly import exact
from refsort.oracle.tolerances import Precision

OP = "spectral_normalize"


def normalize(arrays, params, g, pair=0):
    w = arrays[0]
    u, s, vt = np.linalg.svd(w)
    d = np.outer(u[:, pair], vt[pair])
    y = w / s[0]
    return y, [(g - d * (g * y).sum()) / s[0]]


def test_the_quotient_rule_passes(passes):
    passes(OP, normalize)


def test_the_last_of_the_tied_pairs_passes(passes):
    def function(arrays, params, g):
        s = np.linalg.svd(arrays[0], compute_uv=False)
        return normalize(arrays, params, g, int((s >= s[0] * (1 - 4 * np.finfo(s.dtype).eps)).sum()) - 1)

    passes(OP, function)


def test_half_precision_by_way_of_single_passes(passes):
    def function(arrays, params, g):
        y, (w_bar,) = normalize([arrays[0].astype(np.float32)], params, g.astype(np.float32))
        return y.astype(np.float16), [w_bar.astype(np.float16)]

    passes(OP, function, dtypes=("float16",))


def parts(arrays, g):
    w = arrays[0]
    u, s, vt = np.linalg.svd(w)
    return w, s[0], np.outer(u[:, 0], vt[0]), (g * w / s[0]).sum()


FAULTS = {
    "by_the_frobenius_norm": lambda w, s, d, c, g: (w / np.linalg.norm(w), (g - d * c) / s),
    "only_where_the_norm_exceeds_1": lambda w, s, d, c, g: (w / max(s, 1), (g - d * c) / s),
    "an_epsilon_in_the_denominator": lambda w, s, d, c, g: (w / (s + w.dtype.type(1e-3)), (g - d * c) / s),
    "the_norm_squared": lambda w, s, d, c, g: (w / s**2, (g - d * c) / s),
    "the_norm_detached": lambda w, s, d, c, g: (w / s, g / s),
    "the_division_forgotten_in_the_gradient": lambda w, s, d, c, g: (w / s, g - d * c),
    "plus_for_minus": lambda w, s, d, c, g: (w / s, (g + d * c) / s),
    "w_for_the_pair_of_vectors": lambda w, s, d, c, g: (w / s, (g - w / s * c) / s),
    "minus_the_gradient": lambda w, s, d, c, g: (w / s, -(g - d * c) / s),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_failed(fails, name):
    def function(arrays, params, g):
        y, w_bar = FAULTS[name](*parts(arrays, g), g)
        return y.astype(g.dtype), [w_bar.astype(g.dtype)]

    fails(OP, function)


@pytest.mark.parametrize("steps", [1, 5])
def test_power_iteration_is_failed(fails, steps):
    def function(arrays, params, g):
        w = arrays[0]
        v = np.ones(w.shape[1], w.dtype)
        for _ in range(steps):
            v = w.T @ (w @ v)
            v = v / (np.linalg.norm(v) or 1)
        return (w / (np.linalg.norm(w @ v) or 1)).astype(w.dtype), normalize(arrays, params, g)[1]

    fails(OP, function)


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
    _, (found,) = normalize([w], {}, np.ones((3, 2)))
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
