"""In the inf-norm on the output, networks stacked side by side are universal for maps into R^C, at C times the size.

Statement
---------
Let F: cube in R^d -> R^C with |F(x) - F(y)|_inf <= |x - y|_p, p = 1, 2 or inf, and eps > 0. (1) There is a MaxMin
network N with |N(x) - F(x)|_inf <= eps on the cube, first layer of norm at most 1 from the p-norm to the inf-norm,
later layers of inf-norm at most 1. It has the depth of the deepest of C scalar networks for the components and, if
their depths are equal, the sum of their units. (2) Every such network has |N(x) - N(y)|_inf <= |x - y|_p. (3) It has
|N(x) - N(y)|_2 <= sqrt(C) |x - y|_p, and the factor is attained. (4) For p = 1 and inf and points x_i with values y_i
in R^C, |y_i - y_j|_inf <= |x_i - x_j|_p, some such network has N(x_i) = y_i.

Our reading
-----------
After Anil et al. (2019), who remark that the scalar theorem extends to vectors in the inf-norm. For the 2-norm on the
output we know no such construction.

Argument
--------
(1) |F(x) - F(y)|_inf is the largest |F_c(x) - F_c(y)|, so each F_c is 1-Lipschitz, and by
`max_min_networks_are_universal` it has a network N_c within eps. Give all the same depth, see
`max_min_networks_form_a_lattice`: a feature that waits goes as a pair (z, z). Stack: the first weights below each
other, later ones as blocks. An operator norm into the inf-norm is the largest dual norm of a row, and the rows are
those of the N_c, with zeros: norms do not grow. The MaxMin pairs are those of the N_c, as each has an even number of
hidden features. The error is the largest of the errors of the N_c. (2) MaxMin is 1-Lipschitz in the inf-norm, and
Lipschitz constants multiply. (3) |v|_2 <= sqrt(C) |v|_inf; attained by N(x) = (x_1, ..., x_1). (4) The lower
McShane-Whitney extension of each component's values, stacked, see `mcshane_whitney_extensions`.

Construction
------------
(1): `refsort.constructions.universal` for two components and `refsort.constructions.piecewise_linear` for the third, so
that depths differ; stacked on the parameters. (4): `refsort.constructions.mcshane` with three columns.

What is checked
---------------
In rationals, d = 2 and C = 3, p = inf, 1 and 2, eps = 1/4 or 1/2: the norms; the depth; N against F at 9 points of the
unit cube; (2) for all pairs of them. (4) for five points, both metrics: norms and values. (3) for C = 3.

What is not shown
-----------------
By the check: other maps. By either: anything for the 2-norm on the output with constant 1, where the rows of a weight
share one norm.

Uses
----
- `max_min_networks_are_universal`
- `max_min_networks_form_a_lattice`
- `mcshane_whitney_extensions`
- `lipschitz_maps_compose`
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import reduce
from itertools import combinations, product
from typing import Any

from proofs.certificate import Certificate, refusal, require
from proofs.layers import Layer, Vector, layer, value
from proofs.max_min_networks_are_universal import construct as universal
from proofs.max_min_networks_form_a_lattice import plain, stacked
from proofs.mcshane_whitney_extensions import METRICS, POINTS
from proofs.networks import INF, evaluate, norms, rational
from refsort import constructions, spec

GRADE = "EXACT"
Function = Callable[[Vector], Fraction]

HALF, QUARTER = Fraction(1, 2), Fraction(1, 4)
GRID = [[Fraction(a, 3), Fraction(b, 3)] for a, b in product((0, 1, 3), repeat=2)]
COMPONENTS: list[Function] = [  # 1-Lipschitz in every p-norm
    lambda x: abs(abs(x[0] - HALF) - Fraction(1, 6)),
    lambda x: max(x[0], 1 - x[1]),
    lambda x: min(x[0], x[1], QUARTER),
]
CASES = [(INF, QUARTER), (1, HALF), (2, HALF)]
VALUES = [[Fraction(v) for v in row] for row in ((0, 0, 1), (1, -1, 2), (-1, 2, 0), (1, HALF, 1), (2, -1, -1))]


def construct(p: Any, eps: Fraction) -> tuple[list[list[Layer]], list[Layer]]:
    """The networks of the components, and all of them in one."""
    near = [plain(*universal(p, 2, eps, f)[:2]) for f in COMPONENTS[:2]]
    one, zero = Fraction(1), Fraction(0)
    exact = constructions.piecewise_linear([[[one, zero], [zero, one], [zero, zero]]], [[zero, zero, QUARTER]])
    single = [*near, plain(*exact)]
    return single, reduce(stacked, single)


def verify() -> Certificate:
    """Check (1) and (2) for three p, (4) for two metrics, and (3)."""
    lines = []
    for p, eps in CASES:
        single, joined = construct(p, eps)
        depths = [len(layers) for layers in single]
        require(len(set(depths)) > 1 and len(joined) == max(depths), f"p = {p}: depths {depths}, {len(joined)}")
        sizes = [spec.operator_norm(w, p if i == 0 else INF, INF).hi for i, (w, _) in enumerate(joined)]
        require(max(sizes) <= 1, f"p = {p}: norms {sizes}")
        images = [value(joined, spec.max_min, x) for x in GRID]
        for x, found in zip(GRID, images, strict=True):
            due = [f(x) for f in COMPONENTS]
            require(len(found) == len(due) and _far(found, due) <= eps, f"p = {p}: {found} at {x}, and F is {due}")
        for (x, u), (y, v) in combinations(zip(GRID, images, strict=True), 2):
            require(_at_most(_far(u, v), x, y, p), f"p = {p}: (2) fails for {x} and {y}: {u} and {v}")
        lines.append(f"p = {p}: affine layers {depths}, together {[len(b) for _, b in joined]} units")
    for metric, (_, p) in METRICS.items():
        network, params = constructions.mcshane(POINTS, VALUES, metric)
        sizes = [norm.hi for norm in norms(network, rational(params), p, INF)]
        require(max(sizes) <= 1, f"{metric}: norms {sizes}")
        for x, due in zip(POINTS, VALUES, strict=True):
            found = evaluate(network, params, x)
            require(found == due, f"(4), {metric}: {found} at {x}, where {due} is due")
    require(_squared_stretch() == 3, f"(3): |N(1) - N(0)|^2 = {_squared_stretch()}")
    return Certificate(
        GRADE,
        (
            f"(1), (2): three components in one network at {len(GRID)} points and all their pairs; {'; '.join(lines)}",
            f"(3): attained for C = 3; (4): {len(POINTS)} points with values in R^3, two metrics",
        ),
        "F = (| |x - 1/2| - 1/6 |, max(x, 1 - y), min(x, y, 1/4))",
    )


def sabotage() -> dict[str, str]:
    """Each hypothesis dropped, with what then fails."""
    single, _ = construct(INF, QUARTER)
    shallow = min(len(layers) for layers in single)
    cut = reduce(stacked, [layers[:shallow] for layers in single])
    x = [Fraction(0), Fraction(1)]
    early = value(cut, spec.max_min, x)[0]
    require(abs(early - COMPONENTS[0](x)) > QUARTER, f"{early}")
    waiting = [Fraction(1), Fraction(0)]  # two features of two components as neighbours, in place of two pairs
    mixed = spec.max_min(waiting)
    require(mixed != waiting, f"{mixed}")
    refused = refusal(lambda: constructions.mcshane(POINTS, [[2 * v for v in row] for row in VALUES], "linf"))
    stretched = _squared_stretch()
    require(stretched > 1, f"{stretched}")
    first = [w[0] for w, _ in (single[1][0], single[2][0])]
    total = sum(abs(v) for row in first for v in row)
    require(total > 1, f"{total}")
    return {
        "the inf-norm on the output": f"N(x) = (x, x, x) has squared 2-norm distance {stretched} between 0 and 1",
        "equal depth": f"all networks cut at {shallow} affine layers: the first value is {early} at (0, 1), and F_1 is "
        f"{COMPONENTS[0](x)}",
        "pairs for what waits": f"two features (1, 0) side by side become {_text(mixed)} in MaxMin",
        "F is 1-Lipschitz": f"doubled values are refused: {refused}",
        "norms of rows": f"the first rows of two components together have l1-norm {total}, and each has 1",
    }


def _far(u: Sequence[Fraction], v: Sequence[Fraction]) -> Fraction:
    return max(abs(a - b) for a, b in zip(u, v, strict=True))


def _at_most(moved: Fraction, x: Vector, y: Vector, p: Any) -> bool:
    """Whether `moved` is at most ``|x - y|_p``."""
    sizes = [abs(a - b) for a, b in zip(x, y, strict=True)]
    if p == 2:
        return moved**2 <= sum(s * s for s in sizes)
    return moved <= (max(sizes) if p == INF else sum(sizes))


def _squared_stretch() -> Fraction:
    """``|N(1) - N(0)|_2^2`` of N(x) = (x, x, x), whose norm into the inf-norm is 1."""
    copies = layer([[1], [1], [1]])
    require(spec.operator_norm(copies[0], INF, INF).hi == 1, "the norm of three copies is not 1")
    ends = [value([copies], spec.max_min, [Fraction(x)]) for x in (0, 1)]
    return sum(((a - b) ** 2 for a, b in zip(*ends, strict=True)), Fraction(0))


def _text(v: Sequence[Fraction]) -> str:
    return f"({', '.join(map(str, v))})"
