"""FGSM and PGD where the answer is known, and what they promise: points inside, restarts, determinism, errors."""

import math
from fractions import Fraction

import numpy as np
import pytest

from refsort.certify import margins
from refsort.certify.attacks import (
    Attack,
    attacked_accuracy,
    constant_step,
    cross_entropy_loss,
    decaying_step,
    fgsm,
    margin_loss,
    pgd,
)
from refsort.certify.attacks.objective import input_gradient
from refsort.nets import Absolute, Bjorck, Layer, MaxMin, Network, ReLU, gaussian

INF = math.inf


def dense(sizes, seed, activation=None, dtype=np.float64):
    network = Network.dense(sizes, activation or MaxMin())
    rng = np.random.default_rng(seed)
    params = [(w, 0.3 * rng.standard_normal(b.shape)) for w, b in network.init(rng, gaussian)]
    return network, [(w.astype(dtype), b.astype(dtype)) for w, b in params]


def linear(seed, d=6, k=4):
    network, params = dense([d, k], seed)
    x = np.random.default_rng(seed + 1).uniform(0.2, 0.8, (25, d))
    return network, params, x, np.argmax(network.value(params, x), axis=1)


def margin_value(logits, labels):
    others = [[v for i, v in enumerate(row) if i != t] for row, t in zip(logits.tolist(), labels, strict=True)]
    return np.array([max(o) - row[t] for o, row, t in zip(others, logits.tolist(), labels, strict=True)])


def cross_entropy_value(logits, labels):
    return np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(labels)), labels]


@pytest.mark.parametrize(("loss", "value"), [(margin_loss, margin_value), (cross_entropy_loss, cross_entropy_value)])
def test_gradients_against_central_differences(loss, value):
    network, params = dense([5, 8, 6, 3], 0)
    rng = np.random.default_rng(1)
    x, labels = rng.standard_normal((40, 5)), rng.integers(0, 3, 40)
    gradient = input_gradient(network, params, x, labels, loss)
    v, h = rng.standard_normal((40, 5)), 1e-6
    up, down = (value(network.value(params, x + s * h * v), labels) for s in (1, -1))
    middle = value(network.value(params, x), labels)
    slopes, along = (up - down) / (2 * h), np.einsum("ij,ij->i", gradient, v)
    smooth = np.abs(up + down - 2 * middle) < 1e-8  # a kink between the two points shows as a second difference of h
    assert smooth.sum() >= 35
    # differences: rounding 1e-16 / h and curvature h^2; the norms are of order 1
    assert np.all(np.abs(slopes - along)[smooth] <= 1e-8)


@pytest.mark.parametrize("p", [2, INF])
def test_the_least_perturbation_of_a_linear_classifier_is_found_from_above_and_never_from_below(p):
    network, params, x, labels = linear(3)
    w, y = params[0][0], network.value(params, x)
    dual = {2: 2, INF: 1}[p]
    exact = np.array(
        [
            min((row[t] - row[j]) / np.linalg.norm(w[t] - w[j], dual) for j in range(4) if j != t)
            for row, t in zip(y, labels, strict=True)
        ]
    )
    # 1e-6 is far above rounding and far below what the steps could miss: the margin is piecewise linear and concave
    below = pgd(network, params, x, labels, exact * (1 - 1e-6), p, restarts=3, rng=np.random.default_rng(0))
    assert not below.broken.any()
    assert np.all(below.margins > 0)
    # the runner-up at x need not be the nearest class, so each class gets a run of its own
    above = pgd(network, params, x, labels, exact * (1 + 1e-6), p, competitors=3)
    assert above.broken.all()
    runner_up_alone = pgd(network, params, x, labels, exact * (1 + 1e-6), p, competitors=1)
    assert 10 <= runner_up_alone.broken.sum() < 25
    nearest = np.argsort(-y, axis=1)[:, 1]
    towards = (y[np.arange(25), labels] - y[np.arange(25), nearest]) / np.linalg.norm(
        w[labels] - w[nearest], dual, axis=1
    )
    easy = towards == exact
    assert easy.sum() >= 10
    assert runner_up_alone.broken[easy].all()
    assert np.all(below.margins[easy] <= 2e-6 * margins(y, labels)[easy])  # and from below it is nearly reached
    assert fgsm(network, params, x, labels, exact * (1 + 1e-6), p).broken[easy].all()


