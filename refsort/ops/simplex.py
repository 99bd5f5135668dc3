"""Projection on the simplex: the nearest point with non-negative entries of a given sum.

    project_simplex(v, r) = argmin { ||x - v||_2 : x >= 0, sum x = r } = max(v - tau, 0),   sum = r.

For every set of k entries, r = sum (v_i - tau)_+ is at least the sum of v_i - tau over the set. So the threshold tau is
at least (sum of the k greatest - r) / k, and equality holds where these are the entries above tau. Hence

    tau = max over k of (v_(1) + ... + v_(k) - r) / k,       v_(1) >= v_(2) >= ... ;

the greatest k with v_(k) above its own quotient, as the literature has it, is a maximiser. Everything is measured from
the greatest entry: the gaps v_(1) - v_i that matter are below r, so that nothing is lost where v is far from the
simplex.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from refsort.ops.arrays import Array, like, output
from refsort.ops.batch import widened
from refsort.ops.row_norms import radius_in, row_blocks, rows, wide

_WIDTH = 32  # the gaps of a chunk; the best is near the square root of a common length of rows


class SimplexJacobian(NamedTuple):
    """The Jacobian of `project_simplex` at v: on each row the centring of the entries above the threshold.

    With s the 0/1 row of the support, ``J = diag(s) - s s^T / sum(s)``: symmetric, an orthogonal projection.

    Attributes
    ----------
    support : ndarray of bool, shape of v
        Whether ``v_i > tau``; 1 byte an entry of v. Nowhere in a row that came out as NaN.
    """

    support: Array

    def backward(self, y_bar: ArrayLike) -> Array:
        """``v_bar = J^T y_bar``, and J is symmetric."""
        return self._apply("y_bar", y_bar)

    def tangent(self, v_dot: ArrayLike) -> Array:
        """``y_dot = J v_dot``."""
        return self._apply("v_dot", v_dot)

    def _apply(self, name: str, value: ArrayLike) -> Array:
        result = np.array(like("project_simplex", name, value, self.support.shape), order="C")
        for block in row_blocks(result):
            result[block] = centred(result[block], self.support[block])
        return result


def project_simplex(v: ArrayLike, radius: Fraction | float = 1, *, out: Array | None = None) -> Array:
    """Project each row of v on the simplex of the given radius.

    Defined by ``y = argmin { ||x - v||_2 : x >= 0, sum x = radius }``, one row at a time; used by the projection on the
    l1 ball, with which Anil et al. (2019) keep the infinity norm of their weights.

    Parameters
    ----------
    v : array_like, (n, d) or (d,), d >= 1
        Real numbers in any of the dtypes of `refsort.ops.DTYPES`, Fractions included.
    radius : int, float or Fraction
        The sum, positive, in the unit of v. Rounded to the dtype of v; kept exactly where v holds Fractions.
    out : ndarray, optional
        Receives the result; shape and dtype of v, no memory shared with v.

    Returns
    -------
    ndarray
        Shape and dtype of v. Exact on Fractions. In floating point an entry errs by at most ``gamma_{d+4} radius``
        in the working precision (roundoff 2**-53 for half, single and double), is then rounded to the dtype of v (unit
        roundoff u, smallest subnormal eta), and ``|sum y - radius| <= (u + (1 + u) d gamma_{d+4}) radius + d eta``.
        An entry of -inf becomes 0; a row with NaN or +inf, or of nothing but -inf, becomes a row of NaN.

    Raises
    ------
    TypeError
        For integer, bool or complex v and for a radius that is no real number.
    ValueError
        For v that is neither 1-d nor 2-d, rows without entries (their simplex is empty), and a radius that is not
        positive and finite in the dtype of v.

    See Also
    --------
    project_simplex_forward : the value together with the Jacobian (where it exists, and what is used at ties).

    Notes
    -----
    One sort: O(d log d) a row; temporary arrays are of the size of a block of rows, which stays in the cache.

    References
    ----------
    .. [1] J. Duchi, S. Shalev-Shwartz, Y. Singer, T. Chandra, "Efficient projections onto the l1-ball for learning in
       high dimensions", ICML 2008.

    Examples
    --------
    The nearest point: v - y is constant on the support and not larger anywhere else.

    >>> import numpy as np
    >>> v = np.array([1.5, 0.75, 1.25])
    >>> y = project_simplex(v)
    >>> y
    array([0.625, 0.   , 0.375])
    >>> y.sum(), v - y
    (np.float64(1.0), array([0.875, 0.75 , 0.875]))
    """
    return _project(v, radius, out)[0]


def project_simplex_forward(v: ArrayLike, radius: Fraction | float = 1) -> tuple[Array, SimplexJacobian]:
    """`project_simplex` and its Jacobian at v.

    Parameters and errors are those of `project_simplex`. The map is piecewise affine. Its Jacobian exists where no
    ``v_i`` equals the threshold tau; the Clarke generalised Jacobian at such ties is the hull of the Jacobians with any
    of the tied entries counted in the support, and the one used counts in none of them.

    Returns
    -------
    y : ndarray
        ``project_simplex(v, radius)``.
    at : SimplexJacobian
        ``at.backward(y_bar)`` and ``at.tangent(v_dot)``.

    Examples
    --------
    A step along the simplex is kept, a common shift is not seen:

    >>> import numpy as np
    >>> y, at = project_simplex_forward(np.array([1.5, 0.75, 1.25]))
    >>> at.tangent(np.array([3.0, 5.0, 1.0]))
    array([ 1.,  0., -1.])
    """
    return _project(v, radius, None)


def _project(v: ArrayLike, radius: Fraction | float, out: Array | None) -> tuple[Array, SimplexJacobian]:
    v = rows("project_simplex", v)
    radius = radius_in("project_simplex", radius, v.dtype)
    if v.shape[-1] == 0:
        raise ValueError(f"project_simplex: no vector of length 0 has the sum {radius}; got shape {v.shape}")
    y = output("project_simplex", out, v.shape, v.dtype, v)
    support = np.empty(v.shape, bool)
    for block in row_blocks(v):
        above = above_threshold(v[block], radius)
        y[block], support[block] = above, above > 0
    return y, SimplexJacobian(support)


def above_threshold(v: Array, radius: Any) -> Array:
    """``max(v - tau, 0)`` in the working precision, for each row the tau such that the sum is `radius`; d >= 1."""
    below = np.negative(v, order="C")
    ascending = np.sort(below, axis=-1)  # in the dtype of v: exact, and as fast as it can be
    least = wide(np.minimum(ascending[..., :1], ascending[..., -1:]))  # -max(v), or the NaN that a sort puts last
    gaps, ascending = wide(below), wide(ascending)  # both are written to from here on
    with np.errstate(invalid="ignore", over="ignore"):  # infinite entries, see project_simplex
        gaps -= least
        ascending -= least
        above: Array = np.subtract(lowest_level(ascending, radius), gaps, out=gaps)
    zero = radius - radius  # of the same type, Fraction or float
    return np.maximum(above, np.full(v.shape[-1], zero, above.dtype), out=above)


def least_of_all_levels(gaps: Array, radius: Any) -> Array:
    """``max(v) - tau`` from the gaps g_k = v_(1) - v_(k): the least of ``l_k = (g_1 + ... + g_k + radius) / k``."""
    counts = np.arange(1, gaps.shape[-1] + 1).astype(gaps.dtype)
    # tau is the max over k of its lower bounds, so the level max(v) - tau is the min over k
    level: Array = ((np.cumsum(gaps, axis=-1) + radius) / counts).min(axis=-1, keepdims=True)
    return level


def lowest_level(gaps: Array, radius: Any, width: int = _WIDTH) -> Array:
    """`least_of_all_levels` for ascending gaps, from the sums of chunks and the levels inside of one chunk.

    A level l_{k+1} is a mean of l_k, counted k times, and g_{k+1}. So it is less than l_k if and only if g_{k+1} < l_k;
    and where it is not, no later one is less than l_k either, since the gaps ascend. Hence the least level comes after
    l_k if ``g_{k+1} < l_k``, and not after it else. Asked at the ends of all chunks of `width` gaps this leaves one
    chunk for each row, and of the others nothing but their sums is needed: these do not wait for one another, as the
    additions of one long running sum do.

    A computed l_k errs by at most gamma_{d+2} l_k: numbers that are not negative go through one subtraction (the gap),
    at most k additions and one division. The question is asked as ``k g_{k+1} < g_1 + ... + g_k + radius``, where both
    sides err by no more, relative, and not at all among subnormals. Where they differ by ``2 (d + 4) eps`` of the sum,
    twice as much as both errors and more, the answer is right. A row with any other answer (a gap at the level to
    rounding; infinities, NaN) is left to the plain version. So the computed l_k of the k that attains the least is
    among those compared, and the result errs by at most gamma_{d+2} of the least level, as in the plain version. What
    comes out for a row does not depend, not even in its rounding, on the rows beside it.

    Examples
    --------
    >>> import numpy as np
    >>> lowest_level(np.array([[0.0, 0.25, 0.75], [0.0, 0.0, 0.0]]), 1.0, width=1)
    array([[0.625     ],
           [0.33333333]])
    """
    d = gaps.shape[-1]
    chunks = (d - 1) // width  # those that another gap follows
    if chunks < 1:
        return least_of_all_levels(gaps, radius)
    ends = width * np.arange(1, chunks + 1)
    parts = gaps[..., : chunks * width].reshape(*gaps.shape[:-1], chunks, width)
    sums = np.cumsum(np.einsum("...i->...", parts), axis=-1) + radius
    multiples = ends * gaps[..., width::width]
    doubtful = ~(np.abs(multiples - sums) > 2 * (d + 4) * _eps(gaps) * sums).all(axis=-1)
    chunk = np.count_nonzero(multiples < sums, axis=-1, keepdims=True)
    level = _least_in_chunk(gaps, radius, sums, chunk, width)
    if doubtful.any():
        level[doubtful] = least_of_all_levels(gaps[doubtful], radius)
    return level


def _least_in_chunk(gaps: Array, radius: Any, sums: Array, chunk: Array, width: int) -> Array:
    """The least of a row's levels in chunk number `chunk`; `sums` at the ends of chunks, each with the radius in it."""
    d = gaps.shape[-1]
    before = np.concatenate((np.full_like(sums[..., :1], radius), sums), axis=-1)
    counts = width * chunk + np.arange(1, width + 1)
    inside = np.take_along_axis(gaps, np.minimum(counts, d) - 1, axis=-1)
    levels = (np.cumsum(inside, axis=-1) + np.take_along_axis(before, chunk, axis=-1)) / counts
    level: Array = levels.min(axis=-1, keepdims=True, initial=radius, where=counts <= d)  # the radius is l_1
    return level


def _eps(x: Array) -> float:
    return 0 if x.dtype.kind == "O" else float(np.finfo(x.dtype).eps)


def centred(v: Array, signs: Array) -> Array:
    """``(diag(s^2) - s s^T / ||s||_0) v`` for each row s of `signs`, in the working precision; 0 for s = 0."""
    x = widened(v)
    s = signs.astype(x.dtype)
    kept = wide(s * x)  # a sign does not round
    kept -= kept.sum(axis=-1, keepdims=True) / np.maximum(np.abs(signs).sum(axis=-1, keepdims=True, dtype=np.int32), 1)
    result: Array = s * kept.astype(x.dtype, copy=False) + 0  # s^2 v - s mean = s (s v - mean); no negative zeros
    return result.astype(v.dtype, copy=False)
