"""What the MNIST experiments share: a recipe, a training that logs and resumes, and what its network guarantees."""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from refsort.atomic import atomic_write
from refsort.certify import certified_accuracy, lipschitz_bound, margins, sound_accuracy
from refsort.data import Split, load_mnist
from refsort.experiments.result import count, environment, positive_float, positive_int
from refsort.nets import (
    Adam,
    Batches,
    Bjorck,
    Cosine,
    Network,
    Parameters,
    Run,
    orthonormal,
    save_network,
    train,
)
from refsort.nets.objectives import Batch, Objective
from refsort.nets.optimisers import Optimiser
from refsort.ops.arrays import Array
from refsort.tables import format_table

Initial = Callable[[np.random.Generator, int, int], Array]

SETTINGS: dict[str, tuple[Callable[[str], Any], str]] = {
    "width": (positive_int, "hidden features"),
    "hidden": (positive_int, "hidden layers"),
    "group": (positive_int, "features that are sorted together; 2 is MaxMin"),
    "margin": (positive_float, "margin that the loss asks for, in the unit of the input"),
    "temperature": (positive_float, "of the cross-entropy: the logits' factor"),
    "rate": (positive_float, "learning rate at the start"),
    "batch": (positive_int, "batch size"),
    "epochs": (positive_int, "passes over the 54,000 images"),
    "shift": (count, "pixels that training images are moved by at most, anew in each epoch"),
}


def add_data(parser: argparse.ArgumentParser) -> None:
    """Where the images are."""
    parser.add_argument("--data", help="directory of the four MNIST files (default: $REFSORT_DATA)")


def add_settings(parser: argparse.ArgumentParser, presets: Mapping[str, Mapping[str, Any]], default: str) -> None:
    """The data, a preset, and each of its settings, which can be given instead; and how often to log."""
    add_data(parser)
    parser.add_argument(
        "--preset", choices=list(presets), default=default, help="where the settings come from (default: %(default)s)"
    )
    for name in presets[default]:
        kind, text = SETTINGS[name]
        values = ", ".join(f"{preset[name]:g}" if name in preset else "-" for preset in presets.values())
        parser.add_argument(f"--{name}", type=kind, help=f"{text} (presets: {values})")
    parser.add_argument(
        "--log-every", type=positive_int, default=1, help="epochs between two lines of log.jsonl (default: %(default)s)"
    )


def settings(args: argparse.Namespace, presets: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The preset's settings, with what was given in their place; a ValueError for one that the preset does not have."""
    of_none = set(presets[args.preset]) ^ {name for preset in presets.values() for name in preset}
    for name in sorted(of_none):
        if getattr(args, name) is not None:
            raise ValueError(f"--{name} is no setting of the preset {args.preset}")
    given = {name: getattr(args, name) for name in presets[args.preset]}
    return {name: presets[args.preset][name] if value is None else value for name, value in given.items()}


_LOSS = ("margin", "temperature")


class ShiftedBatches(Batches):
    """Batches of square pictures and their labels; each picture is moved by up to `reach` pixels, anew at each draw.

    What leaves the picture is lost, and paper, 0, comes in. The 2 reach + 1 moves of either axis are equally likely.
    """

    def __init__(self, data: Split, batch_size: int, reach: int) -> None:
        super().__init__(data, batch_size)
        self.reach = reach

    def draw(self, rng: np.random.Generator) -> Batch:
        """The next pictures, moved, and their labels."""
        pictures, labels = super().draw(rng)
        moves = rng.integers(2 * self.reach + 1, size=(2, len(pictures)))
        side = math.isqrt(pictures.shape[1])
        margin = (self.reach, self.reach)
        padded = np.pad(pictures.reshape(-1, side, side), ((0, 0), margin, margin))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (side, side), axis=(1, 2))
        return windows[np.arange(len(pictures)), moves[0], moves[1]].reshape(pictures.shape), labels

    def state(self) -> dict[str, Array]:
        """That of `Batches`, and the reach."""
        return super().state() | {"reach": np.array(self.reach)}

    def restore(self, state: dict[str, Array]) -> None:
        """Go on in the kept order; a ValueError where pictures were moved otherwise."""
        if int(state.get("reach", 0)) != self.reach:
            raise ValueError(
                f"the checkpoint's pictures were moved by {state.get('reach', 0)} pixels, not {self.reach}"
            )
        super().restore(state)


