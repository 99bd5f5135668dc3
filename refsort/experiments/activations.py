"""Activations under the same constraint on MNIST, after Anil et al. (2019): what norm-preserving ones are worth.

All networks have the same sizes, orthonormal weights and the same training; only what stands between the layers
differs. ReLU loses gradient norm wherever it is off, so it has to trade margin for fit; |x| and the sorts lose none.
The loss and its settings are those chosen for MaxMin in `mnist-l2`, on the validation split. Of the rates 8e-3, 1.6e-2
and 3.2e-2 each has the one that was best there after 6 epochs, 1.6e-2 where that was within the standard error.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from refsort.experiments import comparison
from refsort.experiments.classifier import converged
from refsort.nets import Absolute, FullSort, GroupSort, MaxMin, ReLU, Stiefel
from refsort.nets.activations import Activation

SUMMARY = "ReLU, |x|, MaxMin, GroupSort and FullSort on MNIST under the same 2-norm constraint"
ACTIVATIONS: dict[str, tuple[Activation, float]] = {  # with the learning rate
    "ReLU": (ReLU(), 1.6e-2),
    "|x|": (Absolute(), 1.6e-2),
    "MaxMin": (MaxMin(), 1.6e-2),
    "GroupSort(4)": (GroupSort(4), 1.6e-2),
    "GroupSort(8)": (GroupSort(8), 1.6e-2),
    "GroupSort(16)": (GroupSort(16), 1.6e-2),
    "FullSort": (FullSort(), 3.2e-2),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The sizes that all share."""
    comparison.add_arguments(parser)


def run(args: argparse.Namespace, out: Path) -> dict[str, Any]:
    """Train, certify and attack one network with each activation; the result as a JSON value."""
    if args.width % 16:
        raise ValueError(f"--width {args.width} is not a multiple of 16, which GroupSort(16) needs")
    rivals = {name: (activation, Stiefel(), rate) for name, (activation, rate) in ACTIVATIONS.items()}
    return comparison.experiment(rivals, converged, args, out, "orthonormal weights")


def table(result: dict[str, Any]) -> str:
    """The result for people."""
    return comparison.report(result, "activation", "orthonormal weights")
