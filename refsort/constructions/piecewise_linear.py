"""Every maximum of minima of affine functions is exactly a MaxMin network.

f(x) = max_k min_j (a_kj . x + b_kj).    Every continuous piecewise linear function has this form, with gradients of
its own pieces as the a_kj (Ovchinnikov 2002): if it is L-Lipschitz in the p-norm, then |a_kj|_p* <= L for all k, j.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from numpy.typing import ArrayLike

from refsort.constructions.max_min_tree import Parametrised, levels, network_of
from refsort.constructions.numbers import data
from refsort.nets import Identity, Layer, MaxMin, Network
from refsort.ops.arrays import Array, same_dtype


def piecewise_linear(a: ArrayLike, b: ArrayLike, ops: Sequence[str] = ("max", "min")) -> Parametrised:
    """The network that equals ``max_k min_j (a[k, j] . x + b[k, j])`` on all of R^d.

    Parameters
    ----------
    a : array_like, (K, M, d) or (C, K, M, d)
        The gradients: floats, or Fractions for a network over the rationals. With C the network has C outputs.
    b : array_like, (K, M) or (C, K, M)
        The constants; the dtype of a.
    ops : two of "max" and "min"
        The outer and the inner one.

    Returns
    -------
    network, params
        One affine layer R^d -> R^KM with MaxMin, then selections: ceil(log2 M) + ceil(log2 K) MaxMin layers in all.
        For K and M powers of two it has KM + KM/2 + ... + 1 = 2 KM - 1 units; for others at most 2 K' M' - 1, with
        both rounded up to powers of two. C times as many for C outputs.

    Raises
    ------
    TypeError, ValueError
        For shapes that do not fit, numbers that are not finite, and arrays of two dtypes.

    Notes
    -----
    Norms: from the p-norm to the infinity norm the first layer has max |a_kj|_p*, 1/p + 1/p* = 1, and every selection
    has infinity norm 1. So the product is max |a_kj|_p*, which is the Lipschitz constant itself if all pieces are
    active somewhere. Only the first layer computes: the network errs by the rounding of one affine map, and over
    Fractions not at all. Evaluation costs KM (2 d + 2) operations a sample.

    References
    ----------
    .. [1] S. Ovchinnikov, "Max-min representation of piecewise linear functions", Beitraege zur Algebra und Geometrie
       43(1), 2002.
    .. [2] C. Anil, J. Lucas, R. Grosse, "Sorting out Lipschitz function approximation", ICML 2019, arXiv 1811.05381.

    Examples
    --------
    The tent max(min(x, 2 - x), -1/3), exactly:

    >>> from fractions import Fraction
    >>> import numpy as np
    >>> a = np.array([[[Fraction(1)], [Fraction(-1)]], [[Fraction(0)], [Fraction(0)]]])
    >>> b = np.array([[Fraction(0), Fraction(2)], [Fraction(-1, 3), Fraction(-1, 3)]])
    >>> network, params = piecewise_linear(a, b)
    >>> [str(v) for v in network.value(params, np.array([[Fraction(-5)], [Fraction(1, 7)], [Fraction(5)]]))[:, 0]]
    ['-1/3', '1/7', '-1/3']
    """
    ndim = 4 if getattr(a, "ndim", None) == 4 else 3
    slopes, constants = data("piecewise_linear", "a", a, ndim), data("piecewise_linear", "b", b, ndim - 1)
    same_dtype("piecewise_linear", a=slopes, b=constants)
    if slopes.shape[:-1] != constants.shape:
        raise ValueError(f"piecewise_linear: a {slopes.shape} needs b {slopes.shape[:-1]}, got {constants.shape}")
    if len(ops) != 2:
        raise ValueError(f"piecewise_linear: two ops are needed, the outer and the inner one, got {list(ops)}")
    rows = slopes.reshape(-1, slopes.shape[-1])
    return on_affine(rows, constants.reshape(-1), levels(constants.shape, tuple(ops)))


def on_affine(w: Array, b: Array, selections: Sequence[Array]) -> Parametrised:
    """A tree of selections on the affine functions ``w x + b``; the first selection is a choice of rows."""
    first, *rest = selections
    d = w.shape[1]
    if not rest:
        return Network((Layer(d, len(first), Identity()),)), [(w[first], b[first])]
    tree, params = network_of(len(first), rest, w.dtype)
    return Network((Layer(d, len(first), MaxMin()), *tree.layers)), [(w[first], b[first]), *params]


def units(shape: Sequence[int]) -> int:
    """The units of a tree on an array of affine functions, its output included.

    Examples
    --------
    >>> units((4, 4)), units((3, 4)), units((1, 1))
    (31, 25, 1)
    """
    total, outer = 0, math.prod(shape)
    for m in reversed(shape):
        outer //= m
        while m > 1:
            m += m % 2
            total += outer * m
            m //= 2
    return total + outer
