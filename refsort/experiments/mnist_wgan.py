"""A Wasserstein GAN on MNIST whose critic is norm-constrained, after Anil et al. (2019), with derivatives by hand.

The critic maximises mean f(digits) - mean f(pictures) over 1-Lipschitz MaxMin networks, and the generator, a free ReLU
network of Gaussian noise, moves its pictures up the critic's gradient, which has norm 1 nearly everywhere.

Then fresh critics of several kinds are trained on a finite sample of held-out digits and of generated pictures, and the
exact distance of the same finite samples stands beside what each proves. Most of that distance is the bias of finite
samples: two samples of real digits are nearly as far apart, and that baseline is printed too.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from refsort import figures
from refsort.data import Mnist, load_mnist
from refsort.experiments import critics
from refsort.experiments.classifier import add_data
from refsort.experiments.critics import ACTIVATIONS, CONSTRAINTS, Samples
from refsort.experiments.result import environment, positive_float, positive_int
from refsort.nets import (
    Adam,
    Constant,
    Critic,
    Free,
    Gradients,
    Layer,
    Network,
    Parameters,
    ReLU,
    Run,
    Sampler,
    gaussian,
    save_network,
)
from refsort.nets.objectives import Batch
from refsort.ops.arrays import Array
from refsort.progress import Progress
from refsort.tables import format_table
from refsort.transport import wasserstein1

SUMMARY = "a generator of digits trained against a norm-constrained critic, and how far its pictures are from digits"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The generator's training, and the critics that judge it."""
    add_data(parser)
    parser.add_argument(
        "--latent", type=positive_int, default=32, help="dimensions of the noise (default: %(default)s)"
    )
    parser.add_argument(
        "--generator-steps", type=positive_int, default=3000, help="updates of the generator (default: %(default)s)"
    )
    parser.add_argument(
        "--critic-steps", type=positive_int, default=3, help="updates of its critic for each (default: %(default)s)"
    )
    parser.add_argument(
        "--generator-rate", type=positive_float, default=1e-3, help="its learning rate (default: %(default)s)"
    )
    parser.add_argument(
        "--samples", type=positive_int, default=2000, help="digits and pictures to judge (default: %(default)s)"
    )
    critics.add_shape(parser, ["ReLU", "MaxMin", "GroupSort(8)"], constraint="Stiefel", hidden=2, width=256)
    critics.add_training(parser, rate=4e-3, batch=128, steps=600)


@dataclass
class Adversary:
    """The generator's objective against a critic f: minus its mean on the pictures G(z).

    The loss is -mean f(G(z)), its gradient in the generator's parameters J_G^T J_f^T (-1/n). The critic's parameters
    are set before each step; they are no part of what describes the run.
    """

    critic: Network

    def __post_init__(self) -> None:
        self.params: Parameters = []

    def gradient(self, network: Network, params: Parameters, batch: Batch) -> tuple[Any, Gradients]:
        """The loss and its gradient."""
        pictures, of_noise = network.forward(params, batch[0])
        values, of_pictures = self.critic.forward(self.params, pictures)
        values_bar = np.full_like(values, -1 / len(values))
        return -np.mean(values), of_noise.backward(of_pictures.backward_input(values_bar))[1]


class Game:
    """Generator and critic, each a `Run` that looks at the other; one random generator serves both."""

    def __init__(self, args: argparse.Namespace, digits: Array) -> None:
        rng = np.random.default_rng(args.seed)
        self.latent, self.batch, self.digits = args.latent, args.batch, digits
        sizes = [digits.shape[1], *[args.width] * args.hidden, 1]
        critic = Network.dense(sizes, ACTIVATIONS["MaxMin"], CONSTRAINTS[args.constraint][0])
        self.critic = Run(
            critic,
            critic.init(rng, dtype=np.float32),
            Critic(),
            Adam(beta1=0.5, eps=1e-12),
            Constant(args.rate),
            Sampler(self.digits_and_pictures),
            rng,
        )
        layers = [(args.latent, 256), (256, 512), (512, digits.shape[1])]
        generator = Network(tuple(Layer(before, after, ReLU(), Free()) for before, after in layers))
        self.adversary = Adversary(critic)
        self.generator = Run(
            generator,
            generator.init(rng, gaussian, np.float32),
            self.adversary,
            Adam(beta1=0.5, eps=1e-12),
            Constant(args.generator_rate),
            Sampler(lambda rng: (self.noise(rng, args.batch),)),
            rng,
        )

    def noise(self, rng: np.random.Generator, n: int) -> Array:
        """What pictures are made of."""
        return rng.standard_normal((n, self.latent), np.float32)

    def pictures(self, rng: np.random.Generator, n: int) -> Array:
        """n pictures, (n, 784)."""
        return self.generator.network.value(self.generator.params, self.noise(rng, n))

    def digits_and_pictures(self, rng: np.random.Generator) -> Batch:
        """What the critic tells apart."""
        return self.digits[rng.integers(len(self.digits), size=self.batch)], self.pictures(rng, self.batch)

    def round(self, critic_steps: int) -> float:
        """Some updates of the critic and one of the generator; the mean of the critic's estimates."""
        estimate = -float(np.mean([self.critic.update() for _ in range(critic_steps)]))
        self.adversary.params = self.critic.params
        self.generator.update()
        return estimate

    def save(self, out: Path) -> None:
        """Both runs."""
        self.critic.save(out / "checkpoint-critic.npz")
        self.generator.save(out / "checkpoint-generator.npz")

    def restore(self, out: Path) -> None:
        """Go on where both were saved."""
        self.critic.restore(out / "checkpoint-critic.npz")
        self.generator.restore(out / "checkpoint-generator.npz")


