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
    relu, maxmin = outcome[0]["critics"]
    assert 0.99 <= maxmin["lower"] <= 1
    # two hidden ReLU layers: 1/sqrt(3) is the best value known; 1/2 is what one hidden layer can do
    assert 0.5 <= relu["lower"] <= 3**-0.5
    assert maxmin["steep"] > 0.99


def test_the_saved_critics_have_the_reported_values(outcome):
    result, out = outcome
    for critic in result["critics"]:
        network, params = load_network(out / critic["file"])
        left, middle, right = network.value(params, np.array([[-1.0], [0.0], [1.0]]))[:, 0]
        assert all(np.linalg.norm(w, 2) <= critic["bound"] for w, _ in params)
        # a mean of a thousand pairs of equal numbers below 1
        assert critic["value"] == pytest.approx(middle - (left + right) / 2, abs=1e-14)


def test_the_table_shows_both(outcome):
    text = absolute_value.table(outcome[0])
    assert "MaxMin" in text
    assert "0.57735" in text
