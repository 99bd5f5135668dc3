"""McShane-Whitney extensions as networks: against their formulas in rationals, with norms, bounds and refusals."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from refsort.certify import lipschitz_bound
from refsort.constructions import lipschitz_data, mcshane
from refsort.nets import load_network, save_network
from tests.constructions.exactly import EXPONENT, INF, array, at, depth, distance, product_of_norms, rationals, vectors

metrics = st.sampled_from(["linf", "l1"])
constants = st.sampled_from([Fraction(1), Fraction(1, 3), Fraction(2)])


def lower(points, values, metric, lipschitz, x):
    return max(y - lipschitz * distance(metric, x, p) for p, y in zip(points, values, strict=True))


def upper(points, values, metric, lipschitz, x):
    return min(y + lipschitz * distance(metric, x, p) for p, y in zip(points, values, strict=True))


@st.composite
def lipschitz_values(draw, metric, lipschitz, outputs=1):
    """Points of the plane, repeated ones included, and values made Lipschitz by the lower formula."""
    points = draw(st.lists(vectors(2, rationals(3, (1, 2))), min_size=1, max_size=6))
    columns = []
    for _ in range(outputs):
        raw = draw(vectors(len(points)))
        columns.append([lower(points, raw, metric, lipschitz, p) for p in points])
    return points, columns


@given(st.data(), metrics, constants, st.sampled_from(["lower", "upper", "midpoint"]))
@settings(max_examples=60)
def test_equals_the_formula_and_meets_the_data(data, metric, lipschitz, kind):
    points, (values,) = data.draw(lipschitz_values(metric, lipschitz))
    network, params = mcshane(array(points), array(values), metric, lipschitz, kind)
    x = data.draw(vectors(2))
    low, high = (f(points, values, metric, lipschitz, x) for f in (lower, upper))
    assert at(network, params, x) == [{"lower": low, "upper": high, "midpoint": (low + high) / 2}[kind]]
    assert [at(network, params, p)[0] for p in points] == values
    assert product_of_norms(network, params, EXPONENT[metric], INF) == lipschitz
    assert depth(network) - (kind == "midpoint") == 2 + (len(points) - 1).bit_length()


@given(st.data(), metrics)
@settings(max_examples=25)
def test_several_outputs(data, metric):
    points, columns = data.draw(lipschitz_values(metric, Fraction(1), outputs=3))
    values = [list(row) for row in zip(*columns, strict=True)]
    x = data.draw(vectors(2))
    for kind in ("lower", "midpoint"):
        network, params = mcshane(array(points), array(values), metric, kind=kind)
        expected = [lower(points, column, metric, 1, x) for column in columns]
        if kind == "midpoint":
            expected = [(v + upper(points, c, metric, 1, x)) / 2 for v, c in zip(expected, columns, strict=True)]
        assert at(network, params, x) == expected
        assert product_of_norms(network, params, EXPONENT[metric], INF) == 1


@given(st.data(), st.sampled_from(["linf", "l1", "l2"]))
@settings(max_examples=60)
def test_data_are_refused_exactly_where_the_condition_fails(data, metric):
    points = data.draw(st.lists(vectors(2, rationals(3, (1, 2))), min_size=2, max_size=4, unique_by=tuple))
    values = data.draw(vectors(len(points), rationals(3)))
    power = 2 if metric == "l2" else 1  # distance() is squared there
    ratios = {
        (i, j): abs(values[i] - values[j]) ** power / distance(metric, points[i], points[j])
        for i in range(len(points))
        for j in range(i)
    }
    worst = max(ratios.values())
    arguments = array(points), array(values), metric
    options = {"eps": Fraction(1)} if metric == "l2" else {}
    if worst <= 1:
        mcshane(*arguments, **options)
        return
    with pytest.raises(ValueError, match="are not 1-Lipschitz") as caught:
        mcshane(*arguments, **options)
    named = [(i, j) for (i, j), r in ratios.items() if r == worst]
    assert any(f"points {j} and {i}" in str(caught.value) for i, j in named)
    assert f"{float(worst) ** (1 / power):.6g} times" in str(caught.value)


@given(
    st.data(), st.integers(2, 3), st.sampled_from([Fraction(1), Fraction(1, 2)]), st.sampled_from(["lower", "upper"])
)
@settings(max_examples=25)
def test_the_two_norm_within_eps_on_the_box(data, d, eps, kind):
    """Above the lower extension by at most eps, never below; and 1-Lipschitz. In squares: no root is taken."""
    points = data.draw(st.lists(vectors(d, rationals(2, (1, 2))), min_size=1, max_size=3, unique_by=tuple))
    values = data.draw(vectors(len(points), st.just(Fraction(0)) | rationals(1, (3,))))
    data_points = list(zip(values, points, strict=True))
    assume(all((a - b) ** 2 <= distance("l2", p, q) for a, p in data_points for b, q in data_points))
    network, params = mcshane(array(points), array(values), "l2", kind=kind, eps=eps)
    weights = [data.draw(st.integers(0, 4)) for _ in points]
    assume(sum(weights))
    x = [
        sum((w * p[k] for w, p in zip(weights, points, strict=True)), Fraction(0)) / sum(weights) for k in range(d)
    ]  # in the box
    (value,) = at(network, params, x)
    sign = 1 if kind == "lower" else -1
    # g >= y_i - |x - x_i| for all i, and g - eps <= one of them (for "upper": of the negatives)
    heights = [(sign * y - sign * value, distance("l2", x, p)) for y, p in zip(values, points, strict=True)]
    assert all(h <= 0 or h * h <= square for h, square in heights)
    assert any(h + eps >= 0 and (h + eps) ** 2 >= square for h, square in heights)
    assert all(sum(v * v for v in row) <= 1 for row in params[0][0])


@pytest.mark.parametrize("metric", ["linf", "l1", "l2"])
@pytest.mark.parametrize("rows", [1, 3, 64])
def test_the_worst_pair_is_found_in_whatever_block_it_lies(monkeypatch, metric, rows):
    monkeypatch.setattr(lipschitz_data, "_BLOCK", rows * 20 * 3)
    rng = np.random.default_rng(rows)
    points, values = rng.standard_normal((20, 3)), rng.standard_normal(20)
    gaps = np.linalg.norm(points[:, None] - points[None], EXPONENT[metric], axis=2) + np.eye(20)
    ratios = np.abs(values[:, None] - values[None]) / gaps
    a, b = np.unravel_index(np.argmax(ratios), ratios.shape)
    lipschitz = float(ratios[a, b]) * 0.6
    with pytest.raises(ValueError, match=f"points {min(a, b)} and {max(a, b)};"):
        lipschitz_data.require_lipschitz("test", points, values[:, None], metric, lipschitz)
    lipschitz_data.require_lipschitz("test", points, values[:, None], metric, float(ratios[a, b]))


def test_equal_points_are_found_in_whatever_block_they_lie(monkeypatch):
    monkeypatch.setattr(lipschitz_data, "_BLOCK", 2 * 12)
    points, values = np.arange(12.0)[:, None], np.zeros((12, 1))
    points[9], values[9] = points[7], 1.0
    with pytest.raises(ValueError, match="points 7 and 9 are the same"):
        lipschitz_data.require_lipschitz("test", points, values, "l1", 1)


@pytest.mark.parametrize("kind", ["lower", "upper"])
def test_the_two_norm_on_a_box_away_from_the_points(kind):
    """The farthest point of the box counts: (10, 4) is between two of the net's coarsest directions."""
    box = array([[Fraction(-1), Fraction(10)], [Fraction(3), Fraction(4)]])
    network, params = mcshane(
        array([[Fraction(0)] * 2]), array([Fraction(0)]), "l2", 1, kind, eps=Fraction(1, 10), box=box
    )
    (value,) = at(network, params, [Fraction(10), Fraction(4)])
    sign = -1 if kind == "lower" else 1
    assert (sign * value) ** 2 <= 116 <= (sign * value + Fraction(1, 10)) ** 2


