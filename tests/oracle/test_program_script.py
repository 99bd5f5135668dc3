"""The script of a program's failure: Python and the program are enough, and it shows what was found."""

import json
import subprocess
import sys

import pytest

from refsort.oracle import check
from refsort.oracle.program_script import program_script
from refsort.oracle.report import as_json, table
from refsort.oracle.subprocess_adapter import open_command

PROGRAM = """
import json, os, signal, sys, time

for line in sys.stdin:
    request = json.loads(line)
    if request["cmd"] == "stop":
        break
    answer = {{}}
    if request["cmd"] == "start":
        answer = {{"name": "mine", "conventions": {conventions}}}
    else:
        x, g = request["arrays"][0], request["cotangent"]
        {misbehaviour}
    print(json.dumps({{"seq": request["seq"], **answer}}), flush=True)
"""
IDENTITY = 'answer = {"out": x, "gradients": g and [g]}'


@pytest.fixture
def failing(tmp_path, monkeypatch):
    """The report on a program in a directory of its own, which is named by a relative path."""
    adapters = []

    def report(misbehaviour, op="max_min", conventions="{}", **options):
        (tmp_path / "program.py").write_text(PROGRAM.format(misbehaviour=misbehaviour, conventions=conventions))
        monkeypatch.chdir(tmp_path)
        adapters.append(open_command(f"{sys.executable} program.py", **options))
        return check(adapters[-1], [op], ["float64"], max_examples=20, random_seed=3, beyond=False)

    yield report
    for adapter in adapters:
        adapter.call.close()


def run(script, folder):
    """What it prints where only the standard library can be imported: -S leaves out site-packages."""
    path = folder / "elsewhere" / "script.py"
    path.parent.mkdir()
    path.write_text(script)
    command = [sys.executable, "-I", "-S", str(path)]
    done = subprocess.run(command, cwd=path.parent, capture_output=True, text=True, check=False, timeout=60)
    return done.stdout + done.stderr


def shown(report, folder):
    failure = report.rows[0].failure
    script = program_script(failure, report.source, report.conventions)
    assert script == as_json(report)["rows"][0]["failure"]["script"]
    assert "".join(script.split()) in "".join(table(report).split())
    return failure, run(script, folder).splitlines()


def test_a_wrong_result_is_shown_beside_the_expected_one(failing, tmp_path):
    failure, lines = shown(failing('x["data"] = ["3" for _ in x["data"]]; ' + IDENTITY), tmp_path)
    assert lines[:2] == [f"claim    {failure.claim}", f"expected {failure.expected}"]
    assert lines[2:] == ["found    [3.0, 3.0]"] * 2


def test_a_wrong_gradient_is_shown(failing, tmp_path):
    double = 'g and g.update(data=[(2 * float.fromhex(y)).hex() for y in g["data"]]); '
    ordered = 'x["data"] = sorted(x["data"], key=float.fromhex); '
    report = failing(ordered + double + IDENTITY, conventions="{}", op="full_sort")
    failure, lines = shown(report, tmp_path)
    assert "gradient" in failure.claim
    assert lines[2] == f"found    [{[2 * y for y in failure.case.cotangent.tolist()]}]"


def test_what_a_program_gives_in_its_own_layout_is_brought_back(failing, tmp_path):
    """The identity, which is right for a group that is sorted the way that is declared."""
    failure, lines = shown(failing(IDENTITY, conventions='{"max_min": {"order": "descending"}}'), tmp_path)
    assert lines[2].startswith("found    ")
    assert json.loads(failure.expected)[0] != json.loads(lines[2].removeprefix("found    "))
    assert json.loads(failure.found)[0] == json.loads(lines[2].removeprefix("found    "))


@pytest.mark.parametrize(
    ("misbehaviour", "words"),
    [
        ("os.kill(os.getpid(), signal.SIGSEGV)", "exit status -11"),
        ("sys.exit('no GPU')", "exit status 1 no GPU"),
        ('answer = {"error": "singular"}', '"error": "singular"'),
        ("print('DEBUG')", "DEBUG"),
    ],
)
def test_a_program_that_gives_no_answer_is_shown(failing, tmp_path, misbehaviour, words):
    failure, lines = shown(failing(misbehaviour), tmp_path)
    assert failure.claim == "the call raised"
    assert words in "\n".join(lines[2:])


def test_a_hang_is_waited_for_as_long_as_it_was(failing, tmp_path):
    _, lines = shown(failing("time.sleep(60)", timeout=0.3), tmp_path)
    assert lines[2].startswith("found    no answer within ")


def test_the_command_asks_the_program_again(failing):
    report = failing(IDENTITY, timeout=5.0)
    command = as_json(report)["rows"][0]["failure"]["command"]
    done = subprocess.run(command.replace("refsort", f"{sys.executable} -m refsort", 1), shell=True, check=False)
    assert done.returncode == 1
    assert command.endswith("--timeout 5 --ops max_min --dtype float64 --seed 3 --max-examples 20")
