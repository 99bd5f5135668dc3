"""The protocol of `refsort.oracle.subprocess_adapter` seen from the side that asks: requests out, answers checked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from refsort.atomic import atomic_write
from refsort.oracle.process import CallFailedError, GarbledError, HungError, Process
from refsort.oracle.wire import Array, decoded, encoded, encoded_params, shown

PROTOCOL = "refsort-adapter/1"
_DECLARATIONS = {"name", "dtypes", "ops", "conventions", "unit_roundoff", "flushes_subnormals", "unavailable"}
_ANSWERS = ({"seq", "out"}, {"seq", "out", "gradients"}, {"seq", "not_implemented"}, {"seq", "not_implemented", "why"})


class RefusedError(CallFailedError):
    """The process answered with an error, or with an answer that is not of the protocol's form."""


def call_fields(op: str, arrays: list[Array], params: dict[str, Any], cotangent: Any, dtype: str) -> dict[str, Any]:
    """What the request ``call`` says."""
    return {
        "op": op,
        "dtype": dtype,
        "arrays": [encoded(array) for array in arrays],
        "params": encoded_params(params),
        "cotangent": None if cotangent is None else encoded(cotangent),
    }


def request_line(seq: int, cmd: str, body: str = "{}") -> str:
    """A request without its newline; `body` is a JSON object of the other fields.

    Examples
    --------
    >>> request_line(0, "start", json.dumps({"protocol": PROTOCOL}))
    '{"seq": 0, "cmd": "start", "protocol": "refsort-adapter/1"}'
    """
    fields = f", {body[1:]}" if body != "{}" else "}"
    return f'{{"seq": {seq}, "cmd": "{cmd}"{fields}'


class Session:
    """A process that is asked, and started again after it crashed, hung or printed something that is no answer."""

    def __init__(self, argv: list[str], timeout: float, start_timeout: float, last_request: Path | None) -> None:
        self._argv, self._timeout, self._start_timeout = argv, timeout, start_timeout
        self._last_request = last_request
        self._process: Process | None = None
        self._declared: dict[str, Any] | None = None
        self._seq = -1
        self._hung: dict[bytes, HungError] = {}  # asked again, as Hypothesis does, they need not be waited for again

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
        request = call_fields(op, arrays, params, cotangent, dtype)
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
        failure: CallFailedError | None = self._hung.get(known)
        if failure is None:
            answered = False
            try:
                answer = _parsed(process.exchange(line, timeout), self._seq)
                answered = True
                return answer
            except CallFailedError as error:
                failure = error
                if isinstance(error, HungError) and cmd == "call":
                    self._hung[known] = error
            finally:
                if not answered:  # whatever else it may write belongs to nothing: the next call gets a new process
                    process.kill()
                    self._process = None
        # In this one place: Hypothesis takes an error that comes from another line for another failure.
        raise self._saved(type(failure)(str(failure), line.decode()))

    def _line(self, cmd: str, body: str) -> bytes:
        self._seq += 1
        return f"{request_line(self._seq, cmd, body)}\n".encode()

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
