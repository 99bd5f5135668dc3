"""Networks and training runs on disk: npz files without pickle, written atomically, checked when read.

A file holds arrays and one JSON text under the name ``meta``. A network is stored as ``w0, b0, w1, b1, ...`` and a
description of its layers; where a layer selects, its w is the list of indices.
"""

from __future__ import annotations

import dataclasses
import json
import os
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np

from refsort.atomic import atomic_write
from refsort.nets import activations, constraints
from refsort.nets.layer import Layer
from refsort.nets.network import Network, Parameters
from refsort.nets.selection import Selection
from refsort.ops.arrays import Array

FORMAT = "refsort checkpoint 1"
_TYPES: dict[str, Any] = {
    cls.__name__: cls
    for cls in (
        activations.Identity,
        activations.GroupSort,
        activations.FullSort,
        activations.ReLU,
        activations.LeakyReLU,
        activations.Absolute,
        activations.CReLU,
        activations.Maxout,
        constraints.Free,
        constraints.Bjorck,
        constraints.Stiefel,
        constraints.Spectral,
        constraints.Parseval,
        constraints.RowsL1,
        Layer,
        Selection,
        Network,
    )
}


def save_arrays(path: str | os.PathLike[str], arrays: Mapping[str, Array], meta: Mapping[str, Any]) -> None:
    """Write `arrays` and the JSON object `meta` to `path`: completely or not at all."""
    if "meta" in arrays or any(array.dtype == object for array in arrays.values()):
        raise ValueError("an array may be neither called 'meta' nor hold objects: these need pickle")
    text = json.dumps({"format": FORMAT, **meta})
    with atomic_write(path) as file:
        np.savez(file, allow_pickle=False, meta=np.array(text), **arrays)


def load_arrays(path: str | os.PathLike[str]) -> tuple[dict[str, Array], dict[str, Any]]:
    """The arrays and the meta object of a file of `save_arrays`.

    Raises
    ------
    FileNotFoundError
        Where there is no such file.
    ValueError
        For a file that is cut short, altered (each part carries a checksum) or not of this format.
    """
    try:
        with open(path, "rb") as file:
            loaded = np.load(file, allow_pickle=False)
            arrays = {name: loaded[name] for name in loaded.files}
        meta = json.loads(str(arrays.pop("meta")[()]))
        if meta.pop("format") != FORMAT:
            raise KeyError("format")
    except (zipfile.BadZipFile, ValueError, KeyError, EOFError, OSError, AttributeError) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise ValueError(f"{path} is not a complete file of the format {FORMAT!r}: {error}") from error
    return arrays, meta


def save_network(path: str | os.PathLike[str], network: Network, params: Parameters) -> None:
    """Write a network and its parameters.

    Examples
    --------
    >>> import tempfile
    >>> from refsort.nets import Bjorck, MaxMin
    >>> network = Network.dense([3, 4, 2], MaxMin(), Bjorck(5), lipschitz=2.0)
    >>> params = network.init(np.random.default_rng(0))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_network(f"{folder}/net.npz", network, params)
    ...     again, same = load_network(f"{folder}/net.npz")
    >>> again == network, all(np.array_equal(v, w) for (v, _), (w, _) in zip(params, same))
    (True, True)
    """
    save_arrays(path, parameter_arrays(params), {"network": describe(network)})


def load_network(path: str | os.PathLike[str]) -> tuple[Network, Parameters]:
    """The network and the parameters of a file of `save_network`, or of a training checkpoint.

    Raises
    ------
    FileNotFoundError, ValueError
        As `load_arrays`; and a ValueError for a network that is not known, for parameters of other shapes than its
        layers have, and for a selection with an index out of range.
    """
    arrays, meta = load_arrays(path)
    try:
        network = build(meta["network"])
        params = parameters_of(arrays, len(network.layers))
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path} does not describe a network that this version knows: {error!r}") from error
    try:
        return network, network.checked(params)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path} holds parameters that do not fit its network: {error}") from error


def parameter_arrays(params: Parameters, prefix: str = "") -> dict[str, Array]:
    """Flat names for the arrays of a parameter list: ``w0, b0, w1, ...``."""
    return {f"{prefix}{name}{i}": a for i, pair in enumerate(params) for name, a in zip("wb", pair, strict=True)}


def parameters_of(arrays: Mapping[str, Array], layers: int, prefix: str = "") -> Parameters:
    """The parameter list back from its flat names."""
    return [(arrays[f"{prefix}w{i}"], arrays[f"{prefix}b{i}"]) for i in range(layers)]


def describe(value: Any) -> Any:
    """A dataclass of numbers, texts, tuples and other such dataclasses as a JSON value."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: describe(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return {"type": type(value).__name__, **fields}
    if isinstance(value, tuple):
        return [describe(item) for item in value]
    return value


def build(value: Any) -> Any:
    """The layers, activations and constraints that `describe` described; nothing else can be built from a file."""
    if isinstance(value, dict):
        fields = {name: build(item) for name, item in value.items() if name != "type"}
        return _TYPES[value["type"]](**fields)
    return tuple(build(item) for item in value) if isinstance(value, list) else value
