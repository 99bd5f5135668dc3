"""Plain weights from elsewhere: what is read is what was written, and what does not fit is refused with its reason."""

import numpy as np
import pytest

from refsort.nets import (
    Absolute,
    Bjorck,
    CReLU,
    FullSort,
    GroupSort,
    Identity,
    LeakyReLU,
    MaxMin,
    Maxout,
    Network,
    ReLU,
    load_weights,
    named_activation,
    save_network,
)


def written(path, **arrays):
    np.savez(path, **arrays)
    return path


def weights(rng, dtype=np.float64):
    return {
        "w0": rng.standard_normal((6, 3)).astype(dtype),
        "b0": rng.standard_normal(6).astype(dtype),
        "w1": rng.standard_normal((2, 6)).astype(dtype),
    }


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_network_is_what_the_weights_say(tmp_path, dtype):
    rng = np.random.default_rng(0)
    arrays = weights(rng, dtype)
    network, params = load_weights(written(tmp_path / "net.npz", activation="group_sort:3", **arrays))
    x = rng.standard_normal((4, 3)).astype(dtype)
    h = np.sort((x @ arrays["w0"].T + arrays["b0"]).reshape(4, 2, 3)).reshape(4, 6)
    assert np.array_equal(network.value(params, x), h @ arrays["w1"].T)
    assert {a.dtype for pair in params for a in pair} == {np.dtype(dtype)}


def test_a_saved_network_and_a_checkpoint_come_folded(tmp_path):
    network = Network.dense([3, 4, 2], MaxMin(), Bjorck(7), lipschitz=2.0)
    params = network.init(np.random.default_rng(0))
    save_network(tmp_path / "net.npz", network, params)
    found, loaded = load_weights(tmp_path / "net.npz")
    assert found == network.fold(params)[0]
    x = np.random.default_rng(1).standard_normal((5, 3))
    assert np.array_equal(found.value(loaded, x), network.value(params, x))
    with pytest.raises(ValueError, match="leave out 'relu'"):
        load_weights(tmp_path / "net.npz", "relu")


@pytest.mark.parametrize(
    ("text", "activation"),
    [
        ("max_min", MaxMin()),
        ("group_sort:5", GroupSort(5)),
        ("full_sort", FullSort()),
        ("relu", ReLU()),
        ("leaky_relu:0.25", LeakyReLU(0.25)),
        ("absolute", Absolute()),
        ("crelu", CReLU()),
        ("maxout:3", Maxout(3)),
        ("identity", Identity()),
    ],
)
def test_names(text, activation):
    assert named_activation(text) == activation


@pytest.mark.parametrize("text", ["", "maxmin", "group_sort", "group_sort:x", "relu:2", "leaky_relu", "leaky_relu:a"])
def test_names_that_are_none(text):
    with pytest.raises(ValueError, match="expected one of max_min"):
        named_activation(text)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"w1": None, "w2": np.ones((2, 6))}, "expected weights w0, w1"),
        ({"w0": None, "b0": None, "w1": None}, "expected weights w0, w1"),
        ({"extra": np.ones(2)}, "expected weights w0, w1"),
        ({"w1": np.ones((2, 5))}, "layer 0 gives 6 features and layer 1 takes 5"),
        ({"b0": np.ones(5)}, "layer 0 needs w"),
        ({"w1": np.ones((2, 6), np.float32)}, "float32', 'float64'"),
        ({"w1": np.ones((2, 6), int)}, "expected one of float16"),
        ({"w1": np.ones(6)}, r"w1 must be \(d_out, d_in\), got shape \(6,\)"),
        ({"w1": np.full((2, 6), np.nan)}, "w1 has 12 entries that are not finite"),
        ({"b0": np.full(6, np.inf)}, "b0 has 6 entries that are not finite"),
        ({"activation": "swish"}, "activation 'swish'"),
        ({"activation": None}, "names no activation"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, change, words):
    arrays = {"activation": "relu", **weights(np.random.default_rng(0)), **change}
    path = written(tmp_path / "net.npz", **{name: a for name, a in arrays.items() if a is not None})
    with pytest.raises(ValueError, match=words):
        load_weights(path)


def test_an_activation_is_said_once(tmp_path):
    path = written(tmp_path / "net.npz", activation="relu", **weights(np.random.default_rng(0)))
    with pytest.raises(ValueError, match="say it once"):
        load_weights(path, "relu")


def test_files_that_are_cut_short_or_none(tmp_path):
    path = written(tmp_path / "net.npz", activation="relu", **weights(np.random.default_rng(0)))
    whole = path.read_bytes()
    for length in (0, 10, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match="not a complete npz file"):
            load_weights(path)
    with pytest.raises(FileNotFoundError):
        load_weights(tmp_path / "none.npz")
