"""No correct implementation is accused, whatever its algorithm, rounding, layout and choice at kinks.

For time, each is judged on fewer cases than by default, and beyond single calls in the first of its dtypes; the kill
matrix judges all of them by the default profile over many seeds.
"""

import os

import pytest

from refsort.oracle import check
from tests.oracle.variants import variants

VARIANTS = {variant.key: variant for variant in variants()}
SEED = int(os.environ.get("REFSORT_SEED", "0"))  # any other seed must do as well


@pytest.mark.parametrize(("key", "dtype"), [(v.key, dtype) for v in VARIANTS.values() for dtype in v.dtypes])
def test_a_variant_is_not_accused(key, dtype):
    variant = VARIANTS[key]
    beyond = dtype == variant.dtypes[0]
    (row,) = check(variant.adapter(), [variant.op], [dtype], 16, random_seed=SEED, shrink=False, beyond=beyond).rows
    assert row.verdict == "PASS", row.failure
    assert sum(row.checks.values()) > 0


def test_there_are_many():
    assert len(VARIANTS) >= 25
