"""All operations and dtypes of an adapter, each judged on drawn cases; a failing case is shrunk to a small one."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import NamedTuple, TypeVar

from hypothesis import HealthCheck, Phase, Verbosity, given, reject, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Flaky

from refsort.oracle import realistic
from refsort.oracle.adapter import Adapter
from refsort.oracle.cases import OPERATIONS, Case, cases
from refsort.oracle.claims import Comparison
from refsort.oracle.conventions import Convention
from refsort.oracle.diagnosis import Diagnosis, diagnose
from refsort.oracle.judge import Judgement, Mismatch, answer, judge
from refsort.oracle.process import CrashedError, GarbledError, HungError
from refsort.oracle.properties import PROPERTIES, REFUSALS, Property, further, notes
from refsort.oracle.sources import Source
from refsort.oracle.tolerances import Precision

T = TypeVar("T")

KINDS = ("value", "gradient", "kink", "property", "size")
PASS, FAIL, NOT_IMPLEMENTED, UNRESOLVED, XFAIL = "PASS", "FAIL", "NOT IMPLEMENTED", "UNRESOLVED", "XFAIL"

QUICK = 12
"""The most cases for each operation and dtype where a quick answer is wanted, with nothing beyond single calls."""


class Row(NamedTuple):
    """One operation in one dtype.

    Attributes
    ----------
    op, dtype : str
    verdict : str
        PASS: at least one comparison was made and none was violated. FAIL. NOT IMPLEMENTED: the adapter does not have
        it for any case. UNRESOLVED: no comparison could be made, since no bound exists.
    checks : dict
        The number of comparisons of each kind that passed: "value", "gradient" and "kink" of single calls, "property"
        of several (`refsort.oracle.properties`), "size" of large ones (`refsort.oracle.realistic`).
    worst : dict
        The largest error over bound among them, for each kind that was met.
    failure : Mismatch or None
        The smallest failing case that was found.
    note : str
        What else a reader should know: cases or gradients that are not implemented.
    seconds : float
    diagnosis : Diagnosis or None
        What explains the failure, where a known mistake does.
    remarks : tuple of str
        What is reported and not judged, such as whether gradients keep their norm at ties.
    witnesses : dict
        For each kind whose `worst` is not 0, the comparison it belongs to and the case, in words.
    """

    op: str
    dtype: str
    verdict: str
    checks: dict[str, int]
    worst: dict[str, float]
    failure: Mismatch | None
    note: str
    seconds: float
    diagnosis: Diagnosis | None = None
    remarks: tuple[str, ...] = ()
    witnesses: Mapping[str, str] = MappingProxyType({})


class Report(NamedTuple):
    """All rows, and what they came from: `source` says how to ask again, where anything does."""

    adapter: str
    rows: list[Row]
    max_examples: int
    seed: int
    source: Source = ""
    conventions: Mapping[str, Convention] = MappingProxyType({})

    @property
    def checks(self) -> int:
        """The comparisons made in all."""
        return sum(sum(row.checks.values()) for row in self.rows)

    @property
    def passed(self) -> bool:
        """Whether something was compared and every row is PASS, NOT IMPLEMENTED, or fails as it was expected to."""
        return self.checks > 0 and all(row.verdict in (PASS, NOT_IMPLEMENTED, XFAIL) for row in self.rows)


class _Tally:
    """What the cases of one row showed until the first failure."""

    def __init__(self) -> None:
        self.checks: Counter[str] = Counter()
        self.worst: dict[str, float] = {}
        self.witnesses: dict[str, str] = {}
        self.judged = self.not_implemented = self.without_gradients = 0
        self.reason = ""
        self.failed = False
        self.largest: Case | None = None

    def add(self, case: Case, judgement: Judgement) -> None:
        """What one case showed in single calls."""
        if self.failed:  # what Hypothesis tries on the way to a smaller failure is no evidence of anything
            return
        for comparison in judgement.comparisons:
            self.count(comparison.kind, comparison, case)
        self.judged += 1
        self.without_gradients += not judgement.gradients
        self.largest = max(self.largest or case, case, key=lambda c: c.cotangent.size)

    def count(self, kind: str, comparison: Comparison, case: Case | None = None) -> None:
        """One comparison that passed; of a case, unless that is too large to be shown."""
        if self.failed:
            return
        self.checks[kind] += 1
        ratio = float(comparison.ratio)
        if ratio > self.worst.get(kind, 0.0):
            shown = f"{comparison.what}: expected {comparison.expected}, found {comparison.found}"
            self.witnesses[kind] = shown + (f"; {case!r}" if case is not None else "")
        self.worst[kind] = max(self.worst.get(kind, 0.0), ratio)

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
    beyond: bool = True,
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
    beyond : bool
        Whether more is asked than single calls on small cases: the properties, some four cases for each by default,
        bad input, and one call of realistic size.
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
            rows.append(_row(adapter, op, dtype, max_examples, random_seed, shrink, beyond))
    return Report(adapter.name, rows, max_examples, random_seed, adapter.source, adapter.conventions)


def _row(adapter: Adapter, op: str, dtype: str, max_examples: int, random_seed: int, shrink: bool, beyond: bool) -> Row:
    tally, start, failure, diagnosis = _Tally(), time.perf_counter(), None, None
    if adapter.ops is not None and op not in adapter.ops:
        return Row(op, dtype, NOT_IMPLEMENTED, {}, {}, None, "", 0.0)

    def single_calls(case: Case) -> None:
        tally.add(case, judge(adapter, case))

    def several_calls(asked: tuple[Case, Property]) -> None:
        case, identity = asked
        try:
            for comparison in further(adapter, case, [identity]):
                tally.count("property", comparison, case)
        except NotImplementedError:  # of this case; single calls have counted such
            return

    try:
        _draw(cases(op, dtype), _settings(max_examples, shrink), random_seed, tally, single_calls)
        if beyond and tally.judged:
            identities = PROPERTIES.get(op, ())
            if identities:
                asked = st.tuples(cases(op, dtype), st.sampled_from(identities))
                examples = max(len(identities), len(identities) * max_examples // 20)
                _draw(asked, _settings(examples, shrink), random_seed, tally, several_calls)
            _large_call(adapter, op, dtype, random_seed, tally)
            _bad_input(adapter, op, tally)
    except Mismatch as mismatch:
        failure = mismatch
        # asked forty times more, a program that hung would be waited for as often
        ended = isinstance(mismatch.__cause__, CrashedError | GarbledError | HungError)
        diagnosis = diagnose(mismatch, adapter) if mismatch.case.arrays and not ended else None
    verdict, seconds = FAIL if failure else tally.verdict(), time.perf_counter() - start
    remarks = tuple(notes(adapter, tally.largest)) if tally.largest is not None else ()
    answers = dict(tally.checks), tally.worst, failure, tally.note(), seconds, diagnosis, remarks, tally.witnesses
    return Row(op, dtype, verdict, *answers)


def _large_call(adapter: Adapter, op: str, dtype: str, random_seed: int, tally: _Tally) -> None:
    precision = Precision.of(dtype, adapter.unit_roundoff)
    for comparison in realistic.judged(partial(answer, adapter), op, dtype, precision, random_seed):
        tally.count("size", comparison)


def _bad_input(adapter: Adapter, op: str, tally: _Tally) -> None:
    if op in REFUSALS and tally.largest is not None:
        for comparison in further(adapter, tally.largest, [REFUSALS[op]]):
            tally.count("property", comparison)


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


def _draw(
    strategy: st.SearchStrategy[T], drawn: settings, random_seed: int, tally: _Tally, put: Callable[[T], None]
) -> None:
    """Draw examples, `put` them to the adapter until one fails; then make that small and raise its `Mismatch`."""
    last: list[Mismatch] = []
    hung: set[str] = set()

    @seed(random_seed)
    @drawn
    @given(strategy)
    def run(example: T) -> None:
        if hung and repr(example) not in hung:
            reject()  # a hang is not made smaller: each attempt would cost the whole timeout
        try:
            put(example)
        except Mismatch as mismatch:
            if isinstance(mismatch.__cause__, HungError):
                hung.add(repr(example))
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
