"""Bjorck's iteration converges to the polar factor: the nearest matrix with orthonormal columns, in the Frobenius norm.

Statement
---------
Let W be m by n of rank n.
(1) There is exactly one pair O, H with W = O H, O^T O = I and H symmetric positive definite, the polar factors; W = U
diag(s) V^T gives O = U V^T, H = V diag(s) V^T.
(2) If the singular values of W lie in (0, b_p), Bjorck's iterates of order p tend to O; if in (0, sqrt 2), all singular
values of A_K - O are at most max_i |1 - s_i^2|^((p+1)^K).
(3) For every m by n matrix Z with Z^T Z = I,
    |W - Z|_F^2 = |W - O|_F^2 + tr((O - Z) H (O - Z)^T),
and the last term is positive unless Z = O: O is the one nearest matrix in the Frobenius norm.
(4) O is also a nearest one in the spectral norm, at the distance max_i |s_i - 1|.

Our reading
-----------
After Bjorck and Bowie (1971), who call it the best estimate of an orthogonal matrix; Anil, Lucas, Grosse (2019) use it
to keep a layer's weight orthonormal. "Nearest" is among all Z with Z^T Z = I, rotations and reflections. A wide matrix
is transposed. O is a nearest one in every unitarily invariant norm (Fan, Hoffman 1955); proved here are the Frobenius
and the spectral norm.

Argument
--------
(1) With the singular value decomposition the two products are as wanted. Conversely W^T W = H O^T O H = H^2, and a
positive definite matrix has one positive definite root H: eigenvectors of H^2 to the eigenvalue t are those of H to
sqrt t. Then O = W H^(-1).
(2) The steps act on singular values alone, and these tend to 1 (`bjorck_converges`), so A_K tends to U V^T. With s in
(0, sqrt 2), f_K(s) > 0 has |1 - f_K(s)| <= |1 - f_K(s)^2| <= |1 - s^2|^((p+1)^K).
(3) As |Z|_F^2 = |O|_F^2 = n, |W - Z|_F^2 - |W - O|_F^2 = 2 tr(O^T W) - 2 tr(Z^T W) = 2 tr(H) - 2 tr(Z^T O H). And
(O - Z)^T (O - Z) = 2 I - O^T Z - Z^T O, where tr(O^T Z H) = tr(H Z^T O) = tr(Z^T O H), a matrix having the trace of its
transpose. So tr((O - Z)^T (O - Z) H) is the same number. It is the sum of x H x^T over the rows x of O - Z: positive
unless all rows are 0.
(4) For a unit vector v with W^T W v = s_i^2 v: |W v| = s_i and |Z v| = 1, so |(W - Z) v| >= |s_i - 1| for every Z and
every i; and W - O = U diag(s - 1) V^T attains the largest of these.

Construction
------------
W = O H from rational orthogonal U, V and rational s, tall (4 by 2, 3 by 2) and square (2 by 2, 3 by 3), with equal
singular values among them, and singular values on both sides of 1. As Z: products of two rational reflections from a
list, and all signed choices of different unit columns.

What is checked
---------------
(1): H less its smallest eigenvalue is positive semidefinite, by elimination; O has orthonormal columns; W = O H. (2):
the error of two steps of orders 1, 2 and 3 is U diag(e) V^T, with the entries of e within the bound. (3): the identity
for every Z, exactly, and that its last term vanishes for Z = O alone. (4): |(W - Z) v_i|^2 >= (s_i - 1)^2 |v_i|^2 for
every Z, and I max (s - 1)^2 - (W - O)^T (W - O) is semidefinite.

What is not shown
-----------------
By the check: other W and other Z, which rest on the argument. By either: the nearest matrix in other norms; for the
operator norm of the inf-norm it is another one, see the sabotage.

Uses
----
- `bjorck_converges`
"""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations
from itertools import product as pairs
from typing import NamedTuple

from proofs.certificate import Certificate, require
from proofs.matrices import (
    diagonal,
    difference,
    has_orthonormal_columns,
    is_semidefinite,
    orthogonal,
    squared_frobenius,
)
from refsort import spec
from refsort.spec.exact import Matrix, Vector, dot, identity, product, transpose

