"""Compiled functions are renewed when any file changes that is compiled into them."""

from __future__ import annotations

import ast

from partition import numba_jit as module
from partition.numba_jit import COMPILED_IN, compiled
from tests.builders.paths import ROOT

ROOM = ROOT / "partition"


def compiled_from_elsewhere(path):
    """The files of the partition from which the compiled functions of ``path`` use functions, constants or types."""
    tree = ast.parse(path.read_text())
    package = path.relative_to(ROOT).parts[:-1]
    origin = {}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            parts = package[: len(package) - node.level + 1] if node.level else ()
            for alias in node.names:
                origin[alias.name] = "/".join((*parts, *(node.module or "").split("."))) + ".py"
    for function in tree.body:
        if isinstance(function, ast.FunctionDef) and any("compiled" in ast.dump(d) for d in function.decorator_list):
            for node in ast.walk(function):
                if isinstance(node, ast.Name) and origin.get(node.id, "").startswith("partition/"):
                    yield node.id, origin[node.id].removeprefix("partition/")


def test_every_file_that_is_compiled_into_others_is_known():
    aliases = {"Ints", "Floats", "compiled"}  # annotations alone; the decorator
    files = [path for path in ROOM.rglob("*.py") if "@compiled(" in path.read_text()]
    used = {file for path in files for name, file in compiled_from_elsewhere(path) if name not in aliases}
    assert len(files) > 5
    assert {ROOM / file for file in used} == set(COMPILED_IN)


def test_a_change_of_a_shared_file_gives_a_compiled_function_another_name(monkeypatch):
    def twice(value: int) -> int:
        return 2 * value

    assert compiled()(twice)(4) == 8
    name = twice.__qualname__
    monkeypatch.setattr(module, "_checksum", lambda path: 0)

    def twice(value: int) -> int:
        return 2 * value

    compiled()(twice)
    assert twice.__qualname__ != name
    assert twice.__qualname__[:-8] == name[:-8]


def test_the_files_are_there():
    assert all(file.is_file() for file in COMPILED_IN)
