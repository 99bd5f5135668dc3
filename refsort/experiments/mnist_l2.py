"""Provable robustness on MNIST in the 2-norm: a MaxMin network with Bjorck weights, after Anil et al. (2019).

A network 784 - width - width - width - 10 is trained with a cross-entropy that asks for a margin; its weights are kept
orthonormal by one Bjorck step after each update of Adam (`refsort.nets.Stiefel`). Then they are orthonormalised to
convergence in float64 and folded, and an image counts as certified at a radius below its `sound_radius`: the largest
that the norms of these very weights and the rounding errors of the network's evaluation support, in float64, and beside
it for the same network rounded to float32 and run there.

The margin trades the clean accuracy for the certified one: hence two presets of the paper's width, and a small network
for a coffee break. Everything that was chosen by looking at an accuracy was chosen on the validation split.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from refsort.atomic import atomic_write
from refsort.certify import certified_accuracy, lipschitz_bound, margins, sound_accuracy
from refsort.data import Split, load_mnist
from refsort.experiments.result import environment, positive_float, positive_int
from refsort.nets import (
    Adam,
    Batches,
    Bjorck,
    Cosine,
    CrossEntropy,
    MaxMin,
    Network,
    Parameters,
    Run,
    Stiefel,
    save_network,
    train,
)
from refsort.tables import format_table

SUMMARY = "train a certified MaxMin network on real MNIST (2-norm); --preset for networks of the paper's width"
RADII = (0.0, 0.5, 1.0, 1.58, 2.0)  # at 0: what every evaluation gets right
PRESETS: dict[str, dict[str, Any]] = {
    "coffee-break": {"width": 256, "margin": 1.9, "temperature": 4.0, "rate": 1.6e-2, "batch": 512, "epochs": 24},
    "paper-accurate": {"width": 1024, "margin": 1.75, "temperature": 8.0, "rate": 4e-3, "batch": 512, "epochs": 22},
    "paper-robust": {"width": 1024, "margin": 2.12, "temperature": 4.0, "rate": 4e-3, "batch": 512, "epochs": 10},
}
DEFAULT = "coffee-break"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The settings: those of a preset, each of which can be given instead."""
    parser.add_argument("--data", help="directory of the four MNIST files (default: $REFSORT_DATA)")
    parser.add_argument(
        "--preset", choices=list(PRESETS), default=DEFAULT, help="where the settings come from (default: %(default)s)"
    )
    for name, (kind, text) in _SETTINGS.items():
        values = ", ".join(f"{preset[name]:g}" for preset in PRESETS.values())
        parser.add_argument(f"--{name}", type=kind, help=f"{text} (presets: {values})")
    parser.add_argument(
        "--log-every", type=positive_int, default=1, help="epochs between two lines of log.jsonl (default: %(default)s)"
    )


_SETTINGS: dict[str, tuple[Callable[[str], Any], str]] = {
    "width": (positive_int, "hidden features"),
    "margin": (positive_float, "margin that the loss asks for, in the unit of the input"),
    "temperature": (positive_float, "of the cross-entropy: the logits' factor"),
    "rate": (positive_float, "learning rate at the start"),
    "batch": (positive_int, "batch size"),
    "epochs": (positive_int, "passes over the 54,000 images"),
}


def settings(args: argparse.Namespace) -> dict[str, Any]:
    """The preset's settings, with what was given in their place."""
    given = {name: getattr(args, name) for name in _SETTINGS}
    return {name: PRESETS[args.preset][name] if value is None else value for name, value in given.items()}


