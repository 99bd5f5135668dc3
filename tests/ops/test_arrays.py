"""The gate of every operation: which arrays pass, and what the others are told."""

from fractions import Fraction

import numpy as np
import pytest

from refsort.ops.arrays import DTYPES, axis_of, checked, integer, like, output, same_dtype

NAMES = ("float16", "float32", "float64", "longdouble", "rational")


def rationals(*values):
    x = np.empty(len(values), object)
    x[:] = values
    return x


def sample(dtype):
    return rationals(Fraction(1, 3), Fraction(-2)) if dtype == "rational" else np.array([0.5, -2.0], dtype)


@pytest.mark.parametrize("op", DTYPES)
@pytest.mark.parametrize("dtype", NAMES)
def test_the_table_decides_what_passes_and_what_passes_is_not_touched(op, dtype):
    x = sample(dtype)
    if dtype in DTYPES[op]:
        assert checked(op, "x", x) is x
    else:
        with pytest.raises(
            TypeError, match=f"{op}: x has dtype {x.dtype}; pass .*{DTYPES[op][0]}.* or {DTYPES[op][-1]}"
        ):
            checked(op, "x", x)


def test_the_table_names_dtypes_that_exist():
    assert all(set(row) <= set(NAMES) and len(set(row)) == len(row) for row in DTYPES.values())


@pytest.mark.parametrize("op", DTYPES)
@pytest.mark.parametrize(
    "x", [np.arange(3), np.arange(3) > 1, np.arange(3) * 1j, np.array(["1.0"]), np.arange(3, dtype=np.uint8)]
)
def test_other_types_are_refused_with_the_way_out(op, x):
    with pytest.raises(TypeError, match=rf"{op}: weight has dtype {x.dtype}; pass .*weight\.astype\(float\)"):
        checked(op, "weight", x)


@pytest.mark.parametrize(
    ("entry", "named"),
    [
        (1, r"1 \(int\)"),
        (0.5, r"0.5 \(float\)"),
        (None, r"None \(NoneType\)"),
        (np.float64(0.5), r"\(float64\)"),
        # Fraction(np.int64(2**40))**2 overflows to 0 without a warning
        (Fraction(np.int64(2**40)), r"\(Fraction\) with a numerator of type int64"),
    ],
)
def test_object_arrays_hold_nothing_but_fractions_of_python_ints(entry, named):
    with pytest.raises(TypeError, match=f"affine: x is an object array that holds .*{named}; every element must be"):
        checked("affine", "x", rationals(Fraction(1), entry))


def test_object_arrays_where_the_operation_takes_none():
    with pytest.raises(TypeError, match="cross_entropy: logits has dtype object"):
        checked("cross_entropy", "logits", rationals(Fraction(1)))


def test_lists_of_floats_are_float64_and_big_endian_floats_stay_as_they_are():
    assert checked("affine", "x", [[1.0, 2.0]], ndim=2).dtype == np.float64
    swapped = np.array([1.0, 2.0], ">f4")
    assert checked("affine", "x", swapped) is swapped


def test_the_number_of_dimensions_is_named():
    assert checked("affine", "x", np.zeros((2, 3)), ndim=2).shape == (2, 3)
    with pytest.raises(ValueError, match=r"affine: x must have 2 dimensions, got shape \(3,\)"):
        checked("affine", "x", np.zeros(3), ndim=2)


def test_same_dtype():
    same_dtype("affine", x=np.zeros(2), w=np.ones(3))
    with pytest.raises(TypeError, match="affine: the arrays must share one dtype, got x float64, w float32"):
        same_dtype("affine", x=np.zeros(2), w=np.ones(3, np.float32))


def test_like_checks_shape_and_type():
    x = np.zeros((2, 3), np.float32)
    assert like("affine", "y_bar", x, (2, 3)) is x
    with pytest.raises(ValueError, match=r"affine: y_bar must have shape \(3, 2\), got \(2, 3\)"):
        like("affine", "y_bar", x, (3, 2))
    with pytest.raises(TypeError, match="affine: y_bar has dtype int64"):
        like("affine", "y_bar", np.zeros(2, np.int64), (2,))


def test_output_is_new_or_fits():
    x = np.zeros((2, 3), np.float32)
    new = output("relu", None, (2, 3), x.dtype, x)
    assert (new.shape, new.dtype) == ((2, 3), np.float32)
    out = np.empty((2, 3), np.float32)
    assert output("relu", out, (2, 3), x.dtype, x) is out
    with pytest.raises(ValueError, match=r"shape \(2, 3\) and dtype float32, got \(3, 2\) float32"):
        output("relu", out.T, (2, 3), x.dtype, x)
    with pytest.raises(ValueError, match=r"got \(2, 3\) float64"):
        output("relu", np.empty((2, 3)), (2, 3), x.dtype, x)
    with pytest.raises(ValueError, match="got list"):
        output("relu", [[0.0] * 3] * 2, (2, 3), x.dtype, x)
    whole = np.empty((4, 3), np.float32)
    with pytest.raises(ValueError, match="shares memory with an input"):
        output("relu", whole[1:3], (2, 3), x.dtype, x, whole[2:])


@pytest.mark.parametrize("value", [3, np.int8(3), np.uint64(3), np.array(3)])
def test_integers_of_every_kind(value):
    result = integer("group_sort", "group_size", value)
    assert (result, type(result)) == (3, int)


@pytest.mark.parametrize("value", [3.0, True, np.True_, "3", None, np.float64(3), [3]])
def test_what_is_no_integer(value):
    with pytest.raises(TypeError, match="group_sort: group_size must be an integer, got"):
        integer("group_sort", "group_size", value)


def test_integers_below_the_least():
    assert integer("bjorck", "iterations", 0, at_least=0) == 0
    with pytest.raises(ValueError, match="bjorck: order must be at least 1, got 0"):
        integer("bjorck", "order", 0)


def test_axes_are_counted_from_the_front():
    x = np.zeros((2, 3, 4))
    assert [axis_of("group_sort", x, axis) for axis in (-3, -2, -1, 0, 1, 2)] == [0, 1, 2, 0, 1, 2]
    with pytest.raises(ValueError, match=r"axis 3 is out of range for the 3 dimensions of shape \(2, 3, 4\)"):
        axis_of("group_sort", x, 3)
    with pytest.raises(ValueError, match="axis must be at least -3, got -4"):
        axis_of("group_sort", x, -4)
    with pytest.raises(TypeError, match="axis must be an integer"):
        axis_of("group_sort", x, 1.0)
    with pytest.raises(ValueError, match="x is 0-d"):
        axis_of("group_sort", np.zeros(()), 0)
