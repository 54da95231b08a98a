"""The rooms of the partition and the order in which they may import each other."""

from __future__ import annotations

import pytest

from tests.builders.paths import ROOT
from tests.system.test_architecture import imported

BEFORE = ("hardware", "block", "compiled")
"""Files beside the rooms that every room may use."""
ROOMS = ("geometry", "core", "traffic", "place", "tiles", "board", "bounds")
"""Each room may import itself and those before it."""


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_itself_and_those_before_it(room):
    allowed = {*BEFORE, *ROOMS[: ROOMS.index(room) + 1]}
    files = sorted((ROOT / "partition" / room).glob("*.py"))
    assert len(files) > 1
    wrong = [
        (path.name, name)
        for path in files
        for name in imported(path)
        if name.split(".")[0] == "partition" and name.split(".")[1] not in allowed
    ]
    assert wrong == []


def test_every_folder_is_a_room():
    folders = {path.parent.name for path in (ROOT / "partition").glob("*/*.py")}
    assert folders == set(ROOMS)
