"""Cases that are called free of subnormals are: arithmetic that flushes gives the same bits on them."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refsort.oracle import Case, cases
from refsort.oracle.subnormals import may_meet_subnormals

TINY = np.finfo(np.float32).smallest_normal


def flushed(x):
    return np.where(np.abs(x) < TINY, x.dtype.type(0), x)


def products(a, b, flush):
    """``a @ b``, every product and every sum handed to `flush`."""
    total = np.zeros((len(a), b.shape[1]), a.dtype)
    for k in range(len(b)):
        total = flush(total + flush(flush(a[:, k, None]) * flush(b[k])))
    return total


@settings(max_examples=150)
@given(cases("affine", "float32"))
def test_affine_maps_do_not_notice(case):
    x, w, b = case.arrays
    plain = products(x, w.T, lambda y: y) + b
    if not may_meet_subnormals(case):
        assert np.array_equal(flushed(products(x, w.T, flushed) + flushed(b)), plain)


@settings(max_examples=150)
@given(st.sampled_from(["group_sort", "max_min", "full_sort"]).flatmap(lambda op: cases(op, "float32")))
def test_sorts_and_differences_do_not_notice(case):
    x = case.arrays[0].ravel()
    if not may_meet_subnormals(case):
        differences = x[:, None] - x
        assert np.array_equal(flushed(x), x)
        assert np.array_equal(flushed(differences), differences)


@pytest.mark.parametrize("op", ["max_min", "affine", "bjorck", "project_l1_ball"])
def test_most_cases_are_asked_all_the_same(op):
    """A guard that sent everything away would accuse nobody and find nothing."""
    answers = []

    @settings(max_examples=60, database=None)
    @given(cases(op, "float32"))
    def collect(case):
        answers.append(may_meet_subnormals(case))

    collect()
    assert answers.count(False) > len(answers) / 4


def test_exponentials_underflow_before_their_arguments_do():
    def case(logit):
        logits = np.array([[0.0, logit]], np.float32)
        params = {"temperature": 1.0, "margin": 0.0}
        return Case("cross_entropy", "float32", (logits, np.array([0])), params, np.float32(1).reshape(()))

    assert not may_meet_subnormals(case(-20.0))
    assert may_meet_subnormals(case(-87.25))


def test_parameters_count_as_well():
    v, g = np.zeros((1, 2), np.float32), np.ones((1, 2), np.float32)
    for radius, meets in ((1.0, False), (float(Fraction(1, 2**149)), True)):
        assert may_meet_subnormals(Case("project_linf_ball", "float32", (v,), {"radius": radius}, g)) is meets
