"""What a verification returns."""

from __future__ import annotations

from typing import NamedTuple


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
