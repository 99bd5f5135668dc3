"""The vector files: what they hold, how they are read, written and named. Their schema is `data/schema.json`.

    {"count": ..., "flags": {name: {class, reason, links}}, "format": "refsort-vectors/1", "op": ..., "unit_roundoff":
     {dtype: u}, "vectors": [{"id", "arrays", "params", "cotangent", "expected", "tolerance", "flags"}, ...]}

Arrays are flat, in C order; every number is a string (`refsort.oracle.vectors.numerals`); inputs are exactly numbers of
every dtype in `tolerance`, which are the dtypes that the vector is for. `expected` is the exact rational truth: the
result, and for each array the gradient of <cotangent, result>, or the set of admissible ones where there are several.

Policy. The version is a promise to programs that read these files.

- Within version 1: vectors, flags, links and dtypes of a vector may be added, reasons reworded, a bound replaced by a
  better proved one, a vector withdrawn.
- A new version: any new field, kind of bound or of admissible set, another spelling of numbers, another hash.
- An id is the hash of question and answer (`Vector.id`). It never names anything else, also when its vector is gone.
- A consumer refuses another format, an unknown field, an id that does not match and a wrong count, and reports how many
  vectors it ran beside the count. What it passes over in silence has not been tested.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from refsort.oracle.vectors import numerals
from refsort.oracle.vectors.schema import SchemaError, validate
from refsort.strategies import FORMATS

FORMAT = "refsort-vectors/1"
OPERATIONS = ("group_sort", "max_min", "full_sort", "affine", "bjorck", "project_l1_ball")
_DATA = resources.files("refsort.oracle.vectors") / "data"
_INTEGERS = ("axis", "group_size", "iterations", "order")


class VectorError(ValueError):
    """A vector file that is damaged, or that says what is not true: one line that says where and what."""


class Tensor(NamedTuple):
    """An array of exact numbers: its shape, and its entries as they are spelled, in C order."""

    shape: tuple[int, ...]
    values: tuple[str, ...]

    @classmethod
    def of(cls, x: NDArray[Any]) -> Tensor:
        """That of an array of Fractions."""
        return cls(x.shape, tuple(numerals.write(value) for value in x.flat))

    def exact(self) -> NDArray[Any]:
        """As an array of Fractions.

        Examples
        --------
        >>> Tensor((1, 2), ("1/4", "-0")).exact().tolist()
        [[Fraction(1, 4), Fraction(0, 1)]]
        """
        result = np.empty(len(self.values), dtype=object)
        result[:] = [numerals.read(value) for value in self.values]
        return result.reshape(self.shape)

    def floats(self, dtype: str) -> NDArray[Any]:
        """As the array that carries `dtype`; the negative zeros are kept."""
        numbers = [-0.0 if value == "-0" else float(numerals.read(value)) for value in self.values]
        return np.array(numbers, dtype=np.float64).astype(FORMATS[dtype].carrier).reshape(self.shape)

    def json(self) -> dict[str, Any]:
        """As it stands in the file."""
        return {"shape": list(self.shape), "values": list(self.values)}


class Flag(NamedTuple):
    """Why a vector exists: the class of bugs that it is made for, the reason, and threads where the world met it."""

    bug_class: str
    reason: str
    links: tuple[str, ...]


class Vector(NamedTuple):
    """A question with its exact answer.

    Attributes
    ----------
    op : str
    arrays : tuple of Tensor
    params : dict
        By name, as they are spelled.
    cotangent : Tensor
        Of the shape of the result.
    expected, tolerance : dict
        As in the file; the keys of `tolerance` are the dtypes that the vector is for.
    flags : tuple of str
    """

    op: str
    arrays: tuple[Tensor, ...]
    params: dict[str, str]
    cotangent: Tensor
    expected: dict[str, Any]
    tolerance: dict[str, Any]
    flags: tuple[str, ...]

    @property
    def id(self) -> str:
        """The hash of question and answer, not of tolerances and flags: those may be improved."""
        content = self.json()
        for name in ("flags", "tolerance"):
            del content[name]
        text = json.dumps({"op": self.op, **content}, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def json(self) -> dict[str, Any]:
        """As it stands in the file, but for the id."""
        return {
            "arrays": [array.json() for array in self.arrays],
            "cotangent": self.cotangent.json(),
            "expected": self.expected,
            "flags": list(self.flags),
            "params": self.params,
            "tolerance": self.tolerance,
        }

    def exact_params(self) -> dict[str, int | Fraction]:
        """The parameters as numbers: ints for axis, group_size, iterations and order."""
        numbers = {name: numerals.read(value) for name, value in self.params.items()}
        return {name: int(value) if name in _INTEGERS else value for name, value in numbers.items()}

    def float_params(self) -> dict[str, int | float]:
        """The parameters as an adapter takes them."""
        return {name: x if isinstance(x, int) else float(x) for name, x in self.exact_params().items()}


class VectorFile(NamedTuple):
    """The vectors of one operation.

    Attributes
    ----------
    op : str
    declared : int
        The count that the file declares: the number of its vectors.
    flags : dict of Flag
    vectors : list of Vector
    unit_roundoff : dict
        The u of each dtype, as spelled.
    """

    op: str
    declared: int
    flags: dict[str, Flag]
    vectors: list[Vector]
    unit_roundoff: dict[str, str]


def schema() -> dict[str, Any]:
    """The JSON Schema of the format."""
    content: dict[str, Any] = json.loads((_DATA / "schema.json").read_text(encoding="utf-8"))
    return content


def shipped() -> list[VectorFile]:
    """The vectors of this package, an operation a file.

    Examples
    --------
    >>> [file.op for file in shipped()]
    ['group_sort', 'max_min', 'full_sort', 'affine', 'bjorck', 'project_l1_ball']
    """
    return [parse((_DATA / f"{op}.json").read_text(encoding="utf-8"), f"{op}.json") for op in OPERATIONS]


def shipped_bytes() -> dict[str, bytes]:
    """The files as they are, the schema among them."""
    return {name: (_DATA / name).read_bytes() for name in ["schema.json", *(f"{op}.json" for op in OPERATIONS)]}


def read(path: str | Path) -> VectorFile:
    """The vectors of the file at `path`.

    Raises
    ------
    FileNotFoundError
    VectorError
        As `parse`.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise VectorError(f"{path}: not UTF-8: {error}") from None
    return parse(text, str(path))


