"""Implementations with one bug each, of a class that was met in the world: the oracle fails every one of them.

Each is right but for its bug. One file an operation; `mutants()` reads them all.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from typing import Any

from tests.oracle.implementation import Implementation, registered

_FOUND: dict[str, Implementation] = {}


def mutant(
    op: str,
    bug: str,
    diagnosis: str = "",
    words: Sequence[str] = (),
    dtypes: Sequence[str] = ("float32",),
    conventions: dict[str, dict[str, str]] | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a function as an `op` with a bug of the class `bug`, which the oracle must name `diagnosis`."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        declared = tuple(dtypes), function, dict(conventions or {}), {}
        return registered(_FOUND, Implementation(function.__name__, op, *declared, bug, diagnosis, tuple(words)))

    return register


def mutants() -> list[Implementation]:
    """All of them, by operation and name."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return sorted(_FOUND.values(), key=lambda m: (m.op, m.name))
