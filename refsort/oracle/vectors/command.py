"""`refsort vectors export | verify | run` and `refsort explain`: golden vectors on the command line."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from refsort.atomic import atomic_write
from refsort.oracle import options
from refsort.oracle.adapter import SHIPPED, Adapter, AdapterError, load
from refsort.oracle.vectors import explain as explanations
from refsort.oracle.vectors.format import FORMAT, OPERATIONS, VectorError, VectorFile, read, shipped, shipped_bytes
from refsort.oracle.vectors.report import as_json, table
from refsort.oracle.vectors.runner import passed
from refsort.oracle.vectors.runner import run as run_vectors
from refsort.oracle.vectors.verify import verify
from refsort.output import require_writable, write
from refsort.progress import Progress
from refsort.strategies import FORMATS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `refsort vectors`."""
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="vectors_command")
    export = commands.add_parser("export", help="write the vectors and their schema into a directory")
    export.add_argument("directory", type=Path, metavar="DIR")
    verifying = commands.add_parser("verify", help="compute vector files again from the exact definitions")
    verifying.add_argument("files", nargs="*", type=Path, metavar="FILE", help="default: those of this package")
    running = commands.add_parser("run", help="put vectors to an implementation")
    running.add_argument("adapter", metavar="ADAPTER", help=f"{', '.join(SHIPPED)}, a .py file or a dotted module")
    running.add_argument("files", nargs="*", type=Path, metavar="FILE", help="default: those of this package")
    options.add_arguments(running)


def run(args: argparse.Namespace) -> int:
    """Do it and return the exit code.

    0: written, true, or passed. 1: a file that is damaged or untrue, a vector that failed, or none that was run.
    2: a missing file, a directory that cannot be written, an adapter that cannot be loaded.
    """
    try:
        return {"export": _export, "verify": _verify, "run": _run}[args.vectors_command](args)
    except (AdapterError, OSError, VectorError) as error:
        print(f"refsort vectors: {error}", file=sys.stderr)
        return 2


def add_explain_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `refsort explain`."""
    parser.add_argument("id", metavar="ID", help="the id of a vector, or its first digits")
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="default: those of this package")


def explain(args: argparse.Namespace) -> int:
    """Print why a vector exists. 0, or 2 where there is no such vector or file."""
    try:
        print(explanations.explain(args.id, _files(args.files)))
    except (OSError, VectorError) as error:
        print(f"refsort explain: {error}", file=sys.stderr)
        return 2
    return 0


def _export(args: argparse.Namespace) -> int:
    for name, content in shipped_bytes().items():
        with atomic_write(args.directory / name) as file:
            file.write(content)
    count = sum(file.declared for file in shipped())
    print(f"{count} vectors of {len(OPERATIONS)} operations and schema.json, format {FORMAT}, in {args.directory}")
    return 0


def _verify(args: argparse.Namespace) -> int:
    paths: Sequence[Path | VectorFile] = args.files or shipped()
    code = 0
    with Progress("verifying", len(paths)) as progress:
        for i, path in enumerate(paths):
            progress.update(i, str(path) if isinstance(path, Path) else path.op)
            name = str(path) if isinstance(path, Path) else f"{path.op}.json"
            try:
                file = read(path) if isinstance(path, Path) else path
                print(f"{name}: {verify(file, name)} of {file.declared} vectors verified")
            except VectorError as error:
                print(f"refsort vectors: {error}", file=sys.stderr)
                code = 1
    return code


def _run(args: argparse.Namespace) -> int:
    require_writable("--json", args.json)
    ops, dtypes = options.chosen("--ops", args.ops, OPERATIONS), options.chosen("--dtype", args.dtype, tuple(FORMATS))
    adapter = load(args.adapter)
    return judge(adapter, [file for file in _files(args.files) if file.op in ops], dtypes, args.json)


def judge(
    adapter: Adapter, files: Sequence[VectorFile], dtypes: Sequence[str] | None = None, json_path: str | None = None
) -> int:
    """Put the vectors of `files` to `adapter`, print what became of them, and return the exit code, 0 or 1.

    Parameters
    ----------
    dtypes : sequence of str, optional
        Only in these.
    json_path : str, optional
        Where the report is written as JSON as well; "-" prints it in place of the table.
    """
    with Progress("running vectors", len(files)) as progress:
        done = iter(range(len(files)))
        reports = run_vectors(adapter, files, lambda op: progress.update(next(done), op), dtypes)
    text = json.dumps(as_json(adapter.name, reports), indent=1, allow_nan=False)
    write(table(adapter.name, reports), text, json_path)
    return 0 if passed(reports) else 1


def _files(paths: Sequence[Path]) -> list[VectorFile]:
    return [read(path) for path in paths] if paths else shipped()
