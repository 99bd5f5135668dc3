"""What the files expect of norms and balls is true by routes of this file's own: identities, not the definitions."""

import math
from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from refsort.oracle.vectors import numerals, shipped

FILES = {file.op: file for file in shipped()}
NEAR = Fraction(1, 2**60)


def array(tensor):
    values = np.empty(len(tensor["values"]), dtype=object)
    values[:] = [numerals.read(text) for text in tensor["values"]]
    return values.reshape(tensor["shape"])


def equal(found, expected, tensor):
    """Exactly, or to 2^-60 where the tensor says that it is irrational."""
    slack = NEAR if "error" in tensor else 0
    return all(abs(a - b) <= slack * max(abs(a), abs(b)) for a, b in zip(found.flat, expected.flat, strict=True))


def singular_values(w):
    scale = max(map(abs, w.flat)) or 1
    return np.linalg.svd((w / scale).astype(float), compute_uv=False), scale


def test_spectral_norms_and_their_pairs():
    """G = u v^T exactly when G G^T G = G, G has rank one, and <G, W> is the largest singular value."""
    seen = set()
    for vector in FILES["spectral_norm"].vectors:
        (w,), y_bar = (x.exact() for x in vector.arrays), vector.cotangent.exact().item()
        out, (gradient,) = array(vector.expected["out"]), vector.expected["gradients"]
        values, scale = singular_values(w)
        assert float(out.item() / scale) == pytest.approx(values[0], rel=1e-12)
        simple = values[0] > 0 and (len(values) == 1 or values[0] - values[1] > 1e-9 * values[0])
        assert simple == ("values" in gradient)
        seen.add(("error" in vector.expected["out"], simple))
        if simple:
            g = array(gradient) / y_bar
            assert all(abs(x) <= NEAR for x in (g @ g.T @ g - g).flat)
            assert abs((g * g).sum() - 1) <= NEAR
            assert abs((g * w).sum() - out.item()) <= NEAR * out.item()
            if "error" not in gradient:
                assert ((g @ g.T @ g) == g).all()
                assert (g * w).sum() == out.item()
    assert seen == {(True, True), (False, True), (False, False)}


def test_products_hold_for_subgradients_and_not_for_the_sum_of_all_pairs():
    tested = 0
    for vector in FILES["spectral_norm"].vectors:
        (gradient,) = vector.expected["gradients"]
        if "tests" in gradient:
            (w,), y_bar = (x.exact().astype(float) for x in vector.arrays), float(vector.cotangent.exact().item())
            u, s, vt = np.linalg.svd(w)
            top = int((s > s[0] - 1e-9).sum())
            for shares in ([1.0] + [0.0] * (top - 1), [1 / top] * top):
                assert violated(gradient, y_bar * (u[:, :top] * shares) @ vt[:top]) <= 1e-9
            if top > 1:
                assert violated(gradient, y_bar * u[:, :top] @ vt[:top]) > 0.1
                tested += 1
    assert tested > 5


def violated(gradient, found):
    excess = 0.0
    for test in gradient["tests"]:
        value = sum(f * float(numerals.read(x)) for f, x in zip(found.flat, test["with"], strict=True))
        least, most = (float(numerals.read(test[side])) for side in ("least", "most"))
        excess = max(excess, least - value, value - most)
    return excess


def test_normalised_weights_and_gradients_by_the_vectors_of_lapack():
    for vector in FILES["spectral_normalize"].vectors:
        (w,), g = (x.exact() for x in vector.arrays), vector.cotangent.exact().astype(float)
        out, (gradient,) = array(vector.expected["out"]), vector.expected["gradients"]
        values, scale = singular_values(w)
        assert np.allclose(out.astype(float), (w / scale).astype(float) / values[0], rtol=1e-12, atol=0)
        if "values" in gradient and (len(values) == 1 or values[0] - values[1] > 1e-9 * values[0]):
            u, s, vt = np.linalg.svd((w / scale).astype(float))
            c = (g * (w / scale).astype(float)).sum() / s[0]
            expected = (g - c * np.outer(u[:, 0], vt[0])) / s[0]
            assert np.allclose((array(gradient) * scale).astype(float), expected, rtol=1e-9, atol=1e-10)


