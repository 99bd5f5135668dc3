"""Matrix products at size: their truth by error-free splitting, and how far random roundings carry them, normwise.

The rigorous entrywise bound of a product, gamma_n |A| |B|, is hundreds of times what happens, and would not notice
products of ten bits. In the Frobenius norm, with random roundings, one can say more.

Let fl(A B) - A B = L d to first order, d the relative roundings: independent, of mean zero, at most u. Let all entries
be summed in the same order, whichever. After each addition the partial sums over some indices T are the entries of
A_T B_T, columns and rows of A and B; so their squares add up to ``||A_T B_T||_F^2 <= S^2``,

    S = min(||A||_2 ||B||_F, ||A||_F ||B||_2),

and for the products themselves likewise. Hence ``||L||_F <= sqrt(n) S`` for n roundings in a row, additions and one
more. An entry depends on its own roundings alone: ``||L||_2 <= sqrt(n) r``, r the largest length of a row of A times
that of a column of B. A rounding of an operand counts as one in a row. The norm of L d is convex and Lipschitz in d, so
it is within 4 u ||L||_2 sqrt(log(4 / p)) of its median but for a probability of p (Talagrand; Ledoux, "The
concentration of measure phenomenon", corollary 4.10), and the median is at most sqrt(2) times the root mean square, at
most u ||L||_F:

    ||fl(A B) - A B||_F <= u sqrt(n) (sqrt(2) S + 4 sqrt(log(4 / p)) r).

Higher orders multiply that by 1 / (1 - g), g what `probable_gamma` says of n roundings; each of the products may
underflow by half of the smallest subnormal.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from refsort.oracle.realistic.finding import FAILURE
from refsort.oracle.tolerances import Precision
from refsort.rounding import UNIT_ROUNDOFF, probable_gamma

Array = NDArray[Any]

_PRODUCTS = 1000  # in one large call there are fewer
TAIL = 4 * math.sqrt(math.log(4 * _PRODUCTS / FAILURE))
_DIGITS = 53  # of a double
_SLACK = 1 + 2.0**-20  # the bounds themselves are computed in doubles


class Size(NamedTuple):
    """Bounds of the norms of a matrix: ||.||_2, ||.||_F, and the length of its longest row or column."""

    two: float
    frobenius: float
    line: float

    @classmethod
    def of(cls, a: Array, axis: int) -> Size:
        """Those of a matrix; with axis 1 its longest row, with axis 0 its longest column."""
        squares = a.astype(np.float64) ** 2
        gram = a.astype(np.float64) @ a.T.astype(np.float64) if len(a) <= a.shape[1] else None
        gram = a.T.astype(np.float64) @ a.astype(np.float64) if gram is None else gram
        two = math.sqrt(max(float(np.linalg.eigvalsh(gram)[-1]), 0.0)) if gram.size else 0.0
        total = math.sqrt(float(squares.sum()))
        line = math.sqrt(float(squares.sum(axis=axis).max(initial=0.0)))
        return cls(*((1 + 2.0**-30) * norm for norm in (min(two, total), total, line)))


def product_error(a: Size, b: Size, shape: tuple[int, int], inner: int, precision: Precision) -> float:
    """A bound of ``||fl(A B) - A B||_F``, A with its rows and B with its columns as lines, the result of `shape`."""
    spread = min(a.two * b.frobenius, a.frobenius * b.two)
    roundings = inner + 1 + precision.operands
    u, g = float(precision.u), float(probable_gamma(roundings, precision.u))
    underflow = math.sqrt(math.prod(shape)) * inner * float(precision.eta)
    error = u * math.sqrt(roundings) * (math.sqrt(2) * spread + TAIL * a.line * b.line) / (1 - g)
    return (error + underflow) * _SLACK


def bits_seen(ratio: float, a: Size, b: Size, inner: int, precision: Precision) -> str:
    """A remark on arithmetic whose errors are `ratio` times a bound that is made of `product_error`.

    Were it only the operands of products that are rounded, to relative errors of mean square u^2 / 3, a product would
    be off by ``u sqrt(2 / 3) S``. Bounds also have room for what later steps magnify, and so the bits are fewer yet.
    """
    if not 0 < ratio < math.inf:
        return ""
    spread = min(a.two * b.frobenius, a.frobenius * b.two)
    u = ratio * product_error(a, b, (1, 1), inner, precision) / (math.sqrt(2 / 3) * spread)
    return f"; errors as of arithmetic with at most {-math.log2(u):.0f} bits" if spread else ""


def wider(precision: Precision) -> tuple[Any, Precision]:
    """The type that truth is computed in, and the precision whose bound has room for the error of the truth as well.

    Doubles, where u is that of a shorter format. For doubles themselves long doubles, whose `matmul` here errs by less
    than 2^-63 in every term.
    """
    short = precision.u > 2 * UNIT_ROUNDOFF["float64"]
    own = UNIT_ROUNDOFF["float64" if short else "longdouble"]
    return np.float64 if short else np.longdouble, precision._replace(u=precision.u + own)


def matmul(a: Array, b: Array) -> Array:
    """A B in doubles for doubles; for long doubles split without error into slices whose products BLAS gets exactly.

    Each row of A and column of B, in units of its largest power of two, is a sum of slices of k bits, and what is left
    is below 2^-3k, as is what a product of later slices adds. A sum of n products of two slices has 2 k + log2 n bits,
    which a double holds.
    """
    if a.dtype != np.longdouble:
        return np.asarray(a @ b)
    bits = (_DIGITS - max(a.shape[1] - 1, 1).bit_length()) // 2
    total = np.zeros((len(a), b.shape[1]), np.longdouble)
    right = _slices(b.T, bits)
    left = _slices(a, bits)
    for i, j in ((2, 0), (1, 1), (0, 2), (1, 0), (0, 1), (0, 0)):  # the smallest first
        total += left[i] @ right[j].T
    return total


def _slices(a: Array, bits: int) -> list[Array]:
    """Three arrays of doubles, each with so many bits in a row's unit, whose sum is `a` but for what is left."""
    _, exponents = np.frexp(np.abs(a).max(axis=1, keepdims=True))
    rest, slices = a, []
    for k in range(1, 4):
        part = np.ldexp(np.rint(np.ldexp(rest, k * bits - exponents)), exponents - k * bits)
        slices.append(part.astype(np.float64))
        rest = rest - part
    return slices
