"""Faulty and correct implementations of one operation, judged: what the tests of this folder share."""

import numpy as np
import pytest

from refsort.oracle import Adapter, check
from refsort.rounding import UNIT_ROUNDOFF


def rows(op, function, dtypes=("float32", "float64"), seed=0, max_examples=60):
    """The rows of an implementation ``function(arrays, params, cotangent) -> (result, gradients)``."""

    def call(name, arrays, params, cotangent=None, dtype="float32"):
        like_input = op.startswith("project") or op == "spectral_normalize"
        g = np.ones(arrays[0].shape if like_input else (), arrays[0].dtype) if cotangent is None else cotangent
        with np.errstate(all="ignore"):
            out, gradients = function(arrays, params, g)
        return out, gradients if cotangent is not None else None

    adapter = Adapter(function.__name__, tuple(dtypes), {}, UNIT_ROUNDOFF, frozenset([op]), call)
    return check(adapter, [op], max_examples=max_examples, random_seed=seed, shrink=False).rows


@pytest.fixture
def passes():
    """Asserts that nothing is held against a correct implementation, over three seeds."""

    def judge(op, function, **options):
        options = {"max_examples": 25} | options
        for seed in range(3):
            for row in rows(op, function, seed=seed, **options):
                assert row.verdict == "PASS", row.failure
                assert all(ratio <= 1 for ratio in row.worst.values())

    return judge


@pytest.fixture
def fails():
    """Asserts that a faulty implementation is failed in every dtype."""

    def judge(op, function, **options):
        for row in rows(op, function, **options):
            assert row.verdict == "FAIL", row
            assert row.failure.ratio is not None, row.failure  # a comparison, and not an exception or a wrong shape

    return judge
