"""Certified radii, two-sided: wrong divisors fail in both directions, careful roundings do not."""

import math
from fractions import Fraction

import numpy as np
import pytest

from refsort.oracle import Case, cases
from refsort.oracle.operations import certified_radius as module
from refsort.oracle.tolerances import Precision

OP, ALL = "certified_radius", ("float16", "float32", "float64")


def radius(arrays, params, divisor=lambda p: 2 ** (1 - 1 / p), other=np.max, clip=True):
    (y, t), f = arrays, arrays[0].dtype.type
    rest = y.copy()
    rest[np.arange(len(t)), t] = -np.inf
    m = y[np.arange(len(t)), t] - (other(rest, axis=1) if y.size else y[:, 0])
    return np.maximum(m, 0 if clip else -np.inf).astype(y.dtype) / (f(divisor(params["p"])) * f(params["lipschitz"]))


def test_the_formula_in_the_dtype_passes(passes):
    passes(OP, lambda arrays, params, g: (radius(arrays, params), None), dtypes=ALL)


def test_rounded_down_passes(passes):
    def function(arrays, params, g):
        r = radius(arrays, params)
        return np.where(r > 0, np.nextafter(r, r.dtype.type(0)), r), None

    passes(OP, function, dtypes=ALL)


FAULTS = {
    "half_the_margin_for_every_p": {"divisor": lambda p: 2},
    "no_factor_at_all": {"divisor": lambda p: 1},
    "the_square_root_for_every_p": {"divisor": lambda p: math.sqrt(2)},
    "the_exponent_of_the_dual": {"divisor": lambda p: 2 ** (1 / p)},
    "wrong_predictions_given_a_negative_radius": {"clip": False},
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_failed(fails, name):
    fails(OP, lambda arrays, params, g: (radius(arrays, params, **FAULTS[name]), None))


@pytest.mark.parametrize("factor", [0.999999, 1.000001])
def test_a_little_too_small_is_failed_as_well_as_too_large(fails, factor):
    fails(
        OP, lambda arrays, params, g: (radius(arrays, params) * arrays[0].dtype.type(factor), None), dtypes=("float64",)
    )


def test_the_lipschitz_constant_ignored_is_failed(fails):
    fails(OP, lambda arrays, params, g: (radius(arrays, params | {"lipschitz": 1.0}), None))


def test_a_prediction_taken_for_right_whatever_the_label_is_failed(fails):
    def function(arrays, params, g):
        return radius((arrays[0], np.argmax(arrays[0], axis=1)), params), None

    fails(OP, function)


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
