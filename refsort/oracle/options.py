"""What `refsort check` and `refsort vectors run` have in common: what is chosen."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from refsort.oracle.adapter import AdapterError
from refsort.oracle.operations import OPERATIONS
from refsort.strategies import FORMATS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """`--ops`, `--dtype` and `--json`."""
    parser.add_argument("--ops", type=_names, metavar="A,B", help=f"only these, of {', '.join(OPERATIONS)}")
    parser.add_argument("--dtype", type=_names, metavar="A,B", help=f"only these, of {', '.join(FORMATS)}")
    parser.add_argument("--json", metavar="FILE", help="write the report as JSON as well; - for standard output alone")


def chosen(option: str, names: Sequence[str] | None, known: Sequence[str]) -> tuple[str, ...]:
    """`names` without repetitions, or all that are known.

    Raises
    ------
    AdapterError
        For a name that is not known.

    Examples
    --------
    >>> chosen("--ops", ["b", "a", "b"], ["a", "b", "c"]), chosen("--ops", None, ["a", "b"])
    (('b', 'a'), ('a', 'b'))
    """
    for name in names or ():
        if name not in known:
            raise AdapterError(f"{option} {name}: expected names among {', '.join(known)}")
    return tuple(dict.fromkeys(known if names is None else names))


def separated(text: str) -> list[str]:
    """The names in ``text``, which commas separate.

    Examples
    --------
    >>> separated("kr, hkr,")
    ['kr', 'hkr']
    """
    return [name.strip() for name in text.split(",") if name.strip()]


def _names(text: str) -> list[str]:
    names = separated(text)
    if not names:
        raise argparse.ArgumentTypeError("expected names separated by commas")
    return names
