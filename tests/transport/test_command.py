"""`refsort w1`: files in, the sandwich out, and one clear error for what is wrong with them."""

import json

import numpy as np
import pytest

from refsort.cli import main
from refsort.nets import Bjorck, MaxMin, Network, save_network
from refsort.transport import wasserstein1
from refsort.transport.report import Sandwich

NETWORK = Network.dense([3, 6, 1], MaxMin(), Bjorck(12))


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    np.save(tmp_path / "a.npy", rng.standard_normal((7, 3)))
    np.save(tmp_path / "b.npy", rng.standard_normal((9, 3)) + 1)
    np.save(tmp_path / "wa.npy", np.full(7, 1 / 7))
    np.save(tmp_path / "wb.npy", np.arange(9) / 36)
    save_network(tmp_path / "net.npz", NETWORK, NETWORK.init(rng))
    return tmp_path


def w1(folder, *options, a="a.npy", b="b.npy"):
    return main(["w1", str(folder / a), str(folder / b), *map(str, options)])


def test_table_json_and_plan(folder, capsys):
    options = ["--critic", folder / "net.npz", "--json", folder / "o.json", "--plan", folder / "p.npz"]
    assert w1(folder, *options, "--metric", "l1", "--weights-b", folder / "wb.npy") == 0
    text = capsys.readouterr().out
    for part in ("7 and 9 points in 3 dimensions, metric l1", "lower bound <=  W1 <= primal value", "net.npz"):
        assert part in text
    report = json.loads((folder / "o.json").read_text())
    a, b, w = (np.load(folder / name) for name in ("a.npy", "b.npy", "wb.npy"))
    exact = wasserstein1(a, b, "l1", b=w)
    assert report["exact"]["lower"] <= exact.upper
    assert exact.lower <= report["exact"]["upper"]
    (critic,) = report["critics"].values()
    assert critic["lower"] <= report["exact"]["upper"]
    assert report["holds"] is True
    with np.load(folder / "p.npz") as plan:
        cost = np.abs(a[plan["rows"]] - b[plan["columns"]]).sum(axis=1)
        assert np.dot(plan["mass"], cost) == pytest.approx(exact.distance, rel=1e-13)
        assert plan["f"].mean() - w @ plan["g"] == pytest.approx(exact.distance, rel=1e-13)


def test_json_alone(folder, capsys):
    assert w1(folder, "--json", "-") == 0
    assert json.loads(capsys.readouterr().out)["points"] == [7, 9]


def test_samples_on_the_line(folder, capsys):
    np.save(folder / "x.npy", np.array([0, 1, 5]))
    np.save(folder / "y.npy", np.array([5.0, 6.0, 10.0]))
    assert w1(folder, a="x.npy", b="y.npy") == 0
    assert "by line: 3 pairs between which mass is moved, for 5.0 in all" in capsys.readouterr().out


def test_a_problem_that_is_too_large_leaves_the_critic(folder, capsys):
    assert w1(folder, "--max-memory", "50K", "--critic", folder / "net.npz", "--plan", folder / "p.npz") == 0
    captured = capsys.readouterr()
    assert "7 x 9 points by programme need about" in captured.err
    assert "not written" in captured.err
    assert "net.npz" in captured.out
    assert not (folder / "p.npz").exists()
    assert w1(folder, "--max-memory", "50K") == 2


def test_a_critic_that_is_wrong_leaves_the_exact_distance(folder, capsys):
    np.savez(folder / "wide.npz", w0=np.ones((1, 4)), activation="relu")
    np.savez(folder / "diverged.npz", w0=np.full((1, 3), 1e308), w1=np.full((1, 1), 1e308), activation="relu")
    for name, words in (
        ("none.npz", "No such file"),
        ("a.npy", "not a complete npz file"),
        ("wide.npz", "takes points of 4 dimensions, and the samples have 3"),
        ("diverged.npz", "nothing is certified"),
    ):
        assert w1(folder, "--critic", folder / name, "--critic", folder / "net.npz") == 2
        captured = capsys.readouterr()
        assert words in captured.err
        assert name in captured.err
        assert captured.err.count("\n") == 1
        assert "by programme" in captured.out
        assert "net.npz" in captured.out


@pytest.mark.parametrize(
    ("name", "array", "words"),
    [
        ("b.npy", np.zeros((2, 4)), "x has points of 3 dimensions and y of 4"),
        ("a.npy", np.full((2, 3), np.nan), "6 numbers that are not finite"),
        ("a.npy", np.zeros((0, 3)), "at least one point"),
        ("wb.npy", np.full(9, 0.5), "add up to 4.5, not to 1"),
        ("wb.npy", np.full(8, 1 / 8), "the 9 points of y need as many weights"),
        ("wb.npy", np.array([2.0, -1.0, *[0.0] * 7]), "must not be negative"),
        ("a.npy", np.array(["1", "2"]), "dtype"),
    ],
)
def test_data_that_are_wrong(folder, capsys, name, array, words):
    np.save(folder / name, array)
    assert w1(folder, "--weights-b", folder / "wb.npy") == 2
    captured = capsys.readouterr()
    assert words in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--json", "no/such/folder/x.json"], "expected a file in an existing directory"),
        (["--plan", "no/such/folder/x.npz"], "--plan no/such/folder/x.npz"),
        (["--weights-a", "no-weights.npy"], "no-weights.npy"),
    ],
)
def test_options_that_cannot_be(folder, capsys, options, words):
    assert w1(folder, *options) == 2
    assert words in capsys.readouterr().err


def test_files_that_are_no_arrays(folder, capsys):
    (folder / "text.npy").write_text("1 2 3")
    (folder / "empty.npy").write_bytes(b"")
    for name in ("text.npy", "empty.npy", "net.npz", "none.npy"):
        assert w1(folder, a=name) == 2
        assert name in capsys.readouterr().err


@pytest.mark.parametrize("options", [["--metric", "l3"], ["--max-memory", "lots"], ["--max-memory", "0"]])
def test_wrong_usage(folder, options):
    with pytest.raises(SystemExit) as stopped:
        w1(folder, *options)
    assert stopped.value.code == 2


def test_a_sandwich_that_is_violated_is_one(folder, monkeypatch, capsys):
    monkeypatch.setattr(Sandwich, "lower", property(lambda _: 1e9))
    assert w1(folder) == 1
    assert "VIOLATED" in capsys.readouterr().out
