"""Wasserstein distances between the digits of MNIST, exact and by critics, after Anil et al. (2019).

For each pair of digits, P and Q are as many test images of each. Their distance is computed exactly, and critics are
trained on the same images; each proves a lower bound. GroupSort critics come nearer to it than ReLU critics do. Both
are distances of finite samples, in 784 dimensions much greater than those of the distributions would be.
"""

from __future__ import annotations

import argparse
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from refsort import figures
from refsort.data import Split, load_mnist
from refsort.experiments import critics
from refsort.experiments.classifier import add_data
from refsort.experiments.critics import Samples
from refsort.experiments.result import count, environment, positive_int
from refsort.progress import Progress
from refsort.tables import format_table
from refsort.transport import wasserstein1

SUMMARY = "Wasserstein distances between the digits of MNIST: exact, and lower bounds by critics"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which digits, how many images, and how critics are trained."""
    add_data(parser)
    parser.add_argument(
        "--digits", type=count, nargs="+", default=list(range(10)), help="two or more of them (default: all)"
    )
    parser.add_argument("--images", type=positive_int, default=500, help="of each digit (default: %(default)s)")
    critics.add_shape(parser, ["ReLU", "MaxMin"], constraint="Stiefel", hidden=2, width=256)
    critics.add_training(parser, rate=4e-3, batch=128, steps=300)


def run(args: argparse.Namespace, out: Path) -> dict[str, Any]:
    """The exact distance and a critic with each activation for each pair; the result as a JSON value."""
    digits = sorted(set(args.digits))
    if len(digits) < 2 or digits[-1] > 9:
        raise ValueError(f"--digits {args.digits}: expected two or more different digits, 0 to 9")
    samples = {digit: images_of(load_mnist(args.data).test, digit, args.images) for digit in digits}
    pairs = list(combinations(digits, 2))
    rows = []
    with Progress("pairs", len(pairs)) as progress:
        for i, (one, other) in enumerate(pairs):
            progress.update(i, f"{one} and {other}")
            problem = Samples(samples[one], samples[other])
            exact = wasserstein1(*problem.judged())
            row: dict[str, Any] = {"digits": [one, other], "lower": exact.lower, "upper": exact.upper, "critics": {}}
            for name in args.activations:
                stem = f"{one}-{other}-{critics.file_stem(name)}"
                row["critics"][name] = critics.trained_critic(
                    problem, name, args.constraint, [args.width] * args.hidden, args, out, stem, np.float32
                )
            rows.append(row)
    if figures.available():
        draw(out / "distances.png", rows, args.activations)
    names = ("seed", "images", "constraint", "hidden", "width", "rate", "batch", "steps", "alpha", "activations")
    return {
        "settings": {name: getattr(args, name) for name in names},
        "pairs": rows,
        "environment": environment(),
    }


def draw(path: Path, rows: list[dict[str, Any]], names: list[str]) -> None:
    """Exact distances of all pairs in their order, and what critics prove."""
    ordered = sorted(rows, key=lambda row: row["upper"])
    lines = {"exact": [row["upper"] for row in ordered]}
    lines |= {name: [row["critics"][name].get("lower") for row in ordered] for name in names}
    pairs = ["".join(map(str, row["digits"])) for row in ordered]
    figures.curves(path, pairs, lines, x_label="pair of digits", y_label="W1, 2-norm", width=2 + 0.2 * len(pairs))


def images_of(split: Split, digit: int, n: int) -> Any:
    """The first n images of a digit."""
    images = split.images[split.labels == digit]
    if len(images) < n:
        raise ValueError(f"--images {n}: there are only {len(images)} test images of the digit {digit}")
    return images[:n]


def table(result: dict[str, Any]) -> str:
    """The result for people."""
    names = result["settings"]["activations"]
    rows = []
    for pair in result["pairs"]:
        row = [" and ".join(map(str, pair["digits"])), f"{pair['upper']:.4f}"]
        for name in names:
            critic = pair["critics"][name]
            row.append("diverged" if "diverged" in critic else f"{critic['lower']:.4f}")
            row.append("" if "diverged" in critic else f"{critic['lower'] / pair['upper']:.3f}")
        rows.append(row)
    head = ["digits", "W1", *(column for name in names for column in (f"{name} proves", "share"))]
    gap = max((pair["upper"] - pair["lower"]) / pair["upper"] for pair in result["pairs"])
    return "\n".join(
        [
            f"W1 in the 2-norm between {result['settings']['images']} test images of each digit",
            "",
            format_table(head, rows),
            "",
            f"W1 is exact, to a certified relative gap of {gap:.0e}; what a critic proves includes all rounding.",
        ]
    )
