"""A consumer of the vector files as one would write it elsewhere: from the schema alone, without refsort.

`accepts(vector, dtype, out, gradients)` says whether an answer, in flat lists of Fractions, is right; a gradient that
the vector does not ask for may be None.
"""

from fractions import Fraction

import numpy as np
from scipy.optimize import linprog


def number(text):
    return Fraction(float.fromhex(text)) if "x" in text else Fraction(text)


def accepts(vector, dtype, out, gradients):
    tolerance, expected = vector["tolerance"][dtype], vector["expected"]
    bounds = {"out": "exact", "gradients": ["exact"] * len(gradients)} if tolerance == "exact" else tolerance
    triples = zip(expected["gradients"], bounds["gradients"], gradients, strict=True)
    return near(expected["out"], bounds["out"], out) and all(near(*triple) for triple in triples)


def near(expected, bound, found):
    if expected in ("none", "unstated"):
        return True
    kind = expected.get("admissible")
    if kind == "majorised":
        excesses = bound["excess"] if bound != "exact" else ["0"] * len(expected["blocks"])
        return all(
            majorised([found[i] for i in block["at"]], [number(x) for x in block["by"]], number(excess))
            for block, excess in zip(expected["blocks"], excesses, strict=True)
        )
    if kind == "hull":
        allowed = [number(x) for x in bound["absolute"]] if bound != "exact" else [Fraction(0)] * len(found)
        return all(
            in_hull([found[i] for i in row["at"]], row["points"], [allowed[i] for i in row["at"]])
            for row in expected["rows"]
        )
    if kind == "products":
        return all(
            number(test["least"]) - number(excess)
            <= sum(f * number(x) for f, x in zip(found, test["with"], strict=True))
            <= number(test["most"]) + number(excess)
            for test, excess in zip(expected["tests"], bound["excess"], strict=True)
        )
    errors = [abs(f - number(e)) for f, e in zip(found, expected["values"], strict=True)]
    if bound == "exact":
        return not any(errors)
    if "frobenius" in bound:
        return sum(e * e for e in errors) <= number(bound["frobenius"]) ** 2
    return all(e <= number(b) for e, b in zip(errors, bound["absolute"], strict=True))


def majorised(found, by, excess):
    found, by = sorted(found, reverse=True), sorted(by, reverse=True)
    tops = [sum(found[:k]) - sum(by[:k]) for k in range(1, len(by) + 1)]
    return abs(tops[-1]) <= excess and max(tops) <= excess


def in_hull(found, points, allowed):
    """Whether some point of the hull is within what is allowed: one of the corners, or by `mixed` one between them."""
    points = [[number(x) for x in point] for point in points]
    if any(all(abs(f - x) <= a for f, x, a in zip(found, point, allowed, strict=True)) for point in points):
        return True
    if len(found) == 1:  # an interval
        return min(points)[0] - allowed[0] <= found[0] <= max(points)[0] + allowed[0]
    return len(points) > 1 and mixed(found, points, allowed)


def mixed(found, points, allowed):
    """Weights w >= 0 of sum 1 with |sum w p - found| <= allowed, by a solver; its slack is far below any bug."""
    scale = max(abs(x) for point in points for x in point) or 1
    if any(abs(x) > 2 * scale for x in found):
        return False
    points = np.array([[float(x / scale) for x in point] for point in points]).T
    target = np.array([float(x / scale) for x in found])
    slack = np.array([float(x / scale) for x in allowed]) + 1e-9
    result = linprog(
        np.zeros(points.shape[1]),
        A_ub=np.vstack([points, -points]),
        b_ub=np.concatenate([target + slack, slack - target]),
        A_eq=np.ones((1, points.shape[1])),
        b_eq=[1.0],
    )
    return result.status == 0
