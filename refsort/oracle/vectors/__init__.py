"""Golden vectors: questions with exact answers as language-neutral JSON, for implementations without Python as well.

One file an operation in `data`, each vector with the reason why it exists: the class of bugs that it was made to find
and the threads where the world met it. `refsort.oracle.vectors.format` describes the format and its policy.

`shipped` reads the vectors of this package, `read` any file; `verify` recomputes a file from the definitions; `run`
puts the vectors to an adapter.
"""

from refsort.oracle.vectors.format import FORMAT, VectorError, VectorFile, read, shipped
from refsort.oracle.vectors.runner import FileReport, Outcome, run
from refsort.oracle.vectors.vector import Flag, Vector
from refsort.oracle.vectors.verify import verify

__all__ = [  # noqa: RUF022 (in the order of use)
    "shipped",
    "read",
    "verify",
    "run",
    "FileReport",
    "Outcome",
    "VectorFile",
    "Vector",
    "Flag",
    "VectorError",
    "FORMAT",
]
