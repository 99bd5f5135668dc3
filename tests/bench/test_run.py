"""One row: what is compared, what is called again, and how far the sides lie apart."""

import itertools

import numpy as np
import pytest

from refsort.bench import memory
from refsort.bench.case import BOTH, FORWARD, STEP, Case, Side
from refsort.bench.run import measured, memory_counts


class Slow:
    """A stand-in for `time.perf_counter`: calls say how long they took."""

    def __init__(self, monkeypatch):
        self.now, self.log = 0.0, []
        monkeypatch.setattr("refsort.bench.measure.time.perf_counter", lambda: self.now)

    def side(self, name, seconds, result=2.0):
        """What takes so many seconds at each call; of several, the last at every later one."""
        first = seconds if isinstance(seconds, tuple) else (seconds,)
        durations = itertools.chain(first, itertools.repeat(first[-1]))

        def call():
            self.log.append(name)
            self.now += next(durations)

        return call, lambda: call() or [np.array([result])]


@pytest.fixture
def clock(monkeypatch):
    slow = Slow(monkeypatch)
    for function in ("one_round", "interleaved"):
        found = getattr(__import__("refsort.bench.measure", fromlist=["measure"]), function)
        monkeypatch.setattr(
            f"refsort.bench.run.{function}",
            lambda *args, found=found, **more: found(*args, **more, clock=lambda: slow.now),
        )
    return slow


def case_of(ours, tolerance=0.0):
    return Case(
        *("sum-1", "family", "sum", lambda rng, dtype: {}, lambda inputs, which: Side(*ours)),
        lambda inputs, which: None,
        tolerance=lambda inputs, expected: tolerance,
    )


class Peers:
    def __init__(self, **sides):
        self.found = sides

    def sides(self, operation, inputs, params, which):
        return self.found


def test_formulations_that_are_slow_when_they_warm_up_are_not_called_again(clock):
    peers = Peers(fast=clock.side("fast", 1), near=clock.side("near", 2.9), slow=clock.side("slow", 3.1))
    row = measured(case_of(clock.side("refsort", 0.1)), FORWARD, "float32", peers, repeats=4, budget=None)
    assert clock.log.count("slow") == 3  # compared, warmed up, asked again
    assert clock.log.count("fast") == clock.log.count("near") == clock.log.count("refsort") == 6
    assert row.dropped == {"slow": pytest.approx(3.1)}
    assert set(row.torch) == {"fast", "near"}
    assert row.formulations == 3
    assert set(row.differences) == {"fast", "near", "slow"}
    assert row.torch["fast"].rounds == row.refsort.rounds == 4


def test_one_disturbed_call_drops_nobody(clock):
    peers = Peers(fast=clock.side("fast", (1, 50, 1)), slower=clock.side("slower", 2))
    row = measured(case_of(clock.side("refsort", 1)), FORWARD, "float32", peers, repeats=3, budget=None)
    assert row.dropped == {}
    assert row.fastest == "fast"


@pytest.mark.parametrize(("budget", "calls"), [(3.9, 1 + 3), (4.1, 1 + 1 + 3)])
def test_where_comparing_took_longer_than_the_budget_it_was_the_warm_up(clock, budget, calls):
    peers = Peers(one=clock.side("one", 2), two=clock.side("two", 2))
    row = measured(case_of(clock.side("refsort", 1)), FORWARD, "float32", peers, repeats=9, budget=budget)
    assert clock.log.count("one") == calls
    assert row.refsort.rounds == 3


@pytest.mark.parametrize(("result", "agrees"), [(2.0, True), (2.1, True), (2.3, False), (np.nan, False)])
def test_the_difference_of_who_agrees_is_kept_beside_what_was_allowed(clock, result, agrees):
    peers = Peers(exact=clock.side("exact", 1), other=clock.side("other", 1, result))
    row = measured(case_of(clock.side("refsort", 1), 0.1 * 2**24), FORWARD, "float32", peers, repeats=3)
    assert row.tolerance == 0.1
    assert ("other" in row.wrong) == (not agrees)
    assert row.difference == pytest.approx((result - 2) / 2 if agrees else 0)
    assert agrees or "of the norm of an output, more than 0.1" in row.wrong["other"]


def test_without_a_peer_nothing_is_compared(clock):
    row = measured(case_of(clock.side("refsort", 1)), FORWARD, "float32", None, repeats=3)
    assert (row.difference, row.tolerance, row.formulations, row.refsort.rounds) == (None, None, 0, 3)


def test_memory_counts_where_gradients_do(monkeypatch, clock):
    case = case_of(clock.side("refsort", 1))
    assert memory_counts(case, BOTH, "float32")
    assert not memory_counts(case, BOTH, "float64")
    assert not memory_counts(case, FORWARD, "float32")
    assert memory_counts(case, STEP, "float64")
    monkeypatch.setattr(memory, "peak", lambda case, which, dtype, formulation, *_: {None: 7, "a": 5}[formulation])
    peers = Peers(a=clock.side("a", 1))
    assert measured(case, BOTH, "float32", peers, repeats=3, with_memory=True).memory == {"refsort": 7, "torch": 5}
    assert measured(case, FORWARD, "float32", peers, repeats=3, with_memory=True).memory == {}
