"""What was found along each direction, and what follows for the whole gradient."""

from __future__ import annotations

import math
from typing import NamedTuple

PASS, FAIL, UNRESOLVED = "PASS", "FAIL", "UNRESOLVED"
RIGHT, WRONG, KINK, UNCLEAR = "right", "wrong", "kink suspected", "cannot tell"

_COARSE = 0.02  # of the steepest slope; an answer known no better than this is none


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


def concluded(directions: list[Direction], kinks: list[tuple[int, tuple[int, ...]]]) -> GradientReport:
    """The verdict on all directions."""
    results = _fine_enough(directions)
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


def told_nothing(finding: str) -> GradientReport:
    """The report where nothing could be measured, and why."""
    return GradientReport(UNRESOLVED, finding, math.nan, [], [])
