"""Few labelled digits: norm-constrained networks with a margin against unconstrained ones, after Anil et al. (2019).

From the training images 10, 30 and 100 of each digit are drawn, several times; every network sees the same ones, and
takes the same number of steps.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from refsort.data import Split, load_mnist
from refsort.experiments import comparison
from refsort.experiments.classifier import as_it_is, converged
from refsort.experiments.comparison import Contender
from refsort.experiments.result import environment, positive_int
from refsort.nets import CrossEntropy, Free, MaxMin, ReLU, Stiefel
from refsort.tables import format_table

SUMMARY = "MNIST with 10, 30 and 100 images of each digit: constrained against unconstrained"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The sizes, and how many images and draws."""
    comparison.add_data_and_shape(parser, width=256)
    parser.add_argument(
        "--per-class", type=positive_int, nargs="+", default=[10, 30, 100], help="images (default: %(default)s)"
    )
    parser.add_argument("--draws", type=positive_int, default=3, help="of the images (default: %(default)s)")
    parser.add_argument("--steps", type=positive_int, default=600, help="updates (default: %(default)s)")
    parser.add_argument(
        "--attacked", type=positive_int, default=500, help="test images to attack (default: %(default)s)"
    )


def run(args: argparse.Namespace, out: Path) -> dict[str, Any]:
    """Train all networks on all draws; the result as a JSON value."""
    mnist = load_mnist(args.data)
    rows = []
    for count in args.per_class:
        for draw in range(args.draws):
            data = some_of_each(mnist.train, count, np.random.default_rng([args.seed, count, draw]))
            shared = argparse.Namespace(**vars(args))
            shared.batch = min(100, len(data.labels))
            shared.epochs = -(-args.steps // (len(data.labels) // shared.batch))
            contenders = {
                "MaxMin, orthonormal": Contender(comparison.recipe(shared, MaxMin(), Stiefel(), 1.6e-2), converged),
                "ReLU, orthonormal": Contender(comparison.recipe(shared, ReLU(), Stiefel(), 1.6e-2), converged),
                "MaxMin, unconstrained": Contender(
                    comparison.recipe(shared, MaxMin(), Free(), 1e-3, CrossEntropy()), as_it_is
                ),
                "ReLU, unconstrained": Contender(
                    comparison.recipe(shared, ReLU(), Free(), 1e-3, CrossEntropy()), as_it_is
                ),
            }
            results = comparison.compare(contenders, data, mnist.test, shared, out / f"{count}-{draw}", (0.0, 1.0))
            rows += [{"per class": count, "draw": draw, "network": name, **row} for name, row in results.items()]
    names = ("seed", "width", "hidden", "per_class", "draws", "steps", "attacked")
    return {
        "settings": {name: getattr(args, name) for name in names} | comparison.LOSS,
        "rows": rows,
        "environment": environment(),
    }


def some_of_each(split: Split, count: int, rng: np.random.Generator) -> Split:
    """`count` images of each digit, drawn without replacement."""
    places = [np.flatnonzero(split.labels == digit) for digit in range(10)]
    fewest = min(map(len, places))
    if count > fewest:
        raise ValueError(f"--per-class {count}: there are only {fewest} training images of some digit")
    chosen = np.concatenate([rng.choice(where, count, replace=False) for where in places])
    return Split(split.images[chosen], split.labels[chosen])


def table(result: dict[str, Any]) -> str:
    """The result for people: over the draws the mean, and the least and greatest."""
    rows = []
    for count in result["settings"]["per_class"]:
        of_count = [row for row in result["rows"] if row["per class"] == count]
        for name in dict.fromkeys(row["network"] for row in of_count):
            of_name = [row for row in of_count if row["network"] == name]
            columns = (
                [row["clean"] for row in of_name],
                *([row[k][1] for row in of_name] for k in ("certified", "pgd")),
            )
            rows.append([str(count), name, *map(_spread, columns)])
    return "\n".join(
        [
            f"MNIST test images, 2-norm; {result['settings']['draws']} draws: mean (least to greatest)",
            "",
            format_table(["per class", "network", "clean %", "certified % at 1", "after PGD % at 1"], rows),
        ]
    )


def _spread(values: list[float]) -> str:
    mean, low, high = (100 * v for v in (sum(values) / len(values), min(values), max(values)))
    return f"{mean:.1f} ({low:.1f} to {high:.1f})"
