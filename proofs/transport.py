"""Optimal transport between finitely many points, over the rationals: a plan without improving cycles, and a potential.

Costs are a matrix c[i][j] for moving mass from i to j, plans are matrices of masses. No proof trusts what is found
here: a plan and a potential of equal value certify each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from refsort.spec.exact import Matrix, Vector

Edge = tuple[int, int, Fraction]


def cost_of(plan: Matrix, cost: Matrix) -> Fraction:
    """``sum_ij plan_ij cost_ij``.

    Examples
    --------
    >>> one, two = Fraction(1), Fraction(2)
    >>> cost_of([[one, two]], [[two, two]])
    Fraction(6, 1)
    """
    return sum((m * c for rows in zip(plan, cost, strict=True) for m, c in zip(*rows, strict=True)), Fraction(0))


def first_plan(p: Sequence[Fraction], q: Sequence[Fraction]) -> Matrix:
    """Masses p_i moved to demands q_j in the order in which they stand; sum p = sum q.

    Examples
    --------
    >>> [[int(m) for m in row] for row in first_plan([Fraction(2), Fraction(1)], [Fraction(1), Fraction(2)])]
    [[1, 1], [0, 1]]
    """
    plan = [[Fraction(0)] * len(q) for _ in p]
    left, open_ = list(p), list(q)
    for i in range(len(p)):
        for j in range(len(q)):
            plan[i][j] = moved = min(left[i], open_[j])
            left[i], open_[j] = left[i] - moved, open_[j] - moved
    return plan


def optimal_plan(p: Sequence[Fraction], q: Sequence[Fraction], cost: Matrix) -> Matrix:
    """A plan of least cost, by moving mass along cycles that lower the cost until there is none (Klein 1967).

    It ends: masses and costs have a common denominator, so each cycle lowers the cost by at least a fixed amount.

    Examples
    --------
    >>> half = Fraction(1, 2)
    >>> plan = optimal_plan([half, half], [half, half], [[Fraction(5), Fraction(1)], [Fraction(1), Fraction(5)]])
    >>> [[str(m) for m in row] for row in plan]
    [['0', '1/2'], ['1/2', '0']]
    """
    plan, n = first_plan(p, q), len(p)
    while cycle := _negative_cycle(_edges(plan, cost), n + len(q)):
        back = [(v, u - n) for u, v in cycle if u >= n]
        moved = min(plan[i][j] for i, j in back)
        for u, v in cycle:
            if u < n:
                plan[u][v - n] += moved
        for i, j in back:
            plan[i][j] -= moved
    return plan


def potential(points: int, distances: Matrix, moves: Sequence[tuple[int, int]]) -> Vector:
    """f on all points with |f(u) - f(v)| <= d(u, v) and f(i) - f(j) = d(i, j) for the moves (i, j) of an optimal plan.

    Minus the length of the shortest path from a point, where a step u -> v costs d(u, v), and -d(i, j) from j back to i
    along a move; the mean over all points to start from, so that no constraint is an equality that need not be one.
    """
    edges = [(u, v, distances[u][v]) for u in range(points) for v in range(points) if u != v]
    edges += [(j, i, -distances[i][j]) for i, j in moves]
    total = [Fraction(0)] * points
    for start in range(points):
        length = list(distances[start])
        for _ in range(points):
            for u, v, d in edges:
                length[v] = min(length[v], length[u] + d)
        total = [t - v for t, v in zip(total, length, strict=True)]
    return [t * Fraction(1, points) for t in total]


def _edges(plan: Matrix, cost: Matrix) -> list[Edge]:
    """Sources 0, ..., n-1 to targets n, n+1, ...; back, where there is mass to take back."""
    n, edges = len(plan), []
    for i, row in enumerate(plan):
        for j, mass in enumerate(row):
            edges.append((i, n + j, cost[i][j]))
            if mass > 0:
                edges.append((n + j, i, -cost[i][j]))
    return edges


def _negative_cycle(edges: Sequence[Edge], nodes: int) -> list[tuple[int, int]]:
    """The steps of a cycle of negative length, by the algorithm of Bellman and Ford; empty if there is none."""
    length, before, last = [Fraction(0)] * nodes, [-1] * nodes, -1
    for _ in range(nodes):
        last = -1
        for u, v, d in edges:
            if length[u] + d < length[v]:
                length[v], before[v], last = length[u] + d, u, v
    if last < 0:
        return []
    for _ in range(nodes):  # back far enough to stand on the cycle
        last = before[last]
    cycle, v = [], last
    while not cycle or v != last:
        cycle.append((before[v], v))
        v = before[v]
    return cycle
