"""The hinge-regularised loss: every slope at its corners passes, other weights of its two parts do not."""

from fractions import Fraction

import numpy as np
import pytest

from refsort.oracle import Case
from refsort.oracle.operations import hkr
from refsort.oracle.operations.exactly import exact
from refsort.oracle.tolerances import Precision

OP, ALL = "hkr", ("float16", "float32", "float64")


def loss(arrays, params, g, at_corner=0.0, kr=1, hinge_size=None, alpha=None):
    (p, q), f = arrays, arrays[0].dtype.type
    margin, alpha = f(params["margin"]), f(params["alpha"] if alpha is None else alpha)
    size = f(p.size + q.size if hinge_size is None else hinge_size(p, q))
    lacking = [margin - p, margin + q]
    hinge = sum(np.maximum(x, 0).sum(dtype=p.dtype) for x in lacking) / size
    slopes = [np.where(x > 0, 1, np.where(x == 0, at_corner, 0)).astype(p.dtype) for x in lacking]
    p_bar, q_bar = (
        -s * g * (f(kr) / f(a.size) + alpha * o / size) for s, a, o in zip((1, -1), arrays, slopes, strict=True)
    )
    value = f(kr) * (q.mean(dtype=p.dtype) - p.mean(dtype=p.dtype)) + alpha * hinge
    return value, [p_bar, q_bar]


@pytest.mark.parametrize("at_corner", [0.0, 0.5, 1.0, 0.3])
def test_every_slope_at_the_corner_passes(passes, at_corner):
    passes(OP, lambda arrays, params, g: loss(arrays, params, g, at_corner), dtypes=ALL)


FAULTS = {
    "plus_kr": {"kr": -1},
    "kr_forgotten": {"kr": 0},
    "a_hinge_mean_on_each_sample": {"hinge_size": lambda p, q: p.size},
    "half_of_the_hinge": {"hinge_size": lambda p, q: 2 * (p.size + q.size)},
    "a_sum_of_hinges": {"hinge_size": lambda p, q: 1},
    "alpha_ignored": {"alpha": 1.0},
    "twice_the_slope_at_corners": {"at_corner": 2.0},
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_failed(fails, name):
    fails(OP, lambda arrays, params, g: loss(arrays, params, g, **FAULTS[name]))


@pytest.mark.parametrize("part", ["gradient", "sign", "margin"])
def test_a_fault_in_one_part_is_failed(fails, part):
    def function(arrays, params, g):
        if part == "margin":
            return loss(arrays, params | {"margin": 2 * params["margin"]}, g)
        v, (a, b) = loss(arrays, params, g)
        return v, [a, -b] if part == "sign" else [a * a.size, b * b.size]

    fails(OP, function)


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
