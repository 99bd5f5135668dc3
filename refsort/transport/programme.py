"""Weighted points in any number: a linear programme, solved by SciPy's HiGHS.

    W_1 = min sum_ij c_ij m_ij    over m >= 0 with  sum_j m_ij = a_i,  sum_i m_ij = b_j.

The dual solution, f_i on the constraints of x and -g_j on those of y, has f_i - g_j <= c_ij up to the solver's
tolerance; the caller makes it feasible.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array

from refsort.ops.arrays import Array
from refsort.transport.samples import Measure
from refsort.transport.solution import Solution

_TOLERANCE = 1e-10  # the smallest that HiGHS takes


def solve_programme(matrix: Array, p: Measure, q: Measure) -> Solution:
    """The coupling and the potential on x that HiGHS finds for a cost matrix (m, n) whose rows belong to y.

    Points of probability 0 take no part. Masses are scaled so that the mean one of the larger sample is 1, far above
    the solver's tolerance.

    Raises
    ------
    RuntimeError
        Where HiGHS stops without an optimum; with its message.
    """
    of_x, of_y = np.flatnonzero(p.weights), np.flatnonzero(q.weights)
    n, m = len(of_x), len(of_y)
    size = max(n, m)
    a = p.weights[of_x] * float(p.scale * size)
    b = q.weights[of_y] * float(q.scale * size)
    costs = matrix if n * m == matrix.size else matrix[np.ix_(of_y, of_x)]
    found = linprog(
        costs.ravel(),
        A_eq=_marginals(n, m),
        b_eq=np.concatenate([a, b]),
        method="highs",
        options={"primal_feasibility_tolerance": _TOLERANCE, "dual_feasibility_tolerance": _TOLERANCE},
    )
    if found.status != 0:
        raise RuntimeError(f"wasserstein1: the linear programme was not solved: {found.message}")
    mass = found.x.reshape(m, n)
    columns, rows = np.nonzero(mass > 0)
    f = np.full(len(p.points), -np.inf)  # no say where there is no mass
    f[of_x] = found.eqlin.marginals[:n]
    return Solution(of_x[rows], of_y[columns], mass[columns, rows], Fraction(1, size), f)


def _marginals(n: int, m: int) -> csr_array:
    """The n + m constraints on the m n masses, those of x first: two ones in each column."""
    cell = np.arange(m * n)
    rows = np.concatenate([cell % n, n + cell // n])
    return csr_array((np.ones(2 * m * n), (rows, np.concatenate([cell, cell]))), shape=(n + m, m * n))