def run(args: argparse.Namespace, out: Path) -> dict[str, Any]:
    """Train, fold, certify; the result as a JSON value. The folded network is saved in `out`."""
    chosen = settings(args)
    mnist = load_mnist(args.data)
    network = Network.dense([784, *[chosen["width"]] * 3, 10], MaxMin(), Stiefel())
    rng = np.random.default_rng(args.seed)
    epoch = len(mnist.train.labels) // chosen["batch"]
    steps = chosen["epochs"] * epoch
    training = Run(
        network,
        network.init(rng, dtype=np.float32),
        CrossEntropy(chosen["temperature"], chosen["margin"]),
        Adam(),
        Cosine(chosen["rate"], steps),
        Batches(mnist.train, chosen["batch"]),
        rng,
    )
    checkpoint = out / "checkpoint.npz"
    if args.resume:
        training.restore(checkpoint)
    history = _History(out / "log.jsonl", mnist.validation, epoch, args.log_every * epoch)
    history.start(training.step)
    first, start = training.step, time.perf_counter()
    train(training, steps, callbacks=[history], checkpoint=checkpoint, every=500)
    seconds = time.perf_counter() - start

    folded, params = deployed(network, training.params)
    save_network(out / "network.npz", folded, params)
    bound = lipschitz_bound(folded, params, p=2)
    splits = {name: getattr(mnist, name) for name in ("validation", "test")}
    return {
        "settings": {"preset": args.preset, "seed": args.seed, **chosen},
        "steps": steps,
        "training seconds": round(seconds, 1),
        "trained in this run": [first, steps],
        "lipschitz bound": bound.constant,
        "layer bounds": list(bound.layers),
        "radii": list(RADII),
        "clean": {name: _clean(folded, params, split) for name, split in splits.items()},
        "certified": {name: _certified(folded, params, split, "float64") for name, split in splits.items()},
        "certified in float32": {name: _certified(folded, params, split, "float32") for name, split in splits.items()},
        "environment": environment(),
    }


def deployed(network: Network, params: Parameters) -> tuple[Network, Parameters]:
    """The network that is certified: float64, Bjorck to convergence (60 steps bring 1e-10 to 1), folded."""
    return network.constrained(Bjorck(60)).fold(network.cast(params, np.float64))


class _History:
    """A line of JSON every so often: the loss of the last epoch, and the accuracies on the validation split in float32.

    The last line is that of the last step. A resumed run keeps the lines up to its checkpoint.
    """

    def __init__(self, path: Path, split: Split, epoch: int, every: int) -> None:
        self.path, self.split, self.epoch, self.every = path, split, epoch, every
        self.losses: list[float] = []
        self.began = time.perf_counter()

    def start(self, step: int) -> None:
        """Keep the lines of the first `step` steps, none for a new run."""
        lines = self.path.read_text().splitlines() if step and self.path.exists() else []
        kept = [line for line in lines if json.loads(line)["step"] <= step]
        with atomic_write(self.path) as file:
            file.write("".join(line + "\n" for line in kept).encode())

    def __call__(self, run: Run, loss: float) -> None:
        """After a step."""
        self.losses = [*self.losses[1 - self.epoch :], loss] if self.epoch > 1 else [loss]
        if run.step % self.every:
            return
        logits = run.network.constrained(Bjorck(8)).value(run.params, self.split.images)
        shares = certified_accuracy(logits, self.split.labels, 1.0, RADII, p=2)
        line = {
            "epoch": run.step // self.epoch,
            "step": run.step,
            "seconds": round(time.perf_counter() - self.began, 1),
            "loss": round(float(np.mean(self.losses)), 6),
            "validation": [round(float(share), 4) for share in shares],
        }
        with self.path.open("a") as file:
            file.write(json.dumps(line) + "\n")


def _clean(network: Network, params: Parameters, split: Split) -> float:
    logits = network.value(params, split.images.astype(np.float64))
    return float(np.mean(margins(logits, split.labels) > 0))


def _certified(network: Network, params: Parameters, split: Split, dtype: str) -> list[float]:
    images = split.images.astype(dtype)
    shares: list[float] = sound_accuracy(network, network.cast(params, dtype), images, split.labels, RADII).tolist()
    return shares


def table(result: dict[str, Any]) -> str:
    """The result for people."""
    head = ["MNIST, 2-norm", "clean %", *(f"certified % at {r:g}" for r in result["radii"][1:])]
    rows = [
        [f"{name}, {dtype}", f"{100 * result['clean'][name]:.2f}", *(f"{100 * share:.2f}" for share in shares[1:])]
        for dtype, kind in (("float64", "certified"), ("float32", "certified in float32"))
        for name, shares in result[kind].items()
    ]
    width, margin, temperature = (result["settings"][name] for name in ("width", "margin", "temperature"))
    excess = result["lipschitz bound"] - 1
    return "\n".join(
        [
            f"784-{width}-{width}-{width}-10, MaxMin, orthonormal weights; margin {margin:g}, temperature "
            f"{temperature:g}; {result['steps']} steps, {result['training seconds']:.0f} s of training",
            f"Lipschitz constant of the folded float64 network: at most 1 {'+' if excess >= 0 else '-'} "
            f"{abs(excess):.1e}, computed from its weights, rounding of the bound included",
            "",
            format_table(head, rows),
            "",
            "A certificate holds for the network as it runs in the format that is named, rounding included.",
        ]
    )
