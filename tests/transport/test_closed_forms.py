"""Distances that are known, against the exact distance of finite samples and against each other."""

import math

import numpy as np
import pytest

from refsort.data import ABSOLUTE_VALUE, HIGH_DIMENSIONAL_CONE, THREE_CONES, cones, sample_cones, sample_sphere
from refsort.transport import cone_distance, dirac_distance, shell_distance, shift_distance, wasserstein1

METRICS = ("l1", "l2", "linf")


@pytest.mark.parametrize("metric", METRICS)
def test_two_diracs(metric):
    x, y = np.random.default_rng(0).standard_normal((2, 5))
    found = wasserstein1(x[None], y[None], metric)
    # 5 differences, squares and sums, and a root: each within 9 roundings
    assert dirac_distance(x, y, metric) == pytest.approx(found.distance, rel=20 * 2.0**-53)


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_squares_neither_overflow_nor_underflow(scale):
    assert dirac_distance([3 * scale, 0.0], [0.0, 4 * scale]) == pytest.approx(5 * scale, rel=1e-15)


@pytest.mark.parametrize("metric", METRICS)
def test_a_translate(metric):
    rng = np.random.default_rng(1)
    x, v = rng.integers(-9, 10, (7, 3)), np.array([2, -3, 6])
    found = wasserstein1(x, x + v, metric)
    assert found.lower <= shift_distance(v, metric) <= found.upper
    assert shift_distance(v, metric) == {"l1": 11, "l2": 7, "linf": 6}[metric]


@pytest.mark.parametrize(("d", "radius"), [(1, 0.5), (3, 2.0), (17, 1e-3)])
def test_a_dirac_in_the_middle_of_any_points_of_a_sphere(d, radius):
    y = sample_sphere(np.random.default_rng(d), 13, d, radius, np.ones(d))
    found = wasserstein1(np.ones((1, d)), y)
    # sample_sphere rounds each coordinate of 1 + r n to 2^-53
    assert found.distance == pytest.approx(shell_distance(0, radius), abs=4 * d * 2.0**-53)


def test_shells_on_the_line_are_two_points_each():
    assert wasserstein1([-0.25, 0.25], [-1.0, 1.0]).distance == shell_distance(0.25, 1.0) == shell_distance(1.0, 0.25)


@pytest.mark.parametrize("centers", [ABSOLUTE_VALUE, THREE_CONES, HIGH_DIMENSIONAL_CONE], ids=["abs", "three", "high"])
def test_the_tasks_of_the_paper(centers):
    delta, radius = 0.25, 1.0
    p, q = sample_cones(np.random.default_rng(0), 40, centers, delta, radius)
    true = cone_distance(centers, delta, radius)
    assert true == 0.75
    # the critic of the proof attains it on every sample: its values are constant on the shells
    assert cones(p, centers).mean() - cones(q, centers).mean() == pytest.approx(true, rel=1e-14)
    # so W_1 of the finite samples, whose mass must also move between rays and centres, is at least that
    assert wasserstein1(p, q).upper >= true * (1 - 1e-14)


def test_the_coupling_of_the_proof_is_optimal_on_points_of_common_rays():
    rng = np.random.default_rng(2)
    rays = sample_sphere(rng, 9, 2)
    centers = np.asarray(THREE_CONES)[rng.integers(3, size=9)]
    found = wasserstein1(centers + 0.125 * rays, centers + rays)
    assert found.distance == pytest.approx(cone_distance(THREE_CONES, 0.125), rel=1e-14)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: dirac_distance([0.0], [0.0, 1.0]), r"got shapes \(1,\) and \(2,\)"),
        (lambda: dirac_distance([[0.0]], [[1.0]]), "must be points"),
        (lambda: dirac_distance([0.0], [math.nan]), "not finite"),
        (lambda: dirac_distance([0.0], [1.0], "cosine"), "the metric must be one of"),
        (lambda: shell_distance(-1.0, 1.0), "got -1.0"),
        (lambda: shell_distance(0.0, math.inf), "got inf"),
        (lambda: cone_distance([[0.0], [1.5]]), "center 0 is 1.5 from another, closer than 2 radius = 2.0"),
        (lambda: cone_distance([[0.0]], 2.0, 1.0), "delta must lie between 0 and the radius 1.0, got 2.0"),
    ],
)
def test_hypotheses_that_are_violated(call, words):
    with pytest.raises(ValueError, match=words):
        call()
