"""What is judged: an adapter is one Python file, some 20 lines, no base class.

    NAME = "mylib 1.2 (torch)"                                                        # optional
    DTYPES = ["float32", "float64"]                                                   # optional; "float16", "bfloat16"
    CONVENTIONS = {"group_sort": {"order": "ascending", "layout": "contiguous"}}      # optional
    UNIT_ROUNDOFF = {"float32": 2**-24}                                               # optional
    UNAVAILABLE = "no GPU here"          # optional: why it cannot run on this machine; an empty sentence where it can
    FLUSHES_SUBNORMALS = True            # optional: subnormals count as zero; cases that may meet them are passed over
    OPS = {"group_sort": ..., ...}                                                    # optional; what it has

    def call(op, arrays, params, cotangent=None, dtype="float32"):  # numpy in, numpy out
        ...
        return out, None                        # without a cotangent
        return out, [gradient of each array]    # with one; None for an array of integers (labels)

A loss or a norm returns a 0-d array or a NumPy scalar. Norms p, q are numbers, ``math.inf`` among them ("inf" in JSON).
An operation without a derivative (certified_radius) is never called with a cotangent. An exception for an empty batch
is a case that is not implemented; an answer to one is judged.

`dtype` says what to compute in; bfloat16 data travels as float32 arrays whose values bfloat16 holds exactly, and comes
back as such. An operation that is absent from OPS is NOT IMPLEMENTED. ``NotImplementedError`` says the same from within
`call`; raised only where a cotangent is given, it says that there is no gradient.
"""

from __future__ import annotations

import importlib
import importlib.util
import math
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from refsort.oracle.conventions import Convention, declared
from refsort.oracle.sources import Source
from refsort.rounding import UNIT_ROUNDOFF
from refsort.strategies import FORMATS

SHIPPED = {
    "numpy": "refsort.oracle.adapters.numpy_adapter",
    "torch": "refsort.oracle.adapters.torch_adapter",
    "jax": "refsort.oracle.adapters.jax_adapter",
}


class AdapterError(Exception):
    """An adapter that cannot be loaded, or that declares something impossible: one line that says what."""


class Adapter(NamedTuple):
    """An adapter as it was loaded and checked.

    Attributes
    ----------
    name : str
        NAME, or the name of the module.
    dtypes : tuple of str
        What it computes in; float32 and float64 unless DTYPES says otherwise.
    conventions : dict of Convention
        One for each operation that declares another layout or order than refsort's.
    unit_roundoff : dict of Fraction
        For each dtype the u that tolerances are made with.
    ops : frozenset of str, or None
        The operations it has; None where it has no OPS, and `call` is asked.
    call : callable
        As in the protocol above.
    flushes_subnormals : bool
        Whether it says that it treats subnormals as zero; cases that may meet any are then not judged.
    taps : callable or None
        ``taps(arrays, params, dtype)`` gives the outputs of the hidden layers of `network`.
    source : str, Program or Answers
        What it was made of; empty for an adapter that was put together in Python.
    """

    name: str
    dtypes: tuple[str, ...]
    conventions: dict[str, Convention]
    unit_roundoff: dict[str, Fraction]
    ops: frozenset[str] | None
    call: Callable[..., Any]
    flushes_subnormals: bool = False
    taps: Callable[..., Any] | None = None
    source: Source = ""


def load(source: str) -> Adapter:
    """The adapter that `source` names: "numpy", "torch" or "jax", a Python file, or a dotted module.

    Raises
    ------
    AdapterError
        Where there is no such file or module, where it does not import, and where a declaration is wrong.

    Examples
    --------
    >>> load("numpy").dtypes
    ('float16', 'float32', 'float64')
    """
    module = _module(source)
    if getattr(module, "UNAVAILABLE", ""):
        raise AdapterError(f"{source} cannot run here: {module.UNAVAILABLE}")
    if not callable(getattr(module, "call", None)):
        raise AdapterError(f"{source} has no function `call(op, arrays, params, cotangent=None, dtype='float32')`")
    ops = getattr(module, "OPS", None)
    if ops is not None and not isinstance(ops, dict):
        raise AdapterError(f"{source}: OPS must be a dict of operations, got {type(ops).__name__}")
    try:
        conventions = declared(getattr(module, "CONVENTIONS", {}))
    except ValueError as error:
        raise AdapterError(f"{source}: {error}") from None
    return Adapter(
        name=str(getattr(module, "NAME", module.__name__)),
        dtypes=declared_dtypes(source, getattr(module, "DTYPES", ("float32", "float64"))),
        conventions=conventions,
        unit_roundoff=UNIT_ROUNDOFF | declared_roundoffs(source, getattr(module, "UNIT_ROUNDOFF", {})),
        ops=None if ops is None else frozenset(ops),
        call=module.call,
        flushes_subnormals=bool(getattr(module, "FLUSHES_SUBNORMALS", False)),
        taps=getattr(module, "taps", None),
        source=source,
    )


def _module(source: str) -> ModuleType:
    path, name = Path(source), SHIPPED.get(source, source)
    try:
        if source not in SHIPPED and (path.suffix == ".py" or "/" in source or path.is_dir()):
            return _from_file(source, path)
        return importlib.import_module(name)
    except AdapterError:
        raise
    except ModuleNotFoundError as error:
        if error.name is not None and f"{name}.".startswith(f"{error.name}."):
            names = ", ".join(SHIPPED)
            raise AdapterError(f"there is no module {source}; pass {names}, a .py file or a dotted module") from None
        raise AdapterError(f"{source} does not import: {one_line(error)}") from error
    except (Exception, SystemExit) as error:  # whatever its top level does is the adapter's failure, not ours
        raise AdapterError(f"{source} does not import: {one_line(error)}") from error


def _from_file(source: str, path: Path) -> ModuleType:
    if not path.exists():
        raise AdapterError(f"there is no file {source}")
    if path.is_dir():
        raise AdapterError(f"{source} is a directory; pass a .py file or a dotted module")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise AdapterError(f"{source} is no Python file; its name must end in .py")
    module = importlib.util.module_from_spec(spec)
    here = str(path.resolve().parent)
    sys.path.insert(0, here)  # as for a script: an adapter may import what lies beside it
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(here)
    return module


def one_line(error: BaseException) -> str:
    """An exception in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())


def declared_dtypes(source: str, names: Any) -> tuple[str, ...]:
    """DTYPES, checked; `source` is named in errors.

    Raises
    ------
    AdapterError
    """
    known = ", ".join(FORMATS)
    if not isinstance(names, list | tuple) or not names or not all(name in tuple(FORMATS) for name in names):
        raise AdapterError(f"{source}: DTYPES must be a list of names among {known}, got {names!r}")
    return tuple(names)


def declared_roundoffs(source: str, declarations: Any) -> dict[str, Fraction]:
    """UNIT_ROUNDOFF, checked, as exact numbers; `source` is named in errors.

    Raises
    ------
    AdapterError
    """
    if not isinstance(declarations, dict):
        raise AdapterError(f"{source}: UNIT_ROUNDOFF must be a dict of dtype names, got {declarations!r}")
    for name, u in declarations.items():
        if name not in FORMATS or not isinstance(u, float | Fraction) or not math.isfinite(u) or not 0 < u < 1:
            raise AdapterError(f"{source}: UNIT_ROUNDOFF[{name!r}] must be a float in (0, 1) for a dtype, got {u!r}")
    return {name: Fraction(u) for name, u in declarations.items()}
