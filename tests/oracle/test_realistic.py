"""Realistic sizes: correct implementations pass, reduced precision and blocked bugs do not; bits are read off."""

from functools import partial

import numpy as np
import pytest

from refsort.oracle.adapter import load
from refsort.oracle.judge import answer
from refsort.oracle.realistic import claims
from refsort.oracle.tolerances import Precision
from refsort.rounding import UNIT_ROUNDOFF, gamma, probable_gamma

NUMPY = load("numpy")


def judged(ask, op, dtype="float32"):
    return list(claims(ask, op, dtype, Precision.of(dtype)))


@pytest.mark.parametrize("op", ["group_sort", "max_min", "full_sort", "affine"])
def test_refsort_passes(op):
    comparisons = judged(partial(answer, NUMPY), op)
    assert {c.kind for c in comparisons} == {"value", "gradient"}
    assert all(c.ratio <= 1 for c in comparisons)


def truncated(a, bits):
    """a with its mantissa rounded to so many bits."""
    mantissa, exponent = np.frexp(a)
    return np.ldexp(np.round(mantissa * 2.0**bits) / 2.0**bits, exponent).astype(a.dtype)


def affine(case, with_gradients, product):
    x, w, b = case.arrays
    g = case.cotangent
    out = product(x, w.T) + b
    return out, [product(g, w), product(g.T, x), g.sum(axis=0)] if with_gradients else []


def test_products_of_ten_bits_are_noticed_and_named():
    def tf32(a, b):
        return truncated(a, 11) @ truncated(b, 11)

    comparisons = judged(partial(affine, product=tf32), "affine")
    assert max(c.ratio for c in comparisons) > 1
    result = comparisons[0]
    assert "about 11 bits" in result.what or "about 12 bits" in result.what
    # the rigorous bound, n u times the sizes, could not have told: the reason for the probabilistic one
    u = UNIT_ROUNDOFF["float32"]
    assert result.ratio * probable_gamma(1025, u, 80) / gamma(1025, u) < 1


def test_a_kernel_that_loses_its_last_block_is_noticed():
    def blocked(a, b):
        k = a.shape[1] // 128 * 128 if a.shape[1] != 1024 else 1016
        return a[:, :k] @ b[:k]

    assert max(c.ratio for c in judged(partial(affine, product=blocked), "affine")) > 1


def test_other_summation_orders_pass():
    def pairwise(a, b):
        return (a[:, ::2] @ b[::2]) + (a[:, 1::2] @ b[1::2])[:, :]

    def one_by_one(a, b):
        total = np.zeros((a.shape[0], b.shape[1]), a.dtype)
        for k in range(a.shape[1]):
            total += np.outer(a[:, k], b[k])
        return total

    for product in (pairwise, one_by_one):
        assert all(c.ratio <= 1 for c in judged(partial(affine, product=product), "affine"))


@pytest.mark.parametrize("op", ["group_sort", "max_min", "full_sort"])
def test_one_wrong_entry_among_thousands_is_noticed(op):
    def broken(case, with_gradients, where):
        out, gradients = answer(NUMPY, case, with_gradients)
        array = (out, *gradients)[where]
        array[-1, [1001, 1002]] = array[-1, [1002, 1001]]
        return out, gradients

    for where in (0, 1):
        ratios = [c.ratio for c in judged(partial(broken, where=where), op)]
        assert ratios[where] > 1
        assert ratios[1 - where] == 0


def test_bfloat16_rows_hold_whole_numbers_that_it_has():
    seen = []

    def recording(case, with_gradients):
        seen.append(case.arrays[0])
        return answer(NUMPY, case._replace(dtype="float32"), with_gradients)

    comparisons = judged(recording, "group_sort", "bfloat16")
    assert all(c.ratio == 0 for c in comparisons)
    assert np.max(seen[0]) < 256


def whole_network(case, with_gradients, cast=lambda a: a, slip=0):
    x, *parameters = case.arrays
    half = len(parameters) // 2
    h = x
    for i, (w, b) in enumerate(zip(parameters[:half], parameters[half:], strict=True)):
        h = cast(h) @ cast(w).T + b
        if i < half - 1:
            h = np.sort(h.reshape(len(h), -1, 2), axis=-1).reshape(len(h), -1)
        if i == 1 and slip:
            h[:, 7] += slip
    return h, []


def test_deep_networks_end_to_end():
    (right,) = judged(whole_network, "network")
    assert 0 < right.ratio <= 1
    assert "confidence" in right.what
    (wrong,) = judged(partial(whole_network, slip=0.01), "network")
    assert wrong.ratio > 1
    (coarse,) = judged(partial(whole_network, cast=partial(truncated, bits=8)), "network")
    assert coarse.ratio > 1
    assert judged(whole_network, "network", "float64")[0].ratio <= 1
