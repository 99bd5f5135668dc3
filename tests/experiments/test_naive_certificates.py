"""Naive certificates are refuted by points that anyone can check; no sound one is."""

import argparse

import numpy as np
import pytest

from refsort.experiments import naive_certificates
from refsort.nets import Bjorck, MaxMin, Network, save_network


def outcome(tmp_path, *options):
    parser = argparse.ArgumentParser()
    naive_certificates.add_arguments(parser)
    args = parser.parse_args(["--inputs", "40", *options])
    args.seed = 0
    return naive_certificates.run(args, tmp_path)


def test_every_built_network_breaks_naive_certificates_and_no_sound_one(tmp_path):
    result = outcome(tmp_path)
    assert result["inputs"] == 5 * 40
    assert result["sound refuted"] == 0
    for row in result["networks"]:
        assert 0 < row["naive"]["refuted"] <= row["naive"]["certified"] <= 40
        assert 0 < row["sound"]["certified"] <= row["naive"]["certified"]
    assert result["naive refuted"] == sum(row["naive"]["refuted"] for row in result["networks"])
    text = naive_certificates.table(result)
    assert f"{result['naive refuted']} naive certificates refuted, 0 sound ones" in text
    assert "biases that cancel" in text


def test_a_network_from_a_file_is_attacked_at_images_and_next_to_its_boundary(tmp_path):
    network = Network.dense([784, 16, 10], MaxMin(), Bjorck(10))
    save_network(tmp_path / "net.npz", network, network.init(np.random.default_rng(0)))
    try:
        result = outcome(tmp_path, "--network", str(tmp_path / "net.npz"), "--images", "30")
    except FileNotFoundError as error:
        pytest.skip(str(error))
    own = result["networks"][5:]
    assert [row["dtype"] for row in own] == ["float32", "float32", "float64", "float64"]
    assert all(row["inputs"] == 30 and row["sound"]["refuted"] == 0 for row in own)
    assert own[3]["naive"]["refuted"] > 0  # next to the boundary the certificate is tight up to rounding