@pytest.mark.parametrize("p", [2, INF])
@pytest.mark.parametrize("box", [None, (0.0, 1.0)])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_every_point_lies_in_ball_and_box_exactly(p, box, dtype):
    network, params = dense([9, 8, 3], 4, dtype=dtype)
    rng = np.random.default_rng(0)
    x = rng.choice([0.0, 0.25, 1 / 3, 0.9, 1.0], (12, 9)).astype(dtype)
    labels = np.argmax(network.value(params, x), axis=1)
    radius = rng.uniform(0.01, 2, 12)
    for attack in (
        fgsm(network, params, x, labels, radius, p, box),
        pgd(network, params, x, labels, radius, p, box, steps=7, restarts=3, rng=rng),
    ):
        assert attack.adversarial.dtype == dtype
        assert np.any(attack.broken)
        for z, c, r in zip(attack.adversarial.tolist(), x.tolist(), radius.tolist(), strict=True):
            gaps = [abs(Fraction(a) - Fraction(b)) for a, b in zip(z, c, strict=True)]
            size = max(gaps) if p == INF else sum(g * g for g in gaps)
            assert size <= (Fraction(r) if p == INF else Fraction(r) ** 2)
            assert box is None or (min(z) >= box[0] and max(z) <= box[1])
        left = margins(network.value(params, attack.adversarial), labels)
        assert np.array_equal(attack.margins, left)
        assert np.array_equal(attack.broken, left <= 0)


def hidden_minimum():
    """max(x, 0) against 0.5 in one dimension, with the label on the flat side: x = 0 has gradient 0 towards x > 0.5."""
    network = Network((Layer(1, 1, ReLU()), Layer(1, 2)))
    return network, [(np.ones((1, 1)), np.zeros(1)), (np.array([[0.0], [1.0]]), np.array([0.5, 0.0]))]


def test_restarts_find_what_the_run_from_the_input_cannot():
    network, params = hidden_minimum()
    x, labels = np.full((20, 1), -0.5), np.zeros(20, int)
    assert not pgd(network, params, x, labels, 2.0).broken.any()
    one = pgd(network, params, x, labels, 2.0, restarts=2, rng=np.random.default_rng(0)).broken.sum()
    ten = pgd(network, params, x, labels, 2.0, restarts=10, rng=np.random.default_rng(0)).broken.sum()
    assert 0 < one < 20 == ten  # the steep side is half of the ball


def test_more_steps_and_pgd_are_no_weaker_than_one_step():
    network, params = dense([10, 16, 16, 4], 7)
    x = np.random.default_rng(0).uniform(0, 1, (60, 10))
    labels = np.argmax(network.value(params, x), axis=1)
    r = 0.15
    single = fgsm(network, params, x, labels, r, 2, (0, 1))
    many = pgd(network, params, x, labels, r, 2, (0, 1), step_size=decaying_step, steps=30)
    assert many.broken.sum() >= single.broken.sum()
    unbroken = ~many.broken
    assert 0 < unbroken.sum() < 60
    assert many.margins[unbroken].mean() <= single.margins[unbroken].mean()
    assert np.all(many.margins <= margins(network.value(params, x), labels))
    entropy = pgd(network, params, x, labels, r, 2, (0, 1), loss=cross_entropy_loss)
    assert entropy.broken.sum() >= single.broken.sum() * 0.8  # another objective, about as strong


def test_the_best_point_on_the_way_is_kept():
    # the margin 1 + |x - 0.3| from x = 0 by steps of 0.5, 0.9 and 0.1 towards 0.3: through 0.5, -0.4 and -0.3
    network = Network((Layer(1, 1, Absolute()), Layer(1, 2)))
    params = [(np.ones((1, 1)), np.array([-0.3])), (np.array([[1.0], [0.0]]), np.array([1.0, 0.0]))]
    attack = pgd(network, params, [[0.0]], [0], 1.0, steps=3, step_size=lambda k, steps: (0.5, 0.9, 0.1)[k])
    assert attack.adversarial.tolist() == [[0.5]]
    assert attack.margins == pytest.approx([1.2], abs=1e-15)


def test_the_outcome_depends_on_the_generator_alone():
    network, params = dense([6, 8, 3], 2)
    x = np.random.default_rng(0).uniform(0, 1, (15, 6))
    labels = np.argmax(network.value(params, x), axis=1)
    runs = [
        pgd(network, params, x, labels, 0.05, INF, restarts=3, steps=3, rng=np.random.default_rng(seed)).adversarial
        for seed in (0, 0, 1)
    ]
    assert np.array_equal(runs[0], runs[1])
    assert not np.array_equal(runs[0], runs[2])


