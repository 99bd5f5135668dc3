"""A case: what is computed, on which inputs, and what a machine has to do for it at least."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from refsort.bench.floors import Floor
from refsort.bench.tolerances import Tolerance, exact
from refsort.ops.arrays import Array

Inputs = dict[str, Array]
FORWARD, REUSED, BOTH = "forward", "forward, output reused", "forward+backward"
BOTH_REUSED = "forward+backward, outputs reused"  # into the same arrays at every call
STEP, JACOBIAN, RUN = "step", "jacobian", "run"
UNIT_ROUNDOFF = {"float32": 2.0**-24, "float64": 2.0**-53}


class Side(NamedTuple):
    """One implementation of a case, ready to be called.

    Attributes
    ----------
    call : callable without arguments
        What is timed. Each call does the same work.
    outputs : callable without arguments
        The values that are compared before anything is timed, as arrays: results first, then gradients.
    """

    call: Callable[[], Any]
    outputs: Callable[[], Sequence[Array]]


@dataclass(frozen=True)
class Case:
    """One operation on inputs of one size.

    Attributes
    ----------
    name : str
        ``operation-size``, in the vocabulary of the command line.
    family, operation : str
        The operation's name is that of the PyTorch formulations in `torch_peers`, if there are any.
    inputs : callable ``(rng, dtype name) -> {name: array}``
        Drawn anew for each row, from a fixed seed.
    ours : callable ``(inputs, pass) -> Side``
        The side of refsort.
    floor : callable ``(inputs, pass) -> Floor or None``
    params : mapping
        What the PyTorch side needs to know beside the arrays.
    passes, dtypes : tuple of str
    tolerance : callable ``(inputs, outputs of refsort) -> float``
        In units roundoff of the dtype: how far two sides may lie apart. See `refsort.bench.tolerances`.
    """

    name: str
    family: str
    operation: str
    inputs: Callable[[np.random.Generator, str], Inputs]
    ours: Callable[[Inputs, str], Side]
    floor: Callable[[Inputs, str], Floor | None]
    params: Mapping[str, Any] = field(default_factory=dict)
    passes: tuple[str, ...] = (FORWARD, BOTH)
    dtypes: tuple[str, ...] = ("float32", "float64")
    tolerance: Tolerance = exact


def of_one_array(
    value: Callable[..., Array], forward: Callable[..., tuple[Array, Any]]
) -> Callable[[Inputs, str], Side]:
    """Return the side of refsort for an operation on ``x`` with the cotangent ``y_bar``, as `refsort.ops` writes it.

    Where outputs are reused, ``value`` and ``forward``, and ``backward`` of the Jacobian, take ``out=``.
    """

    def ours(inputs: Inputs, which: str) -> Side:
        x, y_bar = inputs["x"], inputs["y_bar"]
        y, x_bar = ({"out": np.zeros_like(x)} if which in (REUSED, BOTH_REUSED) else {} for _ in range(2))

        def both() -> tuple[Array, Array]:
            result, at = forward(x, **y)
            return result, at.backward(y_bar, **x_bar)

        if which in (BOTH, BOTH_REUSED):
            return Side(both, both)
        return Side(lambda: value(x, **y), lambda: (value(x, **y),))

    return ours
