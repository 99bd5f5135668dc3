"""The report: every share follows from the radii and the attacks that it names, and a broken certificate shows."""

import json
import math

import numpy as np
import pytest

from refsort.certify import fgsm, lipschitz_bound, pgd, sound_radius
from refsort.certify import report as reports
from refsort.certify.attacks import decaying_step
from refsort.certify.report import as_json, robustness, table
from refsort.nets import Layer, MaxMin, Network

RADII = [0.0, 0.1, 0.3, 0.9]


@pytest.fixture(scope="module")
def trained():
    """Six classes around six corners, a network whose last layer reads them off, and a few inputs that are wrong."""
    rng = np.random.default_rng(3)
    network = Network.dense([5, 8, 6], MaxMin())
    params = network.init(rng)
    x = rng.uniform(0, 1, (40, 5))
    labels = np.argmax(network.value(params, x), axis=1)
    labels[:7] = (labels[:7] + 1) % 6
    return network, params, x, labels


@pytest.mark.parametrize("p", [2, math.inf])
def test_shares_are_those_of_the_radii_and_of_the_attacks(trained, p):
    network, params, x, labels = trained
    found = robustness(
        network, params, x, labels, RADII, p, box=(0, 1), rng=np.random.default_rng(0), attacked=11, steps=9,
        also=["float32"],
    )  # fmt: skip
    radius = sound_radius(network, params, x, labels, p).radius
    assert found.certified == [np.count_nonzero(radius > r) / 40 for r in RADII]
    narrow = sound_radius(network, network.cast(params, np.float32), x.astype(np.float32), labels, p).radius
    assert found.other == {"float32": [np.count_nonzero(narrow > r) / 40 for r in RADII]}
    assert found.clean == 33 / 40
    assert found.constant == lipschitz_bound(network, params, p).constant
    assert 0 < found.lower <= found.constant
    assert found.attacked == 11
    for r, once, long in zip(RADII[1:], found.fgsm[1:], found.pgd[1:], strict=True):
        a = fgsm(network, params, x[:11], labels[:11], r, p, (0, 1))
        b = pgd(network, params, x[:11], labels[:11], r, p, (0, 1), steps=9, step_size=decaying_step)
        assert (once, long) == (np.mean(~a.broken), np.mean(~b.broken))
    assert found.fgsm[0] == found.pgd[0] == 4 / 11
    assert found.holds
    assert found.rounding["sound"] == (np.count_nonzero(radius[:11]), 0)


def test_without_attacks(trained):
    network, params, x, labels = trained
    found = robustness(network, params, x, labels, RADII, rng=np.random.default_rng(0), attacked=0)
    assert found.fgsm == found.pgd == [None] * 4
    assert found.rounding == {}
    assert found.holds
    assert "PGD" not in table(found)


def test_a_broken_certificate_is_reported(trained, monkeypatch):
    network, params, x, labels = trained
    given = sound_radius(network, params, x, labels)
    too_large = given._replace(radius=given.radius * 4, naive=given.naive * 4)
    monkeypatch.setattr(reports, "sound_radius", lambda *_: too_large)
    found = robustness(network, params, x, labels, [0.0, 0.3], rng=np.random.default_rng(0), attacked=40)
    assert found.broken > 0
    assert found.rounding["sound"][1] > 0
    assert found.rounding["naive"][1] > 0
    assert not found.holds
    assert f"broke: {found.broken}" in table(found)


def test_naive_certificates_of_opposing_rows_are_refuted_and_sound_ones_are_not():
    network = Network((Layer(1, 2),))
    params = [(np.array([[1.0], [-1.0]]), np.zeros(2))]
    x = np.linspace(0.5, 3, 9)[:, None]
    found = robustness(network, params, x, np.zeros(9, int), [0.0, 1.0], rng=np.random.default_rng(0))
    assert found.rounding == {"sound": (9, 0), "naive": (9, 9)}
    assert found.holds


def test_json_is_json_and_says_what_the_table_says(trained):
    network, params, x, labels = trained
    found = robustness(network, params, x, labels, RADII, math.inf, rng=np.random.default_rng(0), attacked=5, steps=3)
    value = json.loads(json.dumps(as_json(found), allow_nan=False))
    assert value["p"] == "inf"
    assert value["certified"] == found.certified
    assert value["rounding"]["sound"] == {"certified": found.rounding["sound"][0], "refuted": 0}
    text = table(found)
    for share in found.certified:
        assert f"{100 * share:.2f}" in text
    assert "evaluated in float64: 82.50 % right" in text


def test_the_same_seed_gives_the_same_report(trained):
    network, params, x, labels = trained
    reports_of = [
        robustness(network, params, x, labels, RADII, rng=np.random.default_rng(5), attacked=6, restarts=2, steps=4)
        for _ in range(2)
    ]
    assert reports_of[0] == reports_of[1]
