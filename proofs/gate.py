"""The gate of EXACT proofs: while they run, no function of theirs and none of the definitions may meet a float.

1/3 is a float as much as 0.5 is, so a look at the source is not enough. Here every value that a function of `proofs`
or of `refsort.spec` returns, or holds in a variable when it returns, is looked at: NumPy's floats and arrays of floats
count as floats. Infinity alone may pass: it names a norm.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

import refsort.spec

T = TypeVar("T")

_ROOMS = (str(Path(__file__).parent), str(Path(refsort.spec.__file__).parent))
_LOOKED_AT = 16  # entries of one container: each of them was returned by some function before it was put there


class FloatError(AssertionError):
    """A float where only rational numbers may be."""


def exactly(function: Callable[[], T]) -> T:
    """Call `function`, and raise `FloatError` where a float is met on the way.

    Costs some four times the time of the call alone.

    Examples
    --------
    >>> exactly(lambda: 1 / 3)
    Traceback (most recent call last):
    ...
    proofs.gate.FloatError: the result is the float 0.3333333333333333
    """
    before = sys.gettrace()
    sys.settrace(_on_call)
    try:
        result = function()
    finally:
        sys.settrace(before)
    _look("the result is", result, 2)
    return result


def _on_call(frame: FrameType, event: str, _: Any) -> Callable[..., Any] | None:
    if not frame.f_code.co_filename.startswith(_ROOMS):
        return None
    frame.f_trace_lines = False
    return _on_return


def _on_return(frame: FrameType, event: str, returned: Any) -> Callable[..., Any]:
    if event == "return":
        name = frame.f_code.co_name
        _look(f"{name} returns", returned, 2)
        for variable, value in frame.f_locals.items():
            _look(f"{variable} of {name} is", value, 0)
    return _on_return


def _look(where: str, value: Any, depth: int) -> None:
    kind = getattr(getattr(value, "dtype", None), "kind", "")
    number = isinstance(value, float | complex) or (isinstance(kind, str) and kind in ("f", "c"))
    if number and not (isinstance(value, float) and math.isinf(value)):
        raise FloatError(f"{where} the float {value!r}")
    if depth and isinstance(value, list | tuple | set | frozenset | dict):
        entries = value.values() if isinstance(value, dict) else value
        for _, entry in zip(range(_LOOKED_AT), entries, strict=False):
            _look(where, entry, depth - 1)
