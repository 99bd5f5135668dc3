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


SMALL = ["--width", "8", "--steps", "6", "--iterations", "3", "--batch", "4"]


@pytest.mark.parametrize(
    "command",
    [[], ["check"], ["prove"], ["certify"], ["w1"], ["reproduce"], *(["reproduce", name] for name in EXPERIMENTS)],
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
    assert set(result["critics"]) == {"MaxMin", "ReLU"}
    for name, critic in result["critics"].items():
        network, params = load_network(tmp_path / f"critic-{name}.npz")
        assert network.layers[0].d_in == 1
        assert params[0][0].shape == (8, 1)
        assert critic["value over bound"] <= 1  # a lower bound of a distance of 1
    # no step is left to do: the resumed run measures the same critics
    assert main([*command, "--resume"]) == 0
    again = json.loads((tmp_path / "result.json").read_text())
    assert [again["critics"][name]["value"] for name in again["critics"]] == [
        result["critics"][name]["value"] for name in result["critics"]
    ]


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


def test_a_run_that_diverges_is_one_and_named(tmp_path, capsys):
    command = ["reproduce", "absolute-value", *SMALL, "--rate", "1e300", "--out", str(tmp_path)]
    assert main(command) == 1
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

    monkeypatch.setattr("refsort.experiments.absolute_value.train", interrupted)
    assert main(["reproduce", "absolute-value", *SMALL, "--out", str(tmp_path)]) == 130
    assert "--resume" in capsys.readouterr().err


def test_nothing_to_resume_from_is_two(tmp_path, mnist_directory, capsys):
    assert main(["reproduce", "mnist-l2", "--data", mnist_directory, "--resume", "--out", str(tmp_path)]) == 2
    assert "checkpoint.npz" in capsys.readouterr().err
