"""A failure of a program that answers JSON lines, as a short script that needs Python and the program alone."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Mapping

import numpy as np

from refsort.oracle.conventions import Convention, moved
from refsort.oracle.judge import Mismatch
from refsort.oracle.script import about_gradients, calls_of, literal, of_several_calls, places_of
from refsort.oracle.session import PROTOCOL, call_fields, request_line
from refsort.oracle.sources import Program

_TEMPLATE = '''\
"""{title}"""

import json
import subprocess

COMMAND = {argv}
REQUESTS = r"""
{requests}
"""


def number(text):
    return float(text) if text.lstrip("+-").isdigit() else float.fromhex(text)


def nested(shape, numbers):
    if not shape:
        return number(numbers[0])
    size = len(numbers) // shape[0] if shape[0] else 0
    return [nested(shape[1:], numbers[i * size : (i + 1) * size]) for i in range(shape[0])]

{taking}
def rows(array):
    return array and {back}


def shown(line):
    try:
        answer = json.loads(line)
        return {answered}
    except (ValueError, KeyError, TypeError):  # an error, or no answer at all: as it is
        return line


print("claim    {claim}")
print("expected {expected}")
{note}try:
    done = subprocess.run(
        COMMAND, input=REQUESTS.lstrip(), cwd={directory!r}, timeout={timeout:g}, capture_output=True, text=True
    )
except subprocess.TimeoutExpired:
    raise SystemExit("found    no answer within {timeout:g} s")
for line in done.stdout.splitlines()[1:]:
    print("found   ", shown(line))
if done.returncode:
    print("found    exit status", done.returncode, done.stderr[-300:])
'''

_TAKING = """
def take(array, places, axis):
    if axis == 0:
        return [array[i] for i in places]
    return [take(row, places, axis - 1) for row in array]

"""


def program_script(mismatch: Mismatch, program: Program, conventions: Mapping[str, Convention] | None = None) -> str:
    """A script that starts `program`, writes the requests that `mismatch` is about, and prints what it answers.

    It is run from any directory: the program is started in the one that it was started in here.

    Parameters
    ----------
    mismatch : Mismatch
    program : Program
    conventions : dict, optional
        Those that the program declares: requests are in its own layout, and what it returns is brought back.

    Examples
    --------
    >>> from refsort.oracle import Case
    >>> x = np.array([2.0, 1.0], dtype=np.float32)
    >>> wrong = Mismatch(Case("max_min", "float32", (x,), {"axis": 0}, x), "the result", "[1.0, 2.0]", "[2.0, 1.0]")
    >>> print(program_script(wrong, Program("./adapter", 30)))  # doctest: +ELLIPSIS
    \"\"\"max_min float32: the result\"\"\"
    ...
    {"seq": 1, "cmd": "call", "op": "max_min", "dtype": "float32", ...
    """
    case = mismatch.case
    enter, leave, axis = places_of(mismatch, conventions or {})
    arrays = [array if enter is None else moved(array, enter, axis) for array in case.arrays]
    cotangent = case.cotangent if leave is None else moved(case.cotangent, leave, axis)
    of_gradients = about_gradients(mismatch)
    places = enter if of_gradients else leave
    back = 'nested(array["shape"], array["data"])'
    if places is not None:
        back = f"take({back}, {np.argsort(places).tolist()}, {axis % case.arrays[0].ndim})"
    calls = [
        call_fields(case.op, arrays, case.params, cotangent if gradients else None, case.dtype)
        for gradients in calls_of(mismatch)
    ]
    asked = [("start", {"protocol": PROTOCOL}), *(("call", call) for call in calls), ("stop", {})]
    note = 'print("note     several calls are compared; this is the one that they start from")\n'
    return _TEMPLATE.format(
        title=literal(f"{case.op} {case.dtype}: {mismatch.claim}"),
        requests="\n".join(request_line(seq, cmd, json.dumps(body)) for seq, (cmd, body) in enumerate(asked)),
        answered='[rows(array) for array in answer["gradients"]]' if of_gradients else 'rows(answer["out"])',
        back=back,
        taking="" if places is None else _TAKING,
        claim=literal(mismatch.claim),
        expected=literal(mismatch.expected),
        note=note if of_several_calls(mismatch) else "",
        argv=shlex.split(program.command),
        directory=os.getcwd(),
        timeout=program.timeout * len(asked),
    )
