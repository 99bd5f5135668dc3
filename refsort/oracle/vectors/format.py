"""The vector files: what they hold, how they are read, written and named. Their schema is `data/schema.json`.

    {"count": ..., "flags": {name: {class, reason, links}}, "format": "refsort-vectors/1", "op": ..., "unit_roundoff":
     {dtype: u}, "vectors": [{"id", "arrays", "params", "cotangent", "expected", "tolerance", "flags"}, ...]}

Arrays are flat, in C order; every number is a string (`refsort.oracle.vectors.numerals`); inputs are exactly numbers of
every dtype in `tolerance`, which are the dtypes that the vector is for. `expected` is the exact rational truth: the
result, and for each array the gradient of <cotangent, result>, or the set of admissible ones where there are several.
An irrational tensor says so with its relative `error`, which the bounds include: a consumer compares with the values
that stand there and needs no other rule. Labels have the gradient "none", and so has all of an operation without a
derivative; "unstated" is a kink whose set has no form here.

Policy. The version is a promise to programs that read these files.

- Version 1 covers the operations that `refsort.oracle` judges, all of them, with their parameters and the forms of the
  schema. Within it vectors, flags, links and dtypes of a vector may be added, reasons reworded, a bound replaced by a
  better proved one, a vector withdrawn.
- A new version: any new operation, parameter, field, kind of bound or of admissible set, another spelling of numbers,
  another hash.
- Empty batches are there for the operations that act on each row alone and for affine and network; the mean over an
  empty batch does not exist, a matrix has at least one entry, and so has a row.
- An id is the hash of question and answer (`Vector.id`). It never names anything else, also when its vector is gone.
- A consumer refuses another format, an unknown field, an id that does not match and a wrong count, and reports how many
  vectors it ran beside the count. What it passes over in silence has not been tested.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, NamedTuple

from refsort.oracle.operations import OPERATIONS as _OPERATIONS
from refsort.oracle.vectors.schema import SchemaError, validate
from refsort.oracle.vectors.vector import Flag, Tensor, Vector

FORMAT = "refsort-vectors/1"
_DATA = resources.files("refsort.oracle.vectors") / "data"
OPERATIONS = tuple(_OPERATIONS)


class VectorError(ValueError):
    """A vector file that is damaged, or that says what is not true: one line that says where and what."""


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
    >>> [file.op for file in shipped()] == list(OPERATIONS)
    True
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
    tensor = Tensor(tuple(entry["shape"]), tuple(entry["values"]), entry.get("error", ""))
    if math.prod(tensor.shape) != len(tensor.values):
        raise ValueError(f"{len(tensor.values)} values do not make an array of shape {tensor.shape}")
    tensor.exact()
    return tensor
