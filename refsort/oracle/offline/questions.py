"""The questions: drawn as `refsort check` draws them, written to a file, and read again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import HealthCheck, Phase, given, seed, settings
from numpy.typing import NDArray

import refsort
from refsort.atomic import atomic_write
from refsort.oracle.cases import OPERATIONS, Case, cases
from refsort.oracle.offline import runner as runner_script
from refsort.oracle.offline.archive import content_hash, read, write
from refsort.oracle.wire import decoded_params, encoded_params

Array = NDArray[Any]

FORMAT = "refsort-inputs/1"


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
        "format": FORMAT,
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
        file.write(Path(runner_script.__file__).read_bytes())
    return runner


def read_inputs(path: str | Path) -> Questions:
    """What `export` wrote.

    Raises
    ------
    FileNotFoundError
    ValueError
        For a file that is no such archive, is cut off or was changed.
    """
    manifest, entries = read(path, FORMAT)
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
