"""What `check_gradient` tells of right and wrong gradients, of kinks, and of what it cannot tell."""

import math

import numpy as np
import pytest

from refsort.oracle.gradients import check_gradient

W = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]])


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def softmax_backward(x, g):
    p = softmax(x)
    return p * (g - (p * g).sum(axis=-1, keepdims=True))


def pairs_sorted(x):
    return np.sort(x.reshape(-1, 2), axis=-1).reshape(x.shape)


def pairs_sorted_backward(x, g):
    order = np.argsort(x.reshape(-1, 2), axis=-1, kind="stable")
    x_bar = np.empty_like(g.reshape(-1, 2))
    np.put_along_axis(x_bar, order, g.reshape(-1, 2), -1)
    return x_bar.reshape(x.shape)


def step(w):
    return w + w @ (np.eye(w.shape[1], dtype=w.dtype) - w.T @ w) / 2


def step_backward(w, g):
    return g + g @ (np.eye(w.shape[1], dtype=w.dtype) - w.T @ w) / 2 - w @ (g.T @ w + w.T @ g) / 2


MAPS = {
    "linear": (lambda x: x @ W.astype(x.dtype).T, lambda x, g: g @ W.astype(x.dtype), (4, 3)),
    "exp": (np.exp, lambda x, g: g * np.exp(x), (5,)),
    "softmax": (softmax, softmax_backward, (2, 5)),
    "a scalar": (lambda x: np.sum(x * x), lambda x, g: 2 * x * g, (3, 4)),
    "pairs": (pairs_sorted, pairs_sorted_backward, (3, 4)),
    "many pairs": (pairs_sorted, pairs_sorted_backward, (60, 4)),
    "Bjorck": (step, step_backward, (3, 2)),
    "steep": (lambda x: np.sin(50 * x), lambda x, g: 50 * np.cos(50 * x) * g, (4,)),
    "beside a large constant": (lambda x: x + 1000, lambda x, g: g, (5,)),
    "tiny": (lambda x: (x / 2**20) ** 2, lambda x, g: 2 * (x / 2**20) * g / 2**20, (5,)),
}


def point(shape, seed, dtype=np.float64):
    return np.random.default_rng([seed, *shape]).standard_normal(shape).astype(dtype)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("name", MAPS)
def test_a_right_gradient_is_right(name, seed):
    f, backward, shape = MAPS[name]
    report = check_gradient(f, backward, point(shape, seed), seed=seed)
    assert (report.verdict, report.finding, report.kinks) == ("PASS", "right", []), report.text
    assert report


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("name", MAPS)
def test_a_right_gradient_in_float32_is_never_accused(name, seed):
    f, backward, shape = MAPS[name]
    report = check_gradient(f, backward, point(shape, seed, np.float32), seed=seed)
    assert report.verdict == "PASS" or report.finding == "cannot tell", report.text


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("factor", [0, -1, 2, 0.5, 0.9])
@pytest.mark.parametrize("name", ["linear", "exp", "softmax", "a scalar", "pairs", "Bjorck", "steep"])
def test_a_factor_is_named(name, factor, dtype):
    f, backward, shape = MAPS[name]
    report = check_gradient(f, lambda x, g: dtype(factor) * backward(x, g), point(shape, 3, dtype))
    assert report.verdict == "FAIL"
    assert report.finding.startswith("wrong scale by the factor"), report.text
    assert report.factor == pytest.approx(factor, abs=1e-3)
    assert not report


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("name", [name for name in MAPS if name not in ("a scalar", "tiny")])
def test_a_gradient_in_the_wrong_places_is_a_wrong_direction(name, seed):
    f, backward, shape = MAPS[name]
    report = check_gradient(f, lambda x, g: np.roll(backward(x, g), 1), point(shape, seed), seed=seed)
    assert (report.verdict, report.finding) == ("FAIL", "wrong direction")
    assert math.isnan(report.factor)


@pytest.mark.parametrize("seed", range(5))
def test_two_entries_of_a_thousand_that_trade_places_are_seen(seed):
    """gradcheck in its fast mode passes such a permutation."""
    x = point((1000,), seed)

    def swapped(x, g):
        x_bar = pairs_sorted_backward(x, g)
        x_bar[[17, 402]] = x_bar[[402, 17]]
        return x_bar

    assert check_gradient(pairs_sorted, swapped, x, seed=seed).verdict == "FAIL"
    assert check_gradient(pairs_sorted, pairs_sorted_backward, x, seed=seed).verdict == "PASS"


