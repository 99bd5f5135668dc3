"""The rounding attack: naive certificates break on the networks built for it, sound ones do not, all verified anew."""

import math
from fractions import Fraction

import numpy as np
import pytest

from refsort.certify import certified_radius, lipschitz_bound, sound_radius
from refsort.certify.attacks import boundary_inputs, pgd, refuted_certificates, rounding_attack, weak_spots
from refsort.nets import Layer, MaxMin, Network, Selection

INF = math.inf
SPOTS = {spot.name: spot for spot in weak_spots(np.random.default_rng(1), 40)}


def naive_radius(spot):
    """As published: the computed logits are exact and the Lipschitz constant is 1."""
    return certified_radius(spot.network.value(spot.params, spot.x), spot.labels, 1.0)


def assert_refutes(found, network, params, x, labels, radius, p=2, box=None):
    """Every counterexample, from the definition: an exact distance below the radius and another computed class."""
    assert np.all(np.diff(found.indices) > 0)
    assert found.adversarial.dtype == x.dtype
    for i, z, y in zip(found.indices, found.adversarial, found.logits, strict=True):
        gaps = [abs(Fraction(a) - Fraction(b)) for a, b in zip(z.tolist(), x[i].tolist(), strict=True)]
        size = max(gaps) if p == INF else sum(g * g for g in gaps)
        assert size < (Fraction(radius[i]) if p == INF else Fraction(radius[i]) ** 2)
        assert box is None or (z.min() >= box[0] and z.max() <= box[1])
        computed = network.value(params, z[None])[0]
        assert np.array_equal(computed, y)
        assert max(v for j, v in enumerate(computed.tolist()) if j != labels[i]) > computed[labels[i]]


@pytest.mark.parametrize("name", SPOTS)
def test_naive_certificates_break_on_every_weak_spot(name):
    spot = SPOTS[name]
    radius = naive_radius(spot)
    rows = radius > 0
    assert rows.sum() >= 38
    x, labels, radius = spot.x[rows], spot.labels[rows], radius[rows]
    rng = np.random.default_rng(0)
    found = rounding_attack(spot.network, spot.params, x, labels, radius, 2, (0, 1), rng=rng)
    assert_refutes(found, spot.network, spot.params, x, labels, radius, 2, (0, 1))
    assert len(found.indices) >= 5


@pytest.mark.parametrize("name", SPOTS)
def test_sound_certificates_do_not_break(name):
    spot = SPOTS[name]
    sound = sound_radius(spot.network, spot.params, spot.x, spot.labels).radius
    out = refuted_certificates(
        spot.network, spot.params, spot.x, spot.labels, {"sound": sound}, 2, (0, 1), rng=np.random.default_rng(0)
    )["sound"]
    assert out.certified >= 10  # some are to be had on every network
    assert out.refuted == 0


def test_projected_gradients_alone_find_a_norm_above_one_and_not_what_rounding_does():
    steep, chain = SPOTS["norms above 1"], SPOTS["a long chain in float32"]
    for spot, found in ((steep, True), (chain, False)):
        radius = naive_radius(spot) * (1 - 2e-7)  # PGD stops at the edge itself, ulps below
        attack = pgd(spot.network, spot.params, spot.x, spot.labels, radius, competitors=3, step_size=lambda k, n: 1e6)
        assert (attack.broken.mean() > 0.9) == found


def test_the_search_among_floats_finds_more_than_the_edge_alone():
    spot = SPOTS["a long chain in float32"]
    radius = {"naive": naive_radius(spot)}
    edge, search = (
        refuted_certificates(
            spot.network, spot.params, spot.x, spot.labels, radius, rng=np.random.default_rng(0), rounds=rounds
        )["naive"].refuted
        for rounds in (0, 8)
    )
    assert 0 < edge < search


