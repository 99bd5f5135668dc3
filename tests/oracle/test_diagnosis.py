"""What is called by a name and what is not: bugs of the table, right answers, forms, precision.

That each planted bug gets its own name is in `test_mutants`.
"""

import math

import numpy as np
import pytest

from refsort.oracle import Adapter, Mismatch, cases, check
from refsort.oracle.bugs import BUGS, class_of
from refsort.oracle.diagnosis import diagnose, effective_bits
from refsort.oracle.diagnosis.gradients import _simple
from refsort.oracle.diagnosis.witness import drawn
from refsort.rounding import UNIT_ROUNDOFF
from tests.oracle import plain
from tests.oracle.implementation import Implementation
from tests.oracle.mutants import mutants

RIGHT = dict.fromkeys(("group_sort", "max_min", "full_sort"), plain.sort) | {
    "affine": plain.affine,
    "bjorck": plain.bjorck,
    "project_l1_ball": plain.l1,
}


def adapter_of(op, function, dtype="float32"):
    return Implementation(function.__name__, op, (dtype,), function, {}, {}).adapter()


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("op", RIGHT)
def test_a_right_implementation_gets_no_name(op, dtype):
    case = drawn(op, dtype, 3)[-1]
    mismatch = Mismatch(case, "the result", "something", "something else")
    assert diagnose(mismatch, adapter_of(op, RIGHT[op], dtype)) is None


def test_every_diagnosis_of_the_table_is_that_of_a_mutant_and_of_its_class():
    listed = {name for bug in BUGS.values() for name in bug.diagnoses}
    assert listed == {mutant.diagnosis for mutant in mutants()} - {""}


def test_the_class_of_a_diagnosis_comes_with_it():
    adapter = adapter_of(
        "affine", lambda arrays, params, g: (arrays[0] @ arrays[1].T, plain.affine(arrays, params, g)[1])
    )
    found = check(adapter, ["affine"], shrink=False).rows[0].diagnosis
    assert (found.name, found.bug) == ("bias missing", class_of("bias missing"))
    assert 1 <= found.wrong <= found.cases


def test_a_bug_that_explains_only_some_of_the_wrong_answers_is_not_named():
    """Descending for two groups, ascending and off by one elsewhere: no known mistake leads to both."""

    def function(arrays, params, g):
        out, x_bar = plain.sort([-arrays[0]], params, g)
        return (-out if arrays[0].ndim == 2 else out + np.float32(1)), x_bar

    assert check(adapter_of("full_sort", function), ["full_sort"], shrink=False).rows[0].diagnosis is None


def test_an_adapter_that_fails_only_in_the_form_is_not_explained_by_contents():
    def call(op, arrays, params, cotangent=None, dtype="float32"):
        raise RuntimeError

    adapter = Adapter("mine", ("float32",), {}, UNIT_ROUNDOFF, None, call)
    for op in RIGHT:
        assert diagnose(check(adapter, [op], shrink=False).rows[0].failure, adapter) is None


@pytest.mark.parametrize(
    ("c", "u", "simple"),
    [
        (math.sqrt(2) * (1 + 2**-9), 2**-8, math.sqrt(2)),
        (0.5, 2**-24, 0.5),
        (1 / 3 + 2**-26, 2**-24, 1 / 3),
        (0.1 * (1 - 2**-9), 2**-8, 0.1),
        (-2.0, 2**-8, -2.0),
        (0.0, 2**-8, 0.0),
        (math.pi, 2**-53, math.pi),
    ],
)
def test_a_factor_is_taken_for_the_simplest_number_it_may_be(c, u, simple):
    assert _simple(c, u) == pytest.approx(simple, rel=1e-15)


def test_low_precision_is_no_name_for_answers_that_are_mostly_right_to_the_last_bit():
    """Wrong in a thousandth for one sample in five, and exact on whole numbers: no format does that."""

    def function(arrays, params, g):
        out, gradients = plain.affine(arrays, params, g)
        whole = all((a == np.rint(a)).all() for a in arrays)
        return (out if whole or len(out) < 5 else out * np.float32(1 + 2**-10)), gradients

    found = check(adapter_of("affine", function), ["affine"], shrink=False).rows[0].diagnosis
    assert found is None or found.name != "lower precision"


@pytest.mark.parametrize(
    ("ratio", "dtype", "bits"), [(1.0, "float32", 24), (2.0**13, "float32", 11), (2.0**29, "float64", 24)]
)
def test_effective_bits(ratio, dtype, bits):
    assert effective_bits(ratio, dtype) == bits


def test_effective_bits_of_exact_answers_and_of_nonsense():
    assert effective_bits(0.0, "float32") == math.inf
    assert effective_bits(1e300, "float32") == 0


def test_the_cases_drawn_are_the_same_each_time():
    assert repr(drawn("affine", "float32", 4)) == repr(drawn("affine", "float32", 4))
    assert cases("affine", "float32") is not None
