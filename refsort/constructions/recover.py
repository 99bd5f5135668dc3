"""Other activations as norm-constrained MaxMin networks: ReLU, leaky ReLU, |x|, CReLU, maxout, GroupSort.

All of them are exact on the whole space, with every weight of norm 1 in the p-norm asked for. Leaky ReLU of one number
with slope s in [-1, 1] (ReLU is s = 0, the absolute value s = -1) is a column into a MaxMin and a row out of it:

    p = inf    (z, s z)       and its maximum;                               norms max(1, |s|) and 1
    p = 1      (z, 0)         and s min + max;                               norms 1 and max(1, |s|)
    p = 2      (c z, e z)     and e min + c max,  2 c e = s, c^2 + e^2 = 1,  norms 1 and 1.

For p = 2: if z > 0 the value is (e^2 + c^2) z = z, and if z < 0 it is 2 c e z = s z. With a = c + e and b = c - e this
asks for a^2 = 1 + s and b^2 = 1 - s; several pairs (c_i, e_i) do if the a_i^2 add up to 1 + s and the b_i^2 to 1 - s.
Four rational squares are enough for every rational number (Lagrange): so there is a network with rational weights of
2-norm 1 for every rational slope, and |x| has the exact weights (1, -1, 1, -1) / 2.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np

from refsort.constructions.comparators import comparator_network, odd_even_merge_sort, side_by_side, tournament
from refsort.constructions.max_min_tree import Parametrised
from refsort.constructions.numbers import exact, exponent, number_type, rational, scalar, squares, whole, zeros
from refsort.nets import Absolute, Identity, Layer, Network
from refsort.ops.arrays import Array, integer

ACTIVATIONS = {
    "relu": None,
    "leaky_relu": "slope",
    "absolute": None,
    "crelu": None,
    "maxout": "group_size",
    "group_sort": "group_size",
    "max_min": "radius",
}
"""The names, and the parameter that each has."""


def recover(
    activation: str,
    d: int,
    p: Any = 2,
    *,
    slope: Any = None,
    group_size: int | None = None,
    radius: Any = None,
    dtype: Any = None,
) -> Parametrised:
    """The network that equals an activation on R^d, all of its weights of norm 1 in the p-norm.

    ============  ===============================  ==========================================  ==============
    activation    of MaxMin layers, exact on R^d   units                                       MaxMin layers
    ============  ===============================  ==========================================  ==============
    relu          max(z, 0)                        2 d                                         1
    leaky_relu    max(z, 0) + slope min(z, 0)      2 d; p = 2: up to 8 d                       1
    absolute      abs(z)                           2 d; p = 2: 4 d                             1
    crelu         (max(z, 0), max(-z, 0))          2 d                                         1
    maxout        maximum of each group of k       at most 2 d a layer; p = 2: 4 d             ceil(log2 k)
    group_sort    each group of k in order         at most 2 d a layer; p = 2: 4 d             t (t + 1) / 2
    ============  ===============================  ==========================================  ==============

    with t = ceil(log2 k): Batcher's odd-even merge sort. And the other way round, for p = 2, where |x|_inf <= radius:

    ============  ===============================  ==========================================  ==============
    max_min       each pair of neighbours sorted   2 d, with the absolute value as activation  1 of abs
    ============  ===============================  ==========================================  ==============

    Parameters
    ----------
    activation : str
        A name of the tables.
    d : int
        The number of features it is applied to.
    p : 1, 2 or inf
        Each weight has operator norm 1 from the p-norm to the p-norm.
    slope : real, for "leaky_relu"
        In [-1, 1]; a Fraction or an int gives a network over the rationals if dtype is object.
    group_size : int, for "maxout" and "group_sort"
        k; divides d.
    radius : real, for "max_min"
        The box. One bias of this size keeps (x + y) / 2 positive, so that abs leaves it alone.
    dtype : dtype, optional
        Of the parameters: object for Fractions, float64 without it.

    Returns
    -------
    network, params
        d_in = d. Evaluation costs a matrix product a layer.

    Raises
    ------
    TypeError, ValueError
        For an unknown activation, a parameter that it does not have or that is missing, a d that does not fit, a slope
        outside of [-1, 1], a p without such a network, and, for p = 2 and Fractions, a slope s for which 1 + s or
        1 - s has a numerator times denominator above 10^5.

    Notes
    -----
    The weights are whole multiples of 1/4, and their norms are 1 exactly, but for leaky ReLU: it has its slope among
    them, and for p = 2 square roots where the slope is no simple fraction, with norms within 4 units of rounding of 1.

    References
    ----------
    .. [1] C. Anil, J. Lucas, R. Grosse, "Sorting out Lipschitz function approximation", ICML 2019, arXiv 1811.05381.

    Examples
    --------
    >>> network, params = recover("group_sort", 3, p=1, group_size=3)
    >>> network.value(params, np.array([[3.0, -1.0, 2.0]]))
    array([[-1.,  2.,  3.]])
    >>> [float(np.max(np.sum(np.abs(w), axis=0))) for w, b in params]
    [1.0, 1.0, 1.0, 1.0]
    """
    if activation not in ACTIVATIONS:
        raise ValueError(f"recover: the activation must be one of {', '.join(ACTIVATIONS)}, got {activation!r}")
    for name, value in (("slope", slope), ("group_size", group_size), ("radius", radius)):
        if value is not None and name != ACTIVATIONS[activation]:
            raise TypeError(f"recover: {activation} has no {name}, got {value!r}")
    d, p = integer("recover", "d", d), exponent("recover", p)
    number = number_type("recover", np.float64 if dtype is None else dtype)
    if activation in ("relu", "leaky_relu", "absolute"):
        s = {"relu": 0, "absolute": -1}.get(activation, slope)
        column, row = _leaky(_slope(s, number), p, number)
        return side_by_side([column[:, None], row[None, :]], d)
    if activation == "crelu":
        network, params = side_by_side([whole([[1], [0]], number), whole([[0, 1], [-1, 0]], number)], d)
        (first, last), turned = params, np.arange(2 * d).reshape(d, 2).T.ravel()  # all max(z, 0), then all max(-z, 0)
        return network, [first, (last[0][turned], last[1])]
    if activation == "max_min":
        return _max_min_of_absolute(
            _even(d), exponent("recover: max_min from absolute values", p, (2,)), radius, number
        )
    k = integer("recover", "group_size", group_size)
    if d % k:
        raise ValueError(f"recover: group_size {k} does not divide the {d} features")
    if activation == "group_sort":
        return comparator_network(k, odd_even_merge_sort(k), range(k), d // k, p, number)
    stages, largest = tournament(k)
    return comparator_network(k, stages, [largest], d // k, p, number)


def _slope(slope: Any, dtype: np.dtype[Any]) -> Fraction:
    allowed = (int, Fraction) if dtype.kind == "O" else (int, float, Fraction)
    if isinstance(slope, bool) or not isinstance(slope, allowed):
        raise TypeError(f"recover: leaky_relu needs a slope, a Fraction or an int for dtype object, got {slope!r}")
    if not -1 <= slope <= 1:
        raise ValueError(f"recover: slope must lie in [-1, 1] for a 1-Lipschitz activation, got {slope!r}")
    return rational(exact(Fraction(slope), dtype))


def _leaky(s: Fraction, p: Any, dtype: np.dtype[Any]) -> tuple[Array, Array]:
    """The column into MaxMin and the row out of it."""
    if p == math.inf:
        return np.array([Fraction(1), s], dtype), whole([0, 1], dtype)
    if p == 1:
        return whole([1, 0], dtype), np.array([s, Fraction(1)], dtype)
    sums, differences = squares(1 + s), squares(1 - s)
    if sums is None or differences is None:
        if dtype.kind == "O":
            raise ValueError(
                f"recover: no sums of four squares were searched for 1 + s and 1 - s, s = {s}; pass floats"
            )
        a, b = math.sqrt(1 + s), math.sqrt(1 - s)
        return np.array([(a + b) / 2, (a - b) / 2], dtype), np.array([(a - b) / 2, (a + b) / 2], dtype)
    length = max(len(sums), len(differences))
    padded = [v + [Fraction(0)] * (length - len(v)) for v in (sums, differences)]
    pairs = [((a + b) / 2, (a - b) / 2) for a, b in zip(*padded, strict=True)]
    into, out = [v for c, e in pairs for v in (c, e)], [v for c, e in pairs for v in (e, c)]
    return np.array(into, dtype), np.array(out, dtype)


def _even(d: int) -> int:
    if d % 2:
        raise ValueError(f"recover: max_min needs an even number of features, got {d}")
    return d


def _max_min_of_absolute(d: int, p: Any, radius: Any, dtype: np.dtype[Any]) -> Parametrised:
    """(x, y) -> (s - |t|, s + |t|), s = (x + y) / 2 and t = (x - y) / 2, each from two features of size 1/2."""
    bias = scalar("recover", "radius", radius, dtype)
    half = exact(Fraction(1, 2), dtype)
    one = whole(np.eye(d // 2, dtype=int), dtype)
    into = np.kron(one, whole([[1, 1], [1, 1], [1, -1], [1, -1]], dtype) * half)
    out = np.kron(one, whole([[1, 1, -1, -1], [1, 1, 1, 1]], dtype) * half)
    shift = np.tile(whole([1, 1, 0, 0], dtype) * bias, d // 2)
    layers = Layer(d, 2 * d, Absolute()), Layer(2 * d, d, Identity())
    return Network(layers), [(into, shift), (out, zeros(d, dtype) - bias)]
