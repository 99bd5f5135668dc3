"""The shipped files are what the generator makes, and what they expect is true by routes of this file's own."""

from collections import Counter
from fractions import Fraction
from itertools import permutations, product

import numpy as np
import pytest

from refsort.oracle.vectors import generate, numerals, shipped, verify
from refsort.oracle.vectors.exactness import representable
from refsort.oracle.vectors.flags import FLAGS
from refsort.oracle.vectors.format import OPERATIONS, shipped_bytes
from refsort.oracle.vectors.questions.sorting import weak_orders
from refsort.strategies import FORMATS

FILES = {file.op: file for file in shipped()}


@pytest.mark.parametrize("op", OPERATIONS)
def test_the_shipped_file_is_regenerated_byte_for_byte(op):
    assert generate.content(op).encode() == shipped_bytes()[f"{op}.json"]


@pytest.mark.parametrize("op", [op for op in OPERATIONS if op != "bjorck"])  # regenerated above, which is as much
def test_the_shipped_files_verify(op):
    assert verify(FILES[op]) == FILES[op].declared


def test_every_flag_is_used_explained_and_of_a_class():
    used = {flag for file in FILES.values() for vector in file.vectors for flag in vector.flags}
    assert used == set(FLAGS)
    for flag in FLAGS.values():
        assert flag.reason.endswith(".")
        assert len(flag.reason) > 30
    classes = {flag.bug_class for flag in FLAGS.values()}
    assert {"B1", "B3", "B5", "B7", "B11", "B12", "B13", "B14", "B19", "B22", "B23"} <= classes
    assert sum(bool(flag.links) for flag in FLAGS.values()) > 15


def numbers(tensor):
    return [numerals.read(text) for text in tensor["values"]]


def listed(entry):
    """The numbers of a tensor, or of all points of a hull."""
    if "rows" in entry:
        return [numerals.read(x) for row in entry["rows"] for point in row["points"] for x in point]
    return numbers(entry) if "values" in entry else []


def array(tensor):
    return np.array(numbers(tensor), dtype=object).reshape(tensor["shape"])


@pytest.mark.parametrize("op", OPERATIONS)
def test_inputs_are_exactly_numbers_of_every_dtype_that_is_listed(op):
    for vector in FILES[op].vectors:
        for dtype in vector.tolerance:
            for tensor in (*vector.arrays, vector.cotangent):
                floats = tensor.floats(dtype)
                assert floats.dtype == FORMATS[dtype].carrier
                assert [Fraction(float(x)) for x in floats.flat] == list(tensor.exact().flat)
                if dtype == "bfloat16":  # the lower 16 bits of the carrying float32 are zero
                    assert not (floats.view(np.uint32) & 0xFFFF).any()


def test_negative_zeros_arrive_as_such():
    zeros = [v for v in FILES["max_min"].vectors if "-0" in v.arrays[0].values]
    assert zeros
    assert all(np.signbit(v.arrays[0].floats("float16")).any() for v in zeros)


def test_all_orders_and_all_patterns_of_ties_of_small_groups_are_there():
    for n in (2, 3, 4):
        patterns = [ranks for ranks in product(range(n), repeat=n) if set(ranks) == set(range(max(ranks) + 1))]
        assert weak_orders(n) == patterns
        assert set(permutations(range(n))) <= set(patterns)
        seen = Counter()
        for vector in FILES["full_sort"].vectors:
            if vector.arrays[0].shape == (1, n):
                x = vector.arrays[0].exact().ravel().tolist()
                seen[tuple(sorted(set(x)).index(value) for value in x)] += 1
        assert set(patterns) <= set(seen)


def group_size(vector):
    params = {name: int(value) for name, value in vector.params.items()}
    return {"max_min": 2, "full_sort": vector.arrays[0].shape[params["axis"]]}.get(vector.op) or params["group_size"]


