"""Every mutant is killed by the default profile and called by its name; what a failure says, and how it is shrunk.

Each is judged in one of its dtypes with one seed; the kill matrix judges all of them over many.
"""

import os

import pytest

from refsort.oracle import check
from refsort.oracle.bugs import BUGS
from refsort.oracle.cases import OPERATIONS
from refsort.oracle.diagnosis.witness import drawn
from tests.oracle.implementation import result_shape
from tests.oracle.mutants import mutants

MUTANTS = {mutant.key: mutant for mutant in mutants()}
SEED = int(os.environ.get("REFSORT_SEED", "0"))  # any other seed must do as well


def judged(mutant, shrink=False):
    dtype = mutant.dtypes[len(mutant.name) % len(mutant.dtypes)]
    return check(mutant.adapter(), [mutant.op], [dtype], random_seed=SEED, shrink=shrink).rows[0]


@pytest.mark.parametrize("key", MUTANTS)
def test_a_mutant_is_killed_and_named(key):
    mutant = MUTANTS[key]
    row = judged(mutant)
    assert row.verdict == "FAIL"
    assert row.failure.claim
    assert row.failure.ratio is None or row.failure.ratio > 1
    found = row.diagnosis
    assert (found.name if found else "") == mutant.diagnosis
    if found:
        assert all(word in found.sentence for word in mutant.words), found.sentence
        assert 1 <= found.wrong <= found.cases


def test_every_mutant_has_one_class_and_a_name_of_that_class():
    assert len(MUTANTS) >= 50
    for mutant in MUTANTS.values():
        assert mutant.bug in BUGS, mutant.key
        assert not mutant.diagnosis or mutant.diagnosis in BUGS[mutant.bug].diagnoses, mutant.key


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("full_sort/an_exception", ["the call raised", "RuntimeError: the kernel is missing"]),
        ("max_min/an_exit", ["the call raised", "SystemExit: 0"]),
        ("max_min/nan", ["finite", "nan"]),
        ("max_min/float64_out_for_float32_in", ["dtype", "float32", "float64"]),
        ("max_min/a_flattened_result", ["shape", "(2,)", "(1, 2)"]),
        ("max_min/the_input_sorted_in_place", ["an input was written to"]),
        ("affine/one_gradient_of_three", ["a list of 3", "1 of them"]),
        ("affine/gradients_of_none", ["a list of 3", "NoneType"]),
        ("max_min/a_list_for_an_array", ["an ndarray", "list"]),
        ("affine/another_answer_at_every_call", ["the same"]),
        (
            "max_min/both_gradients_to_the_first_as_torch_min_and_max_with_indices",
            ["majorised by the cotangent", "[3.0, 0.0]"],
        ),
    ],
)
def test_a_failure_says_what_was_expected_and_what_was_found(key, words):
    failure = judged(MUTANTS[key], shrink=True).failure
    text = f"{failure.claim} {failure.expected} {failure.found}"
    assert all(word in text for word in words), text


def test_the_failing_case_is_shrunk():
    failure = judged(MUTANTS["max_min/both_gradients_to_the_first_as_torch_min_and_max_with_indices"], True).failure
    assert failure.case.arrays[0].tolist() == [0.0, 0.0]
    assert failure.case.cotangent.tolist() == [1.0, 2.0]


def test_the_shape_of_a_result_is_that_of_its_case():
    for op in OPERATIONS:
        for case in drawn(op, "float32", 4):
            assert result_shape(op, list(case.arrays)) == case.cotangent.shape
