"""The side of refsort: what is called in each pass, and into which arrays."""

import numpy as np
import pytest

from refsort.bench.activations import cases
from refsort.bench.case import BOTH, BOTH_REUSED, FORWARD, REUSED, of_one_array


class Doubling:
    """``y = 2 x`` as `refsort.ops` would write it; notes where results were put."""

    def __init__(self):
        self.outs = []

    def value(self, x, *, out=None):
        self.outs.append(out)
        return np.multiply(x, 2, out=out)

    def forward(self, x, *, out=None):
        return self.value(x, out=out), self

    def backward(self, y_bar, *, out=None):
        return self.value(y_bar, out=out)


@pytest.mark.parametrize(("which", "reused"), [(FORWARD, 0), (REUSED, 1), (BOTH, 0), (BOTH_REUSED, 2)])
def test_outputs_are_reused_where_the_pass_says_so(which, reused):
    operation = Doubling()
    inputs = {"x": np.array([1.0, 3.0]), "y_bar": np.array([5.0, 7.0])}
    side = of_one_array(operation.value, operation.forward)(inputs, which)
    results = [[np.array(array) for array in side.outputs()] for _ in range(2)]
    side.call()
    found = {id(out) for out in operation.outs if out is not None}
    assert len(found) == reused, "one array for each output, the same at every call"
    for result in results:
        assert [list(array) for array in result] == [[2, 6], [10, 14]][: len(result)]
        assert len(result) == (2 if which in (BOTH, BOTH_REUSED) else 1)


def test_value_and_gradient_have_arrays_of_their_own():
    operation = Doubling()
    inputs = {"x": np.ones(3), "y_bar": np.ones(3)}
    y, x_bar = of_one_array(operation.value, operation.forward)(inputs, BOTH_REUSED).outputs()
    assert not np.may_share_memory(y, x_bar)


@pytest.mark.parametrize("case", cases([(3, 16)], [4]), ids=lambda case: case.name)
def test_activations_write_into_the_arrays_that_they_are_given(case):
    inputs = case.inputs(np.random.default_rng(0), "float32")
    reused, fresh = case.ours(inputs, BOTH_REUSED), case.ours(inputs, BOTH)
    first = reused.outputs()
    assert all(a is b for a, b in zip(first, reused.outputs(), strict=True))
    for a, b in zip(first, fresh.outputs(), strict=True):
        assert np.array_equal(a, b)
