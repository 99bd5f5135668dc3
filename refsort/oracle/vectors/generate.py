"""From questions to files: answers from `refsort.spec`, tolerances, and the text of each file.

The files of the package are made by this and by nothing else: ``write(folder)``; a test does it again and compares.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

from refsort.atomic import atomic_write
from refsort.oracle.vectors import numerals
from refsort.oracle.vectors.answer import answer, solve, tolerance
from refsort.oracle.vectors.flags import FLAGS
from refsort.oracle.vectors.format import OPERATIONS, text
from refsort.oracle.vectors.question import Question
from refsort.oracle.vectors.questions import QUESTIONS, Asked
from refsort.oracle.vectors.vector import Vector
from refsort.rounding import UNIT_ROUNDOFF
from refsort.strategies import FORMATS


def write(folder: str | Path) -> list[Path]:
    """Make all files anew in `folder`, but for the schema, which is written by hand."""
    paths = []
    for op in OPERATIONS:
        paths.append(Path(folder) / f"{op}.json")
        with atomic_write(paths[-1]) as file:
            file.write(content(op).encode())
    return paths


def content(op: str) -> str:
    """The text of the file of `op`."""
    made = vectors(op)
    used = {flag for vector in made for flag in vector.flags}
    return text(op, {name: flag for name, flag in FLAGS.items() if name in used}, made, unit_roundoff())


def vectors(op: str) -> list[Vector]:
    """All vectors of `op`, in the order of the questions. A question that is asked twice has the flags of both."""
    made: dict[str, Vector] = {}
    for asked in QUESTIONS[op](op):
        vector = _vector(asked)
        flags = made[vector.id].flags if vector.id in made else ()
        made[vector.id] = vector._replace(flags=tuple(dict.fromkeys((*flags, *vector.flags))))
    return list(made.values())


def unit_roundoff() -> dict[str, str]:
    """The u of each dtype, spelled."""
    return {dtype: numerals.write(Fraction(UNIT_ROUNDOFF[dtype])) for dtype in FORMATS}


def rebuilt(vector: Vector) -> Vector:
    """The vector with expectation and tolerances computed again from its question, for the same dtypes.

    Raises
    ------
    ValueError, TypeError
        For a question that has no answer.
    """
    return vector._replace(**_answered(vector, tuple(vector.tolerance)))


def _vector(asked: Asked) -> Vector:
    vector = Vector(asked.op, asked.arrays, asked.params, asked.cotangent, {}, {}, asked.flags)
    made = vector._replace(**_answered(vector, tuple(FORMATS), strict=False))
    if not made.tolerance:
        raise AssertionError(f"a question that no dtype can be asked: {asked}")
    return made


def _answered(vector: Vector, dtypes: tuple[str, ...], strict: bool = True) -> dict[str, Any]:
    params: dict[str, Any] = vector.exact_params()
    arrays = tuple(array.exact() for array in vector.arrays)
    question = Question(vector.op, arrays, params, vector.cotangent.exact())
    solved = solve(question)
    tolerances = {dtype: tolerance(question, solved, dtype) for dtype in dtypes}
    for dtype, found in tolerances.items():
        if strict and found is None:
            raise ValueError(f"it cannot be asked in {dtype}: see refsort.oracle.vectors.answer.tolerance")
    given = {dtype: found for dtype, found in tolerances.items() if found is not None}
    return {"expected": answer(question, solved), "tolerance": given}