def test_one_dimension_has_one_metric():
    points, values = array([[Fraction(0)], [Fraction(2)]]), array([Fraction(0), Fraction(1)])
    networks = [mcshane(points, values, metric) for metric in ("linf", "l1", "l2")]
    for x in (Fraction(-1), Fraction(1, 3), Fraction(5)):
        assert len({at(*one, [x])[0] for one in networks}) == 1


def test_between_all_extensions():
    """A function that meets the data lies between lower and upper, and the midpoint is within L h of it."""
    rng = np.random.default_rng(3)
    points, x = rng.uniform(-1, 1, (60, 2)), rng.uniform(-1, 1, (400, 2))

    def f(z):
        return np.abs(z[:, 0] - 0.3) - 0.25

    low, high, middle = (
        net.value(params, x)[:, 0]
        for net, params in (mcshane(points, f(points), "linf", kind=kind) for kind in ("lower", "upper", "midpoint"))
    )
    nearest = np.min(np.max(np.abs(x[:, None] - points[None]), axis=2), axis=1)
    slack = 1e-15  # sums of a few numbers below 2
    assert np.all(low <= f(x) + slack)
    assert np.all(f(x) <= high + slack)
    assert np.all(high - low <= 2 * nearest + slack)
    assert np.all(np.abs(middle - f(x)) <= nearest + slack)


