"""Where a command's report goes: a table to the terminal, JSON to a file, or JSON alone to the terminal."""

from __future__ import annotations

from pathlib import Path

from refsort.atomic import atomic_write


def require_writable(option: str, path: str | None) -> None:
    """Raise a FileNotFoundError unless a file can stand at `path`: better learnt before the work than after.

    Examples
    --------
    >>> require_writable("--json", "-")
    >>> require_writable("--json", "no/such/folder/report.json")
    Traceback (most recent call last):
    FileNotFoundError: --json no/such/folder/report.json: expected a file in an existing directory, or -
    """
    if path not in (None, "-") and (Path(path).is_dir() or not Path(path).absolute().parent.is_dir()):
        raise FileNotFoundError(f"{option} {path}: expected a file in an existing directory, or -")


def write(table: str, text: str, where: str | None) -> None:
    """The table to the terminal and the JSON text to a file, or only that, to the terminal."""
    print(text if where == "-" else table)
    if where is not None and where != "-":
        with atomic_write(where) as file:
            file.write(f"{text}\n".encode())
