"""`refsort bench` on tiny cases: what is printed, written, refused, and with which exit code."""

import importlib
import json
import sys

import numpy as np
import pytest

from refsort.bench import activations, growth, orthonormalisation, projections, training, whole
from refsort.bench import cases as all_cases
from refsort.bench.case import Case
from refsort.cli import main
from refsort.output import require_writable

TINY = (
    *activations.cases([(3, 16)], [4, 8]),
    *projections.cases([(5, 7)]),
    *orthonormalisation.cases([(6, 4), (4, 6)], orders=(1, 2, 3), iterations=(3, 5)),
    *training.cases((7, 6, 4, 3), (5, 6, 4, 1), batch=9, batch_of_critic=2),
    *whole.cases((5, 6, 4, 3), 2, points=6, dimension=3, arguments=("--quick", "--ops", "max_min")),
)


TORCH_FILES = [f"refsort.bench.torch_{part}" for part in ("peers", "networks", "operations")]


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    monkeypatch.setattr(all_cases, "CASES", TINY)


@pytest.fixture
def no_torch(monkeypatch):
    """As where PyTorch is not installed: its import fails, and the file that tries it is loaded afresh."""
    monkeypatch.setitem(sys.modules, "torch", None)
    for name in TORCH_FILES:
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield
    for name in TORCH_FILES:
        sys.modules.pop(name, None)


def peers(monkeypatch, formulations):
    """A stand-in for PyTorch: `formulations(inputs)` are callables by name, which return what is to be compared."""

    class Stub:
        def version(self):
            return "stub"

        def set_threads(self, number):
            return number

        def sides(self, operation, inputs, params, which):
            return {name: (call, call) for name, call in formulations(inputs).items()}

    monkeypatch.setattr("refsort.bench.command.torch_peers", Stub)


def bench(tmp_path, *arguments):
    path = tmp_path / "report.json"
    code = main(["bench", *arguments, "--repeats", "3", "--no-memory", "--json", str(path)])
    return code, json.loads(path.read_text())


def no_constants(text):
    raise AssertionError(f"{text} is no JSON")


def test_without_torch_refsort_and_the_floors_are_printed(no_torch, tmp_path, capsys):
    code, report = bench(tmp_path)
    assert code == 0
    assert "PyTorch is not installed" in capsys.readouterr().out
    assert "torch" not in report["versions"]
    assert {row["case"] for row in report["rows"]} == {case.name for case in TINY}
    for row in report["rows"]:
        assert row["refsort"]["rounds"] == 3
        assert row["torch"] == {}
        assert row["ratio"] is None
        assert (row["floor"] is None) == (row["operation"] in ("w1", "check"))


def test_the_json_has_all_its_fields_and_no_host(no_torch, tmp_path):
    import socket

    code, report = bench(tmp_path, "max_min", "--threads", "1")
    assert code == 0
    assert set(report) == {
        *("schema", "complete", "versions", "threads", "machine", "cores", "load", "repeats", "budget", "compiled"),
        *("rows", "summary"),
    }
    assert report["complete"] is True
    assert report["threads"] == {"BLAS and OpenMP (declared)": 1}
    assert len(report["rows"]) == 4 * 2  # passes and dtypes
    row = report["rows"][0]
    assert set(row) == {
        *("case", "family", "operation", "pass", "dtype", "threads", "refsort", "torch", "dropped", "wrong"),
        *("formulations", "fastest", "ratio", "ratio by rounds", "floor", "over floor"),
        *("difference", "differences", "tolerance", "memory"),
    }
    assert row["over floor"] == row["refsort"]["median"] / row["floor"]["median"]
    assert row["refsort"]["lower"] <= row["refsort"]["median"] <= row["refsort"]["upper"]
    assert row["memory"] == {"refsort": None, "torch": None}
    assert f'"{socket.gethostname()}"' not in json.dumps(report)


def test_json_to_standard_output_is_json_alone(no_torch, capsys):
    assert main(["bench", "max_min", "--quick", "--json", "-"]) == 0
    report = json.loads(capsys.readouterr().out, parse_constant=no_constants)
    assert [(row["pass"], row["dtype"]) for row in report["rows"]] == [
        ("forward", "float32"),
        ("forward, output reused", "float32"),
        ("forward+backward", "float32"),
        ("forward+backward, outputs reused", "float32"),
    ]


def test_a_wrong_peer_is_not_timed_and_fails(monkeypatch, tmp_path, capsys):
    calls = []

    def wrong():
        calls.append("wrong")
        return [np.zeros((3, 16), np.float32)]

    peers(monkeypatch, lambda inputs: {"wrong": wrong})
    code, report = bench(tmp_path, "full_sort", "--dtype", "float32")
    assert code == 1
    assert len(calls) == 4  # one comparison for each of the four passes, and no timed call
    for row in report["rows"]:
        assert row["refsort"] is None
        assert row["floor"] is None
        assert set(row["wrong"]) == {"wrong"}
    out = capsys.readouterr().out
    assert "WRONG" in out
    assert "wrong: differs by" in out
    assert "wrong: 1 outputs instead of 2" in out  # no gradient


