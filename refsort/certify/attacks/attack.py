"""What every attack takes and gives back: the checked problem, the moved inputs, and the accuracy that is left."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from refsort.certify.attacks.ball import Ball, Box
from refsort.certify.margins import margins
from refsort.nets import Network, Parameters
from refsort.ops.arrays import Array
from refsort.ops.row_norms import norm_order


class Attack(NamedTuple):
    """The outcome of an attack on n inputs.

    Attributes
    ----------
    adversarial : ndarray, (n, d), dtype of x
        For each input the point with the least margin that was found: within the radius in exact arithmetic, and in
        the box. An input that is misclassified already stays where it is.
    margins : ndarray of float64, (n,)
        The margin of the true class there, as `Network.value` computes the logits of all these points in one batch.
    broken : ndarray of bool, (n,)
        Where that margin is not positive: wrong or tied, or not a number.
    """

    adversarial: Array
    margins: Array
    broken: Array


def attacked_accuracy(attack: Attack) -> float:
    """The share of inputs that the attack did not break: an upper bound of the robust accuracy.

    Examples
    --------
    >>> attacked_accuracy(Attack(np.zeros((2, 1)), np.array([0.5, -1.0]), np.array([False, True])))
    0.5
    """
    if attack.broken.size == 0:
        raise ValueError("attacked_accuracy: no inputs, so there is no share of them")
    return float(np.mean(~attack.broken))


class Problem(NamedTuple):
    """Checked arguments: a folded network, the inputs with their labels and radii, and the logits at the inputs."""

    network: Network
    params: Parameters
    x: Array
    labels: Array
    radius: Array
    p: float
    box: Box | None
    logits: Array
    margins: Array

    def competitors(self, count: int) -> Array:
        """The `count` classes of greatest logits but the true one, of each input, the strongest first; (n, count)."""
        others = self.logits.copy()
        np.put_along_axis(others, self.labels[:, None], -np.inf, axis=1)
        return np.argsort(-others, axis=1, kind="stable")[:, : min(count, others.shape[1] - 1)]

    def ball(self, rows: Array | slice = slice(None)) -> Ball:
        """Where some of the inputs may move."""
        return Ball.around(self.x[rows], self.radius[rows], self.p, self.box)


def problem(
    op: str,
    network: Network,
    params: Parameters,
    x: ArrayLike,
    labels: ArrayLike,
    radius: ArrayLike,
    p: float,
    box: Box | None,
) -> Problem:
    """The arguments of the attack `op` as a `Problem`, or an error that says what is wrong with them."""
    x = np.asarray(x)
    if x.dtype.type not in (np.float16, np.float32, np.float64):
        raise TypeError(f"{op}: x has dtype {x.dtype}; pass float16, float32 or float64, that of the parameters")
    if x.ndim != 2 or x.shape[1] != network.layers[0].d_in:
        raise ValueError(f"{op}: x must be (n, {network.layers[0].d_in}) for this network, got shape {x.shape}")
    if not np.all(np.isfinite(x)):
        raise ValueError(f"{op}: x has {np.count_nonzero(~np.isfinite(x))} entries that are not finite")
    p = norm_order(op, "p", p)
    if p == 1:
        raise ValueError(f"{op}: p must be 2 or math.inf, got 1")
    network, params = network.fold(params)
    with np.errstate(over="ignore", invalid="ignore"):
        logits = network.value(params, x)
    clean = margins(logits, labels)
    if not np.all(np.isfinite(clean)):
        raise ValueError(f"{op}: {np.count_nonzero(~np.isfinite(clean))} inputs have logits that are not finite")
    r = _radii(op, radius, len(x))
    return Problem(network, params, x, np.asarray(labels), r, p, _box(op, box, x), logits, clean)


def finish(given: Problem, moved: Array) -> Attack:
    """The outcome for these points; inputs that are misclassified already are put back."""
    adversarial = np.where((given.margins > 0)[:, None], moved, given.x)
    with np.errstate(over="ignore", invalid="ignore"):
        left = margins(given.network.value(given.params, adversarial), given.labels)
    return Attack(adversarial, left, ~(left > 0))


def _radii(op: str, radius: ArrayLike, n: int) -> Array:
    r = np.asarray(radius, dtype=np.float64)
    if r.shape not in ((), (n,)):
        raise ValueError(f"{op}: radius must be one number or one for each of {n} inputs, got shape {r.shape}")
    if not np.all((r >= 1e-100) & (r <= 1e100)):
        bad = r[~((r >= 1e-100) & (r <= 1e100))]
        raise ValueError(
            f"{op}: a radius must be positive (1e-100 ... 1e100), got {bad.flat[0]} and {bad.size - 1} more like it; "
            "leave out inputs without a radius"
        )
    return np.broadcast_to(r, (n,))


def _box(op: str, box: Box | None, x: Array) -> Box | None:
    if box is None:
        return None
    low, high = map(float, box)
    if not low < high or not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError(f"{op}: box must be two finite bounds (lo, hi), lo < hi, or None; got {box!r}")
    if float(x.dtype.type(low)) != low or float(x.dtype.type(high)) != high:
        raise ValueError(f"{op}: the bounds {box!r} are no numbers of {x.dtype}; round them inwards")
    outside = np.any((x < low) | (x > high), axis=1)
    if np.any(outside):
        raise ValueError(
            f"{op}: {np.count_nonzero(outside)} inputs lie outside of the box [{low}, {high}], with entries in "
            f"[{x.min()}, {x.max()}]; scale them, or pass their box, or None"
        )
    return low, high
