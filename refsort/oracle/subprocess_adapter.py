"""Implementations in any language: a process that answers JSON lines. What follows is all that one has to know.

The process is started once and asked one thing at a time. Every request is one line on its standard input; for each it
writes one line on its standard output, and flushes it. Nothing else may appear there; standard error is free for
messages, and its end is shown when something goes wrong. Lines are JSON objects in UTF-8, ended by a newline.

1. The first request is ``start``. The answer says what there is; all but `seq` may be left out.

    > {"seq": 0, "cmd": "start", "protocol": "refsort-adapter/1"}
    < {"seq": 0, "name": "mylib 1.2 (C++)", "dtypes": ["float32", "float64"], "ops": ["max_min", "affine"],
       "conventions": {"max_min": {"order": "descending", "layout": "halves"}},
       "unit_roundoff": {"float32": "0x1p-11"}, "flushes_subnormals": false, "unavailable": ""}

   These are NAME, DTYPES, OPS, CONVENTIONS, UNIT_ROUNDOFF and UNAVAILABLE of `refsort.oracle.adapter`, with the same
   meaning. Without `ops` every operation is asked for.

2. Then come any number of ``call``.

    > {"seq": 7, "cmd": "call", "op": "max_min", "dtype": "float32",
       "arrays": [{"shape": [1, 2], "dtype": "float32", "data": ["0x1.8000000000000p+0", "-0x1.0000000000000p-3"]}],
       "params": {"axis": -1}, "cotangent": null}
    < {"seq": 7, "out": {"shape": [1, 2], "dtype": "float32", "data": ["-0x1p-3", "0x1.8p+0"]}, "gradients": null}

   Where `cotangent` is an array, of the shape of the result, `gradients` is a list with one array for each of `arrays`:
   the transposed derivative applied to the cotangent. `dtype` says what to compute in; for bfloat16 the arrays travel
   as float32. A gradient is null where the array holds integers. A loss or a norm has the shape []. Two other answers
   are possible:

    < {"seq": 7, "not_implemented": true, "why": "order 3"}    this operation, parameter or gradient does not exist
    < {"seq": 7, "error": "singular matrix"}                   judged as a wrong answer

3. The last is ``{"seq": 9, "cmd": "stop"}``: no answer is needed, and the process ends. It also ends at the end of its
   input. After two seconds it is killed.

Numbers. `seq`, the sides of shapes and whole parameters are JSON integers below 2^31. All other numbers are strings:
hex floats (``%a`` in C, ``hex`` in Python; ``strtod`` reads them) or decimal integers; also "inf", "-inf", "nan".
Decimal fractions are refused. Every number must be one that its dtype holds exactly, so that nothing is rounded on the
way. Arrays of labels have dtype "int64".

Form. A request is ASCII, its strings hold no escapes, and its keys come in the order shown, so that a small reader will
do; an answer may be any JSON, without unknown fields. `seq` of an answer is that of its request. Operations and their
parameters are those of Python adapters.

A crash, a hang, output that is no answer: each is an exception of one sentence, here, and a FAIL for the judge; the
process is started again for the next call. A complete example in C99 is `refsort/oracle/adapters/c/adapter.c`.
"""

from __future__ import annotations

import os
import shlex
from fractions import Fraction
from pathlib import Path
from typing import Any

from refsort.oracle.adapter import Adapter, AdapterError, declared_dtypes, declared_roundoffs
from refsort.oracle.conventions import declared
from refsort.oracle.process import CallFailedError
from refsort.oracle.session import Session
from refsort.oracle.sources import TIMEOUT, Program
from refsort.oracle.wire import decoded, shown
from refsort.rounding import UNIT_ROUNDOFF


def open_command(
    command: str,
    timeout: float = TIMEOUT,
    start_timeout: float = 60.0,
    last_request: str | os.PathLike[str] | None = None,
) -> Adapter:
    """Start `command` and return it as an adapter.

    Parameters
    ----------
    command : str
        A program and its arguments, split as a POSIX shell does; no shell is run.
    timeout, start_timeout : float
        Seconds that a call, and the start, may take.
    last_request : path, optional
        Where the request is written that the process crashed at, or hung at, or did not answer properly.

    Returns
    -------
    Adapter
        Its `call` is a `Session`; ``adapter.call.close()`` ends the process, and so does the end of this one.

    Raises
    ------
    AdapterError
        Where the process does not start, or declares something impossible.

    Examples
    --------
    >>> import sys
    >>> adapter = open_command(f"{sys.executable} -m refsort.oracle.serve numpy")
    >>> adapter.dtypes
    ('float16', 'float32', 'float64')
    >>> import numpy as np
    >>> adapter.call("max_min", [np.array([3.0, 1.0])], {"axis": 0})
    (array([1., 3.]), None)
    >>> adapter.call.close()
    """
    if os.name != "posix":
        raise AdapterError("--command needs a POSIX system: pipes cannot be waited for elsewhere")
    try:
        argv = shlex.split(command)
    except ValueError as error:
        raise AdapterError(f"--command {command}: {error}") from None
    if not argv:
        raise AdapterError("--command: expected a program and its arguments")
    session = Session(argv, timeout, start_timeout, None if last_request is None else Path(last_request))
    try:
        declarations = session.start()
    except CallFailedError as error:
        session.close()
        raise AdapterError(f"{command}: {error}") from None
    try:
        return _adapter(Program(command, timeout), declarations, session)
    except (AdapterError, ValueError) as error:
        session.close()
        raise AdapterError(str(error) if isinstance(error, AdapterError) else f"{command}: {error}") from None


def _adapter(program: Program, found: dict[str, Any], session: Session) -> Adapter:
    command = program.command
    if found.get("unavailable"):
        raise AdapterError(f"{command} cannot run here: {found['unavailable']}")
    ops = found.get("ops")
    if ops is not None and not (isinstance(ops, list) and all(isinstance(op, str) for op in ops)):
        raise AdapterError(f"{command}: ops must be a list of operations, got {shown(ops)}")
    return Adapter(
        name=str(found.get("name", command)),
        dtypes=declared_dtypes(command, found.get("dtypes", ["float32", "float64"])),
        conventions=declared(found.get("conventions", {})),
        unit_roundoff=UNIT_ROUNDOFF | _unit_roundoff(command, found.get("unit_roundoff", {})),
        ops=None if ops is None else frozenset(ops),
        call=session,
        flushes_subnormals=bool(found.get("flushes_subnormals", False)),
        source=program,
    )


def _unit_roundoff(command: str, found: Any) -> dict[str, Fraction]:
    if not isinstance(found, dict):
        raise AdapterError(f"{command}: unit_roundoff must be an object of dtype names, got {shown(found)}")
    numbers = {}
    for name, text in found.items():
        array = decoded(f"unit_roundoff of {name}", {"shape": [1], "dtype": "float64", "data": [text]})
        numbers[name] = float(array[0])
    return declared_roundoffs(command, numbers)
