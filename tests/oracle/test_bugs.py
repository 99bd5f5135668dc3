"""The table of bug classes, and that it and the diagnoses speak of the same names."""

import ast
import re
from pathlib import Path

import pytest

from refsort.oracle import diagnosis
from refsort.oracle.bugs import BUGS, class_of


def names_in_the_source():
    """Every first string of a tuple or of a call in the package that says a sentence as well."""
    found = set()
    for path in Path(diagnosis.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return found


def test_the_classes_are_numbered_in_order():
    numbers = [int(name[1:]) for name in BUGS]
    assert numbers == sorted(set(numbers))
    assert set(range(1, 25)) - set(numbers) == {21, 24}  # tests that test nothing; convolutions


def test_a_diagnosis_belongs_to_one_class():
    names = [name for bug in BUGS.values() for name in bug.diagnoses]
    assert len(names) == len(set(names))
    assert all(name in BUGS[class_of(name)].diagnoses for name in names)


def test_every_listed_diagnosis_is_one_that_can_be_made():
    listed = {name for bug in BUGS.values() for name in bug.diagnoses}
    assert listed - names_in_the_source() == set()


def test_threads_are_repository_and_number():
    threads = [thread for bug in BUGS.values() for thread in bug.threads]
    assert all(re.fullmatch(r"([\w.-]+/)?[\w.-]+#\d+", thread) for thread in threads)


def test_an_unknown_diagnosis_has_no_class():
    with pytest.raises(KeyError):
        class_of("gremlins")
