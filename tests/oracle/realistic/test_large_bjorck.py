"""Large Bjorck calls: the truth is the exact one, amplification is that of the derivative, and bugs of size fail."""

from fractions import Fraction
from functools import partial

import numpy as np
import pytest

from refsort.oracle.adapter import load
from refsort.oracle.judge import answer
from refsort.oracle.operations import Case
from refsort.oracle.operations.bjorck import coefficients_of, cotangents_of, iterates_of
from refsort.oracle.realistic import calls, claims
from refsort.oracle.realistic.bjorck import Analysis, iterate, pull_back
from refsort.oracle.tolerances import Precision

NUMPY = load("numpy")
HALF = Fraction(1, 2)


def ratios(ask, dtype="float32", seed=0):
    return [c.ratio for c in claims(ask, "bjorck", dtype, Precision.of(dtype), seed)]


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("real", [np.float64, np.longdouble])
def test_the_truth_is_the_exact_one(order, real):
    rng = np.random.default_rng(order)
    w, g = rng.integers(-8, 9, (4, 3)) / 8, rng.integers(-8, 9, (4, 3)) / 4
    case = Case("bjorck", "float64", (w,), {"iterations": 2, "order": order, "beta": 0.5}, g)
    exact = iterates_of(case)
    c = coefficients_of(order, HALF)
    iterates, residuals = iterate(w.astype(real), c, 2)
    cotangents = pull_back(iterates, residuals, c, g.astype(real))
    for found, wanted in ((iterates, exact), (cotangents, cotangents_of(case, exact))):
        for a, b in zip(found, wanted, strict=True):
            assert np.allclose(a.astype(float), b.astype(float), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_no_direction_is_magnified_by_more_than_the_divided_differences(order):
    rng = np.random.default_rng(order)
    w = rng.standard_normal((9, 5)) / 4
    c, steps = coefficients_of(order, HALF), 3
    analysis = Analysis.of(w, c, steps, Precision.of("float64"))
    iterates, residuals = iterate(w, c, steps)
    most = 0.0
    h = rng.standard_normal(w.shape)
    for _ in range(60):  # power iteration: the derivative is self-adjoint
        h /= np.linalg.norm(h)
        h = pull_back(iterates, residuals, c, h)[0]
        most = max(most, float(np.linalg.norm(h)))
    bound = analysis._amplified(0, steps)
    assert most <= bound * (1 + 1e-6)
    assert most >= bound / 2


@pytest.mark.parametrize("seed", range(2))
def test_one_step_after_another_in_single_precision_passes(seed):
    found = ratios(partial(answer, NUMPY), seed=seed)
    assert len(found) == 6
    assert 0 < max(found) < 0.5


def bjorck(case, with_gradients, product=np.matmul, coefficients=None, scale=1.0):
    """Steps of A (c_0 + Q (c_1 + ...)) with one thing changed, and the right gradient times `scale`."""
    a, order = case.arrays[0], case.params["order"]
    c = coefficients or [1.0, 0.5, 0.375, 0.3125][: order + 1]
    for _ in range(case.params["iterations"]):
        q = np.eye(a.shape[1], dtype=a.dtype) - product(a.T, a)
        total = c[-1] * np.eye(len(q), dtype=a.dtype)
        for x in c[-2::-1]:
            total = x * np.eye(len(q), dtype=a.dtype) + product(q, total)
        a = product(a, total).astype(case.arrays[0].dtype)
    gradients = [g * g.dtype.type(scale) for g in answer(NUMPY, case, True)[1]] if with_gradients else []
    return a, gradients


def short(a, bits):
    mantissa, exponent = np.frexp(a)
    return np.ldexp(np.round(mantissa * 2.0**bits) / 2.0**bits, exponent).astype(a.dtype)


def ten_bits(a, b):
    return short(a, 11) @ short(b, 11)


def sums_in_eight_bits(a, b):
    total = np.zeros((len(a), b.shape[1]), a.dtype)
    for k in range(0, a.shape[1], 32):
        total = short(total + a[:, k : k + 32] @ b[k : k + 32], 8)
    return total


def without_the_last_block(a, b):
    k = (a.shape[1] - 1) // 128 * 128
    return a[:, :k] @ b[:k] if k else a @ b


def expanded(a, b):
    """The same products, summed one by one."""
    total = np.zeros((len(a), b.shape[1]), a.dtype)
    for k in range(a.shape[1]):
        total += np.outer(a[:, k], b[k])
    return total


def test_another_order_of_summation_passes():
    assert max(ratios(partial(bjorck, product=expanded))) <= 1


@pytest.mark.parametrize("product", [ten_bits, sums_in_eight_bits, without_the_last_block])
def test_products_that_are_not_what_they_should_be_fail_in_every_order(product):
    found = ratios(partial(bjorck, product=product))
    assert all(value > 1 for value in found[::2])


def test_the_bits_of_the_arithmetic_are_said():
    found = list(claims(partial(bjorck, product=ten_bits), "bjorck", "float32", Precision.of("float32")))
    said = int(found[0].what.split("at most ")[-1].split(" bits")[0])
    assert 10 <= said <= 16


@pytest.mark.parametrize("coefficients", [[1.0, 0.45], [1.0, 0.5, 0.25]])
def test_other_coefficients_fail(coefficients):
    def other(case, with_gradients):
        right = len(coefficients) != case.params["order"] + 1
        return bjorck(case, with_gradients, coefficients=None if right else coefficients)

    for dtype in ("float32", "float64"):
        found = ratios(other, dtype)
        order = len(coefficients) - 1
        assert found[2 * order - 2] > 1
        assert max(found[: 2 * order - 2] + found[2 * order - 1 :]) <= 1


def test_a_gradient_of_another_scale_fails():
    found = ratios(partial(bjorck, scale=1.01))
    assert max(found[::2]) <= 1 < min(found[1::2])


def test_coarse_formats_have_a_bound_that_says_something():
    for dtype in ("float16", "bfloat16"):
        case = calls("bjorck", dtype, 0, 1024)[0]
        analysis = Analysis.of(case.arrays[0], [1.0, 0.5], case.params["iterations"], Precision.of(dtype))
        assert analysis.value_error() < float(np.linalg.norm(case.arrays[0].astype(float)))
