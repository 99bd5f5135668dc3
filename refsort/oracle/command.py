"""`refsort check [ADAPTER]`: judge an implementation and print the report."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hypothesis.configuration import set_hypothesis_home_dir

from refsort import threads
from refsort.oracle import offline, options, vectors, xfails
from refsort.oracle.adapter import SHIPPED, Adapter, AdapterError, load
from refsort.oracle.cases import OPERATIONS
from refsort.oracle.report import as_json, table
from refsort.oracle.runner import QUICK, Report, check
from refsort.oracle.session import Session
from refsort.oracle.subprocess_adapter import open_command
from refsort.oracle.vectors.command import judge as judge_by_vectors
from refsort.output import require_writable, write
from refsort.progress import Progress


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `refsort check`."""
    parser.add_argument(
        "adapter",
        nargs="?",
        default="numpy",
        metavar="ADAPTER",
        help=f"what to judge: {', '.join(SHIPPED)}, a .py file or a dotted module (default: numpy, refsort's own)",
    )
    options.add_arguments(parser)
    parser.add_argument(
        "--max-examples", type=_positive, default=80, metavar="N", help="cases for each op and dtype (default: 80)"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="draw other cases (default: 0)")
    parser.add_argument("--quick", action="store_true", help="a few small cases for each op and dtype, nothing beyond")
    parser.add_argument("--vectors-only", action="store_true", help="put the golden vectors to it, and nothing else")
    parser.add_argument("--xfails", metavar="FILE", help="rows that are known to fail: lines `op dtype [kind] # why`")
    parser.add_argument(
        "--threads",
        type=_positive,
        metavar="N",
        help="of BLAS and OpenMP, NumPy's included: OMP_NUM_THREADS and its like are set before anything is loaded",
    )
    other = parser.add_argument_group("other ways in")
    other.add_argument(
        "--command", dest="program", metavar="CMD", help="judge a program that speaks JSON lines instead"
    )
    other.add_argument("--timeout", type=float, default=30.0, metavar="S", help="seconds a call of CMD may take (30)")
    other.add_argument("--last-request", type=Path, metavar="FILE", help="where a request that CMD died of is written")
    other.add_argument("--export", metavar="FILE", help="write the questions, to be answered where refsort is not")
    other.add_argument("--judge", metavar="FILE", help="judge the answers to --export's questions")
    other.add_argument("--inputs", metavar="FILE", help="the questions that --judge's answers are about, if moved")


def run(args: argparse.Namespace) -> int:
    """Judge, print, and return the exit code.

    0: something was compared, and every operation passed, is not implemented, or failed as --xfails expects. 1: a
    failure, or nothing compared. 2: wrong arguments, or an adapter or a file that cannot be used.
    """
    if args.threads:  # `refsort` itself did so before NumPy was loaded; what calls this is in time for the adapter
        threads.limit(args.threads)
    try:
        require_writable("--json", args.json)
        expected = xfails.load(args.xfails) if args.xfails else []
        if args.judge:
            with _nothing_left_behind():
                return _print(offline.judge_outputs(args.inputs, args.judge), expected, args)
        adapter = _adapter(args)
        ops = options.chosen("--ops", args.ops, tuple(OPERATIONS))
        dtypes = options.chosen("--dtype", args.dtype, adapter.dtypes)
        if args.export:
            return _export(args, ops, dtypes)
    except (AdapterError, ValueError, FileNotFoundError) as error:
        print(f"refsort check: {error}", file=sys.stderr)
        return 2
    try:
        if args.vectors_only:
            files = [file for file in vectors.shipped() if file.op in ops]
            return judge_by_vectors(adapter, files, dtypes, args.json)
        return _print(_judged(adapter, ops, dtypes, args), expected, args)
    finally:
        if isinstance(adapter.call, Session):
            adapter.call.close()


def _adapter(args: argparse.Namespace) -> Adapter:
    if args.program is None:
        return load(args.adapter)
    return open_command(args.program, args.timeout, last_request=args.last_request)


def _print(report: Report, expected: list[xfails.Expected], args: argparse.Namespace) -> int:
    report, warnings = xfails.apply(report, expected)
    for warning in warnings:
        print(f"{args.xfails}: {warning}", file=sys.stderr)
    text = json.dumps(as_json(report), indent=1, allow_nan=False)
    write(table(report), text, args.json)
    return 0 if xfails.passed(report) else 1


def _export(args: argparse.Namespace, ops: tuple[str, ...], dtypes: tuple[str, ...]) -> int:
    with _nothing_left_behind():
        runner = offline.export(args.export, ops, dtypes, args.max_examples, args.seed)
    print(f"{args.export}: the questions. Where the adapter is, python {runner} {args.export} ADAPTER.py ANSWERS.npz")
    print("answers them; then, here: refsort check --judge ANSWERS.npz")
    return 0


def _judged(adapter: Adapter, ops: tuple[str, ...], dtypes: tuple[str, ...], args: argparse.Namespace) -> Report:
    with _nothing_left_behind(), Progress("judging", len(ops) * len(dtypes)) as progress:
        rows = iter(range(len(ops) * len(dtypes)))
        return check(
            adapter,
            ops,
            dtypes,
            min(args.max_examples, QUICK) if args.quick else args.max_examples,
            args.seed,
            beyond=not args.quick,
            on_row=lambda op, dtype: progress.update(next(rows), f"{op} {dtype}"),
        )


@contextmanager
def _nothing_left_behind() -> Iterator[None]:
    """Hypothesis keeps a cache in the current directory; here it is one that goes away."""
    with tempfile.TemporaryDirectory() as home:
        set_hypothesis_home_dir(home)
        try:
            yield
        finally:
            set_hypothesis_home_dir(None)


def _positive(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, got {text!r}")
    return number
