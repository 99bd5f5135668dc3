"""What the files expect of losses, certificates and networks is true by routes of this file's own.

Hinges and networks are affine in every single entry near it, so a symmetric difference is the derivative exactly, and
at a kink it lies between the ends of what is admissible.
"""

import math
from fractions import Fraction

import numpy as np
import pytest

from refsort.oracle.vectors import numerals, shipped

FILES = {file.op: file for file in shipped()}
STEP = Fraction(1, 2**70)


def array(tensor):
    values = np.empty(len(tensor["values"]), dtype=object)
    values[:] = [numerals.read(text) for text in tensor["values"]]
    return values.reshape(tensor["shape"])


def ends(gradient, size):
    """The least and the largest admissible value of each entry."""
    if "values" in gradient:
        return [(numerals.read(x),) * 2 for x in gradient["values"]]
    result = [None] * size
    for row in gradient["rows"]:
        for at, column in zip(row["at"], zip(*row["points"], strict=True), strict=True):
            numbers = [numerals.read(x) for x in column]
            result[at] = (min(numbers), max(numbers))
    return result


def agree(function, arrays, cotangent, gradients, step):
    """Every entry of every gradient against the symmetric difference of <cotangent, function>."""
    for k, gradient in enumerate(gradients):
        if gradient in ("none", "unstated"):
            continue
        for at, (low, high) in enumerate(ends(gradient, arrays[k].size)):
            sides = []
            for sign in (1, -1):
                moved = [a.copy() for a in arrays]
                moved[k].flat[at] += sign * step
                sides.append(np.sum(cotangent * function(*moved)))
            assert low <= (sides[0] - sides[1]) / (2 * step) <= high


def hinge(logits, labels, margin):
    n, k = logits.shape
    rows = [(row, row[int(t)], j) for row, t in zip(logits, labels, strict=True) for j in range(k) if j != t]
    return np.array(sum(max(0, margin - true + row[j]) for row, true, j in rows) / Fraction(n * k), dtype=object)


def kr(p, q):
    return np.array(sum(p) / Fraction(len(p)) - sum(q) / Fraction(len(q)), dtype=object)


def hkr(p, q, margin, alpha):
    lacking = [max(0, margin - v) for v in p] + [max(0, margin + v) for v in q]
    return alpha * sum(lacking) / Fraction(len(lacking)) - kr(p, q)


def network(x, *parameters, group_size):
    count = len(parameters) // 2
    for i, (w, b) in enumerate(zip(parameters[:count], parameters[count:], strict=True)):
        x = x @ w.T + b
        if i < count - 1:
            x = np.sort(x.reshape(len(x), x.shape[1] // group_size, group_size), axis=-1).reshape(x.shape)
    return x


@pytest.mark.parametrize(("op", "function"), [("hinge", hinge), ("kr", kr), ("hkr", hkr), ("network", network)])
def test_values_by_the_definition_and_gradients_by_symmetric_differences(op, function):
    kinks = 0
    for vector in FILES[op].vectors:
        arrays = [tensor.exact() for tensor in vector.arrays]
        params = {name: numerals.read(value) for name, value in vector.params.items()}
        params |= {"group_size": int(params["group_size"])} if "group_size" in params else {}
        out = function(*arrays, **params)
        assert (array(vector.expected["out"]) == out).all()
        smallest = min((abs(x) for a in arrays for x in a.flat if x), default=Fraction(1))
        kinks += any("rows" in gradient for gradient in vector.expected["gradients"])
        agree(
            lambda *moved, params=params: function(*moved, **params),
            arrays,
            vector.cotangent.exact(),
            vector.expected["gradients"],
            STEP * min(smallest, 1),
        )
    assert (kinks > 5) == (op in ("hinge", "hkr"))


def test_gradients_of_hinges_sum_to_zero_at_every_end():
    for vector in FILES["hinge"].vectors:
        gradient, labels = vector.expected["gradients"]
        assert labels == "none"
        rows = [point for row in gradient.get("rows", []) for point in row["points"]]
        rows += [[numerals.write(x) for x in row] for row in array(gradient)] if "values" in gradient else []
        assert rows
        assert all(sum(map(numerals.read, row)) == 0 for row in rows)


def test_cross_entropy_by_logarithms_in_double():
    for vector in FILES["cross_entropy"].vectors:
        logits, labels = vector.arrays[0].exact(), vector.arrays[1].exact()
        margin, temperature = (float(numerals.read(vector.params[name])) for name in ("margin", "temperature"))
        y_bar, n = float(vector.cotangent.exact().item()), len(labels)
        losses, gradients = [], []
        for row, t in zip(logits.tolist(), labels.tolist(), strict=True):
            z = [temperature * (float(y) - margin * (j == t)) for j, y in enumerate(row)]
            differences = [x - z[int(t)] for x in z]
            top = max(differences)
            rest = math.fsum(math.exp(x - top) for x in differences) - 1
            losses.append(top + math.log1p(rest) if top else math.log1p(rest))
            softmax = [math.exp(x - top) / (1 + rest) for x in differences]
            gradients.append([y_bar * temperature * (s - (j == t)) / n for j, s in enumerate(softmax)])
        found = array(vector.expected["out"]).item()
        assert float(found) == pytest.approx(sum(losses) / n, rel=1e-9, abs=1e-14)
        gradient, none = vector.expected["gradients"]
        assert none == "none"
        assert np.allclose(array(gradient).astype(float), gradients, rtol=1e-9, atol=1e-13)
        assert all(abs(row.sum()) <= Fraction(1, 2**50) for row in array(gradient))


def test_certified_radii_by_their_powers():
    """(radius K)^p 2^(p-1) = m^p, and 2 K radius = m for p = inf."""
    for vector in FILES["certified_radius"].vectors:
        assert vector.expected["gradients"] == ["none", "none"]
        p, lipschitz = vector.params["p"], numerals.read(vector.params["lipschitz"])
        slack = Fraction(1, 2**60) if "error" in vector.expected["out"] else 0
        rows = zip(
            vector.arrays[0].exact().tolist(), vector.arrays[1].exact(), array(vector.expected["out"]), strict=True
        )
        for row, t, radius in rows:
            margin = max(Fraction(0), row[int(t)] - max(y for j, y in enumerate(row) if j != t))
            sides = (2 * lipschitz * radius, margin)
            if p != "inf":
                sides = ((lipschitz * radius) ** int(p) * 2 ** (int(p) - 1), margin ** int(p))
            assert abs(sides[0] - sides[1]) <= slack * sides[1]
