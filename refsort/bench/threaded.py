"""Several numbers of threads, one after another: a process for each, since BLAS reads its number when it is loaded."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from refsort.bench.saved import save, text
from refsort.bench.session import INTERRUPTED

REFUSED = 2


def start(arguments: Sequence[str], silent: bool) -> int:
    """Run ``refsort`` with these arguments in a process of its own, and return its exit code.

    An interruption from the keyboard reaches that process as well: it is left the time to say what it has.
    """
    command = [sys.executable, "-m", "refsort", *arguments]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL if silent else None) as process:
        try:
            code = process.wait()
        except KeyboardInterrupt:
            process.wait()
            return INTERRUPTED
    return code if code >= 0 else 128 - code  # ended by a signal: as shells say it


def run(args: argparse.Namespace) -> int:
    """Print a table for each number of ``args.threads``, and merge the reports.

    The report of each number stands beside the merged one, as FILE.threads-N: `--resume` goes on from these.
    """
    code, reports = 0, []
    with tempfile.TemporaryDirectory() as folder:
        for number in args.threads:
            part = part_of(args.json, number, folder)
            if not args.resume:
                part.unlink(missing_ok=True)
            now = start(arguments(args, number, part), args.json == "-")
            if now == REFUSED:
                return now  # it has said why
            reports += [json.loads(part.read_text())] if part.exists() else []
            code = now if now not in (0, 1) else max(code, now)
            if code > 1:
                break
    if reports and args.json is not None:
        merged = merge(reports, len(args.threads))
        if args.json == "-":
            print(text(merged))
        else:
            save(args.json, merged)
    return code


def part_of(path: str | None, number: int, folder: str) -> Path:
    """Where the report for one number of threads goes; into `folder` where no file is asked for.

    Examples
    --------
    >>> part_of("speed.json", 2, "/tmp").name, part_of(None, 2, "/tmp").name
    ('speed.threads-2.json', 'report.threads-2.json')
    """
    whole = Path(folder) / "report.json" if path in (None, "-") else Path(str(path))
    return whole.with_name(f"{whole.stem}.threads-{number}{whole.suffix}")


def arguments(args: argparse.Namespace, number: int, part: Path) -> list[str]:
    """The command line of one number of threads: the same choices."""
    flags = [f"--{name.replace('_', '-')}" for name in ("no_memory", "quick", "resume") if getattr(args, name)]
    options = [f"--{name}={getattr(args, name)}" for name in ("repeats", "dtype") if getattr(args, name)]
    return ["bench", *args.names, f"--threads={number}", f"--json={part}", *options, *flags]


def merge(reports: Sequence[Mapping[str, Any]], numbers: int) -> dict[str, Any]:
    """One report of several: rows and summaries one after another; threads and loads become lists.

    Examples
    --------
    >>> one = {"complete": True, "threads": {"torch": 1}, "load": 0.5, "rows": ["a"], "summary": []}
    >>> merged = merge([one, {**one, "threads": {"torch": 2}, "rows": ["b"]}], 2)
    >>> merged["threads"], merged["rows"], merged["complete"]
    ({'torch': [1, 2]}, ['a', 'b'], True)
    """
    first = reports[0]
    return {
        **first,
        "complete": len(reports) == numbers and all(report["complete"] for report in reports),
        "threads": {name: [report["threads"][name] for report in reports] for name in first["threads"]},
        "load": [report["load"] for report in reports],
        **{name: [entry for report in reports for entry in report[name]] for name in ("rows", "summary")},
    }
