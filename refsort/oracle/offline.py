"""Judging across a gap: questions in one file, answers in another, for machines where nothing can be installed.

    refsort check --export inputs.npz                                       here: also writes inputs_runner.py
    python inputs_runner.py inputs.npz my_adapter.py outputs.npz            there: NumPy and the adapter are enough
    refsort check --judge outputs.npz                                       here again, inputs.npz beside it

Both files are NumPy archives without pickles. An entry "manifest" holds JSON in UTF-8 as an array of bytes.

Inputs: ``{"format": "refsort-inputs/1", "id": ..., "cases": [{"op", "dtype", "params", "arrays"}, ...]}``. Case k has
the entries "k.array0" to "k.array<arrays - 1>" and "k.cotangent". Real parameters are hex floats in strings, so that
they are not rounded. `id` is a hash of everything.

Outputs: ``{"format": "refsort-outputs/1", "inputs": id}``, the "file" of the inputs, and what an adapter declares:
"name", "conventions", "unit_roundoff" (hex floats). Entries: "k.value", the result where no gradient is wanted;
"k.out", "k.gradient0" and so on, the result and the gradients for the cotangent. What is missing is not implemented,
unless "told" says otherwise: ``{"k.value": ["error", why], "k.out": ["not implemented", why]}``.

Each question is asked once: that the same call gives the same bits, and that inputs are left alone, is not seen here.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import HealthCheck, Phase, given, seed, settings
from numpy.typing import NDArray

import refsort
from refsort.atomic import atomic_write
from refsort.oracle import offline_runner
from refsort.oracle.adapter import Adapter, AdapterError, _roundoffs
from refsort.oracle.archive import Unreadable, content_hash, read, write
from refsort.oracle.cases import OPERATIONS, Case, cases
from refsort.oracle.conventions import Convention, declared, moved_back
from refsort.oracle.judge import Mismatch, judge
from refsort.oracle.runner import FAIL, NOT_IMPLEMENTED, PASS, UNRESOLVED, Report, Row
from refsort.oracle.wire import decoded_params, encoded_params
from refsort.rounding import UNIT_ROUNDOFF

Array = NDArray[Any]

INPUTS, OUTPUTS = "refsort-inputs/1", "refsort-outputs/1"


class Questions(NamedTuple):
    """An inputs file: its hash, its cases with their arrays as they were written, and how they were drawn."""

    id: str
    cases: list[Case]
    max_examples: int
    seed: int


def export(
    path: str | Path,
    ops: Sequence[str] = tuple(OPERATIONS),
    dtypes: Sequence[str] = ("float32", "float64"),
    max_examples: int = 80,
    random_seed: int = 0,
) -> Path:
    """Write the cases of the operations to `path`, and beside it a script that answers them, whose path is returned.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     runner = export(f"{folder}/inputs.npz", ["max_min"], ["float32"], max_examples=3)
    ...     runner.name, len(read_inputs(f"{folder}/inputs.npz").cases)
    ('inputs_runner.py', 3)
    """
    drawn = [case for op in ops for dtype in dtypes for case in _drawn(op, dtype, max_examples, random_seed)]
    entries = {name: array for k, case in enumerate(drawn) for name, array in _entries(k, case)}
    manifest: dict[str, Any] = {
        "format": INPUTS,
        "refsort": refsort.__version__,
        "max_examples": max_examples,
        "seed": random_seed,
        "cases": [
            {"op": c.op, "dtype": c.dtype, "params": encoded_params(c.params), "arrays": len(c.arrays)} for c in drawn
        ],
    }
    manifest = {"id": content_hash(manifest, entries), **manifest}
    write(path, manifest, entries)
    runner = Path(path).with_name(f"{Path(path).stem}_runner.py")
    with atomic_write(runner) as file:
        file.write(Path(offline_runner.__file__).read_bytes())
    return runner


def read_inputs(path: str | Path) -> Questions:
    """What `export` wrote.

    Raises
    ------
    FileNotFoundError
    ValueError
        For a file that is no such archive, is cut off or was changed.
    """
    manifest, entries = read(path, INPUTS)
    try:
        found = []
        for k, about in enumerate(manifest["cases"]):
            arrays = tuple(entries[f"{k}.array{i}"] for i in range(about["arrays"]))
            found.append(
                Case(about["op"], about["dtype"], arrays, decoded_params(about["params"]), entries[f"{k}.cotangent"])
            )
        expected = content_hash({name: value for name, value in manifest.items() if name != "id"}, entries)
        questions = Questions(manifest["id"], found, manifest["max_examples"], manifest["seed"])
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path}: the manifest and the arrays do not belong together ({error})") from None
    if expected != questions.id:
        raise ValueError(f"{path}: its content does not have the hash {questions.id[:12]}... that it carries")
    return questions


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
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     inputs, outputs = f"{folder}/inputs.npz", f"{folder}/outputs.npz"
    ...     runner = export(inputs, ["max_min"], ["float32"], max_examples=3)
    ...     _ = subprocess.run([sys.executable, runner, inputs, numpy_adapter.__file__, outputs], check=True)
    ...     judge_outputs(None, outputs).passed
    True
    """
    about, answers = read(outputs, OUTPUTS)
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
    return Report(adapter.name, judged, questions.max_examples, questions.seed)