def test_inputs_that_are_wrong_already_stay_where_they_are():
    network, params, x, labels = linear(0)
    for attack in (pgd(network, params, x, (labels + 1) % 4, 0.5), fgsm(network, params, x, (labels + 1) % 4, 0.5)):
        assert attack.broken.all()
        assert np.array_equal(attack.adversarial, x)
        assert attacked_accuracy(attack) == 0.0


def test_weight_maps_are_used_as_the_network_uses_them():
    network = Network.dense([5, 6, 3], MaxMin(), Bjorck(10))
    params = network.init(np.random.default_rng(0), gaussian)
    x = np.random.default_rng(1).uniform(0, 1, (8, 5))
    labels = np.argmax(network.value(params, x), axis=1)
    attack = pgd(network, params, x, labels, 0.01)
    assert np.array_equal(attack.margins, margins(network.value(params, attack.adversarial), labels))


def test_nothing_to_attack():
    network, params, x, labels = linear(0)
    assert pgd(network, params, x[:0], labels[:0], 0.1).broken.shape == (0,)
    with pytest.raises(ValueError, match="no inputs"):
        attacked_accuracy(Attack(x[:0], np.zeros(0), np.zeros(0, bool)))


def test_step_rules():
    assert sum(constant_step(k, 20) for k in range(20)) == pytest.approx(2.5, abs=1e-12)
    sizes = [decaying_step(k, 10) for k in range(10)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] == 2
    assert 0 < sizes[-1] < 0.1


X = np.full((2, 6), 0.5)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"radius": 0.0}, ValueError, "a radius must be positive"),
        ({"radius": -1.0}, ValueError, "got -1.0"),
        ({"radius": [0.1, np.nan]}, ValueError, "got nan"),
        ({"radius": np.inf}, ValueError, "got inf"),
        ({"radius": [0.1, 0.2, 0.3]}, ValueError, r"one for each of 2 inputs, got shape \(3,\)"),
        ({"x": X + 0.6}, ValueError, r"2 inputs lie outside of the box \[0\.0, 1\.0\]"),
        ({"x": X[0]}, ValueError, r"must be \(n, 6\) for this network, got shape \(6,\)"),
        ({"x": X[:, :5]}, ValueError, "got shape"),
        ({"x": X * np.nan}, ValueError, "12 entries that are not finite"),
        ({"x": X.astype(int)}, TypeError, "int64"),
        ({"x": X.astype(np.float32)}, TypeError, "one dtype"),
        ({"labels": [0, 4]}, ValueError, r"0 \.\.\. 3, got 0 \.\.\. 4"),
        ({"labels": [0, -1]}, ValueError, "got -1"),
        ({"labels": [0]}, ValueError, "as many labels"),
        ({"labels": [0.0, 1.0]}, TypeError, "float64"),
        ({"p": 1}, ValueError, r"p must be 2 or math\.inf, got 1"),
        ({"p": 3}, ValueError, "got 3"),
        ({"box": (1, 0)}, ValueError, "lo < hi"),
        ({"box": (0, np.nan)}, ValueError, "finite bounds"),
    ],
)
@pytest.mark.parametrize("attack", [fgsm, pgd])
def test_bad_input(attack, change, error, words):
    network, params, _, _ = linear(0)
    arguments = {"x": X, "labels": [0, 1], "radius": 0.1, "p": 2, "box": (0, 1), **change}
    with pytest.raises(error, match=words):
        attack(network, params, **arguments)


def test_bad_options_and_networks():
    network, params, x, labels = linear(0)
    with pytest.raises(TypeError, match="pass rng"):
        pgd(network, params, x, labels, 0.1, restarts=2)
    with pytest.raises(ValueError, match="steps must be at least 1, got 0"):
        pgd(network, params, x, labels, 0.1, steps=0)
    broken = [(params[0][0] * np.nan, params[0][1])]
    with pytest.raises(ValueError, match="25 inputs have logits that are not finite"):
        pgd(network, broken, x, labels, 0.1)
    narrow = [(w.astype(np.float32), b.astype(np.float32)) for w, b in params]
    with pytest.raises(ValueError, match="no numbers of float32"):
        fgsm(network, narrow, x.astype(np.float32), labels, 0.1, 2, (0.1, 1.0))
