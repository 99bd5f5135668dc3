"""Input gradients of a constrained and of an unconstrained network side by side, after Anil et al. (2019).

The gradient of the margin (true logit less the greatest other) in the image says where ink would help. That of a
network trained without constraints looks like noise; that of a norm-constrained one with a margin shows strokes. Two
numbers say so without eyes, for test images that both networks get right:

- roughness: the squared differences of neighbouring pixels of the gradient over its squares, less than 8; independent
  pixels have 3.9 on average (1,512 pairs of neighbours, each with twice the variance, over 784 pixels), a smooth
  picture little.
- ink: the share of the gradient's squares on ink or next to it (dilated by a pixel), over the share of pixels there.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from refsort import figures
from refsort.data import Split, load_mnist
from refsort.experiments import comparison
from refsort.experiments.classifier import as_it_is, clean_accuracy, converged, trained
from refsort.experiments.result import environment, positive_int
from refsort.nets import CrossEntropy, Free, MaxMin, Network, Parameters, ReLU, Stiefel
from refsort.ops.arrays import Array
from refsort.tables import format_table

SUMMARY = "input gradients of constrained and unconstrained networks side by side"
SIDE = 28


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The sizes that the networks share."""
    comparison.add_sizes(parser, width=256, epochs=8)
    parser.add_argument("--images", type=positive_int, default=1000, help="test images (default: %(default)s)")


def run(args: argparse.Namespace, out: Path) -> dict[str, Any]:
    """Train the networks, draw and measure their gradients; the result as a JSON value."""
    mnist = load_mnist(args.data)
    contenders = {
        "MaxMin, orthonormal": (comparison.recipe(args, MaxMin(), Stiefel(), 1.6e-2), converged),
        "MaxMin, unconstrained": (comparison.recipe(args, MaxMin(), Free(), 1e-3, CrossEntropy()), as_it_is),
        "ReLU, unconstrained": (comparison.recipe(args, ReLU(), Free(), 1e-3, CrossEntropy()), as_it_is),
    }
    some = Split(mnist.test.images[: args.images].astype(np.float64), mnist.test.labels[: args.images])
    results: dict[str, dict[str, Any]] = {}
    gradients: dict[str, Array] = {}
    right = np.ones(len(some.labels), bool)
    for name, (recipe, deploy) in contenders.items():
        checkpoint = out / f"checkpoint-{comparison.file_stem(name)}.npz"
        done = trained(recipe, mnist.train, args.seed, checkpoint, args.resume)
        network, params = deploy(recipe.network, done.params)
        margin, gradients[name] = margin_gradient(network, params, some)
        right &= margin > 0
        results[name] = {"clean": clean_accuracy(network, params, mnist.test)}
    if not np.any(right):
        raise ValueError("no image is classified rightly by all networks: train longer (--epochs)")
    for name, gradient in gradients.items():
        norms = np.linalg.norm(gradient[right], axis=1)
        results[name] |= {
            "roughness": float(np.mean(roughness(gradient[right]))),
            "ink": float(np.mean(ink(gradient[right], some.images[right]))),
            "norm": [float(q) for q in np.quantile(norms, (0.05, 0.5, 0.95))],
        }
    digits = [int(np.flatnonzero(right & (some.labels == d))[0]) for d in range(10) if np.any(some.labels[right] == d)]
    if figures.available():
        pictures = {"image": some.images[digits], **{name: g[digits] for name, g in gradients.items()}}
        figures.pictures(out / "saliency.png", pictures, symmetric=dict.fromkeys(gradients, True))
    names = ("seed", "width", "hidden", "batch", "epochs", "images")
    return {
        "settings": {name: getattr(args, name) for name in names},
        "images that all get right": int(np.count_nonzero(right)),
        "networks": results,
        "environment": environment(),
    }


def margin_gradient(network: Network, params: Parameters, split: Split) -> tuple[Array, Array]:
    """The margin at each image, (n,), and its gradient in the image, (n, d)."""
    logits, at = network.forward(params, split.images)
    rows, unit = np.arange(len(logits)), np.eye(logits.shape[1])
    rival = np.argmax(np.where(unit[split.labels] == 1, -np.inf, logits), axis=1)
    margin = logits[rows, split.labels] - logits[rows, rival]
    return margin, at.backward_input(unit[split.labels] - unit[rival])


def roughness(pictures: Array) -> Array:
    """Squared differences of neighbours over squares, for each picture; 0 for one that is 0 everywhere."""
    p = pictures.reshape(-1, SIDE, SIDE)
    differences = np.sum(np.diff(p, axis=1) ** 2, axis=(1, 2)) + np.sum(np.diff(p, axis=2) ** 2, axis=(1, 2))
    squares = np.sum(p**2, axis=(1, 2))
    quotient: Array = np.divide(differences, squares, out=np.zeros_like(squares), where=squares > 0)
    return quotient


def ink(pictures: Array, images: Array) -> Array:
    """The share of a picture's squares on or next to ink, over that of a picture which is constant."""
    near = np.pad(images.reshape(-1, SIDE, SIDE) > 0, ((0, 0), (1, 1), (1, 1)))
    shifts = [(i, j) for i in range(3) for j in range(3)]
    there = np.logical_or.reduce([near[:, i : i + SIDE, j : j + SIDE] for i, j in shifts]).reshape(len(images), -1)
    squares = pictures**2
    total = np.sum(squares, axis=1)
    share = np.divide(np.sum(squares * there, axis=1), total, out=np.zeros_like(total), where=total > 0)
    expected = np.mean(there, axis=1)
    quotient: Array = np.divide(share, expected, out=np.zeros_like(share), where=expected > 0)
    return quotient


def table(result: dict[str, Any]) -> str:
    """The result for people."""
    rows = [
        [
            name,
            f"{100 * row['clean']:.2f}",
            f"{row['roughness']:.2f}",
            f"{row['ink']:.2f}",
            " / ".join(f"{q:.3g}" for q in row["norm"]),
        ]
        for name, row in result["networks"].items()
    ]
    return "\n".join(
        [
            f"gradients of the margin at {result['images that all get right']} test images that all networks get right",
            "",
            format_table(["network", "clean %", "roughness", "ink", "gradient norm, 5 / 50 / 95 %"], rows),
            "",
            "roughness: squared differences of neighbouring pixels over squares; independent pixels have 3.9.",
            "ink: the gradient's share on ink or next to it, over that of a constant picture.",
        ]
    )
