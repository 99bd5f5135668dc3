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

import hashlib
import json
import os
import shlex
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

from refsort.atomic import atomic_write
from refsort.oracle.adapter import Adapter, AdapterError, _dtypes, _roundoffs
from refsort.oracle.conventions import declared
from refsort.oracle.process import CallFailedError, GarbledError, HungError, Process
from refsort.oracle.wire import Array, decoded, encoded, encoded_params, shown
from refsort.rounding import UNIT_ROUNDOFF

PROTOCOL = "refsort-adapter/1"
_DECLARATIONS = {"name", "dtypes", "ops", "conventions", "unit_roundoff", "flushes_subnormals", "unavailable"}
_ANSWERS = ({"seq", "out"}, {"seq", "out", "gradients"}, {"seq", "not_implemented"}, {"seq", "not_implemented", "why"})


class RefusedError(CallFailedError):
    """The process answered with an error, or with an answer that is not of the protocol's form."""


def open_command(
    command: str, timeout: float = 30.0, start_timeout: float = 60.0, last_request: str | os.PathLike[str] | None = None
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
        return _adapter(command, declarations, session)
    except (AdapterError, ValueError) as error:
        session.close()
        raise AdapterError(str(error) if isinstance(error, AdapterError) else f"{command}: {error}") from None


def _adapter(command: str, found: dict[str, Any], session: Session) -> Adapter:
    if found.get("unavailable"):
        raise AdapterError(f"{command} cannot run here: {found['unavailable']}")
    ops = found.get("ops")
    if ops is not None and not (isinstance(ops, list) and all(isinstance(op, str) for op in ops)):
        raise AdapterError(f"{command}: ops must be a list of operations, got {shown(ops)}")
    return Adapter(
        name=str(found.get("name", command)),
        dtypes=_dtypes(command, found.get("dtypes", ["float32", "float64"])),
        conventions=declared(found.get("conventions", {})),
        unit_roundoff=UNIT_ROUNDOFF | _unit_roundoff(command, found.get("unit_roundoff", {})),
        ops=None if ops is None else frozenset(ops),
        call=session,
        flushes_subnormals=bool(found.get("flushes_subnormals", False)),
    )


def _unit_roundoff(command: str, found: Any) -> dict[str, Fraction]:
    if not isinstance(found, dict):
        raise AdapterError(f"{command}: unit_roundoff must be an object of dtype names, got {shown(found)}")
    numbers = {}
    for name, text in found.items():
        array = decoded(f"unit_roundoff of {name}", {"shape": [1], "dtype": "float64", "data": [text]})
        numbers[name] = float(array[0])
    return _roundoffs(command, numbers)


class Session:
    """A process that is asked, and started again after it crashed, hung or printed something that is no answer."""

    def __init__(self, argv: list[str], timeout: float, start_timeout: float, last_request: Path | None) -> None:
        self._argv, self._timeout, self._start_timeout = argv, timeout, start_timeout
        self._last_request = last_request
        self._process: Process | None = None
        self._declared: dict[str, Any] | None = None
        self._seq = -1
        self._hung: dict[bytes, str] = {}  # asked again, as Hypothesis does, they need not be waited for again

    def start(self) -> dict[str, Any]:
        """Start the process, and return what it declares: the same each time."""
        try:
            self._process = Process(self._argv)
        except OSError as error:
            raise CallFailedError(f"it does not start: {error.strerror or error}", "") from None
        found = self._ask(self._process, "start", {"protocol": PROTOCOL}, self._start_timeout)
        del found["seq"]
        unknown = ", ".join(sorted(set(found) - _DECLARATIONS))
        if unknown or self._declared not in (None, found):
            self.close()
            what = f"has the unknown fields {unknown}" if unknown else "is another one than before"
            raise RefusedError(f"its answer to start {what}", "")
        self._declared = found
        return found

    def __call__(
        self, op: str, arrays: list[Array], params: dict[str, Any], cotangent: Any = None, dtype: str = "float32"
    ) -> tuple[Array, list[Array | None] | None]:
        """As in the protocol of `refsort.oracle.adapter`."""
        if self._process is None:
            self.start()
        assert self._process is not None
        request = {
            "op": op,
            "dtype": dtype,
            "arrays": [encoded(array) for array in arrays],
            "params": encoded_params(params),
            "cotangent": None if cotangent is None else encoded(cotangent),
        }
        answer = self._ask(self._process, "call", request, self._timeout)
        try:
            return _result(answer)
        except ValueError as error:  # the process itself is as it should be, and goes on
            raise self._saved(RefusedError(str(error), json.dumps(request))) from None

    def close(self) -> None:
        """Ask the process to end, and see to it that it does."""
        process, self._process = self._process, None
        if process is not None:
            process.stop(self._line("stop", "{}"))

    def _ask(self, process: Process, cmd: str, request: dict[str, Any], timeout: float) -> dict[str, Any]:
        body = json.dumps(request)
        line, known = self._line(cmd, body), hashlib.sha256(body.encode()).digest()
        if known in self._hung:
            raise HungError(self._hung[known], line.decode())
        answered = False
        try:
            answer = _parsed(process.exchange(line, timeout), self._seq)
            answered = True
            return answer
        except CallFailedError as error:
            if isinstance(error, HungError) and cmd == "call":
                self._hung[known] = str(error)
            raise self._saved(type(error)(str(error), line.decode())) from None
        finally:
            if not answered:  # whatever else it may write belongs to nothing: the next call gets a new process
                process.kill()
                self._process = None

    def _line(self, cmd: str, body: str) -> bytes:
        self._seq += 1
        fields = f", {body[1:]}" if body != "{}" else "}"
        return f'{{"seq": {self._seq}, "cmd": "{cmd}"{fields}\n'.encode()

    def _saved(self, error: CallFailedError) -> CallFailedError:
        if self._last_request is None:
            return error
        with atomic_write(self._last_request) as file:
            file.write(error.request.encode())
        return type(error)(f"{error} (the request is in {self._last_request})", error.request)


def _parsed(line: bytes, seq: int) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        raise GarbledError(f"its standard output holds something else than answers: {shown(_text(line))}", "") from None
    if not isinstance(found, dict):
        raise GarbledError(f"an answer is a JSON object, and it wrote {shown(_text(line))}", "")
    if type(found.get("seq")) is not int or found["seq"] != seq:
        raise GarbledError(f"it answered seq {shown(found.get('seq'))} where seq {seq} was asked", "")
    return found


def _text(line: bytes) -> str:
    return line[:200].decode(errors="replace")


def _result(answer: dict[str, Any]) -> tuple[Array, list[Array | None] | None]:
    if set(answer) == {"seq", "error"}:
        raise ValueError(f"it answered with an error: {shown(answer['error'], 300)}")
    if set(answer) not in _ANSWERS or answer.get("not_implemented", True) is not True:
        fields = ", ".join(sorted(set(answer) - {"seq"}))
        raise ValueError(f"an answer is out and gradients, error, or not_implemented; it has the fields {fields}")
    if "not_implemented" in answer:
        raise NotImplementedError(answer.get("why", ""))
    gradients = answer.get("gradients")
    if gradients is None:
        return decoded("out", answer["out"]), None
    if not isinstance(gradients, list):
        raise ValueError(f"gradients: expected a list of arrays or null, got {shown(gradients)}")
    name: Callable[[int], str] = "gradient {}".format
    return decoded("out", answer["out"]), [
        None if found is None else decoded(name(i), found) for i, found in enumerate(gradients)
    ]
