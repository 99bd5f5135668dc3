"""Peak memory of one call, measured by the operating system, in a process of its own for each side.

What is measured: the resident memory of a fresh process, at its highest during a second call, less what it was before
that call. So it counts what a call allocates and touches, results included, in any library: NumPy's, PyTorch's and
LAPACK's workspaces alike. What a library keeps from the first call on is not counted: its code, its threads, BLAS's
buffers, the state of an optimiser. Differences below some 100 kB mean nothing. Linux with the GNU C library, where a
process may reset its high-water mark and where memory that is freed can be had returned to the system at once.
"""

from __future__ import annotations

import gc
import json
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

import numpy as np

from refsort.bench.case import Case
from refsort.bench.peers import sides, torch_peers

_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def available() -> bool:
    """Whether this system can tell."""
    return platform.libc_ver()[0] == "glibc" and _RESET.exists() and os.access(_RESET, os.W_OK)


def peak(case: Case, which: str, dtype: str, formulation: str | None, threads: int, seed: int = 0) -> int | None:
    """The bytes that a call of refsort, or of a PyTorch formulation, takes at its highest; None where nothing can tell.

    Cost: a fresh interpreter with its imports, the inputs, and two calls. The case is looked up by its name.
    """
    if not available():
        return None
    request = json.dumps([case.name, which, dtype, formulation, threads, seed])
    code = "import sys; from refsort.bench.memory import main; main(sys.argv[1])"
    # arrays get pages of their own, which vanish with them: else memory from before would be used again, uncounted
    returned = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536"}
    environment = {**os.environ, **returned, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", code, request], env=environment, capture_output=True, text=True, check=False
    )
    return int(done.stdout) if done.returncode == 0 else None


def main(request: str) -> None:
    """The process that measures: prints a number of bytes."""
    from refsort.bench.cases import CASES

    name, which, dtype, formulation, threads, seed = json.loads(request)
    case = next(case for case in CASES if case.name == name)
    print(increment(case, which, dtype, formulation, threads, seed))


def increment(case: Case, which: str, dtype: str, formulation: str | None, threads: int, seed: int) -> int:
    """What `peak` returns, in this process."""
    inputs = case.inputs(np.random.default_rng(seed), dtype)
    if formulation is None:
        side = case.ours(inputs, which)
    else:
        peers = torch_peers()
        assert peers is not None
        peers.set_threads(threads)
        side = sides(peers, case, inputs, which)[formulation]
    side.call()
    gc.collect()
    _RESET.write_text("5")  # the high-water mark becomes what is resident now
    before = _highest()
    side.call()
    return _highest() - before


def _highest() -> int:
    found = re.search(r"VmHWM:\s+(\d+) kB", _STATUS.read_text())
    assert found
    return 1024 * int(found[1])
