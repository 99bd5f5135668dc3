"""What a planted bug has to show: an operation, the flag that names the bug, and a function that has it."""

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from refsort.oracle.vectors.report import table
from tests.oracle.vectors.putting import by_the_consumer, report_of


class Bug(NamedTuple):
    """`function(arrays, params, cotangent)` answers `op` wrongly, on vectors that carry `flag`."""

    op: str
    flag: str
    function: Callable[..., Any]


@cache
def report_of_bug(bug):
    with np.errstate(all="ignore"):
        return report_of(bug.function, bug.op)


def failures_of(bug):
    return [one.vector for one in report_of_bug(bug).outcomes if one.failure]


def require_found(bug, share):
    """It fails on at least so large a share of the vectors with its flag, and the table says so."""
    report = report_of_bug(bug)
    assert report.verdict == "FAIL"
    assert report.complete
    failed, count = report.failing_flags()[bug.flag]
    assert failed >= share * count, report.failing_flags()
    printed = table("planted", [report])
    assert f"{bug.flag} (" in printed
    assert "refsort explain" in printed


def require_refused(bug, share):
    """A consumer of the JSON alone refuses nothing else than the runner, and at least so large a share of it."""
    with np.errstate(all="ignore"):
        refused = by_the_consumer(bug.function, bug.op)
    failed = {vector.id for vector in failures_of(bug)}
    assert refused <= failed
    assert len(refused) >= share * len(failed)


def require_alone(bug, flags):
    """Each vector that it fails on has one of `flags`."""
    assert all(flags & set(vector.flags) for vector in failures_of(bug))
