"""Fine-tuning gives the same weights on any number of processors."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import pytest


@pytest.mark.slow
def test_fine_tuning_does_not_depend_on_threads(tiny, tmp_path):
    found = set()
    for threads in ("1", "3"):
        bundle = tmp_path / f"{threads}.bundle"
        code = "from convert.cli import main; main()"
        arguments = [tiny / "model.keras", "--data", tiny / "data.npz", "-o", bundle, "--fine-tune", "1"]
        subprocess.run(
            [sys.executable, "-c", code, *map(str, arguments), "--timesteps", "16"],
            env=os.environ | {"TF_NUM_INTRAOP_THREADS": threads, "PYTHONHASHSEED": threads},
            check=True,
            capture_output=True,
        )
        found.add(
            tuple(hashlib.sha256((bundle / name).read_bytes()).hexdigest() for name in ("model.keras", "rates.svg"))
        )
    assert len(found) == 1
