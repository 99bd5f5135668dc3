"""What a machine needs at least, measured in the same rounds: copying the arrays, or the matrix products alone.

A floor is a measured time, not a bound: it may be undercut by a method that needs fewer products.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from refsort.ops.arrays import Array
from refsort.ops.symmetric import square

Product = tuple[int, int, int]  # (m, k, n): an (m, k) matrix times a (k, n) one


class Floor(NamedTuple):
    """Work without which a case cannot be done by its usual method.

    Attributes
    ----------
    what : str
        In words.
    call : callable without arguments
        What is timed: writes to memory that was allocated and touched before.
    times : int
        How often the case does it: the floor is so many times the time of a call.
    """

    what: str
    call: Callable[[], Any]
    times: int = 1


def copy(arrays: Sequence[Array]) -> Floor:
    """Reading and writing each array once.

    Examples
    --------
    >>> copy([np.zeros(3), np.zeros(5)]).what
    'copy of 64 bytes'
    """
    pairs = [(np.zeros_like(array), array) for array in arrays]

    def call() -> None:
        for to, from_ in pairs:
            np.copyto(to, from_)

    return Floor(f"copy of {sum(array.nbytes for array in arrays):,} bytes", call)


def products(
    dtype: str, general: Sequence[Product], symmetric: Sequence[tuple[int, int]] = (), times: int = 1
) -> Floor:
    """Matrix products of these shapes, one after another, through NumPy's BLAS.

    Parameters
    ----------
    dtype : str
    general : sequence of (m, k, n)
        Each 2 m k n floating-point operations.
    symmetric : sequence of (m, n)
        ``a.T @ a`` for a of that shape: BLAS does half of the 2 n m n operations.
    times : int
        How often all of them are needed.

    Examples
    --------
    >>> floor = products("float32", [(2, 3, 4)], symmetric=[(5, 2)], times=10)
    >>> floor.what, floor.times
    ('10 x 2 matrix products', 10)
    """
    rng = np.random.default_rng(0)

    def matrix(m: int, n: int) -> Array:
        return rng.standard_normal((m, n)).astype(dtype)

    operands = {shape: (matrix(*shape[:2]), matrix(*shape[1:]), matrix(shape[0], shape[2])) for shape in set(general)}
    squares = {shape: (matrix(*shape), square(shape[1], np.dtype(dtype))) for shape in set(symmetric)}

    def call() -> None:
        for shape in symmetric:
            a, out = squares[shape]
            np.matmul(a.T, a, out=out)
        for product in general:
            left, right, out = operands[product]
            np.matmul(left, right, out=out)

    count = len(general) + len(symmetric)
    return Floor(f"{f'{times} x ' if times > 1 else ''}{count} matrix product{'s' * (count > 1)}", call, times)
