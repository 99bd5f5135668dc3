"""The Wasserstein distance between a point and two points around it, by MaxMin and by ReLU critics.

P is the point 0 on the line, Q is -1 or 1 with equal chance: W1(P, Q) = 1, attained by the potential -abs(x) alone. A
critic of norm-constrained layers gives the lower bound E_P f - E_Q f. MaxMin represents abs(x); a ReLU network whose
layers have spectral norm at most 1 cannot, and its best value depends on the number of hidden layers: 1/2 for one, and
the best that is known for two, three and four is 1/sqrt(3), 2/3 and 0.7039.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np

from refsort.certify import lipschitz_bound
from refsort.data import ABSOLUTE_VALUE, sample_cones
from refsort.experiments.result import environment, positive_float, positive_int
from refsort.nets import (
    Adam,
    Bjorck,
    Cosine,
    Critic,
    MaxMin,
    Network,
    ReLU,
    Run,
    Sampler,
    gaussian,
    save_network,
    train,
)
from refsort.tables import format_table

SUMMARY = "the 1-D Wasserstein problem with distance 1: MaxMin critics against ReLU critics"
BEST_KNOWN_RELU = {1: 0.5, 2: 3**-0.5, 3: 2 / 3, 4: 0.7039}  # by hidden layers; exact for 1, lower bounds for 2 to 4
TRUE_DISTANCE = 1.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The settings, with the defaults that the reported figures were made with."""
    parser.add_argument("--hidden", type=positive_int, default=2, help="hidden layers (default: %(default)s)")
    parser.add_argument("--width", type=positive_int, default=128, help="hidden features (default: %(default)s)")
    parser.add_argument(
        "--rate", type=positive_float, default=1e-2, help="learning rate at the start (default: %(default)s)"
    )
    parser.add_argument("--iterations", type=positive_int, default=20, help="Bjorck steps (default: %(default)s)")
    parser.add_argument(
        "--batch", type=positive_int, default=32, help="samples of each distribution (default: %(default)s)"
    )
    parser.add_argument("--steps", type=positive_int, default=800, help="updates (default: %(default)s)")


def run(args: argparse.Namespace, out: Path) -> dict[str, Any]:
    """Train one critic with each activation; the result as a JSON value. The folded critics are saved in `out`."""
    result: dict[str, Any] = {
        "settings": {name: getattr(args, name) for name in _SETTINGS},
        "true distance": TRUE_DISTANCE,
        "best known for ReLU": BEST_KNOWN_RELU.get(args.hidden),
        "critics": {},
    }
    for name, activation in (("MaxMin", MaxMin()), ("ReLU", ReLU())):
        network = Network.dense([1, *[args.width] * args.hidden, 1], activation, Bjorck(args.iterations))
        rng = np.random.default_rng(args.seed)
        training = Run(
            network,
            network.init(rng, gaussian),
            Critic(),
            Adam(),
            Cosine(args.rate, args.steps),
            Sampler(lambda rng: sample_cones(rng, args.batch, ABSOLUTE_VALUE, delta=0.0)),
            rng,
        )
        checkpoint = out / f"checkpoint-{name}.npz"
        if args.resume and checkpoint.exists():
            training.restore(checkpoint)
        start = time.perf_counter()
        train(training, args.steps, checkpoint=checkpoint, every=200)
        seconds = time.perf_counter() - start
        # more steps than in training bring the weights to orthonormal, so that the bound below is 1 up to rounding
        folded, params = network.constrained(Bjorck(60)).fold(training.params)
        save_network(out / f"critic-{name}.npz", folded, params)
        f = folded.value(params, np.array([[0.0], [-1.0], [1.0]]))[:, 0]
        value = float(f[0] - (f[1] + f[2]) / 2)  # E_P f - E_Q f over the whole of P and Q, not over a sample
        bound = lipschitz_bound(folded, params).constant
        result["critics"][name] = {
            "value": value,
            "lipschitz bound": bound,
            "value over bound": value / bound,
            "training seconds": round(seconds, 1),
        }
    return result | {"environment": environment()}


_SETTINGS = ("seed", "hidden", "width", "rate", "iterations", "batch", "steps")


def table(result: dict[str, Any]) -> str:
    """The result for people."""
    best = result["best known for ReLU"]
    rows = [
        [
            name,
            f"{critic['value over bound']:.5f}",
            f"{1:.5f}" if name == "MaxMin" else "?" if best is None else f"{best:.5f}",
            f"{critic['lipschitz bound'] - 1:+.1e}",
            f"{critic['training seconds']:.1f} s",
        ]
        for name, critic in result["critics"].items()
    ]
    hidden, width = result["settings"]["hidden"], result["settings"]["width"]
    return "\n".join(
        [
            f"W1 between 0 and {{-1, 1}} is 1; {hidden} hidden layers of {width}, spectral norms at most 1",
            "",
            format_table(["activation", "share of W1", "best known", "Lipschitz bound - 1", "training"], rows),
            "",
            "share of W1: E_P f - E_Q f over the computed Lipschitz bound, a lower bound of the distance up to the",
            "rounding of f; best known: for MaxMin the distance itself, which it can represent.",
        ]
    )
