"""`refsort bench [NAME ...]`: refsort against the fastest PyTorch formulation, and against the machine's limit."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import scipy

import refsort
from refsort import threads
from refsort.bench import cases, growth, memory, threaded
from refsort.bench.case import Case
from refsort.bench.peers import Peers, torch_peers
from refsort.bench.report import described
from refsort.bench.row import Row
from refsort.bench.run import BUDGET, SLOWER, measured
from refsort.bench.saved import resumed
from refsort.bench.session import Todo, session
from refsort.output import require_writable, write
from refsort.progress import Progress
from refsort.tables import format_table

REPEATS, QUICK_REPEATS = 15, 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `refsort bench`."""
    parser.description = (
        "In one process, round after round: refsort, each PyTorch formulation of the same work, and a floor (the bare "
        "matrix products, or a copy of the arrays). Results are compared first, and wrong ones are not timed; nor are "
        f"formulations that take over {SLOWER:.0f} times as long as the fastest one to warm up. Eager PyTorch on the "
        "CPU; torch.compile is left out. Lines appear as they are measured, then the groups of cases in one line each."
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="cases, operations or families (default: all)")
    parser.add_argument(
        "--growth",
        action="store_true",
        help="instead: time and memory of refsort against batch, width, depth and iterations, with fitted exponents",
    )
    parser.add_argument("--list", action="store_true", help="print the cases and stop")
    parser.add_argument(
        "--json",
        metavar="FILE",
        help="write the report as JSON as well, anew after each row; - for standard output alone, at the end",
    )
    parser.add_argument(
        "--resume", action="store_true", help="go on from the report in --json FILE; where there is none, begin"
    )
    parser.add_argument(
        "--threads",
        type=_numbers,
        metavar="N[,N...]",
        help="of BLAS, OpenMP and PyTorch (default: OMP_NUM_THREADS, or one for each core); of several, such as 1,2, "
        "each has a process and a table of its own, and FILE holds them all",
    )
    parser.add_argument(
        "--repeats",
        type=_positive,
        metavar="N",
        help=f"rounds (default: {REPEATS}, or fewer, but 3, where they take longer than {BUDGET:.0f} s)",
    )
    parser.add_argument("--dtype", choices=("float32", "float64"), help="only this one")
    parser.add_argument(
        "--no-memory",
        action="store_true",
        help="start no processes that measure peak memory, of passes with gradients (single operations: in float32)",
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help=f"the first case of each operation, {QUICK_REPEATS} rounds, float32 where there is a choice, no memory: a "
        "look, no figures",
    )


def run(args: argparse.Namespace) -> int:
    """Measure and print. 0; 1 where results disagree or refsort fails; 2 for wrong usage or files; 130 interrupted."""
    try:
        require_writable("--json", args.json)
        found = cases.chosen(args.names, cases.CASES)
        _require_sense(args)
    except (OSError, ValueError) as error:
        return _refused(error)
    found = cases.smallest(found) if args.quick else found
    if args.list:
        print(_listed(found))
        return 0
    if args.threads and len(args.threads) > 1:
        return threaded.run(args)
    number = args.threads[0] if args.threads else _declared()
    if args.threads:  # `refsort` itself did so before NumPy was loaded; here for the processes that measure memory
        threads.limit(number)
    return _growth(number, args) if args.growth else _session(found, number, args)


def _refused(error: Exception) -> int:
    print(f"refsort bench: {error}", file=sys.stderr)
    return 2


def _require_sense(args: argparse.Namespace) -> None:
    """Raise a ValueError for options that contradict each other."""
    if args.growth and args.names:
        raise ValueError("--growth has series of its own and takes no names")
    if args.growth and (args.resume or len(args.threads or [0]) > 1):
        raise ValueError("--growth takes one number of threads and no --resume: it takes minutes")
    if args.resume and args.json in (None, "-"):
        raise ValueError("--resume goes on from a report: name it with --json FILE")


def _session(found: Sequence[Case], number: int, args: argparse.Namespace) -> int:
    """Measure the cases; those of an earlier run are taken from its report."""
    peers = torch_peers()
    surroundings = environment(peers, number, args)
    try:
        earlier = resumed(args.json, surroundings) if args.resume else []
    except ValueError as error:
        return _refused(error)
    todo = [Todo(case, which, dtype) for case in found for which in case.passes for dtype in _dtypes(case, args)]
    with_memory = not (args.no_memory or args.quick) and memory.available()
    return session(todo, partial(_row, peers, number, with_memory, args), surroundings, args.json, earlier)


def _row(peers: Peers | None, number: int, with_memory: bool, args: argparse.Namespace, todo: Todo) -> Row:
    return measured(
        *todo,
        peers,
        repeats=_repeats(args),
        budget=_budget(args),
        threads=number,
        with_memory=with_memory,
    )


def _growth(number: int, args: argparse.Namespace) -> int:
    """Measure how refsort grows, and print the exponents."""
    dtype, found, budget = args.dtype or "float32", [], None if args.repeats else growth.BUDGET
    with Progress("measuring", len(growth.SERIES)) as progress:
        for i, series in enumerate(growth.SERIES):
            progress.update(i, f"{series.name} against {series.against}")
            found.append(growth.growth(series, dtype, _repeats(args), budget))
    surroundings = {**environment(None, number, args), "budget": budget}
    text = json.dumps(growth.report(found, dtype, surroundings), indent=1, allow_nan=False)
    write(f"{growth.table(found)}\n\n{described(surroundings)}", text, args.json)
    return 0


def environment(peers: Peers | None, number: int, args: argparse.Namespace) -> dict[str, Any]:
    """What a figure depends on, and nothing that tells one machine from another of its kind."""
    versions = {
        "refsort": refsort.__version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
    }
    declared = {"BLAS and OpenMP (declared)": number}
    if peers is not None:
        declared["torch"] = peers.set_threads(number)
        versions["torch"] = peers.version()
    return {
        "versions": versions,
        "threads": declared,
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "repeats": _repeats(args),
        "budget": _budget(args),
        "compiled": False,
    }


def _dtypes(case: Case, args: argparse.Namespace) -> tuple[str, ...]:
    if args.dtype:
        return tuple(dtype for dtype in case.dtypes if dtype == args.dtype)
    return case.dtypes[:1] if args.quick else case.dtypes


def _repeats(args: argparse.Namespace) -> int:
    return int(args.repeats or (QUICK_REPEATS if args.quick else REPEATS))


def _budget(args: argparse.Namespace) -> float | None:
    return None if args.repeats else BUDGET


def _declared() -> int:
    """The number of threads that BLAS was told to use when it was loaded; else the cores that this process may use."""
    for variable in threads.VARIABLES:
        if os.environ.get(variable, "").isdecimal():
            return int(os.environ[variable])
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _listed(found: Sequence[Case]) -> str:
    rows = [[case.name, case.family, ", ".join(case.dtypes), " | ".join(case.passes)] for case in found]
    return format_table(["case", "family", "dtypes", "passes"], rows)


def _positive(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"expected a positive whole number, got {text!r}")
    return int(text)


def _numbers(text: str) -> list[int]:
    numbers = [_positive(part) for part in text.split(",")]
    if len(set(numbers)) < len(numbers):
        raise argparse.ArgumentTypeError(f"expected different numbers of threads, got {text!r}")
    return numbers
