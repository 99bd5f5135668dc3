"""Correct implementations that differ in algorithm, rounding, layout and choice at kinks: none is ever accused.

One file an operation; `variants()` reads them all.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from typing import Any

from tests.oracle.implementation import Implementation, registered

_FOUND: dict[str, Implementation] = {}


def variant(
    op: str,
    dtypes: Sequence[str] = ("float32", "float64"),
    conventions: dict[str, dict[str, str]] | None = None,
    unit_roundoff: dict[str, Any] | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a function as a correct `op`."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        declared = tuple(dtypes), function, dict(conventions or {}), dict(unit_roundoff or {})
        return registered(_FOUND, Implementation(function.__name__, op, *declared))

    return register


def variants() -> list[Implementation]:
    """All of them, by operation and name."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return sorted(_FOUND.values(), key=lambda v: (v.op, v.name))
