"""What the Wasserstein experiments share: problems with known distances, critics, and what a trained critic proves.

P is uniform on some centres, Q on the unit spheres around them, which do not overlap. Moving every point of Q to its
centre costs 1, and the cones ``f(x) = -min_c |x - c|`` gain as much: so W1(P, Q) = 1, for the distributions and for
every finite sample of Q that has as many points around each centre (`refsort.data.sample_cones`). Samples consist of
pairs of opposite points: their means vary less.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from refsort.certify import lipschitz_bound
from refsort.data import sample_shells
from refsort.experiments.classifier import as_it_is, converged
from refsort.experiments.result import environment, positive_float, positive_int
from refsort.nets import (
    Absolute,
    Adam,
    Bjorck,
    Cosine,
    Critic,
    FullSort,
    GroupSort,
    HingeCritic,
    MaxMin,
    Network,
    NonFiniteError,
    Parameters,
    Parseval,
    ReLU,
    Run,
    Sampler,
    Spectral,
    Stiefel,
    save_network,
    train,
)
from refsort.nets.activations import Activation
from refsort.nets.constraints import Constraint
from refsort.ops.arrays import Array
from refsort.progress import Progress
from refsort.tables import format_table
from refsort.transport import critic_lower_bound

Deploy = Callable[[Network, Parameters], tuple[Network, Parameters]]

ACTIVATIONS: dict[str, Activation] = {
    "ReLU": ReLU(),
    "|x|": Absolute(),
    "MaxMin": MaxMin(),
    "GroupSort(8)": GroupSort(8),
    "FullSort": FullSort(),
}
CONSTRAINTS: dict[str, tuple[Constraint, Deploy]] = {
    "Stiefel": (Stiefel(), converged),
    "Bjorck": (Bjorck(10), converged),
    "spectral": (Spectral(), as_it_is),
    "Parseval": (Parseval(), as_it_is),
}
_NEAR = 0.99  # a gradient norm above it counts as 1


class Problem(Protocol):
    """Two distributions."""

    @property
    def dimension(self) -> int:
        """Of the space."""

    def sample(self, rng: np.random.Generator, n: int, dtype: Any = np.float64) -> tuple[Array, Array]:
        """Points of P and of Q to train on, as many as n says."""

    def judged(self, rng: np.random.Generator, n: int) -> tuple[Array, Array]:
        """Points to judge a critic on."""


class Samples(NamedTuple):
    """Two finite samples, each point with equal weight: critics are judged on all of both."""

    p: Array
    q: Array

    @property
    def dimension(self) -> int:
        """Of the space."""
        return int(self.p.shape[1])

    def sample(self, rng: np.random.Generator, n: int, dtype: Any = np.float64) -> tuple[Array, Array]:
        """n points of each, with replacement."""
        p, q = (s[rng.integers(len(s), size=n)] for s in (self.p, self.q))
        return p.astype(dtype, copy=False), q.astype(dtype, copy=False)

    def judged(self, rng: np.random.Generator | None = None, n: int = 0) -> tuple[Array, Array]:
        """Both, whole."""
        return self.p.astype(np.float64), self.q.astype(np.float64)


class Shells(NamedTuple):
    """The problem: P uniform on the centres, Q on the unit spheres around them; its distance is 1.

    Attributes
    ----------
    centers : ndarray, (m, d)
        At least 2 apart.
    """

    centers: Array

    @property
    def dimension(self) -> int:
        """Of the space."""
        return int(self.centers.shape[1])

    def judged(self, rng: np.random.Generator, n: int) -> tuple[Array, Array]:
        """A fresh sample."""
        return self.sample(rng, n)

    def sample(self, rng: np.random.Generator, n: int, dtype: Any = np.float64) -> tuple[Array, Array]:
        """All of P, (m, d), and of Q n pairs of opposite points around each centre, (2 m n, d)."""
        u = sample_shells(rng, n * len(self.centers), np.zeros((1, self.centers.shape[1])), 1.0, dtype)
        p = self.centers.astype(dtype)
        around = np.repeat(p, n, axis=0)
        return p, np.concatenate([around + u, around - u])


class Judged(NamedTuple):
    """What a folded critic f achieves on the points that its problem gives to judge on: fresh ones, or a finite sample.

    Attributes
    ----------
    value : float
        mean_P f - mean_Q f.
    bound : float
        An upper bound of the Lipschitz constant of f, computed from its weights, rounding included.
    lower : float
        What the critic proves of the distance of these very points (`refsort.transport.critic_lower_bound`): a little
        less than |value| / bound, for the rounding of f is taken off.
    steep : float
        The share of points between P and Q where the gradient norm of f is above 0.99 of the bound.
    """

    value: float
    bound: float
    lower: float
    steep: float


def judge(network: Network, params: Parameters, p: Array, q: Array, rng: np.random.Generator) -> Judged:
    """`Judged`, in float64; the points between are on segments from points of P to points of Q, uniformly."""
    bound = lipschitz_bound(network, params).constant
    value = float(np.mean(network.value(params, p)) - np.mean(network.value(params, q)))
    ends = p[rng.integers(len(p), size=len(q))]
    between = ends + rng.random((len(q), 1)) * (q - ends)
    _, at = network.forward(params, between)
    steep = np.linalg.norm(at.backward_input(np.ones((len(q), 1))), axis=1) > _NEAR * bound
    return Judged(value, bound, critic_lower_bound(network, params, p, q).lower, float(np.mean(steep)))


def add_shape(
    parser: argparse.ArgumentParser, activations: Sequence[str], *, constraint: str, hidden: int, width: int
) -> None:
    """Which activations to compare, in networks of which shape and constraint."""
    parser.add_argument(
        "--activations", nargs="+", choices=ACTIVATIONS, default=list(activations), help="(default: %(default)s)"
    )
    parser.add_argument("--constraint", choices=CONSTRAINTS, default=constraint, help="(default: %(default)s)")
    parser.add_argument("--hidden", type=positive_int, default=hidden, help="hidden layers (default: %(default)s)")
    parser.add_argument("--width", type=positive_int, default=width, help="hidden features (default: %(default)s)")


def add_restarts(parser: argparse.ArgumentParser, restarts: int = 1) -> None:
    """How many critics of each kind to train."""
    parser.add_argument(
        "--restarts", type=positive_int, default=restarts, help="critics to choose the best of (default: %(default)s)"
    )


def add_training(
    parser: argparse.ArgumentParser, *, rate: float, batch: int, steps: int, points: int | None = None
) -> None:
    """How critics are trained, and on how much they are judged where that is a choice."""
    parser.add_argument(
        "--rate", type=positive_float, default=rate, help="learning rate at the start (default: %(default)s)"
    )
    parser.add_argument(
        "--batch",
        type=positive_int,
        default=batch,
        help="points of each side in a batch; pairs around each centre (default: %(default)s)",
    )
    parser.add_argument("--steps", type=positive_int, default=steps, help="updates (default: %(default)s)")
    parser.add_argument(
        "--alpha",
        type=positive_float,
        help="weight of a hinge beside the estimate: margin 1, P above Q (default: none)",
    )
    if points is not None:
        parser.add_argument(
            "--points",
            type=positive_int,
            default=points,
            help="pairs around each centre to judge a critic on (default: %(default)s)",
        )


def file_stem(activation: str) -> str:
    """An activation's name as part of a file's."""
    return {"|x|": "abs"}.get(activation, activation.replace("(", "").replace(")", ""))


def trained_critic(
    problem: Problem,
    activation: str,
    constraint: str,
    hidden: Sequence[int],
    args: argparse.Namespace,
    out: Path,
    stem: str,
    dtype: Any = np.float64,
) -> dict[str, Any]:
    """Train a critic with these hidden sizes, judge it, save it folded: a row of a result.

    A training that meets a number that is not finite is a row as well, with what happened and no figures.
    """
    weight_map, deploy = CONSTRAINTS[constraint]
    network = Network.dense([problem.dimension, *hidden, 1], ACTIVATIONS[activation], weight_map)
    rng = np.random.default_rng(args.seed)
    run = Run(
        network,
        network.init(rng, dtype=dtype),
        Critic() if args.alpha is None else HingeCritic(1.0, args.alpha),
        Adam(eps=1e-12),
        Cosine(args.rate, args.steps),
        Sampler(lambda rng: problem.sample(rng, args.batch, dtype)),
        rng,
    )
    row: dict[str, Any] = {
        "dimension": problem.dimension,
        "activation": activation,
        "constraint": constraint,
        "hidden": list(hidden),
    }
    checkpoint = out / f"checkpoint-{stem}.npz"
    if args.resume and checkpoint.exists():
        run.restore(checkpoint)
    start = time.perf_counter()
    try:
        train(run, args.steps, checkpoint=checkpoint, every=200)
    except NonFiniteError as error:
        return {**row, "diverged": str(error)}
    seconds = time.perf_counter() - start
    folded, params = deploy(network, run.params)
    save_network(out / f"critic-{stem}.npz", folded, params)
    judged = judge(folded, params, *problem.judged(rng, getattr(args, "points", 0)), rng)
    return {**row, **judged._asdict(), "training seconds": round(seconds, 1)}


def by_activation(problem: Problem, args: argparse.Namespace, out: Path) -> dict[str, Any]:
    """The best of some critics with each activation of `add_shape`, as a result; all folded critics are saved in `out`.

    Whatever a critic proves is true, so the greatest of their lower bounds is one; the others stand beside it.
    """
    rows = []
    with Progress("critics", len(args.activations) * args.restarts) as progress:
        for i, name in enumerate(args.activations):
            found = []
            for k in range(args.restarts):
                progress.update(i * args.restarts + k, name)
                of_seed = argparse.Namespace(**{**vars(args), "seed": args.seed + k})
                sizes, stem = [args.width] * args.hidden, f"{file_stem(name)}-{k}"
                row = trained_critic(problem, name, args.constraint, sizes, of_seed, out, stem)
                found.append({**row, "file": f"critic-{stem}.npz"})
            lower = [row.get("lower", -np.inf) for row in found]
            best = found[int(np.argmax(lower))]
            rows.append(best | {"of all restarts": [row.get("lower") for row in found]})
    names = ("seed", "restarts", "constraint", "hidden", "width", "rate", "batch", "steps", "alpha", "points")
    return {
        "settings": {name: getattr(args, name) for name in names},
        "true distance": 1.0,
        "critics": rows,
        "environment": environment(),
    }


def report(result: Mapping[str, Any], problem: str) -> str:
    """The rows of `trained_critic` for people."""
    rows = []
    for row in result["critics"]:
        first = [str(row["dimension"]), row["activation"], row["constraint"], "x".join(map(str, row["hidden"]))]
        if "diverged" in row:
            rows.append([*first, "diverged", "", "", ""])
            continue
        bound, spread = f"{row['bound'] - 1:+.0e}", [lower for lower in row.get("of all restarts", []) if lower]
        share = f"{row['lower']:.5f}" + (f" ({min(spread):.3f} to {max(spread):.3f})" if len(spread) > 1 else "")
        rows.append([*first, share, bound, f"{row['steep']:.3f}", f"{row['training seconds']:.1f}"])
    head = ["d", "activation", "constraint", "hidden", "share of W1", "bound - 1", "steep", "s"]
    return "\n".join(
        [
            f"{problem}; {result['settings']['steps']} steps of training",
            "",
            format_table(head, rows),
            "",
            "share of W1: what the critic proves on fresh points, rounding included; brackets: of all restarts;",
            f"steep: share of points between P and Q where the gradient norm is above {_NEAR} of the Lipschitz bound.",
        ]
    )
