"""A process that is sent lines and sends lines back, whatever it does: crash, hang, flood one of its pipes."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
import weakref
from collections.abc import Sequence
from contextlib import suppress
from typing import IO, cast

LONGEST = 2**27
"""Bytes that an answer may have: 128 MiB are five million numbers."""

_TAIL = 2000  # bytes of standard error that are kept
_PATIENCE = 2.0  # seconds to end after it was told to


class CallFailedError(RuntimeError):
    """No answer, or none that can be read: one sentence, and `request`, the line that was sent."""

    def __init__(self, message: str, request: str) -> None:
        super().__init__(message)
        self.request = request


class CrashedError(CallFailedError):
    """The process ended, or closed its standard output."""


class HungError(CallFailedError):
    """No answer came in time."""


class GarbledError(CallFailedError):
    """What came is no answer."""


class Process:
    """A child process with all three pipes; it does not outlive this object, nor this program's end."""

    def __init__(self, argv: Sequence[str]) -> None:
        pipe = subprocess.PIPE
        # in a session of its own, so that the children of a wrapper script end with it
        self._process = subprocess.Popen(argv, bufsize=0, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True)
        self._in = cast(IO[bytes], self._process.stdin)
        self._out = cast(IO[bytes], self._process.stdout)
        self._err = cast(IO[bytes], self._process.stderr)
        for stream in (self._in, self._out, self._err):
            os.set_blocking(stream.fileno(), False)
        self._unread, self._errors = bytearray(), bytearray()
        self._finalizer = weakref.finalize(self, _end, self._process)

    def exchange(self, line: bytes, timeout: float, longest: int = LONGEST) -> bytes:
        """Send `line`, ended by a newline, and return the next line that comes, without its newline.

        All three pipes are served at once, so that none can fill up while another is waited for.

        Raises
        ------
        CrashedError, HungError, GarbledError
        """
        deadline, unsent = time.monotonic() + timeout, memoryview(line)
        searched = 0
        with selectors.DefaultSelector() as pipes:
            pipes.register(self._in, selectors.EVENT_WRITE)
            pipes.register(self._out, selectors.EVENT_READ)
            pipes.register(self._err, selectors.EVENT_READ)
            while (end := self._unread.find(b"\n", searched)) < 0:
                searched = len(self._unread)
                if searched > longest:
                    raise GarbledError(f"an answer of more than {longest} bytes without a newline", "")
                left = deadline - time.monotonic()
                if left <= 0:
                    raise HungError(self._hung(timeout, len(unsent)), "")
                for key, _ in pipes.select(left):
                    if key.fileobj is self._in:
                        unsent = self._send(unsent)
                        if not unsent:
                            pipes.unregister(self._in)
                    elif key.fileobj is self._err:
                        if not self._read_errors():
                            pipes.unregister(self._err)
                    elif not self._read():
                        raise CrashedError(self._crashed(), "")
        answer = bytes(self._unread[:end])
        del self._unread[: end + 1]
        if unsent:
            raise GarbledError(f"it wrote before it had read the request: {answer[:80].decode(errors='replace')!r}", "")
        return answer

    def stop(self, line: bytes) -> None:
        """Send a last line, close the pipe, wait a little, then kill."""
        with suppress(OSError, subprocess.TimeoutExpired):
            self._send(memoryview(line))
            self._in.close()
            self._process.wait(_PATIENCE)
        self.kill()

    def kill(self) -> None:
        """End it now."""
        self._finalizer()

    def _send(self, unsent: memoryview) -> memoryview:
        try:
            return unsent[os.write(self._in.fileno(), unsent) :]
        except BlockingIOError:
            return unsent
        except BrokenPipeError:  # it reads no more; why, its standard output will tell
            return unsent[len(unsent) :]

    def _read(self) -> bool:
        """Whether standard output is still open."""
        try:
            chunk = os.read(self._out.fileno(), 2**16)
        except BlockingIOError:
            return True
        self._unread += chunk
        return bool(chunk)

    def _read_errors(self) -> bool:
        try:
            chunk = os.read(self._err.fileno(), 2**16)
        except BlockingIOError:
            return True
        self._errors += chunk
        del self._errors[:-_TAIL]
        return bool(chunk)

    def _hung(self, timeout: float, unsent: int) -> str:
        if unsent:
            return f"it did not read its input for {timeout:g} s{self._last_words()}"
        return f"no answer within {timeout:g} s (is standard output flushed after each line?){self._last_words()}"

    def _crashed(self) -> str:
        try:
            code = self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            return f"it closed its standard output and runs on{self._last_words()}"
        if code >= 0:
            return f"the process ended with exit status {code}{self._last_words()}"
        return f"the process was killed by signal {-code} ({_signal_name(-code)}){self._last_words()}"

    def _last_words(self) -> str:
        for _ in range(64):  # what is in the pipe already, and no more: another process may hold it open
            before = bytes(self._errors)
            if not self._read_errors() or before == self._errors:
                break
        words = " ".join(self._errors.decode(errors="replace").split())
        return f"; its standard error ends: {words[-300:]}" if words else ""


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.returncode is None:  # not waited for yet, so that the number is still its own
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            stream.close()
