"""One vector: a question on exact arrays, its answer, its tolerances, and the flags that say why it is asked."""

from __future__ import annotations

import hashlib
import json
import math
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from refsort.oracle.vectors import numerals
from refsort.strategies import FORMATS

LABELS = {"hinge": 1, "cross_entropy": 1, "certified_radius": 1}
"""The array that holds integer labels."""
ROUNDED = Fraction(1, 2**64)
"""The relative error of the numbers in a tensor that says so; they stand for irrational ones."""
_INTEGERS = ("axis", "group_size", "iterations", "order")
_NORMS = ("p", "q")


class Tensor(NamedTuple):
    """An array of exact numbers: its shape, and its entries as they are spelled, in C order.

    `error`, where it is not empty, is the relative error of the entries.
    """

    shape: tuple[int, ...]
    values: tuple[str, ...]
    error: str = ""

    @classmethod
    def of(cls, x: NDArray[Any], rounded: bool = False) -> Tensor:
        """That of an array of Fractions, which are exact or stand for irrational numbers."""
        error = numerals.write(ROUNDED) if rounded else ""
        return cls(x.shape, tuple(numerals.write(value) for value in x.flat), error)

    def exact(self) -> NDArray[Any]:
        """As an array of Fractions.

        Examples
        --------
        >>> Tensor((1, 2), ("1/4", "-0")).exact().tolist()
        [[Fraction(1, 4), Fraction(0, 1)]]
        """
        result = np.empty(len(self.values), dtype=object)
        result[:] = [numerals.read(value) for value in self.values]
        return result.reshape(self.shape)

    def floats(self, dtype: str) -> NDArray[Any]:
        """As the array that carries `dtype`; the negative zeros are kept."""
        numbers = [-0.0 if value == "-0" else float(numerals.read(value)) for value in self.values]
        return np.array(numbers, dtype=np.float64).astype(FORMATS[dtype].carrier).reshape(self.shape)

    def integers(self) -> NDArray[np.int64]:
        """As an array of labels."""
        return np.array([int(value) for value in self.values], dtype=np.int64).reshape(self.shape)

    def json(self) -> dict[str, Any]:
        """As it stands in the file."""
        error = {"error": self.error} if self.error else {}
        return {**error, "shape": list(self.shape), "values": list(self.values)}


class Flag(NamedTuple):
    """Why a vector exists: the class of bugs that it is made for, the reason, and threads where the world met it."""

    bug_class: str
    reason: str
    links: tuple[str, ...]


class Vector(NamedTuple):
    """A question with its exact answer.

    Attributes
    ----------
    op : str
    arrays : tuple of Tensor
    params : dict
        By name, as they are spelled.
    cotangent : Tensor
        Of the shape of the result.
    expected, tolerance : dict
        As in the file; the keys of `tolerance` are the dtypes that the vector is for.
    flags : tuple of str
    """

    op: str
    arrays: tuple[Tensor, ...]
    params: dict[str, str]
    cotangent: Tensor
    expected: dict[str, Any]
    tolerance: dict[str, Any]
    flags: tuple[str, ...]

    @property
    def id(self) -> str:
        """The hash of question and answer, not of tolerances and flags: those may be improved."""
        content = self.json()
        for name in ("flags", "tolerance"):
            del content[name]
        text = json.dumps({"op": self.op, **content}, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def json(self) -> dict[str, Any]:
        """As it stands in the file, but for the id."""
        return {
            "arrays": [array.json() for array in self.arrays],
            "cotangent": self.cotangent.json(),
            "expected": self.expected,
            "flags": list(self.flags),
            "params": self.params,
            "tolerance": self.tolerance,
        }

    def exact_params(self) -> dict[str, Any]:
        """The parameters as numbers: ints for axis, group_size, iterations and order; norms are ints or infinite."""
        return {name: _param(name, value) for name, value in self.params.items()}

    def float_params(self) -> dict[str, int | float]:
        """The parameters as an adapter takes them."""
        return {name: x if isinstance(x, int) else float(x) for name, x in self.exact_params().items()}

    def call(self, dtype: str) -> tuple[tuple[NDArray[Any], ...], NDArray[Any]]:
        """Arrays and cotangent as an adapter takes them: floats that carry `dtype`, and int64 labels."""
        labels = LABELS.get(self.op)
        arrays = tuple(array.integers() if i == labels else array.floats(dtype) for i, array in enumerate(self.arrays))
        return arrays, self.cotangent.floats(dtype)


def _param(name: str, value: str) -> Any:
    if name in _NORMS and value == "inf":
        return math.inf
    number = numerals.read(value)
    return int(number) if name in (*_INTEGERS, *_NORMS) else number
