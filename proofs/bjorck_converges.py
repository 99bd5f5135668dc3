"""Bjorck's iteration of order p takes singular values in (0, b_p) to 1 with order p + 1, and never past 1 from below.

Statement
---------
Let c_j = binomial(2j, j) / 4^j, T_p(q) = c_0 + c_1 q + ... + c_p q^p and g_p(s) = s T_p(1 - s^2), for any p >= 1. A
step takes A to A T_p(Q), Q = I - A^T A. Write q = 1 - s^2 and q' = 1 - g_p(s)^2.
(1) The c_j are the Taylor coefficients of (1 - q)^(-1/2), so T_p(Q) truncates the series of (A^T A)^(-1/2).
(2) A step takes A = U diag(s) V^T to U diag(g_p(s)) V^T: it acts on the singular values alone.
(3) q' = q^(p+1) R_p(q), where R_p has positive coefficients with sum 1; for p = 1, q' = (3 q^2 + q^3) / 4. So the
iterates of 0 < s < sqrt 2 tend to 1, with |q_K| <= |q_0|^((p+1)^K).
(4) If 0 < s < 1 then s < g_p(s) < 1.
(5) The largest interval (0, b) on which all iterates tend to 1 ends, for odd p, at the one zero b_p > 1 of g_p and, for
even p, at its one fixed point b_p > 1. These are sqrt 3, sqrt(7/3), 1.58929... and 1.49438... for p = 1, 2, 3, 4.

Our reading
-----------
The iteration is of Bjorck and Bowie (1971); Anil, Lucas, Grosse (2019) use it for 1-Lipschitz layers. "Order p" counts
the terms; the convergence is of order p + 1. By (4) a weight of spectral norm at most 1 keeps it after any number of
steps, converged or not: a network made of it is 1-Lipschitz. Numbers are real and steps are exact.

Argument
--------
(a) c_(j+1) (2j + 2) = c_j (2j + 1), with c_0 = 1. So T = sum c_j q^j over all j solves 2 (1 - q) T' = T, T(0) = 1, as
(1 - q)^(-1/2) does: (1). The truncated sum solves 2 (1 - q) T_p' - T_p = -(2p + 1) c_p q^p: coefficients below q^p
cancel as before, and q^p is left with -2p c_p - c_p.
(b) Therefore the derivative of (1 - q) T_p^2, which is T_p (2 (1 - q) T_p' - T_p), equals -(2p + 1) c_p q^p T_p.
Integrated from 0, where the function is 1: 1 - (1 - q) T_p(q)^2 = sum_j (2p + 1) c_p c_j q^(p+1+j) / (p + 1 + j). Its
left side is q', as g_p^2 = s^2 T_p^2 = (1 - q) T_p^2. This is (3); all coefficients are positive and their sum is q' at
q = 1, that is at s = 0, so it is 1.
(c) With A = U diag(s) V^T, Q = V diag(1 - s^2) V^T + (I - V V^T), and A annihilates the second part: (2).
(d) For |q| < 1, |R_p(q)| <= R_p(1) = 1 gives |q'| <= |q|^(p+1); and T_p(q) > 0, for q < 0 because the terms alternate
and decrease. So the iterates stay positive while q tends to 0: (3). If 0 < q < 1, then 0 < q' < q: (4).
(e) By the chain rule g_p' = (2p + 1) c_p q^p, from (b). Odd p: g_p falls strictly from g_p(1) = 1 to minus infinity on
s > 1, so it has one zero b_p there. Below b_p one step leads into (0, 1), and b_p itself goes to 0 and stays. Even p:
g_p rises and is convex on s > 1, with slope 0 at 1, so g_p(s) - s is 0 at 1, falls at first and has one more zero b_p.
Between, 1 < g_p(s) < s: the iterates decrease to a fixed point, and 1 is the only one. b_p itself stays: (5).

Construction
------------
The polynomials T_p, g_p and R_p for p = 1, ..., 4; matrices U diag(s) V^T with rational orthogonal U, V.

What is checked
---------------
(1) to q^60, by squaring the series. For p = 1, ..., 4, as identities of polynomials: g_p is what `spec.bjorck` gives,
at more points than its degree; (3), and the derivative in (e). (2) on tall, square and wide matrices, with equal and
with zero singular values. The bound in (3) along trajectories. (5): sqrt 3 and sqrt(7/3) exactly, the other two between
neighbouring multiples of 1/100000, by the signs of g_p and of g_p(s) - s.

What is not shown
-----------------
By the check: orders above 4; these rest on the argument. By either: what rounding does, and starts beyond b_p, the
subject of `bjorck_leaves_the_basin`.

Uses
----
Nothing.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from proofs.certificate import Certificate, require
from proofs.matrices import diagonal, orthogonal
from refsort import spec
from refsort.spec.exact import product, transpose

GRADE = "EXACT"
ORDERS = (1, 2, 3, 4)
Polynomial = list[Fraction]  # coefficients, the constant first
DEFECT = [Fraction(1), Fraction(0), Fraction(-1)]  # q = 1 - s^2 as a polynomial in s


class Step(NamedTuple):
    """One order: T_p in powers of q, g_p in powers of s, R_p in powers of q."""

    t: Polynomial
    g: Polynomial
    r: Polynomial


def construct() -> dict[int, Step]:
    """The polynomials of each order, from the c_j and the formula of (b)."""
    steps = {}
    for p in ORDERS:
        c = spec.coefficients(p)
        in_s: Polynomial = []
        for cj in reversed(c):
            in_s = _sum(_times(in_s, DEFECT), [cj])
        r = [(2 * p + 1) * c[p] * cj * Fraction(1, p + 1 + j) for j, cj in enumerate(c)]
        steps[p] = Step(c, [Fraction(0), *in_s], r)
    return steps


def verify() -> Certificate:
    """Check the five parts."""
    steps, trajectories = construct(), 0
    c = spec.coefficients(60)
    for n in range(61):
        require(
            sum(c[i] * c[n - i] for i in range(n + 1)) == 1, f"the square of sum c_j q^j is no 1 / (1 - q) at q^{n}"
        )
    for p, (t, g, r) in steps.items():
        for k in range(len(g) + 1):
            s = Fraction(k, 2)
            require(spec.bjorck([[s]], 1, p) == [[_at(g, s)]], f"order {p}: g({s}) is not what a step computes")
        left = _sum([Fraction(1)], [-x for x in _times([Fraction(1), Fraction(-1)], _times(t, t))])
        require(left == [Fraction(0)] * (p + 1) + r, f"order {p}: q' is {left} and R_p is {r}")
        require(min(r) > 0 and sum(r) == 1, f"order {p}: the coefficients of R_p are {r}")
        slope: Polynomial = [(2 * p + 1) * t[p]]
        for _ in range(p):
            slope = _times(slope, DEFECT)
        require([k * x for k, x in enumerate(g)][1:] == slope, f"order {p}: the derivative of g_p is not as in (e)")
        for s in (Fraction(1, 100), Fraction(1, 2), Fraction(9, 10), Fraction(11, 10), Fraction(7, 5)):
            _follow(s, p)
            trajectories += 1
        _acts_on_singular_values_alone(p, g)
    require(steps[1].r == [Fraction(3, 4), Fraction(1, 4)], f"order 1: q' = q^2 times {steps[1].r}")
    require(_at(steps[1].t, Fraction(1 - 3)) == 0, "sqrt 3 is no zero of g_1")
    require(_at(steps[2].t, 1 - Fraction(7, 3)) == 1, "sqrt(7/3) is no fixed point of g_2")
    third = _crossing(steps[3].g)
    fourth = _crossing(_sum(steps[4].g, [Fraction(0), Fraction(-1)]))
    return Certificate(
        GRADE,
        (
            "(1): the square of the series is 1 / (1 - q) to q^60",
            f"(2): {9 * len(ORDERS)} matrices, tall, square and wide, keep their singular vectors",
            f"(3), (4): identities of polynomials for orders {ORDERS}; {trajectories} trajectories within their bound",
            f"(5): g_1(sqrt 3) = 0, g_2 fixes sqrt(7/3), g_3 has its zero in {third}, g_4 its fixed point in {fourth}",
        ),
        "\n".join(
            f"order {p}: g(s) = {_text(step.g, 's')}; q' = q^{p + 1} ({_text(step.r, 'q')})"
            for p, step in steps.items()
        ),
    )


def sabotage() -> dict[str, str]:
    """Each hypothesis dropped, with the counterexample that it excludes."""
    over = spec.bjorck([[2]], 1, 1)[0][0]
    require(over == -1, "s = 2 does not go to -1")
    fixed = [[Fraction(x, 3) for x in row] for row in ([4, -2, -1, 0], [2, 4, 0, -1], [1, 0, 4, 2], [0, 1, -2, 4])]
    gram = product(transpose(fixed), fixed)
    require(gram == diagonal([Fraction(7, 3)] * 4, 4, 4), "the matrix has other singular values")
    require(spec.bjorck(fixed, 1, 2) == fixed, "a matrix with singular values sqrt(7/3) moves")
    negative = spec.bjorck([[Fraction(8, 5)]], 1, 3)[0][0]
    require(negative < 0, "order 3 keeps 8/5 positive")
    grown = spec.bjorck([[Fraction(3, 2)]], 1, 4)[0][0]
    require(grown > Fraction(3, 2), "order 4 brings 3/2 closer to 1")
    require(spec.bjorck([[0]], 3, 4) == [[0]], "0 moves")
    slow = spec.bjorck([[Fraction(7, 8)]], 1, 1, beta=1)[0][0]
    require(slow > 1, "beta = 1 does not pass 1 from below")
    s = Fraction(1, 2)
    tuned = sum(Fraction(a) * s ** (2 * j + 1) for j, a in enumerate(("3.4445", "-4.7750", "2.0315")))
    require(tuned > 1, "the tuned quintic does not pass 1 from below")
    q = 1 - Fraction(9, 10) ** 2
    after = 1 - spec.bjorck([[Fraction(9, 10)]], 1, 1)[0][0] ** 2
    require(after > q**3, "order 1 converges with order 3")
    return {
        "s < b_p, order 1": f"s = 2 > sqrt 3 goes to {over} in one step, and stays there",
        "s < b_p, order 2": "the 4 by 4 matrix with rows (4, -2, -1, 0) / 3, (2, 4, 0, -1) / 3, (1, 0, 4, 2) / 3, "
        "(0, 1, -2, 4) / 3 has all singular values sqrt(7/3) and is a fixed point that is not orthonormal",
        "s < b_p, order 3": f"s = 8/5 goes to {negative} and on to -1, by (3) for -s",
        "s < b_p, order 4": f"s = 3/2 goes up, to {grown}",
        "s > 0": "s = 0 stays 0 under every order: a matrix that lacks rank is not made orthonormal",
        "the coefficient c_1 = 1/2": f"with beta = 1, s = 7/8 goes to {slow} > 1",
        "the coefficients of the series": f"the quintic 3.4445 s - 4.7750 s^3 + 2.0315 s^5, tuned for speed, takes 1/2 "
        f"to {tuned} > 1: it does not keep a spectral norm at most 1",
        "the order p + 1 and no more": f"order 1 at s = 9/10: q = {q} goes to {after}, more than q^3",
    }


def _follow(s: Fraction, order: int) -> None:
    """Two steps from s: positive, within the bound of (3) after each, and as (4) says."""
    q, before = abs(1 - s * s), s
    for k in (1, 2):
        after = spec.bjorck([[s]], k, order)[0][0]
        require(after > 0, f"order {order}: {s} becomes {after} after {k} steps")
        require(abs(1 - after * after) <= q ** ((order + 1) ** k), f"order {order}: {s} is {after} after {k} steps")
        require(before >= 1 or before < after < 1, f"order {order}: {before} goes to {after}")
        before = after


def _acts_on_singular_values_alone(order: int, g: Polynomial) -> None:
    spectra = ((Fraction(1, 2), Fraction(3, 2)), (Fraction(1, 2), Fraction(1, 2)), (Fraction(0), Fraction(2)))
    for s in spectra:
        for m, n in ((3, 2), (2, 2), (2, 3)):
            u, v = orthogonal([1, 2, 3][:m], [1, -1, 1][:m]), orthogonal([2, 1, -1][:n])
            parts = [product(product(u, diagonal(d, m, n)), v) for d in (s, [_at(g, x) for x in s])]
            require(spec.bjorck(parts[0], 1, order) == parts[1], f"order {order}, {m} by {n}, singular values {s}")


def _crossing(f: Polynomial) -> str:
    """Where f changes its sign between 1.1 and 2, once by (e): two neighbouring multiples of 1/100000."""
    lo, hi = 110000, 200000
    sign = _at(f, Fraction(11, 10)) > 0
    require(sign != (_at(f, Fraction(2)) > 0), "no change of sign between 1.1 and 2")
    while hi - lo > 1:
        middle = (lo + hi) // 2
        lo, hi = (middle, hi) if (_at(f, Fraction(middle, 100000)) > 0) == sign else (lo, middle)
    return f"({lo // 100000}.{lo % 100000:05}, {hi // 100000}.{hi % 100000:05})"


def _at(f: Polynomial, x: Fraction) -> Fraction:
    return sum((a * x**k for k, a in enumerate(f)), Fraction(0))


def _sum(f: Polynomial, g: Polynomial) -> Polynomial:
    size = max(len(f), len(g))
    f, g = ([*h, *[Fraction(0)] * (size - len(h))] for h in (f, g))
    return [a + b for a, b in zip(f, g, strict=True)]


def _times(f: Polynomial, g: Polynomial) -> Polynomial:
    result = [Fraction(0)] * (len(f) + len(g) - 1 if f and g else 0)
    for i, a in enumerate(f):
        for j, b in enumerate(g):
            result[i + j] += a * b
    return result


def _text(f: Polynomial, x: str) -> str:
    return " + ".join(f"{a} {x}^{k}" for k, a in enumerate(f) if a)
