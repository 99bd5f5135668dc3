"""The Parseval step: its formula in exact rationals, and that it descends."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refsort.ops.parseval import parseval_step, parseval_step_forward

eighths = st.integers(-8, 8).map(lambda k: Fraction(k, 8))
matrices = st.lists(st.lists(eighths, min_size=2, max_size=2), min_size=3, max_size=3).map(
    lambda rows: np.array(rows, dtype=object)
)


@given(matrices, st.sampled_from([Fraction(1, 100), Fraction(1, 2), Fraction(2)]))
def test_formula_exactly(w, beta):
    expected = [
        [
            (1 + beta) * w[i, j] - beta * sum(w[i, k] * w[h, k] * w[h, j] for k in range(2) for h in range(3))
            for j in range(2)
        ]
        for i in range(3)
    ]
    assert parseval_step(w, beta).tolist() == expected


@given(matrices, matrices, matrices)
def test_backward_is_the_transpose_of_tangent_exactly(w, u, v):
    at = parseval_step_forward(w, Fraction(1, 3))[1]
    assert np.sum(at.tangent(u) * v) == np.sum(u * at.backward(v))


@given(matrices)
def test_a_small_step_does_not_increase_the_defect(w):
    def defect(a):
        q = a.T @ a - np.eye(2, dtype=int)
        return np.sum(q * q)

    # singular values are at most sqrt(6); the gradient's Lipschitz constant there is below 3 * 6 + 1
    assert defect(parseval_step(w, Fraction(1, 20))) <= defect(w)


def test_bad_beta():
    with pytest.raises(ValueError, match="positive and finite, got 0"):
        parseval_step(np.eye(2), 0)
