"""Definitions of transport in rationals: distances, couplings, potentials, and the least cost by trying everything."""

from fractions import Fraction
from itertools import permutations


def distance(x, y, metric):
    steps = [abs(Fraction(a) - Fraction(b)) for a, b in zip(x, y, strict=True)]
    return sum(steps) if metric == "l1" else max(steps)


def costs(x, y, metric):
    return [[distance(p, q, metric) for q in y.tolist()] for p in x.tolist()]


def cheapest_permutation(c):
    """W_1 for equal weights: the vertices of the couplings are the permutations (Birkhoff)."""
    n = len(c)
    return min(sum(c[i][s[i]] for i in range(n)) for s in permutations(range(n))) / n


def worst_violation(found, c):
    """The greatest f_i - g_j - c_ij."""
    f, g = ([Fraction(v) for v in values.tolist()] for values in (found.f, found.g))
    return max(u - v - c[i][j] for i, u in enumerate(f) for j, v in enumerate(g))


def euclidean_feasible(found, x, y):
    """Whether f_i - g_j <= |x_i - y_j|_2 for all pairs: squares are rationals."""
    f, g = ([Fraction(v) for v in values.tolist()] for values in (found.f, found.g))
    return all(
        max(u - v, 0) ** 2 <= square(p, q)
        for p, u in zip(x.tolist(), f, strict=True)
        for q, v in zip(y.tolist(), g, strict=True)
    )


def square(x, y):
    return sum((Fraction(a) - Fraction(b)) ** 2 for a, b in zip(x, y, strict=True))


def probabilities(weights, n):
    if weights is None:
        return [Fraction(1, n)] * n
    exact = [Fraction(w) for w in weights.tolist()]
    return [w / sum(exact) for w in exact]


def dual_value(found, a, b):
    f, g = ([Fraction(v) for v in values.tolist()] for values in (found.f, found.g))
    return sum(w * v for w, v in zip(a, f, strict=True)) - sum(w * v for w, v in zip(b, g, strict=True))


def marginals(found, n, m):
    rows, columns = [Fraction(0)] * n, [Fraction(0)] * m
    for i, j, mass in zip(found.rows.tolist(), found.columns.tolist(), found.mass.tolist(), strict=True):
        rows[i] += Fraction(mass)
        columns[j] += Fraction(mass)
    return rows, columns
