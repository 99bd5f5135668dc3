"""Sound radii: no float input inside one changes the computed prediction, found by trying all of them in float16."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refsort.certify import certified_radius, lipschitz_bound, movement, radii, sound_accuracy, sound_radius
from refsort.nets import Bjorck, FullSort, Identity, Layer, LeakyReLU, MaxMin, Network, ReLU, Selection
from tests.certify.small_networks import ACTIVATIONS, backwards, draw, forwards, value_in_order

INF = math.inf
HALF = np.arange(2**16, dtype=np.uint16).view(np.float16)
HALF = np.unique(HALF[np.isfinite(HALF)])  # all of them, -0 and 0 as one
HALVES = [(2, 2), (INF, INF), (1, 1), (2, INF), (1, 2)]


def inside(x, radius, p):
    """All float16 inputs x' with |x' - x|_p < radius, in integers of the unit 2^-24."""
    radius = float(radius)
    near = [HALF[np.abs(HALF.astype(float) - float(c)) < radius] for c in x]
    points = np.stack([a.ravel() for a in np.meshgrid(*near, indexing="ij")], axis=1)
    way = np.abs(np.ldexp(points.astype(float) - x.astype(float), 24)).astype(np.int64).astype(object)
    if p == 2:
        square = (Fraction(radius) * 2**24) ** 2
        return points[(way * way).sum(axis=1) < square]
    length = way.max(axis=1) if p == INF else way.sum(axis=1)
    return points[length < Fraction(radius) * 2**24]


def evaluations(network, params, points):
    """The logits in three orders of summation."""
    with np.errstate(over="ignore", invalid="ignore"):
        return [
            network.value(params, points),
            *(value_in_order(network, params, points, order) for order in (forwards, backwards)),
        ]


def wrong(logits, label):
    """Where `label` is not predicted: ties count, and NaN, which compares false."""
    return ~np.all(logits[:, label, None] > np.delete(logits, label, axis=1), axis=1)


def changed(network, params, points, label):
    """How many points have a computed prediction other than `label` in some order of summation."""
    return sum(int(wrong(logits, label).sum()) for logits in evaluations(network, params, points))


def half(*rows):
    return np.array(rows, np.float16)


@settings(max_examples=25)  # each with all 63,487 inputs, in three orders
@given(
    st.integers(0, 10**6),
    st.sampled_from(ACTIVATIONS),
    st.sampled_from(HALVES),
    st.booleans(),
    st.sampled_from([Identity(), MaxMin()]),
    st.sampled_from([0.0, 1.0, 30.0]),
    st.sampled_from([-12, 0, 0, 11]),
)
def test_every_float_input_inside_keeps_the_prediction_1d(seed, activation, norms, select, last, bias, k):
    rng = np.random.default_rng(seed)
    network, params = draw(rng, np.float16, activation, 1, 4, last, select, bias=bias)
    if norms in ((1, 2), (2, INF)) and select:
        norms = (INF, INF)
    x = np.ldexp(rng.standard_normal((6, 1)), k).astype(np.float16)  # down to subnormal products, up to near overflow
    labels = np.argmax(network.value(params, x), axis=1)
    found = sound_radius(network, params, x, labels, *norms)
    everywhere = evaluations(network, params, HALF[:, None])
    distances = np.abs(HALF.astype(float) - x.astype(float))  # exact: 40 bits
    for distance, label, radius in zip(distances, labels, found.radius, strict=True):
        assert not any(np.any(wrong(logits, label) & (distance < radius)) for logits in everywhere)


@settings(max_examples=30)
@given(st.integers(0, 10**6), st.sampled_from([MaxMin(), FullSort(), ReLU(), LeakyReLU(-1.5)]), st.sampled_from(HALVES))
def test_every_float_input_inside_keeps_the_prediction_2d(seed, activation, norms):
    rng = np.random.default_rng(seed)
    network, params = draw(rng, np.float16, activation, 2, 2, scale=0.6)
    x = rng.uniform(1, 2, (1, 2)).astype(np.float16)
    y = network.value(params, x)[0].astype(float)
    params[-1][1][0] += np.float16(y[1] - y[0] + 0.1)  # a margin of 0.1: a ball of some thousand floats
    found = sound_radius(network, params, x, [0], *norms)
    points = inside(x[0], found.radius[0], norms[0])
    assert changed(network, params, points, 0) == 0


def test_a_naive_radius_breaks_where_the_sound_one_holds():
    # logits x + 512 and -x + 512, constant 1 in the infinity norm; float16 has steps of 1/2 above 512
    network = Network((Layer(1, 2),))
    params = [(half([1], [-1]), half(512, 512))]
    x = half([1.5], [3.5], [6.5])
    found = sound_radius(network, params, x, [0, 0, 0], INF)
    assert found.naive.tolist() == [1.5, 3.5, 6.5]
    for i in range(3):
        assert changed(network, params, inside(x[i], found.naive[i], INF), 0) > 0
        assert changed(network, params, inside(x[i], found.radius[i], INF), 0) == 0
    assert found.radius[0] == 0
    assert 3 < found.radius[2] < 6.5  # sizes of 518 times 3 u, four times over: 3 of 13


BREAKS = {
    "relative": (
        Network((Layer(1, 2),)),
        [(half([1], [-1]), half(512, 512))],
        half([1.5]),
    ),
    # 2^-14 x against 0: products are multiples of 2^-24
    "absolute": (
        Network((Layer(1, 2),)),
        [(half([2.0**-14], [0]), half(0, 0))],
        half([3 * 2.0**-11]),
    ),
    # 4 x - 4 x / 2 in two layers is NaN where 4 x overflows, at 16376
    "room": (
        Network((Layer(1, 2), Layer(2, 2))),
        [(half([4], [4]), half(0, 0)), (half([1, -0.5], [0, 0]), half(0, 0))],
        half([15000]),
    ),
    # 2 x against 4: a tie at 2, a distance of 1 from 3, if the slope of 2 is taken for 1: of 2
    "slope": (
        Network((Layer(1, 2), Layer(2, 2))),
        [(half([2], [0]), half(0, 0)), (half([1, 0], [0, 0]), half(0, 4))],
        half([3]),
    ),
}


@pytest.mark.parametrize("term", BREAKS)
def test_without_any_one_term_some_float_input_breaks_the_radius(term, monkeypatch):
    network, params, x = BREAKS[term]
    sound = sound_radius(network, params, x, [0], INF)
    assert changed(network, params, inside(x[0], sound.radius[0], INF), 0) == 0
    exact = movement.movements

    def without(*arguments):
        for step in exact(*arguments):
            if term == "room":
                step = step._replace(room=np.full(len(step.room), np.inf))
            elif term == "slope":
                step = step._replace(slope=step.slope / 2, slope_after=step.slope_after / 2)
            else:
                step = step._replace(run=step.run._replace(**{term: Fraction(0)}))
            yield step

    monkeypatch.setattr(radii, "movements", without)
    radius = sound_radius(network, params, x, [0], INF).per_pair[0]
    assert radius > sound.radius[0]
    assert changed(network, params, inside(x[0], radius, INF), 0) > 0


@pytest.mark.parametrize("p", [1, 2, INF])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_rounding_costs(p, dtype):
    rng = np.random.default_rng(3)
    network, params = draw(rng, dtype, MaxMin(), 6, 4)
    x = rng.standard_normal((200, 6)).astype(dtype)
    y = network.value(params, x)
    labels = np.argmax(y, axis=1)
    found = sound_radius(network, params, x, labels, p)
    constant = lipschitz_bound(network, params, p).constant
    exact = certified_radius(y, labels, constant, p)
    u = np.finfo(dtype).eps / 2
    assert np.all(found.joint <= exact)
    # three layers, each twice gamma_8 of sizes below 40, over a constant above 1/2; both logits
    assert np.all(found.joint >= exact - 3 * 2 * 8 * u * 40 * 4 * constant)
    # |w_t - w_j| <= sqrt(2) ||W||; of the gamma terms, |w_t| + |w_j| is at most sqrt(2) times as large: 8 u of them
    assert np.all(found.per_pair >= found.joint * (1 - 16 * u))
    assert np.all(found.per_pair >= found.per_logit)
    assert np.array_equal(found.radius, np.max([found.joint, found.per_logit, found.per_pair], axis=0))


def test_radii_per_pair_are_tight_for_an_affine_map():
    # the distance to the hyperplane y_0 = y_j is the gap over |w_0 - w_j|_q*
    w = np.array([[3.0, 0.0], [0.0, 4.0], [-1.0, 3.0]])
    network = Network((Layer(2, 3),))
    x = np.array([[2.0, 0.5]])
    gaps, rows = np.array([4.0, 6.5]), np.array([[3.0, -4.0], [4.0, -3.0]])
    for p, dual in ((1, INF), (2, 2), (INF, 1)):
        (radius,) = sound_radius(network, [(w, np.zeros(3))], x, [0], p).per_pair
        distance = np.min(gaps / np.linalg.norm(rows, dual, axis=1))
        assert distance * (1 - 1e-14) < radius < distance  # gamma_4 of sizes of 6, a few u
    # joint: sqrt(2) times the norm of W; per logit: 3 + 4 for the first pair
    found = sound_radius(network, [(w, np.zeros(3))], x, [0], 2)
    norm = np.linalg.norm(w, 2)
    assert found.joint[0] == pytest.approx(4 / (math.sqrt(2) * norm), rel=1e-7)  # the norm's bound: 3e-9
    assert found.per_logit[0] == pytest.approx(min(4 / 7, 6.5 / (3 + math.sqrt(10))), rel=1e-12)


def test_a_network_from_two_to_infinity():
    network, params = draw(np.random.default_rng(0), np.float64, MaxMin())
    x = np.random.default_rng(1).standard_normal((50, 3))
    labels = np.argmax(network.value(params, x), axis=1)
    found = sound_radius(network, params, x, labels, 2, INF)
    constant = lipschitz_bound(network, params, 2, INF).constant
    exact = certified_radius(found.logits, labels, constant, INF)
    assert np.allclose(found.joint, exact, rtol=1e-11, atol=1e-12)
    assert np.all(found.joint <= exact)


def test_wrong_tied_and_constant_predictions():
    network = Network((Layer(2, 2),))
    params = [(np.eye(2), np.zeros(2))]
    x = np.array([[1.0, 2.0], [1.0, 1.0], [2.0, 1.0]])
    found = sound_radius(network, params, x, [0, 0, 0])
    assert found.radius[:2].tolist() == found.naive[:2].tolist() == [0.0, 0.0]
    assert found.radius[2] > 0.7
    assert sound_accuracy(network, params, x, [0, 0, 0], [0.0, 0.7, 0.71]).tolist() == [1 / 3, 1 / 3, 0.0]
    constant = [(np.zeros((2, 2)), np.array([1.0, 0.0]))]
    assert sound_radius(network, constant, x, [0, 0, 0]).radius.min() > 1e300
    assert sound_radius(network, constant, x, [1, 1, 1]).radius.tolist() == [0.0] * 3


def test_scales_without_a_square():
    network = Network((Layer(2, 2, MaxMin()), Layer(2, 2)))
    w = np.array([[0.6, 0.8], [-0.8, 0.6]])
    x = np.array([[0.3, 0.4]])
    usual = sound_radius(network, [(w, np.zeros(2)), (w, np.zeros(2))], x, [0], 2)
    label = int(np.argmax(usual.logits))
    for k in (-400, 400):
        params = [(w, np.zeros(2)), (w, np.zeros(2))]
        far = sound_radius(network, params, np.ldexp(x, k), [label]).radius
        near = sound_radius(network, params, x, [label]).radius
        assert np.ldexp(far, -k) == pytest.approx(near, rel=1e-14)


def test_bad_input():
    network, params = draw(np.random.default_rng(0), np.float64, MaxMin())
    x = np.zeros((2, 3))
    for labels, words in (([0, 3], r"0 \.\.\. 2, got 0 \.\.\. 3"), ([-1, 0], "got -1"), ([0], "as many labels")):
        with pytest.raises(ValueError, match=words):
            sound_radius(network, params, x, labels)
    with pytest.raises(TypeError, match="labels have dtype float64"):
        sound_radius(network, params, x, [0.0, 1.0])
    with pytest.raises(ValueError, match="no bound for p = 3"):
        sound_radius(network, params, x, [0, 0], 3)
    with pytest.raises(ValueError, match="no bound for p = inf, q = 2"):
        sound_radius(network, params, x, [0, 0], INF, 2)
    with pytest.raises(ValueError, match=r"network\.fold"):
        sound_radius(network.constrained(Bjorck(3)), params, x, [0, 0])
    with pytest.raises(ValueError, match="x holds 1 non-finite"):
        sound_radius(network, params, np.array([[0.0, np.nan, 0.0]]), [0])
    with pytest.raises(ValueError, match="k >= 2"):
        sound_radius(Network((Layer(3, 1),)), [(np.ones((1, 3)), np.zeros(1))], x, [0, 0])
    large = [(np.full((2, 3), 1e308), np.zeros(2))]
    with pytest.raises(ValueError, match="norm above the largest double"):
        sound_radius(Network((Layer(3, 2),)), large, x, [0, 0], INF)
    two = Network((Layer(1, 1, LeakyReLU(1e200)), Layer(1, 2)))
    for a, b in ((1.0, 1e200), (1e200, 1.0)):
        steep = [(np.array([[a]]), np.zeros(1)), (np.array([[b], [0.0]]), np.zeros(2))]
        with pytest.raises(ValueError, match="product of the layers' norms"):
            sound_radius(two, steep, np.zeros((1, 1)), [0], INF)
    for wanted in ([-0.1], [np.nan]):
        with pytest.raises(ValueError, match="radii must be"):
            sound_accuracy(network, params, x, [0, 0], wanted)
    with pytest.raises(ValueError, match="no inputs"):
        sound_accuracy(network, params, np.zeros((0, 3)), np.zeros(0, int), [0.1])


def test_selections_at_the_end():
    network = Network((Layer(2, 3, ReLU()), Selection(3, 2)))
    params = [(np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]), np.zeros(3)), (np.array([2, 0]), np.zeros(2))]
    found = sound_radius(network, params, np.array([[1.0, 2.0]]), [0], INF)
    assert found.per_logit[0] == found.per_pair[0] == 0
    assert found.radius[0] == pytest.approx(2 / (2 * 2), rel=1e-14)  # a margin of 2, rows of 1-norm up to 2
