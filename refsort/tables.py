"""Tables in plain text, for terminals."""

from __future__ import annotations

from collections.abc import Sequence


def format_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A head, a rule and rows: the first column to the left, the others to the right.

    Examples
    --------
    >>> print(format_table(["set", "clean"], [["test", "97.5"]]))
    set   clean
    ----  -----
    test   97.5
    """
    rule = ["-" * max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    return "\n".join(aligned([head, rule, *rows], left=1))


def aligned(rows: Sequence[Sequence[str]], left: int | None = None) -> list[str]:
    """Lines whose columns stand below one another: the first `left` of them to the left, all where that is None.

    Examples
    --------
    >>> aligned([("a", "bc", "d"), ("abc", "b", "")])
    ['a    bc  d', 'abc  b']
    """
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(width) if left is None or i < left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
