"""A failure as a short script that needs NumPy and the adapter alone."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from refsort.oracle.adapter import SHIPPED
from refsort.oracle.conventions import Convention, moved
from refsort.oracle.judge import Mismatch
from refsort.oracle.operations import OPERATIONS
from refsort.oracle.operations.sorting import group_size
from refsort.oracle.realistic import LargeMismatch
from refsort.oracle.sources import Answers

Array = NDArray[Any]

_LOAD_FILE = """\
sys.path.insert(0, {directory!r})
spec = importlib.util.spec_from_file_location("adapter", {path!r})
adapter = importlib.util.module_from_spec(spec)
spec.loader.exec_module(adapter)
"""

_LOAD_GIVEN = """\
if len(sys.argv) != 2:
    sys.exit("usage: python SCRIPT {adapter}, where the answers were given")
sys.path.insert(0, os.path.dirname(os.path.abspath(sys.argv[1])))
spec = importlib.util.spec_from_file_location("adapter", sys.argv[1])
adapter = importlib.util.module_from_spec(spec)
spec.loader.exec_module(adapter)
"""

_TEMPLATE = '''\
"""{title}"""

import importlib.util
{os}import sys

import numpy as np

{load}

def array(dtype, shape, numbers):
    parse = int if dtype.startswith("int") else float.fromhex
    return np.array([parse(x) for x in numbers.split()], dtype).reshape(shape)


arrays = [
{arrays}
]
params = {params}
cotangent = {cotangent}

print("claim    {claim}")
print("expected {expected}")
'''

_CALLS = """\
for given in [{given}]:
    try:
        out, gradients = adapter.call({op!r}, [a.copy() for a in arrays], dict(params), given, {dtype!r})
    except NotImplementedError:
        continue
    print("found   ", {found})
"""

_TAPS = """\
print("found   ", [np.asarray(h).tolist() for h in adapter.taps([a.copy() for a in arrays], dict(params), {dtype!r})])
"""

_IN_PLACE = """\
adapter.call({op!r}, arrays, params, cotangent, {dtype!r})
print("found   ", [a.tolist() for a in arrays])
"""


def script(mismatch: Mismatch, source: str | Answers, conventions: Mapping[str, Convention] | None = None) -> str:
    """A script that asks the adapter `source` what `mismatch` is about, and prints what is expected and what is found.

    Numbers are in hex, which no reader rounds. The script imports the adapter, so what that imports has to be there. Of
    a property that several calls have ("name_of_the_property: ..."), it makes the call that they start from.

    Parameters
    ----------
    mismatch : Mismatch
    source : str or Answers
        As in `refsort.oracle.load`; a file is written as an absolute path. For answers that were given elsewhere the
        script is to be run there, with the adapter's file as its argument.
    conventions : dict, optional
        Those that the adapter declares: the arrays are written in its own layout, and what it returns is brought back.

    Examples
    --------
    >>> from refsort.oracle import Case
    >>> x = np.array([2.0, 1.0], dtype=np.float32)
    >>> wrong = Mismatch(Case("max_min", "float32", (x,), {"axis": 0}, x), "the result", "[1.0, 2.0]", "[2.0, 1.0]")
    >>> print(script(wrong, "mylib.adapter"))  # doctest: +ELLIPSIS
    \"\"\"max_min float32: the result\"\"\"
    ...
    arrays = [
        array("float32", (2,), "0x1.0000000000000p+1 0x1.0000000000000p+0"),
    ]
    params = {'axis': 0}
    ...
    """
    if isinstance(mismatch, LargeMismatch):
        from refsort.oracle.large_script import large_script  # which imports this file

        return large_script(mismatch, source, conventions or {})
    case = mismatch.case
    enter, leave, axis = places_of(mismatch, conventions or {})
    arrays = [array if enter is None else moved(array, enter, axis) for array in case.arrays]
    cotangent = case.cotangent if leave is None else moved(case.cotangent, leave, axis)
    of_gradients = about_gradients(mismatch)
    back = [_back(place, axis) for place in (leave, enter)]
    found = f"[{_shown('g', back[1])} for g in gradients or []]" if of_gradients else _shown("out", back[0])
    given = ["cotangent" if gradients else "None" for gradients in calls_of(mismatch)]
    head = _TEMPLATE.format(
        title=literal(f"{case.op} {case.dtype}: {mismatch.claim}"),
        os="import os\n" if isinstance(source, Answers) else "",
        load=load_text(source),
        arrays="\n".join(f"    {_array(array)}," for array in arrays),
        params=_params(case.params),
        cotangent=_array(cotangent),
        claim=literal(mismatch.claim),
        expected=literal(mismatch.expected),
    )
    calls = _IN_PLACE if mismatch.claim == "an input was written to" else _CALLS
    if re.match(r"layer \d|hidden output|taps|the form of taps", mismatch.claim):
        calls = _TAPS + _CALLS
    if of_several_calls(mismatch):
        head += 'print("note     several calls are compared; this is the one that they start from")\n'
    return head + calls.format(op=case.op, dtype=case.dtype, given=", ".join(given), found=found)


def about_gradients(mismatch: Mismatch) -> bool:
    """Whether gradients are what is wrong."""
    return "gradient" in mismatch.claim


def of_several_calls(mismatch: Mismatch) -> bool:
    """Whether a property of several calls is violated: its claim begins with the property's name."""
    return re.match(r"\w+: ", mismatch.claim) is not None