def test_the_l2_ball_by_its_optimality_conditions():
    """Outside: on the sphere and a positive multiple of v. Its gradient is r / |v| times what is orthogonal to v."""
    places = set()
    for vector in FILES["project_l2_ball"].vectors:
        radius = numerals.read(vector.params["radius"])
        out, (gradient,) = vector.expected["out"], vector.expected["gradients"]
        rows = zip(vector.arrays[0].exact(), vector.cotangent.exact(), array(out), strict=True)
        for i, (v, g, x) in enumerate(rows):
            square = (v * v).sum()
            sign = (square > radius**2) - (square < radius**2)
            places.add(sign)
            if sign <= 0:
                assert (x == v).all()
            else:
                assert abs((x * x).sum() - radius**2) <= NEAR * radius**2
                assert equal(x * x * square, radius**2 * v * v, out)
                assert all(a * b >= 0 for a, b in zip(x, v, strict=True))
            ends = ends_of(gradient, i)
            across = g - v * (v * g).sum() / square if square else g
            assert len(ends) == (2 if sign == 0 and (across != g).any() else 1)
            for end in ends:
                inside = (end == g).all() and sign <= 0
                outside = equal(end * end * square, radius**2 * across * across, gradient) and sign >= 0
                assert inside or outside
    assert places == {-1, 0, 1}


def ends_of(gradient, i):
    if "values" in gradient:
        return [array(gradient)[i]]
    return [np.array([numerals.read(x) for x in point], dtype=object) for point in gradient["rows"][i]["points"]]


def test_the_linf_ball_by_one_sided_slopes():
    for vector in FILES["project_linf_ball"].vectors:
        radius, v, g = numerals.read(vector.params["radius"]), vector.arrays[0].exact(), vector.cotangent.exact()
        out, (gradient,) = array(vector.expected["out"]), vector.expected["gradients"]
        h = radius / 2**20

        def clip(x, radius=radius):
            return sorted([-radius, x, radius])[1]

        for i, (x, y, found) in enumerate(zip(v.flat, g.flat, out.flat, strict=True)):
            assert found == clip(x)
            slopes = {y * (clip(x + h) - clip(x)) / h, y * (clip(x) - clip(x - h)) / h}
            if "rows" in gradient:
                assert gradient["rows"][i]["at"] == [i]
                listed = [x for (x,) in gradient["rows"][i]["points"]]
            else:
                listed = [gradient["values"][i]]
            assert {numerals.read(x) for x in listed} == slopes


def dual_norm(x, p):
    return {"1": lambda: sum(map(abs, x)), "inf": lambda: max(map(abs, x))}[p]()


def test_operator_norms_as_maxima_over_corners_of_the_unit_ball():
    """(p, q) of 1 and inf: |W x|_q over the corners of the p-ball. (1, 2), (2, inf): squares of columns and rows."""
    for vector in FILES["operator_norm"].vectors:
        (w,), (p, q) = (x.exact() for x in vector.arrays), (vector.params["p"], vector.params["q"])
        out, n = vector.expected["out"], w.shape[1]
        value = array(out).item()
        if "2" not in (p, q):
            corners = np.eye(n, dtype=int) if p == "1" else np.array(list(product((1, -1), repeat=n)))
            assert value == max(dual_norm(w @ x, q) for x in corners)
        elif p != q:
            lines = w.T if p == "1" else w
            square = max((line * line).sum() for line in lines)
            assert abs(value * value - square) <= (NEAR * square if "error" in out else 0)
        else:
            values, scale = singular_values(w)
            assert math.isclose(value / scale, values[0], rel_tol=1e-12)


def test_subgradients_of_operator_norms_by_duality():
    """G is one exactly when <G, W> = y_bar norm, and the dual norm of G / y_bar is at most 1."""
    several = 0
    for vector in FILES["operator_norm"].vectors:
        (w,), (p, q) = (x.exact() for x in vector.arrays), (vector.params["p"], vector.params["q"])
        (gradient,), y_bar = vector.expected["gradients"], vector.cotangent.exact().item()
        if gradient == "unstated" or p == q == "2" or "tests" in gradient:
            continue
        value, shape = array(vector.expected["out"]).item(), w.shape
        listed = [array(gradient)] if "values" in gradient else []
        if "rows" in gradient:
            (row,) = gradient["rows"]
            assert row["at"] == list(range(w.size))
            listed = [np.array([numerals.read(x) for x in of], dtype=object).reshape(shape) for of in row["points"]]
            several += 1
        for point in listed:
            assert abs((point * w).sum() - y_bar * value) <= NEAR * abs(y_bar) * value
            lines = (point.T if p == "1" else point) / abs(y_bar)
            if "2" in (p, q):
                size = sum(math.sqrt((line * line).sum()) for line in lines)
            elif (p, q) == ("1", "inf"):
                size = abs(lines).sum()
            else:
                size = sum(max(map(abs, line)) for line in lines)
            assert size <= 1 + 1e-12
    assert several > 20
