"""`pytest --refsort-adapter`: one test for each operation and dtype, the report of a failure, nothing without it."""

import subprocess
import sys
from importlib.metadata import entry_points

import pytest

from refsort.pytest_plugin import _chosen

LOADED = (
    [] if any(e.value == "refsort.pytest_plugin" for e in entry_points(group="pytest11")) else ["refsort.pytest_plugin"]
)
QUICK = ("--refsort-quick", "--refsort-max-examples", "3")
ADAPTER = """
from refsort.oracle.adapters import numpy_adapter
NAME, DTYPES = "mine", ["float32", "float64"]

def call(op, arrays, params, cotangent=None, dtype="float32"):
    if op not in ("max_min", "affine"):
        raise NotImplementedError("later")
    out, gradients = numpy_adapter.call(op, arrays, params, cotangent, dtype)
    return (out + 1 if op == "affine" and dtype == "float32" else out), gradients
"""


@pytest.fixture
def run(tmp_path):
    """pytest in a process of its own and in an empty directory that holds the adapter and one other test."""
    (tmp_path / "my_adapter.py").write_text(ADAPTER)
    (tmp_path / "test_other.py").write_text("def test_of_their_own():\n    pass\n")

    def run(*arguments):
        plugins = [part for plugin in LOADED for part in ("-p", plugin)]
        command = [sys.executable, "-m", "pytest", *plugins, "-p", "no:cacheprovider", *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    return run


def test_an_item_for_each_operation_and_dtype_beside_the_tests_that_are_there(run):
    done = run("--refsort-adapter", "my_adapter.py", "--refsort-ops", "max_min,affine,bjorck", *QUICK, "-v", "-rs")
    assert done.returncode == 1
    for line in (
        "refsort::max_min[float32] PASSED",
        "refsort::max_min[float64] PASSED",
        "refsort::affine[float32] FAILED",
        "refsort::affine[float64] PASSED",
        "refsort::bjorck[float32] SKIPPED",
        "test_other.py::test_of_their_own PASSED",
        "not implemented: later",
        "1 failed, 4 passed, 2 skipped",
    ):
        assert line in done.stdout
    # the report of the oracle, and no traceback into it
    assert "FAIL affine float32: the result" in done.stdout
    assert "error/bound" in done.stdout
    assert "refsort: affine float32 of mine" in done.stdout
    assert "runner.py" not in done.stdout


def test_items_are_chosen_as_others_are(run):
    options = ("--refsort-adapter", "my_adapter.py", *QUICK, "--refsort-dtype", "float32")
    done = run(*options, "-k", "refsort and max_min", "-q")
    assert done.returncode == 0
    assert "1 passed" in done.stdout


def test_a_passing_adapter_and_nothing_else(run, tmp_path):
    (tmp_path / "test_other.py").unlink()
    done = run("--refsort-adapter=my_adapter.py", "--refsort-ops=max_min", *QUICK, "--refsort-seed=3")
    assert (done.returncode, "2 passed" in done.stdout) == (0, True)


def test_rows_that_are_known_to_fail_are_xfails_and_entries_that_are_not_true_are_warned_of(run, tmp_path):
    (tmp_path / "known").write_text(
        "affine float32 value  # the offset is 1 too large\nmax_min *\nbjorck float16\nmax_min float64 kink\n"
    )
    options = ("--refsort-adapter", "my_adapter.py", *QUICK, "--refsort-xfails", "known")
    done = run(*options, "--refsort-ops", "max_min,affine", "-k", "refsort and not float64", "-rx", "-W", "error")
    assert done.returncode == 0
    assert "1 passed, 3 deselected, 1 xfailed" in done.stdout
    assert "expected to fail: line 1, the offset is 1 too large" in done.stdout
    # "max_min *" and "max_min float64" may be true of tests that were left out
    warnings = [line for line in done.stdout.splitlines() if line.startswith("warning: ")]
    assert warnings == ["warning: known: line 3: bjorck float16 matches nothing that was judged"]
    done = run(*options, "--refsort-ops", "max_min", "--runxfail")
    assert "warning: known: line 2: max_min float32 is expected to fail and passes (XPASS)" in done.stdout


def test_another_kind_of_failure_is_a_failure(run, tmp_path):
    (tmp_path / "known").write_text("affine float32 gradient\n")
    options = ("--refsort-adapter", "my_adapter.py", *QUICK, "--refsort-xfails", "known")
    done = run(*options, "--refsort-ops", "affine", "--refsort-dtype", "float32", "-q")
    assert done.returncode == 1
    assert "FAIL affine float32: the result" in done.stdout
    assert "warning: known: line 1: affine float32 fails as value, not as gradient" in done.stdout


def test_a_command_is_an_adapter_too(run):
    command = f"{sys.executable} -m refsort.oracle.serve my_adapter.py"
    done = run("--refsort-command", command, "--refsort-ops", "max_min", *QUICK, "-k", "refsort")
    assert (done.returncode, "2 passed" in done.stdout) == (0, True)


def test_without_the_option_there_is_nothing(run):
    done = run("-v")
    assert done.returncode == 0
    assert "1 passed" in done.stdout
    assert "refsort::" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--refsort-adapter", "nowhere.py"], "--refsort-adapter: there is no file nowhere.py"),
        (["--refsort-adapter", "numpy", "--refsort-command", "x"], "only one of them"),
        (["--refsort-adapter", "numpy", "--refsort-xfails", "nowhere"], "--refsort-xfails: "),
        (["--refsort-adapter", "numpy", "--refsort-max-examples", "0"], "expected a whole number of at least 1"),
    ],
)
def test_wrong_usage_is_one_line_and_code_four(run, arguments, message):
    done = run(*arguments)
    assert done.returncode == 4
    assert message in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_names_are_checked():
    assert _chosen("--refsort-ops", None, ("a", "b"), ("a", "b", "c")) == ("a", "b")
    assert _chosen("--refsort-ops", "c, a,c", ("a", "b"), ("a", "b", "c")) == ("c", "a")
    with pytest.raises(pytest.UsageError, match="--refsort-ops d: expected names among a, b, c"):
        _chosen("--refsort-ops", "d", ("a", "b"), ("a", "b", "c"))


def test_importing_the_plugin_imports_nothing_of_the_oracle():
    code = (
        "import refsort.pytest_plugin, sys;"
        "print(sorted(m for m in sys.modules if m in ('numpy', 'scipy', 'hypothesis') or m.startswith('refsort.')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "['refsort.pytest_plugin']\n"
