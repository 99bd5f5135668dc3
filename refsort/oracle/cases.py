"""What an implementation is asked: one case is one call, on data that tell wrong implementations from right ones.

All data are lattices (`refsort.strategies`), drawn by the file of each operation in `refsort.oracle.operations`.
"""

from __future__ import annotations

from hypothesis import strategies as st

from refsort.oracle.operations import OPERATIONS
from refsort.oracle.operations.operation import Case

__all__ = ["OPERATIONS", "Case", "cases"]


def cases(op: str, dtype: str) -> st.SearchStrategy[Case]:
    """The cases that judge `op` in `dtype`.

    Examples
    --------
    >>> from hypothesis import find
    >>> case = find(cases("max_min", "float32"), lambda case: True)
    >>> case.arrays[0].dtype, case.arrays[0].shape == case.cotangent.shape, list(case.params)
    (dtype('float32'), True, ['axis'])
    """
    return OPERATIONS[op].cases(op, dtype)
