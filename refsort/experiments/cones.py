"""The distance between a point and the sphere around it in many dimensions, by critics of several kinds.

After Anil et al. (2019), who use 128 dimensions. The optimal critic is the cone -|x|, whose gradient has norm 1 at each
point and points to the centre: there is no direction that a critic may do without. The sorted coordinates of a random
point of a high-dimensional sphere are nearly the same vector for all points, so that one layer of FullSort and a linear
map are nearly a cone already; MaxMin has to build this by comparisons of pairs, ReLU loses gradient norm on the way.

No ceiling is known to us for ReLU critics in more than one dimension. In one dimension a network with one hidden layer
reaches at most 1/2 (`absolute-value`), and on every line through the centre that bound holds for the even part of any
critic with one hidden layer: |f(x) + f(-x) - 2 f(0)| <= |x| in any dimension, so its share is at most 1/2 here too.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from refsort import figures
from refsort.experiments import critics
from refsort.experiments.critics import ACTIVATIONS, CONSTRAINTS, Shells
from refsort.experiments.result import environment, positive_int
from refsort.progress import Progress

SUMMARY = "a point and the sphere around it, in up to thousands of dimensions: distances by critics of several kinds"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What is compared, and how critics are trained."""
    parser.add_argument(
        "--dimensions", type=positive_int, nargs="+", default=[2, 16, 128], help="of the space (default: %(default)s)"
    )
    parser.add_argument(
        "--activations", nargs="+", choices=ACTIVATIONS, default=list(ACTIVATIONS), help="(default: all)"
    )
    parser.add_argument(
        "--constraints", nargs="+", choices=CONSTRAINTS, default=["Stiefel"], help="(default: %(default)s)"
    )
    parser.add_argument(
        "--hidden", type=positive_int, nargs="+", default=[3], help="numbers of hidden layers (default: %(default)s)"
    )
    parser.add_argument(
        "--widths", type=positive_int, nargs="+", help="numbers of features (default: the dimension, at least 128)"
    )
    critics.add_training(parser, rate=1e-3, batch=32, steps=1000, points=2000)


def run(args: argparse.Namespace, out: Path) -> dict[str, Any]:
    """Train a critic of each kind; the result as a JSON value. The folded critics are saved in `out`."""
    kinds = [
        (d, constraint, activation, hidden, width)
        for d in args.dimensions
        for constraint in args.constraints
        for activation in args.activations
        for hidden in args.hidden
        for width in args.widths or [max(d, 128)]
    ]
    rows = []
    with Progress("critics", len(kinds)) as progress:
        for i, (d, constraint, activation, hidden, width) in enumerate(kinds):
            progress.update(i, f"{activation}, {constraint}, {d} dimensions, {hidden} x {width}")
            stem = f"{d}-{constraint}-{critics.file_stem(activation)}-{hidden}x{width}"
            sizes = [width] * hidden
            problem = Shells(np.zeros((1, d)))
            rows.append(critics.trained_critic(problem, activation, constraint, sizes, args, out, stem, np.float32))
    if figures.available():
        draw(out / "shares.png", rows)
    names = ("seed", "rate", "batch", "steps", "alpha", "points")
    return {
        "settings": {name: getattr(args, name) for name in names},
        "true distance": 1.0,
        "critics": rows,
        "environment": environment(),
    }


def draw(path: Path, rows: list[dict[str, Any]]) -> None:
    """The shares of the distance over dimension, depth or width, whichever takes most values: a line for each kind."""
    axes = {
        "dimension": [row["dimension"] for row in rows],
        "hidden layers": [len(row["hidden"]) for row in rows],
        "width": [row["hidden"][0] for row in rows],
    }
    x_label = max(axes, key=lambda name: len(set(axes[name])))
    x = sorted(set(axes[x_label]))
    lines: dict[str, list[float | None]] = {}
    for i, row in enumerate(rows):
        others = [f"{name} {values[i]}" for name, values in axes.items() if name != x_label and len(set(values)) > 1]
        kind = ", ".join([row["activation"], row["constraint"], *others])
        lines.setdefault(kind, [None] * len(x))[x.index(axes[x_label][i])] = row.get("lower")
    positions = [str(value) for value in x]  # evenly spaced: dimensions grow by factors
    figures.curves(path, positions, lines, x_label=x_label, y_label="share of W1", y_limits=(0, 1.02))


def table(result: dict[str, Any]) -> str:
    """The result for people."""
    return critics.report(result, "W1 between a point and the unit sphere around it is 1")
