"""The limit of e(t) along one line, with how well it is known: read off where noise and remainder are least."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from refsort.oracle.gradients.line import Step
from refsort.oracle.gradients.report import KINK, RIGHT, UNCLEAR, WRONG, Direction

Array = NDArray[Any]

_SAFETY = 8.0  # of the measured resolution: three neighbouring steps seldom agree to an eighth of their errors


def along(
    name: str, cotangent: str, line: list[Step], y: Array, g: Array, gradient: list[Array], d: list[Array]
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
