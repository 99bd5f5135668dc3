"""Is a vector file true? Its expectations and tolerances are computed again from the definitions and compared."""

from __future__ import annotations

from typing import Any

from refsort.oracle.vectors import generate
from refsort.oracle.vectors.flags import FLAGS
from refsort.oracle.vectors.format import VectorError, VectorFile
from refsort.oracle.vectors.vector import Vector


def verify(file: VectorFile, name: str = "") -> int:
    """The number of vectors of `file`, all of them recomputed from `refsort.spec` and found to be as they stand.

    Form, spellings, counts and ids were checked when the file was read.

    Raises
    ------
    VectorError
        For the first vector that is not as the definition has it, and for flags that this package does not know.

    Examples
    --------
    >>> from refsort.oracle.vectors.format import shipped
    >>> verify(shipped()[1]) > 50
    True
    """
    name = name or f"{file.op}.json"
    for flag, explanation in file.flags.items():
        if FLAGS.get(flag) != explanation:
            raise VectorError(f"{name}: flag {flag}: not explained as in refsort {_shown(FLAGS.get(flag))}")
    if file.unit_roundoff != generate.unit_roundoff():
        raise VectorError(f"{name}: unit_roundoff: expected {generate.unit_roundoff()}, found {file.unit_roundoff}")
    for vector in file.vectors:
        _verify(vector, f"{name}: vector {vector.id}")
    return len(file.vectors)


def _verify(vector: Vector, where: str) -> None:
    try:
        truth = generate.rebuilt(vector)
    except (ValueError, TypeError, KeyError, IndexError, ArithmeticError) as error:
        raise VectorError(f"{where}: no such question: {type(error).__name__}: {error}") from None
    for field in ("expected", "tolerance"):
        path, expected, found = _difference(getattr(truth, field), getattr(vector, field), field)
        if path:
            raise VectorError(f"{where}: {path} is {_shown(found)}, and by the definition {_shown(expected)}")


def _difference(expected: Any, found: Any, path: str) -> tuple[str, Any, Any]:
    """The first place where two JSON documents differ, or nothing."""
    if isinstance(expected, dict) and isinstance(found, dict) and set(expected) == set(found):
        pairs = [(expected[key], found[key], f"{path}.{key}") for key in expected]
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        pairs = [(e, f, f"{path}[{i}]") for i, (e, f) in enumerate(zip(expected, found, strict=True))]
    else:
        return (path if expected != found else "", expected, found)
    differences = (_difference(*pair) for pair in pairs)
    return next((difference for difference in differences if difference[0]), ("", None, None))


def _shown(found: Any) -> str:
    text = str(found)
    return text if len(text) <= 120 else f"{text[:117]}..."
