"""Where answers come from, as far as a script and a command line need to know it to ask again."""

from __future__ import annotations

from typing import NamedTuple

TIMEOUT = 30.0
"""Seconds that an answer of a program may take unless `--timeout` says otherwise."""


class Program(NamedTuple):
    """A program that answers JSON lines: its command line, and the seconds that an answer may take."""

    command: str
    timeout: float


class Answers(NamedTuple):
    """A file of answers that were given elsewhere: the name of the adapter's file there."""

    adapter: str


Source = str | Program | Answers
"""What `refsort.oracle.load` takes (a name, a .py file, a dotted module; empty where nobody said), or one of these."""
