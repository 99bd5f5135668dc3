"""The Wasserstein distance W_1 of two finite samples, with the coupling and the potentials that prove it.

    W_1(P, Q) = min  sum_ij m_ij D(x_i, y_j)        over couplings m of P and Q,                       (primal)
              = max  sum_i a_i f_i - sum_j b_j g_j  over potentials with f_i - g_j <= D(x_i, y_j).       (dual)

Every coupling gives an upper bound and every feasible pair of potentials a lower one. So whatever a solver did, what
comes out is certified: potentials are made feasible in exact arithmetic, by transforms rounded outward; and what a
coupling's marginals miss is added to its cost, at the largest distance.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from refsort.ops.arrays import Array
from refsort.rounding import round_down, round_up
from refsort.transport.assignment import assign
from refsort.transport.costs import TINY, Costs, cost_error, cost_matrix
from refsort.transport.line import LineCosts, transport_in_order
from refsort.transport.memory import require_memory
from refsort.transport.programme import solve_programme
from refsort.transport.samples import Measure, Scaled, measures, require_metric, scaled
from refsort.transport.solution import Solution
from refsort.transport.sums import Sum, dot

METHODS = ("line", "one point", "assignment", "programme")
_OP = "wasserstein1"


class Transport(NamedTuple):
    """W_1 of two samples between two bounds, and what attains them.

    Attributes
    ----------
    distance : float
        The cost of the coupling, as computed: the primal value.
    dual : float
        The dual value of the potentials, as computed.
    lower, upper : float
        ``lower <= W_1 <= upper`` for the real numbers that the samples and weights are, rounding errors included.
    gap : float
        ``upper - lower``, rounded up: the certified duality gap.
    f, g : ndarrays of float64, (n,) and (m,)
        Potentials on x and on y: ``f_i - g_j <= D(x_i, y_j)`` in exact arithmetic, for all pairs. Their McShane
        extension ``max_i (f_i - D(x_i, .))`` is a 1-Lipschitz critic of the same value or a greater one, which
        `refsort.constructions.optimal_potential` writes down as a network.
    rows, columns : ndarrays of int, (k,)
        The pairs (i, j) between which mass is moved, k < n + m.
    mass : ndarray of float64, (k,)
        How much; positive.
    method : str
        "line", "one point", "assignment" or "programme".
    metric : str
    """

    distance: float
    dual: float
    lower: float
    upper: float
    gap: float
    f: Array
    g: Array
    rows: Array
    columns: Array
    mass: Array
    method: str
    metric: str

    @property
    def relative_gap(self) -> float:
        """``gap / upper``; 0 where both are 0."""
        return self.gap / self.upper if self.gap else 0.0


def wasserstein1(
    x: ArrayLike,
    y: ArrayLike,
    metric: str = "l2",
    a: ArrayLike | None = None,
    b: ArrayLike | None = None,
    *,
    method: str | None = None,
    memory: int | None = None,
) -> Transport:
    """Compute the Wasserstein distance of two weighted finite samples, with a certificate.

    Parameters
    ----------
    x, y : array_like, (n, d) and (m, d); or (n,) and (m,) on the line
        Points: real numbers that float64 holds. Points may repeat.
    metric : "l1", "l2" or "linf"
        The norm that distances are measured in.
    a, b : array_like, (n,) and (m,), optional
        Weights: not negative, adding up to 1 up to rounding. The probabilities are the weights over their exact sum.
        All equal by default.
    method : optional
        One of `METHODS`, instead of the fastest that fits: "line" for d = 1, by sorting; "one point" where a sample has
        one; "assignment" for n = m and equal weights; "programme" for anything.
    memory : int, optional
        The largest number of bytes to plan for; half of the machine's by default.

    Returns
    -------
    Transport

    Raises
    ------
    TypeError, ValueError
        For samples and weights that are not as above, a method that does not fit, and entries so large that a distance
        may exceed the largest double. Says what was found.
    MemoryError
        Before anything is allocated, where the problem would need more than `memory`. Says how much, and ways out.
    RuntimeError
        Where HiGHS stops without an optimum.

    See Also
    --------
    critic_lower_bound : what a network proves, for any number of points.

    Notes
    -----
    "line": O((n + m) log (n + m)). "assignment": O(n^2 d) for the distances, then O(n^3) at worst and some n^2 log n on
    data; 8 n m bytes. 2,000 points in 784 dimensions: 2 to 4 s, half of it for the distances. "programme": n m
    variables, some 1,100 bytes each; 600 points against 400: 3 s. Distances err by at most a relative e = gamma_(d+4)
    (d = 784: 9e-14), so the certified gap is at least some 2 e. Points on a common grid of few bits (integers) in "l1"
    and "linf" are computed without rounding, and their gap is 0 where the distance is a double. Coordinates below
    2^-400 of the largest one count as equal to 0 in the lower bound.

    References
    ----------
    .. [1] C. Villani, "Topics in optimal transportation", AMS 2003, chapters 1 and 2.
    .. [2] D. F. Crouse, "On implementing 2D rectangular assignment algorithms", IEEE Transactions on Aerospace and
       Electronic Systems 52(4), 2016.
    .. [3] Q. Huangfu, J. A. J. Hall, "Parallelizing the dual revised simplex method", Mathematical Programming
       Computation 10, 2018.

    Examples
    --------
    Two points against one that lies 3 and 5 away:

    >>> found = wasserstein1([[0.0, 3.0], [5.0, 0.0]], [[0.0, 0.0]])
    >>> found.lower <= 4 <= found.upper, found.relative_gap < 1e-14
    (True, True)

    The potentials are feasible, and tight where mass is moved:

    >>> x, y = np.array([[0, 0], [4, 1], [2, 2]]), np.array([[1, 0], [5, 5], [0, 3]])
    >>> found = wasserstein1(x, y, "l1")
    >>> c = np.abs(x[:, None] - y).sum(axis=2)
    >>> slack = c - (found.f[:, None] - found.g)
    >>> bool(np.all(slack >= 0)), slack[found.rows, found.columns].tolist(), found.gap < 1e-15
    (True, [0.0, 0.0, 0.0], True)
    """
    require_metric(_OP, metric)
    p, q = measures(_OP, x, y, a, b)
    used = _method(p, q, method)
    require_memory(len(p.points), len(q.points), used, memory)
    samples = scaled(_OP, p.points, q.points)
    if metric == "l2" and p.points.shape[1] > 1:
        samples = samples._replace(bits=None)  # squares and roots are rounded
    costs: Costs | LineCosts
    if used == "line":
        costs, found = LineCosts(samples), transport_in_order(p, q, samples)
    else:
        costs = Costs(cost_matrix(samples.x, samples.y, metric), p.points.shape[1], samples.exact)
        found = _solved(used, costs, p, q)
    f, g = _feasible(costs, found.f, samples)
    return _certified(found, f, g, costs.longest, p, q, samples, metric, used)


def _method(p: Measure, q: Measure, wanted: str | None) -> str:
    n, m = len(p.points), len(q.points)
    fits = {
        "line": p.points.shape[1] == 1,
        "one point": min(n, m) == 1,
        "assignment": n == m and p.uniform and q.uniform,
        "programme": True,
    }
    if wanted is None:
        return next(name for name in METHODS if fits[name])
    if not fits.get(wanted, False):
        raise ValueError(
            f"{_OP}: method {wanted!r} does not fit {n} and {m} points in {p.points.shape[1]} dimensions"
            f"{'' if p.uniform and q.uniform else ' with unequal weights'}; it may be "
            f"{', '.join(repr(name) for name in METHODS if fits[name])}"
        )
    return wanted


def _solved(method: str, costs: Costs, p: Measure, q: Measure) -> Solution:
    if method == "assignment":
        return assign(costs.matrix, costs.exact)
    if method == "programme":
        return solve_programme(costs.matrix, p, q)
    # one point gives or takes everything: the only coupling, and f - g = D on all of it
    m = len(q.points)
    side = p if m == 1 else q
    moved = np.flatnonzero(side.weights)
    zeros = np.zeros(len(moved), dtype=np.intp)
    f = costs.matrix[0] if m == 1 else np.zeros(1)
    rows, columns = (moved, zeros) if m == 1 else (zeros, moved)
    return Solution(rows, columns, side.weights[moved], side.scale, f, missing=Fraction(0))


def _feasible(costs: Costs | LineCosts, f: Array, samples: Scaled) -> tuple[Array, Array]:
    """Potentials that are feasible in exact arithmetic, with a dual value of at least that of f up to rounding.

    Whatever f is, g is feasible beside it, and then the greatest f beside that g, where it is greater. In an optimal
    pair ``f_i = g_j + D_ij >= max f - max D`` for some j: what lies far below had no say.
    """
    f = np.maximum(f - np.max(f), -4.0 * samples.x.shape[1])
    if samples.bits is not None:  # optimal potentials lie on the grid of the costs: a solver's rounding errors go
        f = np.ldexp(np.rint(np.ldexp(f, samples.bits)), -samples.bits)
    g = costs.transform_to_y(f)
    return np.maximum(f, costs.transform_to_x(g)), g


def _certified(
    found: Solution,
    f: Array,
    g: Array,
    longest: Fraction,
    p: Measure,
    q: Measure,
    samples: Scaled,
    metric: str,
    method: str,
) -> Transport:
    unit = Fraction(2) ** samples.exponent
    dual = dot(p.weights, f).times(p.scale).minus(dot(q.weights, g).times(q.scale))
    primal = _cost(found, samples, metric)
    upper = (primal.value + primal.error) / (1 - cost_error(p.points.shape[1], samples.exact))
    upper += _missing(found, p, q) * longest + Fraction(samples.blur)
    low, high = round_down(max(dual.value - dual.error, Fraction(0)) * unit), round_up(upper * unit)
    return Transport(
        distance=float(primal.value * unit),
        dual=float(dual.value * unit),
        lower=low,
        upper=high,
        gap=round_up(Fraction(high) - Fraction(low)),
        f=_unscaled(f, samples.exponent, -np.inf),
        g=_unscaled(g, samples.exponent, np.inf),
        rows=found.rows,
        columns=found.columns,
        mass=found.mass * float(found.unit),
        method=method,
        metric=metric,
    )


def _cost(found: Solution, samples: Scaled, metric: str) -> Sum:
    """The cost of the coupling but for the relative errors of the distances."""
    difference = samples.x[found.rows] - samples.y[found.columns]
    c = np.linalg.norm(difference, {"l1": 1, "l2": 2, "linf": np.inf}[metric], axis=1)
    if not samples.exact:  # squares may underflow, but not between a point and itself
        c = np.where(np.any(difference != 0, axis=1), np.maximum(c, TINY), 0.0)
    return dot(found.mass, c).times(found.unit)


def _missing(found: Solution, p: Measure, q: Measure) -> Fraction:
    """The mass that must be added to make the coupling one of the two measures, after what is too much was taken away.

    With r and s its marginals and |m| its mass, what must go is at most sum (r - a)^+ + sum (s - b)^+. Then
    ``1 - |m| + sum (r - a)^+ + sum (s - b)^+ = sum (a - r)^+ + sum (s - b)^+`` is lacking, and any coupling of what
    the rows lack with what the columns lack completes it.
    """
    if found.missing is not None:
        return found.missing
    lacking = (amount for amount in _lacking(found.rows, found, p) if amount > 0)
    beyond = (-amount for amount in _lacking(found.columns, found, q) if amount < 0)
    return sum(lacking, Fraction(0)) + sum(beyond, Fraction(0))


def _lacking(index: Array, found: Solution, side: Measure) -> list[Fraction]:
    """What the coupling lacks of each probability; negative where it has too much."""
    left = [Fraction(w) * side.scale for w in side.weights.tolist()]
    for i, mass in zip(index.tolist(), found.mass.tolist(), strict=True):
        left[i] -= Fraction(mass) * found.unit
    return left


def _unscaled(values: Array, exponent: int, toward: float) -> Array:
    """Potentials in the units of the samples; where the result is subnormal and rounded, rounded outward."""
    result = np.ldexp(values, exponent)
    back = np.ldexp(result, -exponent)
    wrong = back > values if toward < 0 else back < values
    return np.where(wrong, np.nextafter(result, toward), result)
