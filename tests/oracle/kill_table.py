"""The kill matrix as a table in Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from refsort.oracle.runner import FAIL, KINDS, PASS
from tests.oracle.implementation import Implementation

Records = Sequence[Mapping[str, Any]]
Subjects = Mapping[tuple[str, str], Implementation]

COMMAND = "python -m tests.oracle.kill_matrix"


def as_due(record: Mapping[str, Any]) -> bool:
    """Whether a mutant was killed, or a variant compared with something and not accused."""
    return bool(record["verdict"] == (FAIL if record["kind"] == "mutant" else PASS))


def table(records: Records, subjects: Subjects) -> str:
    """One line for each implementation and dtype, and the totals."""
    of_kind = {kind: [record for record in records if record["kind"] == kind] for kind in ("mutant", "variant")}
    seeds = sorted({record["seed"] for record in records})
    lines = ["# Kill matrix", "", f"Seeds {seeds[0]} to {seeds[-1]}, the default profile; written by `{COMMAND}`.", ""]
    lines += [*_totals(of_kind), ""]
    if of_kind["mutant"]:
        header = ["operation", "mutant", "dtype", "class", "diagnosis that is due", "killed", "named", "by"]
        lines += ["## Mutants", "", *_markdown(header, _mutants(of_kind["mutant"], subjects)), ""]
    if of_kind["variant"]:
        header = ["operation", "variant", "dtype", "accused", "comparisons", *KINDS]
        lines += ["## Variants", "", "The worst error over bound of each kind, and the seed that shows it.", ""]
        lines += [*_markdown(header, _variants(of_kind["variant"], subjects)), ""]
    return "\n".join(lines)


def _totals(of_kind: Mapping[str, Records]) -> Iterator[str]:
    killed, mutants = sum(map(as_due, of_kind["mutant"])), len(of_kind["mutant"])
    if mutants:
        named = [record["named"] for record in of_kind["mutant"] if record["verdict"] == FAIL]
        yield f"- mutants killed: {killed} of {mutants} runs ({100 * killed / mutants:.2f} %)"
        share = 100 * sum(named) / max(1, len(named))
        yield f"- of these named as is due: {sum(named)} of {len(named)} ({share:.2f} %)"
        for record in of_kind["mutant"]:
            if not as_due(record):
                yield f"- SURVIVED: {_run(record)}"
            elif not record["named"]:
                yield f"- other name: {_run(record)}: {record['diagnosis'] or 'none'}"
    if of_kind["variant"]:
        accused = [record for record in of_kind["variant"] if not as_due(record)]
        checks = sum(record["checks"] for record in of_kind["variant"])
        yield f"- variants accused: {len(accused)} of {len(of_kind['variant'])} runs, {checks} comparisons"
        yield from (f"- ACCUSED: {_run(record)}: {record['verdict']} {record['claim']}" for record in accused)
        ratio, kind, record = max(
            ((ratio, kind, record) for record in of_kind["variant"] for kind, ratio in record["worst"].items()),
            key=lambda found: found[0],
            default=(0.0, "", {}),
        )
        if ratio:
            yield f"- worst error over bound of all variants: {ratio:.4g} ({kind}), {_run(record)}"
            yield f"  - {record['witnesses'].get(kind, '')}"
            yield f"  - `{COMMAND} --only {record['key']} --first-seed {record['seed']} --seeds 1`"


def _run(record: Mapping[str, Any]) -> str:
    return f"{record['key']} {record['dtype']} seed {record['seed']}"


def _grouped(records: Records) -> dict[tuple[str, str], Records]:
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for record in records:
        groups.setdefault((record["key"], record["dtype"]), []).append(record)
    return {key: groups[key] for key in sorted(groups)}


def _mutants(records: Records, subjects: Subjects) -> Iterator[list[str]]:
    for (key, dtype), of_one in _grouped(records).items():
        subject, count = subjects["mutant", key], len(of_one)
        killed = f"{sum(map(as_due, of_one))}/{count}"
        named = f"{sum(record['named'] for record in of_one)}/{count}" if subject.diagnosis else "-"
        kinds = Counter(record["by"] for record in of_one if record["by"])
        by = ", ".join(f"{kind} {n}" for kind, n in kinds.most_common())
        yield [subject.op, subject.name, dtype, subject.bug, subject.diagnosis or "-", killed, named, by]


def _variants(records: Records, subjects: Subjects) -> Iterator[list[str]]:
    for (key, dtype), of_one in _grouped(records).items():
        subject, accused = subjects["variant", key], sum(not as_due(record) for record in of_one)
        comparisons = sum(record["checks"] for record in of_one)
        worst = [_worst(kind, of_one) for kind in KINDS]
        yield [subject.op, subject.name, dtype, f"{accused}/{len(of_one)}", str(comparisons), *worst]


def _worst(kind: str, records: Records) -> str:
    met = [record for record in records if kind in record["worst"]]
    if not met:
        return "-"
    record = max(met, key=lambda found: found["worst"][kind])
    return f"{record['worst'][kind]:.2g} ({record['seed']})" if record["worst"][kind] else "0"


def _markdown(header: Sequence[str], rows: Iterator[list[str]]) -> Iterator[str]:
    for cells in (header, ["---"] * len(header), *rows):
        yield f"| {' | '.join(cells)} |"
