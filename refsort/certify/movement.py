"""How far what a network computes can move with its input, rounding included.

Let x be an input, x' any other of finite floats, and g, g' what the layers before compute at them, under the model of
`refsort.certify.evaluation`, each in any order of summation. No exact network is needed: both evaluations of a layer
differ from the exact layer *at their own input*, by (*) there. With D a bound of |g' - g|_q and |g'| <= |g| + |g' - g|,

    |h' - h|_q  <=  c (||W|| D + | gamma (|W||g| + |b|) + eta |_q + | gamma (|W||g'| + |b|) + eta |_q)
                <=  c (||W|| + gamma || |W| ||) D  +  2 c | gamma (|W||g| + |b|) + eta |_q.

D is |x' - x|_p at the start, and so ``offset + slope |x' - x|_p`` after every layer: each x has its own offset, and
the slope, which all inputs share, is close to the product of the norms.

Every partial sum of the layer at x' is at most ``(1 + gamma) (|W||g| + |b| + |w_i|_q* D) + eta`` in row i. Where that
is below the largest float for all rows, nothing overflows.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from refsort.certify.directed import down, up
from refsort.certify.evaluation import LayerRun, finite_norm, layer_runs
from refsort.certify.norms import sqrt_up
from refsort.nets import Layer, Network, Parameters, Selection
from refsort.ops.arrays import Array
from refsort.rounding import round_down, round_up


class Movement(NamedTuple):
    """Where a layer's input and output can go: at most ``offset + slope |x' - x|_p``, for ``|x' - x|_p < room``.

    Attributes
    ----------
    offset : ndarray of float64, (n,)
    slope : float
        Both for the input of the layer.
    q : float
        The norm of its input.
    offset_after, slope_after : as above, for its output.
    room : ndarray of float64, (n,)
        Below this distance neither the layer nor one before it overflows.
    run : LayerRun
        What was computed at x.
    """

    offset: Array
    slope: float
    q: float
    offset_after: Array
    slope_after: float
    room: Array
    run: LayerRun


def movements(network: Network, params: Parameters, x: Array, p: float, q: float) -> Iterator[Movement]:
    """The movement of each layer, from the p-norm of the input, in the q-norm of the features."""
    offset, slope, norm = np.zeros(len(x)), 1.0, p
    room = np.full(len(x), np.inf)
    for layer, (w, _), run in zip(network.layers, params, layer_runs(network, params, x), strict=True):
        factor = _factor(layer, w, run, norm, q)
        with np.errstate(over="ignore", invalid="ignore"):  # infinity, and NaN for 0 times infinity: no bound
            offset_after = up(up(factor * offset) + 2 * run.error(q))
            room = np.minimum(room, _without_overflow(layer, w, run, Fraction(slope), offset, norm))
        slope_after = round_up(Fraction(factor) * Fraction(slope)) if factor < np.inf else factor
        if slope_after == np.inf:
            raise ValueError("nothing is certified: the product of the layers' norms exceeds the largest double")
        yield Movement(offset, slope, norm, offset_after, slope_after, room, run)
        offset, slope, norm = offset_after, slope_after, q


def least_distance(gap: Array, offset: Array, slope: Array | float) -> Array:
    """The distance below which ``offset + slope distance`` stays less than `gap`, rounded down; -inf for no bound."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        left = down(gap - offset)
        distance = np.where(left > 0, np.where(np.equal(slope, 0), np.inf, down(left / slope)), -np.inf)
    result: Array = distance
    return result


def _factor(layer: Layer | Selection, w: Array, run: LayerRun, p: float, q: float) -> float:
    """c (||W|| + gamma || |W| ||), rounded up."""
    plain = finite_norm(layer, w, p, q)
    absolute = plain  # of an entrywise norm, and of a selection
    if isinstance(layer, Layer) and (p, q) == (2, 2):
        absolute = Fraction(sqrt_up(finite_norm(layer, w, 1, 1) * _rows(layer, w, np.inf)))
    return round_up(run.constant * (plain + run.relative * absolute))


def _rows(layer: Layer | Selection, w: Array, p: float) -> Fraction:
    """The greatest dual norm of a row."""
    return finite_norm(layer, w, p, np.inf)


def _without_overflow(
    layer: Layer | Selection, w: Array, run: LayerRun, slope: Fraction, offset: Array, p: float
) -> Array:
    largest = Fraction(float(np.finfo(run.h.dtype).max))
    # with the leaky ReLU's factor, which multiplies after the sum
    most = round_down((largest / run.constant - run.absolute) / (1 + run.relative))
    steepest = _rows(layer, w, p)
    gap = down(most - np.max(run.sizes, axis=1, initial=0.0))
    return least_distance(gap, up(round_up(steepest) * offset), round_up(steepest * slope))
