"""``--threads N``: how many threads numerical libraries use, said in time.

BLAS and OpenMP read their environment variables once, when they are loaded; NumPy loads its BLAS when it is imported.
So this file imports nothing that imports NumPy, and the command line is looked through before anything else happens.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def asked_for(argv: Sequence[str]) -> int | None:
    """The N of ``--threads N`` or ``--threads=N``; None where there is none, or none that the parser will accept.

    Examples
    --------
    >>> asked_for(["check", "torch", "--threads", "2"]), asked_for(["check", "--threads=3"]), asked_for(["check"])
    (2, 3, None)
    """
    for i, argument in enumerate(argv):
        option, equals, value = argument.partition("=")
        if option == "--threads":
            number = value if equals else "".join(argv[i + 1 : i + 2])
            return int(number) if number.isdecimal() and int(number) > 0 else None
    return None


def limit(number: int) -> None:
    """Have the libraries that are loaded from here on, and programs that are started, use so many threads."""
    for variable in VARIABLES:
        os.environ[variable] = str(number)
