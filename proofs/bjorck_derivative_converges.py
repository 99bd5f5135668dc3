"""The derivative of K Bjorck steps tends to the derivative of the polar factor, at the order of the iteration itself.

Statement
---------
Let W = U diag(s) V^T be m by n of rank n, U and V square orthogonal, F_K(W) the result of K steps of order p, f_K what
they do to a singular value, and f[x, y] = (f(x) - f(y)) / (x - y), with f[x, x] = f'(x). For a direction E let G = U^T
E V, with symmetric part S and antisymmetric part N in its first n rows.
(1) The derivative of F_K along E is U D V^T, where D_ij = f_K[s_i, s_j] S_ij + f_K[s_i, -s_j] N_ij for i <= n and
D_ij = f_K(s_j) / s_j G_ij for i > n.
(2) That of the polar factor has 0, 2 / (s_i + s_j) and 1 / s_j in their places.
(3) If |1 - s_i^2| <= q < 1 for all i and C = (2p + 1) c_p, then |f_K[s_i, s_j]| <= C^K q^((p+1)^K - 1), and the other
two differ from their limits by at most 2 q^((p+1)^K) / (s_i + s_j) and q^((p+1)^K) / s_j.
(4) The derivatives also converge to that of the polar factor if all s_i lie in (0, b_p), the basin of
`bjorck_converges`.

Our reading
-----------
Anil, Lucas, Grosse (2019) differentiate through the steps of Bjorck and Bowie (1971). This says what they get: with
enough steps, the derivative of the projection on orthonormal matrices, and not a by-product of the iteration.

Argument
--------
(a) Let M be symmetric with eigenvalues l_a. In its eigenbasis the derivative of M^k along B, the sum of M^i B
M^(k-1-i), has the entries B_ab sum_i l_a^i l_b^(k-1-i) = B_ab f[l_a, l_b] for f(x) = x^k; so for every polynomial f.
(b) Take M = ((0, W), (W^T, 0)) and B = ((0, E), (E^T, 0)). A step is A r(A^T A) with a polynomial r, so F_K is the
upper right block of f_K(M), f_K being odd. The eigenvectors of M are (u_i, +-v_i) / sqrt 2 to +-s_i, and (u_i, 0) to 0
for i > n. Between (u_i, v_i) and (u_j, v_j), B has the entry (G_ij + G_ji) / 2 = S_ij, between (u_i, v_i) and
(u_j, -v_j) up to the sign N_ij, and f_K[0, s_j] = f_K(s_j) / s_j: (1).
(c) O has a derivative, being W (W^T W)^(-1/2). Differentiate O^T O = I and W = O H at W = diag(s), O = (I; 0): the
first n rows of X = O' are antisymmetric, and G = X diag(s) + (H'; 0) with a symmetric H'. Subtract the transpose:
G_ij - G_ji = X_ij (s_i + s_j), that is 2 N_ij; below, G_ij = X_ij s_j: (2).
(d) f_K' is the product of g_p'(s_k) = C q_k^p along the iterates, where |q_k| <= q^((p+1)^k), so it is at most C^K
q^((p+1)^K - 1) in size wherever |1 - s^2| <= q. That is an interval, so the mean value theorem gives the first bound;
|1 - f_K(s_i)| <= q^((p+1)^K) gives the others, as f_K[s_i, -s_j] = (f_K(s_i) + f_K(s_j)) / (s_i + s_j): (3).
(e) In the basin some iterate F_k(W) has all singular values in (0, sqrt 2), and the polar factor of F_k(W) is that of
W, also for all W nearby. So the derivative of F_K = F_(K-k) o F_k, by the chain rule, tends to that of
O(F_k(W)) = O(W): (4).

Construction
------------
U diag(s) V^T with rational orthogonal U, V: 3 by 2, 2 by 2 with equal singular values, 3 by 3, and 3 by 2 with a
singular value 8/5 outside of (0, sqrt 2) and inside the basin of order 1.

What is checked
---------------
(1): derivatives along every unit matrix by dual numbers, run through `spec.bjorck`, against the formula, two steps of
order 1, one of orders 2 and 3. (2): the formula solves the equations that it comes from, O^T X antisymmetric and
O^T (E - X H) symmetric. (3): every factor, after up to three steps, within its bound. (4): from 8/5, the largest error
of a factor after six, seven and eight steps of order 1.

What is not shown
-----------------
By the check: other matrices and orders, which rest on the argument. By either: uniformity down to s = 0, where the
limit's derivative is unbounded, and rounding.

Uses
----
- `bjorck_converges`
- `bjorck_finds_the_nearest_orthonormal_matrix`
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from proofs.certificate import Certificate, require
from proofs.matrices import diagonal, difference, orthogonal
from refsort import spec
from refsort.spec.exact import Matrix, Vector, product, transpose

GRADE = "EXACT"
CASES = ((3, ("1/2", "5/4")), (2, ("3/4", "3/4")), (3, ("2/3", "1", "4/3")), (3, ("3/4", "8/5")))


class Case(NamedTuple):
    """W = U diag(s) V^T by its parts."""

    u: Matrix
    s: Vector
    v: Matrix

    @property
    def w(self) -> Matrix:
        """The matrix itself."""
        return product(product(self.u, diagonal(self.s, len(self.u), len(self.v))), transpose(self.v))


class Factors(NamedTuple):
    """What multiplies S_ij, N_ij and the rows below."""

    symmetric: Matrix
    antisymmetric: Matrix
    below: Vector


def construct() -> list[Case]:
    """The matrices of `CASES`."""
    return [
        Case(orthogonal([1, 2, 2][:m], [2, -1, 2][:m]), [Fraction(x) for x in s], orthogonal([2, 1, 2][: len(s)]))
        for m, s in CASES
    ]


def verify() -> Certificate:
    """Check the four parts."""
    cases, derivatives, factors = construct(), 0, 0
    for case in cases:
        for e in (directions := _directions(case)):
            _solves_the_equations(case, e, _along(case, e, _limit(case.s)))
        for order, steps in ((1, 2), (2, 1), (3, 1)):
            multiplied = _factors(case.s, steps, order)
            for e in directions:
                found = spec.derivative(lambda w, k=steps, p=order: spec.bjorck(w, k, p), case.w, e)
                require(
                    found == _along(case, e, multiplied),
                    f"order {order}, {steps} steps, s = {case.s}: the derivative along {e} is {found}",
                )
                derivatives += 1
        for order in (1, 2, 3) if max(case.s) ** 2 < 2 else ():
            for steps in (1, 2, 3):
                factors += _within_the_bound(case.s, steps, order)
    errors = [_distance(_factors(cases[3].s, steps, 1), _limit(cases[3].s)) for steps in (6, 7, 8)]
    require(errors[0] > 10 * errors[1] > 100 * errors[2], "from 8/5 the derivatives do not converge")
    shown = _factors(cases[1].s, 3, 1)
    return Certificate(
        GRADE,
        (
            f"(1): {derivatives} derivatives along unit matrices, by dual numbers",
            f"(2): the polar factor's derivative along each of them, for {len(cases)} matrices",
            f"(3): {factors} factors within their bounds",
            f"(4): from s = 3/4, 8/5 the largest error of a factor is below 1/{_whole(errors[0])}, "
            f"1/{_whole(errors[1])} and 1/{_whole(errors[2])} after 6, 7, 8 steps of order 1",
        ),
        f"s = (3/4, 3/4), three steps of order 1: symmetric parts times less than 1/{_whole(shown.symmetric[0][0])}, "
        f"antisymmetric ones times 4/3 but for less than 1/{_whole(Fraction(4, 3) - shown.antisymmetric[0][0])}",
    )


def sabotage() -> dict[str, str]:
    """Each hypothesis dropped, with the counterexample that it excludes."""
    tiny = [Fraction(1, 1000)] * 2
    small, wanted = _factors(tiny, 5, 1).antisymmetric[0][1], _limit(tiny).antisymmetric[0][1]
    require(100 * small < wanted, "five steps are enough at 1/1000")
    w = spec.matrix([[1, 1, 1, 0], [-1, 1, 0, 1], [-1, 0, 1, -1], [0, -1, 1, 1]])
    growth = [Fraction(-3), Fraction(-9, 2), Fraction(-27, 4)]
    for k, factor in enumerate(growth, 1):
        along = spec.derivative(lambda a, k=k: spec.bjorck(a, k), w, w)
        require(along == [[factor * x for x in row] for row in w], f"at singular values sqrt 3, {k} steps give {along}")
    flipped, polar = (f([Fraction(1), Fraction(2)]) for f in (lambda s: _factors(s, 1, 1), _limit))
    require(
        flipped.symmetric[0][1] == -2 and flipped.antisymmetric[0][1] == 0, "s = 2 has the polar factor's derivative"
    )
    s = [Fraction(1, 2), Fraction(3, 4)]
    near = [spec.bjorck([[x]], 4)[0][0] for x in s]
    last, all_steps = (_factors(near, 1, 1).antisymmetric[0][1], _limit(s).antisymmetric[0][1])
    require(abs(last - 1) < Fraction(1, 100) and all_steps == Fraction(8, 5), f"the last step alone gives {last}")
    return {
        "s bounded away from 0, as rank n does": "at s = (1/1000, 1/1000) the antisymmetric factor is less than a "
        f"hundredth of its limit {wanted} after 5 steps",
        "s < b_p": "at W^T W = 3 I the derivative along W is W times "
        f"{', '.join(map(str, growth))} after 1, 2, 3 steps",
        "the sign +1": f"at s = (1, 2) one step gives the factors {flipped.symmetric[0][1]} and "
        f"{flipped.antisymmetric[0][1]}, the polar factor has 0 and {polar.antisymmetric[0][1]}",
        "all K steps": f"differentiating the last of 5 steps alone, at s = (1/2, 3/4), gives an antisymmetric factor "
        f"within 1/100 of 1 and not of {all_steps}",
    }


def _factors(s: Vector, steps: int, order: int) -> Factors:
    """Of the iterate: f_K and its derivative from the definition on 1 by 1 matrices."""

    def f(x: Fraction) -> Fraction:
        return spec.bjorck([[x]], steps, order)[0][0]

    def divided(x: Fraction, y: Fraction) -> Fraction:
        if x == y:
            return spec.derivative(lambda a: spec.bjorck(a, steps, order), [[x]], [[1]])[0][0]
        return Fraction(f(x) - f(y), x - y)

    return Factors(
        [[divided(x, y) for y in s] for x in s],
        [[divided(x, -y) for y in s] for x in s],
        [Fraction(f(x), x) for x in s],
    )


def _limit(s: Vector) -> Factors:
    return Factors(
        [[Fraction(0)] * len(s) for _ in s], [[Fraction(2, x + y) for y in s] for x in s], [Fraction(1, x) for x in s]
    )


def _along(case: Case, e: Matrix, factors: Factors) -> Matrix:
    """U D V^T of the statement."""
    g, n = product(product(transpose(case.u), e), case.v), len(case.s)
    d = [
        [
            (factors.symmetric[i][j] * (g[i][j] + g[j][i]) + factors.antisymmetric[i][j] * (g[i][j] - g[j][i]))
            * Fraction(1, 2)
            for j in range(n)
        ]
        for i in range(n)
    ]
    d += [[factors.below[j] * g[i][j] for j in range(n)] for i in range(n, len(g))]
    return product(product(case.u, d), transpose(case.v))


def _directions(case: Case) -> list[Matrix]:
    m, n = len(case.u), len(case.v)
    return [
        [[Fraction((i, j) == at) for j in range(n)] for i in range(m)]
        for at in ((a, b) for a in range(m) for b in range(n))
    ]


def _solves_the_equations(case: Case, e: Matrix, x: Matrix) -> None:
    n = len(case.s)
    o = Case(case.u, [Fraction(1)] * n, case.v).w
    h = product(product(case.v, diagonal(case.s, n, n)), transpose(case.v))
    turn = product(transpose(o), x)
    require(transpose(turn) == [[-a for a in row] for row in turn], f"s = {case.s}: O^T X is not antisymmetric")
    rest = difference(e, product(x, h))
    stretch = product(transpose(o), rest)
    require(stretch == transpose(stretch), f"s = {case.s}: H' is not symmetric")
    require(product(o, stretch) == rest, f"s = {case.s}: E is not X H + O H'")


def _within_the_bound(s: Vector, steps: int, order: int) -> int:
    q = max(abs(1 - x * x) for x in s)
    c = (2 * order + 1) * spec.coefficients(order)[order]
    left = q ** ((order + 1) ** steps)
    found, limit = _factors(s, steps, order), _limit(s)
    for i, x in enumerate(s):
        for j, y in enumerate(s):
            require(abs(found.symmetric[i][j]) * q <= c**steps * left, f"order {order}, {steps} steps: f[{x}, {y}]")
            error = abs(found.antisymmetric[i][j] - limit.antisymmetric[i][j])
            require(error * (x + y) <= 2 * left, f"order {order}, {steps} steps: f[{x}, -{y}]")
        require(abs(found.below[i] - limit.below[i]) * x <= left, f"order {order}, {steps} steps: f({x}) / {x}")
    return len(s) * (2 * len(s) + 1)


def _distance(a: Factors, b: Factors) -> Fraction:
    """The largest difference of two factors."""
    below = [abs(x - y) for x, y in zip(a.below, b.below, strict=True)]
    tables = difference(a.symmetric, b.symmetric) + difference(a.antisymmetric, b.antisymmetric)
    return max(below + [abs(x) for row in tables for x in row])


def _whole(x: Fraction) -> int:
    """The largest n with |x| <= 1/n."""
    return abs(x.denominator) // abs(x.numerator)
