"""One line on a terminal that says how far a long command is; nothing where no terminal is watching."""

from __future__ import annotations

import sys
import time
from typing import TextIO


class Progress:
    """A line on stderr, rewritten at most ten times a second, silent unless stderr is a terminal.

    Examples
    --------
    >>> with Progress("training", 100) as progress:
    ...     for step in range(100):
    ...         progress.update(step + 1, "loss 0.1")
    """

    def __init__(self, what: str, total: int, stream: TextIO | None = None) -> None:
        self.what, self.total = what, total
        self.stream = sys.stderr if stream is None else stream
        self.shown = self.stream.isatty()
        self.start = self.last = time.monotonic()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()

    def clear(self) -> None:
        """Take the line away, for other lines to be printed; the next update brings it back."""
        if self.shown:
            self.stream.write("\r\033[K")
            self.stream.flush()

    def update(self, done: int, detail: str = "") -> None:
        """Show that `done` of the total is done."""
        now = time.monotonic()
        if self.shown and (now - self.last >= 0.1 or done == self.total):
            self.last = now
            line = f"{self.what} {done}/{self.total}  {now - self.start:.0f} s  {detail}"
            self.stream.write(f"\r\033[K{line[:110]}")
            self.stream.flush()