GRADE = "EXACT"
CASES = (
    ((4, 2), ("1/2", "6/5")),
    ((3, 2), ("3/4", "3/4")),
    ((2, 2), ("1/10", "7/5")),
    ((3, 3), ("1/2", "1", "4/3")),
)
NORMALS = ([1, 0, 0, 0], [1, 2, 0, 1], [1, 1, 1, -1], [2, -1, 3, 1])


class Polar(NamedTuple):
    """A matrix with its polar factors, made from its singular value decomposition ``U diag(s) V^T``."""

    w: Matrix
    o: Matrix
    h: Matrix
    u: Matrix
    v: Matrix
    s: Vector


def construct() -> list[Polar]:
    """The matrices of `CASES`."""
    found = []
    for (m, n), spectrum in CASES:
        s = [Fraction(x) for x in spectrum]
        u, v = orthogonal([1, 2, 3, 4][:m], [1, -1, 1, 0][:m]), orthogonal([2, 1, -1][:n], [1, 3, 1][:n])
        o = product(product(u, diagonal([Fraction(1)] * n, m, n)), transpose(v))
        h = product(product(v, diagonal(s, n, n)), transpose(v))
        found.append(Polar(product(product(u, diagonal(s, m, n)), transpose(v)), o, h, u, v, s))
    return found


def verify() -> Certificate:
    """Check the four parts."""
    found, compared = construct(), 0
    for case in found:
        w, o, h, _, v, s = case
        m, n = len(w), len(h)
        smallest = min(s)
        shifted = difference(h, diagonal([smallest] * n, n, n))
        require(smallest > 0 and is_semidefinite(shifted), f"H = {h} is not positive definite")
        require(h == transpose(h) and has_orthonormal_columns(o) and product(o, h) == w, f"no polar factors of {w}")
        _converges(case)
        reach = max((x - 1) ** 2 for x in s)
        error = difference(w, o)
        require(
            is_semidefinite(difference(diagonal([reach] * n, n, n), product(transpose(error), error))),
            f"the spectral norm of W - O is above max |s - 1| for s = {s}",
        )
        for z in candidates(m, n):
            compared += 1
            apart, excess = difference(o, z), squared_frobenius(difference(w, z)) - squared_frobenius(error)
            term = sum((dot(row, product([row], h)[0]) for row in apart), Fraction(0))
            require(excess == term, f"Z = {z}: |W - Z|^2 - |W - O|^2 = {excess} and the trace is {term}")
            require(term > 0 or z == o, f"Z = {z} is as near to W = {w} as the polar factor")
            for value, direction in zip(s, transpose(v), strict=True):
                moved = [row[0] for row in product(difference(w, z), transpose([direction]))]
                require(
                    dot(moved, moved) >= (value - 1) ** 2 * dot(direction, direction),
                    f"Z = {z} is nearer to W = {w} along {direction} than |s - 1|",
                )
    return Certificate(
        GRADE,
        (
            f"(1): polar factors of {len(found)} matrices of shapes {', '.join(f'{m} by {n}' for (m, n), _ in CASES)}",
            "(2): errors of two steps of orders 1, 2, 3 within the bound",
            f"(3): the identity for {compared} pairs W, Z; its last term is positive for every Z but O",
            f"(4): no Z of the {compared} pairs is nearer in the spectral norm",
        ),
        f"W = {_text(found[2].w)} has O = {_text(found[2].o)}, H = {_text(found[2].h)}",
    )


def candidates(m: int, n: int) -> list[Matrix]:
    """Matrices with orthonormal columns: columns of products of two reflections, and of signed permutations."""
    reflected = [orthogonal(a[:m], b[:m]) for a, b in pairs(NORMALS, repeat=2) if any(a[:m]) and any(b[:m])]
    rotated = [transpose(transpose(q)[:n]) for q in reflected]
    unit = identity(m)
    signed = [
        transpose([[sign * x for x in unit[i]] for sign, i in zip(signs, chosen, strict=True)])
        for chosen in permutations(range(m), n)
        for signs in pairs((1, -1), repeat=n)
    ]
    return rotated + signed


