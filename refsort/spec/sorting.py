"""GroupSort and its two ends, MaxMin and FullSort, and the maxima of groups, maxout, on one vector.

    group_sort(x)_{group j} = x_{group j} in ascending order,   groups of `group_size` consecutive entries.

After Anil et al. (2019). Where the entries of each group are pairwise distinct, this is differentiable (dual numbers
may be passed); at a tie see `refsort.spec.admissible.sort_excess`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from refsort.spec.dual import scalar, value_of
from refsort.spec.exact import Vector, integer, vector


def groups(op: str, x: Vector, group_size: int) -> list[range]:
    """The positions of each group of `x`; a ValueError unless `group_size` divides the number of features."""
    group_size = integer(op, "group_size", group_size, 1)
    if len(x) % group_size:
        raise ValueError(f"{op}: group_size {group_size} does not divide the {len(x)} features")
    return [range(start, start + group_size) for start in range(0, len(x), group_size)]


def group_sort(x: Iterable[Any], group_size: int = 2) -> Vector:
    """Each group of `x` in ascending order.

    Raises
    ------
    TypeError
        For entries that are no numbers and a group size that is no integer.
    ValueError
        For a group size below 1 or one that does not divide the length of `x`, for NaN and infinities.
    KinkError
        For dual numbers with a tie inside a group.

    References
    ----------
    .. [1] C. Anil, J. Lucas, R. Grosse, "Sorting out Lipschitz function approximation", ICML 2019, arXiv 1811.05381.

    Examples
    --------
    >>> [int(y) for y in group_sort([3, 1, 2, 9, 7, 8], group_size=3)]
    [1, 2, 3, 7, 8, 9]
    """
    x = vector(x, scalar)
    return [y for group in groups("group_sort", x, group_size) for y in sorted(x[i] for i in group)]


def max_min(x: Iterable[Any]) -> Vector:
    """Each pair of neighbours as (min, max): `group_sort` with groups of two.

    Examples
    --------
    >>> [int(y) for y in max_min([2, 1, 3, 4])]
    [1, 2, 3, 4]
    """
    return group_sort(x, 2)


def full_sort(x: Iterable[Any]) -> Vector:
    """The whole of `x` in ascending order: one group.

    Examples
    --------
    >>> [int(y) for y in full_sort([3, 1, 2])]
    [1, 2, 3]
    """
    return sorted(vector(x, scalar))


def maxout(x: Iterable[Any], group_size: int = 2) -> Vector:
    """The maximum of each group of `x`; errors as in `group_sort`.

    Dual numbers are refused where a maximum is attained twice, and only there.

    Examples
    --------
    >>> [int(y) for y in maxout([3, 1, 2, 9, 7, 8], group_size=3)]
    [3, 9]
    """
    x = vector(x, scalar)
    members = [[x[i] for i in group] for group in groups("maxout", x, group_size)]
    greatest = [max(map(value_of, group)) for group in members]
    return [max(t for t in group if value_of(t) == top) for group, top in zip(members, greatest, strict=True)]
