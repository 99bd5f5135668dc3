"""Three affine maps and two FullSorts are enough for every maximum of minima of affine functions on a box.

Group k of the features is moved by its own offset k C, C so large that the groups do not overlap; then one sort of all
features sorts inside each group. The same offsets make FullSort do the work of any GroupSort.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from refsort.constructions.max_min_tree import Parametrised
from refsort.constructions.numbers import data, scalar, whole, zeros
from refsort.nets import FullSort, Identity, Layer, Network, Selection
from refsort.ops.arrays import same_dtype


def three_layer(a: ArrayLike, b: ArrayLike, radius: Any) -> Parametrised:
    """The network that equals ``max_k min_j (a[k, j] . x + b[k, j])`` wherever ``|x|_inf <= radius``.

    Parameters
    ----------
    a : array_like, (K, M, d)
        The gradients: floats, or Fractions for a network over the rationals.
    b : array_like, (K, M)
        The constants; the dtype of a.
    radius : real
        Positive. Outside of this box the groups may mix.

    Returns
    -------
    network, params
        ``FullSort(W_1 x + b_1)`` with KM units, ``FullSort`` of each group's minimum with K units, and the last of
        these: two hidden layers, KM + K + 1 units.

    Raises
    ------
    TypeError, ValueError
        For shapes that do not fit, numbers that are not finite, arrays of two dtypes, a radius that is not positive.

    Notes
    -----
    On the box every function has values in [-R, R] with R = max_kj (radius |a_kj|_1 + |b_kj|), so offsets of C = 2 R
    leave the groups side by side; where the largest of one meets the smallest of the next, equal numbers may change
    places, which changes nothing. (In floats C is a little larger, for its own rounding.) Norms: max |a_kj|_p* from the
    p-norm to the infinity norm, then 1 and 1 in the infinity norm. Floats lose digits to the offsets: the error is some
    units in the last place of 2 K R, where `piecewise_linear` has those of R. Cost: two sorts.

    References
    ----------
    .. [1] J. Cohen, T. Huster, R. Cohen, "Universal Lipschitz approximation in bounded depth neural networks", 2019,
       arXiv 1904.04861.

    Examples
    --------
    The tent max(min(x, 2 - x), -1), with two hidden layers:

    >>> a, b = np.array([[[1.0], [-1.0]], [[0.0], [0.0]]]), np.array([[0.0, 2.0], [-1.0, -1.0]])
    >>> network, params = three_layer(a, b, radius=4)
    >>> network.value(params, np.array([[-3.0], [0.25], [1.5], [4.0]]))[:, 0]
    array([-1.  ,  0.25,  0.5 , -1.  ])
    """
    slopes, constants = data("three_layer", "a", a, 3), data("three_layer", "b", b, 2)
    same_dtype("three_layer", a=slopes, b=constants)
    if slopes.shape[:-1] != constants.shape:
        raise ValueError(f"three_layer: a {slopes.shape} needs b {slopes.shape[:-1]}, got {constants.shape}")
    dtype = slopes.dtype
    reach = scalar("three_layer", "radius", radius, dtype)
    groups, size, d = slopes.shape
    largest = np.max(reach * np.sum(np.abs(slopes), axis=-1) + np.abs(constants))
    # in floats: more than the roundings of `largest`, of the affine map and of the sum with the offset
    slack = Fraction(1) if dtype.kind == "O" else 1 + 8 * (d + groups + 4) * np.finfo(dtype).eps
    offset = 2 * largest * slack * whole(np.arange(groups), dtype)
    layers = (
        Layer(d, groups * size, FullSort()),
        Selection(groups * size, groups, FullSort()),
        Selection(groups, 1, Identity()),
    )
    return Network(layers), [
        (slopes.reshape(-1, d), (constants + offset[:, None]).reshape(-1)),
        (size * np.arange(groups), -offset),
        (np.array([groups - 1]), zeros(1, dtype)),
    ]