def parse(text: str, name: str = "vectors") -> VectorFile:
    """The vectors that `text` holds; `name` is for messages.

    Raises
    ------
    VectorError
        For text that is not the whole JSON of such a file, for unknown fields, and wherever shapes, counts, flags,
        spellings or ids do not match.

    Examples
    --------
    >>> parse('{"format": "refsort-vectors/1", "op": "aff', "affine.json")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    refsort.oracle.vectors.format.VectorError: affine.json: damaged or cut off: ...
    """
    document = _document(text, name)
    flags = {key: Flag(flag["class"], flag["reason"], tuple(flag["links"])) for key, flag in document["flags"].items()}
    op, count = document["op"], document["count"]
    if count != len(document["vectors"]):
        raise VectorError(f"{name}: count is {count}, and there are {len(document['vectors'])} vectors")
    vectors = [_vector(op, entry, f"{name}: vector {entry['id']}") for entry in document["vectors"]]
    ids = [vector.id for vector in vectors]
    for id in ids:
        if ids.count(id) > 1:
            raise VectorError(f"{name}: vector {id} stands there twice")
    used = {flag for vector in vectors for flag in vector.flags}
    if used != set(flags):
        raise VectorError(f"{name}: the flags {sorted(used ^ set(flags))} are used and not explained, or not used")
    return VectorFile(op, count, flags, vectors, document["unit_roundoff"])


def text(op: str, flags: Mapping[str, Flag], vectors: Sequence[Vector], unit_roundoff: Mapping[str, str]) -> str:
    """The file of these vectors: sorted keys, one vector a line."""
    explained = {
        name: {"class": flag.bug_class, "links": list(flag.links), "reason": flag.reason}
        for name, flag in flags.items()
    }
    head = {"count": len(vectors), "flags": explained, "format": FORMAT, "op": op, "unit_roundoff": dict(unit_roundoff)}
    opening = json.dumps(head, indent=1, sort_keys=True).removesuffix("\n}")
    lines = ",\n".join(
        f"  {json.dumps({'id': vector.id, **vector.json()}, sort_keys=True, separators=(',', ':'))}"
        for vector in vectors
    )
    return f'{opening},\n "vectors": [\n{lines}\n ]\n}}\n'


def _document(text: str, name: str) -> dict[str, Any]:
    try:
        document = json.loads(text, object_pairs_hook=_without_repeats, parse_constant=_refused)
    except json.JSONDecodeError as error:
        raise VectorError(f"{name}: damaged or cut off: {error}") from None
    except ValueError as error:
        raise VectorError(f"{name}: {error}") from None
    if isinstance(document, dict) and document.get("format", FORMAT) != FORMAT:
        raise VectorError(f"{name}: the format is {document['format']!r}; this program reads {FORMAT}")
    try:
        validate(document, schema())
    except SchemaError as error:
        raise VectorError(f"{name}: {error}") from None
    result: dict[str, Any] = document
    return result


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"the field {name!r} stands twice in one object")
    return dict(pairs)


def _refused(constant: str) -> Any:
    raise ValueError(f"{constant} is no number of this format")


def _vector(op: str, entry: dict[str, Any], where: str) -> Vector:
    try:
        vector = Vector(
            op,
            tuple(_tensor(array) for array in entry["arrays"]),
            entry["params"],
            _tensor(entry["cotangent"]),
            entry["expected"],
            entry["tolerance"],
            tuple(entry["flags"]),
        )
        _tensor(entry["expected"]["out"])
    except ValueError as error:
        raise VectorError(f"{where}: {error}") from None
    if vector.id != entry["id"]:
        raise VectorError(f"{where}: the id does not match the content, whose id is {vector.id}")
    return vector


def _tensor(entry: dict[str, Any]) -> Tensor:
    tensor = Tensor(tuple(entry["shape"]), tuple(entry["values"]))
    if math.prod(tensor.shape) != len(tensor.values):
        raise ValueError(f"{len(tensor.values)} values do not make an array of shape {tensor.shape}")
    tensor.exact()
    return tensor
