"""Singular values of Jacobians: against explicit products of matrices, and what the paper predicts of them."""

import numpy as np
import pytest

from refsort.experiments.jacobian_spectrum import singular_values
from refsort.nets import Network, ReLU


def test_singular_values_are_those_of_the_product_of_weights_and_masks():
    rng = np.random.default_rng(1)
    network = Network.dense([7, 5, 4, 3], ReLU())
    params = [(w, rng.standard_normal(len(w))) for w, _ in network.init(rng)]
    x = rng.standard_normal((6, 7))
    found = singular_values(network, params, x)
    for image, values in zip(x, found, strict=True):
        h, jacobian = image, np.eye(7)
        for i, (w, b) in enumerate(params):
            z = w @ h + b
            mask = np.ones(len(z)) if i == 2 else (z > 0).astype(float)
            h, jacobian = mask * z, mask[:, None] * (w @ jacobian)
        np.testing.assert_allclose(values**2, np.linalg.eigvalsh(jacobian @ jacobian.T)[::-1], rtol=0, atol=1e-13)


@pytest.fixture(scope="module")
def outcome(reproduce):
    sizes = ("--width", "16", "--epochs", "1", "--snapshots", "2", "--images", "20", "--some", "3")
    return reproduce("jacobian-spectrum", *sizes)[0]


def test_maxmin_with_orthonormal_weights_is_an_isometry_at_every_snapshot(outcome):
    rows = outcome["spectra"]["MaxMin, orthonormal weights"]
    assert [row["step"] for row in rows] == [0, 26, 105]  # 105 steps in all, at (k/2)^2 of them
    for row in rows:
        np.testing.assert_allclose(row["logits"] + row["features"], 1, rtol=0, atol=1e-5)  # float32 weights


def test_no_constrained_network_expands_and_relu_contracts(outcome):
    for name, rows in outcome["spectra"].items():
        for row in rows:
            assert row["logits"] == sorted(row["logits"])
            assert row["logits"][-1] <= 1 + 1e-5
            if name.startswith("ReLU"):
                assert row["logits"][0] < 0.9