def test_the_right_formulations_are_timed_beside_a_wrong_one(monkeypatch, tmp_path):
    def failing():
        raise RuntimeError("no such kernel")

    def formulations(inputs):
        y = np.sort(inputs["x"])
        return {"right": lambda: [y], "wrong": lambda: [y + 1], "failing": failing, "half": lambda: [y.astype("f2")]}

    peers(monkeypatch, formulations)
    code, report = bench(tmp_path, "full_sort")
    assert code == 1
    forward = [row for row in report["rows"] if row["pass"] == "forward"]
    assert len(forward) == 2
    for row in forward:
        assert set(row["torch"]) == {"right"} == {row["fastest"]}
        assert set(row["wrong"]) == {"wrong", "failing", "half"}
        assert row["wrong"]["failing"] == "failed: no such kernel"
        assert row["formulations"] == 4
        assert row["ratio"] == row["refsort"]["median"] / row["torch"]["right"]["median"]


def test_refsort_itself_may_fail(monkeypatch, no_torch, tmp_path, capsys):
    def refuses(inputs, which):
        raise AssertionError("never called")

    def fails():
        raise RuntimeError("broken")

    case = TINY[-1]
    broken = Case(
        case.name, "whole", "check", case.inputs, lambda *_: whole.Side(fails, fails), refuses, passes=case.passes
    )
    monkeypatch.setattr(all_cases, "CASES", (broken,))
    code, report = bench(tmp_path)
    assert code == 1
    assert all(row["wrong"] == {"refsort": "failed: broken"} for row in report["rows"])


def test_an_unknown_case_names_the_known_ones(capsys):
    assert main(["bench", "max_mim"]) == 2
    error = capsys.readouterr().err
    assert "max_mim" in error
    for name in ("activations", "max_min", "bjorck_1_3", "training", "w1"):
        assert name in error


def test_list_measures_nothing(monkeypatch, capsys):
    monkeypatch.setattr("refsort.bench.command.measured", None)
    assert main(["bench", "--list", "projections", "w1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[2:]] == [
        *("l1_ball_dense-5x7", "l1_ball_sparse-5x7", "l1_ball_inside-5x7", "w1-6x3"),
    ]


def test_a_report_that_cannot_be_written_is_two_before_anything_is_measured(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr("refsort.bench.command.measured", None)
    path = str(tmp_path / "nowhere" / "report.json")
    with pytest.raises(FileNotFoundError):
        require_writable("--json", path)
    assert main(["bench", "max_min", "--json", path]) == 2
    assert "nowhere" in capsys.readouterr().err


@pytest.mark.parametrize(
    "option", [["--threads", "0"], ["--threads", "1,1"], ["--repeats", "x"], ["--dtype", "float16"]], ids=str
)
def test_wrong_options_are_two(option):
    with pytest.raises(SystemExit) as stopped:
        main(["bench", *option])
    assert stopped.value.code == 2


def test_torch_agrees_with_refsort_in_every_case_and_formulation(tmp_path, capsys):
    pytest.importorskip("torch")
    importlib.import_module("refsort.bench.torch_peers")
    code, report = bench(tmp_path, "--threads", "1")
    assert [row["wrong"] for row in report["rows"] if row["wrong"]] == []
    assert code == 0
    assert report["threads"]["torch"] == 1
    for row in report["rows"]:
        alone = row["operation"] in ("w1", "check")
        assert (row["fastest"] is None) == alone
        if not alone:
            assert row["formulations"] > 1, "several formulations are tried"
            assert row["formulations"] == len(row["torch"]) + len(row["dropped"]) == len(row["differences"])
            assert row["difference"] <= row["tolerance"]
            assert row["fastest"] == min(row["torch"], key=lambda name: row["torch"][name]["median"])
            assert row["ratio by rounds"]["rounds"] == 3
    assert "torch.compile is left out" in capsys.readouterr().out


@pytest.mark.parametrize("series", growth.SERIES, ids=lambda series: f"{series.name} {series.against}")
def test_a_series_grows_what_it_says(series):
    small, large = (series.case_of(size) for size in (4, 8))
    assert small.operation == {"training step": "mnist_step", "l1_ball_dense": "project_l1_ball"}.get(
        series.name, series.name.split(",")[0]
    )
    assert small.operation == large.operation
    sizes = [sum(a.size for a in case.inputs(np.random.default_rng(0), "float32").values()) for case in (small, large)]
    assert sizes[0] < sizes[1] or small.params["iterations"] < large.params["iterations"]


def test_growth_prints_exponents_and_writes_every_size(monkeypatch, tmp_path, capsys):
    small = tuple(series._replace(sizes=(4, 8, 16)) for series in growth.SERIES)
    monkeypatch.setattr(growth, "SERIES", small)
    monkeypatch.setattr("refsort.bench.command.torch_peers", None)  # not asked for
    path = tmp_path / "growth.json"
    assert main(["bench", "--growth", "--repeats", "2", "--json", str(path)]) == 0
    assert "last doubling" in capsys.readouterr().out
    found = json.loads(path.read_text())["growth"]
    assert {row["against"] for row in found} == {"batch", "width", "depth", "iterations"}
    for row in found:
        assert row["sizes"] == [4, 8, 16]
        assert len(row["times"]) == len(row["peaks"]) == 3
        assert row["times"][0]["rounds"] == 2


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--growth", "max_min"], "takes no names"),
        (["--growth", "--threads", "1,2"], "takes one number of threads"),
        (["--resume"], "name it with --json FILE"),
        (["--resume", "--json", "-"], "name it with --json FILE"),
    ],
    ids=str,
)
def test_options_that_contradict_each_other_are_two(options, why, capsys):
    assert main(["bench", *options]) == 2
    assert why in capsys.readouterr().err
