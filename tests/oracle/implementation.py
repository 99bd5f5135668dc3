"""One implementation of one operation, right or wrong, as the oracle's own tests are made of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from refsort.oracle import Adapter
from refsort.oracle.conventions import declared
from refsort.rounding import UNIT_ROUNDOFF
from tests.oracle.plain import bfloat16

SCALAR = ("spectral_norm", "operator_norm", "hinge", "cross_entropy", "kr", "hkr")


class Implementation(NamedTuple):
    """A function ``(arrays, params, cotangent) -> (result, gradients)`` and what is known of it.

    Attributes
    ----------
    name, op : str
    dtypes : tuple of str
    function : callable
        Always given a cotangent: zeros where the oracle asks for the result alone. All sorts are given a group size.
        Where bfloat16 is asked for, what it returns is rounded to it.
    conventions, unit_roundoff : dict
        What it declares, as an adapter's CONVENTIONS and UNIT_ROUNDOFF.
    bug : str
        The class of its one bug, a key of `refsort.oracle.bugs.BUGS`; empty for a correct one.
    diagnosis : str
        What the oracle must call its bug; empty where it has no name for it.
    words : tuple of str
        What the sentence of the diagnosis must contain.
    """

    name: str
    op: str
    dtypes: tuple[str, ...]
    function: Callable[..., tuple[Any, Any]]
    conventions: dict[str, dict[str, str]]
    unit_roundoff: dict[str, Any]
    bug: str = ""
    diagnosis: str = ""
    words: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """What names it among all of its kind."""
        return f"{self.op}/{self.name}"

    def adapter(self) -> Adapter:
        """What the oracle judges: this operation alone."""
        roundoffs = UNIT_ROUNDOFF | self.unit_roundoff
        conventions, ops = declared(self.conventions), frozenset([self.op])
        return Adapter(self.name, self.dtypes, conventions, roundoffs, ops, self._call)

    def _call(
        self, op: str, arrays: list[Any], params: dict[str, Any], cotangent: Any = None, dtype: str = "float32"
    ) -> tuple[Any, Any]:
        g = np.zeros(result_shape(op, arrays), arrays[0].dtype) if cotangent is None else cotangent
        if op in ("max_min", "full_sort"):
            params = params | {"group_size": 2 if op == "max_min" else arrays[0].shape[params["axis"]]}
        with np.errstate(all="ignore"):  # an overflow is judged by what it returns
            out, gradients = self.function(arrays, params, g)
            if dtype == "bfloat16":
                out = _rounded(out)
                gradients = [_rounded(x) for x in gradients] if isinstance(gradients, list | tuple) else gradients
        return out, None if cotangent is None else gradients


def _rounded(x: Any) -> Any:
    """Floats that carry bfloat16, rounded to it; anything else as it is."""
    if getattr(x, "dtype", None) != np.float32:
        return x
    return bfloat16(x)[()] if isinstance(x, np.generic) else bfloat16(x)


def result_shape(op: str, arrays: list[Any]) -> tuple[int, ...]:
    """The shape of the result of `op`."""
    if op in SCALAR:
        return ()
    if op in ("affine", "network"):
        return len(arrays[0]), len(arrays[-1])
    return arrays[0].shape[:1] if op == "certified_radius" else arrays[0].shape


def registered(found: dict[str, Implementation], new: Implementation) -> Callable[..., Any]:
    """Its function, once it is among those `found`; two of one name would hide one another."""
    old = found.setdefault(new.key, new)
    read_again = old.function.__code__.co_filename == new.function.__code__.co_filename and (
        old.function is new.function or old.function.__globals__ is not new.function.__globals__
    )
    if old is not new and not read_again:  # a file may be imported under two names
        raise ValueError(f"there are two implementations {new.key}")
    return new.function
