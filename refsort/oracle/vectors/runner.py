"""The vectors put to an adapter, one by one, with a count of what was run beside the count of what there is.

Where a vector says "exact" for a dtype, result and gradients must be equal to what it expects. Elsewhere the answer is
judged as in `refsort check`, against the same bounds and sets, with the precision that the adapter declares.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from refsort.oracle.adapter import Adapter
from refsort.oracle.cases import Case
from refsort.oracle.judge import LARGEST, Mismatch, answer, judge
from refsort.oracle.vectors.format import VectorFile
from refsort.oracle.vectors.question import EXACT, NONE
from refsort.oracle.vectors.vector import Tensor, Vector
from refsort.rounding import UNIT_ROUNDOFF

PASSED, FAILED, UNRESOLVED = "passed", "failed", "unresolved"
NOT_IMPLEMENTED, OTHER_DTYPES = "not implemented", "other dtypes"
PASS, FAIL = "PASS", "FAIL"


class Outcome(NamedTuple):
    """What became of one vector.

    Attributes
    ----------
    vector : Vector
    verdict : str
        "passed" in every dtype that both the adapter and the vector have; "failed" in one of them; "unresolved", where
        the precision that the adapter declares leaves no bound to compare with; "not implemented"; "other dtypes",
        where they have none in common.
    dtypes : tuple of str
        Those in which it was run.
    gradients : bool
        Whether gradients were judged as well, in all of them, or there are none to judge.
    failure : Mismatch or None
        The first.
    """

    vector: Vector
    verdict: str
    dtypes: tuple[str, ...]
    gradients: bool
    failure: Mismatch | None


class FileReport(NamedTuple):
    """The outcomes of one file.

    Attributes
    ----------
    op : str
    declared : int
        The count that the file declares.
    outcomes : list of Outcome
    file : VectorFile
    """

    op: str
    declared: int
    outcomes: list[Outcome]
    file: VectorFile

    def number(self, *verdicts: str) -> int:
        """How many vectors ended so."""
        return sum(outcome.verdict in verdicts for outcome in self.outcomes)

    @property
    def run(self) -> int:
        """The vectors that were put to the adapter and answered, rightly or wrongly."""
        return self.number(PASSED, FAILED)

    @property
    def complete(self) -> bool:
        """Whether every vector of the file is accounted for: run, or left out for a reason that is reported."""
        return (
            self.run + self.number(UNRESOLVED, NOT_IMPLEMENTED, OTHER_DTYPES) == self.declared == len(self.file.vectors)
        )

    @property
    def verdict(self) -> str:
        """PASS where some vector was run and all that were passed; FAIL; else what kept them from being judged."""
        if self.number(FAILED) or not self.complete:
            return FAIL
        if self.number(UNRESOLVED):
            return "UNRESOLVED"
        if self.run:
            return PASS
        return "NOT IMPLEMENTED" if self.number(NOT_IMPLEMENTED) else "NO COMMON DTYPE"

    def failing_flags(self) -> dict[str, tuple[int, int]]:
        """For each flag with failures how many of its vectors failed, and how many were run; the clearest first."""
        run = Counter(flag for outcome in self.outcomes if outcome.dtypes for flag in outcome.vector.flags)
        failed = Counter(flag for outcome in self.outcomes if outcome.failure for flag in outcome.vector.flags)
        order = sorted(failed, key=lambda flag: (-failed[flag] / run[flag], -failed[flag]))
        return {flag: (failed[flag], run[flag]) for flag in order}


def passed(reports: Sequence[FileReport]) -> bool:
    """Whether some vector was run, and none failed, is unresolved, or is unaccounted for."""
    bad = (FAIL, "UNRESOLVED")
    return any(report.run for report in reports) and not any(report.verdict in bad for report in reports)


def run(
    adapter: Adapter,
    files: Sequence[VectorFile],
    on_file: Callable[[str], None] = lambda op: None,
    dtypes: Sequence[str] | None = None,
) -> list[FileReport]:
    """Put every vector of `files` to `adapter`, in those of its dtypes that are listed, or in all.

    Examples
    --------
    >>> from refsort.oracle.adapter import load
    >>> from refsort.oracle.vectors.format import shipped
    >>> report, = run(load("numpy"), [file for file in shipped() if file.op == "max_min"])
    >>> report.verdict, report.run == report.declared == report.number("passed")
    ('PASS', True)
    """
    reports = []
    if dtypes is not None:
        adapter = adapter._replace(dtypes=tuple(dtype for dtype in adapter.dtypes if dtype in dtypes))
    for file in files:
        on_file(file.op)
        reports.append(FileReport(file.op, file.declared, [outcome(adapter, vector) for vector in file.vectors], file))
    return reports


def outcome(adapter: Adapter, vector: Vector) -> Outcome:
    """What `adapter` makes of one vector, in every dtype that both have."""
    common = [dtype for dtype in adapter.dtypes if dtype in vector.tolerance]
    if adapter.ops is not None and vector.op not in adapter.ops:
        return Outcome(vector, NOT_IMPLEMENTED, (), False, None)
    ran: list[str] = []
    gradients, resolved = True, True
    for dtype in common:
        try:
            compared, with_gradients = _judged(adapter, vector, dtype)
        except NotImplementedError:
            continue
        except Mismatch as mismatch:
            return Outcome(vector, FAILED, (*ran, dtype), gradients, mismatch)
        gradients, resolved = gradients and with_gradients, resolved and compared
        ran.append(dtype)
    judged = PASSED if resolved else UNRESOLVED
    verdict = judged if ran else NOT_IMPLEMENTED if common else OTHER_DTYPES
    return Outcome(vector, verdict, tuple(ran), bool(ran) and gradients, None)


def case(vector: Vector, dtype: str) -> Case:
    """The call that a vector stands for."""
    arrays, cotangent = vector.call(dtype)
    return Case(vector.op, dtype, arrays, vector.float_params(), cotangent)


def _judged(adapter: Adapter, vector: Vector, dtype: str) -> tuple[bool, bool]:
    """Whether anything was compared, and whether gradients were; a Mismatch for a wrong answer."""
    declared = adapter.unit_roundoff[dtype] == UNIT_ROUNDOFF[dtype]
    wanted = [gradient for gradient in vector.expected["gradients"] if gradient != NONE]
    listed = all("values" in gradient for gradient in wanted)
    if vector.tolerance[dtype] != EXACT or not (declared and listed):
        try:
            judgement = judge(adapter, case(vector, dtype))
        except ValueError as error:  # so many roundings of the declared precision have no bound: see rounding.gamma
            if "no error bound" not in str(error):
                raise
            return False, False
        return bool(judgement.comparisons), judgement.gradients or not wanted
    asked = case(vector, dtype)
    out, _ = answer(adapter, asked, with_gradients=False)
    _require_equal(asked, "the result", vector.expected["out"], out)
    if not wanted:
        return True, True
    try:
        beside, gradients = answer(adapter, asked, with_gradients=True)
    except NotImplementedError:
        return True, False
    _require_equal(asked, "the result beside a gradient", vector.expected["out"], beside)
    for i, (expected, found) in enumerate(zip(vector.expected["gradients"], gradients, strict=True)):
        if expected != NONE:
            _require_equal(asked, f"the gradient of array {i}", expected, found)
    return True, True


def _require_equal(asked: Case, what: str, expected: dict[str, Any], found: Any) -> None:
    """Equality of numbers: +0 and -0 are the same, and nothing else is."""
    exact = Tensor(tuple(expected["shape"]), tuple(expected["values"])).floats(asked.dtype)
    if not np.array_equal(exact, found):
        claim = f"{what}, exact in {asked.dtype}"
        raise Mismatch(asked, claim, str(exact.tolist()), str(found.tolist()), LARGEST)
