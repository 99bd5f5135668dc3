from __future__ import annotations

from fractions import Fraction
from itertools import combinations, pairwise, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from refsort.spec import Dual, KinkError, full_sort, group_sort, max_min, maxout

numbers = st.integers(-3, 3) | st.floats(allow_nan=False, allow_infinity=False)  # the integers give ties


@given(st.lists(numbers, min_size=1, max_size=5))
def test_full_sort_is_the_one_ascending_permutation(x: list[float]) -> None:
    exact = [Fraction(t) for t in x]
    ascending = {p for p in permutations(exact) if all(a <= b for a, b in pairwise(p))}
    assert ascending == {tuple(full_sort(x))}


@given(st.lists(numbers, min_size=1, max_size=6))
def test_the_kth_entry_is_a_minimum_over_subsets_of_their_maxima(x: list[float]) -> None:
    y = full_sort(x)
    for k in range(1, len(x) + 1):
        assert y[k - 1] == min(max(subset) for subset in combinations(map(Fraction, x), k))


@given(st.integers(1, 4), st.integers(0, 3), st.data())
def test_group_sort_sorts_each_group_by_itself(size: int, count: int, data: st.DataObject) -> None:
    x = data.draw(st.lists(numbers, min_size=size * count, max_size=size * count))
    y = group_sort(x, size)
    assert len(y) == len(x)
    for j in range(count):
        assert y[size * j : size * (j + 1)] == full_sort(x[size * j : size * (j + 1)])


@given(st.lists(st.tuples(numbers, numbers), max_size=4))
def test_max_min_is_the_half_sum_minus_and_plus_the_half_distance(pairs: list[tuple[float, float]]) -> None:
    y = max_min([t for pair in pairs for t in pair])
    for k, (a, b) in enumerate(pairs):
        half_sum, half_distance = (Fraction(a) + Fraction(b)) / 2, abs(Fraction(a) - Fraction(b)) / 2
        assert y[2 * k : 2 * k + 2] == [half_sum - half_distance, half_sum + half_distance]


@given(st.integers(1, 4), st.integers(0, 3), st.data())
def test_maxout_is_the_least_number_above_each_group_that_is_in_it(size: int, count: int, data: st.DataObject) -> None:
    x = data.draw(st.lists(numbers, min_size=size * count, max_size=size * count))
    y = maxout(x, size)
    assert len(y) == count
    for j, top in enumerate(y):
        group = [Fraction(t) for t in x[size * j : size * (j + 1)]]
        assert top in group
        assert all(t <= top for t in group)


def test_maxout_refuses_dual_numbers_where_a_maximum_is_attained_twice_and_only_there() -> None:
    ties_below = [Dual(1, 10), Dual(1, 20), Dual(3, 30)]
    assert maxout(ties_below, 3) == [Dual(3, 30)]
    with pytest.raises(KinkError, match="comparison of equal values 3"):
        maxout([Dual(3, 10), Dual(1, 20), Dual(3, 10)], 3)
    assert maxout([Dual(3, 10), Dual(3, 20)], 1) == [Dual(3, 10), Dual(3, 20)]


def test_bad_group_sizes_are_named() -> None:
    with pytest.raises(ValueError, match="group_size 4 does not divide the 10 features"):
        group_sort(range(10), 4)
    for size in (0, -2):
        with pytest.raises(ValueError, match=f"group_size must be at least 1, got {size}"):
            group_sort([1, 2], size)
    for wrong in (2.0, True, "2"):
        with pytest.raises(TypeError, match="group_size must be an integer"):
            group_sort([1, 2], wrong)
    with pytest.raises(ValueError, match="does not divide the 3 features"):
        max_min([1, 2, 3])
    with pytest.raises(ValueError, match="maxout: group_size 2 does not divide the 3 features"):
        maxout([1, 2, 3])
    with pytest.raises(ValueError, match="nan is not a rational number"):
        full_sort([1.0, float("nan")])


def test_numpy_rows_and_empty_vectors() -> None:
    assert group_sort(np.array([3.0, 1.0, 2.0, 9.0])[::-1], 4) == [1, 2, 3, 9]
    assert group_sort([], 3) == max_min([]) == full_sort([]) == maxout([]) == []


def test_dual_numbers_are_permuted_and_ties_refused() -> None:
    x = [Dual(3, 30), Dual(1, 10), Dual(5, 50), Dual(3, 31)]
    assert [y.tangent for y in max_min(x)] == [10, 30, 31, 50]
    with pytest.raises(KinkError, match="comparison of equal values 3"):
        full_sort(x)