def test_the_infinity_norm():
    # a bias of 8 that the next layer takes off; rows of 1-norm 1, and logits of opposite sign: margin / 2 is claimed
    rng = np.random.default_rng(0)
    w = rng.uniform(0.1, 1, (1, 12))
    w = (w / w.sum()).astype(np.float32)
    network = Network((Layer(12, 12), Layer(12, 2)))
    first = np.eye(12, dtype=np.float32), np.full(12, 8, np.float32)
    params = [first, (np.concatenate([w, -w]), np.array([-8.5, 8.5], np.float32))]
    x = (0.5 + 0.01 * rng.standard_normal((60, 12))).astype(np.float32)
    y = network.value(params, x)
    labels = np.argmax(y, axis=1)
    radius = certified_radius(y, labels, 1.0, INF)
    keep = radius > 0
    x, labels, radius = x[keep], labels[keep], radius[keep]
    found = rounding_attack(network, params, x, labels, radius, INF, (0, 1), rng=np.random.default_rng(0))
    assert len(found.indices) >= 5
    assert_refutes(found, network, params, x, labels, radius, INF, (0, 1))
    # each logit errs by less than 26 roundings of numbers below 16, here and there; so does the 1-norm of w, times 9
    safe = radius - 2 * 40 * 16 * 2.0**-24
    rows = safe > 0
    assert rows.sum() >= 20
    safely = rounding_attack(network, params, x[rows], labels[rows], safe[rows], INF, (0, 1), rng=rng)
    assert len(safely.indices) == 0


def test_an_input_that_is_wrong_is_its_own_counterexample():
    network, params = Network((Layer(2, 2),)), [(np.eye(2), np.zeros(2))]
    found = rounding_attack(network, params, [[1.0, 0.0]], [1], 0.1, rng=np.random.default_rng(0))
    assert found.adversarial.tolist() == [[1.0, 0.0]]


def test_a_tie_refutes_nothing():
    # the logits of (1, 0) are the same on the whole ball around it, and equal
    network, params = Network((Layer(2, 2),)), [(np.zeros((2, 2)), np.zeros(2))]
    for label in (0, 1):
        found = rounding_attack(network, params, [[1.0, 0.0]], [label], 0.1, rng=np.random.default_rng(0))
        assert found.indices.size == 0
        assert found.adversarial.shape == (0, 2)


def test_networks_with_selections_can_be_attacked():
    network = Network((Selection(2, 4, MaxMin()), Layer(4, 2)))
    last = np.array([[0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]], np.float32)
    params = [(np.array([0, 1, 1, 0]), np.zeros(4, np.float32)), (last, np.array([0, 0.25], np.float32))]
    x = np.array([[0.9, 0.1], [0.5, 0.4]], np.float32)  # max against min + 1/4: a step along (1, -1) / sqrt 2
    found = rounding_attack(network, params, x, [0, 1], [0.4, 0.2], rng=np.random.default_rng(0))
    assert found.indices.tolist() == [0, 1]  # margins 0.55 and 0.15, at a slope of sqrt 2
    assert_refutes(found, network, params, x, [0, 1], [0.4, 0.2])


def test_the_outcome_depends_on_the_generator_alone():
    spot = SPOTS["half precision"]
    radius = naive_radius(spot)
    runs = [
        rounding_attack(spot.network, spot.params, spot.x, spot.labels, radius, rng=np.random.default_rng(seed))
        for seed in (0, 0, 1)
    ]
    assert np.array_equal(runs[0].adversarial, runs[1].adversarial)
    assert runs[0].adversarial.shape != runs[2].adversarial.shape or np.any(runs[0].adversarial != runs[2].adversarial)


def test_inputs_without_a_certificate_are_left_out_and_the_others_keep_their_numbers():
    spot = SPOTS["rows that oppose each other"]
    radius = naive_radius(spot) * (np.arange(40) % 3 == 1)
    out = refuted_certificates(
        spot.network, spot.params, spot.x, spot.labels, {"some": radius}, rng=np.random.default_rng(0)
    )["some"]
    assert (out.inputs, out.certified) == (40, 13)
    assert out.counterexamples.indices.tolist() == list(range(1, 40, 3))  # sqrt 2 too large, every one of them
    assert_refutes(out.counterexamples, spot.network, spot.params, spot.x, spot.labels, radius)


