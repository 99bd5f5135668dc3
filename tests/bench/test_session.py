"""Rows one after another: nothing that was measured is lost, whatever stops the run, and a later run goes on."""

import json

import pytest

from refsort.bench.case import Case
from refsort.bench.measure import Timing
from refsort.bench.row import Row
from refsort.bench.saved import resumed
from refsort.bench.session import Todo, session

ENVIRONMENT = {
    "versions": {"refsort": "0", "numpy": "2", "torch": "1"},
    "threads": {"torch": 1},
    "machine": "m",
    "cores": 2,
    "load": 0.5,
    "repeats": 3,
    "budget": None,
    "compiled": False,
}
NAMES = ("max_min-2x4", "full_sort-2x4", "w1-3x1")
CASES = [Case(name, "family", name, None, None, None) for name in NAMES]
TODO = [Todo(case, "forward", "float32") for case in CASES]


def measure(todo):
    one = Timing(0.25, 0.125, 0.5, 3)
    return Row(todo.case.name, "family", todo.case.operation, todo.which, todo.dtype, refsort=one, torch={"sort": one})


def stopped_at(name, error):
    """A `measure` that something stops at one case; it looks at the file before."""

    def until(todo):
        if todo.case.name == name:
            raise error
        return measure(todo)

    return until


def names(path):
    return [row["case"] for row in json.loads(path.read_text())["rows"]]


def test_lines_appear_as_they_are_measured_and_the_file_holds_them(tmp_path, capsys):
    path = tmp_path / "report.json"
    seen = []

    def looking(todo):
        seen.append((len(capsys.readouterr().out.splitlines()), names(path) if path.exists() else None))
        if path.exists():
            assert json.loads(path.read_text())["complete"] is False
        return measure(todo)

    assert session(TODO, looking, ENVIRONMENT, str(path)) == 0
    # the head and its rule, then a line for each row, each before the next is measured
    assert seen == [(2, None), (1, [*NAMES[:1]]), (1, [*NAMES[:2]])]
    assert json.loads(path.read_text())["complete"] is True
    assert "full_sort forward" in capsys.readouterr().out  # the summary


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(15), MemoryError()], ids=repr)
def test_what_stops_a_run_leaves_a_report_that_says_so(error, tmp_path, capsys):
    path = tmp_path / "report.json"
    if isinstance(error, KeyboardInterrupt):
        assert session(TODO, stopped_at(NAMES[2], error), ENVIRONMENT, str(path)) == 130
        out, err = capsys.readouterr()
        assert "full_sort forward" in out.splitlines()[-4]  # the summary of what is there
        assert "interrupted with 2 rows of 3; --resume" in err
    else:
        with pytest.raises(type(error)):
            session(TODO, stopped_at(NAMES[2], error), ENVIRONMENT, str(path))
    assert names(path) == [*NAMES[:2]]
    assert json.loads(path.read_text())["complete"] is False


def test_an_interruption_before_the_first_row_leaves_an_earlier_file(tmp_path):
    path = tmp_path / "report.json"
    path.write_text("an earlier report")
    assert session(TODO, stopped_at(NAMES[0], KeyboardInterrupt()), ENVIRONMENT, str(path)) == 130
    assert path.read_text() == "an earlier report"


def test_a_run_that_goes_on_measures_only_what_is_missing(tmp_path, capsys):
    path, measured = tmp_path / "report.json", []

    def noting(todo):
        measured.append(todo.case.name)
        return measure(todo)

    session(TODO, stopped_at(NAMES[1], KeyboardInterrupt()), ENVIRONMENT, str(path))
    earlier = resumed(path, {**ENVIRONMENT, "load": 7.0})
    assert earlier == [measure(TODO[0])]
    capsys.readouterr()
    assert session(TODO, noting, ENVIRONMENT, str(path), earlier) == 0
    assert measured == [*NAMES[1:]]
    assert names(path) == [*NAMES]
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()[2:5]] == [*NAMES]
    assert json.loads(path.read_text())["complete"] is True


def test_json_alone_on_standard_output_comes_at_the_end_and_after_an_interruption(capsys):
    assert session(TODO, stopped_at(NAMES[1], KeyboardInterrupt()), ENVIRONMENT, "-") == 130
    report = json.loads(capsys.readouterr().out)
    assert (report["complete"], len(report["rows"])) == (False, 1)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"repeats": 15}, "repeats 15, and this run has 3"),
        ({"threads": {"torch": 2}}, "threads: torch 2, and this run has 1"),
        ({"versions": {"refsort": "0", "numpy": "2", "torch": "9"}}, "versions: torch 9, and this run has 1"),
        ({"versions": {"refsort": "0", "numpy": "2"}}, "versions: torch None, and this run has 1"),
        ({"budget": 3.0}, "budget 3.0, and this run has None"),
    ],
    ids=str,
)
def test_a_report_of_other_circumstances_is_refused_by_what_differs(change, why, tmp_path):
    path = tmp_path / "report.json"
    session(TODO, measure, {**ENVIRONMENT, **change}, str(path))
    with pytest.raises(ValueError, match=why):
        resumed(path, ENVIRONMENT)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "holds no JSON"),
        ("[]", "schema None instead of 2"),
        ('{"schema": 1}', "schema 1 instead of 2"),
        (json.dumps({"schema": 2, **ENVIRONMENT, "rows": [{}]}), "a row that cannot be read"),
    ],
)
def test_what_is_no_report_is_refused(text, why, tmp_path):
    path = tmp_path / "report.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=why):
        resumed(path, ENVIRONMENT)


def test_without_a_file_a_run_begins(tmp_path):
    assert resumed(tmp_path / "none.json", ENVIRONMENT) == []
