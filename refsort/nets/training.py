"""The training loop: draw a batch, take the gradient, update, retract; stop at the first number that is not one.

A `Run` holds everything that changes. Saved and restored it goes on to the same bits as if it had never stopped, on the
same build of NumPy, BLAS kernel and thread count; the state of the random generator is part of it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from refsort.nets.checkpoint import describe, load_arrays, parameter_arrays, parameters_of, save_arrays
from refsort.nets.network import Gradients, Network, Parameters
from refsort.nets.objectives import Batch, Objective
from refsort.nets.optimisers import Optimiser, State
from refsort.nets.schedules import Schedule
from refsort.ops.arrays import Array
from refsort.progress import Progress


class NonFiniteError(ArithmeticError):
    """A number of a training run is infinite or NaN.

    Attributes
    ----------
    step : int
        The step that met it.
    layer : int or None
        The first layer where it shows; None where only the loss does.
    what : str
        "parameter", "constrained weight", "loss" or "gradient".
    norm : float
        The Frobenius norm of that layer's parameter w, or the loss.
    """

    def __init__(self, step: int, layer: int | None, what: str, norm: float) -> None:
        self.step, self.layer, self.what, self.norm = step, layer, what, norm
        where = "" if layer is None else f" of layer {layer}"
        measured = f"value {norm}" if layer is None else f"||w||_F = {norm:.6g}"
        super().__init__(
            f"step {step}: the {what}{where} is not finite ({measured}); "
            "a smaller learning rate, or float64, is the usual way out"
        )


class Source(Protocol):
    """Where batches come from."""

    def draw(self, rng: np.random.Generator) -> Batch:
        """The next batch."""

    def state(self) -> dict[str, Array]:
        """What a checkpoint must keep."""

    def restore(self, state: dict[str, Array]) -> None:
        """Go on from a kept state."""


class Batches:
    """Batches of a finite data set: each epoch a new random order, the last incomplete batch left out.

    Parameters
    ----------
    arrays : ndarrays of one length
        For example images and labels.
    batch_size : int
        At most that length.
    """

    def __init__(self, arrays: Iterable[Array], batch_size: int) -> None:
        self.arrays, self.batch_size = tuple(arrays), batch_size
        n = len(self.arrays[0])
        if any(len(array) != n for array in self.arrays) or not 1 <= batch_size <= n:
            lengths = [len(array) for array in self.arrays]
            raise ValueError(f"batches of {batch_size} need arrays of one length at least that, got {lengths}")
        self.order, self.position = np.arange(n), n

    def draw(self, rng: np.random.Generator) -> Batch:
        """The next rows of each array."""
        if self.position + self.batch_size > len(self.order):
            self.order, self.position = rng.permutation(len(self.order)), 0
        rows = self.order[self.position : self.position + self.batch_size]
        self.position += self.batch_size
        return tuple(array[rows] for array in self.arrays)

    def state(self) -> dict[str, Array]:
        """The order of this epoch and the place in it."""
        return {"order": self.order, "position": np.array(self.position)}

    def restore(self, state: dict[str, Array]) -> None:
        """Go on in the kept order."""
        self.order, self.position = state["order"], int(state["position"])


@dataclass(frozen=True)
class Sampler:
    """Batches drawn anew each time by ``function(rng)``."""

    function: Callable[[np.random.Generator], Batch]

    def draw(self, rng: np.random.Generator) -> Batch:
        """A fresh batch."""
        return self.function(rng)

    def state(self) -> dict[str, Array]:
        """Nothing: the generator's state is the run's."""
        return {}

    def restore(self, state: dict[str, Array]) -> None:
        """Nothing to do."""


@dataclass
class Run:
    """A training run: what it trains, by what, on what, and how far it is.

    Attributes
    ----------
    network, objective, optimiser, schedule, source
        What does not change.
    rng : numpy.random.Generator
        Where batches get their randomness.
    params : list of (w, b)
        Updated in place; pass copies to keep the originals.
    step : int
        The number of updates so far.
    state : dict
        The optimiser's.
    """

    network: Network
    params: Parameters
    objective: Objective
    optimiser: Optimiser
    schedule: Schedule
    source: Source
    rng: np.random.Generator
    step: int = 0
    state: State = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.state:
            self.state = self.optimiser.start(self.params)

    def update(self) -> float:
        """One step; returns the loss before it. A gradient that is not finite is not applied."""
        with np.errstate(over="ignore", invalid="ignore"):  # checked here, with the layer's name
            loss, grads = self.objective.gradient(self.network, self.params, self.source.draw(self.rng))
            self._require_finite(loss, grads)
            self.step += 1
            self.optimiser.step(self.params, grads, self.state, self.schedule(self.step), self.step)
        for i, (w, b) in enumerate(self.params):
            if not (_finite(w) and _finite(b)):
                raise NonFiniteError(self.step, i, "parameter", float(np.linalg.norm(w.astype(float))))
        self.params = self.network.retract(self.params)
        return float(loss)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write everything that `restore` needs; also readable by `load_network`."""
        arrays = parameter_arrays(self.params)
        for name, slot in self.state.items():
            arrays |= parameter_arrays(slot, f"optimiser.{name}.")
        arrays |= {f"source.{name}": array for name, array in self.source.state().items()}
        save_arrays(path, arrays, {**self._description(), "step": self.step, "rng": self.rng.bit_generator.state})

    def restore(self, path: str | os.PathLike[str]) -> None:
        """Go on where the run that wrote `path` was; both must train alike."""
        arrays, meta = load_arrays(path)
        for name, mine in self._description().items():
            if meta.get(name) != mine:
                raise ValueError(
                    f"{path} was written by another run: its {name} is {meta.get(name)}, here it is {mine}"
                )
        layers = len(self.params)
        self.params = self.network.checked(parameters_of(arrays, layers))
        self.state = {name: parameters_of(arrays, layers, f"optimiser.{name}.") for name in self.state}
        self.source.restore({k.removeprefix("source."): a for k, a in arrays.items() if k.startswith("source.")})
        self.step = meta["step"]
        self.rng.bit_generator.state = meta["rng"]

    def _description(self) -> dict[str, Any]:
        names = ("network", "objective", "optimiser", "schedule")
        return {name: describe(getattr(self, name)) for name in names}

    def _require_finite(self, loss: Any, grads: Gradients) -> None:
        if np.isfinite(loss) and all(_finite(g) for pair in grads for g in pair):
            return
        for i, (layer, (w, b)) in enumerate(zip(self.network.layers, self.params, strict=True)):
            norm = float(np.linalg.norm(w.astype(float)))
            if not (np.isfinite(norm) and _finite(b)):
                raise NonFiniteError(self.step + 1, i, "parameter", norm)
            if not _finite(layer.weight(w)):
                raise NonFiniteError(self.step + 1, i, "constrained weight", norm)
            if np.isfinite(loss) and not all(map(_finite, grads[i])):
                raise NonFiniteError(self.step + 1, i, "gradient", norm)
        raise NonFiniteError(self.step + 1, None, "loss", float(loss))


