"""The form of every operation that is judged: one file draws its cases, knows its exact result and makes its claims."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from refsort import strategies
from refsort.oracle.claims import Claims
from refsort.oracle.tolerances import Precision

Array = NDArray[Any]


class Case(NamedTuple):
    """One call of an adapter.

    Attributes
    ----------
    op : str
        A key of `refsort.oracle.operations.OPERATIONS`.
    dtype : str
        What to compute in; `arrays` and `cotangent` have the dtype that carries it. Labels are integers (int64).
    arrays : tuple of ndarray
    params : dict
        By name, as in the protocol.
    cotangent : ndarray
        Of the shape of the result.
    """

    op: str
    dtype: str
    arrays: tuple[Array, ...]
    params: dict[str, Any]
    cotangent: Array

    def __repr__(self) -> str:
        arrays = ", ".join(str(array.tolist()) for array in self.arrays)
        return f"{self.op} {self.dtype} {arrays} {self.params} cotangent {self.cotangent.tolist()}"


class Operation(NamedTuple):
    """What judges one operation; every array that its functions are handed or return holds Fractions.

    Attributes
    ----------
    cases : callable
        ``cases(op, dtype)`` draws cases.
    truth : callable
        ``truth(case)`` is the exact result, or where that is irrational a rational next to it: nearer by some thirty
        decimal places than the smallest bound.
    values : callable
        ``values(case, out, precision)`` compares a result with the truth.
    gradients : callable or None
        ``gradients(case, gradients, precision)`` compares gradients, one for each array and None for an array of
        integers. None for an operation that has no derivative.
    """

    cases: Callable[[str, str], st.SearchStrategy[Case]]
    truth: Callable[[Case], Array]
    values: Callable[[Case, Array, Precision], Claims]
    gradients: Callable[[Case, Sequence[Any], Precision], Claims] | None


@st.composite
def sides(draw: st.DrawFn, dimensions: int, most: int = 5, empty: bool = False) -> tuple[int, ...]:
    """Pairwise distinct side lengths from 1; `empty` lets the first one, the batch, be 0."""
    shape = draw(strategies.shapes(dimensions, most))
    return (0, *shape[1:]) if empty and draw(st.sampled_from([False] * 11 + [True])) else shape


@st.composite
def matrix_sides(draw: st.DrawFn, most: int = 5) -> tuple[int, int]:
    """The sides of a weight, equal ones now and then: there no shape betrays a layout that was guessed."""
    m, n = draw(strategies.shapes(2, most))
    return (n, n) if draw(st.sampled_from([False] * 3 + [True])) else (m, n)


def scaled(dtype: str, integers: Sequence[int], e: int, shape: tuple[int, ...]) -> Array:
    """The numbers ``k 2^e`` in the dtype that carries `dtype`; the caller sees to it that it holds them exactly."""
    floats = [math.ldexp(k, e) for k in integers]
    return np.array(floats, dtype=np.float64).astype(strategies.FORMATS[dtype].carrier).reshape(shape)


def scalar_cotangents(dtype: str) -> st.SearchStrategy[Array]:
    """0-d cotangents of a loss or a norm: 1, and lattice points that are not 0."""
    return st.one_of(
        st.just(scaled(dtype, [1], 0, ())),
        st.integers(-12, 12).filter(bool).map(lambda k: scaled(dtype, [k], -2, ())),
    )
