"""What a verification returns, and what it requires."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple


class Certificate(NamedTuple):
    """The outcome of a verification that succeeded; one that fails raises `AssertionError` with its counterexample.

    Attributes
    ----------
    grade : str
        EXACT, CERTIFIED or SAMPLED.
    checked : tuple of str
        What was verified, with its counts, a sentence each.
    witness : str
        What was constructed, as text: all of it where it is small, else a small instance of it.
    """

    grade: str
    checked: tuple[str, ...]
    witness: str


def require(holds: bool, counterexample: str) -> None:
    """Raise an `AssertionError` unless `holds`; unlike ``assert``, also where Python runs with -O."""
    if not holds:
        raise AssertionError(counterexample)


def refusal(call: Callable[[], Any]) -> str:
    """The first clause of the `ValueError` that `call` has to raise."""
    try:
        call()
    except ValueError as error:
        return str(error).split(";")[0]
    raise AssertionError("it was not refused")
