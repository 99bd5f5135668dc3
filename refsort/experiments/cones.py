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
    names = ("seed", "rate", "batch", "steps", "alpha", "points")
    return {
        "settings": {name: getattr(args, name) for name in names},
        "true distance": 1.0,
        "critics": rows,
        "environment": environment(),
    }


def table(result: dict[str, Any]) -> str:
    """The result for people."""
    return critics.report(result, "W1 between a point and the unit sphere around it is 1")
