"""The 1-D Wasserstein problem: MaxMin comes close to the distance, ReLU stays under what is known."""

import argparse

import numpy as np
import pytest

from refsort.experiments import absolute_value
from refsort.nets import load_network


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    parser = argparse.ArgumentParser()
    absolute_value.add_arguments(parser)
    args = parser.parse_args(["--width", "16", "--steps", "200"])
    args.seed, args.resume = 0, False
    out = tmp_path_factory.mktemp("absolute")
    return absolute_value.run(args, out), out


def test_estimates_are_lower_bounds_of_the_distance_and_maxmin_reaches_it(outcome):
    result, _ = outcome
    assert 0.99 <= result["critics"]["MaxMin"]["value over bound"] <= 1
    # two hidden ReLU layers: 1/sqrt(3) is the best value known; 1/2 is what one hidden layer can do
    assert 0.5 <= result["critics"]["ReLU"]["value over bound"] <= 3**-0.5


def test_the_saved_critics_have_the_reported_values(outcome):
    result, out = outcome
    for name, critic in result["critics"].items():
        network, params = load_network(out / f"critic-{name}.npz")
        f = network.value(params, np.array([[-1.0], [0.0], [1.0]]))[:, 0]
        assert critic["value"] == pytest.approx(f[1] - (f[0] + f[2]) / 2, abs=1e-15)
        assert all(np.linalg.norm(w, 2) <= critic["lipschitz bound"] for w, _ in params)


def test_the_table_shows_both(outcome):
    text = absolute_value.table(outcome[0])
    assert "MaxMin" in text
    assert "0.57735" in text
