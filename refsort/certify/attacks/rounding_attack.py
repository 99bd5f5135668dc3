"""An attack on certificates that leave rounding out: inputs below the radius whose computed class is another one.

A radius m / (sqrt 2 K) is right for exact arithmetic and an exact bound K. The deployed network runs in floats, with
weights whose norm is a little above 1 and logits that are off by rounding. Where the network is as steep as its
constant, the margin at the edge of the ball is so small that this decides. So the attack goes there by gradients of the
same network in float64, and then searches among the floats around for one whose computed logits give another class.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from refsort.certify.attacks.attack import Problem, problem
from refsort.certify.attacks.ball import Ball, Box
from refsort.certify.attacks.distance import within
from refsort.certify.attacks.objective import margin_loss
from refsort.certify.attacks.pgd import CHUNK, ascend, chunks
from refsort.certify.margins import margins
from refsort.nets import Network, Parameters
from refsort.ops.arrays import Array, integer

_POLISH = [1e6] * 4  # steps so long that only the direction counts: the fixed points are the steepest directions
_INWARD = (0, 0.25, 0.5, 1, 2)  # as near to the sphere as floats come: rounding towards x gives away more


class Counterexamples(NamedTuple):
    """Inputs that refute a certificate.

    Attributes
    ----------
    indices : ndarray of int, (m,)
        Which certificates they refute: rows of the x that was attacked, in ascending order.
    adversarial : ndarray, (m, d), dtype of x
        One point for each: at a distance below the radius, in exact arithmetic, and in the box.
    logits : ndarray, (m, k)
        What `Network.value` computes at that point alone, in a batch of one. Another class is strictly ahead.
    """

    indices: Array
    adversarial: Array
    logits: Array


def rounding_attack(
    network: Network,
    params: Parameters,
    x: ArrayLike,
    labels: ArrayLike,
    radius: ArrayLike,
    p: float = 2,
    box: Box | None = None,
    *,
    rng: np.random.Generator,
    competitors: int = 2,
    steps: int = 10,
    rounds: int = 8,
    neighbours: int = 16,
) -> Counterexamples:
    """Search the floats below each certified radius for one that the network, as it runs, puts into another class.

    1. For each of the strongest `competitors`, projected gradient ascent with the parameters and the input in float64;
       the last steps are so long that they land on the steepest point of the sphere.
    2. The point is rounded to the dtype, to the nearest floats where these stay below the radius.
    3. Where the margin there, in float64, is below eight times what rounding was seen to change (plus sqrt u of the
       margin at x): `rounds` times, `neighbours` random floats around the best point so far, up to 1, 4, 16, ... units
       in the last place away.
    4. What is broken is run again alone and its distance compared with the radius in exact arithmetic.

    Parameters
    ----------
    network, params, x, labels, p, box
        As in `pgd`. The dtype of the parameters, float16, float32 or float64, is that of the evaluation under attack.
    radius : float or array_like, (n,)
        The radii that were certified: positive, between 1e-100 and 1e100.
    rng : numpy.random.Generator
        Draws the neighbours. The same state gives the same outcome.
    competitors, steps, rounds, neighbours : int
        How long to search; rounds = 0 leaves the neighbours out.

    Returns
    -------
    Counterexamples
        Verified ones only. Finding none proves nothing.

    Raises
    ------
    TypeError, ValueError
        For arguments that are not as above and for logits that are not finite.

    Notes
    -----
    ``competitors * (steps + 4)`` forward and backward passes in float64 for each input, and ``rounds * neighbours``
    forward passes in the dtype for each one that is near. In half precision NumPy multiplies matrices slowly.

    Examples
    --------
    A bias of 2^12 is added and taken off again. In float32 that rounds the logits to multiples of 2^-11 and changes no
    exact number, but for the input the nearest multiple is what counts:

    >>> from refsort.nets import Layer, Network
    >>> network, one = Network((Layer(2, 2), Layer(2, 2))), np.eye(2, dtype=np.float32)
    >>> params = [(one, np.full(2, 2**12, np.float32)), (one, np.full(2, -(2**12), np.float32))]
    >>> x = np.array([[0.5004, 0.5]], np.float32)
    >>> y = network.value(params, x)
    >>> naive = (y[0, 0] - y[0, 1]) / np.sqrt(2)
    >>> found = rounding_attack(network, params, x, [0], naive, rng=np.random.default_rng(0))
    >>> found.logits[0, 0] < found.logits[0, 1], np.linalg.norm(found.adversarial[0].astype(float) - x) < naive
    (np.True_, np.True_)
    """
    given = problem("rounding_attack", network, params, x, labels, radius, p, box)
    competitors, steps, neighbours = (
        integer("rounding_attack", name, value)
        for name, value in (("competitors", competitors), ("steps", steps), ("neighbours", neighbours))
    )
    rounds = integer("rounding_attack", "rounds", rounds, at_least=0)
    # the greatest double below each radius: the closed ball of that one lies in the open ball of the radius
    given = given._replace(radius=np.nextafter(given.radius, 0))
    points, logits = np.empty_like(given.x), np.zeros((len(given.x), given.network.layers[-1].features), given.x.dtype)
    found = np.zeros(len(given.x), bool)
    for rows in chunks(np.arange(len(given.x))):
        best, least, close = _edge(given, rows, competitors, steps)
        for k in range(rounds + 1):
            if k:
                _search(given, rows, np.flatnonzero(close & ~found[rows]), best, least, 4 ** (k - 1), neighbours, rng)
            for i in np.flatnonzero((least < 0) & ~found[rows]):
                row, point = rows[i : i + 1], best[i : i + 1]
                alone = given.network.value(given.params, point)
                if (
                    margins(alone, given.labels[row])[0] < 0
                    and within(point, given.x[row], given.radius[row], given.p)[0]
                ):
                    found[row], points[row], logits[row] = True, point, alone
                else:  # a batch may be summed in another order than a single input: search on
                    least[i] = 0
    return Counterexamples(np.flatnonzero(found), points[found], logits[found])


def _edge(given: Problem, rows: Array, competitors: int, steps: int) -> tuple[Array, Array, Array]:
    """The floats nearest to the steepest points of the balls, their computed margins, and where rounding may decide."""
    ball, labels = given.ball(rows), given.labels[rows]
    wide = Ball.around(ball.x.astype(np.float64), ball.radius, ball.p, ball.box)
    params = given.network.cast(given.params, np.float64)
    clean = margins(given.network.value(params, wide.x), labels)
    point, least = wide.x.copy(), clean.copy()
    for target in given.competitors(competitors)[rows].T:
        sizes = [2.5 / steps] * steps + _POLISH
        moved, left = ascend(given.network, params, wide, labels, wide.x, sizes, margin_loss, False, target)
        point[left < least], least[left < least] = moved[left < least], left[left < least]
    floats = ball.project(point - ball.x, _INWARD)
    exact = margins(given.network.value(params, floats.astype(np.float64)), labels)
    computed = _computed(given, floats, labels)
    wrong = given.margins[rows] < 0  # no certificate holds there: the input is its own counterexample
    floats[wrong], computed[wrong] = ball.x[wrong], given.margins[rows][wrong]
    # how far rounding has moved the margins, here and at the input; where the evaluation is in float64 itself that is
    # not seen, and a share sqrt u of the margin has to do
    noise = np.maximum(np.abs(computed - exact), np.abs(given.margins[rows] - clean))
    return floats, computed, exact <= 8 * noise + np.sqrt(np.finfo(floats.dtype).eps / 2) * np.abs(clean)


def _search(
    given: Problem,
    rows: Array,
    left: Array,
    best: Array,
    least: Array,
    scale: int,
    count: int,
    rng: np.random.Generator,
) -> None:
    """Move `best` to the random neighbour of least computed margin, for the inputs that are left, where it is less."""
    for some in chunks(left, max(1, CHUNK // count)):
        ball = given.ball(np.repeat(rows[some], count))
        centre = np.repeat(best[some].astype(np.float64), count, axis=0)
        greatest = np.max(np.abs(best[some]), axis=1, initial=0)
        ulp = np.repeat(np.spacing(greatest).astype(np.float64), count)[:, None]
        delta = centre - ball.x + ulp * rng.integers(-scale, scale, centre.shape, endpoint=True)
        floats = ball.project(delta, _INWARD)
        margin = _computed(given, floats, given.labels[rows[some]].repeat(count)).reshape(-1, count)
        first = np.argmin(margin, axis=1)
        margin = margin[np.arange(len(some)), first]
        better = margin < least[some]
        best[some[better]] = floats.reshape(len(some), count, -1)[np.arange(len(some)), first][better]
        least[some[better]] = margin[better]


def _computed(given: Problem, points: Array, labels: Array) -> Array:
    """The margins in the dtype under attack; no number is no counterexample, and counts as infinite."""
    with np.errstate(over="ignore", invalid="ignore"):
        computed = margins(given.network.value(given.params, points), labels)
    return np.where(np.isnan(computed), np.inf, computed)
