"""Networks from elsewhere: an npz file of plain weights, with the activation's name in it or given beside it.

======================  ==========================================================================================
array                   what it holds
======================  ==========================================================================================
``w0``, ``w1``, ...     the weights as they are used, normalised and rescaled, of shape (d_out, d_in): y = x w^T + b
``b0``, ``b1``, ...     the biases (d_out,); one that is missing is zero
``activation``          optional, a text: what stands after every layer but the last, such as ``max_min``
======================  ==========================================================================================

All arrays have one dtype, float16, float32 or float64: that in which the network is to run. Sorts are ascending, in
consecutive groups. A library that keeps its weights as (d_in, d_out), or pairs the two halves of the features, has to
transpose or permute them first.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable

import numpy as np

from refsort.nets.activations import Absolute, Activation, CReLU, FullSort, GroupSort, Identity, LeakyReLU, Maxout, ReLU
from refsort.nets.checkpoint import load_network
from refsort.nets.layer import Layer
from refsort.nets.network import Network, Parameters
from refsort.ops.arrays import Array

_PLAIN: dict[str, Activation] = {
    "max_min": GroupSort(2),
    "full_sort": FullSort(),
    "relu": ReLU(),
    "absolute": Absolute(),
    "crelu": CReLU(),
    "identity": Identity(),
}
_SIZED: dict[str, Callable[[int], Activation]] = {"group_sort": GroupSort, "maxout": Maxout}
ACTIVATIONS = (*_PLAIN, "group_sort:SIZE", "maxout:SIZE", "leaky_relu:SLOPE")


def named_activation(text: str) -> Activation:
    """The activation of that name.

    Raises
    ------
    ValueError
        For a name that is not one of `ACTIVATIONS`.

    Examples
    --------
    >>> named_activation("group_sort:4")
    GroupSort(group_size=4)
    """
    name, _, parameter = text.partition(":")
    try:
        if name in _SIZED:
            return _SIZED[name](int(parameter))
        if name == "leaky_relu":
            return LeakyReLU(float(parameter))
        if parameter:
            raise KeyError(name)
        return _PLAIN[name]
    except (KeyError, ValueError):
        raise ValueError(f"activation {text!r}: expected one of {', '.join(ACTIVATIONS)}") from None


def load_weights(path: str | os.PathLike[str], activation: str | None = None) -> tuple[Network, Parameters]:
    """A network to evaluate, from a file of this package or from plain weights.

    Parameters
    ----------
    path : path
        A file of `save_network`, a training checkpoint, or an npz file as above.
    activation : str, optional
        For plain weights without an ``activation``: one of `ACTIVATIONS`.

    Returns
    -------
    network, params
        Folded: without weight maps.

    Raises
    ------
    FileNotFoundError
        Where there is no such file.
    ValueError
        For a file that is cut short or holds neither; for weights whose shapes do not follow one another, of several
        dtypes, or not finite; for an activation that is missing, unknown or given twice.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.savez(f"{folder}/net.npz", w0=np.eye(4), w1=np.ones((1, 4)) / 4, activation="max_min")
    ...     network, params = load_weights(f"{folder}/net.npz")
    >>> network.value(params, np.array([[4.0, 3.0, 2.0, 1.0]]))
    array([[2.5]])
    """
    try:
        with open(path, "rb") as file:
            loaded = np.load(file, allow_pickle=False)
            arrays = {name: loaded[name] for name in loaded.files}
    except (zipfile.BadZipFile, EOFError, AttributeError, OSError, ValueError) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise ValueError(f"{path} is not a complete npz file: {error}") from error
    if "meta" not in arrays:
        return _plain(path, arrays, activation)
    if activation is not None:
        raise ValueError(f"{path} says itself what its activations are; leave out {activation!r}")
    network, params = load_network(path)
    return network.fold(params)


def _plain(
    path: str | os.PathLike[str], arrays: dict[str, Array], activation: str | None
) -> tuple[Network, Parameters]:
    stored = str(arrays.pop("activation")) if "activation" in arrays else None
    if (stored is None) == (activation is None):
        found = "names no activation and none was given" if stored is None else f"names its activation, {stored!r}"
        raise ValueError(f"{path} {found}: say it once; one of {', '.join(ACTIVATIONS)}")
    between = named_activation(stored or activation or "")
    count = sum(name.startswith("w") for name in arrays)
    known = {f"{kind}{i}" for kind in "wb" for i in range(count)}
    if not count or not set(arrays) <= known or not {f"w{i}" for i in range(count)} <= set(arrays):
        raise ValueError(f"{path} holds {sorted(arrays)}; expected weights w0, w1, ..., and biases b0, b1, ...")
    dtypes = {array.dtype for array in arrays.values()}
    if len(dtypes) > 1 or not dtypes <= {np.dtype(t) for t in ("float16", "float32", "float64")}:
        raise ValueError(f"{path} holds {sorted(map(str, dtypes))}; expected one of float16, float32 and float64")
    layers, params = [], []
    for i in range(count):
        w = arrays[f"w{i}"]
        if w.ndim != 2:
            raise ValueError(f"{path}: w{i} must be (d_out, d_in), got shape {w.shape}")
        layers.append(Layer(w.shape[1], w.shape[0], Identity() if i == count - 1 else between))
        params.append((w, arrays.get(f"b{i}", np.zeros(len(w), w.dtype))))
    for name, array in arrays.items():
        if not np.all(np.isfinite(array)):
            raise ValueError(f"{path}: {name} has {np.count_nonzero(~np.isfinite(array))} entries that are not finite")
    network = Network(tuple(layers))
    return network, network.checked(params)
