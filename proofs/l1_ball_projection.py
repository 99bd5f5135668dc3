"""One equation certifies the projection on the l1 ball, which never moves two points apart in the 2-norm.

Statement
---------
Let r > 0, B the x in R^d with |x|_1 <= r, and v in R^d.
(1) Exactly one x in B is nearest to v in the 2-norm, P v, and it is the one x in B with (v - x) . x = r |v - x|_inf.
(2) If |v|_1 > r, there is one t with sum_i max(|v_i| - t, 0) = r, and (P v)_i = sign(v_i) max(|v_i| - t, 0).
(3) |P v - P w|_2^2 <= (v - w) . (P v - P w), so |P v - P w|_2 <= |v - w|_2.
(4) P has the derivative I where |v|_1 < r, and where |v|_1 > r and no |v_i| equals t the derivative diag(s_i^2) - s s^T
/ |s|_0, with s the signs of P v and |s|_0 how many are not 0. That is the orthogonal projection on the directions
inside the face of P v: those u with u_i = 0 where s_i = 0, and s . u = 0.

Our reading
-----------
Anil, Lucas, Grosse (2019) project the rows of a weight on this ball, which bounds its operator norm for the inf-norm by
r. (1) is the optimality (KKT) condition of the projection: whoever doubts a result checks one equation, however it was
computed. The ball is solid: a point inside stays where it is.

Argument
--------
(1) The largest g . z over z in B is r |g|_inf: all weight on a largest |g_i|. So the equation, for g = v - x, says that
(v - x) . (z - x) <= 0 for all z in B. Then |v - z|^2 = |v - x|^2 - 2 (v - x) . (z - x) + |z - x|^2 >=
|v - x|^2 + |z - x|^2: x is nearest, and nobody else is. A nearest x exists, B being compact, and satisfies it: with
y = x + h (z - x) in B for 0 < h <= 1, |v - y|^2 >= |v - x|^2 says -2 (v - x) . (z - x) + h |z - x|^2 >= 0, and h tends
to 0.
(2) The sum is continuous in t and strictly decreasing until it is 0; at t = 0 it is |v|_1 > r. With x as given, v - x
has the entries sign(v_i) min(|v_i|, t), the largest being t, and (v - x) . x = t sum_i max(|v_i| - t, 0) = t r:
(1) holds.
(3) Add (v - P v) . (P w - P v) <= 0 and (w - P w) . (P v - P w) <= 0; then apply Cauchy-Schwarz.
(4) Nearby, t moves continuously, so the set of |v_i| > t and the signs stay: there t = (sum_i s_i v_i - r) / |s|_0 and
x_i = s_i^2 v_i - s_i t, which is affine with the matrix named. It takes s and the e_i with s_i = 0 to 0 and keeps the
other directions.

Construction
------------
All v in {-3, ..., 3}^3 and r = 2: inside, on the sphere, at the threshold, and above each of the 26 faces.

What is checked
---------------
For these v, of `spec.project_l1_ball`: (1) the equation, which makes each result nearest and unique; (2) its form; (3)
for pairs; (4) derivatives by dual numbers on every face, along all unit vectors, against the formula, and that the
matrix is symmetric, equal to its square and of trace |s|_0 - 1; that no derivative is given at the other points.

What is not shown
-----------------
By the check: other dimensions and points; these rest on the argument. By either: how to find t fast, and what may be
returned as a derivative where there is none.

Uses
----
Nothing.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import product

from proofs.certificate import Certificate, require
from refsort import spec
from refsort.spec.exact import Matrix, Vector, dot, identity, transpose
from refsort.spec.exact import product as matmul

GRADE = "EXACT"
RADIUS = Fraction(2)


def construct() -> list[Vector]:
    """The points v."""
    return [[Fraction(x) for x in v] for v in product(range(-3, 4), repeat=3)]


def verify() -> Certificate:
    """Check the four parts."""
    points = construct()
    images = [spec.project_l1_ball(v, RADIUS) for v in points]
    for v, x in zip(points, images, strict=True):
        require(certified(v, x, RADIUS), f"v = {_text(v)}: {_text(x)} does not satisfy the condition")
        require(_norm1(v) <= RADIUS or _shrunk(v, x), f"v = {_text(v)}: {_text(x)} is not v moved towards 0 by one t")
    pairs = [(i, j) for i in range(0, len(points), 5) for j in range(0, i, 4)]
    for i, j in pairs:
        moved, apart = _minus(images[i], images[j]), _minus(points[i], points[j])
        require(
            dot(moved, moved) <= dot(apart, moved), f"v = {_text(points[i])}, w = {_text(points[j])} are moved apart"
        )
    faces, kinks = set(), 0
    for v, x in zip(points, images, strict=True):
        try:
            jacobian = _jacobian(v)
        except spec.KinkError:
            t = max(map(abs, _minus(v, x)))
            require(_norm1(v) == RADIUS or t in map(abs, v), f"v = {_text(v)} is refused a derivative")
            kinks += 1
            continue
        signs = tuple((y > 0) - (y < 0) for y in x)
        inside = _norm1(v) < RADIUS
        require(jacobian == (identity(3) if inside else _of_the_face(signs)), f"v = {_text(v)}: derivative {jacobian}")
        require(inside or _is_projection(jacobian, sum(map(abs, signs)) - 1), f"{jacobian} is no orthogonal projection")
        faces |= set() if inside else {signs}
    require(len(faces) == 26, f"only {len(faces)} of the 26 faces were met")
    v = points[-3]
    return Certificate(
        GRADE,
        (
            f"(1), (2): {len(points)} points carry their certificate and have the form with one t",
            f"(3): {len(pairs)} pairs of points",
            f"(4): derivatives at {len(points) - kinks} points, on all {len(faces)} faces and inside; none is given at "
            f"{kinks} points on the sphere or at the threshold",
        ),
        f"v = {_text(v)} goes to {_text(images[-3])}: v - x = {_text(_minus(v, images[-3]))}, and (v - x) . x = "
        f"{dot(_minus(v, images[-3]), images[-3])} is 2 times its largest entry",
    )


def certified(v: Vector, x: Vector, radius: Fraction) -> bool:
    """Whether x is in the ball and satisfies the equation of (1), so that it is the nearest point to v."""
    g = _minus(v, x)
    return _norm1(x) <= radius and dot(g, x) == radius * max(map(abs, g))


def sabotage() -> dict[str, str]:
    """Each hypothesis dropped, with the counterexample that it excludes."""
    half, one = Fraction(1, 2), Fraction(1)
    origin = [Fraction(0), Fraction(0)]
    tied = {dot(x, x) for x in ([half, half], [-half, half], [half, -half], [-half, -half])}
    sphere = [[1 - u, u] for u in (Fraction(k, 12) for k in range(13))]
    require(tied == {min(dot(x, x) for x in sphere)}, "the four are not nearest to 0, or not equally so")
    nearer = {_norm1(_minus([one, one], x)) for x in ([one, origin[0]], [half, half], [origin[0], one])}
    require(len(nearer) == 1, "the 1-norm tells the three apart")
    v, w = [Fraction(4)] * 3, [Fraction(5), Fraction(4), Fraction(4)]
    spread = _norm1(_minus(*(spec.project_l1_ball(x, 3) for x in (w, v))))
    require(spread > _norm1(_minus(w, v)), "the 1-norm of the difference does not grow")
    scaled = [[a * Fraction(1, _norm1(x)) for a in x] for x in ([one, origin[0]], [one, Fraction(1, 4)])]
    apart = _minus(*scaled)
    require(not certified([one, Fraction(1, 4)], scaled[1], one), "the scaled point is nearest")
    require(dot(apart, apart) > Fraction(1, 16), "scaling does not move points apart")
    clipped = [max(Fraction(0), a - half) for a in [Fraction(3), one]]
    require(not certified([Fraction(3), one], clipped, one), "another t is nearest as well")
    h = Fraction(1, 10)
    kink = [spec.project_l1_ball([2, 1 + e], 1)[1] * Fraction(1, e) for e in (h, -h)]
    edge = [(spec.project_l1_ball([1 + e, 0], 1)[0] - 1) * Fraction(1, e) for e in (h, -h)]
    require(kink[0] != kink[1] and edge[0] != edge[1], "the one-sided derivatives agree")
    return {
        "the ball, and not its sphere": f"(1/2, 1/2) and its three mirror images are nearest to 0 on |x|_1 = 1, all at "
        f"the squared distance {min(tied)}",
        "the 2-norm, for one nearest point": f"(1, 0), (1/2, 1/2) and (0, 1) are at the 1-norm distance {min(nearer)} "
        "from (1, 1)",
        "the 2-norm, for moving nothing apart": f"for r = 3, (4, 4, 4) and (5, 4, 4) are 1 apart in the 1-norm and "
        f"their projections {spread}",
        "the nearest point": f"v r / |v|_1 takes (1, 0) and (1, 1/4) to points at the squared distance "
        f"{dot(apart, apart)} > 1/16",
        "the one t": f"moving (3, 1) by t = 1/2 gives {_text(clipped)}, outside of |x|_1 <= 1",
        "no |v_i| = t": f"at (2, 1), r = 1, t = 1, the second entry has the slopes {kink[0]} and {kink[1]}",
        "|v|_1 not r": f"at (1, 0), r = 1, the first entry has the slopes {edge[0]} and {edge[1]}",
    }


def _jacobian(v: Vector) -> Matrix:
    """By dual numbers, one column a unit vector."""
    return transpose([spec.derivative(lambda x: spec.project_l1_ball(x, RADIUS), v, e) for e in identity(len(v))])


def _of_the_face(signs: tuple[int, ...]) -> Matrix:
    """diag(s^2) - s s^T / |s|_0."""
    n = sum(map(abs, signs))
    return [[Fraction(a * a * (i == j)) - Fraction(a * b, n) for j, b in enumerate(signs)] for i, a in enumerate(signs)]


def _is_projection(a: Matrix, rank: int) -> bool:
    """Symmetric and equal to its square: the orthogonal projection on its range, whose dimension is its trace."""
    return a == transpose(a) == matmul(a, a) and sum(row[i] for i, row in enumerate(a)) == rank


def _shrunk(v: Vector, x: Vector) -> bool:
    t = max(map(abs, _minus(v, x)))
    wanted = [(1 if a > 0 else -1) * max(abs(a) - t, Fraction(0)) for a in v]
    return x == wanted and _norm1(x) == RADIUS


def _norm1(x: Vector) -> Fraction:
    return sum(map(abs, x), Fraction(0))


def _minus(x: Vector, y: Vector) -> Vector:
    return [a - b for a, b in zip(x, y, strict=True)]


def _text(x: Vector) -> str:
    return f"({', '.join(map(str, x))})"
