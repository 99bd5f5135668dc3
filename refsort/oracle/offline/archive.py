"""NumPy archives without pickles whose entry "manifest" is JSON: written whole, read with one error for any damage."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from refsort.atomic import atomic_write

Array = NDArray[Any]


class Unreadable(NamedTuple):
    """An entry that is no plain array, and why."""

    why: str


def content_hash(manifest: dict[str, Any], entries: dict[str, Array]) -> str:
    """A hash of everything in an archive: the manifest, and names, dtypes, shapes and bytes of the entries."""
    digest = hashlib.sha256(json.dumps(manifest, sort_keys=True).encode())
    for name in sorted(entries):
        x = entries[name]
        digest.update(f"{name} {x.dtype.name} {x.shape} ".encode() + np.ascontiguousarray(x).tobytes())
    return digest.hexdigest()


def write(path: str | Path, manifest: dict[str, Any], entries: dict[str, Array]) -> None:
    """Write an archive, completely or not at all."""
    text = np.frombuffer(json.dumps(manifest).encode(), np.uint8)
    with atomic_write(path) as file:
        np.savez_compressed(file, manifest=text, **entries)  # type: ignore[arg-type]


def read(path: str | Path, form: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The manifest and the entries; an entry of Python objects, which is not read, is an `Unreadable`.

    Raises
    ------
    FileNotFoundError
    ValueError
        For a file that is no archive of the format `form`, or only a part of one.
    """
    content = Path(path).read_bytes()
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            entries = {name: _entry(archive, name) for name in archive.files}
        manifest = json.loads(entries.pop("manifest").tobytes())
    except Exception as error:  # a damaged archive makes NumPy, zipfile and zlib raise almost anything
        raise ValueError(f"{path} is no complete archive of this kind: {' '.join(str(error).split())}") from None
    if not isinstance(manifest, dict) or manifest.get("format") != form:
        found = manifest.get("format") if isinstance(manifest, dict) else manifest
        raise ValueError(f"{path}: expected the format {form}, found {found}")
    return manifest, entries


def _entry(archive: Any, name: str) -> Any:
    try:
        return archive[name]
    except ValueError as error:
        if "allow_pickle" not in str(error):
            raise
        return Unreadable("an array of Python objects")
