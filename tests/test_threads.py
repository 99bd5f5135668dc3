"""`--threads N` acts on NumPy's own BLAS, however the command is started."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

from refsort import threads

# the number of threads that the OpenBLAS of NumPy's wheels was loaded with, asked of the loaded library itself
ADAPTER = """
import ctypes, os, re
import numpy as np

def blas_threads():
    with open("/proc/self/maps") as maps:
        for path in sorted(set(re.findall(r"/\\S*openblas\\S*", maps.read()))):
            library = ctypes.CDLL(path)
            for name in ("scipy_openblas_get_num_threads64_", "openblas_get_num_threads"):
                if "numpy" in path and hasattr(library, name):
                    return getattr(library, name)()

NAME = f"{blas_threads()} threads, {os.environ.get('OMP_NUM_THREADS')} declared"

def call(op, arrays, params, cotangent=None, dtype="float32"):
    raise NotImplementedError
"""

_blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]["name"]
openblas = pytest.mark.skipif(
    not Path("/proc/self/maps").exists() or "openblas" not in _blas, reason=f"NumPy's BLAS, {_blas}, is not asked here"
)


def started(tmp_path, *options, start=("-m", "refsort")):
    (tmp_path / "adapter.py").write_text(ADAPTER)
    command = [sys.executable, *start, "check", "adapter.py", "--ops", "max_min", "--dtype", "float32", *options]
    environment = {name: value for name, value in os.environ.items() if name not in threads.VARIABLES}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode in (1, 2), done.stderr
    return done.stdout.partition(":")[0]


def script():
    """What the installed command runs."""
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
    module, function = project["scripts"]["refsort"].split(":")
    return "-c", f"import sys; from {module} import {function}; sys.exit({function}())"


@openblas
@pytest.mark.parametrize("number", [1, 2])
def test_numpys_blas_has_as_many_threads_as_asked_for(tmp_path, number):
    held = min(number, len(os.sched_getaffinity(0)))  # OpenBLAS takes no more than there are processors
    assert started(tmp_path, "--threads", str(number)) == f"{held} threads, {number} declared"


@openblas
def test_the_installed_command_does_the_same(tmp_path):
    assert started(tmp_path, "--threads=1", start=script()) == "1 threads, 1 declared"


def test_without_it_nothing_is_declared(tmp_path):
    assert started(tmp_path).endswith("None declared")


@pytest.mark.parametrize("argv", [["--threads"], ["--threads", "0"], ["--threads", "two"], ["--threads=-1"], []])
def test_what_the_parser_will_refuse_sets_nothing(argv):
    assert threads.asked_for(["check", *argv]) is None


def test_the_variables_can_be_set_before_numpy_is_loaded():
    code = "import refsort.threads, refsort.__main__, sys; print(sorted({'numpy', 'scipy'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
