"""Two weighted samples as they are computed with: checked, and scaled by a power of two so that nothing overflows."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from refsort.ops.arrays import Array
from refsort.transport.sums import total

METRICS: dict[str, float] = {"l1": 1, "l2": 2, "linf": math.inf}
"""The exponent of each ground metric's norm."""


class Measure(NamedTuple):
    """Finitely many points and their probabilities.

    Attributes
    ----------
    points : ndarray of float64, (n, d)
    weights : ndarray of float64, (n,)
        Ones where no weights were given.
    scale : Fraction
        The probability of a point is its weight times this: 1 over the exact sum of the weights.
    """

    points: Array
    weights: Array
    scale: Fraction

    @property
    def uniform(self) -> bool:
        """Whether all probabilities are equal."""
        return bool(np.all(self.weights == self.weights[0]))


def require_metric(op: str, metric: str) -> None:
    """Raise a ValueError for a metric that is not one of `METRICS`."""
    if metric not in METRICS:
        raise ValueError(f"{op}: the metric must be one of {', '.join(METRICS)}, got {metric!r}")


def measures(
    op: str, x: ArrayLike, y: ArrayLike, a: ArrayLike | None, b: ArrayLike | None, names: tuple[str, str] = ("x", "y")
) -> tuple[Measure, Measure]:
    """Both samples with their probabilities, or an error that names the hypothesis they violate."""
    p, q = points(op, names[0], x), points(op, names[1], y)
    if p.shape[1] != q.shape[1]:
        raise ValueError(
            f"{op}: {names[0]} has points of {p.shape[1]} dimensions and {names[1]} of {q.shape[1]}; "
            "a distance needs points of one space"
        )
    return _weighted(op, names[0], p, a), _weighted(op, names[1], q, b)


def points(op: str, name: str, x: ArrayLike) -> Array:
    """An array (n, d) of float64 that equals x, which may be (n,) for the line; or an error.

    Examples
    --------
    >>> points("wasserstein1", "x", [1, 2]).tolist()
    [[1.0], [2.0]]
    """
    given = np.asarray(x)
    if given.dtype.kind not in "iuf" or given.dtype.itemsize > 8:
        raise TypeError(f"{op}: {name} has dtype {given.dtype}; pass real numbers that float64 holds")
    if given.ndim not in (1, 2) or given.size == 0:
        raise ValueError(
            f"{op}: {name} must be a sample (n, d), or (n,) on the line, with at least one point; "
            f"got shape {given.shape}"
        )
    if given.dtype.kind in "iu" and max(int(np.max(given)), -int(np.min(given))) > 2**53:
        raise ValueError(f"{op}: {name} holds integers beyond 2^53, which float64 does not hold; subtract an offset")
    values = given.astype(np.float64).reshape(len(given), -1)
    if not np.all(np.isfinite(values)):
        bad = np.argwhere(~np.isfinite(values))
        i, k = bad[0].tolist()
        raise ValueError(
            f"{op}: {name} holds {len(bad)} numbers that are not finite, the first is {values[i, k]} at [{i}, {k}]; "
            "drop those points"
        )
    return values


def _weighted(op: str, name: str, p: Array, weights: ArrayLike | None) -> Measure:
    if weights is None:
        return Measure(p, np.ones(len(p)), Fraction(1, len(p)))
    given = np.asarray(weights)
    if given.dtype.kind not in "iuf" or given.dtype.itemsize > 8:
        raise TypeError(f"{op}: the weights of {name} have dtype {given.dtype}; pass floats")
    w = given.astype(np.float64)
    if w.shape != (len(p),):
        raise ValueError(f"{op}: the {len(p)} points of {name} need as many weights, got shape {w.shape}")
    if not np.all(np.isfinite(w)):
        raise ValueError(f"{op}: {np.count_nonzero(~np.isfinite(w))} weights of {name} are not finite")
    if np.any(w < 0):
        i = int(np.argmin(w))
        raise ValueError(f"{op}: weights must not be negative; weight {i} of {name} is {w[i]}")
    # what normalising in the weights' own format can leave: a rounding a weight, and those of the sum
    tolerance = 2 * (len(w) + 1) * float(np.finfo(given.dtype if given.dtype.kind == "f" else np.float64).eps)
    amount = total(w).value
    if abs(amount - 1) > tolerance:
        raise ValueError(f"{op}: the weights of {name} add up to {float(amount)!r}, not to 1; divide them by their sum")
    return Measure(p, w, 1 / amount)


class Scaled(NamedTuple):
    """Both samples times 2^-exponent, entries in [-1, 1].

    Attributes
    ----------
    x, y : ndarrays of float64
    exponent : int
    blur : float
        0 where the division was exact; else a bound of what underflows of it do to a distance, in scaled units.
    bits : int, optional
        Where all coordinates are integers times 2^-bits, so few bits wide that differences, 1-norms and potentials
        made of them are computed without rounding; None elsewhere.
    """

    x: Array
    y: Array
    exponent: int
    blur: float
    bits: int | None

    @property
    def exact(self) -> bool:
        """Whether sums of differences are not rounded."""
        return self.bits is not None


def scaled(op: str, x: Array, y: Array) -> Scaled:
    """Divide both samples by a power of two above their largest entry: an exact step, but for underflows.

    Raises
    ------
    ValueError
        For entries so large that distances may overflow.
    """
    d = x.shape[1]
    largest = max(float(np.max(np.abs(x), initial=0.0)), float(np.max(np.abs(y), initial=0.0)))
    exponent = math.frexp(largest)[1]
    spare = 4 + max(d - 1, 0).bit_length()  # distances are below 2 d, potentials below 4 d, their sums below 16 d
    if exponent + spare > 1023:
        raise ValueError(
            f"{op}: an entry of {largest:.3g} in {d} dimensions: distances may exceed the largest double; "
            "divide the samples by a power of two, and multiply the distance by it"
        )
    p, q = np.ldexp(x, -exponent), np.ldexp(y, -exponent)
    kept = np.array_equal(np.ldexp(p, exponent), x) and np.array_equal(np.ldexp(q, exponent), y)
    # an underflow changes an entry by at most 2^-1075
    return Scaled(p, q, exponent, 0.0 if kept else 2.0**-1000, _grid(p, q, 53 - spare) if kept else None)


def _grid(p: Array, q: Array, most: int) -> int | None:
    """The least number of bits after the point, at most `most`, that all entries have."""
    every = 0
    for whole in (np.ldexp(p, most), np.ldexp(q, most)):
        if not np.array_equal(np.rint(whole), whole):
            return None
        every |= int(np.bitwise_or.reduce(np.abs(whole.astype(np.int64)), axis=None))
    return most - ((every & -every).bit_length() - 1) if every else 0
