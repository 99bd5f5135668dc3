"""Movements: every float16 input near x keeps the features of every layer within offset and slope."""

import math

import numpy as np
import pytest

from refsort.certify.movement import least_distance, movements
from refsort.nets import Layer, LeakyReLU, MaxMin, Network
from tests.certify.small_networks import backwards, draw, forwards, value_in_order

INF = math.inf


def half(a):
    return np.array(a, np.float16)


# y -> 4 y - 1 keeps 1/3 and multiplies errors by 4; the first layer rounds x / 3
GROWING = Network((Layer(1, 1), *[Layer(1, 1)] * 4))
GROWN = [(half([[1 / 3]]), half([0])), *[(half([[4]]), half([-1]))] * 4]
STEEP = Network((Layer(1, 2, LeakyReLU(-3.0)), Layer(2, 2, LeakyReLU(2.5)), Layer(2, 2)))
STEEPER = [
    (half([[1], [-0.7]]), half([0, 1])),
    (half([[1, 0.3], [-0.9, -1]]), half([0, 0])),
    (half(np.eye(2)), half([0, 0])),
]


@pytest.mark.parametrize(
    ("network", "params"), [(GROWING, GROWN), (STEEP, STEEPER), draw(np.random.default_rng(0), np.float16, MaxMin(), 1)]
)
@pytest.mark.parametrize(("p", "q"), [(1, 1), (2, 2), (INF, INF)])
def test_every_layer_stays_within_its_movement(network, params, p, q):
    x = half([[1.0], [-0.3]])
    steps = list(movements(network, params, x, p, q))
    grid = x.astype(float) + np.linspace(-0.02, 0.02, 401)
    for row, points in enumerate(grid.astype(np.float16)):
        points = points[:, None]
        distance = np.abs(points.astype(float) - x[row].astype(float))[:, 0]
        for i, step in enumerate(steps):
            part = Network(network.layers[: i + 1])
            for order in (forwards, backwards):
                h = value_in_order(part, params[: i + 1], points, order).astype(float)
                moved = np.linalg.norm(h - step.run.h[row].astype(float), q, axis=1)
                # norms of differences of float16 numbers: exact to some 2^-52, far below one rounding of float16
                assert np.all(moved <= (step.offset_after[row] + step.slope_after * distance) * (1 + 1e-14))


def test_slopes_are_the_product_of_the_norms_but_for_roundoff():
    steps = list(movements(GROWING, GROWN, half([[1.0]]), INF, INF))
    u = 2.0**-11
    for i, step in enumerate(steps):
        product = 4.0**i * float(GROWN[0][0][0, 0])
        assert product < step.slope_after <= product * (1 + 3 * u / (1 - 3 * u)) ** (i + 1) * (1 + 1e-14)
    assert all(a.offset_after[0] > 4 * a.offset[0] for a in steps[1:])


def test_distances():
    gap, offset = np.array([3.0, 1.0, 3.0, 3.0]), np.array([1.0, 1.0, np.nan, np.inf])
    assert least_distance(gap, offset, 2.0).tolist() == [1 - 2.0**-52, -INF, -INF, -INF]  # a step for each operation
    assert least_distance(gap[:1], offset[:1], 0.0).tolist() == [INF]
