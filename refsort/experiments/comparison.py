"""Several classifiers side by side: each trained by its recipe, measured, certified and attacked on the same images."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from refsort import figures
from refsort.certify import robustness
from refsort.certify.report import as_json
from refsort.data import Split, load_mnist
from refsort.experiments.classifier import Recipe, add_data, converged, trained
from refsort.experiments.result import environment, positive_int
from refsort.nets import CrossEntropy, Network, Parameters, save_network
from refsort.nets.activations import Activation
from refsort.nets.constraints import Constraint
from refsort.progress import Progress
from refsort.tables import format_table

RADII = (0.0, 0.5, 1.0, 1.58)
LOSS = {"temperature": 4.0, "margin": 1.9}  # those of the default of `mnist-l2`, chosen there for MaxMin


class Contender(NamedTuple):
    """A recipe, and how its network is made ready to be certified."""

    recipe: Recipe
    deploy: Callable[[Network, Parameters], tuple[Network, Parameters]] = converged


def add_data_and_shape(parser: argparse.ArgumentParser, width: int = 256) -> None:
    """The data, and the shape of all networks."""
    add_data(parser)
    parser.add_argument("--width", type=positive_int, default=width, help="hidden features (default: %(default)s)")
    parser.add_argument("--hidden", type=positive_int, default=3, help="hidden layers (default: %(default)s)")


def add_sizes(parser: argparse.ArgumentParser, width: int = 256, epochs: int = 12) -> None:
    """The data, the shape of all networks, and how long they are trained."""
    add_data_and_shape(parser, width)
    parser.add_argument("--batch", type=positive_int, default=512, help="batch size (default: %(default)s)")
    parser.add_argument(
        "--epochs", type=positive_int, default=epochs, help="passes over the data (default: %(default)s)"
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `compare` needs."""
    add_sizes(parser)
    parser.add_argument(
        "--attacked", type=positive_int, default=1000, help="test images to attack (default: %(default)s)"
    )


def recipe(
    args: argparse.Namespace,
    activation: Activation,
    constraint: Constraint,
    rate: float,
    objective: CrossEntropy | None = None,
) -> Recipe:
    """The recipe that contenders share but for what is compared."""
    network = Network.dense([784, *[args.width] * args.hidden, 10], activation, constraint)
    return Recipe(network, objective or CrossEntropy(**LOSS), rate, args.batch, args.epochs)


def compare(
    contenders: Mapping[str, Contender],
    data: Split,
    test: Split,
    args: argparse.Namespace,
    out: Path,
    radii: Sequence[float] = RADII,
) -> dict[str, dict[str, Any]]:
    """For each name what `robustness` says of the trained network in float64, and the singular values of its layers."""
    results: dict[str, dict[str, Any]] = {}
    with Progress("contenders", len(contenders)) as progress:
        for i, (name, contender) in enumerate(contenders.items()):
            progress.update(i, name)
            stem = file_stem(name)
            done = trained(contender.recipe, data, args.seed, out / f"checkpoint-{stem}.npz", args.resume)
            network, params = contender.deploy(contender.recipe.network, done.params)
            save_network(out / f"network-{stem}.npz", network, params)
            found = robustness(
                network,
                params,
                test.images.astype(np.float64),
                test.labels,
                radii,
                box=(0, 1),
                rng=np.random.default_rng(args.seed),
                attacked=args.attacked,
            )
            results[name] = {
                "training seconds": round(done.seconds, 1),
                "singular values": [_extremes(w) for w, _ in params],
                **as_json(found),
            }
    return results


def experiment(
    rivals: Mapping[str, tuple[Activation, Constraint, float]],
    deploy: Callable[[Network, Parameters], tuple[Network, Parameters]],
    args: argparse.Namespace,
    out: Path,
    title: str,
) -> dict[str, Any]:
    """`compare` for networks that differ in activation or constraint, with the learning rate of each, as a result."""
    mnist = load_mnist(args.data)
    contenders = {name: Contender(recipe(args, *rival), deploy) for name, rival in rivals.items()}
    results = compare(contenders, mnist.train, mnist.test, args, out)
    draw(out / "certified.png", results, title)
    names = ("seed", "width", "hidden", "batch", "epochs", "attacked")
    rates = {name: rate for name, (_, _, rate) in rivals.items()}
    return {
        "settings": {name: getattr(args, name) for name in names} | {**LOSS, "rates": rates},
        "networks": results,
        "environment": environment(),
    }


def file_stem(name: str) -> str:
    """A contender's name as part of a file's."""
    return "".join(c if c.isalnum() else "-" for c in name.lower()).strip("-")


def _extremes(w: Any) -> list[float]:
    singular = np.linalg.svd(w, compute_uv=False)
    return [float(singular[-1]), float(singular[0])]


def report(result: Mapping[str, Any], first: str, shared: str) -> str:
    """The result of an experiment for people: what all contenders share, a row for each, and what the columns mean."""
    chosen = result["settings"]
    sizes = "-".join(["784", *[str(chosen["width"])] * chosen["hidden"], "10"])
    attacked = next(iter(result["networks"].values()))["attacked"]
    return "\n".join(
        [
            f"MNIST, 2-norm, test images; {sizes}, {shared}, margin {chosen['margin']:g}, temperature "
            f"{chosen['temperature']:g}, {chosen['epochs']} epochs",
            "",
            rows_of(result["networks"], first),
            "",
            f"Certified with all rounding in float64; PGD on the first {attacked}; certificates refuted by any attack: "
            f"{broken(result['networks'])}.",
            "Lipschitz constant: of the logits, between the steepest chord found and the product of the layers' norms.",
        ]
    )


def rows_of(results: Mapping[str, Mapping[str, Any]], first: str) -> str:
    """A row for each contender."""
    radii = next(iter(results.values()))["radii"][1:]
    head = [
        first,
        "clean %",
        *(f"certified % at {r:g}" for r in radii),
        f"after PGD % at {radii[-1]:g}",
        "singular values of the layers",
        "Lipschitz constant",
        "s",
    ]
    rows = [
        [
            name,
            f"{100 * row['clean']:.2f}",
            *(f"{100 * share:.2f}" for share in row["certified"][1:]),
            f"{100 * row['pgd'][-1]:.1f}",
            ", ".join(_interval(low, high) for low, high in row["singular values"]),
            f"{row['lower']:.3g} to {row['constant']:.4g}",
            f"{row['training seconds']:.0f}",
        ]
        for name, row in results.items()
    ]
    return format_table(head, rows)


def _interval(low: float, high: float) -> str:
    return "1" if max(abs(low - 1), abs(high - 1)) < 1e-6 else f"{low:.2g}..{high:.3g}"


def draw(path: Path, results: Mapping[str, Mapping[str, Any]], title: str) -> bool:
    """Certified shares over the radii, where matplotlib is installed; whether it is."""
    if not figures.available():
        return False
    radii = next(iter(results.values()))["radii"]
    lines = {name: row["certified"] for name, row in results.items()}
    figures.curves(
        path, radii, lines, title=title, x_label="radius, 2-norm", y_label="certified share", y_limits=(0, 1)
    )
    return True


def broken(results: Mapping[str, Mapping[str, Any]]) -> int:
    """How many sound certificates an attack refuted, over all: 0, or something is wrong."""
    return sum(row["broken"] + row["rounding"]["sound"]["refuted"] for row in results.values())
