"""Provable robustness on MNIST in the 2-norm: a MaxMin network with Bjorck weights, after Anil et al. (2019).

A network 784 - width - width - width - 10 is trained with the multi-class hinge loss, K Bjorck steps a layer. Then its
weights are orthonormalised to convergence in float64 and folded, an upper bound L of its Lipschitz constant is computed
from these very weights, and an image counts as certified at a radius where its margin is above sqrt(2) L radius.

Everything that was chosen by looking at an accuracy was chosen on the validation split.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np

from refsort.certify import LipschitzBound, certified_accuracy, lipschitz_bound
from refsort.data import Split, load_mnist
from refsort.experiments.result import environment, positive_float, positive_int
from refsort.nets import (
    Adam,
    Batches,
    Bjorck,
    Cosine,
    MaxMin,
    MulticlassHinge,
    Network,
    Parameters,
    Run,
    save_network,
    train,
)
from refsort.tables import format_table

SUMMARY = "train a certified MaxMin network on real MNIST (2-norm); some minutes on two cores"
RADII = (0.0, 0.5, 1.0, 1.58, 2.0)  # radius 0 is the clean accuracy


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The settings, with the defaults that the reported figures were made with."""
    parser.add_argument("--data", help="directory of the four MNIST files (default: $REFSORT_DATA)")
    parser.add_argument("--width", type=positive_int, default=256, help="hidden features (default: %(default)s)")
    parser.add_argument(
        "--margin", type=positive_float, default=2.5, help="margin of the hinge loss (default: %(default)s)"
    )
    parser.add_argument(
        "--rate", type=positive_float, default=2e-3, help="learning rate at the start (default: %(default)s)"
    )
    parser.add_argument(
        "--iterations", type=positive_int, default=3, help="Bjorck steps in training (default: %(default)s)"
    )
    parser.add_argument("--batch", type=positive_int, default=256, help="batch size (default: %(default)s)")
    parser.add_argument(
        "--epochs", type=positive_int, default=24, help="passes over the 54,000 images (default: %(default)s)"
    )


def run(args: argparse.Namespace, out: Path) -> dict[str, Any]:
    """Train, fold, certify; the result as a JSON value. The folded network is saved in `out`."""
    mnist = load_mnist(args.data)
    network = Network.dense([784, *[args.width] * 3, 10], MaxMin(), Bjorck(args.iterations))
    rng = np.random.default_rng(args.seed)
    steps = args.epochs * (len(mnist.train.labels) // args.batch)
    training = Run(
        network,
        network.init(rng, dtype=np.float32),
        MulticlassHinge(args.margin),
        Adam(),
        Cosine(args.rate, steps),
        Batches(mnist.train, args.batch),
        rng,
    )
    checkpoint = out / "checkpoint.npz"
    if args.resume:
        training.restore(checkpoint)
    first, start = training.step, time.perf_counter()
    train(training, steps, checkpoint=checkpoint, every=500)
    seconds = time.perf_counter() - start

    folded, params = deployed(network, training.params)
    save_network(out / "network.npz", folded, params)
    bound = lipschitz_bound(folded, params, p=2)
    return {
        "settings": {name: getattr(args, name) for name in _SETTINGS},
        "steps": steps,
        "training seconds": round(seconds, 1),
        "trained in this run": [first, steps],
        "lipschitz bound": bound.constant,
        "layer bounds": list(bound.layers),
        "radii": list(RADII),
        "certified": {name: _certified(folded, params, getattr(mnist, name), bound) for name in ("validation", "test")},
        "environment": environment(),
    }


_SETTINGS = ("seed", "width", "margin", "rate", "iterations", "batch", "epochs")


def deployed(network: Network, params: Parameters) -> tuple[Network, Parameters]:
    """The network that is certified: float64, Bjorck to convergence (60 steps bring 1e-10 to 1), folded."""
    return network.constrained(Bjorck(60)).fold(network.cast(params, np.float64))


def _certified(network: Network, params: Parameters, split: Split, bound: LipschitzBound) -> list[float]:
    logits = network.value(params, split.images.astype(np.float64))
    shares: list[float] = certified_accuracy(logits, split.labels, bound.constant, RADII, p=2).tolist()
    return shares


def table(result: dict[str, Any]) -> str:
    """The result for people."""
    head = ["MNIST, 2-norm", *("clean %" if r == 0 else f"certified % at {r:g}" for r in result["radii"])]
    rows = [[name, *(f"{100 * share:.2f}" for share in shares)] for name, shares in result["certified"].items()]
    width, margin = result["settings"]["width"], result["settings"]["margin"]
    excess = result["lipschitz bound"] - 1
    return "\n".join(
        [
            f"784-{width}-{width}-{width}-10, MaxMin, Bjorck; hinge margin {margin:g}; {result['steps']} steps, "
            f"{result['training seconds']:.0f} s of training",
            f"Lipschitz constant of the folded float64 network: at most 1 {'+' if excess >= 0 else '-'} "
            f"{abs(excess):.1e}, computed from its weights, rounding of the bound included",
            "",
            format_table(head, rows),
            "",
            "A certificate holds for the network in exact arithmetic; the rounding of its evaluation is not included.",
        ]
    )
