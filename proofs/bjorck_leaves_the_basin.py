"""From (sqrt 3, sqrt 5) Bjorck's iteration of order 1 can reach minus the polar factor, and O^T O = I does not tell.

Statement
---------
Let g(s) = s (3 - s^2) / 2, the step of order 1 on a singular value s > 0.
(1) sqrt 3 goes to 0 and stays.
(2) There are sqrt 3 = t_0 < t_1 < t_2 < ... tending to sqrt 5 with |g(t_(k+1))| = t_k, and the iterates of every s in
(t_k, t_(k+1)) tend to (-1)^(k+1). So both signs occur arbitrarily close to sqrt 5; only the t_k themselves go to 0.
(3) sqrt 5 goes to -sqrt 5 and back, and for s > sqrt 5 the iterates grow without bound.
(4) Where all singular values go to +-1 and some go to -1, the limit O of the matrix satisfies O^T O = I and is not the
polar factor.
(5) Even orders keep the sign of every s.

Our reading
-----------
A remark on the iteration of Bjorck and Bowie (1971) as Anil, Lucas, Grosse (2019) use it. A test that looks only at
O^T O - I passes such a limit. As a function of the weight the limit jumps, by 2 in a direction, where a singular value
crosses sqrt 3. An iteration that starts at s <= 1, after a scaling, never gets there.

Argument
--------
(a) g(sqrt 3) = 0 = g(0): (1).
(b) On [sqrt 3, sqrt 5], h(s) = -g(s) = s (s^2 - 3) / 2 is strictly increasing, from h(sqrt 3) = 0 to h(sqrt 5) = sqrt
5: a bijection to [0, sqrt 5]. And h(s) < s for s < sqrt 5, as s^2 - 3 < 2. So t_(k+1) = h^(-1)(t_k) exists,
t_(k+1) > h(t_(k+1)) = t_k, and the increasing sequence t_k tends to a point with h(t) = t, which is sqrt 5.
(c) g is odd, so a step takes |s| in (t_k, t_(k+1)) to |g(s)| = h(|s|) in (t_(k-1), t_k) and turns the sign, for k >= 1;
from (t_0, t_1) it leads into (0, sqrt 3) and turns the sign as well. That is k + 1 turns, and then the iterates tend to
the 1 of their sign by `bjorck_converges`: (2). The t_k step down to sqrt 3, then 0.
(d) For s > sqrt 5 the ratio |g(s)| / s = (s^2 - 3) / 2 exceeds 1 and grows with s: (3).
(e) The steps act on singular values alone, so the limit is U diag(+-1) V^T, with orthonormal columns, and the polar
factor is U V^T: (4).
(f) For even p, g_p' = (2p + 1) c_p (1 - s^2)^p >= 0 by (e) of `bjorck_converges`, and g_p(0) = 0: (5).

Construction
------------
Matrices W with W^T W = 3 I and W^T W = 5 I, rational though sqrt 3 and sqrt 5 are not; U diag(1, 2) V^T, which one step
takes to U diag(1, -1) V^T; and a rational s in each of the first six intervals (t_k, t_(k+1)).

What is checked
---------------
(1) and (3) on the two matrices, by exact steps of `spec.bjorck`; growth from 9/4. (2): the six s, stepped exactly until
they lie in (0, sqrt 3) or (-sqrt 3, 0); the number of steps is k + 1 and the sign is (-1)^(k+1). (4): the limit is
reached exactly after one step, has orthonormal columns, and is further from W than the polar factor is. (5): values of
orders 2 and 4 at 40 points up to 4.

What is not shown
-----------------
The fate of starts beyond the basin for odd orders above 1, and what rounding makes of starts close to a t_k.

Uses
----
- `bjorck_converges`
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from proofs.certificate import Certificate, require
from proofs.matrices import diagonal, difference, has_orthonormal_columns, orthogonal, squared_frobenius
from refsort import spec
from refsort.spec.exact import Matrix, product, transpose

GRADE = "EXACT"
INTERVALS = 6


class Witness(NamedTuple):
    """A start for each way out of the basin."""

    to_zero: Matrix  # W^T W = 3 I
    cycle: Matrix  # W^T W = 5 I
    flipped: Matrix  # U diag(1, 2) V^T
    polar: Matrix  # U V^T, 3 by 2
    starts: list[Fraction]  # one in each (t_k, t_(k+1))


def construct() -> Witness:
    """The matrices by columns that are orthogonal by sight, the starts by bisection of h."""
    to_zero = [[1, 1, 1, 0], [-1, 1, 0, 1], [-1, 0, 1, -1], [0, -1, 1, 1]]
    u, v = orthogonal([1, 2, 3], [1, -1, 1]), orthogonal([1, 3])
    flipped, polar = (product(product(u, diagonal(s, 3, 2)), v) for s in ([1, 2], [1, 1]))
    return Witness(spec.matrix(to_zero), spec.matrix([[1, -2], [2, 1]]), flipped, polar, _starts())


def verify() -> Certificate:
    """Check the five parts."""
    to_zero, cycle, flipped, polar, starts = construct()
    require(product(transpose(to_zero), to_zero) == diagonal([Fraction(3)] * 4, 4, 4), "W^T W is not 3 I")
    require(not any(map(any, spec.bjorck(to_zero, 1))), "singular values sqrt 3 do not go to 0")
    require(product(transpose(cycle), cycle) == diagonal([Fraction(5)] * 2, 2, 2), "W^T W is not 5 I")
    require(spec.bjorck(cycle, 1) == [[-x for x in row] for row in cycle], "sqrt 5 does not go to -sqrt 5")
    require(spec.bjorck(cycle, 2) == cycle, "sqrt 5 does not come back")
    grown = [abs(spec.bjorck([[Fraction(9, 4)]], k)[0][0]) for k in range(4)]
    require(sorted(grown) == grown and grown[3] > 6, f"from 9/4 the iterates are {grown}")
    turns = []
    for k, s in enumerate(starts):
        steps, now = 0, s
        while now * now > 3:
            steps, now = steps + 1, spec.bjorck([[now]], 1)[0][0]
            require(now != 0, f"s = {s} goes to 0")
        require(
            (steps, now > 0) == (k + 1, k % 2 == 1),
            f"s = {s} is in (-sqrt 3, sqrt 3) after {steps} steps, interval {k}",
        )
        turns.append(f"{s} to {'+' if now > 0 else '-'}1")
    limit = spec.bjorck(flipped, 1)
    require(has_orthonormal_columns(limit) and spec.bjorck(limit, 1) == limit, f"the limit is not {limit}")
    require(limit != polar and has_orthonormal_columns(polar), "the limit is the polar factor")
    far, near = (squared_frobenius(difference(flipped, o)) for o in (limit, polar))
    require(far > near, f"the limit is at the squared distance {far}, the polar factor at {near}")
    points = [Fraction(k, 10) for k in range(1, 41)]
    for p in (2, 4):
        require(all(spec.bjorck([[s]], 1, p)[0][0] > 0 for s in points), f"order {p} turns a sign")
    return Certificate(
        GRADE,
        (
            "(1): a 4 by 4 matrix with W^T W = 3 I goes to 0",
            f"(2): {INTERVALS} starts in (sqrt 3, sqrt 5), in alternation to -1 and to +1",
            "(3): a 2 by 2 matrix with W^T W = 5 I goes to -W and back; 9/4 exceeds 6 after three steps",
            f"(4): U diag(1, 2) V^T, 3 by 2, goes to an O with O^T O = I at the squared distance {far} from it, "
            f"the polar factor at {near}",
            f"(5): orders 2 and 4 keep the sign at {len(points)} points",
        ),
        "order 1 takes " + ", ".join(turns),
    )


def sabotage() -> dict[str, str]:
    """Each hypothesis dropped, with the counterexample that it excludes."""
    inside, outside = Fraction(17, 10), Fraction(7, 4)
    require(inside**2 < 3 < outside**2, "the two starts are on one side of sqrt 3")
    after = [spec.bjorck([[s]], 1)[0][0] for s in (inside, outside)]
    require(after[0] > 0 > after[1], f"one step takes {inside} and {outside} to {after}")
    beyond = spec.bjorck([[Fraction(7, 3)]], 2)[0][0]
    require(beyond > 4, f"two steps take 7/3 to {beyond}")
    second = spec.bjorck([[outside]], 1, 2)[0][0]
    require(second > outside, "order 2 brings 7/4 closer to 1")
    scaled = Fraction(2, 3)
    safe = spec.bjorck([[scaled]], 2)[0][0]
    require(scaled < safe < 1, f"the scaled start goes to {safe}")
    return {
        "s > sqrt 3": f"17/10 goes to {after[0]} > 0 and on to 1; 7/4 goes to {after[1]} < 0 and on to -1",
        "s < sqrt 5": f"two steps take 7/3 to {beyond} > 4, and on without bound: there is no limit",
        "order 1": f"order 2 takes 7/4 up to {second}, and on without bound: no sign is turned, and nothing converges",
        "no scaling": f"2, divided by a bound 3 of the norm, is {scaled} and after two steps {safe}: on its way to +1",
    }


def _starts() -> list[Fraction]:
    """A rational in each (t_k, t_(k+1)): the first is 2, each next one is near the preimage of the one before."""
    starts = [Fraction(2)]
    while len(starts) < INTERVALS:
        lo, hi = Fraction(3, 2), Fraction(9, 4)
        for _ in range(24):
            middle = (lo + hi) * Fraction(1, 2)
            lo, hi = (middle, hi) if middle * (middle**2 - 3) < 2 * starts[-1] else (lo, middle)
        starts.append(lo)
    return starts