def _drawn(op: str, dtype: str, max_examples: int, random_seed: int) -> list[Case]:
    found: list[Case] = []

    @seed(random_seed)
    @settings(
        max_examples=max_examples,
        database=None,
        deadline=None,
        derandomize=False,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(cases(op, dtype))
    def collect(case: Case) -> None:
        found.append(case)

    collect()
    return found


def _entries(k: int, case: Case) -> Iterator[tuple[str, Array]]:
    yield from ((f"{k}.array{i}", array) for i, array in enumerate(case.arrays))
    yield f"{k}.cotangent", case.cotangent


def _answer_names(k: int, case: Case) -> Iterator[str]:
    yield from (f"{k}.value", f"{k}.out")
    yield from (f"{k}.gradient{i}" for i in range(len(case.arrays)))


def _is_told(entry: Any) -> bool:
    return isinstance(entry, list) and len(entry) == 2 and entry[0] in ("error", "not implemented")


def _adapter(path: str | Path, about: dict[str, Any]) -> Adapter:
    try:
        lower = {name: float.fromhex(u) for name, u in about.get("unit_roundoff", {}).items()}
        roundoffs: dict[str, Fraction] = UNIT_ROUNDOFF | _roundoffs(str(path), lower)
        conventions = declared(about.get("conventions", {}))
    except (AdapterError, ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"{path}: {error}") from None
    name = str(about.get("name", Path(path).name))
    return Adapter(
        name=name, dtypes=(), conventions=conventions, unit_roundoff=roundoffs, ops=None, call=_not_to_be_called
    )


def _not_to_be_called(*_: Any) -> Any:
    raise AssertionError("answers are replayed")


def _row(
    adapter: Adapter, asked: list[Case], places: list[int], answers: dict[str, Any], told: dict[str, list[str]]
) -> Row:
    """All cases of one operation and dtype; of those that fail, the smallest is shown."""
    start, checks, worst = time.perf_counter(), Counter[str](), dict[str, float]()
    failures: list[Mismatch] = []
    lacking: list[str] = []
    without_gradients = 0
    for k in places:
        replaying = adapter._replace(call=partial(_replayed, k, answers, told))
        try:
            judgement = judge(replaying, _in_our_layout(asked[k], adapter.conventions.get(asked[k].op)))
        except Mismatch as mismatch:
            failures.append(mismatch)
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
    verdict = FAIL if failures else PASS if checks else NOT_IMPLEMENTED if lacking else UNRESOLVED
    return Row(
        op=asked[places[0]].op,
        dtype=asked[places[0]].dtype,
        verdict=verdict,
        checks=dict(checks),
        worst=worst,
        failure=min(failures, key=lambda failure: sum(array.size for array in failure.case.arrays), default=None),
        note="; ".join(notes),
        seconds=time.perf_counter() - start,
    )


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
