"""Whole tasks: the Jacobian of a network; without a peer, exact W1 and `refsort check --quick`."""

from __future__ import annotations

import argparse
import contextlib
import io
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from refsort.bench.case import JACOBIAN, RUN, Case, Inputs, Side
from refsort.bench.floors import Floor, products
from refsort.bench.tolerances import chosen
from refsort.bench.training import named, unnamed
from refsort.nets import MaxMin, Network
from refsort.ops.arrays import Array
from refsort.oracle import command as check
from refsort.transport.exact import wasserstein1


def cases(
    sizes: Sequence[int] = (784, 1024, 1024, 1024, 10),
    samples: int = 32,
    points: int = 500,
    dimension: int = 64,
    arguments: Sequence[str] = ("--quick",),
) -> list[Case]:
    """The cases; `arguments` are those of `refsort check`."""
    network = Network.dense(list(sizes), MaxMin())  # folded: what is certified has no weight maps left

    def inputs(rng: np.random.Generator, dtype: str) -> Inputs:
        x = rng.standard_normal((samples, sizes[0])).astype(dtype)
        return {"x": x, **named(network.init(rng, dtype=dtype))}

    return [
        Case(
            name=f"jacobian-{samples}x{'-'.join(map(str, sizes))}",
            family="whole",
            operation="jacobian",
            inputs=inputs,
            ours=lambda inputs, which: _jacobian(network, inputs),
            floor=lambda inputs, which: _products(str(inputs["x"].dtype), sizes, samples),
            params={"layers": len(sizes) - 1},
            passes=(JACOBIAN,),
            tolerance=chosen(2.0**10),
        ),
        Case(
            name=f"w1-{points}x{dimension}",
            family="whole",
            operation="w1",
            inputs=lambda rng, dtype: {name: rng.standard_normal((points, dimension)) for name in "pq"},
            ours=lambda inputs, which: _w1(inputs),
            floor=lambda inputs, which: None,
            passes=(RUN,),
            dtypes=("float64",),
        ),
        Case(
            name="check-quick",
            family="whole",
            operation="check",
            inputs=lambda rng, dtype: {},
            ours=lambda inputs, which: Side(lambda: _check(arguments), lambda: [np.asarray(_check(arguments))]),
            floor=lambda inputs, which: None,
            passes=(RUN,),
            dtypes=("float64",),  # it runs in all that NumPy has
        ),
    ]


def _jacobian(network: Network, inputs: Inputs) -> Side:
    params, x = unnamed(inputs), inputs["x"]

    def call() -> Array:
        return network.forward(params, x)[1].jacobian()

    return Side(call, lambda: [call()])


def _products(dtype: str, sizes: Sequence[int], samples: int) -> Floor:
    """One forward pass, and one backward pass to the inputs for all outputs at once."""
    layers = list(pairwise(sizes))
    forward = [(samples, d_in, d_out) for d_in, d_out in layers]
    backward = [(samples * sizes[-1], d_out, d_in) for d_in, d_out in layers]
    return products(dtype, forward + backward)


def _w1(inputs: Inputs) -> Side:
    def call() -> float:
        return wasserstein1(inputs["p"], inputs["q"]).distance

    return Side(call, lambda: [np.asarray(call())])


def _check(arguments: Sequence[str]) -> float:
    """`refsort check` in this process, its report thrown away. It must pass: what fails has stopped early."""
    parser = argparse.ArgumentParser()
    check.add_arguments(parser)
    with contextlib.redirect_stdout(io.StringIO()):
        code = check.run(parser.parse_args(list(arguments)))
    if code:
        raise RuntimeError(f"refsort check {' '.join(arguments)} ended with {code}")
    return float(code)