def calls_of(mismatch: Mismatch) -> list[bool]:
    """The calls that show a mismatch: for each, whether gradients are asked for.

    A result may be computed another way beside gradients. Where the answer changes from call to call, each is made
    twice.
    """
    operation = OPERATIONS.get(mismatch.case.op)
    calls = [True] if about_gradients(mismatch) else [False, True]
    if operation is not None and operation.gradients is None:
        calls = [False]
    return 2 * calls if "for the same call" in mismatch.claim else calls


def places_of(mismatch: Mismatch, conventions: Mapping[str, Convention]) -> tuple[Array | None, Array | None, int]:
    """Where the entries of an array go in the layout that is declared, going in and coming out, and along which axis.

    None where the operation has no layout of its own.
    """
    case = mismatch.case
    convention = conventions.get(case.op)
    if convention is None:
        return None, None, 0
    axis = case.params["axis"]
    return *convention.places(case.arrays[0].shape[axis], group_size(case)), axis


def _back(places: Array | None, axis: int) -> str:
    """What brings an array from the adapter's layout to refsort's, as source text with a hole for the array."""
    return "{}" if places is None else f"np.take({{}}, {np.argsort(places).tolist()}, {axis})"


def _shown(name: str, back: str) -> str:
    return f"np.asarray({back.format(name)}).tolist()"


def load_text(source: str | Answers) -> str:
    """The lines that load the adapter."""
    if isinstance(source, Answers):
        return _LOAD_GIVEN.format(adapter=source.adapter)
    path = Path(source)
    if source not in SHIPPED and (path.suffix == ".py" or "/" in source):
        return _LOAD_FILE.format(directory=str(path.resolve().parent), path=str(path.resolve()))
    return f"import {SHIPPED.get(source, source)} as adapter\n"


def _array(array: Array) -> str:
    integers = array.dtype.kind in "iu"
    numbers = " ".join(str(int(x)) if integers else float(x).hex() for x in array.flat)
    return f'array("{array.dtype}", {array.shape!r}, "{numbers}")'


def _params(params: Mapping[str, Any]) -> str:
    """The parameters as source text, in which infinity is no name."""
    values = {k: f'float("{v}")' if isinstance(v, float) and math.isinf(v) else repr(v) for k, v in params.items()}
    return f"{{{', '.join(f'{name!r}: {value}' for name, value in values.items())}}}"


def literal(text: str) -> str:
    """The text for use inside of a string between double quotes."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
