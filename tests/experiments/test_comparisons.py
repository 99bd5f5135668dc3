"""Experiments that compare networks: short runs on the real data, judged from the networks that they saved."""

import json

import numpy as np
import pytest

from refsort.cli import main
from refsort.data import Split
from refsort.experiments import comparison
from refsort.experiments.classifier import ShiftedBatches
from refsort.nets import load_network

SIZES = ("--width", "16", "--epochs", "1", "--attacked", "20")


@pytest.fixture(scope="module")
def by_activation(reproduce):
    return reproduce("activations", *SIZES)


@pytest.fixture(scope="module")
def by_constraint(reproduce):
    return reproduce("constraints", *SIZES)


def saved(outcome, name):
    result, out = outcome
    return result["networks"][name], load_network(out / f"network-{comparison.file_stem(name)}.npz")[1]


ACTIVATIONS = {
    "ReLU": lambda z: np.maximum(z, 0),
    "|x|": np.abs,
    "MaxMin": lambda z: np.sort(z.reshape(len(z), -1, 2), axis=2).reshape(z.shape),
    "GroupSort(8)": lambda z: np.sort(z.reshape(len(z), -1, 8), axis=2).reshape(z.shape),
    "FullSort": lambda z: np.sort(z, axis=1),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_accuracies_are_those_of_the_saved_networks(by_activation, mnist, name):
    row, params = saved(by_activation, name)
    h = mnist.test.images.astype(np.float64)
    for i, (w, b) in enumerate(params):
        h = h @ w.T + b
        h = h if i == len(params) - 1 else ACTIVATIONS[name](h)
    order = np.sort(h, axis=1)
    right = np.argmax(h, axis=1) == mnist.test.labels
    assert row["clean"] == np.mean(right)
    # orthonormal weights: a certificate needs a margin of sqrt 2 radius; one image may sit on the line, by rounding
    for radius, share in zip(row["radii"][1:], row["certified"][1:], strict=True):
        joint = np.mean(right & (order[:, -1] - order[:, -2] > np.sqrt(2) * radius))
        assert share >= joint - 1e-4
        assert share <= row["clean"]


def test_all_are_there_and_no_certificate_was_refuted(by_activation, by_constraint):
    for (result, _), count in ((by_activation, 7), (by_constraint, 7)):
        assert len(result["networks"]) == count
        assert comparison.broken(result["networks"]) == 0
        for row in result["networks"].values():
            assert row["holds"]
            assert row["lower"] <= row["constant"]
            assert row["attacked"] == 20


def test_singular_values_are_those_of_the_saved_weights_and_what_the_constraints_promise(by_constraint):
    for name in by_constraint[0]["networks"]:
        row, params = saved(by_constraint, name)
        for (low, high), (w, _) in zip(row["singular values"], params, strict=True):
            gram = np.linalg.eigvalsh(w @ w.T if w.shape[0] <= w.shape[1] else w.T @ w)
            assert high == pytest.approx(np.sqrt(gram[-1]), rel=1e-6)
            assert low == pytest.approx(np.sqrt(max(gram[0], 0)), rel=1e-4, abs=1e-6)
            if name == "spectral normalisation":
                assert high == pytest.approx(1, abs=1e-5)  # of float32 weights
            # an odd order's polynomial has its maximum 1 at 1; an even order's passes through 1 and overshoots
            if name.startswith(("Bjorck, order 1", "Bjorck, order 3")):
                assert high <= 1 + 1e-5
    assert by_constraint[0]["networks"]["none"]["constant"] > 1.5


def test_networks_that_share_a_checkpoint_name_do_not_exist(by_activation, by_constraint):
    for result, _ in (by_activation, by_constraint):
        names = list(result["networks"])
        assert len({comparison.file_stem(name) for name in names}) == len(names)


def test_a_finished_run_is_resumed_without_a_step(by_activation):
    result, out = by_activation
    assert main(["reproduce", "activations", *SIZES, "--out", str(out), "--resume"]) == 0
    again = json.loads((out / "result.json").read_text())
    for name, row in result["networks"].items():
        assert {k: v for k, v in again["networks"][name].items() if k != "training seconds"} == {
            k: v for k, v in row.items() if k != "training seconds"
        }


def test_shifted_batches_move_each_picture_within_reach_and_fill_with_paper():
    rng = np.random.default_rng(3)
    pictures, labels = rng.random((12, 25)), np.arange(12)
    batches, moves = ShiftedBatches(Split(pictures, labels), 12, 1), set()
    for _ in range(20):
        moved, of = batches.draw(rng)
        for picture, label in zip(moved.reshape(-1, 5, 5), of, strict=True):
            whole = np.pad(pictures[label].reshape(5, 5), 1)
            found = [(i, j) for i in range(3) for j in range(3) if np.array_equal(whole[i : i + 5, j : j + 5], picture)]
            assert len(found) == 1
            moves |= set(found)
    assert len(moves) == 9  # 240 draws: one of nine is missed with probability 9 (8/9)^240 < 1e-11
