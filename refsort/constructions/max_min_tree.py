"""The maximum of many numbers, the minimum, and maxima of minima: trees of MaxMin layers joined by selections.

A MaxMin layer keeps the larger of each pair, so it halves the number of candidates. Where their number is odd the last
one is paired with a copy of itself, MaxMin(z, z) = (z, z), which is exact everywhere and costs nothing in the infinity
norm: a selection has ||S||_inf = 1 however often it repeats a feature.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from refsort.constructions.numbers import number_type, zeros
from refsort.nets import Identity, MaxMin, Network, Parameters, Selection
from refsort.ops.arrays import Array, integer

Parametrised = tuple[Network, Parameters]


def max_min_tree(shape: int | Sequence[int], ops: str | Sequence[str] = "max", dtype: Any = np.float64) -> Parametrised:
    """Take maxima and minima over the axes of an array of inputs, by MaxMin layers alone.

    For ``shape = (K, M)`` and ``ops = ("max", "min")`` the network equals, everywhere,

        x -> max_k min_j x[M k + j].

    Parameters
    ----------
    shape : int or sequence of int
        The inputs as an array in C order, n of them. Leading axes without an op are kept: one output for each entry.
    ops : "max", "min" or a sequence of them
        For the last axes of `shape`, from the outer one to the inner one, as they are written in a formula.
    dtype : dtype
        Of the biases, which are zero; object for a network over Fractions.

    Returns
    -------
    network, params
        d_in = n. Every layer is a `Selection`, all but the last with MaxMin. Reducing an axis of m entries takes
        ceil(log2 m) MaxMin layers, and no network with infinity norms of 1 takes fewer: the sum over i of its changes
        from 0 to e_i can at most double in a layer, and for the maximum it is m. At most 2 N - 1 units, N the product
        of the axes rounded up to powers of two (without the axes that are kept).

    Raises
    ------
    TypeError, ValueError
        For axes that are no positive integers, an unknown op, more ops than axes.

    Notes
    -----
    Norms: the infinity norm of every layer is 1, and so is the norm of the first from every p-norm to it. In the
    1-norm and the 2-norm a layer that repeats a feature has norm 2 and sqrt(2); with axes that are powers of two no
    feature is repeated and every norm is 1. Evaluation costs n comparisons a sample.

    References
    ----------
    .. [1] C. Anil, J. Lucas, R. Grosse, "Sorting out Lipschitz function approximation", ICML 2019, arXiv 1811.05381.

    Examples
    --------
    >>> network, params = max_min_tree((2, 3), ("max", "min"))
    >>> network.value(params, np.array([[5.0, 1.0, 9.0, 2.0, 7.0, 4.0]]))  # max(min(5, 1, 9), min(2, 7, 4))
    array([[2.]])
    >>> [layer.d_out for layer in network.layers]
    [8, 4, 2, 1]
    """
    axes = (shape,) if isinstance(shape, int | np.integer) else tuple(shape)
    names = (ops,) if isinstance(ops, str) else tuple(ops)
    selections = levels(axes, names)
    return network_of(math.prod(axes), selections, number_type("max_min_tree", dtype))


def levels(shape: Sequence[int], ops: Sequence[str]) -> list[Array]:
    """The indices of each selection of a tree; between two of them stands a MaxMin, after the last one nothing."""
    axes = [integer("max_min_tree", "an axis of shape", n) for n in shape]
    if not axes or len(ops) > len(axes) or set(ops) - {"max", "min"}:
        raise ValueError(f"max_min_tree: ops must be 'max' or 'min' for some of the axes of {axes}, got {list(ops)}")
    found: Array = np.arange(math.prod(axes)).reshape(axes)  # where in the current features each candidate stands
    selections = []
    for op in reversed(ops):
        while found.shape[-1] > 1:
            if found.shape[-1] % 2:
                found = np.concatenate([found, found[..., -1:]], axis=-1)
            selections.append(found.reshape(-1))
            pairs = (*found.shape[:-1], found.shape[-1] // 2)
            found = 2 * np.arange(math.prod(pairs)).reshape(pairs) + (op == "max")
        found = found[..., 0]
    return [*selections, found.reshape(-1)]


def network_of(d_in: int, selections: Sequence[Array], dtype: np.dtype[Any]) -> Parametrised:
    """The selections as layers, with MaxMin after each but the last."""
    sizes = [d_in, *map(len, selections)]
    last = len(selections) - 1
    layers = [Selection(m, n, Identity() if i == last else MaxMin()) for i, (m, n) in enumerate(pairwise(sizes))]
    return Network(tuple(layers)), [(indices, zeros(len(indices), dtype)) for indices in selections]
