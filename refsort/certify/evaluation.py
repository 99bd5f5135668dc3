"""What rounding does to a network's evaluation: a bound of the error of its logits, at inputs that are given.

The model of floating point: round to nearest with unit roundoff u in the dtype of the parameters; sums of products in
any order, with or without fused multiply-adds, in that format or a wider one that is rounded once at the end; gradual
underflow. Not covered: Strassen's products, operands rounded before they are multiplied (TF32), subnormals flushed to
zero.

One layer, h = s(W g + b), for an input g of floats and a weight of n columns. A product passes through one rounding,
at most n as it and the bias are added up, and one more where a wider format is left: n + 2. So the computed z errs by
at most gamma_(n+2) (|W| |g| + |b|), entry by entry, and by an underflow of at most half a smallest subnormal a product.
Sorting, ReLU, abs, CReLU and maxout select floats and change signs: no rounding. A leaky ReLU multiplies once. A
selection adds a bias and nothing else. With c the Lipschitz constant of s this makes, in every q-norm,

    |h_computed - s(W g + b)|_q  <=  c | gamma_k (|W| |g| + |b|) + eta |_q.                                  (*)
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from refsort.certify.directed import DUAL, ones_norm, row_norms_up, sum_slack, up
from refsort.certify.lipschitz import activation_bound, linear_bound, require_folded
from refsort.nets import Identity, Layer, LeakyReLU, Network, Parameters, Selection
from refsort.ops.arrays import Array
from refsort.rounding import SMALLEST_SUBNORMAL, UNIT_ROUNDOFF, gamma, round_up


class LayerRun(NamedTuple):
    """A layer as it was run, and what (*) needs.

    Attributes
    ----------
    h : ndarray, (n, features)
        What it computed, in the dtype of the parameters.
    sizes : ndarray of float64, (n, d_out)
        At least |W| |g| + |b|, g its input as computed.
    relative, absolute : Fraction
        gamma_k and eta.
    constant : Fraction
        c.
    """

    h: Array
    sizes: Array
    relative: Fraction
    absolute: Fraction
    constant: Fraction

    def error(self, q: float) -> Array:
        """The right-hand side of (*), rounded up, (n,)."""
        eta = round_up(self.constant * self.absolute * ones_norm(self.sizes.shape[1], q))
        return up(up(row_norms_up(self.sizes, q) * round_up(self.constant * self.relative)) + eta)


class Evaluation(NamedTuple):
    """Logits and how far they can be from those of the same network in exact arithmetic.

    Attributes
    ----------
    logits : ndarray, (n, k)
        As `network.value` computes them, in the dtype of the parameters.
    entrywise : ndarray of float64, (n, k)
        A bound of the error of each logit.
    euclidean : ndarray of float64, (n,)
        A bound of the 2-norm of the error of a row.
    """

    logits: Array
    entrywise: Array
    euclidean: Array


def evaluation_error(network: Network, params: Parameters, x: ArrayLike) -> Evaluation:
    """Evaluate a folded network and bound the error of every logit.

    The exact network has the very weights, biases and inputs that are passed, and slopes as rounded to their dtype.
    With e_l the q-norm of the error after layer l, (*) and a weight's norm give ``e_(l+1) <= c (||W||_q e_l + | gamma
    (|W| |g| + |b|) + eta |_q)``, evaluated at the computed g, rounded up, for q = 2 and q = inf side by side. A row w_j
    of an affine last layer makes of it ``|w_j|_2 e_l``, or ``|w_j|_1 e_l`` for q = inf, whichever is less.

    Parameters
    ----------
    network, params
        As `Network.fold` returns them, in float16, float32 or float64.
    x : array_like, (n, d_in)
        In the same dtype.

    Returns
    -------
    Evaluation
        Infinite where a bound exceeds the largest double.

    Raises
    ------
    TypeError
        For another dtype, or more than one.
    ValueError
        For a network with weight maps; for parameters, inputs or features that are not finite; `NoBoundError` for a
        format so coarse that the sums of a layer have no bound (float16: 2046 columns).

    Notes
    -----
    The cost of one more evaluation, in float64, and of the layers' norms. The bound is a guarantee for
    every order of summation: rounding errors mostly cancel, and at widths of 256 and 1024 they are some 10^4 times
    smaller.

    Examples
    --------
    >>> from refsort.nets import MaxMin
    >>> network = Network.dense([2, 2, 1], MaxMin())
    >>> params = [(np.array([[0.1, 0.2], [0.3, 0.4]]), np.zeros(2)), (np.array([[0.1, 0.7]]), np.zeros(1))]
    >>> found = evaluation_error(network, params, np.array([[0.3, 0.1]]))
    >>> exact = Fraction(0.1) * (Fraction(0.1) * Fraction(0.3) + Fraction(0.2) * Fraction(0.1)) + Fraction(0.7) * (
    ...     Fraction(0.3) * Fraction(0.3) + Fraction(0.4) * Fraction(0.1))
    >>> bool(abs(Fraction(found.logits.item()) - exact) <= Fraction(found.entrywise.item()) < 2e-16)
    True
    """
    errors: dict[float, Array] = {q: np.zeros(len(np.asarray(x))) for q in (2, math.inf)}
    for layer, (w, _), run in zip(network.layers, params, layer_runs(network, params, x), strict=True):
        before = errors
        with np.errstate(over="ignore", invalid="ignore"):
            errors = {
                q: up(up(before[q] * round_up(run.constant * finite_norm(layer, w, q, q))) + run.error(q))
                for q in before
            }
    entrywise = np.broadcast_to(errors[math.inf][:, None], run.h.shape)
    if affine_last(network):
        with np.errstate(over="ignore", invalid="ignore"):
            rows = {q: np.outer(before[q], row_norms_up(w.astype(np.float64), DUAL[q])) for q in before}
            rounded = up(up(run.sizes * round_up(run.relative)) + round_up(run.absolute))
            entrywise = up(up(np.fmin(rows[2], rows[math.inf])) + rounded)
    return Evaluation(run.h, _known(np.fmin(entrywise, errors[2][:, None])), _known(errors[2]))


def layer_runs(network: Network, params: Parameters, x: ArrayLike) -> Iterator[LayerRun]:
    """Run the layers one after another, with the sizes that enter into their rounding errors."""
    require_folded("rounding errors", network)
    h = np.asarray(x)
    dtype = h.dtype
    if dtype.type not in (np.float16, np.float32, np.float64):
        raise TypeError(f"rounding errors are bounded in float16, float32 and float64; x has dtype {dtype}")
    if h.ndim != 2:
        raise ValueError(f"x must be (n, {network.layers[0].d_in}), got shape {h.shape}")
    require_finite("x", h)
    for i, (layer, (w, b)) in enumerate(zip(network.layers, network.checked(params), strict=True)):
        with np.errstate(over="ignore", invalid="ignore"):  # reported below
            after = layer.value(w, b, h)
        require_finite(f"the weight of layer {i}", w)
        require_finite(f"the bias of layer {i}", b)
        require_finite(f"what layer {i} computes", after)
        leaky = isinstance(layer.activation, LeakyReLU)
        selected = isinstance(layer, Selection)
        products = 0 if selected else layer.d_in
        relative = gamma((1 if selected else products + 2) + leaky, UNIT_ROUNDOFF[dtype.name])
        # half a subnormal a product, carried through the later roundings; a leaky ReLU's own one more
        absolute = (products + leaky) * SMALLEST_SUBNORMAL[dtype.name] * (1 + relative)
        yield LayerRun(after, _sizes(layer, w, b, h), relative, absolute, activation_bound(layer.activation, dtype))
        h = after


def affine_last(network: Network) -> bool:
    """Whether the logits are ``W h + b``, with nothing after them."""
    last = network.layers[-1]
    return isinstance(last, Layer) and isinstance(last.activation, Identity)


def finite_norm(layer: Layer | Selection, w: Array, p: float, q: float) -> Fraction:
    """`linear_bound`, or a ValueError where it exceeds the largest double."""
    bound = linear_bound(layer, w, p, q)
    if bound == math.inf:
        raise ValueError(f"nothing is certified: a weight of shape {w.shape} has a norm above the largest double")
    return Fraction(bound)


def require_finite(name: str, a: Array) -> None:
    """Raise a ValueError that says how many entries are not finite."""
    if not np.all(np.isfinite(a)):
        raise ValueError(f"nothing is certified: {name} holds {np.count_nonzero(~np.isfinite(a))} non-finite entries")


def _sizes(layer: Layer | Selection, w: Array, b: Array, g: Array) -> Array:
    """At least |W| |g| + |b|, in float64, which holds every number of the narrower formats."""
    g, b = np.abs(g.astype(np.float64)), np.abs(b.astype(np.float64))
    if isinstance(layer, Selection):
        return up(g[:, w] + b)
    with np.errstate(over="ignore"):
        sizes: Array = g @ np.abs(w.astype(np.float64)).T
        sizes += b
        # n products and sums; then these two operations. Their underflows are at most n + 1 halves of a subnormal
        sizes *= sum_slack(layer.d_in + 4)
        sizes += (layer.d_in + 2) * 2.0**-1074
    return sizes


def _known(bound: Array) -> Array:
    """The bound, infinite where infinity times zero left it unknown."""
    result: Array = np.where(np.isnan(bound), np.inf, bound)
    return result
