"""What every operation asks of its arrays: one dtype table, one set of checks.

The table `DTYPES` says which operation takes which floating-point type. An operation returns the dtype it was given;
it neither upcasts nor downcasts, and it never writes to its inputs. Integer, bool and complex input is a `TypeError`
that names the way out.

"rational" stands for object arrays whose elements are all `fractions.Fraction`: operations that use nothing but
+, -, *, / and comparisons run on them unchanged, so the same source lines can be executed exactly.
"""

from __future__ import annotations

import operator
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]

_LINALG = ("float32", "float64")  # what numpy.linalg computes in
_FLOATS = ("float16", "float32", "float64", "longdouble")
_RATIONAL = (*_FLOATS, "rational")

DTYPES: dict[str, tuple[str, ...]] = {
    "group_sort": _RATIONAL,
    "max_min": _RATIONAL,
    "full_sort": _RATIONAL,
    "relu": _RATIONAL,
    "leaky_relu": _RATIONAL,
    "absolute": _RATIONAL,
    "crelu": _RATIONAL,
    "maxout": _RATIONAL,
    "affine": _RATIONAL,
    "select": _RATIONAL,
    "bjorck": _RATIONAL,
    "bjorck_spectral": _LINALG,
    "quotient": _FLOATS,
    "bjorck_scaling": _FLOATS,  # square roots
    "polar_factor": _LINALG,
    "parseval_step": _RATIONAL,
    "power_iteration": _FLOATS,
    "spectral_norm": _LINALG,
    "spectral_norm_schatten": _FLOATS,
    "spectral_normalize": _LINALG,
    "project_simplex": _RATIONAL,
    "project_l1_ball": _RATIONAL,
    "project_l2_ball": _FLOATS,
    "project_linf_ball": _RATIONAL,
    "project_operator_ball": _RATIONAL,  # those in a 2-norm take no rationals
    "row_scaling": _FLOATS,
    "signed_squares": _FLOATS,
    "operator_norm": _FLOATS,  # the pair (2, 2) is a spectral norm: float32 and float64 only
    "cross_entropy": _FLOATS,
    "multiclass_hinge": _RATIONAL,
    "binary_hinge": _RATIONAL,
    "kantorovich_rubinstein": _RATIONAL,
    "hinge_kantorovich_rubinstein": _RATIONAL,
}


def checked(op: str, name: str, value: ArrayLike, ndim: int | None = None) -> Array:
    """`value` as an array that `op` can take, or an error that names what was expected and what was found.

    Parameters
    ----------
    op : str
        The operation, a key of `DTYPES`.
    name : str
        The argument's name, for the error message.
    value : array_like
        The argument. Python lists of floats are accepted as float64.
    ndim : int, optional
        The number of dimensions that `op` needs.

    Raises
    ------
    TypeError
        For a dtype outside of the table's row, and for object arrays that hold anything but Fractions of Python ints.
    ValueError
        For the wrong number of dimensions.

    Examples
    --------
    >>> checked("affine", "x", [[1.0, 2.0]], ndim=2).dtype
    dtype('float64')
    >>> checked("affine", "x", [[1, 2]])
    Traceback (most recent call last):
    ...
    TypeError: affine: x has dtype int64; pass float16, float32, float64, longdouble or rational, e.g. x.astype(float)
    """
    array = np.asarray(value)
    allowed = DTYPES[op]
    if array.dtype == object and "rational" in allowed:
        _check_fractions(op, name, array)
    elif not any(array.dtype.type is getattr(np, dtype) for dtype in allowed if dtype != "rational"):
        wanted = f"{', '.join(allowed[:-1])} or {allowed[-1]}"
        raise TypeError(f"{op}: {name} has dtype {array.dtype}; pass {wanted}, e.g. {name}.astype(float)")
    if ndim is not None and array.ndim != ndim:
        raise ValueError(f"{op}: {name} must have {ndim} dimensions, got shape {array.shape}")
    return array


