"""Interleaving, medians and quartiles, floors, and what counts as agreement; nothing here depends on speed."""

import itertools

import numpy as np
import pytest

from refsort.bench import copy, interleaved, products, timing
from refsort.bench.cases import CASES, chosen, smallest
from refsort.bench.measure import one_round
from refsort.bench.memory import available, peak
from refsort.bench.orthonormalisation import step_products
from refsort.bench.report import round_by_round


class Clock:
    """A clock that stands still until a call says how long it took."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now

    def takes(self, durations, log, name):
        durations = iter(durations)

        def call():
            log.append(name)
            self.now += next(durations)

        return call


def test_every_side_is_called_once_a_round_and_the_first_round_is_left_out():
    clock, log = Clock(), []
    calls = {"a": clock.takes([100, 1, 2, 3], log, "a"), "b": clock.takes([200, 4, 5, 6], log, "b")}
    assert interleaved(calls, 3, clock=clock) == {"a": [1, 2, 3], "b": [4, 5, 6]}
    assert "".join(log) == "abababab"


def test_a_round_that_is_left_out_may_be_left_away():
    clock, log = Clock(), []
    calls = {"a": clock.takes([1, 2], log, "a"), "b": clock.takes([4, 5], log, "b")}
    assert interleaved(calls, 2, clock=clock, warm_up=False) == {"a": [1, 2], "b": [4, 5]}
    assert "".join(log) == "abab"


def test_where_sides_settle_the_median_of_the_later_calls_counts():
    clock, log = Clock(), []
    # 10 s to settle: calls begin at 0, 4, 7, 9 s; those from 5 s on take 2, 8 s
    calls = {"a": clock.takes([4, 3, 2, 8], log, "a"), "b": clock.takes([11], log, "b")}
    assert one_round(calls, clock, settle=10) == {"a": 5, "b": 11}
    assert "".join(log) == "aaaab"
    calls = {"a": clock.takes([1, 2], log, "a")}
    assert interleaved(calls, 1, clock=clock, settle=1) == {"a": [2]}


@pytest.mark.parametrize(("budget", "kept"), [(None, 9), (0.5, 3), (4.5, 4), (100, 9)])
def test_a_budget_ends_the_rounds_but_leaves_three(budget, kept):
    clock = Clock()
    # 1 s a round, the warm-up included: after the warm-up and k rounds it is 1 + k s
    assert len(interleaved({"a": clock.takes(itertools.repeat(1.0), [], "a")}, 9, budget, clock)["a"]) == kept


def test_what_a_call_raises_leaves_the_garbage_collector_on():
    import gc

    def fails():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interleaved({"a": fails}, 3)
    assert gc.isenabled()


@pytest.mark.parametrize("rounds", [1, 2, 5, 8])
def test_median_and_quartiles_are_those_of_numpy(rounds):
    seconds = np.random.default_rng(rounds).exponential(size=rounds)
    found = timing(list(seconds))
    assert found.median == np.median(seconds)
    assert (found.lower, found.upper) == (np.percentile(seconds, 25), np.percentile(seconds, 75))
    assert found.rounds == rounds


def test_ratios_are_taken_round_by_round():
    assert round_by_round([2.0, 8.0, 3.0], [1.0, 2.0, 2.0])[:3] == (2.0, 1.75, 3.0)


def test_the_floor_of_a_bjorck_step_counts_the_products_of_its_definition():
    # A + A R(Q): the Gram product, order - 1 small ones, and A R
    for order in (1, 2, 3):
        general, symmetric = step_products((7, 5), order, backward=False)
        assert symmetric == [(7, 5)]
        assert sorted(general) == sorted([(7, 5, 5)] + [(5, 5, 5)] * (order - 1))
    assert step_products((5, 7), 2, True) == step_products((7, 5), 2, True)
    assert step_products((7, 5), 1, True)[1] == [(7, 5), (7, 5)]  # the Gram product is computed again


def test_floors_do_what_they_say():
    array = np.arange(6.0)
    floor = copy([array, array[:2]])
    assert floor.what == "copy of 64 bytes"
    floor.call()
    floor = products("float32", [(2, 3, 4), (2, 3, 4)], [(5, 2)], times=7)
    floor.call()
    assert (floor.what, floor.times) == ("7 x 3 matrix products", 7)


def test_cases_have_names_of_their_own_and_operations_have_a_first_one():
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names)
    assert chosen([], CASES) == list(CASES)
    assert chosen(["max_min-256x1024", "max_min"], CASES) == chosen(["max_min"], CASES)
    first = smallest(CASES)
    assert len({case.operation for case in first}) == len(first)
    assert first[0] is CASES[0]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sorted_rows_have_no_ties(dtype):
    for case in chosen(["max_min-256x1024", "full_sort-8x65536"], CASES):
        x = case.inputs(np.random.default_rng(0), dtype)["x"]
        assert x.dtype == dtype
        assert np.all(np.diff(np.sort(x)) > 0)


@pytest.mark.skipif(not available(), reason="this system has no /proc/self/clear_refs")
def test_peak_memory_of_a_call_counts_its_results():
    (case,) = chosen(["max_min-4096x1024"], CASES)
    size = 4096 * 1024 * 8
    found = peak(case, "forward", "float64", None, threads=1)
    assert 0.9 * size <= found <= 2 * size  # one result and no more than another array of its size