def _finite(array: Array | None) -> bool:
    """Whether all entries are finite, as the least and the greatest tell: both pass NaN on. Indices have None."""
    return array is None or array.size == 0 or bool(np.isfinite(np.min(array)) and np.isfinite(np.max(array)))


Callback = Callable[[Run, float], None]


def train(
    run: Run,
    steps: int,
    *,
    callbacks: Iterable[Callback] = (),
    checkpoint: str | os.PathLike[str] | None = None,
    every: int = 500,
) -> Run:
    """Bring `run` to `steps` updates in all, counted from its own beginning.

    Parameters
    ----------
    run : Run
        Changed in place and returned.
    steps : int
        The number of updates after which to stop; a restored run does what is left.
    callbacks : iterable of callables ``(run, loss)``
        Called after every update.
    checkpoint : path, optional
        Where to save the run, every so many steps and at the end. It always holds a state with finite numbers.
    every : int
        Steps between two checkpoints.

    Raises
    ------
    NonFiniteError
        At the first infinite or NaN loss, gradient or parameter; the checkpoint keeps the last good state.
    """
    callbacks = tuple(callbacks)
    with Progress("step", steps) as progress:
        while run.step < steps:
            loss = run.update()
            progress.update(run.step, f"loss {loss:.4g}  rate {run.schedule(run.step):.2g}")
            for callback in callbacks:
                callback(run, loss)
            if checkpoint is not None and (run.step % every == 0 or run.step == steps):
                run.save(checkpoint)
    return run
