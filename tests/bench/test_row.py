"""A row through JSON and back, and what is derived from it."""

import json
from dataclasses import fields

from refsort.bench.measure import Timing
from refsort.bench.row import Row, as_json, from_json

FULL = Row(
    *("max_min-2x4", "activations", "max_min", "forward", "float32"),
    threads=2,
    refsort=Timing(0.1, 0.05, 0.3, 7),
    torch={"sort": Timing(0.4, 0.2, 0.5, 7), "where": Timing(0.2, 0.1, 0.7, 7)},
    dropped={"slow": 9.5},
    wrong={"no": "differs", "refsort": "failed"},
    differences={"sort": 1e-7, "where": 3e-7, "slow": 0.0},
    tolerance=1e-6,
    ratios=Timing(0.6, 0.5, 0.8, 7),
    floor=Timing(0.025, 0.02, 0.03, 7),
    floor_what="copy of 64 bytes",
    memory={"refsort": 300, "torch": 200},
)
EMPTY = Row("w1-5x1", "whole", "w1", "run", "float64")


def test_rows_come_back_from_json_as_they_were():
    for field in fields(Row):
        assert getattr(FULL, field.name) != field.default, f"{field.name} is not tested"
    for row in (FULL, EMPTY):
        assert from_json(json.loads(json.dumps(as_json(row)))) == row


def test_what_is_derived_from_a_row():
    assert (FULL.fastest, FULL.ratio, FULL.over_floor, FULL.memory_ratio) == ("where", 0.5, 4.0, 1.5)
    assert (FULL.formulations, FULL.difference) == (4, 3e-7)  # refsort is none of them


def test_what_was_not_measured_is_none():
    assert (EMPTY.fastest, EMPTY.ratio, EMPTY.over_floor, EMPTY.memory_ratio, EMPTY.difference) == (None,) * 5
    assert EMPTY.formulations == 0