@pytest.mark.parametrize("metric", ["linf", "l1", "l2"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_floats_keep_dtype_and_bound_and_files(tmp_path, metric, dtype):
    rng = np.random.default_rng(4)
    points = rng.uniform(-1, 1, (30, 2)).astype(dtype)
    values = np.linalg.norm(points, EXPONENT[metric], axis=1).astype(dtype) if metric != "l2" else points[:, 0]
    options = {"eps": 0.1} if metric == "l2" else {}
    network, params = mcshane(points, values, metric, **options)
    x = rng.uniform(-1, 1, (50, 2)).astype(dtype)
    y, j = network.forward(params, x)
    assert y.dtype == dtype
    low = np.max(values - np.linalg.norm(x[:, None] - points[None], EXPONENT[metric], axis=2), axis=1)
    unit = 8 * np.finfo(dtype).eps  # some additions of numbers below 4
    assert np.all(y[:, 0] >= low - unit)
    assert np.all(y[:, 0] <= low + (0.1 if metric == "l2" else 0) + unit)
    assert lipschitz_bound(network, params, EXPONENT[metric], INF).constant <= 1 + 2.0**-50
    dual = {"linf": 1, "l1": INF, "l2": 2}[metric]
    slopes = np.linalg.norm(j.jacobian()[:, 0].astype(float), dual, axis=-1)
    # directions of the net are shortened by less than |w| <= m d multiples of 2^-24 or 2^-53
    assert np.allclose(slopes, 1, rtol=0, atol=0 if metric != "l2" else 64 * np.finfo(dtype).eps)
    save_network(tmp_path / "net.npz", network, params)
    again, same = load_network(tmp_path / "net.npz")
    assert np.array_equal(again.value(same, x), y)


def test_rounded_data_of_slope_one_are_accepted():
    """Points on a ray, values rounded: differences can exceed the distance by a rounding, which is no violation."""
    points = np.arange(50)[:, None] * 0.1
    values = (points[:, 0] + 1 / 3) - 5.7
    assert np.any(np.abs(np.diff(values)) > np.diff(points[:, 0]))
    mcshane(points, values, "linf")


def test_bad_data():
    points = np.array([[0.0, 0.0], [1.0, 0.0], [3.0, 0.0]])
    with pytest.raises(ValueError, match=r"points 0 and 1; pass lipschitz >= 2\.5"):
        mcshane(points, np.array([0.0, 2.5, 3.0]), "l1")
    with pytest.raises(ValueError, match="points 0 and 2 are the same"):
        mcshane(points[[0, 1, 0]], np.array([0.0, 0.5, 0.25]), "linf")
    mcshane(points[[0, 1, 0]], np.array([0.0, 0.5, 0.0]), "linf")
    with pytest.raises(ValueError, match=r"values holds 1 numbers that are not finite, the first is values\[1\]"):
        mcshane(points, np.array([0.0, math.nan, 0.0]), "linf")
    with pytest.raises(ValueError, match="points holds 1"):
        mcshane(np.array([[math.inf]]), np.array([0.0]), "linf")
    with pytest.raises(ValueError, match="3 points need as many values, got 2"):
        mcshane(points, np.zeros(2), "linf")
    with pytest.raises(ValueError, match="non-empty"):
        mcshane(np.zeros((0, 2)), np.zeros(0), "linf")
    with pytest.raises(ValueError, match="2 dimensions, got shape"):
        mcshane(np.zeros(3), np.zeros(3), "linf")
    with pytest.raises(TypeError, match="share one dtype"):
        mcshane(points, np.zeros(3, np.float32), "linf")
    with pytest.raises(TypeError, match="mcshane: points has dtype int64"):
        mcshane(points.astype(int), np.zeros(3), "linf")
    with pytest.raises(ValueError, match="lipschitz must be positive"):
        mcshane(points, np.zeros(3), "linf", 0.0)


def test_metrics_without_a_network_and_absurd_sizes():
    points, values = np.zeros((1, 2)), np.zeros(1)
    with pytest.raises(ValueError, match="no maximum of finitely many affine functions; pass eps"):
        mcshane(points, values, "l2")
    with pytest.raises(ValueError, match="one of linf, l1, l2, got 'l3'"):
        mcshane(points, values, "l3")
    with pytest.raises(ValueError, match="kind must be"):
        mcshane(points, values, "linf", kind="middle")
    with pytest.raises(ValueError, match=r"at least 2\^785 affine functions for each of 1 cones; the limit") as caught:
        mcshane(np.zeros((1, 785)), values, "l1")
    assert "at least 2^785 units" in str(caught.value)
    box = np.array([[-1.0, 1.0]] * 2)
    with pytest.raises(ValueError, match="too fine for float64; pass a larger eps"):
        mcshane(points, values, "l2", eps=1e-13, box=box)
    with pytest.raises(ValueError, match=r"the network would have [0-9]{8,10} units"):
        mcshane(np.zeros((1, 3)), values, "l2", eps=1e-7, box=np.array([[-1.0, 1.0]] * 3))
    for kind, size in (("lower", 7), ("midpoint", 14)):
        network, _ = mcshane(points, values, "linf", kind=kind, max_units=size)
        assert sum(layer.d_out for layer in network.layers) == size + (kind == "midpoint")  # the mean itself
        with pytest.raises(ValueError, match=f"would have {size} units.*limit is max_units = {size - 1}"):
            mcshane(points, values, "linf", kind=kind, max_units=size - 1)
    with pytest.raises(ValueError, match="box with as many rows"):
        mcshane(points, values, "l2", eps=0.1, box=box[:1])
    with pytest.raises(ValueError, match="box must have a row"):
        mcshane(points, values, "l2", eps=0.1, box=box[:, ::-1])
    with pytest.raises(ValueError, match="eps must be positive"):
        mcshane(points, values, "l2", eps=math.nan)
