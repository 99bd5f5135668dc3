"""Exact matrices that more than one proof needs: rational orthogonal ones, and a test for positive semidefiniteness."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from refsort.spec.exact import Matrix, dot, identity, product, transpose, vector


def orthogonal(*normals: Sequence[int]) -> Matrix:
    """The product of the reflections ``I - 2 v v^T / v^T v``: every orthogonal matrix is such a product.

    Examples
    --------
    >>> [[str(x) for x in row] for row in orthogonal([1, 2])]
    [['3/5', '-4/5'], ['-4/5', '-3/5']]
    """
    result = identity(len(normals[0]))
    for normal in map(vector, normals):
        scale = Fraction(2) / dot(normal, normal)
        reflection = [[Fraction(i == j) - scale * a * b for j, b in enumerate(normal)] for i, a in enumerate(normal)]
        result = product(result, reflection)
    return result


def diagonal(entries: Sequence[Fraction], rows: int, columns: int) -> Matrix:
    """The `rows` by `columns` matrix with these entries on its diagonal."""
    return [[Fraction(entries[i]) if i == j else Fraction(0) for j in range(columns)] for i in range(rows)]


def difference(a: Matrix, b: Matrix) -> Matrix:
    """``A - B``."""
    return [[x - y for x, y in zip(*rows, strict=True)] for rows in zip(a, b, strict=True)]


def squared_frobenius(a: Matrix) -> Fraction:
    """``|A|_F^2``, the sum of all squared entries."""
    return sum((x * x for row in a for x in row), Fraction(0))


def has_orthonormal_columns(a: Matrix) -> bool:
    """Whether ``A^T A = I``, exactly."""
    columns = transpose(a)
    return product(columns, a) == identity(len(columns))


def is_semidefinite(a: Matrix) -> bool:
    """Whether the symmetric matrix A has ``x^T A x >= 0`` for all x, by elimination.

    The pivot is not negative; if it is 0, so is its row; and what remains after elimination is semidefinite.

    Examples
    --------
    >>> is_semidefinite([[1, 1], [1, 1]]), is_semidefinite([[1, 2], [2, 1]]), is_semidefinite([[0, 1], [1, 9]])
    (True, False, False)
    """
    while a:
        pivot, first = a[0][0], a[0][1:]
        if pivot < 0 or (pivot == 0 and any(first)):
            return False
        factor = [Fraction(row[0]) / pivot if pivot else Fraction(0) for row in a[1:]]
        a = [[x - f * y for x, y in zip(row[1:], first, strict=True)] for f, row in zip(factor, a[1:], strict=True)]
    return True
