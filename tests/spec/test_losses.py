from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refsort.spec import KinkError, binary_hinge, derivative, hkr, kr, multiclass_hinge, pullback

number = st.integers(-3, 3).map(Fraction) | st.floats(allow_nan=False, allow_infinity=False).map(Fraction)
sample = st.lists(number, min_size=1, max_size=4)


def positive_part(x: Fraction) -> Fraction:
    return (x + abs(x)) / 2


@st.composite
def batches(draw: st.DrawFn) -> tuple[list[list[Fraction]], list[int]]:
    n, k = draw(st.sampled_from([(1, 2), (2, 3), (3, 4), (4, 1)]))
    row = st.lists(number, min_size=k, max_size=k)
    rows = draw(st.lists(row, min_size=n, max_size=n))
    return rows, draw(st.lists(st.integers(0, k - 1), min_size=n, max_size=n))


@given(batches(), number)
def test_multiclass_hinge_counts_every_class_and_takes_the_label_itself_off_again(batch, margin: Fraction) -> None:
    rows, labels = batch
    k = len(rows[0])
    total = Fraction(0)
    for row, t in zip(rows, labels, strict=True):
        total += sum(positive_part(margin + y - row[t]) for y in row) - positive_part(margin)
    assert multiclass_hinge(rows, labels, margin) * len(rows) * k == total


@given(sample, st.lists(st.sampled_from([0, 1]), min_size=4, max_size=4), number)
def test_two_classes_are_half_a_binary_hinge(values: list[Fraction], labels: list[int], margin: Fraction) -> None:
    labels = labels[: len(values)]
    signs = [2 * t - 1 for t in labels]
    rows = [[0, value] for value in values]
    assert 2 * multiclass_hinge(rows, labels, margin) == binary_hinge(values, signs, margin)


@given(sample, st.lists(st.sampled_from([-1, 1]), min_size=4, max_size=4), number)
def test_binary_hinge_is_the_mean_of_positive_parts(values: list[Fraction], signs: list[int], margin: Fraction) -> None:
    signs = signs[: len(values)]
    terms = [positive_part(margin - s * x) for x, s in zip(values, signs, strict=True)]
    assert binary_hinge(values, signs, margin) == sum(terms) / len(terms)


@given(sample, sample, number)
def test_kr_is_the_mean_difference_over_all_pairs(p: list[Fraction], q: list[Fraction], shift: Fraction) -> None:
    pairs = [a - b for a in p for b in q]
    assert kr(p, q) == sum(pairs) / len(pairs)
    assert kr([a + shift for a in p], q) == kr(p, q) + shift
    assert kr(q, p) == -kr(p, q)


@given(sample, sample, number, number)
def test_hkr_is_minus_kr_plus_the_hinge_over_the_union(
    p: list[Fraction], q: list[Fraction], margin: Fraction, alpha: Fraction
) -> None:
    hinge = sum(positive_part(margin - a) for a in p) + sum(positive_part(margin + b) for b in q)
    expected = -sum(p) / len(p) + sum(q) / len(q) + alpha * hinge / (len(p) + len(q))
    assert hkr(p, q, margin, alpha) == expected
    assert hkr(p, q, margin, 0) == -kr(p, q)


def test_hand_computed_values_with_the_default_margin() -> None:
    assert multiclass_hinge([[2, 1.5, 0], [0, 0, 1]], [0, 1]) == (Fraction(1, 2) / 3 + Fraction(1 + 2) / 3) / 2
    assert binary_hinge([0.5, -3, 2], [1, -1, -1]) == Fraction(1, 2) / 3 + 1
    assert hkr([3], [-2]) == -5  # both outside of the margin


def test_gradients() -> None:
    p, q = [Fraction(1, 2), Fraction(3)], [Fraction(0), Fraction(-5), Fraction(2)]
    assert pullback(lambda args: kr(*args), [p, q], 6) == [[3, 3], [-2, -2, -2]]
    gradient = pullback(lambda args: hkr(*args, margin=1, alpha=5), [p, q], 1)
    assert gradient == [
        [Fraction(-1, 2) - 1, Fraction(-1, 2)],
        [Fraction(1, 3) + 1, Fraction(1, 3), Fraction(1, 3) + 1],
    ]
    assert derivative(lambda y: multiclass_hinge(y, [0], 1), [[2, 1.5, 0]], [[1, 10, 100]]) == 3  # (10 - 1) / 3
    assert derivative(lambda m: binary_hinge([0, 3], [1, 1], m), 1, 1) == Fraction(1, 2)


def test_the_corner_of_a_hinge_is_refused() -> None:
    with pytest.raises(KinkError):
        derivative(lambda x: binary_hinge(x, [1], 1), [1], [1])
    with pytest.raises(KinkError):
        derivative(lambda y: multiclass_hinge(y, [0], 1), [[1, 0]], [[0, 0]])


def test_bad_batches_are_named() -> None:
    for empty in (lambda: kr([], [1]), lambda: kr([1], []), lambda: binary_hinge([], []), lambda: hkr([], [])):
        with pytest.raises(ValueError, match="mean over an empty batch"):
            empty()
    with pytest.raises(ValueError, match="multiclass_hinge: the mean over an empty batch"):
        multiclass_hinge([], [])
    with pytest.raises(ValueError, match="2 rows of logits need as many labels, got 1"):
        multiclass_hinge([[1, 2], [3, 4]], [0])
    with pytest.raises(ValueError, match="label 2 is out of range for 2 classes"):
        multiclass_hinge([[1, 2]], [2])
    with pytest.raises(ValueError, match="label must be at least 0, got -1"):
        multiclass_hinge([[1, 2]], [-1])
    with pytest.raises(TypeError, match="label must be an integer"):
        multiclass_hinge([[1, 2]], [1.0])
    with pytest.raises(ValueError, match="a sign must be -1 or \\+1, got 0"):
        binary_hinge([1], [0])
    with pytest.raises(ValueError, match="1 values need as many signs, got 2"):
        binary_hinge([1], [1, -1])
    with pytest.raises(ValueError, match="nan is not a rational number"):
        kr(np.array([1.0, np.nan]), [1])
