"""Whole networks: the truth is the definition, correct passes stay within the bound, and layers are judged apart."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, given, seed, settings

from refsort.oracle import check, load
from refsort.oracle.operations.exactly import exact
from refsort.oracle.operations.network import NETWORK, layer_claims, truth
from refsort.oracle.operations.operation import Case
from refsort.oracle.tolerances import Precision
from tests.oracle.plain_network import network


def worst(dtype, examples=60, random_seed=0):
    """The largest error over bound of values and of gradients over drawn cases, and how many gradients were judged."""
    precision, largest, judged = Precision.of(dtype), [Fraction(0), Fraction(0)], [0]

    @seed(random_seed)
    @settings(max_examples=examples, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(NETWORK.cases("network", dtype))
    def run(case):
        out, gradients = network(case.arrays, case.params, case.cotangent)
        for comparison in NETWORK.values(case, exact(out), precision):
            largest[0] = max(largest[0], comparison.ratio)
        for comparison in NETWORK.gradients(case, [exact(gradient) for gradient in gradients], precision):
            largest[1] = max(largest[1], comparison.ratio)
            judged[0] += 1

    run()
    return (*largest, judged[0])


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_a_correct_pass_stays_within_the_bound_and_uses_some_of_it(dtype):
    for random_seed in range(2):
        values, gradients, judged = worst(dtype, random_seed=random_seed)
        assert 0.01 < values <= 1
        assert 0.01 < gradients <= 1
        assert judged > 100


def test_truth_of_a_network_by_hand():
    x = np.array([[1.0, 2.0]])
    w1, b1 = np.array([[1.0, 1.0], [1.0, -1.0]]), np.array([0.0, 0.5])
    w2, b2 = np.array([[2.0, 1.0]]), np.array([-1.0])
    case = Case("network", "float64", (x, w1, w2, b1, b2), {"group_size": 2}, np.array([[1.0]]))
    # W1 x + b1 = (3, -1/2), sorted (-1/2, 3), and 2 (-1/2) + 3 - 1 = 1
    assert truth(case).tolist() == [[Fraction(1)]]
    expected = [[3.0, -1.0]], [[1.0, 2.0], [2.0, 4.0]], [[-0.5, 3.0]], [1.0, 2.0], [1.0]
    (value,) = NETWORK.values(case, exact(np.array([[1.0]])), Precision.of("float64"))
    assert value.ratio == 0
    gradients = [exact(np.array(gradient)) for gradient in expected]
    assert [c.ratio for c in NETWORK.gradients(case, gradients, Precision.of("float64"))] == [0] * 5


def test_at_a_kink_no_gradient_is_judged():
    x, w1, b1 = np.array([[1.0]]), np.array([[1.0], [1.0]]), np.zeros(2)
    case = Case("network", "float64", (x, w1, np.ones((1, 2)), b1, np.zeros(1)), {"group_size": 2}, np.ones((1, 1)))
    assert list(NETWORK.gradients(case, [], Precision.of("float64"))) == []


def test_layer_by_layer_names_the_layer_that_is_wrong():
    rng = np.random.default_rng(0)
    weights = [rng.standard_normal((4, 4)).astype(np.float32) for _ in range(3)]
    biases = [rng.standard_normal(4).astype(np.float32) for _ in range(3)]
    x = rng.standard_normal((2, 4)).astype(np.float32)
    case = Case("network", "float32", (x, *weights, *biases), {"group_size": 2}, np.ones((2, 4), np.float32))
    for slip in (None, 0, 1, 2):
        h, outputs = x, []
        for i, (w, b) in enumerate(zip(weights, biases, strict=True)):
            h = h @ w.T + b
            if i < 2:
                h = np.sort(h.reshape(2, 2, 2), axis=-1).reshape(2, 4)
            if i == slip:
                h = h + np.float32(1e-4)
            outputs.append(h)
        ratios = [c.ratio for c in layer_claims(case, outputs[:-1], outputs[-1], Precision.of("float32"))]
        assert [ratio > 1 for ratio in ratios] == [i == slip for i in range(3)]


TAPPED = """
import numpy as np

OPS = {{"network": None}}


def layers(arrays, k):
    x, *parameters = arrays
    half = len(parameters) // 2
    h, outputs = x, []
    for i, (w, b) in enumerate(zip(parameters[:half], parameters[half:])):
        h = h @ w.T + b
        if i < half - 1:
            h = np.sort(h.reshape(len(h), -1, k), axis=-1).reshape(h.shape)
        {slip}
        outputs.append(h)
    return outputs


def call(op, arrays, params, cotangent=None, dtype="float32"):
    if cotangent is not None:
        raise NotImplementedError
    return layers(arrays, params["group_size"])[-1], None


def taps(arrays, params, dtype):
    {taps}
"""


@pytest.mark.parametrize(
    ("slip", "taps", "claim"),
    [
        ("pass", "return layers(arrays, params['group_size'])[:-1]", None),
        ("h = h * (1 + (i == 1) / 64)", "return layers(arrays, params['group_size'])[:-1]", "layer 2 of"),
        ("pass", "return layers(arrays, params['group_size'])", "the form of taps"),
        ("pass", "raise KeyError('h')", "taps raised"),
    ],
)
def test_adapters_may_offer_their_hidden_outputs(tmp_path, slip, taps, claim):
    path = tmp_path / "tapped.py"
    path.write_text(TAPPED.format(slip=slip, taps=taps))
    (row,) = check(load(str(path)), ["network"], ["float64"], max_examples=30, beyond=False).rows
    if claim is None:
        assert row.verdict == "PASS"
        assert row.checks["value"] > 40  # end to end and layer by layer
    else:
        assert row.verdict == "FAIL"
        assert row.failure.claim.startswith(claim)
