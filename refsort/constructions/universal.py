"""Universality with its numbers: a MaxMin network within eps of a given 1-Lipschitz function on a box, and its size.

    g(x) = max_i (f(x_i) + t - c(x - x_i)),     x_i the centres of the cells of a grid,   c a cone of the p-norm.

Each point of the box is at most h away from a centre. If c is the norm, f(x_i) - |x - x_i| <= f(x) for all i, and it is
at least f(x) - 2 h for the nearest: with t = h the error is at most h. If c is only known to lie between (1 - r)|.| and
|.|, then g may be higher, by at most r D, D the diameter of the box; with t = h - r D / 2 the error is at most
h + r D / 2.

Size, for a cube of side s: p = inf has (s / 2 eps)^d cells, rounded up, with 2 d functions each, p = 1 (d s / 2 eps)^d
with 2^d, and p = 2, if a share (d-1)/(3d-1) of eps goes to the cone, of the order of eps^-d cells with eps^(-(d-1)/2)
each. About twice the number of functions is the number of units, its binary logarithm the depth.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from refsort.constructions.cones import count, directions, envelope, loss, require_size, resolution
from refsort.constructions.grid import centres, diameter, fill, require_plausible
from refsort.constructions.mcshane import MAX_UNITS, interval
from refsort.constructions.numbers import exact, exponent, rational, root_up, scalar
from refsort.constructions.piecewise_linear import units
from refsort.nets import Network, Parameters
from refsort.ops.arrays import Array

METRIC = {1: "l1", 2: "l2", math.inf: "linf"}


class Universal(NamedTuple):
    """A network near a function.

    Attributes
    ----------
    network, params
        1-Lipschitz from the p-norm.
    error : Fraction
        On the box, |network - f| is at most this, and this is at most eps.
    """

    network: Network
    params: Parameters
    error: Fraction


class Size(NamedTuple):
    """How large the network of `universal` is.

    Attributes
    ----------
    cells : tuple of int
        Of the grid, along each axis.
    directions : int
        Affine functions for each cell.
    m : int
        The resolution of the direction net for p = 2, see `refsort.constructions.cones`; 1 otherwise.
    units, depth : int
        Of the whole network, the output included; MaxMin layers.
    """

    cells: tuple[int, ...]
    directions: int
    m: int
    units: int
    depth: int


def universal(
    f: Callable[[Array], ArrayLike],
    box: ArrayLike,
    eps: Any,
    p: Any = math.inf,
    *,
    value_error: Any = 0,
    max_units: int = MAX_UNITS,
) -> Universal:
    """A MaxMin network that is within eps of f on the box, 1-Lipschitz from the p-norm like f.

    Parameters
    ----------
    f : callable
        Takes points (n, d) and returns values (n,), in the dtype of `box`. It must be 1-Lipschitz in the p-norm on the
        box: that is the user's promise, of which the values on neighbouring cells, diagonal ones too, are a test.
    box : array_like, (d, 2)
        Lower and upper ends: floats, or Fractions for a network over the rationals.
    eps : real
        Positive.
    p : 1, 2 or inf
    value_error : real, optional
        At least |computed f - f| at the centres; part of the error. Without it the computed values count as f's own.
    max_units : int
        Larger networks are refused, before f is evaluated.

    Returns
    -------
    Universal
        (network, params, error). `universal_size` gives its size in advance.

    Raises
    ------
    TypeError, ValueError
        For a box or an eps that are not as above, a network of more than `max_units` units (its size is said), values
        of the wrong shape or dtype, values that are NaN or infinite, neighbouring values that are no 1-Lipschitz
        function's, and an eps that the dtype cannot keep.

    Notes
    -----
    Norms: from the p-norm to the infinity norm the first layer has 1 (for p = 2 at most 1), and every other layer has
    infinity norm 1: exactly, in the floats that the weights are. The error is that of the function that the parameters
    define in exact arithmetic, the rounding of the biases included; the rounding of an evaluation is not.

    Examples
    --------
    >>> from fractions import Fraction as F
    >>> box = np.array([[F(0), F(1)], [F(0), F(1)]])
    >>> net = universal(lambda x: np.maximum(x[:, 0], x[:, 1]), box, F(1, 4))
    >>> net.error, str(net.network.value(net.params, np.array([[F(1, 3), F(2, 3)]]))[0, 0] - F(2, 3))
    (Fraction(1, 4), '1/4')
    """
    ends = _box(box)
    dtype, d, metric = ends.dtype, len(ends), METRIC[exponent("universal", p)]
    budget = rational(scalar("universal", "eps", eps, dtype)) - Fraction(value_error)
    target = budget
    for _ in range(3):
        if target <= 0:
            break
        size = _plan(ends, target, p, max_units)
        require_size("universal", math.prod(size.cells), size.directions, max_units)
        axes, halves = zip(
            *(centres(a, b, n, dtype) for (a, b), n in zip(ends.tolist(), size.cells, strict=True)), strict=True
        )
        points = np.stack([g.ravel() for g in np.meshgrid(*axes, indexing="ij")], axis=1)
        values = _values(f, points)
        require_plausible(points, values, size.cells, metric)
        reach, flat = fill(halves, p), loss(metric, d, dtype, size.m) * diameter(ends) / 2
        shift = exact(reach - flat, dtype)
        error = reach + flat + _rounding(points, values, shift)
        if error <= budget:
            u = directions(metric, d, dtype, size.m)
            network, params = envelope(points, (values + shift)[:, None], u, "lower")
            return Universal(network, params, error + Fraction(value_error))
        target -= 2 * (error - budget)  # what rounding took
    raise ValueError(
        f"universal: eps = {float(eps):.3g} is less than what the rounding of the biases in {dtype} and value_error = "
        f"{float(value_error):.3g} need; pass a larger eps, or Fractions"
    )


def universal_size(box: ArrayLike, eps: Any, p: Any = math.inf) -> Size:
    """The size of the network that `universal` makes, without making it.

    Where rounding or `value_error` takes a share of eps, the network itself can be a little larger.

    Examples
    --------
    >>> [universal_size([[0.0, 1.0]] * 2, eps, 2).units for eps in (0.1, 0.01, 0.001)]
    [4059, 903003, 278198349]
    """
    ends = _box(box)
    return _plan(ends, rational(scalar("universal_size", "eps", eps, ends.dtype)), exponent("universal_size", p), None)


def _box(box: ArrayLike) -> Array:
    ends = interval("universal", box)
    if np.any(ends[:, 0] == ends[:, 1]):
        raise ValueError(f"universal: the box must have an interior, got {ends.tolist()}")
    return ends


def _plan(ends: Array, eps: Fraction, p: Any, max_units: int | None) -> Size:
    d, metric = len(ends), METRIC[p]
    sides = [rational(b) - rational(a) for a, b in ends.tolist()]
    m = 1
    if p == 2 and d > 1:
        grid = eps * (1 - Fraction(d - 1, 3 * d - 1))
        squares = (d * (side / (2 * grid)) ** 2 for side in sides)
        cells = tuple(max(1, math.ceil(root_up(n))) for n in squares)
        if max_units is not None:
            require_size("universal", math.prod(cells), 2 * d, max_units)  # of any direction net, as it has the +-e_k
        left = eps - min(grid, fill([side / (2 * n) for side, n in zip(sides, cells, strict=True)], p))
        m = resolution("universal", d, ends.dtype, min(Fraction(1), 2 * left / diameter(ends)))
    else:
        cells = tuple(max(1, math.ceil((d if p == 1 else 1) * side / (2 * eps))) for side in sides)
    shape = (math.prod(cells), count(metric, d, m))
    return Size(cells, shape[1], m, units(shape), sum((n - 1).bit_length() for n in shape))


def _values(f: Callable[[Array], ArrayLike], points: Array) -> Array:
    values = np.asarray(f(points.copy()))
    if values.shape != (len(points),) or values.dtype != points.dtype:
        raise ValueError(
            f"universal: f must return {(len(points),)} values of {points.dtype} for points {points.shape}, "
            f"got shape {values.shape} of {values.dtype}"
        )
    if values.dtype.kind != "O" and not np.all(np.isfinite(values)):
        bad = np.flatnonzero(~np.isfinite(values))
        first = points[bad[0]].tolist()
        raise ValueError(f"universal: f is not finite at {len(bad)} points, the first is f({first}) = {values[bad[0]]}")
    return values


def _rounding(points: Array, values: Array, shift: Any) -> Fraction:
    """How far a stored bias ``f(x_i) + t - u . x_i``, all |u_k| <= 1, and t itself can be from what they stand for."""
    if points.dtype.kind == "O":
        return Fraction(0)
    d: int = points.shape[1]
    sizes = [rational(np.max(np.abs(v))) for v in (values, shift, *points.T)]
    unit = rational(np.finfo(points.dtype).eps) / 2
    total: Fraction = sum(sizes, Fraction(0))
    return 2 * (d + 3) * unit * total  # gamma_n <= 2 n u, n = d + 2 in the bias and 1 in t
