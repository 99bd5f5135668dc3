"""Logits with labels: what the losses and certificates of classifiers are called with."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from refsort import strategies
from refsort.oracle.operations.operation import scaled, sides

Array = NDArray[Any]


@st.composite
def logits_and_labels(
    draw: st.DrawFn, dtype: str, reach: int, empty: bool = False, top: int = 1
) -> tuple[Array, Array, int, int]:
    """Lattice logits (n, k) below ``2^top`` or so, int64 labels, and the lattice: few bits so that hinges meet corners.

    Returns the bits and the exponent of the quantum too; `reach` is how far the scale may lie from 2^0.
    """
    n, k = draw(sides(2, empty=empty).filter(lambda shape: shape[1] > 1))
    bits = draw(st.sampled_from([2, 2, strategies.FORMATS[dtype].precision - 3]))
    e = draw(st.sampled_from([0, 0, -reach, reach])) + top - bits
    count = n * k
    whole = draw(st.lists(st.integers(-(2**bits), 2**bits), min_size=count, max_size=count))
    labels = draw(st.lists(st.integers(0, k - 1), min_size=n, max_size=n))
    return scaled(dtype, whole, e, (n, k)), np.array(labels, dtype=np.int64), bits, e
