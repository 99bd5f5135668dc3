"""Why a vector exists, for a reader: what is asked, what is expected, and the story behind each of its flags."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import Any

from refsort.oracle.vectors.format import VectorError, VectorFile
from refsort.oracle.vectors.question import NONE, UNSTATED
from refsort.oracle.vectors.vector import Flag, Vector


def find(id: str, files: Sequence[VectorFile]) -> tuple[Vector, VectorFile]:
    """The vector that `id` names, or an unambiguous beginning of it of at least four digits.

    Raises
    ------
    VectorError
        Where there is none, or more than one.
    """
    known = [(vector, file) for file in files for vector in file.vectors]
    found = [pair for pair in known if len(id) >= 4 and pair[0].id.startswith(id.lower())]
    if len(found) != 1:
        what = f"{len(found)} vectors begin with {id}" if found else f"there is no vector {id}"
        raise VectorError(f"{what}; ids have 16 hexadecimal digits, and the first few are enough where they are unique")
    return found[0]


def explain(id: str, files: Sequence[VectorFile]) -> str:
    """Question, answer, tolerance and reasons of the vector `id`, as text.

    Examples
    --------
    >>> from refsort.oracle.vectors.format import shipped
    >>> print(explain("aa588fd936cd48b6", shipped()))  # doctest: +ELLIPSIS
    vector aa588fd936cd48b6 of max_min
      array 0     1 x 2: [-1, 0]
      parameters  axis -1
      cotangent   1 x 2: [1, 2]
      result      1 x 2: [-1, 0]
      gradient 0  1 x 2: [1, 2]
      tolerance   exact in bfloat16, float16, float32, float64
      permutation (B1): All orders of distinct entries, with a cotangent that spells out ...
        https://github.com/pytorch/pytorch/issues/57166
    """
    vector, file = find(id, files)
    lines = [f"vector {vector.id} of {vector.op}"]
    lines += [f"  {name:11} {value}" for name, value in _parts(vector)]
    lines += [line for name in vector.flags for line in reason(name, file.flags[name])]
    return "\n".join(lines)


def reason(name: str, flag: Flag, indent: str = "  ") -> list[str]:
    """A flag, its class, its reason, and its links."""
    links = [f"{indent}  https://github.com/{link.replace('#', '/issues/')}" for link in flag.links]
    text = f"{name} ({flag.bug_class}): {flag.reason}"
    return [*wrap(text, 110, initial_indent=indent, subsequent_indent=f"{indent}  "), *links]


def _parts(vector: Vector) -> list[tuple[str, str]]:
    params = ", ".join(f"{name} {value}" for name, value in vector.params.items())
    parts = [(f"array {i}", _tensor(array.json())) for i, array in enumerate(vector.arrays)]
    parts += [("parameters", params)] if params else []
    parts += [("cotangent", _tensor(vector.cotangent.json())), ("result", _tensor(vector.expected["out"]))]
    parts += [(f"gradient {i}", _gradient(entry)) for i, entry in enumerate(vector.expected["gradients"])]
    exact = [dtype for dtype, tolerance in vector.tolerance.items() if tolerance == "exact"]
    parts += [("tolerance", f"exact in {', '.join(exact)}")] if exact else []
    bounds = [(dtype, tolerance) for dtype, tolerance in vector.tolerance.items() if tolerance != "exact"]
    return parts + [("tolerance", f"{dtype}: {_bounds(tolerance)}") for dtype, tolerance in bounds]


def _tensor(entry: Mapping[str, Any]) -> str:
    shape, values = entry["shape"], [*entry["values"]]
    size = " x ".join(map(str, shape)) or "a number"
    error = f" (each to {entry['error']} of itself)" if "error" in entry else ""
    return f"{size}: {_nested(shape, values)}{error}"


def _nested(shape: Sequence[int], values: Sequence[str]) -> str:
    if len(shape) <= 1:
        return f"[{', '.join(values)}]" if shape else values[0]
    if shape[0] == 1:
        return _nested(shape[1:], values)
    step = math.prod(shape[1:])
    return f"[{', '.join(_nested(shape[1:], values[i : i + step]) for i in range(0, len(values), step))}]"


def _gradient(entry: Any) -> str:
    if entry == NONE:
        return "none"
    if entry == UNSTATED:
        return "at a kink; what is admissible is not stated"
    if "admissible" not in entry:
        return _tensor(entry)
    if entry["admissible"] == "products":
        return "; ".join(f"<{_list(test['with'])}, it> in [{test['least']}, {test['most']}]" for test in entry["tests"])
    if entry["admissible"] == "majorised":
        return "; ".join(
            f"at {_at(block['at'])} {'majorised by' if len(block['at']) > 1 else 'equal to'} {_list(block['by'])}"
            for block in entry["blocks"]
        )
    return "; ".join(
        f"at {_at(row['at'])} in the hull of {', '.join(_list(point) for point in row['points'])}"
        for row in entry["rows"]
    )


def _bounds(tolerance: Mapping[str, Any]) -> str:
    names = ["result", *(f"gradient {i}" for i in range(len(tolerance["gradients"])))]
    return "; ".join(
        f"{name} {_bound(bound)}"
        for name, bound in zip(names, [tolerance["out"], *tolerance["gradients"]], strict=True)
    )


def _bound(bound: Any) -> str:
    if bound == "exact":
        return "exact"
    ((kind, values),) = bound.items()
    return f"{kind} {_list(values) if isinstance(values, list) else values}"


def _at(positions: Sequence[int]) -> str:
    return f"[{', '.join(map(str, positions))}]"


def _list(values: Sequence[str]) -> str:
    return f"[{', '.join(values)}]"
