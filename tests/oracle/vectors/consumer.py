"""A consumer of the vector files as one would write it elsewhere: from the schema alone, without refsort.

`accepts(vector, dtype, out, gradients)` says whether an answer, in flat lists of Fractions, is right.
"""

from fractions import Fraction

import numpy as np
from scipy.optimize import linprog


def number(text):
    return Fraction(float.fromhex(text)) if "x" in text else Fraction(text)


def accepts(vector, dtype, out, gradients):
    tolerance, expected = vector["tolerance"][dtype], vector["expected"]
    bounds = {"out": "exact", "gradients": ["exact"] * len(gradients)} if tolerance == "exact" else tolerance
    return near(expected["out"], bounds["out"], out) and all(
        near(*triple) for triple in zip(expected["gradients"], bounds["gradients"], gradients, strict=True)
    )


def near(expected, bound, found):
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
    """Weights w >= 0 of sum 1 with |sum w p - found| <= allowed, by a solver; its slack is far below any bug."""
    points = np.array([[float(number(x)) for x in point] for point in points]).T
    target, slack = np.array([float(x) for x in found]), np.array([float(x) for x in allowed]) + 1e-9
    result = linprog(
        np.zeros(points.shape[1]),
        A_ub=np.vstack([points, -points]),
        b_ub=np.concatenate([target + slack, slack - target]),
        A_eq=np.ones((1, points.shape[1])),
        b_eq=[1.0],
    )
    return result.status == 0
