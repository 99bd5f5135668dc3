"""`refsort w1 A.npy B.npy`: the Wasserstein distance of two samples, between a lower bound and a primal value."""

from __future__ import annotations

import argparse
import json
import re
import sys

import numpy as np

from refsort.atomic import atomic_write
from refsort.nets import load_weights
from refsort.nets.weight_list import ACTIVATIONS
from refsort.ops.arrays import Array
from refsort.output import require_writable, write
from refsort.transport.exact import Transport
from refsort.transport.report import as_json, sandwich, table
from refsort.transport.samples import METRICS

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `refsort w1`."""
    for name in "ab":
        parser.add_argument(name, metavar=f"{name.upper()}.npy", help="a sample: (n, d), or (n,) on the line")
    parser.add_argument("--metric", choices=tuple(METRICS), default="l2", help="ground metric (default: %(default)s)")
    for name in "ab":
        parser.add_argument(
            f"--weights-{name}", metavar="FILE.npy", help=f"probabilities of the points of {name.upper()}"
        )
    parser.add_argument(
        "--critic",
        action="append",
        default=[],
        metavar="NET.npz",
        help="a saved network with one output, for its certified lower bound; may be repeated",
    )
    parser.add_argument(
        "--activation", metavar="NAME", help=f"what stands between a critic's plain weights: {', '.join(ACTIVATIONS)}"
    )
    parser.add_argument(
        "--max-memory",
        type=_bytes,
        metavar="SIZE",
        help="such as 8G; larger problems are refused (default: half of it)",
    )
    parser.add_argument("--json", metavar="FILE", help="write the report as JSON as well; - for standard output alone")
    parser.add_argument(
        "--plan", metavar="FILE.npz", help="write the coupling (rows, columns, mass) and the potentials (f, g)"
    )


def run(args: argparse.Namespace) -> int:
    """Bound and print. 0; 1 where a lower bound exceeds the primal value; 2 for wrong usage, files or data.

    Whatever can be computed is printed, also where a critic is wrong (2) or the exact distance is out of reach: that is
    0 where a critic gave a bound, and else 2.
    """
    try:
        require_writable("--json", args.json)
        if args.plan:
            require_writable("--plan", args.plan)
        a, b = _array("A", args.a), _array("B", args.b)
        of_a, of_b = _optional("--weights-a", args.weights_a), _optional("--weights-b", args.weights_b)
        critics, unread = {}, {}
        for path in args.critic:
            try:
                critics[path] = load_weights(path, args.activation)
            except (OSError, TypeError, ValueError) as error:
                unread[path] = str(error)
        found = sandwich(a, b, args.metric, of_a, of_b, critics, memory=args.max_memory)
    except (OSError, TypeError, ValueError) as error:
        print(f"refsort w1: {error}", file=sys.stderr)
        return 2
    found = found._replace(missing={**unread, **found.missing})
    for name, why in found.missing.items():
        print(f"refsort w1: {why}" if name in why or name == "exact" else f"refsort w1: {name}: {why}", file=sys.stderr)
    if found.exact is None and not found.critics:
        return 2
    files = {"a": args.a, "b": args.b}
    write(table(found), json.dumps({**files, **as_json(found)}, indent=1), args.json)
    if args.plan:
        if found.exact is None:
            print(f"refsort w1: --plan {args.plan}: not written, since there is no exact distance", file=sys.stderr)
        else:
            _save(args.plan, found.exact)
    if not found.holds:
        return 1
    return 2 if set(found.missing) - {"exact"} else 0


def _optional(name: str, path: str | None) -> Array | None:
    return None if path is None else _array(name, path)


def _array(name: str, path: str) -> Array:
    try:
        with open(path, "rb") as file:
            loaded = np.load(file, allow_pickle=False)
    except (EOFError, ValueError) as error:
        raise ValueError(f"{name} {path}: expected an array of numpy.save: {error}") from error
    if not isinstance(loaded, np.ndarray):
        raise ValueError(f"{name} {path}: expected one array of numpy.save (.npy), and this is an archive")
    return loaded


def _save(path: str, found: Transport) -> None:
    with atomic_write(path) as file:
        np.savez(
            file, allow_pickle=False, rows=found.rows, columns=found.columns, mass=found.mass, f=found.f, g=found.g
        )


def _bytes(text: str) -> int:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:B|iB)?", text, re.I)
    if not match or not float(match[1]):
        raise argparse.ArgumentTypeError(f"expected a positive number of bytes such as 500M or 8G, got {text!r}")
    return int(float(match[1]) * _UNITS[match[2].upper()])
