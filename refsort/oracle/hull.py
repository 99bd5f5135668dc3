"""Membership in a convex hull of candidate gradients, decided without trusting a solver.

An implementation usually returns one of the candidates, which is compared with each of them exactly. Where it returns
something in between, a small linear programme proposes weights; the point that these weights give is then computed
exactly and its distance measured exactly. So a wrong answer of the solver cannot make a wrong gradient pass.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from scipy.optimize import linprog

Ratio = Fraction | float  # a float where it is infinite, or not a number
_SOLVER = Fraction(1, 10**8)  # what HiGHS, asked for 1e-10, may be off by, relative to the largest candidate
_FEASIBILITY = 1e-10  # the smallest tolerance that HiGHS takes


class Candidate(NamedTuple):
    """An admissible gradient and how far a computed one may be from it, entry by entry."""

    gradient: list[Fraction]
    bound: list[Fraction]


def hull_ratio(found: Sequence[Fraction], candidates: Sequence[Candidate]) -> Ratio:
    """Error over bound: 0 for an exact candidate, at most 1 for what rounding explains, more outside of the hull.

    Examples
    --------
    >>> exactly = [Fraction(0), Fraction(0)]
    >>> ends = [Candidate([Fraction(0), Fraction(0)], exactly), Candidate([Fraction(2), Fraction(4)], exactly)]
    >>> hull_ratio([Fraction(2), Fraction(4)], ends)
    Fraction(0, 1)
    >>> hull_ratio([Fraction(1), Fraction(2)], ends) <= 1 < hull_ratio([Fraction(1), Fraction(3)], ends)
    True
    """
    ratio = min(_ratio(found, candidate) for candidate in candidates)
    if ratio <= 1 or len(candidates) == 1:
        return ratio
    largest = max(abs(entry) for candidate in candidates for entry in candidate.gradient)
    if any(abs(f) > 2 * largest for f in found):  # far outside, and out of the solver's range perhaps
        return ratio
    weights = _weights(found, candidates, largest)
    mixed = [[w * entry for entry in c.gradient] for w, c in zip(weights, candidates, strict=True)]
    point = [sum(column, Fraction(0)) for column in zip(*mixed, strict=True)]
    bound = [max(column) + _SOLVER * largest for column in zip(*(c.bound for c in candidates), strict=True)]
    return min(ratio, _ratio(found, Candidate(point, bound)))


def over(error: Fraction, bound: Fraction) -> Ratio:
    """``error / bound``, where no error is 0 and an error where none is allowed is infinite."""
    if error == 0:
        return Fraction(0)
    return error / bound if bound else math.inf


def _ratio(found: Sequence[Fraction], candidate: Candidate) -> Ratio:
    return max(over(abs(f - g), bound) for f, g, bound in zip(found, *candidate, strict=True))


def _weights(found: Sequence[Fraction], candidates: Sequence[Candidate], largest: Fraction) -> list[Fraction]:
    """Non-negative weights of sum 1 that bring the mixture nearest to `found` in the maximum norm.

    The programme: minimise t subject to -t <= (sum_m w_m g_m - found)_i <= t, in units of the largest candidate.
    """
    points = np.array([[float(entry / largest) for entry in c.gradient] for c in candidates]).T
    target = np.array([float(entry / largest) for entry in found])
    slack = np.ones((len(target), 1))
    count = len(candidates)
    result = linprog(
        c=[0.0] * count + [1.0],
        A_ub=np.block([[points, -slack], [-points, -slack]]),
        b_ub=np.concatenate([target, -target]),
        A_eq=[[1.0] * count + [0.0]],
        b_eq=[1.0],
        bounds=(0, None),
        options={"primal_feasibility_tolerance": _FEASIBILITY, "dual_feasibility_tolerance": _FEASIBILITY},
    )
    weights = [max(Fraction(0), Fraction(w)) for w in (result.x[:-1] if result.x is not None else np.ones(count))]
    total = sum(weights, Fraction(0))
    return [w / total for w in weights]
