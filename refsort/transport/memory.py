"""What an exact distance needs, asked before it is computed."""

from __future__ import annotations

import os

COST_BYTES = 8  # a distance in float64
PROGRAMME_BYTES = 1500  # a variable of the linear programme in SciPy and HiGHS: 1,100 were measured
BLOCK_BYTES = 1 << 25  # temporaries are cut into blocks of this size


def default_limit() -> int:
    """Half of the machine's memory, in bytes."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2


def needed(n: int, m: int, method: str) -> int:
    """The bytes that a distance between n and m points takes, at most about.

    Examples
    --------
    >>> needed(2000, 2000, "assignment") < 1e9 < needed(2000, 2000, "programme")
    True
    """
    if method == "line":
        return 400 * (n + m)
    cells = n * m if method != "one point" else 0
    programme = PROGRAMME_BYTES if method == "programme" else 0
    return cells * (COST_BYTES + programme) + 400 * (n + m) + 4 * min(BLOCK_BYTES, COST_BYTES * cells)


def require_memory(n: int, m: int, method: str, limit: int | None) -> None:
    """Raise a MemoryError that names the numbers and the ways out, before anything is allocated.

    Examples
    --------
    >>> try:
    ...     require_memory(10**5, 10**5, "assignment", 8 * 10**9)
    ... except MemoryError as error:
    ...     print(str(error)[:103])
    wasserstein1: 100000 x 100000 points by assignment need about 80.2 GB, and the limit is 8.0 GB: take su
    """
    limit = default_limit() if limit is None else limit
    wanted = needed(n, m, method)
    if wanted > limit:
        raise MemoryError(
            f"wasserstein1: {n} x {m} points by {method} need about {_gigabytes(wanted)}, and the limit is "
            f"{_gigabytes(limit)}: take subsamples (of equal sizes with equal weights: the cheapest), one coordinate "
            "(1-D needs no matrix), a critic's lower bound alone (critic_lower_bound), or raise the limit"
        )


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 10**8 else f"{count / 1e6:.3g} MB"
