"""Which mutants the default profile kills and names, over several seeds, and how near it comes to accusing a variant.

    python -m tests.oracle.kill_matrix [--seeds 20] [--first-seed 0] [--jobs N] [--only NAME ...] [--out DIR] [--resume]

Each implementation is judged in each of its dtypes with each seed, as `refsort.oracle.check` does by default, but that
a failing case is not made smaller. Results are appended to DIR/kill_matrix.jsonl as they come, so that --resume goes on
where a run was broken off; then the table is printed and written to DIR/KILL_MATRIX.md. The exit status is 1 where a
mutant survives or a variant is accused in any run, 2 for a wrong command line or file.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

from refsort.atomic import atomic_write
from refsort.oracle import check
from refsort.progress import Progress
from tests.oracle.implementation import Implementation
from tests.oracle.kill_table import as_due, table
from tests.oracle.mutants import mutants
from tests.oracle.variants import variants


class Run(NamedTuple):
    """One implementation in one dtype with one seed; `kind` is "mutant" or "variant"."""

    kind: str
    key: str
    dtype: str
    seed: int


def implementations() -> dict[tuple[str, str], Implementation]:
    """All of them, by kind and key, mutants first."""
    kinds = {"mutant": mutants(), "variant": variants()}
    return {(kind, found.key): found for kind, all_found in kinds.items() for found in all_found}


def judged(run: Run) -> dict[str, Any]:
    """What the oracle says of one run, as a line of the file."""
    subject = implementations()[run.kind, run.key]
    row = check(subject.adapter(), [subject.op], [run.dtype], random_seed=run.seed, shrink=False).rows[0]
    diagnosis = row.diagnosis.name if row.diagnosis else ""
    sentence = row.diagnosis.sentence if row.diagnosis else ""
    return {
        **run._asdict(),
        "verdict": row.verdict,
        "by": {"call": "form"}.get(row.failure.kind, row.failure.kind) if row.failure else "",
        "claim": row.failure.claim if row.failure else "",
        "named": bool(row.failure) and diagnosis == subject.diagnosis and all(w in sentence for w in subject.words),
        "diagnosis": diagnosis,
        "checks": sum(row.checks.values()),
        "worst": row.worst,
        "witnesses": dict(row.witnesses),
        "seconds": round(row.seconds, 2),
    }


def chosen(only: Sequence[str]) -> dict[tuple[str, str], Implementation]:
    """Those whose name, operation or key is in `only`; all where that is empty."""
    found = implementations()
    unknown = set(only) - {word for subject in found.values() for word in (subject.name, subject.op, subject.key)}
    if unknown:
        raise ValueError(f"--only: there is no implementation or operation {', '.join(sorted(unknown))}")
    return {k: s for k, s in found.items() if not only or {s.name, s.op, s.key} & set(only)}


def runs(subjects: dict[tuple[str, str], Implementation], seeds: Sequence[int]) -> list[Run]:
    """One seed after the other, so that a run that is broken off has seen everything once."""
    return [Run(kind, key, dtype, seed) for seed in seeds for (kind, key), s in subjects.items() for dtype in s.dtypes]


def read(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of an earlier run. The last one may be cut short, where that was broken off: it is left out.

    Raises
    ------
    ValueError
        For any other line that is none of this command's.
    """
    lines = path.read_text(encoding="utf-8").split("\n") if path.exists() else []
    for number, line in enumerate(lines, 1):
        try:
            record = json.loads(line) if line else None
        except json.JSONDecodeError:
            if number == len(lines):
                return
            record = line
        if record is None:
            continue
        if not isinstance(record, dict) or not {*Run._fields, "verdict", "named", "worst"} <= set(record):
            raise ValueError(
                f"{path}, line {number} is no result of this command: move the file away, or drop --resume"
            )
        yield record


def run_all(todo: list[Run], path: Path, jobs: int) -> list[dict[str, Any]]:
    """Judge what is left to do, and append each result as it comes."""
    results = []
    with path.open("a", encoding="utf-8") as file, Progress("kill matrix", len(todo)) as progress:

        def add(result: dict[str, Any]) -> None:
            results.append(result)
            file.write(json.dumps(result) + "\n")
            file.flush()
            progress.update(len(results), f"{result['kind']} {result['key']} {result['dtype']} seed {result['seed']}")

        if jobs == 1:
            for run in todo:
                add(judged(run))
        else:
            os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # of each process; more of them wait for one another
            with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
                for future in as_completed([pool.submit(judged, run) for run in todo]):
                    add(future.result())
    return results


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.oracle.kill_matrix", description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=20, help="how many (20)")
    parser.add_argument("--first-seed", type=int, default=0, metavar="SEED", help="the first of them (0)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="processes (all cores)")
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="names, operations, or operation/name")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, metavar="DIR", help="where results are kept")
    parser.add_argument("--resume", action="store_true", help="go on with what DIR holds, and judge only what is left")
    options = parser.parse_args(arguments)
    if options.seeds < 1 or options.jobs < 1:
        parser.error("--seeds and --jobs must be 1 or more")
    path = options.out / "kill_matrix.jsonl"
    try:
        subjects = chosen(options.only)
        earlier = list(read(path)) if options.resume else []
    except ValueError as error:
        parser.error(str(error))
    options.out.mkdir(parents=True, exist_ok=True)
    wanted = runs(subjects, range(options.first_seed, options.first_seed + options.seeds))
    done = {Run(*(record[field] for field in Run._fields)): record for record in earlier}
    kept = "".join(json.dumps(record) + "\n" for record in done.values())
    with atomic_write(path) as file:  # without a line that was cut short
        file.write(kept.encode())
    try:
        for record in run_all([run for run in wanted if run not in done], path, options.jobs):
            done[Run(*(record[field] for field in Run._fields))] = record
    except BrokenProcessPool:
        print(f"{parser.prog}: a process was killed, for memory perhaps; --resume --jobs 1 goes on", file=sys.stderr)
        return 2
    records = [done[run] for run in wanted]
    text = table(records, subjects)
    with atomic_write(options.out / "KILL_MATRIX.md") as file:
        file.write(text.encode())
    sys.stdout.write(text)
    return int(not all(map(as_due, records)))


if __name__ == "__main__":
    sys.exit(main())
