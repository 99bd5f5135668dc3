"""All operations and dtypes of an adapter, each judged on drawn cases; a failing case is shrunk to a small one."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis.errors import Flaky

from refsort.oracle.adapter import Adapter
from refsort.oracle.cases import OPERATIONS, Case, cases
from refsort.oracle.judge import Judgement, Mismatch, judge

KINDS = ("value", "gradient", "kink")
PASS, FAIL, NOT_IMPLEMENTED, UNRESOLVED = "PASS", "FAIL", "NOT IMPLEMENTED", "UNRESOLVED"


class Row(NamedTuple):
    """One operation in one dtype.

    Attributes
    ----------
    op, dtype : str
    verdict : str
        PASS: at least one comparison was made and none was violated. FAIL. NOT IMPLEMENTED: the adapter does not have
        it for any case. UNRESOLVED: no comparison could be made, since no bound exists.
    checks : dict
        The number of comparisons of each kind that passed.
    worst : dict
        The largest error over bound among them, for each kind that was met.
    failure : Mismatch or None
        The smallest failing case that was found.
    note : str
        What else a reader should know: cases or gradients that are not implemented.
    seconds : float
    """

    op: str
    dtype: str
    verdict: str
    checks: dict[str, int]
    worst: dict[str, float]
    failure: Mismatch | None
    note: str
    seconds: float


class Report(NamedTuple):
    """All rows, and what they came from."""

    adapter: str
    rows: list[Row]
    max_examples: int
    seed: int

    @property
    def checks(self) -> int:
        """The comparisons made in all."""
        return sum(sum(row.checks.values()) for row in self.rows)

    @property
    def passed(self) -> bool:
        """Whether something was compared and every row is PASS or NOT IMPLEMENTED."""
        return self.checks > 0 and all(row.verdict in (PASS, NOT_IMPLEMENTED) for row in self.rows)


class _Tally:
    """What the cases of one row showed until the first failure."""

    def __init__(self) -> None:
        self.checks: Counter[str] = Counter()
        self.worst: dict[str, float] = {}
        self.judged = self.not_implemented = self.without_gradients = 0
        self.reason = ""
        self.failed = False

    def add(self, judgement: Judgement) -> None:
        if self.failed:  # what Hypothesis tries on the way to a smaller failure is no evidence of anything
            return
        for comparison in judgement.comparisons:
            self.checks[comparison.kind] += 1
            self.worst[comparison.kind] = max(self.worst.get(comparison.kind, 0.0), float(comparison.ratio))
        self.judged += 1
        self.without_gradients += not judgement.gradients

    def lacks(self, reason: str) -> None:
        """A case that the adapter does not implement."""
        self.not_implemented += not self.failed
        self.reason = reason

    def verdict(self) -> str:
        if self.checks:
            return PASS
        return NOT_IMPLEMENTED if self.not_implemented and not self.judged else UNRESOLVED

    def note(self) -> str:
        notes = []
        if self.not_implemented and self.judged:
            cases = self.not_implemented + self.judged
            notes.append(f"{self.not_implemented} of {cases} cases not implemented")
        if self.without_gradients:
            notes.append("values only, no gradient" if self.without_gradients == self.judged else "gradients in part")
        return "; ".join(notes + [self.reason] * bool(self.reason))


def check(
    adapter: Adapter,
    ops: Sequence[str] = tuple(OPERATIONS),
    dtypes: Sequence[str] | None = None,
    max_examples: int = 80,
    random_seed: int = 0,
    shrink: bool = True,
    on_row: Callable[[str, str], None] = lambda op, dtype: None,
) -> Report:
    """Judge `adapter` on every operation of `ops` in every dtype of `dtypes`, which are its own by default.

    Parameters
    ----------
    max_examples : int
        The cases drawn for each operation and dtype.
    random_seed : int
        The same seed draws the same cases on one machine and installation. Hypothesis also tries numbers that it finds
        in source files outside of site-packages, so other code may draw others.
    shrink : bool
        Whether a failing case is made small, which takes longer than finding it.
    on_row : callable
        Told the operation and dtype that are judged next.

    Examples
    --------
    >>> from refsort.oracle.adapter import load
    >>> report = check(load("numpy"), ["max_min"], ["float32"], max_examples=5)
    >>> report.passed, report.rows[0].verdict
    (True, 'PASS')
    """
    rows = []
    for op in ops:
        for dtype in adapter.dtypes if dtypes is None else dtypes:
            on_row(op, dtype)
            rows.append(_row(adapter, op, dtype, _settings(max_examples, shrink), random_seed))
    return Report(adapter.name, rows, max_examples, random_seed)


def _settings(max_examples: int, shrink: bool) -> settings:
    return settings(
        max_examples=max_examples,
        database=None,
        deadline=None,
        derandomize=False,
        phases=[Phase.generate, Phase.shrink] if shrink else [Phase.generate],
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
        print_blob=False,
        verbosity=Verbosity.quiet,
    )


def _row(adapter: Adapter, op: str, dtype: str, drawn: settings, random_seed: int) -> Row:
    tally, start, failure = _Tally(), time.perf_counter(), None
    if adapter.ops is not None and op not in adapter.ops:
        return Row(op, dtype, NOT_IMPLEMENTED, {}, {}, None, "", 0.0)
    try:
        _draw_and_judge(adapter, op, dtype, drawn, random_seed, tally)
    except Mismatch as mismatch:
        failure = mismatch
    verdict, seconds = FAIL if failure else tally.verdict(), time.perf_counter() - start
    return Row(op, dtype, verdict, dict(tally.checks), tally.worst, failure, tally.note(), seconds)


def _draw_and_judge(adapter: Adapter, op: str, dtype: str, drawn: settings, random_seed: int, tally: _Tally) -> None:
    last: list[Mismatch] = []

    @seed(random_seed)
    @drawn
    @given(cases(op, dtype))
    def run(case: Case) -> None:
        try:
            tally.add(judge(adapter, case))
        except Mismatch as mismatch:
            tally.failed = True
            last.append(mismatch)
            raise
        except NotImplementedError as error:  # of this case: others may have parameters that are implemented
            tally.lacks(" ".join(str(error).split()))

    try:
        run()
    except Flaky:  # the shrunk case passed when it was asked again: the answer changes between calls
        worst = last[-1]
        claim = f"the same verdict for the same call; it failed, and then not: {worst.claim}"
        raise Mismatch(worst.case, claim, worst.expected, worst.found, worst.ratio) from None
