"""Dynamical isometry: the singular values of a network's Jacobian through training, ReLU against MaxMin.

After Anil et al. (2019): a network of norm-constrained layers uses its whole Lipschitz budget only where its Jacobian
keeps the gradient norm, that is, where singular values are 1. With orthonormal weights and MaxMin every singular value
of the logits' Jacobian is 1 wherever no tie is met, at any step; ReLU switches directions off, and training decides how
many. With spectral normalisation only the largest singular value of each weight is 1, and the others are free to fall.

Measured at validation images: the d_out = 10 singular values of the logits' Jacobian at each, and those of the last
hidden features at some. Weights that `Stiefel` leaves orthonormal up to an update are measured after 8 Bjorck steps.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from refsort import figures
from refsort.data import load_mnist
from refsort.experiments import comparison
from refsort.experiments.classifier import trained
from refsort.experiments.result import environment, positive_int
from refsort.nets import Bjorck, MaxMin, Network, Parameters, ReLU, Run, Spectral, Stiefel
from refsort.nets.activations import Activation
from refsort.nets.constraints import Constraint
from refsort.ops.arrays import Array
from refsort.progress import Progress
from refsort.tables import format_table

SUMMARY = "singular values of the Jacobian through training: ReLU against MaxMin (dynamical isometry)"
QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
WEIGHTS: dict[str, tuple[Constraint, float]] = {
    "orthonormal weights": (Stiefel(), 1.6e-2),
    "spectral normalisation": (Spectral(), 4e-3),
}
ACTIVATIONS: dict[str, Activation] = {"ReLU": ReLU(), "MaxMin": MaxMin()}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The sizes, and how much is measured."""
    comparison.add_sizes(parser, width=256, epochs=8)
    parser.add_argument(
        "--snapshots", type=positive_int, default=8, help="measurements after the first (default: %(default)s)"
    )
    parser.add_argument("--images", type=positive_int, default=200, help="for the logits (default: %(default)s)")
    parser.add_argument("--some", type=positive_int, default=20, help="for the features (default: %(default)s)")


def run(args: argparse.Namespace, out: Path) -> dict[str, Any]:
    """Train the networks and measure them on the way; the result as a JSON value."""
    mnist = load_mnist(args.data)
    images = mnist.validation.images[: args.images]
    pairs = [(weights, name) for weights in WEIGHTS for name in ACTIVATIONS]
    measured: dict[str, Any] = {}
    last: dict[str, dict[str, Array]] = {weights: {} for weights in WEIGHTS}
    with Progress("networks", len(pairs)) as progress:
        for i, (weights, name) in enumerate(pairs):
            progress.update(i, f"{name}, {weights}")
            constraint, rate = WEIGHTS[weights]
            recipe = comparison.recipe(args, ACTIVATIONS[name], constraint, rate)
            run, epoch = recipe.start(mnist.train, args.seed)
            # a rising rate of snapshots: most of what happens, happens early
            last_step = args.epochs * epoch
            steps = sorted({round(last_step * (k / args.snapshots) ** 2) for k in range(args.snapshots + 1)})
            # `Stiefel` leaves weights orthonormal up to an update: they are measured as 8 Bjorck steps leave them
            network = run.network.constrained(Bjorck(8)) if constraint == Stiefel() else run.network
            spectra = _Spectra(network, steps, images, args.some)
            spectra.measure(run.params, 0)
            trained(
                recipe,
                mnist.train,
                args.seed,
                out / f"checkpoint-{comparison.file_stem(f'{name} {weights}')}.npz",
                callbacks=[spectra],
            )
            measured[f"{name}, {weights}"] = spectra.rows
            last[weights][name] = spectra.last
    if figures.available():
        figures.histograms(out / "spectrum.png", last, x_label="singular values of the logits' Jacobian after training")
        steps = [row["step"] for row in measured[f"ReLU, {next(iter(WEIGHTS))}"]]
        medians = {name: [row["logits"][3] for row in rows] for name, rows in measured.items()}
        figures.curves(
            out / "median.png", steps, medians, x_label="step", y_label="median singular value", y_limits=(0, 1.05)
        )
    names = ("seed", "width", "hidden", "batch", "epochs", "snapshots", "images", "some")
    return {
        "settings": {name: getattr(args, name) for name in names} | comparison.LOSS,
        "quantiles": list(QUANTILES),
        "spectra": measured,
        "environment": environment(),
    }


class _Spectra:
    """Quantiles of singular values at some of the steps of a training."""

    def __init__(self, network: Network, steps: Sequence[int], images: Array, some: int) -> None:
        self.network, self.steps, self.images, self.some = network, set(steps), images, some
        self.rows: list[dict[str, Any]] = []
        self.last: Array = np.empty(0)

    def __call__(self, run: Run, loss: float) -> None:
        """After a step."""
        if run.step in self.steps:
            self.measure(run.params, run.step)

    def measure(self, params: Parameters, step: int) -> None:
        """In float64."""
        network, params = self.network.fold(self.network.cast(params, np.float64))
        self.last = singular_values(network, params, self.images)
        features = singular_values(Network(network.layers[:-1]), params[:-1], self.images[: self.some])
        self.rows.append(
            {
                "step": step,
                "logits": np.quantile(self.last, QUANTILES).tolist(),
                "features": np.quantile(features, QUANTILES).tolist(),
            }
        )


def singular_values(network: Network, params: Parameters, images: Array) -> Array:
    """Those of dy/dx at each image, (n, min(d_out, d_in)), descending."""
    _, at = network.forward(params, images.astype(np.float64))
    return np.linalg.svd(at.jacobian(), compute_uv=False)


def table(result: dict[str, Any]) -> str:
    """The result for people."""
    shown = [result["quantiles"].index(q) for q in (0.05, 0.5, 0.95)]
    rows = [
        [name, str(row["step"])] + [" / ".join(f"{row[kind][i]:.3f}" for i in shown) for kind in ("logits", "features")]
        for name, spectra in result["spectra"].items()
        for row in spectra
    ]
    chosen = result["settings"]
    return "\n".join(
        [
            f"MNIST, {chosen['hidden']} hidden layers of {chosen['width']}, {chosen['epochs']} epochs",
            "singular values: 5 %, 50 % and 95 % quantile",
            "",
            format_table(["network", "step", "d logits / d image", "d features / d image"], rows),
            "",
            f"At {chosen['images']} validation images, {chosen['some']} for the features of the last hidden layer.",
        ]
    )