def _check_fractions(op: str, name: str, array: Array) -> None:
    for value in array.flat:
        # Fraction(np.int64(2**40))**2 is Fraction(0, 1) without a warning: the numerator must be a Python int.
        if type(value) is not Fraction or type(value.numerator) is not int or type(value.denominator) is not int:
            inside = f" with a numerator of type {type(value.numerator).__name__}" if type(value) is Fraction else ""
            raise TypeError(
                f"{op}: {name} is an object array that holds {value!r} ({type(value).__name__}){inside}; "
                "every element must be a fractions.Fraction of Python ints, e.g. refsort.spec.frac(value)"
            )


def same_dtype(op: str, **arrays: Array) -> None:
    """Raise a `TypeError` unless all `arrays` share one dtype: nothing is upcast in silence."""
    if len({array.dtype for array in arrays.values()}) > 1:
        found = ", ".join(f"{name} {array.dtype}" for name, array in arrays.items())
        raise TypeError(f"{op}: the arrays must share one dtype, got {found}; convert with .astype")


def like(op: str, name: str, value: ArrayLike, shape: tuple[int, ...]) -> Array:
    """A cotangent or tangent `value` of the given `shape`, in a dtype that `op` takes, or an error."""
    array = checked(op, name, value)
    if array.shape != shape:
        raise ValueError(f"{op}: {name} must have shape {shape}, got {array.shape}")
    return array


def output(op: str, out: Array | None, shape: tuple[int, ...], dtype: np.dtype[Any], *inputs: Array) -> Array:
    """The array to write a result into: `out` if it fits and shares no memory with `inputs`, else a new one."""
    if out is None:
        return np.empty(shape, dtype)
    if not isinstance(out, np.ndarray) or out.shape != shape or out.dtype != dtype:
        found = f"{out.shape} {out.dtype}" if isinstance(out, np.ndarray) else type(out).__name__
        raise ValueError(f"{op}: out must be an array of shape {shape} and dtype {dtype}, got {found}")
    if any(np.may_share_memory(out, array) for array in inputs):
        raise ValueError(f"{op}: out shares memory with an input, and inputs are never written to")
    return out


def integer(op: str, name: str, value: Any, at_least: int = 1) -> int:
    """`value` as a Python int that is at least `at_least`; a `TypeError` for floats and bools."""
    try:
        if isinstance(value, bool | np.bool_):
            raise TypeError
        result = operator.index(value)
    except TypeError:
        raise TypeError(f"{op}: {name} must be an integer, got {value!r} ({type(value).__name__})") from None
    if result < at_least:
        raise ValueError(f"{op}: {name} must be at least {at_least}, got {result}")
    return result


def axis_of(op: str, x: Array, axis: Any) -> int:
    """`axis` counted from the front, or an error that names the dimensions of `x`."""
    if x.ndim == 0:
        raise ValueError(f"{op}: x is 0-d, so there is no axis to work along; pass at least one dimension")
    index = integer(op, "axis", axis, at_least=-x.ndim)
    if index >= x.ndim:
        raise ValueError(f"{op}: axis {index} is out of range for the {x.ndim} dimensions of shape {x.shape}")
    return index % x.ndim


def number(op: str, name: str, value: Any, dtype: np.dtype[Any], finite: bool = True) -> Any:
    """`value` as a scalar of `dtype` (a Fraction for object), or an error; for parameters and scalar cotangents."""
    scalar = value.item() if isinstance(value, np.ndarray) and value.ndim == 0 else value
    wanted = "a Fraction or an int" if dtype.kind == "O" else "a real number"
    allowed = (Fraction, int, np.integer) if dtype.kind == "O" else (int, float, np.integer, np.floating)
    if isinstance(scalar, bool) or not isinstance(scalar, allowed):
        raise TypeError(f"{op}: {name} must be {wanted}, got {value!r} ({type(value).__name__})")
    if dtype.kind == "O":
        return scalar if isinstance(scalar, Fraction) else Fraction(int(scalar))
    with np.errstate(over="ignore"):
        result = dtype.type(scalar)
    if finite and not np.isfinite(result):
        raise ValueError(f"{op}: {name} must be finite in {dtype}, got {value!r}")
    return result


def zero(dtype: np.dtype[Any]) -> Any:
    """The zero that makes `numpy.where` and `numpy.maximum` keep `dtype`: a Fraction among Fractions."""
    return Fraction(0) if dtype.kind == "O" else 0