class Recipe(NamedTuple):
    """How a classifier is trained: with a rate that falls to 0 as a cosine does, in float32.

    Attributes
    ----------
    network : Network
    objective : Objective
    rate : float
        Learning rate at the start.
    batch, epochs : int
    optimiser : Optimiser
    initial : function of (generator, d_out, d_in)
        The initial weights.
    shift : int
        Each picture is moved by up to so many pixels, anew in each epoch.
    """

    network: Network
    objective: Objective
    rate: float
    batch: int
    epochs: int
    optimiser: Optimiser = Adam()
    initial: Initial = orthonormal
    shift: int = 0

    def start(self, data: Split, seed: int) -> tuple[Run, int]:
        """A run before its first step, and the steps of an epoch."""
        rng, epoch = np.random.default_rng(seed), len(data.labels) // self.batch
        steps, params = self.epochs * epoch, self.network.init(rng, self.initial, np.float32)
        batches = ShiftedBatches(data, self.batch, self.shift) if self.shift else Batches(data, self.batch)
        schedule = Cosine(self.rate, steps)
        return Run(self.network, params, self.objective, self.optimiser, schedule, batches, rng), epoch


class Trained(NamedTuple):
    """A finished training.

    Attributes
    ----------
    params : Parameters
    first, steps : int
        The step that this run began at, and the last one.
    seconds : float
        Of this run.
    """

    params: Parameters
    first: int
    steps: int
    seconds: float


def trained(
    recipe: Recipe,
    data: Split,
    seed: int,
    checkpoint: Path,
    resume: bool = False,
    log: Callable[[Run, int], History] | None = None,
    callbacks: Sequence[Callable[[Run, float], None]] = (),
) -> Trained:
    """Train to the end; with `resume` from the checkpoint, where there is one."""
    run, epoch = recipe.start(data, seed)
    if resume and checkpoint.exists():
        run.restore(checkpoint)
    first, start = run.step, time.perf_counter()
    every = [log(run, epoch)] if log else []
    train(run, recipe.epochs * epoch, callbacks=[*every, *callbacks], checkpoint=checkpoint, every=500)
    return Trained(run.params, first, recipe.epochs * epoch, time.perf_counter() - start)


class History:
    """A line of JSON every so often: the loss of the last epoch, and the accuracies on the validation split in float32.

    The last line is that of the last step. A resumed run keeps the lines up to its checkpoint.

    Parameters
    ----------
    path : Path
    split : Split
        The validation split.
    run : Run
        Before its first step, or as restored.
    epoch, every : int
        Steps of an epoch, and between two lines.
    radii, p : sequence of float, {2, inf}
        Certified accuracies for Lipschitz constant 1, rounding left out: a log, not a certificate.
    """

    def __init__(
        self, path: Path, split: Split, run: Run, epoch: int, every: int, radii: Sequence[float], p: float
    ) -> None:
        self.path, self.split, self.epoch, self.every, self.radii, self.p = path, split, epoch, every, radii, p
        self.losses: list[float] = []
        self.began = time.perf_counter()
        lines = path.read_text().splitlines() if run.step and path.exists() else []
        kept = [line for line in lines if json.loads(line)["step"] <= run.step]
        with atomic_write(path) as file:
            file.write("".join(line + "\n" for line in kept).encode())

    def __call__(self, run: Run, loss: float) -> None:
        """After a step."""
        self.losses = [*self.losses[1 - self.epoch :], loss] if self.epoch > 1 else [loss]
        if run.step % self.every:
            return
        # 8 steps of Bjorck make norm 1 of what `Stiefel` leaves; other weights are evaluated as they are
        network = run.network.constrained(Bjorck(8)) if self.p == 2 else run.network
        logits = network.value(run.params, self.split.images)
        shares = certified_accuracy(logits, self.split.labels, 1.0, self.radii, p=self.p)
        line = {
            "epoch": run.step // self.epoch,
            "step": run.step,
            "seconds": round(time.perf_counter() - self.began, 1),
            "loss": round(float(np.mean(self.losses)), 6),
            "validation": [round(float(share), 4) for share in shares],
        }
        with self.path.open("a") as file:
            file.write(json.dumps(line) + "\n")


