"""Peak memory of one call, measured by the operating system, in a process of its own for each side.

What is measured: the resident memory of a fresh process, at its highest during one first call, less what it was when
inputs, libraries and threads were there already. So it counts what the call allocates and touches, results included,
in any library: NumPy's, PyTorch's and LAPACK's workspaces alike. Pages are 4 KiB and allocators keep some memory from
before, so differences below a megabyte mean nothing. Linux only, where a process may reset its high-water mark.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np

from refsort.bench.case import UNIT_ROUNDOFF, Case
from refsort.bench.peers import sides, torch_peers

_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def available() -> bool:
    """Whether this system can tell."""
    return _RESET.exists() and os.access(_RESET, os.W_OK)


def peak(case: Case, which: str, dtype: str, formulation: str | None, threads: int, seed: int = 0) -> int | None:
    """The bytes that a call of refsort, or of a PyTorch formulation, takes at its highest; None where nothing can tell.

    Cost: a fresh interpreter with its imports, the inputs, and one call. The case is looked up by its name.
    """
    if not available():
        return None
    request = json.dumps([case.name, which, dtype, formulation, threads, seed])
    code = "import sys; from refsort.bench.memory import main; main(sys.argv[1])"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
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
    small = np.ones((64, 64), dtype if dtype in UNIT_ROUNDOFF else "float64")
    small @ small  # BLAS allocates its buffers when it is first used
    _RESET.write_text("5")  # the high-water mark becomes what is resident now
    before = _highest()
    side.call()
    return _highest() - before


def _highest() -> int:
    found = re.search(r"VmHWM:\s+(\d+) kB", _STATUS.read_text())
    assert found
    return 1024 * int(found[1])
