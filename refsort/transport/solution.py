"""What a method finds before anything is certified."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from refsort.ops.arrays import Array


class Solution(NamedTuple):
    """A coupling, not yet trusted, and a potential on x from which a feasible pair is made.

    Attributes
    ----------
    rows, columns : ndarrays of int, (k,)
    mass : ndarray of float64, (k,)
        Positive; in units of `unit`.
    unit : Fraction
    f : ndarray of float64, (n,)
    missing : Fraction, optional
        Where the method knows how far the marginals of the coupling are from the two measures: W_1 of these is at most
        this times the longest distance.
    """

    rows: Array
    columns: Array
    mass: Array
    unit: Fraction
    f: Array
    missing: Fraction | None = None
