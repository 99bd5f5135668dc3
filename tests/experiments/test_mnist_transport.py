"""Distances on MNIST: short runs, the sandwich, and the generator's gradient against difference quotients."""

import json
from argparse import Namespace

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from refsort.cli import main
from refsort.experiments.mnist_wgan import Game


def test_digits_exactly_and_by_critics(reproduce, mnist):
    options = ("--digits", "1", "8", "--images", "60", "--steps", "60", "--width", "16")
    result, _ = reproduce("mnist-digits", *options)
    (pair,) = result["pairs"]
    one, eight = (mnist.test.images[mnist.test.labels == d][:60].astype(np.float64) for d in (1, 8))
    cost = np.linalg.norm(one[:, None] - eight[None], axis=2)
    i, j = linear_sum_assignment(cost)
    assert pair["lower"] <= pair["upper"] <= pair["lower"] * (1 + 1e-12)
    assert pair["upper"] == pytest.approx(cost[i, j].mean(), rel=1e-12)
    for critic in pair["critics"].values():
        assert 0.2 * pair["lower"] < critic["lower"] <= pair["upper"]


def test_bad_digits_are_refused(mnist, tmp_path, capsys):
    for digits, message in ((["3"], "two or more"), (["3", "12"], "0 to 9"), (["5", "6"], "only 892 test images")):
        command = ["reproduce", "mnist-digits", "--digits", *digits, "--images", "900", "--out", str(tmp_path)]
        assert main(command) == 2
        assert message in capsys.readouterr().err


ARGS = Namespace(
    seed=0, latent=3, width=8, hidden=2, batch=5, rate=1e-2, generator_rate=1e-2, constraint="Stiefel", critic_steps=1
)


def test_the_generator_moves_along_the_gradient_of_the_critics_mean():
    game = Game(ARGS, np.random.default_rng(1).random((40, 784), np.float32))
    for run in (game.generator, game.critic):
        run.params = run.network.cast(run.params, np.float64)
    game.adversary.params = game.critic.params
    z = np.random.default_rng(2).standard_normal((5, 3))

    def loss(params):
        pictures = game.generator.network.value(params, z)
        return -np.mean(game.critic.network.value(game.critic.params, pictures))

    params = game.generator.params
    found, grads = game.adversary.gradient(game.generator.network, params, (z,))
    assert found == pytest.approx(loss(params), abs=1e-15)
    rng = np.random.default_rng(3)
    direction = [(rng.standard_normal(w.shape), rng.standard_normal(b.shape)) for w, b in params]
    slope = sum(np.vdot(g, d) for pair, of in zip(grads, direction, strict=True) for g, d in zip(pair, of, strict=True))
    step = 1e-8  # both networks are piecewise linear; so short a step crosses no kink here
    ends = [
        loss([(w + s * dw, b + s * db) for (w, b), (dw, db) in zip(params, direction, strict=True)])
        for s in (-step, step)
    ]
    # in three layers of the generator the loss is cubic along the line: rounding dominates, 1e-16 / 1e-8
    assert slope == pytest.approx((ends[1] - ends[0]) / (2 * step), abs=1e-6 * max(1, abs(slope)))


def test_a_short_game_is_judged_and_resumes(reproduce, mnist):
    options = (
        "--generator-steps",
        "20",
        "--samples",
        "50",
        "--steps",
        "40",
        "--width",
        "16",
        "--activations",
        "MaxMin",
    )
    result, out = reproduce("mnist-wgan", *options)
    exact = result["exact"]["digits and pictures"]
    (critic,) = result["critics"]
    assert exact["lower"] <= exact["upper"]
    assert 0 < critic["lower"] <= exact["upper"]
    assert main(["reproduce", "mnist-wgan", *options, "--out", str(out), "--resume"]) == 0
    again = json.loads((out / "result.json").read_text())
    assert again["exact"] == result["exact"]
    assert again["critics"][0]["lower"] == critic["lower"]
