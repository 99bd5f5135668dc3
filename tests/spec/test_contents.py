from __future__ import annotations

import ast
from pathlib import Path

import refsort.spec


def test_the_table_of_contents_is_complete() -> None:
    assert len(set(refsort.spec.__all__)) == len(refsort.spec.__all__)
    for name in refsort.spec.__all__:
        assert getattr(refsort.spec, name).__doc__


def test_the_definitions_import_the_standard_library_and_each_other_only() -> None:
    for path in Path(refsort.spec.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                assert (node.module or "").split(".")[:2] in (["refsort", "spec"], *STANDARD), (path, node.module)
            if isinstance(node, ast.Import):
                assert all([alias.name] in STANDARD for alias in node.names), path


STANDARD = [
    ["__future__"],
    ["collections", "abc"],
    ["dataclasses"],
    ["fractions"],
    ["itertools"],
    ["math"],
    ["numbers"],
    ["operator"],
    ["typing"],
]