def test_one_detached_input_of_three_is_named():
    def f(x, w, b):
        return x @ w.T + b

    x, w, b = point((4, 3), 0), point((2, 3), 1), point((2,), 2)
    assert check_gradient(f, lambda x, w, b, g: [g @ w, g.T @ x, g.sum(axis=0)], (x, w, b)).finding == "right"
    report = check_gradient(f, lambda x, w, b, g: [g @ w, 0 * w, g.sum(axis=0)], (x, w, b))
    assert report.finding == "wrong direction"
    wrong = {d.name for d in report.directions if d.finding == "wrong"}
    assert "input 1" in wrong
    assert not {"input 0", "input 2"} & wrong
    assert "along" in report.text


def test_the_taylor_slope_is_two_for_right_one_for_wrong_and_infinite_for_linear():
    x = point((5,), 0)
    for f, backward, slope in (
        (np.exp, lambda x, g: g * np.exp(x), 2),
        (np.exp, lambda x, g: 2 * g * np.exp(x), 1),
        (lambda x: 3 * x, lambda x, g: 3 * g, math.inf),
    ):
        directions = check_gradient(f, backward, x).directions
        assert directions[0].slope == pytest.approx(slope, abs=0.1)
        assert 0 < directions[0].window[0] < directions[0].window[1] < 1


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_kinks_are_named_and_nothing_is_decided_there(dtype):
    x = np.array([[3.0, 1.0, 2.0, 2.0], [0.5, 7.0, -4.0, -2.0]], dtype)
    report = check_gradient(pairs_sorted, pairs_sorted_backward, x)
    assert (report.verdict, report.finding) == ("UNRESOLVED", "kink suspected")
    assert report.kinks == [(0, (0, 2)), (0, (0, 3))]
    assert "input 0 entry [0, 2]" in report.text
    kink = next(d for d in report.directions if d.finding == "kink suspected" and d.name == "input 0 entry [0, 2]")
    assert abs(kink.jump) == pytest.approx(
        4.0
    )  # (4 - 3) d for the cotangents 3 and 4 and a direction of length d = 8 / 2


def test_a_gradient_that_is_wrong_beside_a_kink_is_wrong():
    x = np.array([1.0, 1.0, 2.0, 5.0])
    report = check_gradient(pairs_sorted, lambda x, g: 3 * pairs_sorted_backward(x, g), x)
    assert report.verdict == "FAIL"
    assert report.factor == pytest.approx(3)


def test_a_bend_nearby_is_no_kink():
    x = np.array([1.0, 1.0 + 1e-4, -2.0, 5.0])
    assert check_gradient(pairs_sorted, pairs_sorted_backward, x).finding == "right"


def test_it_says_where_it_cannot_tell():
    noisy = np.random.default_rng(0)
    assert (
        "changes from call to call"
        in check_gradient(lambda x: x + noisy.random(3), lambda x, g: g, point((3,), 0)).finding
    )
    report = check_gradient(lambda x: x, lambda x, g: g, point((3,), 0, np.float16))
    assert (report.verdict, report.directions) == ("UNRESOLVED", [])
    assert "too few digits" in report.finding
    assert "finite" in check_gradient(np.log, lambda x, g: g / x, np.array([-1.0])).finding
    steps = check_gradient(lambda x: np.round(x * 1e4) / 1e4 + 0 * x, lambda x, g: g, point((3,), 0))
    assert steps.verdict != "PASS"


@pytest.mark.parametrize(
    ("backward", "words"),
    [
        (lambda x, g: g[:2], "shape (2,)"),
        (lambda x, g: g * np.nan, "not finite"),
    ],
)
def test_a_gradient_of_a_wrong_form_fails(backward, words):
    report = check_gradient(lambda x: x, backward, point((3,), 0))
    assert report.verdict == "FAIL"
    assert words in report.finding


def test_a_missing_gradient_fails_and_bad_points_are_refused():
    assert (
        "1 gradients for 2 inputs"
        in check_gradient(lambda x, y: x, lambda x, y, g: [g], (np.ones(2), np.ones(2))).finding
    )
    with pytest.raises(ValueError, match="finite floats"):
        check_gradient(lambda x: x, lambda x, g: g, np.array([1, 2]))


def test_inputs_may_be_written_to_and_nothing_is_printed(capsys):
    def f(x):
        x *= 2
        return x

    x = point((3,), 0)
    before = x.copy()
    assert check_gradient(f, lambda x, g: 2 * g, x)
    assert (x == before).all()
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("seed", range(6))
def test_no_factor_is_made_of_one_entry_that_is_hardly_seen(seed):
    x = np.random.default_rng(seed).standard_normal((8, 128)).astype(np.float32)

    def one_wrong(x, g):
        x_bar = pairs_sorted_backward(x, g)
        x_bar.flat[np.argmax(np.abs(x_bar))] *= np.float32(1.5)
        return x_bar

    report = check_gradient(pairs_sorted, one_wrong, x, seed=seed)
    assert report.finding in ("wrong direction", "cannot tell"), report.text
