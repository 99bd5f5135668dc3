"""The command line: help everywhere, exit codes that mean something, results that are written and can be resumed."""

import json
import os
import subprocess
import sys

import pytest

from refsort.cli import main
from refsort.experiments import EXPERIMENTS
from refsort.nets import load_network


@pytest.fixture
def mnist_directory():
    directory = os.environ.get("REFSORT_DATA")
    if not directory:
        pytest.skip("REFSORT_DATA is not set: see refsort.data.load_mnist for what to download")
    return directory


SMALL = ["--width", "8", "--steps", "6", "--batch", "4", "--points", "5"]


@pytest.mark.parametrize(
    "command",
    [
        [],
        ["check"],
        ["prove"],
        ["certify"],
        ["w1"],
        ["bench"],
        ["reproduce"],
        *(["reproduce", name] for name in EXPERIMENTS),
    ],
    ids=" ".join,
)
def test_every_command_has_help(command, capsys):
    with pytest.raises(SystemExit) as stopped:
        main([*command, "--help"])
    assert stopped.value.code == 0
    assert "usage: refsort" in capsys.readouterr().out


@pytest.mark.parametrize("command", [[], ["chek"], ["reproduce", "mnist"], ["check", "--max-examples", "0"]], ids=str)
def test_wrong_usage_is_two(command, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(command)
    assert stopped.value.code == 2
    assert "usage: refsort" in capsys.readouterr().err


def test_module_and_version():
    done = subprocess.run([sys.executable, "-m", "refsort", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("refsort ")


def test_absolute_value_writes_a_result_and_networks_and_resumes(tmp_path, capsys):
    command = ["reproduce", "absolute-value", *SMALL, "--out", str(tmp_path)]
    assert main(command) == 0
    assert "share of W1" in capsys.readouterr().out
    result = json.loads((tmp_path / "result.json").read_text())
    assert result["settings"]["steps"] == 6
    assert [critic["activation"] for critic in result["critics"]] == ["ReLU", "MaxMin"]
    for critic in result["critics"]:
        network, params = load_network(tmp_path / critic["file"])
        assert network.layers[0].d_in == 1
        assert params[0][0].shape == (8, 1)
        assert critic["lower"] <= 1  # a lower bound of a distance of 1
    # no step is left to do: the resumed run measures the same critics
    assert main([*command, "--resume"]) == 0
    again = json.loads((tmp_path / "result.json").read_text())
    assert [row["value"] for row in again["critics"]] == [row["value"] for row in result["critics"]]


def test_a_checkpoint_of_other_settings_is_refused(tmp_path, capsys):
    command = ["reproduce", "absolute-value", *SMALL, "--out", str(tmp_path)]
    assert main(command) == 0
    assert main([*command, "--resume", "--rate", "0.5"]) == 2
    assert "its schedule is" in capsys.readouterr().err


def test_missing_data_is_two_and_says_what_to_download(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("REFSORT_DATA", raising=False)
    for arguments in ([], ["--data", str(tmp_path)], ["--data", str(tmp_path / "nowhere")]):
        assert main(["reproduce", "mnist-l2", "--out", str(tmp_path), *arguments]) == 2
        error = capsys.readouterr().err
        assert "train-images-idx3-ubyte.gz" in error
        assert "REFSORT_DATA" in error


def test_a_run_that_diverges_is_one_and_named(tmp_path, mnist_directory, capsys):
    command = ["reproduce", "mnist-l2", "--data", mnist_directory, "--width", "8", "--epochs", "1", "--rate", "1e300"]
    assert main([*command, "--out", str(tmp_path)]) == 1
    assert "not finite" in capsys.readouterr().err


@pytest.mark.parametrize(
    "option", [["--width", "0"], ["--steps", "-1"], ["--rate", "nan"], ["--batch", "2.5"]], ids=str
)
def test_settings_out_of_range_are_wrong_usage(option, capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["reproduce", "absolute-value", *option])
    assert stopped.value.code == 2
    assert option[0] in capsys.readouterr().err


def test_a_width_that_maxmin_cannot_pair_is_two(tmp_path, capsys):
    assert main(["reproduce", "absolute-value", *SMALL, "--width", "7", "--out", str(tmp_path)]) == 2
    assert "group_size 2 does not divide the 7 features" in capsys.readouterr().err


def test_an_adapter_that_cannot_be_loaded_is_two(tmp_path, capsys):
    assert main(["check", str(tmp_path / "no_adapter.py")]) == 2
    assert "no_adapter.py" in capsys.readouterr().err


def test_an_interrupted_run_says_how_to_go_on(tmp_path, monkeypatch, capsys):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("refsort.experiments.critics.train", interrupted)
    assert main(["reproduce", "absolute-value", *SMALL, "--out", str(tmp_path)]) == 130
    assert "--resume" in capsys.readouterr().err


def test_where_nothing_is_to_be_resumed_the_run_begins(tmp_path):
    resumed, plain = tmp_path / "resumed", tmp_path / "plain"
    assert main(["reproduce", "absolute-value", *SMALL, "--resume", "--out", str(resumed)]) == 0
    assert main(["reproduce", "absolute-value", *SMALL, "--out", str(plain)]) == 0
    values = [
        [row["value"] for row in json.loads((out / "result.json").read_text())["critics"]] for out in (resumed, plain)
    ]
    assert values[0] == values[1]
