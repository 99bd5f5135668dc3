"""Three cones in the plane: centres at -2, 0 and 2 against the unit circles around them, after Anil et al. (2019).

The optimal critic has three peaks, f(x) = -min_c |x - c|, and gradient norm 1 almost everywhere. MaxMin critics come
near it, narrow and deep ones nearer than wide and shallow ones: their level sets are polygons, and each layer can fold
the plane once more. ReLU critics of the same size stay below. `surface.png` draws both (extra `plot`).
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from refsort import figures
from refsort.data import THREE_CONES, cones
from refsort.experiments import critics
from refsort.experiments.critics import Shells
from refsort.nets import load_network

SUMMARY = "three points and the circles around them, a problem whose critic has three peaks; some minutes"
_GRID = (-3.5, 3.5, 141), (-1.75, 1.75, 71)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What is compared, and how critics are trained."""
    critics.add_shape(parser, ["ReLU", "MaxMin"], constraint="Stiefel", hidden=10, width=32)
    critics.add_training(parser, rate=1e-2, batch=64, steps=12000, points=2000)
    critics.add_restarts(parser, 6)


def run(args: argparse.Namespace, out: Path) -> dict[str, Any]:
    """Train a critic with each activation, draw them; the result as a JSON value."""
    result = critics.by_activation(Shells(np.array(THREE_CONES)), args, out)
    if figures.available():
        draw(out, {row["activation"]: row["file"] for row in result["critics"] if "diverged" not in row})
    return result


def draw(out: Path, files: dict[str, str]) -> None:
    """Surfaces of the saved critics beside the optimal one, each shifted so that its greatest value is 0."""
    x, y = (np.linspace(*axis) for axis in _GRID)
    points = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    surfaces = {"optimal": cones(points, THREE_CONES)}
    for name, file in files.items():
        network, params = load_network(out / file)
        surfaces[name] = network.value(params, points)[:, 0]
    shape = (len(y), len(x))
    figures.surfaces(out / "surface.png", x, y, {n: (z - z.max()).reshape(shape) for n, z in surfaces.items()})


def table(result: dict[str, Any]) -> str:
    """The result for people."""
    return critics.report(result, "W1 between three points and the unit circles around them is 1")
