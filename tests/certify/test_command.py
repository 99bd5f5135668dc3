"""`refsort certify`: files in, table and JSON out, and one clear error for what is wrong with them."""

import json

import numpy as np
import pytest

from refsort import figures
from refsort.cli import main
from refsort.nets import Bjorck, MaxMin, Network, save_network

NETWORK = Network.dense([3, 6, 4], MaxMin(), Bjorck(12))


@pytest.fixture
def files(tmp_path):
    rng = np.random.default_rng(0)
    params = NETWORK.init(rng)
    save_network(tmp_path / "net.npz", NETWORK, params)
    x = rng.uniform(0, 1, (20, 3))
    labels = np.argmax(NETWORK.value(params, x), axis=1)
    np.savez(tmp_path / "data.npz", x=x, labels=labels)
    return tmp_path


def certify(folder, *options, network="net.npz", data="data.npz"):
    return main(["certify", str(folder / network), "--data", str(folder / data), *options])


def rewritten(folder, **changes):
    arrays = {**np.load(folder / "data.npz"), **changes}
    np.savez(folder / "data.npz", **{name: a for name, a in arrays.items() if a is not None})


def test_table_json_and_the_same_for_plain_weights(files, capsys):
    assert certify(files, "--radii", "0.01,0", "--attacked", "5", "--json", str(files / "out.json")) == 0
    assert "20 inputs, evaluated in float64: 100.00 % right" in capsys.readouterr().out
    report = json.loads((files / "out.json").read_text())
    assert report["radii"] == [0.0, 0.01]
    assert report["clean"] == 1.0
    params = NETWORK.fold(NETWORK.init(np.random.default_rng(0)))[1]
    arrays = {f"{kind}{i}": a for i, pair in enumerate(params) for kind, a in zip("wb", pair, strict=True)}
    np.savez(files / "plain.npz", **arrays)
    options = ["--radii", "0,0.01", "--attacked", "5", "--json", "-", "--activation", "max_min"]
    assert certify(files, *options, network="plain.npz") == 0
    again = json.loads(capsys.readouterr().out)
    assert {**again, "network": report["network"]} == report


def test_norm_dtype_and_limit(files, capsys):
    options = ["--norm", "inf", "--dtype", "float32", "--also", "float16", "--limit", "7", "--attacked", "0"]
    assert certify(files, *options) == 0
    text = capsys.readouterr().out
    assert "7 inputs, evaluated in float32" in text
    assert "radius, inf-norm" in text
    assert "float16 %" in text


@pytest.mark.skipif(not figures.available(), reason="figures need matplotlib: the extra plot")
@pytest.mark.parametrize(("ending", "magic"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_a_figure(files, ending, magic):
    assert certify(files, "--attacked", "3", "--figure", str(files / f"f.{ending}")) == 0
    assert (files / f"f.{ending}").read_bytes().startswith(magic)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"x": np.ones((20, 4))}, "takes inputs of 3 entries; the data have shape (20, 4)"),
        ({"x": np.ones(3)}, "the data have shape (3,)"),
        ({"labels": np.zeros(19, int)}, "one label for each input"),
        ({"labels": np.full(20, 4)}, "labels"),
        ({"labels": np.full(20, -1)}, "labels"),
        ({"labels": np.zeros(20)}, "label"),
        ({"x": np.zeros((0, 3)), "labels": np.zeros(0, int)}, "one input at least"),
        ({"x": np.ones((20, 3), int)}, "dtype int64; pass floats"),
        ({"x": np.full((20, 3), np.nan)}, "x holds 60 non-finite entries"),
        ({"labels": None}, "expected an npz file with the arrays x and labels"),
    ],
)
def test_data_that_do_not_fit(files, capsys, changes, words):
    rewritten(files, **changes)
    assert certify(files) == 2
    captured = capsys.readouterr()
    assert words in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""


def test_images_outside_of_their_box(files, capsys):
    rewritten(files, x=np.full((20, 3), 1.5))
    assert certify(files, "--box", "0", "1") == 2
    assert "20 inputs lie outside of the box [0.0, 1.0], with entries in [1.5, 1.5]" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--json", "no/such/folder/x.json"], "expected a file in an existing directory"),
        (["--figure", "x.bmp"], "ends in one of .png"),
        (["--activation", "relu"], "says itself what its activations are"),
    ],
)
def test_options_that_cannot_be(files, capsys, options, words):
    assert certify(files, *options) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("options", [["--radii", "-1"], ["--radii", "nan"], ["--radii", ""], ["--steps", "0"]])
def test_wrong_usage(files, options):
    with pytest.raises(SystemExit) as stopped:
        certify(files, *options)
    assert stopped.value.code == 2


def test_files_that_are_missing_or_cut_short(files, capsys):
    whole = (files / "net.npz").read_bytes()
    (files / "net.npz").write_bytes(whole[: len(whole) // 2])
    assert certify(files) == 2
    assert "not a complete npz file" in capsys.readouterr().err
    assert certify(files, network="none.npz") == 2
    assert certify(files, network="data.npz") == 2
    assert certify(files, data="none.npz") == 2


def test_a_network_without_a_bound_certifies_nothing(files, capsys):
    np.savez(files / "net.npz", w0=np.full((4, 3), 1e308), activation="relu")
    assert certify(files) == 2
    assert "nothing is certified" in capsys.readouterr().err