@pytest.mark.parametrize(("dtype", "halvings"), [(np.float32, 12), (np.float64, 40)])
def test_naive_certificates_break_at_the_boundary_of_an_ordinary_network(dtype, halvings):
    network = Network.dense([30, 24, 24, 5], MaxMin())
    params = [(w.astype(dtype), b.astype(dtype)) for w, b in network.init(np.random.default_rng(0))]
    x = np.random.default_rng(1).uniform(0, 1, (40, 30)).astype(dtype)
    spot = boundary_inputs(network, params, x, halvings)
    y = spot.network.value(spot.params, spot.x)
    assert np.array_equal(np.argmax(y, axis=1), np.argmax(network.value(params, x), axis=1))
    assert np.all((spot.x >= 0) & (spot.x <= 1))
    radii = {"naive": naive_radius(spot), "sound": sound_radius(network, spot.params, spot.x, spot.labels).radius}
    assert np.median(radii["naive"]) <= 2.0 ** (3 - halvings)  # the segments are shorter than 8
    found = refuted_certificates(network, spot.params, spot.x, spot.labels, radii, rng=np.random.default_rng(0))
    assert found["naive"].refuted >= 8
    assert found["sound"].refuted == 0
    assert_refutes(found["naive"].counterexamples, network, spot.params, spot.x, spot.labels, radii["naive"], 2, (0, 1))


def test_there_is_no_boundary_within_one_class():
    network, params = Network((Layer(1, 2),)), [(np.array([[1.0], [-1.0]]), np.zeros(2))]
    with pytest.raises(ValueError, match="all 2 inputs are of one class"):
        boundary_inputs(network, params, [[1.0], [2.0]])


def test_a_weak_spot_is_what_its_name_says():
    from refsort import spec

    for spot in SPOTS.values():
        assert np.all((spot.x >= 0) & (spot.x <= 1))
        assert len(set(spot.labels.tolist())) >= 2
    constant = lipschitz_bound(SPOTS["norms above 1"].network, SPOTS["norms above 1"].params).constant
    assert 8e-6 <= constant - 1 <= 8.1e-6  # eight layers, 1e-6 each
    (w, _), *_ = SPOTS["rows that oppose each other"].params
    assert abs(float(spec.operator_norm(w.tolist(), 2, 2).hi) - math.sqrt(2)) <= 1e-9
    # the exact norms of the others exceed 1 by roundings of their entries at most
    for name, dtype in (("biases that cancel", np.float32), ("half precision", np.float16)):
        bound = lipschitz_bound(SPOTS[name].network, SPOTS[name].params)
        assert all(abs(v - 1) <= 16 * float(np.finfo(dtype).eps) for v in bound.layers)


def test_bad_input():
    network, params = Network((Layer(2, 2),)), [(np.eye(2), np.zeros(2))]
    x, labels, rng = [[1.0, 0.0]], [0], np.random.default_rng(0)
    for radius in (0.0, -0.1, np.nan):
        with pytest.raises(ValueError, match="leave out inputs without a radius"):
            rounding_attack(network, params, x, labels, radius, rng=rng)
    with pytest.raises(ValueError, match="rounds must be at least 0, got -1"):
        rounding_attack(network, params, x, labels, 0.1, rng=rng, rounds=-1)
    with pytest.raises(ValueError, match="neighbours must be at least 1"):
        rounding_attack(network, params, x, labels, 0.1, rng=rng, neighbours=0)
    with pytest.raises(ValueError, match="outside of the box"):
        rounding_attack(network, params, [[1.0, -1.0]], labels, 0.1, 2, (0, 1), rng=rng)
    with pytest.raises(ValueError, match="labels must lie in"):
        rounding_attack(network, params, x, [2], 0.1, rng=rng)
    for radius in ([-0.1], [np.nan], [0.1, 0.2], 0.1):
        with pytest.raises(ValueError, match="'mine' needs one radius for each of 1 inputs"):
            refuted_certificates(network, params, x, labels, {"mine": radius}, rng=rng)
    nothing = refuted_certificates(network, params, x, labels, {"none": [0.0]}, rng=rng)["none"]
    assert (nothing.inputs, nothing.certified, nothing.refuted) == (1, 0, 0)
