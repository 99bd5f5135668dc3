from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refsort.spec import affine, derivative, select

numbers = st.integers(-9, 9).map(Fraction) | st.floats(allow_nan=False, allow_infinity=False).map(Fraction)


@st.composite
def problems(draw: st.DrawFn) -> tuple[list[Fraction], list[list[Fraction]], list[Fraction]]:
    d_in, d_out = draw(st.sampled_from([(1, 2), (3, 2), (2, 4), (4, 1)]))
    row = st.lists(numbers, min_size=d_in, max_size=d_in)
    w = draw(st.lists(row, min_size=d_out, max_size=d_out))
    return draw(row), w, draw(st.lists(numbers, min_size=d_out, max_size=d_out))


def unit(j: int, n: int) -> list[int]:
    return [int(i == j) for i in range(n)]


@given(problems())
def test_the_value_at_0_is_b_and_the_steps_are_the_columns(problem) -> None:
    x, w, b = problem
    assert affine([0] * len(x), w, b) == b
    for j in range(len(x)):
        step = [y - offset for y, offset in zip(affine(unit(j, len(x)), w, b), b, strict=True)]
        assert step == [row[j] for row in w]


@given(problems(), problems(), st.fractions(max_denominator=7, min_value=-3, max_value=3))
def test_affine_combinations_are_kept(first, second, t) -> None:
    x, w, b = first
    z = (second[0] * 4)[: len(x)]
    mixed = [t * a + (1 - t) * c for a, c in zip(x, z, strict=True)]
    expected = [t * p + (1 - t) * q for p, q in zip(affine(x, w, b), affine(z, w, b), strict=True)]
    assert affine(mixed, w, b) == expected


@given(problems(), problems())
def test_the_derivative_in_all_three_arguments_is_the_product_rule(first, second) -> None:
    x, w, b = first
    x_dot = (second[0] * 4)[: len(x)]
    w_dot = [[t * 3 - 1 for t in row] for row in w]
    b_dot = [t + 5 for t in b]
    y_dot = derivative(lambda args: affine(*args), [x, w, b], [x_dot, w_dot, b_dot])
    first_term, second_term = affine(x_dot, w, b_dot), affine(x, w_dot, [0] * len(b))
    assert y_dot == [p + q for p, q in zip(first_term, second_term, strict=True)]


def test_numpy_arrays_and_empty_sides() -> None:
    assert affine(np.array([1.0, 2.0]), np.array([[3.0, 4.0]]), np.array([0.5])) == [11.5]
    assert affine([], [[], []], [1, 2]) == [1, 2]
    assert affine([1, 2], [], []) == []


def test_lengths_that_do_not_fit_are_named() -> None:
    with pytest.raises(ValueError, match=r"w must have 2 rows \(b\) of 3 entries \(x\), got shape \(2, 2\)"):
        affine([1, 2, 3], [[1, 2], [3, 4]], [0, 0])
    with pytest.raises(ValueError, match=r"w must have 1 rows \(b\) of 2 entries \(x\), got shape \(2, 2\)"):
        affine([1, 2], [[1, 2], [3, 4]], [0])


@given(st.lists(numbers, min_size=1, max_size=5), st.data())
def test_a_selection_is_the_affine_map_of_its_unit_rows(x, data) -> None:
    indices = data.draw(st.lists(st.integers(0, len(x) - 1), max_size=7))
    rows = [unit(i, len(x)) for i in indices]
    assert select(x, indices) == affine(x, rows, [0] * len(rows))
    x_dot = [3 * t + 1 for t in x]
    assert derivative(lambda v: select(v, indices), x, x_dot) == select(x_dot, indices)


def test_indices_that_are_none_are_named() -> None:
    with pytest.raises(ValueError, match="select: index 2 is out of range for 2 features"):
        select([1, 2], [0, 2])
    with pytest.raises(ValueError, match="select: an index must be at least 0, got -1"):
        select([1, 2], [-1])
    for wrong in (0.0, True, "0"):
        with pytest.raises(TypeError, match="select: an index must be an integer"):
            select([1, 2], [wrong])
    assert select(np.array([1.0, 2.0]), np.array([1, 1])) == [2, 2]
