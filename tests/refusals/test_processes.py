"""Whole processes: nothing but the sentence on stderr, whatever the libraries print."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.builders.refusing import damaged_image


@pytest.mark.parametrize("command", ["convert-model", "deploy-model"])
def test_nothing_but_the_sentence(command, tiny, tiny_bundle, tmp_path):
    damaged_image(tmp_path / "data")
    model = [tiny / "model.keras", "-o", tmp_path / "b.bundle"] if command == "convert-model" else [tiny_bundle]
    program = Path(sys.executable).with_name(command)
    done = subprocess.run(
        [program, *model, "--data", tmp_path / "data"], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 2
    assert re.fullmatch(r"error: .*a\.png: cannot be read as an image .*; replace or remove the file\n", done.stderr)
    assert [line for line in done.stdout.splitlines() if not line.startswith("foreseen:")] == []
    assert not (tmp_path / "b.bundle").exists()


def test_debug_shows_the_traceback(tmp_path):
    program = shutil.which("partition-model", path=str(Path(sys.executable).parent))
    done = subprocess.run([program, tmp_path / "none", "--debug"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "is not a bundle" in done.stderr
