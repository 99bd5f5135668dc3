"""The MNIST experiment on the real data: a short run learns, and what it reports follows from what it saved."""

import math
from fractions import Fraction

import numpy as np
import pytest

from refsort.nets import load_network


@pytest.fixture(scope="module")
def outcome(reproduce):
    return reproduce("mnist-l2", "--width", "32", "--epochs", "1")


def test_a_short_run_learns(outcome):
    result, _ = outcome
    assert result["certified"]["test"][0] > 0.85  # one epoch of a narrow network gave 0.887
    for shares in result["certified"].values():
        assert shares == sorted(shares, reverse=True)
        assert shares[3] > 0.2


def test_reported_certificates_follow_from_the_saved_weights(outcome, mnist):
    result, out = outcome
    params = load_network(out / "network.npz")[1]
    singular = [np.linalg.norm(w, 2) for w, _ in params]
    assert result["lipschitz bound"] >= math.prod(singular) * (1 - 1e-12)  # an SVD errs by some 1e-13 at this size
    h = mnist.test.images.astype(np.float64)
    for i, (w, b) in enumerate(params):
        h = h @ w.T + b
        if i < len(params) - 1:
            h = np.sort(h.reshape(len(h), -1, 2), axis=2).reshape(len(h), -1)
    rows = np.arange(len(h))
    others = h.copy()
    others[rows, mnist.test.labels] = -np.inf
    margin = h[rows, mnist.test.labels] - others.max(axis=1)
    for radius, share in zip(result["radii"], result["certified"]["test"], strict=True):
        certified = np.mean(margin > math.sqrt(2) * result["lipschitz bound"] * radius)
        assert abs(share - certified) <= 1 / len(h)  # one image may sit on the line, by rounding


def test_certified_images_withstand_random_and_gradient_steps(outcome, mnist):
    result, out = outcome
    network, params = load_network(out / "network.npz")
    x, labels = mnist.test.images[:200].astype(np.float64), mnist.test.labels[:200]
    logits, at = network.forward(params, x)
    margin = logits[np.arange(200), labels] - np.max(np.where(np.eye(10, dtype=bool)[labels], -np.inf, logits), axis=1)
    rival = np.argmax(np.where(np.eye(10, dtype=bool)[labels], -np.inf, logits), axis=1)
    radius = np.maximum(margin, 0) / (math.sqrt(2) * result["lipschitz bound"])
    towards = at.backward_input(np.eye(10)[rival] - np.eye(10)[labels])
    rng = np.random.default_rng(0)
    for direction in (towards, rng.standard_normal(x.shape)):
        step = direction / np.linalg.norm(direction, axis=1, keepdims=True) * (0.999 * radius[:, None])
        predicted = np.argmax(network.value(params, x + step), axis=1)
        assert np.all(predicted[margin > 0] == labels[margin > 0])


def test_the_bound_is_exactly_what_the_layers_multiply_to(outcome):
    result, _ = outcome
    product = math.prod(map(Fraction, result["layer bounds"]))
    assert Fraction(result["lipschitz bound"]) >= product
    assert Fraction(np.nextafter(result["lipschitz bound"], 0)) < product
