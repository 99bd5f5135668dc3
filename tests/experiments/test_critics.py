"""Critics of points and spheres: the problems, the judge, and short runs of three-cones and cones."""

import json
from argparse import Namespace

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from refsort.cli import main
from refsort.data import THREE_CONES, cones
from refsort.experiments.critics import Samples, Shells, judge, trained_critic
from refsort.nets import Layer, MaxMin, Network, load_network


def test_samples_have_as_many_points_around_each_centre_at_distance_one():
    problem = Shells(np.array(THREE_CONES))
    p, q = problem.sample(np.random.default_rng(0), 7)
    assert np.array_equal(p, THREE_CONES)
    np.testing.assert_allclose(np.linalg.norm(q.reshape(2, 3, 7, 2) - p[:, None], axis=3), 1, rtol=1e-15)
    np.testing.assert_allclose(q[:21] + q[21:], 2 * np.repeat(p, 7, axis=0), rtol=0, atol=1e-15)  # opposite points
    # so the cones gain 1 on these finite samples, and moving each point to its centre costs 1
    assert cones(p, THREE_CONES).mean() - cones(q, THREE_CONES).mean() == pytest.approx(1, abs=1e-15)


def test_the_judge_sees_value_bound_and_slope():
    # x -> (x, -x) / sqrt 2 -> sorted -> (min - max) / sqrt 2 = -|x|, and half of it
    network = Network((Layer(1, 2, MaxMin()), Layer(2, 1)))
    root = np.sqrt(0.5)
    for factor in (1.0, 0.5):
        params = [
            (np.array([[root], [-root]]), np.zeros(2)),
            (factor * np.array([[root, -root]]), np.array([3.0])),
        ]
        p, q = np.zeros((1, 1)), np.array([[1.0], [-1.0], [1.0]])
        judged = judge(network, params, p, q, np.random.default_rng(0))
        assert judged.value == pytest.approx(factor, abs=1e-15)
        assert judged.bound == pytest.approx(factor, rel=1e-12)
        assert judged.lower <= 1
        assert judged.steep == 1


def test_three_cones_on_the_command_line(tmp_path):
    options = ["--width", "32", "--hidden", "3", "--steps", "300", "--restarts", "2", "--out", str(tmp_path)]
    assert main(["reproduce", "three-cones", *options]) == 0
    result = json.loads((tmp_path / "result.json").read_text())
    relu, maxmin = result["critics"]
    assert relu["lower"] < 0.6 < maxmin["lower"] <= 1  # 0.41 and 0.70 after half as many steps
    network, params = load_network(tmp_path / maxmin["file"])
    p, q = Shells(np.array(THREE_CONES)).sample(np.random.default_rng(5), 4000)
    assert maxmin["lower"] == max(maxmin["of all restarts"]) > min(maxmin["of all restarts"])
    again = network.value(params, p).mean() - network.value(params, q).mean()
    assert again == pytest.approx(maxmin["value"], abs=0.02)  # 12,000 fresh points; the values of f spread by about 1


def test_cones_on_the_command_line_resumes(tmp_path, capsys):
    options = ["--dimensions", "2", "8", "--activations", "ReLU", "FullSort", "--constraints", "Stiefel", "spectral"]
    sizes = ["--widths", "16", "--hidden", "1", "--steps", "100", "--points", "500", "--rate", "1e-2"]
    assert main(["reproduce", "cones", *options, *sizes, "--out", str(tmp_path)]) == 0
    first = json.loads((tmp_path / "result.json").read_text())["critics"]
    assert len(first) == 2 * 2 * 2
    for row in first:
        assert row["lower"] <= 1
        assert row["bound"] == pytest.approx(1, abs=1e-5)  # of float32 weights
        # one hidden ReLU layer: |f(x) + f(-x) - 2 f(0)| <= |x|, and Q is sampled in opposite pairs
        assert row["activation"] != "ReLU" or row["lower"] <= 0.5
    assert main(["reproduce", "cones", *options, *sizes, "--out", str(tmp_path), "--resume"]) == 0
    again = json.loads((tmp_path / "result.json").read_text())["critics"]
    assert [row["value"] for row in again] == [row["value"] for row in first]


def test_a_diverged_training_is_a_row(tmp_path, capsys):
    options = ["--dimensions", "2", "--activations", "MaxMin", "--constraints", "Parseval", "--steps", "20"]
    with np.errstate(all="ignore"):
        assert main(["reproduce", "cones", *options, "--rate", "1e30", "--out", str(tmp_path)]) == 0
    (row,) = json.loads((tmp_path / "result.json").read_text())["critics"]
    assert "not finite" in row["diverged"]
    assert "diverged" in capsys.readouterr().out


def test_what_a_critic_proves_is_never_above_the_distance_of_its_samples(tmp_path):
    rng = np.random.default_rng(4)
    problem = Samples(rng.standard_normal((60, 3)), rng.standard_normal((60, 3)) + np.array([2.0, 0, 0]))
    cost = np.linalg.norm(problem.p[:, None] - problem.q[None], axis=2)
    i, j = linear_sum_assignment(cost)
    for name, alpha, least in (("MaxMin", None, 0.9), ("ReLU", None, 0.5), ("MaxMin", 3.0, 0.5)):
        args = Namespace(seed=0, rate=1e-2, batch=30, steps=200, alpha=alpha, resume=False)
        row = trained_critic(problem, name, "Stiefel", [16, 16], args, tmp_path, f"{name}-{alpha}")
        assert least * cost[i, j].mean() < row["lower"] <= cost[i, j].mean()