def certified_classifier(
    recipe: Recipe,
    deploy: Callable[[Network, Parameters], tuple[Network, Parameters]],
    chosen: Mapping[str, Any],
    args: argparse.Namespace,
    out: Path,
    radii: Sequence[float],
    p: float,
) -> dict[str, Any]:
    """Train, deploy, certify: the result of `mnist-l2` and `mnist-linf` as a JSON value."""
    mnist = load_mnist(args.data)
    log = out / "log.jsonl"
    done = trained(
        recipe,
        mnist.train,
        args.seed,
        out / "checkpoint.npz",
        args.resume,
        lambda run, epoch: History(log, mnist.validation, run, epoch, args.log_every * epoch, radii, p),
    )
    folded, params = deploy(recipe.network, done.params)
    save_network(out / "network.npz", folded, params)
    bound = lipschitz_bound(folded, params, p=p)
    splits = {name: getattr(mnist, name) for name in ("validation", "test")}
    return {
        "settings": {"preset": args.preset, "seed": args.seed, **chosen},
        "steps": done.steps,
        "training seconds": round(done.seconds, 1),
        "trained in this run": [done.first, done.steps],
        "lipschitz bound": bound.constant,
        "layer bounds": list(bound.layers),
        "radii": list(radii),
        "clean": {name: clean_accuracy(folded, params, split) for name, split in splits.items()},
        "certified": {name: _certified(folded, params, split, radii, p, "float64") for name, split in splits.items()},
        "certified in float32": {
            name: _certified(folded, params, split, radii, p, "float32") for name, split in splits.items()
        },
        "environment": environment(),
    }


def converged(network: Network, params: Parameters) -> tuple[Network, Parameters]:
    """In float64, Bjorck to convergence (60 steps bring 1e-10 to 1), folded."""
    return network.constrained(Bjorck(60)).fold(network.cast(params, np.float64))


def as_it_is(network: Network, params: Parameters) -> tuple[Network, Parameters]:
    """In float64, the network's own weight maps, folded."""
    return network.fold(network.cast(params, np.float64))


def clean_accuracy(network: Network, params: Parameters, split: Split) -> float:
    """The share of images that the network gets right, in float64."""
    logits = network.value(params, split.images.astype(np.float64))
    return float(np.mean(margins(logits, split.labels) > 0))


def _certified(
    network: Network, params: Parameters, split: Split, radii: Sequence[float], p: float, dtype: str
) -> list[float]:
    images, cast = split.images.astype(dtype), network.cast(params, dtype)
    shares: list[float] = sound_accuracy(network, cast, images, split.labels, radii, p).tolist()
    return shares


def table(result: Mapping[str, Any], norm: str, described: str) -> str:
    """The result of `certified_classifier` for people; `described` says what was trained."""
    head = [f"MNIST, {norm}", "clean %", *(f"certified % at {r:g}" for r in result["radii"][1:])]
    rows = [
        [f"{name}, {dtype}", f"{100 * result['clean'][name]:.2f}", *(f"{100 * share:.2f}" for share in shares[1:])]
        for dtype, kind in (("float64", "certified"), ("float32", "certified in float32"))
        for name, shares in result[kind].items()
    ]
    excess = result["lipschitz bound"] - 1
    loss = ", ".join(f"{name} {result['settings'][name]:g}" for name in _LOSS if name in result["settings"])
    return "\n".join(
        [
            f"{described}; {loss}; {result['steps']} steps, {result['training seconds']:.0f} s of training",
            f"Lipschitz constant of the folded float64 network: at most 1 {'+' if excess >= 0 else '-'} "
            f"{abs(excess):.1e}, computed from its weights, rounding of the bound included",
            "",
            format_table(head, rows),
            "",
            "A certificate holds for the network as it runs in the format that is named, rounding included.",
        ]
    )
