"""Imports point one way: the rules of the house, held by the syntax tree."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "refsort"

# room: what it may import from the rest of refsort
RULES = {
    "rounding": set(),
    "atomic": set(),
    "progress": set(),
    "tables": set(),
    "output": {"atomic"},
    "figures": {"atomic"},
    "threads": set(),
    "spec": set(),
    "ops": set(),
    "data": set(),
    "nets": {"ops", "atomic", "progress"},
    "constructions": {"nets", "ops"},
    "certify": {"nets", "ops", "rounding", "progress", "tables"},
    "certify/command": {"nets", "ops", "certify", "data", "figures", "output"},
    "transport": {"nets", "ops", "certify", "constructions", "progress", "tables", "rounding"},
    "transport/command": {"nets", "ops", "transport", "data", "figures", "output", "atomic"},
    "strategies": {"spec"},
    "oracle": {"spec", "rounding", "strategies", "atomic", "output", "progress", "tables", "threads", "__version__"},
    "oracle/adapters/numpy_adapter": {"ops", "nets", "certify", "__version__"},
    "oracle/adapters/torch_adapter": set(),
    "oracle/adapters/jax_adapter": set(),
    "pytest_plugin": {"oracle", "strategies"},
    "prove": {"progress", "__version__"},
    "bench": {"ops", "nets", "transport", "oracle", "atomic", "output", "progress", "tables", "threads", "__version__"},
    "bench/torch_peers": {"bench"},
    "bench/torch_networks": {"bench"},
    "bench/torch_operations": {"ops"},
    "experiments": {
        "ops",
        "nets",
        "certify",
        "transport",
        "data",
        "atomic",
        "figures",
        "progress",
        "tables",
        "__version__",
    },
}
THIRD_PARTY = {
    "": {"numpy", "scipy"},
    "threads": set(),
    "figures": {"numpy", "matplotlib"},
    "strategies": {"numpy", "scipy", "hypothesis"},
    "oracle": {"numpy", "scipy", "hypothesis"},
    "oracle/adapters/torch_adapter": {"numpy", "torch"},
    "oracle/adapters/jax_adapter": {"numpy", "jax"},
    "bench/torch_peers": {"numpy", "torch"},
    "bench/torch_networks": {"torch"},
    "bench/torch_operations": {"torch"},
    "pytest_plugin": {"pytest"},
}
STANDARD = __import__("sys").stdlib_module_names


def imports(path):
    """Every imported module name of a file, wherever in it the import stands."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide where they point"
            # `from refsort import spec` names the room as well as `from refsort.spec import frac` does
            yield from (f"refsort.{a.name}" for a in node.names) if node.module == "refsort" else [node.module]


def room_of(path, table):
    name = path.relative_to(PACKAGE).with_suffix("").as_posix()
    return max((key for key in table if name == key or name.startswith(f"{key}/") or key == ""), key=len, default=None)


FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_imports_follow_the_rules(path):
    room = room_of(path, RULES)
    if room is None:
        assert path.relative_to(PACKAGE).as_posix() in {"__init__.py", "__main__.py", "cli.py"}, "a file without a rule"
        return
    own = room.split("/")[0]
    for module in imports(path):
        top, *rest = module.split(".")
        if top == "refsort":
            rest = rest or ["__version__"]  # the package itself holds nothing else
            allowed = RULES[room] | ({own} if room == own else set())
            assert rest[0] in allowed, f"{room} may import {sorted(allowed)}, and {path.name} imports {module}"
        elif top not in STANDARD:
            assert top in THIRD_PARTY[room_of(path, THIRD_PARTY)], f"{path.name} imports {module}"


def test_the_rules_are_about_files_that_exist():
    for room in RULES:
        assert (PACKAGE / room).is_dir() or (PACKAGE / f"{room}.py").is_file()
    assert len(FILES) > 40


def test_importing_the_core_imports_no_optional_package():
    import subprocess
    import sys

    code = (
        "import refsort, refsort.ops, refsort.nets, refsort.certify, refsort.spec, refsort.data, sys;"
        "print(sorted({'torch', 'jax', 'matplotlib', 'hypothesis', 'pytest'} & set(sys.modules)));"
        "import refsort.cli; print(sorted({'torch', 'jax', 'pytest'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n[]\n"


def test_top_level_is_as_designed():
    listed = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}
    listed -= {"build", "dist", "runs"} | {name for name in listed if name.endswith(".egg-info")}
    assert listed <= {"refsort", "proofs", "tests", "pyproject.toml", "README.md", "LICENSE"}
