"""Whole steps of training: the paper's MNIST network, and a critic of the cone in 128 dimensions.

A step draws a batch (always the same one), takes the loss and its gradient through every weight map, lets Adam update
all parameters and brings weights back to where their constraint needs them. The PyTorch side does the same but for
the last part, which finds nothing to do here, and without refsort's checks for numbers that are not finite.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from refsort.bench.case import STEP, Case, Inputs, Side
from refsort.bench.floors import Floor, Product, products
from refsort.bench.orthonormalisation import step_products
from refsort.bench.tolerances import chosen
from refsort.nets import (
    Adam,
    Bjorck,
    Constant,
    Critic,
    CrossEntropy,
    FullSort,
    MaxMin,
    Network,
    Parameters,
    Run,
    Sampler,
)
from refsort.nets.activations import Activation
from refsort.nets.objectives import Objective
from refsort.ops.arrays import Array

RATE = 1e-4


def cases(
    classifier: Sequence[int] = (784, 1024, 1024, 1024, 10),
    critic: Sequence[int] = (128, 128, 128, 128, 1),
    batch: int = 128,
    batch_of_critic: int = 32,
) -> list[Case]:
    """The cases; the critic's batch is that many points of P and twice as many of Q."""
    return [
        _case("mnist_step", classifier, MaxMin(), CrossEntropy(), 3, batch),
        _case("cone_step", critic, FullSort(), Critic(), 20, batch_of_critic),
    ]


def _case(
    name: str, sizes: Sequence[int], activation: Activation, objective: Objective, iterations: int, batch: int
) -> Case:
    network = Network.dense(list(sizes), activation, Bjorck(iterations))
    samples = batch if isinstance(objective, CrossEntropy) else 3 * batch

    def inputs(rng: np.random.Generator, dtype: str) -> Inputs:
        params = [(w, 0.1 * rng.standard_normal(b.shape).astype(dtype)) for w, b in network.init(rng, dtype=dtype)]
        given = _images if isinstance(objective, CrossEntropy) else _cone
        return {**given(rng, dtype, batch, sizes), **named(params)}

    return Case(
        name=f"{name}-{'-'.join(map(str, sizes))}",
        family="training",
        operation=name,
        inputs=inputs,
        ours=lambda inputs, which: _side(network, objective, inputs),
        floor=lambda inputs, which: _products(str(inputs["w0"].dtype), sizes, samples, iterations),
        params={"iterations": iterations, "layers": len(sizes) - 1, "rate": RATE},
        passes=(STEP,),
        tolerance=chosen(2.0**12),
    )


def named(params: Parameters) -> Inputs:
    """Parameters as w0, b0, w1, b1, ..."""
    return {f"{kind}{i}": array for i, pair in enumerate(params) for kind, array in zip("wb", pair, strict=True)}


def unnamed(inputs: Inputs) -> Parameters:
    """Copies of the parameters among the inputs."""
    count = sum(name.startswith("w") for name in inputs)
    return [(inputs[f"w{i}"].copy(), inputs[f"b{i}"].copy()) for i in range(count)]


def _images(rng: np.random.Generator, dtype: str, batch: int, sizes: Sequence[int]) -> Inputs:
    """Uniform noise for images: no step depends on what they show."""
    return {"x": rng.uniform(size=(batch, sizes[0])).astype(dtype), "labels": rng.integers(sizes[-1], size=batch)}


def _cone(rng: np.random.Generator, dtype: str, batch: int, sizes: Sequence[int]) -> Inputs:
    """P near the centre and Q on the unit sphere around it: at the very centre all samples would be the same one."""
    u = rng.standard_normal((3 * batch, sizes[0]))
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    return {"p": (0.01 * u[:batch]).astype(dtype), "q": u[batch:].astype(dtype)}


def _side(network: Network, objective: Objective, inputs: Inputs) -> Side:
    batch = (inputs["x"], inputs["labels"]) if "x" in inputs else (inputs["p"], inputs["q"])
    run = Run(
        network,
        unnamed(inputs),
        objective,
        Adam(),
        Constant(RATE),
        Sampler(lambda rng: batch),
        np.random.default_rng(0),
    )

    def outputs() -> list[Array]:
        """The loss and its gradient, then the loss after a step: Adam's first step is the gradient's sign, mostly.

        So single parameters may differ where a gradient is as small as its rounding, and the loss sees none of it.
        """
        loss, grads = objective.gradient(network, run.params, batch)
        run.update()
        after, _ = objective.gradient(network, run.params, batch)
        return [np.asarray(loss), *(array for pair in grads for array in pair), np.asarray(after)]

    return Side(run.update, outputs)


def _products(dtype: str, sizes: Sequence[int], samples: int, iterations: int) -> Floor:
    """Bjorck's products of every layer; those of the affine maps, where the inputs need no gradient."""
    general: list[Product] = []
    symmetric: list[tuple[int, int]] = []
    for i, (d_in, d_out) in enumerate(pairwise(sizes)):
        steps, squares = step_products((d_out, d_in), 1, backward=True)
        general += steps * iterations + [(samples, d_in, d_out), (d_out, samples, d_in)]
        general += [(samples, d_out, d_in)] if i else []
        symmetric += squares * iterations
    return products(dtype, general, symmetric)
