"""The answers: read from a file, and judged as if they were given on the spot."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from refsort.oracle.adapter import Adapter, AdapterError, declared_roundoffs
from refsort.oracle.cases import Case
from refsort.oracle.conventions import Convention, declared, moved_back
from refsort.oracle.diagnosis import Diagnosis, diagnose
from refsort.oracle.judge import Mismatch, judge
from refsort.oracle.offline.archive import Unreadable, read
from refsort.oracle.offline.questions import read_inputs
from refsort.oracle.runner import FAIL, NOT_IMPLEMENTED, PASS, UNRESOLVED, Report, Row
from refsort.oracle.sources import Answers
from refsort.rounding import UNIT_ROUNDOFF

Array = NDArray[Any]

FORMAT = "refsort-outputs/1"


def judge_outputs(inputs: str | Path | None, outputs: str | Path) -> Report:
    """The report on the answers `outputs` to the questions `inputs`: None for the file of that name beside `outputs`.

    Raises
    ------
    FileNotFoundError
    ValueError
        For a damaged file, answers to other questions, entries that no question has, impossible declarations.

    Examples
    --------
    >>> import subprocess, sys, tempfile
    >>> from refsort.oracle.adapters import numpy_adapter
    >>> from refsort.oracle.offline import export
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     inputs, outputs = f"{folder}/inputs.npz", f"{folder}/outputs.npz"
    ...     runner = export(inputs, ["max_min"], ["float32"], max_examples=3)
    ...     _ = subprocess.run([sys.executable, runner, inputs, numpy_adapter.__file__, outputs], check=True)
    ...     judge_outputs(None, outputs).passed
    True
    """
    about, answers = read(outputs, FORMAT)
    inputs = Path(outputs).with_name(str(about.get("file", "inputs.npz"))) if inputs is None else inputs
    questions = read_inputs(inputs)
    if about.get("inputs") != questions.id:
        raise ValueError(f"{outputs} answers other questions than those of {inputs}: the hashes differ")
    told = about.get("told", {})
    known = {name for k, case in enumerate(questions.cases) for name in _answer_names(k, case)}
    if not isinstance(told, dict) or not all(_is_told(entry) for entry in told.values()):
        raise ValueError(f'{outputs}: "told" must name entries with ["error" or "not implemented", why]')
    unknown = sorted((set(answers) | set(told)) - known)
    if unknown:
        raise ValueError(f"{outputs}: {unknown[0]} answers no question (of {len(unknown)} such entries)")
    adapter = _adapter(outputs, about)
    rows: dict[tuple[str, str], list[int]] = {}
    for k, case in enumerate(questions.cases):
        rows.setdefault((case.op, case.dtype), []).append(k)
    judged = [_row(adapter, questions.cases, places, answers, told) for places in rows.values()]
    return Report(adapter.name, judged, questions.max_examples, questions.seed, adapter.source, adapter.conventions)


def _answer_names(k: int, case: Case) -> Iterator[str]:
    yield from (f"{k}.value", f"{k}.out")
    yield from (f"{k}.gradient{i}" for i in range(len(case.arrays)))


def _is_told(entry: Any) -> bool:
    return isinstance(entry, list) and len(entry) == 2 and entry[0] in ("error", "not implemented")


def _adapter(path: str | Path, about: dict[str, Any]) -> Adapter:
    try:
        lower = {name: float.fromhex(u) for name, u in about.get("unit_roundoff", {}).items()}
        roundoffs: dict[str, Fraction] = UNIT_ROUNDOFF | declared_roundoffs(str(path), lower)
        conventions = declared(about.get("conventions", {}))
    except (AdapterError, ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"{path}: {error}") from None
    name = str(about.get("name", Path(path).name))
    return Adapter(
        name=name,
        dtypes=(),
        conventions=conventions,
        unit_roundoff=roundoffs,
        ops=None,
        call=_not_to_be_called,
        source=Answers(str(about.get("adapter", "my_adapter.py"))),
    )


def _not_to_be_called(*_: Any) -> Any:
    raise AssertionError("answers are replayed")


def _row(
    adapter: Adapter, asked: list[Case], places: list[int], answers: dict[str, Any], told: dict[str, list[str]]
) -> Row:
    """All cases of one operation and dtype; of those that fail, the smallest is shown."""
    start, checks, worst = time.perf_counter(), Counter[str](), dict[str, float]()
    failures: dict[int, Mismatch] = {}
    lacking: list[str] = []
    without_gradients = 0
    for k in places:
        replaying = adapter._replace(call=partial(_replayed, k, answers, told))
        try:
            judgement = judge(replaying, _in_our_layout(asked[k], adapter.conventions.get(asked[k].op)))
        except Mismatch as mismatch:
            failures[k] = mismatch
            continue
        except NotImplementedError as error:
            lacking.append(str(error))
            continue
        without_gradients += not judgement.gradients
        for comparison in judgement.comparisons:
            checks[comparison.kind] += 1
            worst[comparison.kind] = max(worst.get(comparison.kind, 0.0), float(comparison.ratio))
    notes = [f"{len(failures)} of {len(places)} cases fail"] * bool(failures)
    notes += [f"{len(lacking)} of {len(places)} cases not implemented"] * (0 < len(lacking) < len(places))
    notes += [f"{without_gradients} of {len(places)} cases without gradients"] * bool(without_gradients)
    notes += sorted(set(filter(None, lacking)))[:1]
    smallest = min(failures, key=lambda k: sum(array.size for array in asked[k].arrays), default=-1)
    verdict = FAIL if failures else PASS if checks else NOT_IMPLEMENTED if lacking else UNRESOLVED
    return Row(
        op=asked[places[0]].op,
        dtype=asked[places[0]].dtype,
        verdict=verdict,
        checks=dict(checks),
        worst=worst,
        failure=failures.get(smallest),
        note="; ".join(notes),
        seconds=time.perf_counter() - start,
        diagnosis=_diagnosis(adapter, failures, smallest, asked, places, answers, told) if failures else None,
    )


def _diagnosis(
    adapter: Adapter,
    failures: dict[int, Mismatch],
    smallest: int,
    asked: list[Case],
    places: list[int],
    answers: dict[str, Any],
    told: dict[str, list[str]],
) -> Diagnosis | None:
    """What explains all answers of the row; other questions cannot be asked."""
    numbers = {_key(asked[k].op, asked[k].arrays, asked[k].params): k for k in reversed(places)}

    def call(op: str, arrays: list[Array], params: dict[str, Any], cotangent: Any = None, dtype: str = "") -> Any:
        k = numbers.get(_key(op, arrays, params))
        if k is None or (cotangent is not None and cotangent.tobytes() != asked[k].cotangent.tobytes()):
            raise NotImplementedError("this was not asked")
        return _replayed(k, answers, told, op, arrays, params, cotangent, dtype)

    others = [_in_our_layout(asked[k], adapter.conventions.get(asked[k].op)) for k in places if k != smallest]
    return diagnose(failures[smallest], adapter._replace(call=call), others, examples=1)


def _key(op: str, arrays: Sequence[Array], params: dict[str, Any]) -> tuple[str, ...]:
    """The call without its cotangent; arrays of one operation and dtype differ in shape or bytes."""
    return op, repr(sorted(params.items())), *(f"{array.shape} {array.tobytes().hex()}" for array in arrays)


def _replayed(
    k: int,
    answers: dict[str, Any],
    told: dict[str, list[str]],
    op: str,
    arrays: list[Array],
    params: dict[str, Any],
    cotangent: Any = None,
    dtype: str = "float32",
) -> Any:
    """The protocol of `refsort.oracle.adapter`, from what came back."""
    name = f"{k}.value" if cotangent is None else f"{k}.out"
    what, why = told.get(name, ("not implemented", ""))
    if name in told and what == "error":
        raise RuntimeError(why)
    if name not in answers:
        raise NotImplementedError(why)
    found = [answers.get(f"{k}.gradient{i}") for i in range(len(arrays))]
    for answer in [answers[name], *found]:
        if isinstance(answer, Unreadable):
            raise TypeError(answer.why)
    gradients = None if cotangent is None or all(gradient is None for gradient in found) else found
    return answers[name], gradients


def _in_our_layout(case: Case, convention: Convention | None) -> Case:
    """The arrays of the file are what was handed to the adapter: in its layout, where it declares one."""
    if convention is None:
        return case
    axis: int = case.params["axis"]
    features = case.arrays[0].shape[axis]
    size = {"max_min": 2, "full_sort": features}.get(case.op) or int(case.params["group_size"])
    enter, leave = convention.places(features, size)
    arrays = tuple(moved_back(array, enter, axis) for array in case.arrays)
    return case._replace(arrays=arrays, cotangent=moved_back(case.cotangent, leave, axis))
