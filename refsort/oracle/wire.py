"""Arrays and parameters as JSON of which no number is left to a JSON reader: reals are hex floats in strings.

    {"shape": [2, 3], "dtype": "float32", "data": ["0x1.8p+1", "-0x0p+0", ...]}     row after row, the last axis fastest

The protocol that uses them: `refsort.oracle.subprocess_adapter`.
"""

from __future__ import annotations

import math
import re
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

DTYPES = ("float16", "float32", "float64", "int64")
"""What an array can be of; bfloat16 travels as the float32 numbers that it holds."""

_INTEGER = re.compile(r"[+-]?[0-9]+")
_REAL = re.compile(r"([+-]?)0[xX]([0-9a-fA-F]+)(?:\.([0-9a-fA-F]*))?(?:[pP]([+-]?[0-9]+))?|[+-]?(?:inf|infinity|nan)")


def encoded(x: Array) -> dict[str, Any]:
    """An array as plain dicts, lists and strings.

    Examples
    --------
    >>> encoded(np.array([[0.1, -2.0]]))
    {'shape': [1, 2], 'dtype': 'float64', 'data': ['0x1.999999999999ap-4', '-0x1.0000000000000p+1']}
    """
    values = x.ravel().tolist()
    data = [value.hex() for value in values] if x.dtype.kind == "f" else [str(int(value)) for value in values]
    return {"shape": list(x.shape), "dtype": x.dtype.name if x.dtype.kind == "f" else "int64", "data": data}


def decoded(what: str, found: Any) -> Array:
    """The inverse of `encoded`; `what` names the array in errors.

    Raises
    ------
    ValueError
        For another form, and for a number that is no hex float or integer, or that its dtype does not hold exactly.

    Examples
    --------
    >>> decoded("out", {"shape": [2], "dtype": "float32", "data": ["0x1.8p+0", "3"]})
    array([1.5, 3. ], dtype=float32)
    >>> decoded("out", {"shape": [1], "dtype": "float32", "data": ["0.1"]})
    Traceback (most recent call last):
    ...
    ValueError: out: '0.1' is no number of this protocol: a hex float such as 0x1.8p-2, or an integer
    """
    if not isinstance(found, dict) or set(found) != {"shape", "dtype", "data"}:
        raise ValueError(f"{what}: expected an object of shape, dtype and data, got {shown(found)}")
    shape, dtype, data = found["shape"], found["dtype"], found["data"]
    if not isinstance(shape, list) or not all(type(side) is int and side >= 0 for side in shape):
        raise ValueError(f"{what}: a shape is a list of whole numbers, got {shown(shape)}")
    if dtype not in DTYPES:
        raise ValueError(f"{what}: a dtype is one of {', '.join(DTYPES)}, got {shown(dtype)}")
    if not isinstance(data, list) or len(data) != math.prod(shape):
        count = len(data) if isinstance(data, list) else "no list of"
        raise ValueError(f"{what}: {count} numbers for the shape {shape}")
    if dtype == "int64":
        return np.array([_integer(what, text) for text in data], dtype=np.int64).reshape(shape)
    wide = np.array([_real(what, text) for text in data], dtype=np.float64)
    with np.errstate(over="ignore"):
        narrow = wide.astype(dtype)
    changed = (narrow != wide) & ~np.isnan(wide)
    if changed.any():
        raise ValueError(f"{what}: {data[int(changed.argmax())]} is no {dtype}")
    return narrow.reshape(shape)


def encoded_params(params: dict[str, Any]) -> dict[str, Any]:
    """Parameters: whole numbers as they are, reals as hex floats, names as they are.

    Examples
    --------
    >>> encoded_params({"iterations": 3, "beta": 0.5, "p": math.inf, "form": "full"})
    {'iterations': 3, 'beta': '0x1.0000000000000p-1', 'p': 'inf', 'form': 'full'}
    """
    return {name: _encoded_param(value) for name, value in params.items()}


def decoded_params(params: dict[str, Any]) -> dict[str, Any]:
    """The inverse of `encoded_params`; a string that reads as a real number is one.

    Examples
    --------
    >>> decoded_params({"iterations": 3, "beta": "0x1.0p-1", "p": "inf", "form": "full"})
    {'iterations': 3, 'beta': 0.5, 'p': inf, 'form': 'full'}
    """
    return {name: _decoded_param(value) for name, value in params.items()}


def shown(found: Any, most: int = 80) -> str:
    """Something for an error message, cut to a readable length."""
    text = repr(found)
    return text if len(text) <= most else f"{text[:most]}..."


def _encoded_param(value: Any) -> Any:
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, list | tuple):
        return [_encoded_param(entry) for entry in value]
    return value.hex() if isinstance(value, float) else value


def _decoded_param(value: Any) -> Any:
    if isinstance(value, list):
        return [_decoded_param(entry) for entry in value]
    return float.fromhex(value) if isinstance(value, str) and _REAL.fullmatch(value) else value


def _integer(what: str, text: Any) -> int:
    if not isinstance(text, str) or not _INTEGER.fullmatch(text):
        raise ValueError(f"{what}: {shown(text)} is no integer in a string")
    if not -(2**63) <= int(text) < 2**63:
        raise ValueError(f"{what}: {shown(text)} is no int64")
    return int(text)


def _real(what: str, text: Any) -> float:
    """The number that a string is; nothing is rounded on the way."""
    if isinstance(text, str) and _INTEGER.fullmatch(text) and abs(int(text)) <= 2**53:
        return float(int(text))
    match = _REAL.fullmatch(text) if isinstance(text, str) else None
    if match is None:  # float.fromhex would take 0.1 for a hex fraction
        raise ValueError(
            f"{what}: {shown(text)} is no number of this protocol: a hex float such as 0x1.8p-2, or an integer"
        )
    try:
        value = float.fromhex(text)
    except OverflowError:
        raise ValueError(f"{what}: {text} is no float64") from None
    if not _surely_held(match) and abs(Fraction(value)) != _magnitude(match):
        raise ValueError(f"{what}: {text} is no float64")
    return value


def _surely_held(match: re.Match[str]) -> bool:
    """Whether 53 bits, none below 2^-1074, are seen to be enough: as ``%a`` and ``hex`` write; or it is not finite."""
    if match[2] is None:
        return True
    return match[2] in ("0", "1") and len(match[3] or "") <= 13 and len(match[4] or "") <= 4


def _magnitude(match: re.Match[str]) -> Fraction:
    whole, part, exponent = match[2], match[3] or "", int(match[4] or 0)
    return int(whole + part, 16) * Fraction(2) ** (exponent - 4 * len(part))
