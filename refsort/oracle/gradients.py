"""Is `backward` the derivative of `f`? For any function of arrays, by values that it takes along lines.

Along a direction d, with a cotangent g, let

    e(t) = (<g, f(x + t d) - f(x)> - <backward(g), t d>) / t.

For the right gradient e(t) goes to 0 with t, for a wrong one to the difference between the true slope and the claimed
one. Where the limits from both sides differ, x is a kink. Rounding adds noise / t. So t is not chosen: it runs over a
geometric sequence, noise and Taylor remainder are both measured along it, and the limit is read off where their sum is
smallest; that sum is the resolution of the answer. Where it is too coarse to tell, that is the answer.

The displacement that is used is the one that rounding made of t d. Outputs that change nowhere on the line add no
noise: so a direction that moves few of many outputs is resolved as finely as these. This is a measurement, with a
safety factor; what is proved about an operation of the oracle is in `refsort.oracle.judge`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

PASS, FAIL, UNRESOLVED = "PASS", "FAIL", "UNRESOLVED"
RIGHT, WRONG, KINK, UNCLEAR = "right", "wrong", "kink suspected", "cannot tell"

_SAFETY = 8.0  # of the measured resolution: three neighbouring steps seldom agree to an eighth of their errors
_COARSE = 0.02  # of the steepest slope; an answer known no better than this is none
_EVERY = 32  # with so few entries, each is a direction of its own


class Direction(NamedTuple):
    """What was found along one direction, with one cotangent.

    Attributes
    ----------
    name, cotangent : str
    finding : str
        "right", "wrong", "kink suspected" or "cannot tell".
    claimed, measured : float
        ``<backward(g), d>``, and the slope of ``<g, f>``; at a kink the mean of the slopes of both sides.
    resolution : float
        How well the measured slope is known.
    jump : float
        At a kink the slope ahead less the slope behind; else 0.
    slope : float
        The order of the Taylor remainder in t: about 2 for the right gradient, 1 for a wrong one or at a kink, infinite
        where there was nothing but rounding, as for a map that is linear here.
    window : pair of float
        The steps t that this was read from, in units of the largest entry of x.
    """

    name: str
    cotangent: str
    finding: str
    claimed: float
    measured: float
    resolution: float
    jump: float
    slope: float
    window: tuple[float, float]


class GradientReport(NamedTuple):
    """What `check_gradient` found.

    Attributes
    ----------
    verdict : str
        "PASS": right along every direction. "FAIL": wrong along one. "UNRESOLVED": some could not be told.
    finding : str
        In words: "right", "wrong scale by the factor 2", "wrong direction", "kink suspected", "cannot tell", or what
        was wrong with the form of an answer.
    factor : float
        The one factor between the claimed and the measured slopes, NaN where there is none.
    kinks : list of (input, index)
        The entries of x that f bends at, where there are few enough to try each.
    directions : list of Direction
    """

    verdict: str
    finding: str
    factor: float
    kinks: list[tuple[int, tuple[int, ...]]]
    directions: list[Direction]

    def __bool__(self) -> bool:
        return self.verdict == PASS

    @property
    def text(self) -> str:
        """The report in a few lines: the verdict, and the directions that are not right, at most five of them."""
        lines = [f"{self.verdict}: {self.finding}"]
        if self.kinks:
            lines.append(f"f bends at {', '.join(f'input {i} entry {list(at)}' for i, at in self.kinks)}")
        for d in [d for d in self.directions if d.finding != RIGHT][:5]:
            slopes = f"the gradient says {d.claimed:.9g}, f says {d.measured:.9g} +- {d.resolution:.2g}"
            lines.append(f"  along {d.name}, cotangent {d.cotangent}: {d.finding}; {slopes}")
        return "\n".join(lines)


def check_gradient(
    f: Callable[..., Array], backward: Callable[..., Any], x: Array | Sequence[Array], *, seed: int = 0
) -> GradientReport:
    """Whether ``backward(x, y_bar)`` is the gradient of ``<y_bar, f(x)>``.

    Parameters
    ----------
    f : callable
        From an array to an array; from several arrays, ``f(*x)``, where x is a tuple or list.
    backward : callable
        ``backward(x, y_bar)`` gives the cotangent of x; for several arrays ``backward(*x, y_bar)`` gives one for each.
    x : array of floats, or a sequence of them
        Where to look. Everything is evaluated in its dtype: float64 tells most, float16 has too few digits.
    seed : int
        Of the random directions and cotangents.

    Returns
    -------
    GradientReport
        True where it is a PASS. Nothing is printed or plotted, and nothing of `f` is assumed but that it is made of
        smooth pieces; the calls of `f` number some 50 for each direction.

    Raises
    ------
    ValueError
        For an x that is not of finite floats.

    Notes
    -----
    The directions: each entry where there are at most 32, each input, and all at once. The cotangents: 1, 2, 3, ...,
    which tells what went where, and a random one. "right" says that a typical entry, were it wrong by a quarter,
    would have been seen. In float32 some hundred entries are too many for that, and the answer is "cannot tell".

    Examples
    --------
    >>> x = np.array([1.0, -0.5, 2.0])
    >>> check_gradient(np.exp, lambda x, g: np.exp(x) * g, x).finding
    'right'
    >>> check_gradient(np.exp, lambda x, g: 2 * np.exp(x) * g, x).finding
    'wrong scale by the factor 2'
    >>> check_gradient(np.sort, lambda x, g: g, x).finding
    'wrong direction'
    >>> check_gradient(np.abs, lambda x, g: np.sign(x) * g, np.array([0.0, 1.0])).kinks
    [(0, (0,))]
    """
    several = isinstance(x, tuple | list)
    given: list[Any] = list(x) if several else [x]
    xs = [np.array(array) for array in given]
    if not all(np.issubdtype(array.dtype, np.floating) and np.isfinite(array).all() for array in xs):
        raise ValueError(f"check_gradient: x must hold finite floats, got {', '.join(str(a.dtype) for a in xs)}")
    y = _value(f, xs)
    if not isinstance(y, np.ndarray) or not np.issubdtype(y.dtype, np.floating) or not np.isfinite(y).all():
        return _no_report(f"f(x) is no array of finite floats: {type(y).__name__} {getattr(y, 'dtype', '')}")
    if not np.array_equal(y, _value(f, xs)):
        return _no_report("f(x) changes from call to call")
    if min(_digits(a) for a in [*xs, y]) < 15:
        return _no_report(f"{y.dtype} has too few digits for difference quotients: pass x as float64, or float32")
    rng, results = np.random.default_rng(seed), []
    coded = (np.arange(y.size) % 1024 + 1.0).reshape(y.shape)
    cotangents: dict[str, Array] = {"1, 2, 3, ...": coded, "random": np.asarray(rng.standard_normal(y.shape))}
    gradients = {}
    for name, g in cotangents.items():
        g = g.astype(y.dtype)
        found = backward(*(array.copy() for array in xs), g.copy())
        found = list(found) if several else [found]
        wrong = _wrong_form(found, xs)
        if wrong:
            return GradientReport(FAIL, wrong, math.nan, [], [])
        gradients[name] = (g, [np.asarray(gradient).astype(np.longdouble) for gradient in found])
    kinks = []
    for name, d, entry in _directions(xs, rng):
        line = list(_line(f, xs, y, d))
        for cotangent, (g, gradient) in gradients.items():
            results.append(_examine(name, cotangent, line, y, g, gradient, d))
            if results[-1].finding == KINK and entry is not None and entry not in kinks:
                kinks.append(entry)
    return _report(_fine_enough(results), kinks)


class _Step(NamedTuple):
    """f at x + t d and at x - t d: the changes of its value, and the displacements that rounding made of +-t d."""

    t: float
    changes: tuple[Array, Array]
    moves: tuple[list[Array], list[Array]]


def _value(f: Callable[..., Any], xs: Sequence[Array]) -> Any:
    with np.errstate(all="ignore"):
        y = f(*(array.copy() for array in xs))
    return np.asarray(y) if isinstance(y, np.generic) else y  # NumPy makes scalars of arrays without axes


def _digits(x: Array) -> int:
    return int(-math.log2(np.finfo(x.dtype).eps))


def _line(f: Callable[..., Any], xs: list[Array], y: Array, d: list[Array]) -> Iterator[_Step]:
    """From large steps to small ones; those that leave the domain of f are left out."""
    digits = min(_digits(a) for a in [*xs, y])
    ratio = 4.0 if digits > 30 else 2.0
    for k in range(1, int((digits - 3) / math.log2(ratio)) + 1):
        t = ratio**-k
        moved = [[(a + s * t * e).astype(a.dtype) for a, e in zip(xs, d, strict=True)] for s in (1, -1)]
        values = [_value(f, end) for end in moved]
        if all(np.shape(value) == y.shape and np.isfinite(value).all() for value in values):
            wide = [[a.astype(np.longdouble) for a in end] for end in (xs, *moved)]
            moves = [[b - a for a, b in zip(wide[0], end, strict=True)] for end in wide[1:]]
            changes = [value.astype(np.longdouble) - y.astype(np.longdouble) for value in values]
            yield _Step(t, (changes[0], changes[1]), (moves[0], moves[1]))


def _directions(
    xs: list[Array], rng: np.random.Generator
) -> Iterator[tuple[str, list[Array], tuple[int, tuple[int, ...]] | None]]:
    """Names, directions, and the entry where a direction moves only one; all as large as the entries of x."""
    sizes = [2.0 ** math.frexp(float(np.abs(a).max(initial=0)) or 1.0)[1] for a in xs]
    zeros = [np.zeros(a.shape) for a in xs]
    normal = [size * rng.standard_normal(a.shape) / 2 for size, a in zip(sizes, xs, strict=True)]
    yield "all entries", normal, None
    yield "all entries with other signs", [rng.choice([-1.0, 1.0], a.shape) * a for a in normal], None
    if len(xs) > 1:
        for i in range(len(xs)):
            yield f"input {i}", [*zeros[:i], normal[i], *zeros[i + 1 :]], None
    if sum(a.size for a in xs) <= _EVERY:
        for i, a in enumerate(xs):
            for at in np.ndindex(a.shape):
                d = zeros[i].copy()
                d[at] = sizes[i] / 2
                yield f"input {i} entry {list(at)}", [*zeros[:i], d, *zeros[i + 1 :]], (i, at)


def _examine(
    name: str, cotangent: str, line: list[_Step], y: Array, g: Array, gradient: list[Array], d: list[Array]
) -> Direction:
    """The limit of e(t), from the steps of one line."""
    wide_g, claimed = g.astype(np.longdouble), sum(float((a * e).sum()) for a, e in zip(gradient, d, strict=True))
    terms = sum(float(np.abs(a * e).sum()) for a, e in zip(gradient, d, strict=True))
    unknown = Direction(name, cotangent, UNCLEAR, claimed, math.nan, math.inf, 0.0, math.nan, (math.nan, math.nan))
    if len(line) < 5:
        return unknown
    t = np.array([step.t for step in line])
    ahead, behind, noise = (np.empty(len(line)) for _ in range(3))
    u = float(np.finfo(y.dtype).eps) / 2
    moving = np.any([(change != 0) for step in line for change in step.changes], axis=0)  # by more than half an ulp
    floor = u * float((np.abs(wide_g) * np.abs(y))[moving].sum())
    floor += float(np.finfo(y.dtype).smallest_subnormal * np.abs(wide_g).sum()) if terms else 0.0  # what underflows
    for k, step in enumerate(line):
        ends = []
        for change, moves in zip(step.changes, step.moves, strict=True):
            predicted = sum(float((a * move).sum()) for a, move in zip(gradient, moves, strict=True))
            ends.append((float((wide_g * change).sum()) - predicted) / step.t)
        noise[k] = 2 * floor / step.t
        ahead[k], behind[k] = ends[0], -ends[1]
    middle, jumps = (ahead + behind) / 2, ahead - behind
    noise = np.maximum(noise, _scatter(middle, t) / t)
    noise += u * terms * (64 + sum(a.size for a in gradient))  # the gradient is rounded as well
    reach = 1 if t[0] / t[1] > 3 else 2
    spread = np.array([np.ptp(middle[max(k - reach, 0) : k + reach + 1]) for k in range(len(t))])
    spread[[*range(reach), *range(-reach, 0)]] = np.inf  # neighbours on one side alone
    best = int(np.argmin(spread + noise))
    bend = abs(float(jumps[best])) / t[best] if abs(jumps[best]) > 16 * noise[best] else 0.0
    # a gradient of the function at x (1 + u) is right as well, and the slope there is another by u times the bend
    error, resolution = float(middle[best]), float(_SAFETY * (spread[best] + noise[best] + 4 * u * bend))
    jump = _jump(jumps, noise)
    parts = np.concatenate([(a * e)[e != 0] for a, e in zip(gradient, d, strict=True)]).astype(np.float64)
    single = float(np.sqrt(np.mean(parts**2)))  # what a typical entry adds to the slope
    seen = resolution <= single / 4 or not terms
    finding = KINK if jump else WRONG if abs(error) > resolution else RIGHT if seen else UNCLEAR
    order, window = _order(ahead, noise, t)
    return Direction(name, cotangent, finding, claimed, claimed + error, resolution, jump, order, window)


def _scatter(middle: Array, t: Array) -> float:
    """The size of the rounding errors of <g, f>, from the smallest steps: e itself changes little there."""
    return float(max(np.abs(np.diff(middle))[-3:] * t[1:][-3:]))


def _fine_enough(results: list[Direction]) -> list[Direction]:
    """What seems right is right only if a small part of the steepest slope with that cotangent would have been seen."""
    steepest: dict[str, float] = {}
    for result in results:
        slope = max(abs(result.claimed), abs(result.measured) if math.isfinite(result.measured) else 0.0)
        steepest[result.cotangent] = max(steepest.get(result.cotangent, 0.0), slope)
    return [
        result._replace(finding=UNCLEAR)
        if result.finding == RIGHT and result.resolution > _COARSE * steepest[result.cotangent]
        else result
        for result in results
    ]


def _jump(jumps: Array, noise: Array) -> float:
    """The slope ahead less that behind where it stays the same towards small steps, as at a kink; else 0.

    A bend nearby, or the curvature of a smooth function, goes away with t.
    """
    for k in range(len(jumps) - 1, 3, -1):  # from the smallest step
        if abs(jumps[k]) <= 16 * noise[k]:
            continue
        run = jumps[k - 3 : k + 1] / jumps[k]
        clear = noise[k + 1 :] * 16 < abs(jumps[k])
        stays = np.abs(jumps[k + 1 :] / jumps[k] - 1)[clear] < 0.3
        if (np.abs(run - 1) < 0.3).all() and stays.all():
            return float(jumps[k])
        return 0.0
    return 0.0


def _order(ahead: Array, noise: Array, t: Array) -> tuple[float, tuple[float, float]]:
    """The power of t that the Taylor remainder t |e(t)| goes with, over the steps where it is no noise."""
    seen = np.abs(ahead) > 8 * noise
    if seen.sum() < 3:
        return math.inf, (float(t[-1]), float(t[0]))
    steps = t[seen]
    order = np.polyfit(np.log2(steps), np.log2(steps * np.abs(ahead[seen])), 1)[0]
    return float(order), (float(steps[-1]), float(steps[0]))


def _report(results: list[Direction], kinks: list[tuple[int, tuple[int, ...]]]) -> GradientReport:
    findings = [result.finding for result in results]
    if WRONG in findings:
        factor = _one_factor(results)
        finding = "wrong direction" if math.isnan(factor) else f"wrong scale by the factor {factor:.6g}"
        return GradientReport(FAIL, finding, factor, kinks, results)
    if all(finding == RIGHT for finding in findings):
        return GradientReport(PASS, RIGHT, 1.0, kinks, results)
    finding = KINK if KINK in findings else UNCLEAR
    return GradientReport(UNRESOLVED, finding, math.nan, kinks, results)


def _one_factor(results: list[Direction]) -> float:
    """The factor with claimed = factor * measured along every direction, as far as each is known; or NaN."""
    told = [r for r in results if r.finding != KINK and math.isfinite(r.resolution)]
    if sum(r.finding == WRONG for r in told) < 2:  # a factor explains any single slope
        return math.nan
    steepest = max(told, key=lambda r: abs(r.measured) / (r.resolution or 1e-300))
    if abs(steepest.measured) <= steepest.resolution:
        return math.nan
    factor = steepest.claimed / steepest.measured
    blur = abs(factor) * steepest.resolution / abs(steepest.measured)
    if abs(factor - 1) <= blur:
        return math.nan
    fits = (abs(r.claimed - factor * r.measured) <= abs(factor) * r.resolution + blur * abs(r.measured) for r in told)
    return factor + 0.0 if all(fits) else math.nan  # no negative zero


def _wrong_form(found: list[Any], xs: list[Array]) -> str:
    if len(found) != len(xs):
        return f"backward gave {len(found)} gradients for {len(xs)} inputs"
    for i, (gradient, array) in enumerate(zip(found, xs, strict=True)):
        if np.shape(gradient) != array.shape:
            return f"gradient {i} has the shape {np.shape(gradient)}, and input {i} has {array.shape}"
        if not np.isfinite(np.asarray(gradient, dtype=np.longdouble)).all():
            return f"gradient {i} has entries that are not finite"
    return ""


def _no_report(finding: str) -> GradientReport:
    return GradientReport(UNRESOLVED, finding, math.nan, [], [])
