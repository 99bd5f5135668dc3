"""All cases, and those that a name stands for."""

from __future__ import annotations

from collections.abc import Sequence

from refsort.bench import activations, orthonormalisation, projections, training, whole
from refsort.bench.case import Case

CASES: tuple[Case, ...] = (
    *activations.cases(),
    *projections.cases(),
    *orthonormalisation.cases(),
    *training.cases(),
    *whole.cases(),
)


def chosen(names: Sequence[str], known: Sequence[Case]) -> list[Case]:
    """The cases that the names stand for, in the order of `known`, each once; all where there is no name.

    A name is that of a case, its part before the ``-``, an operation or a family.

    Raises
    ------
    ValueError
        For a name that is none of them; it lists the families and the parts before the ``-``.

    Examples
    --------
    >>> [case.name for case in chosen(["max_min", "w1"], CASES)]
    ['max_min-256x1024', 'max_min-4096x1024', 'max_min-8x65536', 'w1-500x64']
    """
    for name in names:
        if not any(name in _names(case) for case in known):
            short = list(dict.fromkeys(name for case in known for name in (case.family, case.name.split("-")[0])))
            raise ValueError(f"there is no case {name}; --list shows them all, and groups are {', '.join(short)}")
    return [case for case in known if not names or _names(case) & set(names)]


def smallest(cases: Sequence[Case]) -> list[Case]:
    """The first case of each operation: for a look, not for figures."""
    found: dict[str, Case] = {}
    for case in cases:
        found.setdefault(case.operation, case)
    return list(found.values())


def _names(case: Case) -> set[str]:
    return {case.name, case.name.split("-")[0], case.operation, case.family}
