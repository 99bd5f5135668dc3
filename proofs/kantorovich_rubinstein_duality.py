"""The least cost of moving P to Q is the largest mean difference of a 1-Lipschitz function, and a network attains it.

Statement
---------
Let d be a metric, P with masses p_i at x_1, ..., x_n, Q with masses q_j at z_1, ..., z_m, all positive, sum p_i = sum
q_j = 1. A plan is m_ij >= 0 with sum_j m_ij = p_i, sum_i m_ij = q_j; W_1 is the least cost sum m_ij d(x_i, z_j) of a
plan. For 1-Lipschitz f let D(f) = sum p_i f(x_i) - sum q_j f(z_j). (1) D(f) <= W_1. (2) Some f on the points has D(f) =
W_1. (3) A plan and an f have equal values if and only if f(x_i) - f(z_j) = d(x_i, z_j) wherever m_ij > 0; then both are
optimal. (4) The values phi_i = f(x_i) of an optimal f are enough: g(x) = max_i (phi_i - d(x, x_i)) is 1-Lipschitz and
has D(g) = W_1. For the l1- and the linf-distance of R^k g is exactly a MaxMin network, of norm 1 from that norm to the
inf-norm in the first layer and 1 after it; for the l2-distance and every eps > 0 there is one with W_1 - eps <= D <=
W_1.

Our reading
-----------
Kantorovich and Rubinstein (1958), for finite supports; it holds for all measures with finite first moments (Villani
2003, chapter 1). After Anil et al. (2019), who train networks to maximise D; here the maximiser is written down.

Argument
--------
(1), (3) D(f) = sum m_ij (f(x_i) - f(z_j)) by the two marginals, and each bracket is at most d(x_i, z_j): so D(f) is at
most the cost of any plan, with equality if and only if the bracket is the distance wherever m_ij > 0. (2) Start from
any plan. If there are i_1, j_1, ..., i_k, j_k with m > 0 at all (i_r, j_r) and sum d(x_(i_r), z_(j_(r+1))) < sum
d(x_(i_r), z_(j_r)), j_(k+1) = j_1, the pairs distinct, move mass from the second pairs to the first: it is a plan again
and costs less. With rational masses and distances every such step saves a multiple of one fixed unit, so this ends;
with real ones start at a plan of least cost, which exists as the plans are a compact set. So let there be no such
cycle. Walk between the points: a step u -> v costs d(u, v), and a step back z_j -> x_i, allowed where m_ij > 0, costs
-d(x_i, z_j). No closed walk has a negative cost: one that goes back along the same move twice splits into two, and by
the triangle inequality all steps between two steps back are replaced by one, from some x_i to some z_j; what remains is
the difference of the two sums above. So the least cost L(v) of a walk from the first point to v is finite, L(v) <= L(u)
+ d(u, v), and L(x_i) <= L(z_j) - d(x_i, z_j) where m_ij > 0. So f = -L is 1-Lipschitz and has the equality of (3). (4)
g is 1-Lipschitz as a maximum of such functions. g(x_i) >= phi_i, by the i-th term, and g(z_j) <= f(z_j), as phi_i -
d(z_j, x_i) <= f(z_j). So D(g) >= D(f) = W_1, and (1) is the other side. A cone of l1 or linf is a maximum of affine
functions, see `mcshane_whitney_extensions`; a network between g and g + eps at the points has D >= D(g) - eps.

Construction
------------
Plan and f by `proofs.transport`, in rationals, f as the mean over all points to walk from; g by
`refsort.constructions.optimal_potential` over the rationals.

What is checked
---------------
In rationals, for three pairs (P, Q) on points of the plane whose l2-distances are rational, three metrics: the plan's
marginals and signs; that f is 1-Lipschitz; equal values; the equality of (3); the network's values at the points, its D
and the norms of its layers. W_1 by other routes: over all permutations for equal masses, and as the area between the
distribution functions on the line.

What is not shown
-----------------
By the check: other measures. By either: measures with infinite supports, and that training finds the maximiser.

Uses
----
- `mcshane_whitney_extensions`
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise, permutations
from typing import Any, NamedTuple

from proofs.certificate import Certificate, require
from proofs.mcshane_whitney_extensions import Metric, Vector, chebyshev, manhattan
from proofs.networks import INF, evaluate, norms, rational
from proofs.transport import cost_of, first_plan, optimal_plan, potential
from refsort import constructions, spec
from refsort.spec.exact import Matrix

GRADE = "EXACT"
EPS = Fraction(1, 8)


class Problem(NamedTuple):
    """P on `sources`, Q on `targets`."""

    name: str
    sources: list[Vector]
    p: Vector
    targets: list[Vector]
    q: Vector


class Solution(NamedTuple):
    """A plan, f at the points of P and of Q, and g as a network with its parameters."""

    plan: Matrix
    at_sources: Vector
    at_targets: Vector
    network: Any
    params: Any


def euclidean(x: Vector, y: Vector) -> Fraction:
    """The l2-distance, where it is rational."""
    root = spec.sqrt_enclosure(sum((a - b) ** 2 for a, b in zip(x, y, strict=True)))
    require(root.lo == root.hi, f"|{x} - {y}| is not rational")
    return root.lo


METRICS: dict[str, tuple[Metric, Any]] = {"linf": (chebyshev, INF), "l1": (manhattan, 1), "l2": (euclidean, 2)}


def _points(*pairs: tuple[int, int]) -> list[Vector]:
    """In twelfths: distances of (0, 12) from (5, 0), (9, 0), (16, 0) are 13, 15, 20."""
    return [[Fraction(a, 12), Fraction(b, 12)] for a, b in pairs]


def _shares(*weights: int) -> Vector:
    return [Fraction(w, sum(weights)) for w in weights]


SOURCES, TARGETS = _points((0, 12), (5, 0), (-16, 0), (9, 0)), _points((0, -12), (-5, 0), (16, 0), (-9, 0))
PROBLEMS = [
    Problem("equal", SOURCES, _shares(1, 1, 1, 1), TARGETS, _shares(1, 1, 1, 1)),
    Problem("unequal", SOURCES, _shares(1, 5, 2, 3), TARGETS[:3], _shares(2, 3, 1)),
    Problem("line", SOURCES[1:], _shares(3, 2, 2), [*TARGETS[1:], SOURCES[1]], _shares(1, 4, 1, 1)),
]


def construct(problem: Problem, metric: str) -> Solution:
    """An optimal plan, an optimal f, and the network."""
    distance, n = METRICS[metric][0], len(problem.sources)
    everything = problem.sources + problem.targets
    distances = [[distance(x, y) for y in everything] for x in everything]
    plan = optimal_plan(problem.p, problem.q, [row[n:] for row in distances[:n]])
    moves = [(i, n + j) for i, row in enumerate(plan) for j, mass in enumerate(row) if mass]
    f = potential(len(everything), distances, moves)
    box = [[min(side), max(side)] for side in zip(*everything, strict=True)]
    extra = {"eps": EPS, "box": box} if metric == "l2" else {}
    network, params = constructions.optimal_potential(problem.sources, f[:n], metric, **extra)
    return Solution(plan, f[:n], f[n:], network, rational(params))


def verify() -> Certificate:
    """Check both certificates, the network, and W_1 by other routes."""
    lines = []
    for problem in PROBLEMS:
        for metric, (distance, p) in METRICS.items():
            found, name = construct(problem, metric), f"{problem.name}, {metric}"
            value = _certified(problem, found, distance, name)
            on_network = [evaluate(found.network, found.params, x)[0] for x in problem.sources + problem.targets]
            n, slack = len(problem.sources), EPS if metric == "l2" else Fraction(0)
            dual = mean_difference(problem, on_network[:n], on_network[n:])
            require(value - slack <= dual <= value, f"{name}: the network has D = {dual}, and W_1 = {value}")
            sizes = [norm.hi for norm in norms(found.network, found.params, p, INF)]
            require(max(sizes) <= 1, f"{name}: norms {sizes}")
            if problem.name == "equal":
                other = min(_assignment(problem, distance, order) for order in permutations(range(n)))
                require(value == other, f"{name}: {value}, and the best permutation costs {other}")
            if problem.name == "line":
                require(value == area(problem), f"{name}: {value}, and the area is {area(problem)}")
            lines.append(f"{name}: {value}" + f", D = {_short(dual)}" * (metric == "l2"))
    return Certificate(
        GRADE,
        (
            f"plan, f and network certify W_1 {len(lines)} times: {'; '.join(lines)}",
            "W_1 is the cost of the best permutation, and the area between the distribution functions on the line",
        ),
        f"equal, linf: f = {_text(construct(PROBLEMS[0], 'linf').at_sources)} on P, "
        f"{_text(construct(PROBLEMS[0], 'linf').at_targets)} on Q",
    )


def sabotage() -> dict[str, str]:
    """Each hypothesis dropped, with what then fails."""
    problem = PROBLEMS[0]
    found = construct(problem, "linf")
    cost = [[chebyshev(x, z) for z in problem.targets] for x in problem.sources]
    best = cost_of(found.plan, cost)
    doubled = mean_difference(problem, [2 * v for v in found.at_sources], [2 * v for v in found.at_targets])
    require(doubled > best, f"{doubled}")
    heavier = problem._replace(p=[2 * v for v in problem.p])
    constant = [Fraction(100)] * len(problem.p)
    unbounded = mean_difference(heavier, constant, constant)
    require(unbounded > 2 * best, f"{unbounded}")
    line = [0, 1, 2]  # d(x, y) = |x - y|^2, P at 0, Q at 2: f falls by at most 1 from 0 to 1, and from 1 to 2
    fall, squared = sum((a - b) ** 2 for a, b in pairwise(line)), (line[0] - line[-1]) ** 2
    require(fall < squared, f"{fall} and {squared}")
    careless = cost_of(first_plan(problem.p, problem.q), cost)
    require(careless > best, f"{careless}")
    network, params = constructions.optimal_potential(problem.sources, [0 * v for v in found.at_sources], "linf")
    values = [evaluate(network, params, x)[0] for x in problem.sources + problem.targets]
    less = mean_difference(problem, values[:4], values[4:])
    require(less < best, f"{less}")
    flat = construct(problem, "l2")
    there = [evaluate(flat.network, flat.params, x)[0] for x in problem.sources + problem.targets]
    gap = _certified(problem, flat, euclidean, "l2") - mean_difference(problem, there[:4], there[4:])
    require(gap > 0, "the l2 network is exact")
    return {
        "f is 1-Lipschitz": f"2 f has D = {doubled}, above W_1 = {best}",
        "equal masses": f"with P doubled the constant 100 has D = {unbounded}, and no plan exists",
        "the triangle inequality": f"|x - y|^2 for d, P at 0, Q at 2 and a point at 1: D <= {fall}, cost {squared}",
        "a plan without improving cycles": f"the first plan costs {careless}, above W_1 = {best}",
        "phi optimal": f"phi = 0 gives a network with D = {less}, below W_1 = {best}",
        "l1 or linf, for equality": f"the l2 network for eps = {EPS} falls short of W_1 by {_short(gap)}",
    }


def mean_difference(problem: Problem, at_sources: Sequence[Fraction], at_targets: Sequence[Fraction]) -> Fraction:
    """D(f)."""
    terms = [m * v for m, v in zip(problem.p, at_sources, strict=True)]
    terms += [-m * v for m, v in zip(problem.q, at_targets, strict=True)]
    return sum(terms, Fraction(0))


def area(problem: Problem) -> Fraction:
    """The integral of the distance of the distribution functions of the first coordinate."""
    jumps = [(x[0], m) for x, m in zip(problem.sources, problem.p, strict=True)]
    jumps += [(z[0], -m) for z, m in zip(problem.targets, problem.q, strict=True)]
    ends, total, height = sorted(jumps), Fraction(0), Fraction(0)
    for (a, mass), (b, _) in pairwise(ends):
        height += mass
        total += abs(height) * (b - a)
    return total


def _certified(problem: Problem, found: Solution, distance: Metric, name: str) -> Fraction:
    """W_1, if plan and f certify each other."""
    cost = [[distance(x, z) for z in problem.targets] for x in problem.sources]
    require(all(m >= 0 for row in found.plan for m in row), f"{name}: negative mass in {found.plan}")
    require([sum(row) for row in found.plan] == problem.p, f"{name}: the plan does not leave P")
    require([sum(column) for column in zip(*found.plan, strict=True)] == problem.q, f"{name}: it does not reach Q")
    known = list(zip(problem.sources + problem.targets, found.at_sources + found.at_targets, strict=True))
    for x, u in known:
        for y, v in known:
            require(abs(u - v) <= distance(x, y), f"{name}: f is {u} at {x} and {v} at {y}")
    value = cost_of(found.plan, cost)
    dual = mean_difference(problem, found.at_sources, found.at_targets)
    require(value == dual, f"{name}: the plan costs {value}, and D(f) = {dual}")
    for i, row in enumerate(found.plan):
        for j, mass in enumerate(row):
            fall = found.at_sources[i] - found.at_targets[j]
            require(not mass or fall == cost[i][j], f"{name}: mass {mass} from {i} to {j}, where f falls by {fall}")
    return value


def _assignment(problem: Problem, distance: Metric, order: Sequence[int]) -> Fraction:
    total = sum((distance(x, problem.targets[j]) for x, j in zip(problem.sources, order, strict=True)), Fraction(0))
    return total * problem.p[0]


def _short(x: Fraction) -> str:
    return f"{(1000 * x).__floor__()}/1000"


def _text(v: Sequence[Fraction]) -> str:
    return f"({', '.join(map(str, v))})"