@pytest.mark.parametrize("op", ["group_sort", "max_min", "full_sort"])
def test_sorts_by_sorted_and_gradients_by_stable_positions(op):
    """The permutation that a stable sort applies is one element of every set, and the only one without ties."""
    for vector in FILES[op].vectors:
        size, axis = group_size(vector), int(vector.params["axis"])
        x, g = vector.arrays[0].exact(), vector.cotangent.exact()
        out, x_bar = np.empty_like(x), np.empty_like(x)
        lines = (np.moveaxis(a, axis, -1).reshape(-1, x.shape[axis]) for a in (np.arange(x.size).reshape(x.shape),))
        for line in next(lines):
            for start in range(0, len(line), size):
                places = [int(i) for i in line[start : start + size]]
                order = sorted(places, key=lambda i: x.flat[i])
                for place, source in zip(places, order, strict=True):
                    out.flat[place], x_bar.flat[source] = x.flat[source], g.flat[place]
        assert numbers(vector.expected["out"]) == list(out.flat)
        (gradient,) = vector.expected["gradients"]
        if "values" in gradient:
            assert numbers(gradient) == list(x_bar.flat)
        else:
            assert sorted(i for block in gradient["blocks"] for i in block["at"]) == list(range(x.size))
            for block in gradient["blocks"]:
                assert len({x.flat[i] for i in block["at"]}) == 1
                assert sorted(x_bar.flat[i] for i in block["at"]) == sorted(map(numerals.read, block["by"]))


def test_affine_by_sums():
    for vector in FILES["affine"].vectors:
        x, w, b = (tensor.exact() for tensor in vector.arrays)
        g = vector.cotangent.exact()
        n, d_in, d_out = *x.shape, len(b)
        out = [sum((x[i, k] * w[j, k] for k in range(d_in)), b[j]) for i in range(n) for j in range(d_out)]
        x_bar = [sum(g[i, j] * w[j, k] for j in range(d_out)) for i in range(n) for k in range(d_in)]
        w_bar = [sum(g[i, j] * x[i, k] for i in range(n)) for j in range(d_out) for k in range(d_in)]
        b_bar = [sum(g[i, j] for i in range(n)) for j in range(d_out)]
        assert numbers(vector.expected["out"]) == out
        assert [numbers(gradient) for gradient in vector.expected["gradients"]] == [x_bar, w_bar, b_bar]


def test_bjorck_of_one_singular_value_by_its_polynomial():
    """s -> s sum_j c_j (1 - s^2)^j and its derivative, applied step by step to a 1 by 1 matrix."""
    scalars = [vector for vector in FILES["bjorck"].vectors if vector.arrays[0].shape == (1, 1)]
    assert len(scalars) > 70
    for vector in scalars:
        order, beta = int(vector.params["order"]), Fraction(vector.params["beta"])
        c = [Fraction(1), beta if order == 1 else Fraction(1, 2), Fraction(3, 8), Fraction(5, 16)][: order + 1]
        ((s,), (g,)) = vector.arrays[0].exact()[0], vector.cotangent.exact()[0]
        for _ in range(int(vector.params["iterations"])):
            t = 1 - s * s
            slope = sum(x * t**j for j, x in enumerate(c))
            slope += s * sum(x * j * t ** (j - 1) * -2 * s for j, x in enumerate(c) if j)
            s, g = s * sum(x * t**j for j, x in enumerate(c)), g * slope
        assert numbers(vector.expected["out"]) == [s]
        assert numbers(vector.expected["gradients"][0]) == [g]


def test_bjorck_of_matrices_by_the_matrix_polynomial_and_symmetric_differences():
    """Order 1 is (1 + beta) A - beta A A^T A: a cubic, whose symmetric difference is its derivative plus the cubic."""
    one_step = [v for v in FILES["bjorck"].vectors if v.params["order"] == v.params["iterations"] == "1"]
    assert len(one_step) > 60
    for vector in one_step:
        a, g, beta = vector.arrays[0].exact(), vector.cotangent.exact(), Fraction(vector.params["beta"])

        def step(a, beta=beta):
            return (1 + beta) * a - beta * a @ a.T @ a

        assert numbers(vector.expected["out"]) == list(step(a).flat)
        # the transpose of the derivative along g is the derivative along g: (step(a + g) - step(a - g)) / 2 + beta g^3
        gradient = (step(a + g) - step(a - g)) / 2 + beta * g @ g.T @ g
        assert numbers(vector.expected["gradients"][0]) == list(gradient.flat)


