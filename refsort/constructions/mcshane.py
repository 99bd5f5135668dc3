"""The McShane-Whitney extensions of finitely many values, as networks.

    lower(x) = max_i (y_i - L d(x, x_i)),     upper(x) = min_i (y_i + L d(x, x_i)).

Both are L-Lipschitz, and both meet the data if and only if |y_i - y_j| <= L d(x_i, x_j) for all pairs. Every
L-Lipschitz function that meets the data lies between them; where the nearest point is at most h away they differ by at
most 2 L h, so that their mean is within L h of it.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from refsort.constructions.cones import METRICS, count, directions, envelope, require_size, resolution
from refsort.constructions.lipschitz_data import require_lipschitz
from refsort.constructions.max_min_tree import Parametrised
from refsort.constructions.numbers import data, rational, root_up, scalar
from refsort.ops.arrays import Array, same_dtype

MAX_UNITS = 1 << 22


def mcshane(
    points: ArrayLike,
    values: ArrayLike,
    metric: str,
    lipschitz: Any = 1,
    kind: str = "lower",
    *,
    eps: Any = None,
    box: ArrayLike | None = None,
    max_units: int = MAX_UNITS,
) -> Parametrised:
    """The network that equals an extension of the data to all of R^d.

    Parameters
    ----------
    points : array_like, (n, d)
        Floats, or Fractions for a network over the rationals.
    values : array_like, (n,) or (n, C)
        The dtype of points. C columns give a network with C outputs, each an extension of its column.
    metric : "linf", "l1" or "l2"
        The norm that d(x, x_i) is measured in. A 2-norm cone is no maximum of finitely many affine functions, so
        "l2" needs `eps` (but not in one dimension, where all metrics agree).
    lipschitz : real
        L > 0.
    kind : "lower", "upper" or "midpoint"
        "midpoint" is the mean of both, with twice the units and one more affine map.
    eps : real, optional
        For "l2": on `box` the network lies between the lower extension and eps above it (below the upper one).
    box : array_like, (d, 2), optional
        Lower and upper ends, for "l2"; without it the smallest box around the points.
    max_units : int
        Larger networks are refused.

    Returns
    -------
    network, params
        With M = 2 d affine functions for each cone of "linf", 2^d for "l1": ceil(log2 M) + ceil(log2 n) MaxMin layers
        and at most 2 N' M' - 1 units, N' and M' the next powers of two. For "l2" M is about (8 L D / eps)^(1/2) in the
        plane and 6 L D / eps in space, D the largest distance of a point of the box from one of the points.

    Raises
    ------
    TypeError, ValueError
        For data that violate the condition (with the worst pair), equal points with different values, numbers that are
        not finite, shapes that do not fit, "l2" without eps, and a network larger than `max_units`.

    Notes
    -----
    Norms: the first layer has norm L from the p-norm of the metric to the infinity norm (up to rounding for L other
    than 1, and at most L for "l2"), every other layer infinity norm 1. So L scales the first layer alone, and the
    product is L. Fractions: exact everywhere. Floats: the biases ``y_i -+ L u . x_i`` are rounded, and so is the first
    affine map. Selections are indices: memory is that of the first layer, n M numbers a sample, twice. The check of the
    pairs costs n^2 d / 2 operations.

    References
    ----------
    .. [1] E. J. McShane, "Extension of range of functions", Bull. Amer. Math. Soc. 40, 1934.

    Examples
    --------
    >>> network, params = mcshane([[0.0, 0.0], [2.0, 1.0]], [0.0, 1.0], "linf")
    >>> network.value(params, np.array([[0.0, 0.0], [2.0, 1.0], [2.0, 2.0]]))[:, 0]  # 1 - max(0, 1) at the last
    array([0., 1., 0.])
    """
    x, y = samples("mcshane", points, values)
    if kind not in ("lower", "upper", "midpoint"):
        raise ValueError(f"mcshane: kind must be 'lower', 'upper' or 'midpoint', got {kind!r}")
    steepness = scalar("mcshane", "lipschitz", lipschitz, x.dtype)
    envelopes = y.shape[1] * (2 if kind == "midpoint" else 1)
    cone = cone_of("mcshane", x, envelopes, metric, steepness, eps, box, max_units)
    require_lipschitz("mcshane", x, y, metric, steepness)
    return envelope(x, y, cone, kind)


def samples(op: str, points: ArrayLike, values: ArrayLike, name: str = "values") -> tuple[Array, Array]:
    """Points (n, d) and values (n, C) of one dtype, or an error."""
    x = data(op, "points", points, 2)
    y = data(op, name, values, 2 if np.ndim(values) == 2 else 1)
    same_dtype(op, **{"points": x, name: y})
    if len(x) != len(y):
        raise ValueError(f"{op}: {len(x)} points need as many {name}, got {len(y)}")
    return x, y.reshape(len(y), -1)


def cone_of(
    op: str, x: Array, envelopes: int, metric: str, lipschitz: Any, eps: Any, box: ArrayLike | None, max_units: int
) -> Array:
    """The directions of the cone, times L; an error where the network would be too large or cannot be finite."""
    n, d = x.shape
    if metric not in METRICS:
        raise ValueError(f"{op}: the metric must be one of {', '.join(METRICS)}, got {metric!r}")
    m, wanted = 1, None if eps is None else rational(scalar(op, "eps", eps, x.dtype))
    if metric == "l2" and d > 1:
        if wanted is None:
            raise ValueError(
                f"{op}: a cone of the 2-norm in {d} dimensions is no maximum of finitely many affine functions; pass "
                "eps, and a direction net will be used, or take the metric 'linf' or 'l1'"
            )
        reach = _reach(op, x, box) * rational(lipschitz)
        m = resolution(op, d, x.dtype, min(Fraction(1), wanted / reach) if reach else Fraction(1))
    require_size(op, n, count(metric, d, m), max_units, envelopes)
    u = directions(metric, d, x.dtype, m)
    return u if lipschitz == 1 else lipschitz * u


def _reach(op: str, x: Array, box: ArrayLike | None) -> Fraction:
    """At least the largest distance, in the 2-norm, of a point of the box from one of the points."""
    low, high = np.min(x, axis=0), np.max(x, axis=0)
    ends = np.stack([low, high], axis=1) if box is None else interval(op, box, x.dtype)
    if len(ends) != len(low):
        raise ValueError(f"{op}: points of {len(low)} dimensions need a box with as many rows, got {len(ends)}")
    corners = zip(*(map(rational, side.tolist()) for side in (low, high, ends[:, 0], ends[:, 1])), strict=True)
    sides = (max(top - a, b - bottom) for a, b, bottom, top in corners)
    return root_up(sum((side * side for side in sides), Fraction(0)))


def interval(op: str, box: ArrayLike, dtype: np.dtype[Any] | None = None) -> Array:
    """A box (d, 2) of lower and upper ends, of the given dtype if any, or an error."""
    ends = data(op, "box", box, 2)
    if ends.shape[1] != 2 or np.any(ends[:, 0] > ends[:, 1]):
        raise ValueError(f"{op}: box must have a row (lower, upper) for each dimension, got {ends.tolist()}")
    if dtype is not None and ends.dtype != dtype:
        raise TypeError(f"{op}: the box has dtype {ends.dtype} and the points {dtype}")
    return ends
