"""The Wasserstein distance between a point and two points around it, by MaxMin and by ReLU critics.

P is the point 0 on the line, Q is -1 or 1 with equal chance: W1(P, Q) = 1, attained by the potential -abs(x) alone. A
critic of norm-constrained layers gives the lower bound E_P f - E_Q f. MaxMin represents abs(x); a ReLU network whose
layers have spectral norm at most 1 cannot, and its best value depends on the number of hidden layers: 1/2 for one, and
the best that is known for two, three and four is 1/sqrt(3), 2/3 and 0.7039.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from refsort.data import ABSOLUTE_VALUE
from refsort.experiments import critics
from refsort.experiments.critics import Shells

SUMMARY = "the 1-D Wasserstein problem with distance 1: MaxMin critics against ReLU critics"
BEST_KNOWN_RELU = {1: 0.5, 2: 3**-0.5, 3: 2 / 3, 4: 0.7039}  # by hidden layers; exact for 1, lower bounds for 2 to 4


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What is compared, and how critics are trained."""
    critics.add_shape(parser, ["ReLU", "MaxMin"], constraint="Bjorck", hidden=2, width=128)
    critics.add_training(parser, rate=1e-2, batch=16, steps=800, points=1000)
    critics.add_restarts(parser)


def run(args: argparse.Namespace, out: Path) -> dict[str, Any]:
    """Train one critic with each activation; the result as a JSON value. The folded critics are saved in `out`."""
    result = critics.by_activation(Shells(np.array(ABSOLUTE_VALUE)), args, out)
    return result | {"best known for ReLU": BEST_KNOWN_RELU.get(args.hidden)}


def table(result: dict[str, Any]) -> str:
    """The result for people."""
    best, hidden = result["best known for ReLU"], result["settings"]["hidden"]
    known = "unknown to us" if best is None else f"{best:.5f}"
    return "\n".join(
        [
            critics.report(result, "W1 between 0 and {-1, 1} is 1"),
            f"The best share known for ReLU with {hidden} hidden layers: {known}; MaxMin represents the optimum.",
        ]
    )
