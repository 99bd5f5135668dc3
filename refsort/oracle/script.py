"""A failure as a short script that needs NumPy and the adapter alone, and as a command that reruns its check."""

from __future__ import annotations

import math
import re
import shlex
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

Array = NDArray[Any]

_LOAD_FILE = """\
sys.path.insert(0, {directory!r})
spec = importlib.util.spec_from_file_location("adapter", {path!r})
adapter = importlib.util.module_from_spec(spec)
spec.loader.exec_module(adapter)
"""

_TEMPLATE = '''\
"""{title}"""

import importlib.util
import sys

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

_IN_PLACE = """\
adapter.call({op!r}, arrays, params, cotangent, {dtype!r})
print("found   ", [a.tolist() for a in arrays])
"""


def script(mismatch: Mismatch, source: str, conventions: Mapping[str, Convention] | None = None) -> str:
    """A script that asks the adapter `source` what `mismatch` is about, and prints what is expected and what is found.

    Numbers are in hex, which no reader rounds. The script imports the adapter, so what that imports has to be there. Of
    a property that several calls have ("name_of_the_property: ..."), it makes the call that they start from.

    Parameters
    ----------
    mismatch : Mismatch
    source : str
        As in `refsort.oracle.load`; a file is written as an absolute path.
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
    case = mismatch.case
    enter, leave, axis = _places(mismatch, conventions or {})
    arrays = [array if enter is None else moved(array, enter, axis) for array in case.arrays]
    cotangent = case.cotangent if leave is None else moved(case.cotangent, leave, axis)
    of_gradients = "gradient" in mismatch.claim
    back = [_back(place, axis) for place in (leave, enter)]
    found = f"[{_shown('g', back[1])} for g in gradients or []]" if of_gradients else _shown("out", back[0])
    given = ["cotangent"] if of_gradients else ["None", "cotangent"]
    if case.op in OPERATIONS and OPERATIONS[case.op].gradients is None:
        given = ["None"]
    head = _TEMPLATE.format(
        title=_literal(f"{case.op} {case.dtype}: {mismatch.claim}"),
        load=_load(source),
        arrays="\n".join(f"    {_array(array)}," for array in arrays),
        params=_params(case.params),
        cotangent=_array(cotangent),
        claim=_literal(mismatch.claim),
        expected=_literal(mismatch.expected),
    )
    if "for the same call" in mismatch.claim:
        given = 2 * given
    calls = _IN_PLACE if mismatch.claim == "an input was written to" else _CALLS
    if re.match(r"\w+: ", mismatch.claim):
        head += 'print("note     several calls are compared; this is the one that they start from")\n'
    return head + calls.format(op=case.op, dtype=case.dtype, given=", ".join(given), found=found)


def rerun_command(mismatch: Mismatch, source: str, random_seed: int = 0, max_examples: int = 80) -> str:
    """The command that judges this operation in this dtype again, with the same cases.

    Examples
    --------
    >>> from refsort.oracle import Case
    >>> x = np.zeros(2, dtype=np.float32)
    >>> wrong = Mismatch(Case("max_min", "float32", (x,), {"axis": 0}, x), "the result", "", "")
    >>> rerun_command(wrong, "my adapter.py")
    "refsort check 'my adapter.py' --ops max_min --dtype float32 --seed 0 --max-examples 80"
    """
    options = ["--ops", mismatch.case.op, "--dtype", mismatch.case.dtype]
    options += ["--seed", str(random_seed), "--max-examples", str(max_examples)]
    return shlex.join(["refsort", "check", source, *options])


def _places(mismatch: Mismatch, conventions: Mapping[str, Convention]) -> tuple[Array | None, Array | None, int]:
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


def _load(source: str) -> str:
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


def _literal(text: str) -> str:
    """The text for use inside of a string between double quotes."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
