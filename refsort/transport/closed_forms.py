"""Wasserstein distances that are known: what estimates and solvers are measured against.

Each is proved by a coupling, which gives ``W_1 <= value``, and a 1-Lipschitz critic f, which gives
``W_1 >= E_P f - E_Q f = value``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from refsort.ops.arrays import Array
from refsort.transport.samples import METRICS, points, require_metric


def dirac_distance(x: ArrayLike, y: ArrayLike, metric: str = "l2") -> float:
    """W_1 of two point masses: ``D(x, y)``.

    The only coupling moves everything from x to y. The critic ``f = D(., y)`` is 1-Lipschitz by the triangle
    inequality, with f(x) - f(y) = D(x, y).

    Parameters
    ----------
    x, y : array_like, (d,)
    metric : "l1", "l2" or "linf"

    Returns
    -------
    float
        Up to d + 4 roundings.

    Raises
    ------
    TypeError, ValueError
        For points that are not (d,) of one d, or not finite, and for an unknown metric.

    Examples
    --------
    >>> [dirac_distance([0.0, 0.0], [3.0, 4.0], metric) for metric in ("l1", "l2", "linf")]
    [7.0, 5.0, 4.0]
    """
    require_metric("dirac_distance", metric)
    p, q = points("dirac_distance", "x", x), points("dirac_distance", "y", y)
    if np.ndim(x) != 1 or p.shape != q.shape:
        raise ValueError(f"dirac_distance: x and y must be points (d,), got shapes {np.shape(x)} and {np.shape(y)}")
    return _length((p - q)[:, 0], METRICS[metric])


def shift_distance(v: ArrayLike, metric: str = "l2") -> float:
    """W_1 of any distribution P with a mean and of its translate by v: the length of v.

    Moving every point by v costs |v|. Let u be a vector of dual norm 1 with ``<u, v> = |v|``: the critic
    ``f = -<u, .>`` is 1-Lipschitz by Hoelder's inequality, with E f(X) - E f(X + v) = |v|.

    Parameters
    ----------
    v : array_like, (d,)
    metric : "l1", "l2" or "linf"

    Returns
    -------
    float

    Raises
    ------
    TypeError, ValueError
        As in `dirac_distance`.

    Examples
    --------
    >>> from refsort.transport import wasserstein1
    >>> x = np.array([[0.0, 0.0], [1.0, 5.0], [7.0, 2.0]])
    >>> wasserstein1(x, x + [2.0, -1.0], "l1").distance == shift_distance([2.0, -1.0], "l1")
    True
    """
    return dirac_distance(v, np.zeros(np.shape(v)), metric)


def shell_distance(inner: float, outer: float) -> float:
    """W_1, in the 2-norm, of the uniform distributions on two spheres round one centre: the difference of the radii.

    A Dirac is a shell of radius 0: its distance from a sphere round it is the radius. Moving every point along its ray
    costs ``|outer - inner|`` and takes one uniform distribution to the other. The cone ``f = -|. - c|`` is 1-Lipschitz
    and is -inner on the first sphere and -outer on the second, so f or -f attains it.

    Parameters
    ----------
    inner, outer : float
        Not negative, finite.

    Returns
    -------
    float
        The difference, rounded once.

    Raises
    ------
    ValueError
        For a radius that is negative or not finite.

    Examples
    --------
    >>> shell_distance(0.0, 2.0), shell_distance(3.0, 2.0)
    (2.0, 1.0)
    """
    for radius in (inner, outer):
        if not (math.isfinite(radius) and radius >= 0):
            raise ValueError(f"shell_distance: a radius must be finite and not negative, got {radius}")
    return abs(outer - inner)


def cone_distance(centers: ArrayLike | Sequence[Sequence[float]], delta: float = 1e-7, radius: float = 1.0) -> float:
    """W_1, in the 2-norm, of shells of radius delta round several centres and shells of a larger radius round the same.

    The distributions of `refsort.data.sample_cones`: a centre is drawn, each as likely as the others, then a point of
    its sphere. With the centres `ABSOLUTE_VALUE`, `THREE_CONES` and `HIGH_DIMENSIONAL_CONE` these are the tasks of
    Anil et al. (2019), and W_1 = radius - delta in each of them.

    Moving every point along its ray costs radius - delta. The cones ``f(x) = -min_c |x - c|`` are 1-Lipschitz, as a
    maximum of such functions. Where centres are at least 2 radius apart, a point at distance r <= radius from its own
    centre is at least ``2 radius - r >= r`` from every other: f is -delta on the first shells and -radius on the
    second.

    Parameters
    ----------
    centers : array_like, (m, d)
        At least ``2 radius`` apart.
    delta, radius : float
        ``0 <= delta <= radius``.

    Returns
    -------
    float
        The difference, rounded once.

    Raises
    ------
    TypeError, ValueError
        For centres that are too close, not (m, d) or not finite, and for other radii.

    References
    ----------
    .. [1] C. Anil, J. Lucas, R. Grosse, "Sorting out Lipschitz function approximation", ICML 2019, arXiv 1811.05381.

    Examples
    --------
    >>> cone_distance([[-2.0, 0.0], [0.0, 0.0], [2.0, 0.0]], delta=0.25)
    0.75
    """
    c = points("cone_distance", "centers", centers)
    if not 0 <= delta <= radius < math.inf:
        raise ValueError(f"cone_distance: delta must lie between 0 and the radius {radius}, got {delta}")
    for i in range(len(c) - 1):
        gap = float(np.min(np.linalg.norm(c[i + 1 :] - c[i], axis=1)))
        if gap < 2 * radius:
            raise ValueError(
                f"cone_distance: center {i} is {gap} from another, closer than 2 radius = {2 * radius}: then a point "
                "of one shell may be nearer to another centre, and W_1 is not radius - delta; use wasserstein1"
            )
    return radius - delta


def _length(v: Array, p: float) -> float:
    exponent = math.frexp(float(np.max(np.abs(v))))[1]  # squares neither overflow nor underflow
    return math.ldexp(float(np.linalg.norm(np.ldexp(v, -exponent), p)), exponent)