def run(args: argparse.Namespace, out: Path) -> dict[str, Any]:
    """Train the generator, draw pictures, judge them; the result as a JSON value."""
    mnist = load_mnist(args.data)
    if args.samples > min(len(mnist.validation.labels), len(mnist.test.labels)):
        raise ValueError(f"--samples {args.samples}: there are only {len(mnist.validation.labels)} validation images")
    game = Game(args, mnist.train.images)
    if args.resume and (out / "checkpoint-generator.npz").exists():
        game.restore(out)
    start = time.perf_counter()
    estimates = play(game, args, out)
    seconds = time.perf_counter() - start
    rng = np.random.default_rng([args.seed, 1])
    pictures = game.pictures(rng, args.samples)
    save_network(out / "generator.npz", game.generator.network, game.generator.params)
    if figures.available():
        grid = {"": pictures[:12], " ": pictures[12:24], "  ": pictures[24:36], "digits": mnist.test.images[:12]}
        figures.pictures(out / "pictures.png", grid)
    return judged(mnist, pictures, args, out) | {
        "generator seconds": round(seconds, 1),
        "critic's estimate while training": estimates,
        "environment": environment(),
    }


def play(game: Game, args: argparse.Namespace, out: Path) -> list[list[float]]:
    """Bring the generator to its number of steps; what the critic's estimate was on the way: [step, estimate]."""
    estimates = []
    with Progress("generator", args.generator_steps) as progress:
        while game.generator.step < args.generator_steps:
            estimate = game.round(args.critic_steps)
            step = game.generator.step
            progress.update(step, f"W1 of batches near {estimate:.3f}")
            if step % max(1, args.generator_steps // 20) == 0:
                estimates.append([float(step), estimate])
            if step % 500 == 0 or step == args.generator_steps:
                game.save(out)
    return estimates


def judged(mnist: Mnist, pictures: Array, args: argparse.Namespace, out: Path) -> dict[str, Any]:
    """Exact distances of finite samples, and what fresh critics prove of the one between digits and pictures."""
    n = args.samples
    problem = Samples(mnist.test.images[:n], pictures)
    exact = {
        "digits and pictures": wasserstein1(*problem.judged()),
        "digits and digits": wasserstein1(*Samples(mnist.test.images[:n], mnist.validation.images[:n]).judged()),
    }
    names = ("seed", "latent", "generator_steps", "critic_steps", "generator_rate", "samples")
    shape = ("constraint", "hidden", "width", "rate", "batch", "steps", "alpha")
    return {
        "settings": {name: getattr(args, name) for name in names + shape},
        "exact": {name: {"lower": found.lower, "upper": found.upper} for name, found in exact.items()},
        "critics": [
            critics.trained_critic(
                problem,
                name,
                args.constraint,
                [args.width] * args.hidden,
                args,
                out,
                critics.file_stem(name),
                np.float32,
            )
            for name in args.activations
        ],
    }


def table(result: dict[str, Any]) -> str:
    """The result for people."""
    distance = result["exact"]["digits and pictures"]
    rows = [["exact", f"{distance['upper']:.4f}", "1", ""]]
    for row in result["critics"]:
        if "diverged" in row:
            rows.append([row["activation"], "diverged", "", ""])
        else:
            share = row["lower"] / distance["upper"]
            rows.append([f"{row['activation']} proves", f"{row['lower']:.4f}", f"{share:.4f}", f"{row['steep']:.3f}"])
    baseline = result["exact"]["digits and digits"]["upper"]
    return "\n".join(
        [
            f"W1 between {result['settings']['samples']} test images and as many generated pictures; generator: "
            f"{result['settings']['generator_steps']} steps, {result['generator seconds']:.0f} s",
            "",
            format_table(["", "W1", "share", "steep"], rows),
            "",
            f"The same number of test and of validation images: {baseline:.4f}. So much is the bias of finite samples.",
            "Critics are trained on these very samples; what they prove includes all rounding.",
        ]
    )