def sabotage() -> dict[str, str]:
    """Each hypothesis dropped, with the counterexample that it excludes."""
    flat = spec.matrix([[1, 0], [0, 0]])
    both = [squared_frobenius(difference(flat, diagonal([Fraction(1), sign], 2, 2))) for sign in (1, -1)]
    require(both[0] == both[1], "one of the two is nearer")
    stuck = spec.bjorck(flat, 3)
    require(not has_orthonormal_columns(stuck), "a matrix without full rank becomes orthonormal")
    far = spec.bjorck([[2]], 1)[0][0]
    require((2 - far) ** 2 > (2 - 1) ** 2, "the limit from 2 is the nearest")
    three = diagonal([Fraction(3), Fraction(1)], 2, 2)
    tied = [difference(three, diagonal([Fraction(1), sign], 2, 2)) for sign in (1, -1)]
    require([spec.operator_norm(e, 2, 2).lo for e in tied] == [2, 2], "the spectral norm tells the two apart")
    w, o, z = (
        [[Fraction(x, d) for x in row] for row in rows]
        for rows, d in ((([34, 14], [-46, -9]), 13), (([5, 12], [-12, 5]), 13), (([-7, 24], [-24, -7]), 25))
    )
    h = product(transpose(o), w)
    require(h == transpose(h) and is_semidefinite(h) and has_orthonormal_columns(z), "O is not the polar factor")
    rows = [max(sum(map(abs, row)) for row in difference(w, near)) for near in (o, z)]
    require(rows[1] < rows[0], "the polar factor is nearest in the operator norm of the inf-norm as well")
    other = squared_frobenius(difference([[Fraction(-1)]], [[Fraction(1)]]))
    require(other > 0, "1 is as near to -1 as -1 is")
    wide = product(transpose([[Fraction(1), Fraction(0)]]), [[Fraction(1), Fraction(0)]])
    require(wide != identity(2), "a wide matrix has orthonormal columns")
    return {
        "rank n": f"diag(1, 0) is at the squared distance {both[0]} from diag(1, 1) and from diag(1, -1), and the "
        "iteration leaves it as it is",
        "s < b_p": f"W = (2) goes to {far} at the distance {2 - far}; the nearest, 1, is at the distance 1",
        "H positive definite": f"-1 = O H holds with O = 1 and H = -1 too, and O = 1 is at the squared distance "
        f"{other} from -1, which is nearest to itself",
        "the Frobenius norm, for uniqueness": "diag(1, 1) and diag(1, -1) are both at the spectral distance 2 from "
        "diag(3, 1)",
        "the Frobenius or the spectral norm": f"in the operator norm of the inf-norm W = {_text(w)} is at the "
        f"distance {rows[0]} from its polar factor {_text(o)}, and at {rows[1]} from {_text(z)}",
        "m >= n": "a 1 by 2 matrix Z has no Z^T Z = I: (1, 0) gives diag(1, 0)",
    }


def _converges(case: Polar) -> None:
    """Two steps of orders 1, 2 and 3: U^T (A_K - O) V is diagonal and within the bound."""
    m, n = len(case.w), len(case.s)
    worst = max(abs(1 - x * x) for x in case.s)
    for order in (1, 2, 3):
        error = difference(spec.bjorck(case.w, 2, order), case.o)
        inner = product(product(transpose(case.u), error), case.v)
        entries = [inner[i][i] for i in range(n)]
        require(inner == diagonal(entries, m, n), f"order {order}: the error of {case.w} turns its singular vectors")
        bound = worst ** ((order + 1) ** 2)
        require(max(map(abs, entries)) <= bound, f"order {order}, s = {case.s}: errors {entries}")


def _text(a: Matrix) -> str:
    return "(" + ", ".join("(" + ", ".join(map(str, row)) + ")" for row in a) + ")"
