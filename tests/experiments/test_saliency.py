"""Input gradients and the two numbers that describe them."""

import numpy as np
import pytest

from refsort.data import Split
from refsort.experiments.saliency import ink, margin_gradient, roughness
from refsort.nets import Free, MaxMin, Network


def test_roughness_of_known_pictures():
    i, j = np.indices((28, 28))
    board = np.where((i + j) % 2, 1.0, -1.0).ravel()
    assert roughness(np.stack([np.full(784, 3.0), board, np.zeros(784)])).tolist() == [0, 4 * 2 * 28 * 27 / 784, 0]
    noise = np.random.default_rng(0).standard_normal((2000, 784))
    # 1,512 pairs of variance 2 over 784; the mean of 2,000 such quotients has a standard error of about 0.003
    assert np.mean(roughness(noise)) == pytest.approx(2 * 1512 / 784, abs=0.02)


def test_ink_of_known_pictures():
    image = np.zeros((28, 28))
    image[10:14, 5:7] = 0.5  # with its neighbours 6 x 4 pixels
    corner = np.zeros((28, 28))
    corner[0, 0] = 1.0  # with its neighbours 2 x 2
    images = np.stack([image, image, image, corner, np.zeros((28, 28))]).reshape(5, 784)
    inside = np.zeros((28, 28))
    inside[9, 4] = -2.0
    outside = np.zeros((28, 28))
    outside[8, 4] = -2.0
    pictures = np.stack([np.ones((28, 28)), inside, outside, np.ones((28, 28)), inside]).reshape(5, 784)
    np.testing.assert_allclose(ink(pictures, images), [1, 784 / 24, 0, 1, 0], rtol=1e-14)


def test_the_gradient_of_the_margin_is_that_of_two_logits():
    rng = np.random.default_rng(2)
    network = Network.dense([6, 8, 3], MaxMin(), Free())
    params = network.init(rng)
    x, labels = rng.standard_normal((5, 6)), np.array([0, 1, 2, 0, 1])
    margin, gradient = margin_gradient(network, params, Split(x, labels))
    logits = network.value(params, x)
    others = np.where(np.eye(3, dtype=bool)[labels], -np.inf, logits)
    assert margin.tolist() == (logits[np.arange(5), labels] - others.max(axis=1)).tolist()
    step = 1e-6
    for k in range(6):  # the network is linear near these points, so a difference quotient errs by rounding alone
        ahead, _ = margin_gradient(network, params, Split(x + step * np.eye(6)[k], labels))
        behind, _ = margin_gradient(network, params, Split(x - step * np.eye(6)[k], labels))
        np.testing.assert_allclose(gradient[:, k], (ahead - behind) / (2 * step), rtol=0, atol=1e-8)


def test_a_short_run_tells_constrained_from_unconstrained(reproduce):
    result, _ = reproduce("saliency", "--width", "16", "--epochs", "1", "--images", "200")
    rows = result["networks"]
    # orthonormal weights and MaxMin: the gradient of a difference of two logits has norm sqrt 2 wherever it exists
    np.testing.assert_allclose(rows["MaxMin, orthonormal"]["norm"], np.sqrt(2), rtol=1e-5)
    assert rows["MaxMin, orthonormal"]["roughness"] < rows["ReLU, unconstrained"]["roughness"]
    assert 0 < result["images that all get right"] <= 200
