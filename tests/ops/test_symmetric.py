"""Symmetric products against their definition, in every dtype; rows that do not begin on the same lines."""

from fractions import Fraction

import numpy as np
import pytest

from refsort.ops.symmetric import gram, square, symmetric_product


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble, object])
@pytest.mark.parametrize("shape", [(0, 0), (3, 0), (0, 2), (1, 1), (5, 3), (3, 5), (2, 64)])
def test_gram_and_symmetric_part_are_what_they_say(dtype, shape):
    whole = np.random.default_rng(0).integers(-4, 5, shape)
    a = np.vectorize(Fraction, otypes=[object])(whole) if dtype is object else whole.astype(dtype)
    for x, y in ((a, whole), (a[::-1], whole[::-1]), (np.asfortranarray(a), whole)):
        g = gram(x)
        assert g.dtype == a.dtype
        assert np.array_equal(g, y.T @ y)  # small whole numbers: exact in every dtype
        assert g.flags.writeable
        assert not np.may_share_memory(g, x)
    v = a[:, ::-1] if a.shape[0] == 0 else np.roll(a, 1, axis=0)
    assert np.array_equal(symmetric_product(a, v), a.T @ v + v.T @ a)
    assert symmetric_product(a, v).dtype == a.dtype


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
@pytest.mark.parametrize("n", [1, 7, 16, 31, 512, 1000, 1024, 2048])
def test_rows_are_an_odd_number_of_lines_apart(dtype, n):
    m = square(n, np.dtype(dtype))
    assert m.shape == (n, n)
    between, within = m.strides
    assert within == m.itemsize
    assert n * m.itemsize <= between <= n * m.itemsize + 128
    assert between % 64 == 0
    assert between // 64 % 2 == 1
