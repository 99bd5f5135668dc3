"""Certificates that leave rounding and norms out, attacked beside sound ones, after Anil et al. (2019)'s certificates.

What is published takes the logits as exact and the Lipschitz constant as 1: ``margin / sqrt 2``. Five families of small
networks are built so that this is wrong, each by another thing that is left out (`refsort.certify.weak_spots`); a
network from a file is attacked at the data and next to its decision boundary, in several formats. The attack looks for
floats below the certified radius whose computed class is another one, and every find is verified in exact arithmetic
(`refsort.certify.rounding_attack`). That it finds nothing proves nothing; that a sound radius has no counterexample is
proved in `refsort.certify.radii`.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from refsort.certify import WeakSpot, boundary_inputs, refuted_certificates, sound_radius, weak_spots
from refsort.data import load_mnist
from refsort.experiments.result import environment, positive_int
from refsort.nets import load_weights
from refsort.progress import Progress
from refsort.tables import format_table

SUMMARY = "attack certificates that leave rounding out, and sound ones beside them; a minute"
_FORMATS = ("float32", "float64")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The settings, with the defaults that the reported figures were made with."""
    parser.add_argument(
        "--inputs", type=positive_int, default=2000, help="of each of the five built networks (default: %(default)s)"
    )
    parser.add_argument("--network", metavar="FILE", help="attack this MNIST network too (of `refsort reproduce`)")
    parser.add_argument("--data", help="directory of the four MNIST files (default: $REFSORT_DATA)")
    parser.add_argument(
        "--images", type=positive_int, default=1000, help="test images for that network (default: %(default)s)"
    )


def run(args: argparse.Namespace, out: Path) -> dict[str, Any]:
    """Certify and attack all of them; the result as a JSON value."""
    rng = np.random.default_rng(args.seed)
    start = time.perf_counter()
    spots = [*weak_spots(rng, args.inputs), *(_of_network(args) if args.network else ())]
    rows = []
    with Progress("attacking", len(spots)) as progress:
        for i, spot in enumerate(spots):
            progress.update(i, spot.name)
            rows.append(_attacked(spot, rng))
    return {
        "settings": {
            "seed": args.seed,
            "inputs": args.inputs,
            "network": args.network and Path(args.network).name,
            "images": args.images if args.network else 0,
        },
        "networks": rows,
        "inputs": sum(row["inputs"] for row in rows),
        "naive refuted": sum(row["naive"]["refuted"] for row in rows),
        "sound refuted": sum(row["sound"]["refuted"] for row in rows),
        "seconds": round(time.perf_counter() - start, 1),
        "environment": environment(),
    }


def _of_network(args: argparse.Namespace) -> Iterator[WeakSpot]:
    """The network of a file in each format: at test images that it gets right, and next to its decision boundary."""
    network, stored = load_weights(args.network)
    test = load_mnist(args.data).test
    for dtype in _FORMATS:
        params, x = network.cast(stored, dtype), test.images[: args.images].astype(dtype)
        labels = np.argmax(network.value(params, x), axis=1)
        yield WeakSpot(f"test images, {dtype}", network, params, x, labels)
        yield boundary_inputs(network, params, x)._replace(name=f"boundary between test images, {dtype}")


def _attacked(spot: WeakSpot, rng: np.random.Generator) -> dict[str, Any]:
    found = sound_radius(spot.network, spot.params, spot.x, spot.labels)
    radii = {"naive": found.naive, "sound": found.radius}
    refuted = refuted_certificates(spot.network, spot.params, spot.x, spot.labels, radii, rng=rng)
    counts = {name: {"certified": one.certified, "refuted": one.refuted} for name, one in refuted.items()}
    return {"name": spot.name, "dtype": spot.x.dtype.name, "inputs": len(spot.x), **counts}


def table(result: dict[str, Any]) -> str:
    """The result for people."""
    rows = [
        [row["name"], row["dtype"], str(row["inputs"])]
        + [str(row[kind][what]) for kind in ("naive", "sound") for what in ("certified", "refuted")]
        for row in result["networks"]
    ]
    head = ["network", "dtype", "inputs", "naive certificates", "refuted", "sound certificates", "refuted"]
    return "\n".join(
        [
            f"{result['inputs']} inputs: {result['naive refuted']} naive certificates refuted, "
            f"{result['sound refuted']} sound ones; {result['seconds']:.0f} s",
            "",
            format_table(head, rows),
            "",
            "naive: margin / sqrt 2, in the dtype of the logits, as published. A refutation is a verified input of",
            "floats below the radius, in exact arithmetic, that the network as it runs puts into another class.",
        ]
    )
