"""What counts as the same result, and how far two results lie apart."""

import numpy as np
import pytest

from refsort.bench.agreement import difference, mismatch


@pytest.mark.parametrize(
    ("theirs", "why"),
    [
        ([np.ones(3)], None),
        ([np.ones(3, np.float32)], "output 0 is float32 (3,) instead of float64 (3,)"),
        ([np.ones((3, 1))], "output 0 is float64 (3, 1) instead of float64 (3,)"),
        ([np.ones(3), np.ones(3)], "2 outputs instead of 1"),
        ([], "0 outputs instead of 1"),
    ],
    ids=str,
)
def test_results_of_other_kinds_are_not_compared(theirs, why):
    assert mismatch([np.ones(3)], theirs) == why


def test_the_difference_is_that_of_the_worst_output_and_relative_to_its_norm():
    ours = [np.array([[3.0, 0.0], [0.0, 4.0]]), np.array([12.0, 5.0])]
    assert difference(ours, [ours[0], ours[1] + [0.0, 2.6]]) == pytest.approx(2.6 / 13)
    assert difference(ours, [ours[0] + [[0, 0.5], [0, 0]], ours[1] + [0.0, 0.13]]) == pytest.approx(0.5 / 5)


def test_equal_is_zero_and_the_next_number_is_not():
    assert difference([np.array([1.0, 0.0])], [np.array([1.0, -0.0])]) == 0
    assert difference([np.array([1.0])], [np.array([np.nextafter(1, 2)])]) == 2.0**-52


@pytest.mark.parametrize("ours", [np.array([1.0, np.nan]), np.array([1.0, 2.0])], ids=str)
def test_nan_is_never_hidden(ours):
    assert np.isnan(difference([ours, np.ones(2)], [np.array([1.0, np.nan]), np.ones(2)]))


def test_differences_are_taken_in_double_precision():
    large = np.array([1e38], np.float32)
    assert difference([large], [-large]) == 2
