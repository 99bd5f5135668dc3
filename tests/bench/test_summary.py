"""Groups: which rows, the median and the worst; by dtype and threads; and rows without figures are counted."""

import numpy as np
import pytest

from refsort.bench.cases import CASES
from refsort.bench.measure import Timing
from refsort.bench.row import Row
from refsort.bench.summary import GROUPS, MEMORY, OVER_FLOOR, RATE, RATIO, Group, summary, table
from refsort.nets import Bjorck
from refsort.ops.bjorck import BjorckJacobian


def row(case, ratio=None, *, which="forward", dtype="float32", over_floor=None, **more):
    one = Timing(1.0, 1.0, 1.0, 3)
    return Row(
        case,
        "family",
        "operation",
        which,
        dtype,
        refsort=one,
        torch={} if ratio is None else {"slow": Timing(9 / ratio, 1, 1, 3), "fast": Timing(1 / ratio, 1, 1, 3)},
        floor=None if over_floor is None else Timing(1 / over_floor, 1, 1, 3),
        **more,
    )


SORTS = (Group("sorts", ("a", "b"), ("forward",)),)


def test_median_and_worst_are_over_the_rows_of_the_group_and_dtype():
    rows = [
        *(row("a-1", 0.5), row("a-2", 8.0), row("b-1", 2.0)),
        *(row("c-1", 100.0), row("a-3", 100.0, which="backward"), row("a-1", 3.0, dtype="float64")),
    ]
    first, second = summary(rows, SORTS)
    assert (first.dtype, first.measured, first.median, first.worst, first.worst_case) == ("float32", 3, 2, 8, "a-2")
    assert (second.dtype, second.measured, second.median, second.worst) == ("float64", 1, 3, 3)


def test_numbers_of_threads_have_lines_of_their_own():
    rows = [row("a-1", 1.0, threads=1), row("a-1", 4.0, threads=2)]
    assert [(line.threads, line.worst) for line in summary(rows, SORTS)] == [(1, 1), (2, 4)]


def test_rows_without_a_figure_are_counted_and_none_is_made_up():
    (some,) = summary([row("a-1", 0.5), row("a-2"), row("b-1")], SORTS)
    assert (some.measured, some.without, some.worst) == (1, 2, 0.5)
    (none,) = summary([row("a-1")], SORTS)
    assert (none.measured, none.without, none.median, none.worst, none.worst_case) == (0, 1, None, None, None)
    assert "1 of 3" in table([some])
    assert "0 of 1" in table([none])
    assert summary([row("c-1", 1.0)], SORTS) == []
    assert table([]) == ""


@pytest.mark.parametrize(
    ("quantity", "values", "worst"),
    [(RATIO, [2, 4], 4), (OVER_FLOOR, [2, 4], 4), (RATE, [1 / 2, 1 / 4], 1 / 4), (MEMORY, [2, 4], 4)],
    ids=lambda part: getattr(part, "what", None),
)
def test_the_worst_is_where_refsort_is_furthest_behind(quantity, values, worst):
    rows = [row("a-1", n, over_floor=n, memory={"refsort": 100 * n, "torch": 100}) for n in (2, 4)]
    assert [quantity.of(one) for one in rows] == values
    assert summary(rows, (Group("all", ("a",), ("forward",), quantity),))[0].worst == worst


def test_every_group_has_cases_in_every_part_that_it_names():
    for group in GROUPS:
        short = {case.name.split("-")[0] for case in CASES if set(group.passes) & set(case.passes)}
        assert set(group.cases) <= short, f"{group.name} names what there is not"


def test_every_row_with_a_gradient_or_a_peer_counts_somewhere():
    left = {
        case.name.split("-")[0]
        for case in CASES
        for which in case.passes
        if "backward" in which and not any(group.holds(row(case.name, which=which)) for group in GROUPS)
    }
    assert left == {"group_sort_64"}  # neither small nor one group


def test_the_rate_of_products_is_that_of_rows_that_multiply():
    """`refsort.nets.Bjorck` takes a decomposition for many steps: then the floor is of another method."""
    weight = np.eye(512, dtype=np.float32)  # of full rank: for others the rule goes by products whatever the steps
    for group in GROUPS:
        if group.quantity is RATE:
            named = [case.params for case in CASES if case.name.split("-")[0] in group.cases]
            assert named
            for params in named:
                at = Bjorck(params["iterations"], params["order"]).forward(weight)[1]
                assert isinstance(at, BjorckJacobian)