def test_fixed_points_and_the_flip_are_as_their_flags_say():
    for vector in FILES["bjorck"].vectors:
        a, out = vector.arrays[0].exact(), array(vector.expected["out"])
        if "orthonormal" in vector.flags:
            assert (a == out).all()
        if "zero-matrix" in vector.flags:
            assert not out.any()
        if "sign-flip" in vector.flags and {abs(x) for x in a.flat} <= {0, 2}:
            assert (out == -a / 2).all()


def test_the_l1_ball_by_its_optimality_conditions():
    """x is the nearest point iff v - x is a multiple t >= 0 of a subgradient of the l1 norm at x, 0 inside."""
    for vector in FILES["project_l1_ball"].vectors:
        radius = numerals.read(vector.params["radius"])
        for v, x in zip(vector.arrays[0].exact(), array(vector.expected["out"]), strict=True):
            norm, moved = sum(abs(x)), v - x
            assert norm <= radius
            t = max(abs(moved))
            if t:
                assert norm == radius
                assert all(d == (t if y > 0 else -t) for d, y in zip(moved, x, strict=True) if y)
            places = {"inside": sum(abs(v)) < radius, "zero-row": not any(v)}
            places |= {"sphere": sum(abs(v)) == radius, "outside": sum(abs(v)) > radius}
            places["inside"] &= not places["zero-row"]
            (place,) = (name for name, holds in places.items() if holds)
            assert place in vector.flags


def test_the_gradients_of_the_l1_ball_by_symmetric_differences():
    """Away from kinks the projection is affine nearby, so <J g, e> = (P(v + h e) - P(v - h e)) g / 2 h; J is symmetric.

    At a kink the mean of the two one-sided derivatives along the cotangent lies in the hull of the J g.
    """

    def project(v, radius):
        if sum(map(abs, v)) <= radius:
            return v
        sizes, low, high = [abs(x) for x in v], Fraction(0), max(map(abs, v))
        kept = len(v)
        while True:  # drop entries below the threshold of those that are left, until none is
            tau = (sum(sorted(sizes)[len(v) - kept :]) - radius) / kept
            if sum(x > tau for x in sizes) == kept:
                break
            kept = sum(x > tau for x in sizes)
        assert low <= tau <= high
        return [(1 if x > 0 else -1) * max(abs(x) - tau, Fraction(0)) for x in v]

    for vector in FILES["project_l1_ball"].vectors:
        radius = numerals.read(vector.params["radius"])
        (gradient,) = vector.expected["gradients"]
        h = radius / 2**20
        for i, (v, g) in enumerate(zip(vector.arrays[0].exact(), vector.cotangent.exact(), strict=True)):
            steps = [project([x + s * h * y for x, y in zip(v, g, strict=True)], radius) for s in (1, -1)]
            slope = [(up - down) / (2 * h) for up, down in zip(*steps, strict=True)]
            if "values" in gradient:
                assert list(array(gradient)[i]) == slope
            else:
                points = [list(map(numerals.read, point)) for point in gradient["rows"][i]["points"]]
                for column, entry in zip(zip(*points, strict=True), slope, strict=True):
                    assert min(column) <= entry <= max(column)


def test_exact_means_that_the_truth_is_a_number_of_the_dtype():
    for file in FILES.values():
        for vector in file.vectors:
            for dtype, tolerance in vector.tolerance.items():
                if tolerance == "exact":
                    for entry in (vector.expected["out"], *vector.expected["gradients"]):
                        for x in listed(entry):
                            assert representable(x, dtype)


def test_every_dtype_has_many_exact_vectors_and_many_bounded_ones():
    exact, bounded = Counter(), Counter()
    for file in FILES.values():
        for vector in file.vectors:
            for dtype, tolerance in vector.tolerance.items():
                (exact if tolerance == "exact" else bounded)[dtype, file.op] += 1
    never_exact = {"spectral_norm", "spectral_normalize", "cross_entropy", "project_l2_ball", "operator_norm"}
    for dtype, op in product(FORMATS, OPERATIONS):
        if op not in never_exact:
            assert exact[dtype, op] >= 10
        if op == "project_linf_ball":
            assert bounded[dtype, op] == 0
        else:
            assert bounded[dtype, op] >= (5 if op == "network" else 10)
