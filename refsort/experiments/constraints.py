"""Ways to constrain a weight on MNIST, after Anil et al. (2019): what each guarantees, and what it costs.

All networks are MaxMin networks of the same sizes. Each is certified with the weights that its constraint leaves after
training, and their realised singular values stand beside it: few Bjorck steps leave some below 1, spectral
normalisation lets all but the largest fall, a Parseval step promises nothing, and without a constraint the product of
the norms certifies nothing. Learning rates were chosen for each on the validation split, after 4 epochs, by factors of
2 or 4.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from refsort.experiments import comparison
from refsort.experiments.classifier import as_it_is
from refsort.nets import Bjorck, Free, MaxMin, Parseval, Spectral, Stiefel
from refsort.nets.constraints import Constraint

SUMMARY = "Bjorck of orders 1 to 3, spectral normalisation, Parseval and no constraint on MNIST"
CONSTRAINTS: dict[str, tuple[Constraint, float]] = {  # with the learning rate
    "Stiefel": (Stiefel(), 1.6e-2),
    "Bjorck, order 1, 3 steps": (Bjorck(3), 1.6e-2),
    "Bjorck, order 2, 2 steps": (Bjorck(2, order=2), 8e-3),
    "Bjorck, order 3, 2 steps": (Bjorck(2, order=3), 1.6e-2),
    "spectral normalisation": (Spectral(), 4e-3),
    "Parseval": (Parseval(), 4e-3),
    "none": (Free(), 1e-3),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The sizes that all share."""
    comparison.add_arguments(parser)


def run(args: argparse.Namespace, out: Path) -> dict[str, Any]:
    """Train, certify and attack one network with each constraint; the result as a JSON value."""
    rivals = {name: (MaxMin(), constraint, rate) for name, (constraint, rate) in CONSTRAINTS.items()}
    return comparison.experiment(rivals, as_it_is, args, out, "MaxMin")


def table(result: dict[str, Any]) -> str:
    """The result for people."""
    return comparison.report(result, "constraint", "MaxMin")
