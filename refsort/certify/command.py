"""`refsort certify NETWORK`: what a saved classifier guarantees on data, and what attacks leave of it."""

from __future__ import annotations

import argparse
import json
import math
import sys
import zipfile
from pathlib import Path

import numpy as np

from refsort import figures
from refsort.certify.report import Robustness, as_json, robustness, table
from refsort.data import Mnist, Split, load_mnist
from refsort.nets import Network, load_weights
from refsort.nets.weight_list import ACTIVATIONS
from refsort.ops.arrays import Array
from refsort.output import require_writable, write

RADII = {2: (0.0, 0.5, 1.0, 1.58, 2.0), math.inf: (0.0, 0.05, 0.1, 0.2, 0.3)}
DTYPES = ("float16", "float32", "float64")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `refsort certify`."""
    parser.add_argument(
        "network",
        metavar="NETWORK.npz",
        help="a file of save_network or a checkpoint, or plain weights w0, b0, w1, ...",
    )
    parser.add_argument(
        "--activation",
        metavar="NAME",
        help=f"what stands between plain weights that do not say it: {', '.join(ACTIVATIONS)}",
    )
    parser.add_argument(
        "--data",
        metavar="PATH",
        help="an npz file with x (n, d) and labels (n,), or the directory of the four MNIST files (default: "
        "$REFSORT_DATA)",
    )
    parser.add_argument(
        "--split", choices=Mnist._fields, default="test", help="which images of MNIST (default: %(default)s)"
    )
    parser.add_argument("--limit", type=_count, metavar="N", help="only the first N inputs")
    parser.add_argument("--norm", choices=("2", "inf"), default="2", help="of the radii (default: %(default)s)")
    parser.add_argument(
        "--radii", type=_radii, metavar="A,B", help="where to report (default: 0,0.5,1,1.58,2; inf: 0,0.05,0.1,0.2,0.3)"
    )
    parser.add_argument("--dtype", choices=DTYPES, help="what the network runs in (default: that of its weights)")
    parser.add_argument(
        "--also", nargs="*", choices=DTYPES, default=[], metavar="DTYPE", help="certify in these formats as well"
    )
    parser.add_argument(
        "--attacked", type=_count, default=1000, metavar="N", help="inputs to attack, 0 for none (default: %(default)s)"
    )
    parser.add_argument("--steps", type=_positive, default=40, help="of gradient ascent (default: %(default)s)")
    parser.add_argument("--restarts", type=_positive, default=1, help="of gradient ascent (default: %(default)s)")
    parser.add_argument(
        "--box", nargs=2, type=float, metavar=("LO", "HI"), help="what entries attacks may use (default: 0 1 for MNIST)"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the attacks (default: %(default)s)")
    parser.add_argument("--json", metavar="FILE", help="write the report as JSON as well; - for standard output alone")
    parser.add_argument("--figure", metavar="FILE", help="draw shares over radii: .png, .pdf or .svg (extra plot)")


def run(args: argparse.Namespace) -> int:
    """Certify, attack, print. 0; 1 where a certificate was refuted; 2 for wrong usage, files or data."""
    try:
        require_writable("--json", args.json)
        if args.figure:
            require_writable("--figure", args.figure)
            figures.require(args.figure)
        network, params = load_weights(args.network, args.activation)
        params = network.cast(params, args.dtype) if args.dtype else params
        (x, labels), box = _data(args)
        x, labels = x[: args.limit], labels[: args.limit]
        _require_fit(network, x, labels, box)
        p = math.inf if args.norm == "inf" else 2
        found = robustness(
            network,
            params,
            x,
            labels,
            args.radii or RADII[p],
            p,
            box=box,
            rng=np.random.default_rng(args.seed),
            attacked=args.attacked,
            steps=args.steps,
            restarts=args.restarts,
            also=args.also,
        )
    except (OSError, TypeError, ValueError, ModuleNotFoundError) as error:
        print(f"refsort certify: {error}", file=sys.stderr)
        return 2
    write(table(found), json.dumps({"network": args.network, **as_json(found)}, indent=1), args.json)
    if args.figure:
        draw(args.figure, found, Path(args.network).name)
    return 0 if found.holds else 1


def draw(path: str | Path, found: Robustness, title: str) -> None:
    """Certified and attacked shares over the radii."""
    lines = {"certified": found.certified, **{f"certified, {name}": shares for name, shares in found.other.items()}}
    attacked = {"after FGSM": found.fgsm, "after PGD": found.pgd} if found.attacked else {}
    figures.curves(
        path,
        found.radii,
        {**lines, **attacked},
        title=title,
        x_label=f"radius, {'inf' if found.p == math.inf else 2}-norm",
        y_label="share of inputs",
        y_limits=(0, 1),
    )


def _data(args: argparse.Namespace) -> tuple[Split, tuple[float, float] | None]:
    """The inputs with their labels, and the box that they live in."""
    given = tuple(args.box) if args.box else None
    if args.data is None or Path(args.data).is_dir():
        split: Split = getattr(load_mnist(args.data), args.split)
        return split, given or (0.0, 1.0)
    try:
        with open(args.data, "rb") as file:
            loaded = np.load(file, allow_pickle=False)
            x, labels = loaded["x"], loaded["labels"]
    except (zipfile.BadZipFile, EOFError, AttributeError, KeyError, ValueError) as error:
        raise ValueError(f"--data {args.data}: expected an npz file with the arrays x and labels: {error}") from error
    return Split(x, labels), given


def _require_fit(network: Network, x: Array, labels: Array, box: tuple[float, float] | None) -> None:
    """One clear error before anything is computed."""
    if x.ndim != 2 or x.shape[1] != network.layers[0].d_in:
        raise ValueError(f"the network takes inputs of {network.layers[0].d_in} entries; the data have shape {x.shape}")
    if not len(x) or labels.shape != (len(x),):
        raise ValueError(f"expected one label for each input, and one input at least; got {labels.shape} for {len(x)}")
    if x.dtype.kind != "f":
        raise TypeError(f"the inputs have dtype {x.dtype}; pass floats, scaled as the network was trained with")
    outside = np.any((x < box[0]) | (x > box[1]), axis=1) if box else np.zeros(1, bool)
    if np.any(outside):
        raise ValueError(
            f"{np.count_nonzero(outside)} inputs lie outside of the box {list(box or ())}, with entries in "
            f"[{x.min()}, {x.max()}]; scale them, or pass another --box"
        )


def _radii(text: str) -> list[float]:
    radii = [float(part) for part in text.split(",") if part.strip()]
    if not radii or not all(0 <= r < math.inf for r in radii):
        raise argparse.ArgumentTypeError(f"expected numbers that are not negative, separated by commas, got {text!r}")
    return sorted(set(radii))


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"expected a whole number that is not negative, got {text!r}")
    return int(text)


def _positive(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"expected a positive whole number, got {text!r}")
    return int(text)
