"""Several numbers of threads: a process for each, which is told all choices; one report of all."""

import json

import pytest

from refsort.bench import threaded
from refsort.cli import main


class Processes:
    """Stands for the processes: notes their arguments, writes their reports, ends as it is told."""

    def __init__(self, *codes):
        self.codes, self.calls = list(codes), []

    def __call__(self, arguments, silent):
        self.calls.append((list(arguments), silent))
        options = dict(part[2:].split("=", 1) for part in arguments if "=" in part)
        code, number = self.codes.pop(0), int(options["threads"])
        if code != 2:
            with open(options["json"], "w") as file:
                json.dump(report(number, code in (0, 1)), file)
        return code


def report(number, complete):
    rows, summary = [{"case": "a", "threads": number}], [{"group": "g", "threads": number}]
    return {
        **{"schema": 2, "complete": complete, "repeats": 3, "load": 0.5, "threads": {"torch": number}},
        **{"rows": rows, "summary": summary},
    }


def bench(monkeypatch, processes, *arguments):
    monkeypatch.setattr(threaded, "start", processes)
    return main(["bench", "max_min", "--threads", "1,2", *arguments])


def test_reports_are_merged_and_those_of_each_number_stay(monkeypatch, tmp_path):
    path, processes = tmp_path / "speed.json", Processes(0, 1)
    assert bench(monkeypatch, processes, "--json", str(path), "--repeats", "3", "--dtype", "float32") == 1
    merged = json.loads(path.read_text())
    assert merged == {
        **report(1, True),
        "threads": {"torch": [1, 2]},
        "load": [0.5, 0.5],
        **{name: report(1, True)[name] + report(2, True)[name] for name in ("rows", "summary")},
    }
    assert json.loads((tmp_path / "speed.threads-2.json").read_text()) == report(2, True)
    first, silent = processes.calls[0]
    assert not silent
    assert first == [
        *("bench", "max_min", "--threads=1", f"--json={tmp_path / 'speed.threads-1.json'}"),
        *("--repeats=3", "--dtype=float32"),
    ]


def test_flags_are_passed_on(monkeypatch, tmp_path):
    processes = Processes(0, 0)
    path = str(tmp_path / "speed.json")
    assert bench(monkeypatch, processes, "--json", path, "--resume", "--quick", "--no-memory") == 0
    for arguments, _ in processes.calls:
        assert {"--resume", "--quick", "--no-memory"} <= set(arguments)


@pytest.mark.parametrize(("codes", "code"), [((130,), 130), ((0, 137), 137)])
def test_a_run_that_stops_leaves_what_there_is(monkeypatch, tmp_path, codes, code):
    path = tmp_path / "speed.json"
    assert bench(monkeypatch, Processes(*codes), "--json", str(path)) == code
    merged = json.loads(path.read_text())
    assert merged["complete"] is False
    assert len(merged["rows"]) == len(codes)


def test_what_is_refused_writes_nothing(monkeypatch, tmp_path):
    path = tmp_path / "speed.json"
    assert bench(monkeypatch, Processes(2), "--json", str(path), "--resume") == 2
    assert not path.exists()


def test_an_old_report_of_a_number_does_not_come_back(monkeypatch, tmp_path):
    (tmp_path / "speed.threads-1.json").write_text(json.dumps(report(9, True)))
    path = tmp_path / "speed.json"
    assert bench(monkeypatch, lambda arguments, silent: 130, "--json", str(path)) == 130
    assert not path.exists()


def test_json_alone_on_standard_output(monkeypatch, capsys):
    processes = Processes(0, 0)
    assert bench(monkeypatch, processes, "--json", "-") == 0
    assert [row["threads"] for row in json.loads(capsys.readouterr().out)["rows"]] == [1, 2]
    assert all(silent for _, silent in processes.calls)


def test_a_process_is_this_program_and_its_code_comes_back():
    assert threaded.start(["--version"], True) == 0
    assert threaded.start(["bench", "--repeats=0"], True) == 2
