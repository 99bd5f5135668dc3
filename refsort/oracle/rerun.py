"""The command line that asks again."""

from __future__ import annotations

import shlex

from refsort.oracle.judge import Mismatch
from refsort.oracle.sources import TIMEOUT, Answers, Program, Source


def rerun_command(mismatch: Mismatch, source: Source, random_seed: int = 0, max_examples: int = 80) -> str:
    """The command that judges this operation in this dtype again, with the same cases.

    For answers that were given elsewhere these are three: to ask, to answer there, and to judge.

    Examples
    --------
    >>> import numpy as np
    >>> from refsort.oracle import Case
    >>> x = np.zeros(2, dtype=np.float32)
    >>> wrong = Mismatch(Case("max_min", "float32", (x,), {"axis": 0}, x), "the result", "", "")
    >>> rerun_command(wrong, "my adapter.py")
    "refsort check 'my adapter.py' --ops max_min --dtype float32 --seed 0 --max-examples 80"
    >>> rerun_command(wrong, Program("./adapter --fast", TIMEOUT))
    "refsort check --command './adapter --fast' --ops max_min --dtype float32 --seed 0 --max-examples 80"
    """
    options = ["--ops", mismatch.case.op, "--dtype", mismatch.case.dtype]
    options += ["--seed", str(random_seed), "--max-examples", str(max_examples)]
    check = ["refsort", "check"]
    if isinstance(source, Answers):
        answering = ["python", "again_runner.py", "again.npz", source.adapter, "answers.npz"]
        commands = [[*check, "--export", "again.npz", *options], answering, [*check, "--judge", "answers.npz"]]
        return " && ".join(map(shlex.join, commands))
    if isinstance(source, Program):
        slower = ["--timeout", f"{source.timeout:g}"] if source.timeout != TIMEOUT else []
        return shlex.join([*check, "--command", source.command, *slower, *options])
    return shlex.join([*check, source, *options])
