"""The other side, where it is installed."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any, Protocol

from refsort.bench.case import Case, Inputs, Side


class Peers(Protocol):
    """What `refsort.bench.torch_peers` offers, and a stand-in in a test may."""

    def version(self) -> str:
        """Of the library."""

    def set_threads(self, number: int, /) -> int:
        """Use so many threads; how many it will be."""

    def sides(self, operation: str, inputs: Mapping[str, Any], params: Mapping[str, Any], which: str, /) -> Any:
        """Formulations by name: what is timed, and what is compared."""


def torch_peers() -> Peers | None:
    """The PyTorch side; None where PyTorch is not installed. Imports it, which takes seconds."""
    module: Any = importlib.import_module("refsort.bench.torch_peers")
    return module if module.AVAILABLE else None


def sides(peers: Peers | None, case: Case, inputs: Inputs, which: str) -> dict[str, Side]:
    """The formulations of a row; none without PyTorch, or where there is nothing to compare with."""
    if peers is None:
        return {}
    return {name: Side(*pair) for name, pair in peers.sides(case.operation, inputs, case.params, which).items()}
