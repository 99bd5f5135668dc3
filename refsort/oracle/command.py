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

from refsort.atomic import atomic_write
from refsort.oracle.adapter import SHIPPED, Adapter, AdapterError, load
from refsort.oracle.cases import OPERATIONS
from refsort.oracle.report import as_json, table
from refsort.oracle.runner import Report, check
from refsort.progress import Progress
from refsort.strategies import FORMATS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `refsort check`."""
    parser.add_argument(
        "adapter",
        nargs="?",
        default="numpy",
        metavar="ADAPTER",
        help=f"what to judge: {', '.join(SHIPPED)}, a .py file or a dotted module (default: numpy, refsort's own)",
    )
    parser.add_argument("--ops", type=_names, metavar="A,B", help=f"only these, of {', '.join(OPERATIONS)}")
    parser.add_argument("--dtype", type=_names, metavar="A,B", help=f"only these, of {', '.join(FORMATS)}")
    parser.add_argument(
        "--max-examples", type=_positive, default=80, metavar="N", help="cases for each op and dtype (default: 80)"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="draw other cases (default: 0)")
    parser.add_argument("--json", metavar="FILE", help="write the report as JSON as well; - for standard output alone")


def run(args: argparse.Namespace) -> int:
    """Judge, print, and return the exit code.

    0: something was compared, and every operation passed or is not implemented. 1: a failure, or nothing compared.
    2: wrong arguments or an adapter that cannot be loaded.
    """
    try:
        adapter = load(args.adapter)
        ops = _chosen("--ops", args.ops, tuple(OPERATIONS))
        dtypes = _chosen("--dtype", args.dtype, adapter.dtypes)
        _require_writable(args.json)
    except AdapterError as error:
        print(f"refsort check: {error}", file=sys.stderr)
        return 2
    report = _judged(adapter, ops, dtypes, args)
    text = json.dumps(as_json(report), indent=1, allow_nan=False)
    print(text if args.json == "-" else table(report))
    if args.json not in (None, "-"):
        with atomic_write(args.json) as file:
            file.write(f"{text}\n".encode())
    return 0 if report.passed else 1


def _judged(adapter: Adapter, ops: tuple[str, ...], dtypes: tuple[str, ...], args: argparse.Namespace) -> Report:
    with _nothing_left_behind(), Progress("judging", len(ops) * len(dtypes)) as progress:
        rows = iter(range(len(ops) * len(dtypes)))
        return check(
            adapter,
            ops,
            dtypes,
            args.max_examples,
            args.seed,
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


def _chosen(option: str, names: list[str] | None, known: tuple[str, ...]) -> tuple[str, ...]:
    for name in names or ():
        if name not in known:
            raise AdapterError(f"{option} {name}: expected names among {', '.join(known)}")
    return known if names is None else tuple(dict.fromkeys(names))


def _require_writable(path: str | None) -> None:
    """Better to learn it before the judging than after."""
    if path not in (None, "-") and (Path(path).is_dir() or not Path(path).absolute().parent.is_dir()):
        raise AdapterError(f"--json {path}: expected a file in an existing directory, or -")


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise argparse.ArgumentTypeError("expected names separated by commas")
    return names


def _positive(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, got {text!r}")
    return number
