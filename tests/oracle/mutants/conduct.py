"""Right numbers and wrong conduct: inputs written to, other shapes and dtypes, exceptions, NaN, state between calls."""

import itertools

import numpy as np

from tests.oracle.mutants import mutant
from tests.oracle.plain import affine, bjorck, l1, sort


@mutant("max_min", "B8")
def the_input_sorted_in_place(arrays, params, g):
    out, x_bar = sort(arrays, params, g)
    arrays[0][...] = out
    return out, x_bar


@mutant("project_l1_ball", "B8")
def weights_projected_in_place(arrays, params, g):
    """As projected descent does: the result is the input itself."""
    out, x_bar = l1(arrays, params, g)
    arrays[0][...] = out
    return arrays[0], x_bar


@mutant("affine", "B8")
def the_cotangent_overwritten(arrays, params, g):
    out, gradients = affine(arrays, params, g.copy())
    g *= 2
    return out, gradients


@mutant("max_min", "B19", dtypes=("float32", "bfloat16"))
def float64_out_for_float32_in(arrays, params, g):
    out, x_bar = sort(arrays, params, g)
    return out.astype(np.float64), x_bar


@mutant("max_min", "B19")
def a_gradient_of_another_dtype(arrays, params, g):
    out, (x_bar,) = sort(arrays, params, g)
    return out, [x_bar.astype(np.float16)]


@mutant("max_min", "B11", "another shape")
def a_flattened_result(arrays, params, g):
    out, x_bar = sort(arrays, params, g)
    return out.reshape(1, -1), x_bar


@mutant("project_l1_ball", "B11", "another shape", dtypes=("float32", "bfloat16"))
def one_long_vector(arrays, params, g):
    out, x_bar = l1(arrays, params, g)
    return out.ravel(), x_bar


@mutant("affine", "B2")
def one_gradient_of_three(arrays, params, g):
    out, gradients = affine(arrays, params, g)
    return out, gradients[:1]


@mutant("affine", "B2")
def gradients_of_none(arrays, params, g):
    return affine(arrays, params, g)[0], None


@mutant("full_sort", "B13")
def an_exception(arrays, params, g):
    raise RuntimeError("the kernel\nis missing")


@mutant("max_min", "B13")
def an_exit(arrays, params, g):
    raise SystemExit(0)


@mutant("group_sort", "B13")
def an_exception_for_a_negative_axis(arrays, params, g):
    """torchlip: dim=-1 raises."""
    if params["axis"] < 0:
        raise RuntimeError("negative axes are not supported")
    return sort(arrays, params, g)


@mutant("group_sort", "B13")
def an_exception_for_one_dimension(arrays, params, g):
    """torchlip: a 1-D input raises."""
    if arrays[0].ndim == 1:
        raise IndexError("Dimension out of range (expected to be in range of [-1, 0], but got 1)")
    return sort(arrays, params, g)


@mutant("max_min", "B20")
def nan(arrays, params, g):
    return np.full_like(arrays[0], np.nan), [g.copy()]


@mutant("bjorck", "B5")
def infinite_gradients(arrays, params, g):
    return bjorck(arrays, params, g)[0], [np.full_like(g, np.inf)]


@mutant("max_min", "B19")
def a_list_for_an_array(arrays, params, g):
    out, x_bar = sort(arrays, params, g)
    return out.tolist(), x_bar


@mutant("max_min", "B19")
def complex_numbers(arrays, params, g):
    out, x_bar = sort(arrays, params, g)
    return out.astype(np.complex64), x_bar


@mutant("affine", "B19")
def objects_for_numbers(arrays, params, g):
    out, gradients = affine(arrays, params, g)
    return out.astype(object), gradients


COUNT = itertools.count()


@mutant("affine", "B8", "state between calls", dtypes=("float32", "bfloat16"))
def another_answer_at_every_call(arrays, params, g):
    """orthogonium: two identical calls in eval mode differ."""
    out, gradients = affine(arrays, params, g)
    return out + np.float32(2**20 * (next(COUNT) % 2)), gradients


BUFFER = {}


@mutant("bjorck", "B8", "state between calls", dtypes=("float32", "bfloat16"))
def the_answer_to_the_call_before(arrays, params, g):
    """deel-torchlip#17: a buffer that is refreshed after it was read."""
    w = arrays[0]
    stale = BUFFER.get(w.shape, np.zeros_like(w))
    BUFFER[w.shape] = w.copy()
    return bjorck([stale], params, g)


@mutant("affine", "B8")
def gradients_accumulated_over_calls(arrays, params, g):
    """pytorch/pytorch#8208: nobody sets them back to zero."""
    out, gradients = affine(arrays, params, g)
    if g.any():
        key = tuple(a.shape for a in arrays)
        gradients = BUFFER[key] = [a + b for a, b in zip(gradients, BUFFER.get(key, gradients), strict=True)]
    return out, gradients
